"""Fitting one variant of params.yaml and writing its folder: what `train` and `fuse` share.

A variant's folder holds model.json and predictions.parquet; its learning curve goes to
plots/<stage>/<variant>, in the form that DVCLive gives it. Unlike other modules of lib/models this
one reads and writes the files of the workspace.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pandas as pd
from dvclive import Live
from pydantic import field_validator

from lib.common import cli, io, params
from lib.common.artifacts import FittedVariant, LevelSettings, Skipped, View, write_model
from lib.common.errors import require
from lib.common.params import Section
from lib.models.variants.training.estimators.boosting import BoostedTreesParams, RandomForestParams
from lib.models.variants.training.estimators.comparables_regressor import ComparablesRegressorParams
from lib.models.variants.training.estimators.linear import HedonicRidgeParams
from lib.models.variants.training.estimators.registry import TABULAR
from lib.models.variants.training.learning_curves import KINDS, LearningCurves
from lib.models.variants.training.out_of_fold import fit_and_predict
from lib.models.variants.training.training_table import dateless_inputs, join_training_table

FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")

Entry = TypeVar("Entry")


class Variant(Section):
    """One entry of `train.variants`; a stage with models of its own overrides `models`."""

    models: ClassVar[dict[str, tuple[Any, type[Section]]]] = TABULAR

    domain: Literal["sale", "rental"]
    model: str
    level: bool
    view: View = "blind"

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in cls.models:
            raise ValueError(f"unknown model {name!r} (known: {', '.join(cls.models)})")
        return name


@dataclass(frozen=True)
class VariantJob:
    """What a variant is fitted by: where it goes, its entry of params.yaml, its model's section,
    the stage's `level` section, and the seed."""

    folder: Path
    variant: Variant
    section: Section
    level: LevelSettings
    seed: int


def find_variant(name: str, variants: dict[str, Entry]) -> Entry:
    """The entry of params.yaml called `name`; raises `RemlError` where `variants` has none."""
    known = ", ".join(variants)
    require(name in variants, f"no variant {name!r} in params.yaml (known: {known})")
    return variants[name]


def read_split(domain: str) -> dict[str, Any]:
    """What `split` wrote of a domain: `boundary` and `fold_edges`, or why it was `skipped`."""
    return io.read_json(SPLIT / "split.json")[domain]


def read_training_table(domain: str, view: View) -> tuple[pd.DataFrame, list[str]]:
    """What `training_table.join_training_table` makes of a domain's files.

    Parameters
    ----------
    domain : str
        sale or rental.
    view : View
        Whether the list price is an input.

    Returns
    -------
    table : DataFrame
        Features, roles and verdicts of each listing.
    inputs : list of str
        The model's inputs.
    """
    features, roles, screened = (
        io.read_parquet(root / f"{domain}.parquet") for root in (FEATURES, SPLIT, SCREENED)
    )
    return join_training_table(features, roles, screened, view)


def _plots_folder(folder: Path) -> Path:
    """Where the curves of the variant in `folder` go: data/train/x -> plots/train/x."""
    return Path("plots", *folder.parts[-2:])


def skip_variant(folder: Path, reason: str) -> None:
    """Write why a variant is not fitted in place of a model."""
    write_model(folder, Skipped(variant=folder.name, skipped=reason))
    io.write_parquet(folder / "predictions.parquet", pd.DataFrame({"listing_key": []}), [])
    io.write_json(_plots_folder(folder) / "metrics.json", {"skipped": reason})
    cli.log.warning(f"{folder.parent.name}.skipped", variant=folder.name, reason=reason)


def write_learning_curves(curves: pd.DataFrame, folder: Path) -> None:
    """Log a learning curve with DVCLive: a table a kind, and the last point, of six digits as in
    metrics.

    There is no clock, no report and no experiment in what is written.

    Parameters
    ----------
    curves : DataFrame
        What `LearningCurves.table` gives.
    folder : Path
        What it held is removed first.

    Returns
    -------
    None
        Files are written.
    """
    shutil.rmtree(folder, ignore_errors=True)  # DVCLIVE_RESUME would add to what is there
    os.environ["DVC_STUDIO_OFFLINE"] = "true"  # else it would send them to whom a token belongs
    with Live(str(folder), report=None, save_dvc_exp=False, dvcyaml=None) as live:
        for row in curves.to_dict("records"):
            live.step = int(row["step"])
            for kind in KINDS:
                if pd.notna(row[kind]):
                    live.log_metric(f"mape/{kind}", float(f"{row[kind]:.6g}"))


def fit_variant(
    job: VariantJob, table: pd.DataFrame, inputs: list[str], extra: dict[str, Any]
) -> None:
    """Fit a variant, predict, and write its folder and its curves.

    Parameters
    ----------
    job : VariantJob
        What it is fitted by.
    table : DataFrame
        What `read_training_table` gives, with the columns of `inputs`.
    inputs : list of str
        Columns that the model may see.
    extra : dict of str to Any
        Fields that model.json gets besides (`encoder`, `vectors_sha256`).

    Returns
    -------
    None
        Files are written.
    """
    folder, chosen, section = job.folder, job.variant, job.section
    cut = read_split(chosen.domain)
    estimator, grouped = chosen.models[chosen.model][0], "grouped" in cut
    inputs = dateless_inputs(inputs) if grouped else inputs
    correction = job.level if chosen.level and not grouped else None
    curves = LearningCurves(inputs)
    model, predicted = fit_and_predict(
        table,
        inputs,
        [pd.Timestamp(edge) for edge in cut["fold_edges"]],
        lambda: estimator(section, job.seed),
        correction,
        curves,
    )
    learnt = int(((table["role"] == "train") & table["usable"]).sum())
    io.write_parquet(folder / "predictions.parquet", predicted, ["listing_key"])
    write_model(
        folder,
        FittedVariant(
            variant=folder.name,
            domain=chosen.domain,
            model=chosen.model,
            view=chosen.view,
            seed=job.seed,
            params=section.model_dump(),
            level=correction,
            inputs=inputs,
            features=io.parquet_metadata(FEATURES / f"{chosen.domain}.parquet", "reml_"),
            **extra,
            trained_before=cut["boundary"],
            trained_on=learnt,
            importances=model.feature_importances(),
            state=model.to_json(),
        ),
    )
    write_learning_curves(curves.table(), _plots_folder(folder))
    cli.log.info(
        f"{folder.parent.name}.complete",
        variant=folder.name,
        trained_on=learnt,
        inputs=len(inputs),
        out=str(folder),
    )


class TrainParams(params.Section):
    """The `train` section of params.yaml. `feature_sets` and `boosting` are what models there refer
    to by YAML aliases; no code reads them."""

    variants: dict[str, Variant]
    feature_sets: dict[str, list[str]]
    boosting: dict[str, Any]
    linear: HedonicRidgeParams
    lightgbm: BoostedTreesParams
    kriged: BoostedTreesParams
    random_forest: RandomForestParams
    comparables: ComparablesRegressorParams
    district: BoostedTreesParams
    level: LevelSettings
