"""The explanation of the homes of one domain: contributions, importance, effects, adjustments."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common import params
from lib.common.artifacts import Model
from lib.evaluation.explanation.contributions import (
    Centres,
    contributions_by_group,
    log_contributions,
)
from lib.evaluation.explanation.effects import (
    accumulated_local_effects,
    centre_effect,
    partial_dependence,
)
from lib.evaluation.feature_groups import BASELINE, LEVEL, group_of_input, underived_input
from lib.models.variants.photo.photo_pca import MISSING
from lib.models.variants.predict import log_estimates_before_level, market_level_shifts_since

# what a home is by itself and where it lies; inputs of other groups come from sales of other homes,
# and no one of them can be changed by itself
HOME_GROUPS = ("size", "age", "lot", "amenities", "location", "remarks", "photos")
SUM_TOLERANCE = 1e-6  # log price by which contributions may miss a prediction: rounding alone
PDP_HOMES = 100  # that a mean needs; each is valued once a point


def contributions_with_level(
    homes: pd.DataFrame, saved: Model, predictions: pd.DataFrame, centre: Centres
) -> tuple[float, pd.DataFrame]:
    """Contributions of homes, with the level correction as a column of its own.

    Parameters
    ----------
    homes : DataFrame
        Feature rows of n homes, comparables among them.
    saved : Model
        A fitted variant or a blend.
    predictions : DataFrame
        predictions.parquet of the same model.
    centre : dict of str to Any
        What `contribution_centres` gives of the model.

    Returns
    -------
    baseline : float
        Log price.
    table : DataFrame of shape (n, inputs and `level`)
        Contributions in log price.

    Raises
    ------
    AssertionError
        Where the contributions of a home do not add up to its prediction: nobody may be shown
        reasons of another value than the one that is signed.
    """
    base, table = log_contributions(homes, saved, centre)
    table = table.assign(**{LEVEL: market_level_shifts_since(homes, saved, predictions)})
    later = predictions[predictions["role"].isin(["test", "subject"])].set_index("listing_key")
    estimates = later["log_estimate"].reindex(table.index)
    off = (base + table.sum(axis=1) - estimates).abs()
    assert not (off > SUM_TOLERANCE).any(), (
        f"{saved.variant}: contributions of {off.idxmax()} miss its prediction by {off.max():.2g}"
    )
    return base, table


def merge_derived_inputs(table: pd.DataFrame) -> pd.DataFrame:
    """Contributions of an input and of what is computed from it alone, added up.

    Parameters
    ----------
    table : DataFrame of shape (n, inputs)
        Contributions in log price.

    Returns
    -------
    DataFrame of shape (n, base inputs)
        Sums in log price, by the base input.
    """
    return table.T.groupby([underived_input(str(name)) for name in table], sort=False).sum().T


def mean_importance(table: pd.DataFrame) -> pd.DataFrame:
    """The mean absolute contribution of each input and of each group.

    Parameters
    ----------
    table : DataFrame of shape (n, inputs)
        Contributions in log price.

    Returns
    -------
    DataFrame
        `kind` (input or group), `name`, `group`, `importance` (log price): of a group, and of an
        input with what is computed from it alone, that of the sums.
    """
    parts = []
    for kind, one in (
        ("input", merge_derived_inputs(table)),
        ("group", contributions_by_group(table)),
    ):
        size = one.abs().mean()
        group = [str(n) if kind == "group" else group_of_input(str(n)) for n in size.index]
        parts.append(
            pd.DataFrame(
                {"kind": kind, "name": size.index, "group": group, "importance": size.to_numpy()}
            )
        )
    return pd.concat(parts, ignore_index=True)


def most_important_inputs(table: pd.DataFrame, homes: pd.DataFrame, most: int) -> list[str]:
    """The numeric inputs of the home itself with the greatest importance.

    Whether a home has photos is not among them: without photos, all that they say would go too.

    Parameters
    ----------
    table : DataFrame of shape (n, inputs)
        Contributions in log price.
    homes : DataFrame
        Feature rows, which say what is numeric.
    most : int
        How many inputs to give at most.

    Returns
    -------
    list of str
        The inputs, the most important first.
    """
    size = merge_derived_inputs(table).abs().mean()
    names = [
        str(name)
        for name in size.sort_values(ascending=False, kind="stable").index
        if group_of_input(str(name)) in HOME_GROUPS
        and name != MISSING
        and name in homes
        and pd.api.types.is_numeric_dtype(homes[name])
        and homes[name].nunique() > 1
        and size[name] > 0
    ]
    return names[:most]


def input_effects(
    homes: pd.DataFrame,
    saved: Model,
    names: list[str],
    bins: int,
    draws: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Accumulated local effects and partial dependence of some inputs.

    Parameters
    ----------
    homes : DataFrame
        Feature rows.
    saved : Model
        The fitted variant or blend that values homes.
    names : list of str
        Numeric inputs.
    bins : int
        How many bins to make at most.
    draws : int
        Resamples of the homes for the band.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    DataFrame
        `input`, `at` (a bin edge), `ale`, `low`, `high` and `pdp` (log price, each of mean zero),
        and `homes`, how many have a value between the ends.
    """

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return log_estimates_before_level(rows, saved)

    sample = homes.sample(min(PDP_HOMES, len(homes)), random_state=int(rng.integers(2**31)))
    parts = []
    for name in names:
        curve = accumulated_local_effects(predict, homes, name, bins, draws, rng)
        if curve is None:
            continue
        at = curve.edges
        dependence = partial_dependence(predict, sample, name, at)
        values = homes.loc[homes[name].between(at[0], at[-1]), name].to_numpy(float)
        parts.append(
            pd.DataFrame(
                {
                    "input": name,
                    "at": at,
                    "ale": curve.effect,
                    "low": curve.low,
                    "high": curve.high,
                    "pdp": centre_effect(dependence, at, values),
                    "homes": curve.homes,
                }
            )
        )
    columns = ["input", "at", "ale", "low", "high", "pdp", "homes"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def comparable_adjustments(
    near: pd.DataFrame, subjects: pd.DataFrame, sales: pd.DataFrame
) -> pd.DataFrame:
    """By how much each group's contribution to the home exceeds that to the comparable.

    Parameters
    ----------
    near : DataFrame
        Pairs: listing_key, rank, comparable.
    subjects, sales : DataFrame of shape (n, groups)
        Contributions in log price, by listing_key.

    Returns
    -------
    DataFrame
        One row a pair and group: listing_key, rank, comparable, group, log_adjustment. exp of a
        pair's sum is the ratio of the two homes' estimates.
    """
    keys = near[["listing_key", "rank", "comparable"]].reset_index(drop=True)
    subject, sale = subjects.loc[keys["listing_key"]], sales.loc[keys["comparable"]]
    gap = subject.reset_index(drop=True) - sale.reset_index(drop=True)
    groups = [name for name in gap if name != BASELINE]
    parts = [keys.assign(group=name, log_adjustment=gap[name]) for name in groups]
    return pd.concat(parts, ignore_index=True)


class ExplainParams(params.Section):
    """The `explain` section of params.yaml."""

    worst: int = Field(ge=0)
    homes: int = Field(ge=1)
    inputs: int = Field(ge=0)
    bins: int = Field(ge=2)
    draws: int = Field(ge=1)
