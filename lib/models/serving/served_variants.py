"""The variants that value homes: their files in the workspace, and valuations by them.

What `predict` does with listings on the market and `scripts.ops.value` with a file of properties.
Unlike other modules of lib/models this one reads files of the workspace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, Field, ValidationError

from lib.common import artifacts, io
from lib.common.artifacts import Model, Skipped
from lib.common.errors import require
from lib.common.params import Section
from lib.models.calibration.abstention import AbstentionSettings
from lib.models.calibration.conformal import AdaptiveSettings
from lib.models.serving import similar_sales
from lib.models.serving.valuations import make_valuations
from lib.models.variants.predict import add_photo_inputs
from lib.models.variants.training.estimators.boosting import require_trees

FEATURES = Path("data/features")
VECTORS = Path("data/embed/vectors.parquet")
CALIBRATED = Path("data/calibrate")


class PredictParams(Section):
    """The `predict` section of params.yaml."""

    variants: dict[str, str]
    comparables: int = Field(ge=0)
    leaf_weight: float = Field(ge=0, le=1)


class IntervalGroups(Section):
    """What `make_mondrian_groups` of `lib.models.calibration.prediction_intervals` gives."""

    by: str
    edges: list[float] | list[str]


class SavedIntervals(Section):
    """What `fit_intervals` of `lib.models.calibration.prediction_intervals` gives for serving."""

    method: str
    columns: list[str]
    coverages: dict[str, float]
    models: dict[str, dict[str, Any] | Annotated[str, AfterValidator(require_trees)]]
    floor: float
    adaptive: AdaptiveSettings
    abstention: AbstentionSettings
    reach: dict[str, tuple[float, float]]
    counted: bool
    groups: IntervalGroups
    half_life: float | None


def read_intervals(path: Path) -> dict[str, Any]:
    """What `calibrate` wrote of a variant's intervals; raises `RemlError` naming file and key where
    this version cannot read it."""
    state = io.read_json(path)
    try:
        SavedIntervals.model_validate(state)
    except ValidationError as error:
        raise artifacts.validation_refusal(str(path), error) from error
    return state


def read_served_model(domain: str, settings: PredictParams) -> Model | Skipped:
    """What `train` saved of the variant that values a domain, or why it was skipped."""
    variant = settings.variants[domain]
    fitted = artifacts.model_folders()
    require(
        variant in fitted,
        f"params.yaml, predict.variants.{domain}: no trained variant "
        f"{variant!r} (trained: {', '.join(fitted)})",
    )
    return artifacts.read_model(fitted[variant])


def read_model_features(saved: Model) -> pd.DataFrame:
    """Every feature row of the domain that a saved model values, as the model sees it.

    Parameters
    ----------
    saved : Model
        A fitted variant or a blend.

    Returns
    -------
    DataFrame
        The feature table, with photos where the model looks at them.
    """
    features = io.read_parquet(FEATURES / f"{saved.domain}.parquet")
    return add_photo_inputs(features, saved, VECTORS)


def require_no_future(as_of: str, saved: Model, where: str) -> None:
    """Raise `RemlError` where homes are to be valued as of a day (ISO date) before the model
    stopped learning; `where` is what set the day."""
    require(
        as_of >= saved.trained_before,
        f"{where} {as_of}: the model has learnt from sales up to {saved.trained_before}, "
        "so a valuation on an earlier day would know its future; choose a later day, or set "
        "split.boundary in params.yaml to an earlier one",
    )


def value_homes(
    features: pd.DataFrame,
    homes: pd.DataFrame,
    near: pd.DataFrame,
    past: pd.DataFrame,
    saved: Model,
    settings: PredictParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Value homes by a saved model, with the comparables shown beside them.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows of the homes.
    homes : DataFrame
        Their normalised rows, for facts that people read.
    near : DataFrame
        As-of candidates that `features` found among the sales of `past`.
    past : DataFrame
        What `read_model_features` gives.
    saved : Model
        The model.
    settings : PredictParams
        How many comparables are shown, and how they are ranked.

    Returns
    -------
    valued : DataFrame of n rows
        What `make_valuations` gives (currency).
    near : DataFrame
        What `rank_similar_sales` gives, and the domain.
    """
    predictions = io.read_parquet(artifacts.model_folders()[saved.variant] / "predictions.parquet")
    calibrated = CALIBRATED / saved.variant
    calibration = (
        read_intervals(calibrated / "model.json"),
        io.read_parquet(calibrated / "scores.parquet"),
    )
    count, weight = settings.comparables, settings.leaf_weight
    near = similar_sales.rank_similar_sales(features, near, past, saved, predictions, weight, count)
    shown = near.round({"adjusted_close_price": 2, "similarity": 4})
    valued = make_valuations(features, homes, shown, saved, predictions, calibration, count)
    return valued, near.assign(domain=saved.domain)
