"""From out-of-fold errors to each home's interval, FSD and confidence: what `calibrate` fits, and
the one path by which test sales, open listings and files of properties get theirs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from lib.common.params import Section
from lib.models.calibration import error_models
from lib.models.calibration.abstention import (
    COUNT,
    AbstentionSettings,
    abstention_reasons,
    training_ranges,
)
from lib.models.calibration.conformal import (
    CENTRAL,
    AdaptiveSettings,
    adaptive_bounds,
    choose_half_life,
    split_bounds,
)

ESTIMATE = "log_estimate"  # stands beside the inputs: dear homes err otherwise than cheap ones
FSD = "fsd"  # the name that the central interval goes by
AREA = "postal_code"
SCORE_COLUMNS = ["listing_key", "past", "as_of", "close_date", "error"]


class GroupSettings(Section):
    """What homes must have in common for their scores to count for each other."""

    by: Literal["none", "value", "area", "difficulty"]
    count: int = Field(ge=1)
    minimum: float = Field(gt=0)


class IntervalSpec(Section):
    """How intervals are made."""

    method: Literal["split", "normalized", "cqr"]
    groups: GroupSettings
    adaptive: AdaptiveSettings
    difficulty: error_models.DifficultySettings
    quantiles: error_models.QuantileSettings
    abstention: AbstentionSettings


def _coverage_names(coverages: list[float]) -> dict[str, float]:
    """Each coverage by the name that it has in columns.

    Parameters
    ----------
    coverages : list of float
        Shares.

    Returns
    -------
    dict of str to float
        The coverage by its percentage.

    Examples
    --------
    >>> _coverage_names([0.8, 0.9])
    {'80': 0.8, '90': 0.9}
    """
    return {f"{round(coverage * 100)}": coverage for coverage in coverages}


def _fit_error_models(
    inputs: np.ndarray, error: np.ndarray, wanted: dict[str, float], spec: IntervalSpec, seed: int
) -> dict[str, Any]:
    """Fit the models of error that `spec.method` needs.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    error : ndarray of shape (n,)
        Log errors on sales that the model had not seen.
    wanted : dict of str to float
        Coverages by name.
    spec : IntervalSpec
        How intervals are made.
    seed : int
        Of the quantile trees.

    Returns
    -------
    dict of str to Any
        A model by name: `scale`, or `low_90`, `high_90` and so on.
    """
    if spec.method == "normalized":
        return {"scale": error_models.fit_difficulty(inputs, error, spec.difficulty)}
    tails = [("low", -0.5), ("high", 0.5)]
    return {
        f"{side}_{name}": error_models.fit_error_quantile(
            inputs, error, 0.5 + way * share, spec.quantiles, seed
        )
        for name, share in wanted.items()
        for side, way in tails
    }


def _predict_error_models(inputs: np.ndarray, models: dict[str, Any]) -> pd.DataFrame:
    """What each model of error predicts of each row.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    models : dict of str to Any
        What `_fit_error_models` gives.

    Returns
    -------
    DataFrame of shape (n, models)
        In log price, rows numbered from 0.
    """
    return pd.DataFrame(
        {
            name: (
                error_models.predict_difficulty
                if name == "scale"
                else error_models.predict_error_quantile
            )(inputs, model)
            for name, model in models.items()
        },
        index=range(len(inputs)),
    )


def interval_basis(table: pd.DataFrame, state: dict[str, Any]) -> pd.DataFrame:
    """What an interval of each row rests on: its difficulty, its group, and where its scores begin.

    Parameters
    ----------
    table : DataFrame of n rows
        Rows of the feature table with log_estimate.
    state : dict of str to Any
        What `fit_intervals` gives for serving.

    Returns
    -------
    DataFrame of n rows
        scale, group, and low_ and high_ of each coverage (log price), rows numbered from 0.
    """
    told = _predict_error_models(
        error_models.columns_as_numbers(table, state["columns"]), state["models"]
    )
    return _assign_scores(table.reset_index(drop=True), told, state)


def _assign_scores(
    table: pd.DataFrame, predicted: pd.DataFrame, state: dict[str, Any]
) -> pd.DataFrame:
    """As `interval_basis`, from predictions of the error models that were made before.

    Parameters
    ----------
    table : DataFrame of n rows
        Rows of the feature table with log_estimate, and postal_code where groups are areas.
    predicted : DataFrame of n rows
        What `_predict_error_models` gives of them.
    state : dict of str to Any
        coverages, floor and groups of `fit_intervals`.

    Returns
    -------
    DataFrame of n rows
        scale, group, and low_ and high_ of each coverage (log price).
    """
    out = pd.DataFrame({"scale": 1.0, "group": 0}, index=table.index)
    if "scale" in predicted:
        out["scale"] = np.maximum(predicted["scale"], state["floor"])
    for name in state["coverages"]:
        for side in ("low", "high"):
            out[f"{side}_{name}"] = predicted.get(f"{side}_{name}", 0.0)
    by, edges = state["groups"]["by"], state["groups"]["edges"]
    if by == "area":
        codes = {code: i for i, code in enumerate(edges, start=1)}
        out["group"] = table[AREA].map(codes).fillna(0).astype("int64")
    elif edges:
        value = table[ESTIMATE] if by == "value" else out["scale"]
        out["group"] = np.searchsorted(edges, value.to_numpy(float))
    return out


def make_mondrian_groups(
    past: pd.DataFrame, scale: pd.Series, weight: float, spec: GroupSettings
) -> dict[str, Any]:
    """The groups of homes whose scores count for each other (Mondrian).

    Parameters
    ----------
    past : DataFrame of n rows
        The scored sales, with log_estimate and postal_code where areas are wanted.
    scale : Series of shape (n,)
        Their difficulty.
    weight : float
        What all scores together weigh; each group is to have `spec.minimum` of it.
    spec : GroupSettings
        What homes have in common.

    Returns
    -------
    dict of str to Any
        `by`, and `edges`: inner edges of the groups, or the areas that have one of their own.
    """
    if spec.by == "area" and AREA in past:
        counts = past[AREA].value_counts()
        own = counts.index[counts * weight / max(len(past), 1) >= spec.minimum]
        return {"by": spec.by, "edges": sorted(own)}
    most = int(np.clip(weight // spec.minimum, 1, spec.count))
    value = {"value": past[ESTIMATE], "difficulty": scale}.get(spec.by)
    if value is None or most == 1:
        return {"by": spec.by, "edges": []}
    return {"by": spec.by, "edges": np.quantile(value, np.arange(1, most) / most).tolist()}


def fit_intervals(
    table: pd.DataFrame,
    inputs: list[str],
    learnt: pd.DataFrame,
    coverages: list[float],
    spec: IntervalSpec,
    seed: int,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Fit the intervals of one variant on its out-of-fold errors of the past.

    Parameters
    ----------
    table : DataFrame of n rows
        Its predictions beside the feature table's columns: listing_key, role, as_of, close_date,
        close_price, log_estimate and `inputs`. Rows of role train are the past; later ones are
        known to whoever comes after they closed.
    inputs : list of str
        The columns that the variant sees.
    learnt : DataFrame
        Feature rows of all sales of the past.
    coverages : list of float
        Shares.
    spec : IntervalSpec
        How intervals are made.
    seed : int
        Of the error models.

    Returns
    -------
    state : dict of str to Any
        What serving needs, in the types of JSON.
    scored : DataFrame of n rows
        The columns of SCORE_COLUMNS, and those of `_assign_scores`.

    Raises
    ------
    RemlError
        Where the past is too short for a coverage.
    """
    table = table.reset_index(drop=True)
    error = np.log(table["close_price"]) - table[ESTIMATE]
    past = (table["role"] == "train").to_numpy(bool)
    for coverage in coverages:
        split_bounds(error[past].to_numpy(), coverage)  # refuses a past that is too short
    learn = past.sum() >= spec.difficulty.minimum_errors
    wanted = _coverage_names([*coverages]) | {FSD: CENTRAL}
    columns = [n for n in inputs if n in table and table[n].dtype.kind in "ifub"]
    state: dict[str, Any] = {
        "method": spec.method if learn else "split",
        "columns": [*columns, ESTIMATE],
        "coverages": wanted,
        "models": {},
        "floor": 0.0,
        "adaptive": spec.adaptive.model_dump(),
        "abstention": spec.abstention.model_dump(),
        "reach": training_ranges(learnt, spec.abstention),
        "counted": COUNT in inputs,
        "groups": {"by": "none", "edges": []},
    }
    newest = table.loc[past, "close_date"].max()
    state["half_life"] = choose_half_life(table.loc[past, "close_date"], newest, spec.adaptive)
    values = error_models.columns_as_numbers(table, state["columns"])
    told = pd.DataFrame(index=table.index)
    if state["method"] != "split":
        order = table[past].sort_values(["as_of", "listing_key"], kind="stable").index.to_numpy()
        state["models"] = _fit_error_models(
            values[order], error[order].to_numpy(), wanted, spec, seed
        )
        told = _predict_error_models(values, state["models"])
        part = error_models.assign_cross_fit_parts(len(order), spec.difficulty.parts)
        for one in range(spec.difficulty.parts):  # a row's scale must not rest on its error
            rest, own = order[part != one], order[part == one]
            models = _fit_error_models(values[rest], error[rest].to_numpy(), wanted, spec, seed)
            told.loc[own] = _predict_error_models(values[own], models).to_numpy()
        if "scale" in told:
            state["floor"] = spec.difficulty.floor * float(told.loc[past, "scale"].median())
    weight = float(past.sum())
    if state["half_life"] is not None:
        age = (newest - table.loc[past, "close_date"]).dt.days
        weight = float((0.5 ** (age / state["half_life"])).sum())
    scale = (
        np.maximum(told["scale"], state["floor"]) if "scale" in told else pd.Series(1.0, told.index)
    )
    state["groups"] = make_mondrian_groups(table[past], scale[past], weight, spec.groups)
    rows = table[["listing_key", "as_of", "close_date"]].assign(past=past, error=error)
    return state, rows[SCORE_COLUMNS].join(_assign_scores(table, told, state))


def predict_intervals(
    homes: pd.DataFrame, scored: pd.DataFrame, state: dict[str, Any], newcomers: bool
) -> pd.DataFrame:
    """Estimate, interval, forecast standard deviation and reason to abstain of each home.

    Parameters
    ----------
    homes : DataFrame of n rows
        Rows of the feature table with log_estimate and as_of.
    scored : DataFrame
        The scored rows of `fit_intervals`.
    state : dict of str to Any
        Its state.
    newcomers : bool
        False if the homes are the rows of `scored` that are not past, in their order; True for any
        other homes.

    Returns
    -------
    DataFrame of n rows
        pred_close_price (currency), pred_fsd (share), pred_confidence (100 (1 - FSD)), pred_low_90,
        pred_high_90 and so on (currency), and pred_abstention (text, missing where there is no
        reason).
    """
    rows, mine = scored, ~scored["past"].to_numpy(bool)
    if newcomers:
        new = homes[["listing_key", "as_of"]].reset_index(drop=True)
        new = new.assign(past=False, close_date=pd.Series(pd.NaT, new.index), error=np.nan)
        new = new.astype({"close_date": "datetime64[us]"}).join(interval_basis(homes, state))
        rows = pd.concat([scored, new], ignore_index=True)
        mine = np.arange(len(rows)) >= len(scored)
    estimate = np.exp(homes[ESTIMATE].to_numpy(float))
    adaptive = AdaptiveSettings(**state["adaptive"])
    out = {"pred_close_price": estimate}
    low, high = np.zeros(len(homes)), np.zeros(len(homes))  # an interval holds the estimate
    for name, coverage in sorted(state["coverages"].items(), key=lambda one: one[1]):
        own = rows.assign(low=rows[f"low_{name}"], high=rows[f"high_{name}"])
        moved = adaptive_bounds(own, coverage, adaptive, state["half_life"])[mine]
        if name == FSD:
            out["pred_fsd"] = np.abs(np.expm1(moved[:, 1]) - np.expm1(moved[:, 0])) / 2
            out["pred_confidence"] = 100 * np.clip(1 - out["pred_fsd"], 0, 1)
            continue
        low, high = np.minimum(low, moved[:, 0]), np.maximum(high, moved[:, 1])  # and narrower ones
        out[f"pred_low_{name}"], out[f"pred_high_{name}"] = estimate * np.exp([low, high])
    spec = AbstentionSettings(**state["abstention"])
    why = abstention_reasons(
        homes, np.exp(high) - np.exp(low), state["reach"], state["counted"], spec
    )
    out["pred_abstention"] = pd.array(why, dtype="str")
    return pd.DataFrame(out, index=homes.index)


class CalibrateParams(IntervalSpec):
    """The `calibrate` section of params.yaml."""

    coverages: list[Annotated[float, Field(gt=0, lt=1)]]

    @field_validator("coverages")
    @classmethod
    def _ninety_is_there(cls, coverages: list[float]) -> list[float]:
        if 0.9 not in coverages:
            raise ValueError("0.9 must be among them: the summary and the report speak of it")
        for one in coverages:  # columns and figures are called by the percentage
            if abs(100 * one - round(100 * one)) > 1e-9 or coverages.count(one) > 1:
                raise ValueError(f"{one:g}: each a whole percentage, and once")
        return sorted(coverages)


def join_features(predicted: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """A variant's predictions with the feature table's other columns.

    Parameters
    ----------
    predicted : DataFrame of n rows
        Predictions, with listing_key.
    features : DataFrame
        The feature table, one row a listing_key.

    Returns
    -------
    DataFrame of n rows
        The columns of `predicted`, then the others of `features`.
    """
    facts = [name for name in features if name == "listing_key" or name not in predicted]
    return predicted.merge(features[facts], on="listing_key", validate="one_to_one")
