"""Slices of the test: price band, value band, ZIP, property type, age, month; accuracy by slice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.evaluation.metrics.accuracy import accuracy_family, coverage_metrics
from lib.evaluation.metrics.bootstrap import bootstrap_intervals, home_clusters
from lib.evaluation.metrics.ratio_study import value_proxy

THIN = 30  # slices of fewer sales are marked: their figures move with a single sale
AGES = [-np.inf, 0, 4, 14, 29, 59, np.inf]  # years, each the last of its band
AGE_WORDS = ["new", "1-4 years", "5-14 years", "15-29 years", "30-59 years", "60 years or more"]
NONE = "none"


def quantile_bands(price: pd.Series, parts: int = 5) -> pd.Series:
    """The band of each value by rank, bands of equal size; equal values stand in one band.

    Parameters
    ----------
    price : Series of shape (n,)
        Values to cut into bands, such as prices in currency.
    parts : int
        How many bands to make.

    Returns
    -------
    Series of str of shape (n,)
        "1 low" to "5 high" (or as many as there are parts); NONE where the value is missing.

    Examples
    --------
    >>> quantile_bands(pd.Series([30.0, 10.0, None, 20.0]), 3).tolist()
    ['3 high', '1 low', 'none', '2']
    """
    present = price.dropna()
    # the middle rank of equal values: where the rows stand says nothing
    number = (present.rank(method="average") - 1) * parts // max(len(present), 1) + 1
    words = {1.0: "1 low", float(parts): f"{parts} high"}
    names = number.map(lambda n: words.get(n, f"{n:.0f}")).astype("object")
    return names.reindex(price.index, fill_value=NONE)


def age_bands(years: pd.Series) -> pd.Series:
    """The band of each age, by the words of AGE_WORDS.

    Parameters
    ----------
    years : Series of shape (n,)
        Ages in years; below zero for homes that are not finished yet, which count as new.

    Returns
    -------
    Series of str of shape (n,)
        Band of each home; NONE where the age is missing.
    """
    return pd.cut(years, AGES, labels=AGE_WORDS).astype("object").where(years.notna(), NONE)


def slice_labels(table: pd.DataFrame) -> dict[str, pd.Series]:
    """The slice of each row, by kind of slice.

    Parameters
    ----------
    table : DataFrame
        Sales with close_price and pred_close_price (currency); optional are postal_code,
        property_sub_type, own_age (years) and as_of (datetime64).

    Returns
    -------
    dict of str to Series of str
        Kind to the slice of each row, for the kinds whose column the table has; NONE where the
        value is missing.

    Notes
    -----
    There are three kinds of price bands. In bands by the price paid, chance alone makes estimates
    look too high at the low end and too low at the high end; in bands by the estimate it does the
    reverse; in bands by the IAAO's proxy, the mean of price and levelled estimate, it does neither.
    """
    price, estimate = table["close_price"], table["pred_close_price"]
    middle = value_proxy(estimate.to_numpy(float), price.to_numpy(float))
    out = {
        "price band": quantile_bands(price),
        "value band": quantile_bands(estimate),
        "proxy band": quantile_bands(pd.Series(middle, index=table.index)),
    }
    for kind, name in (("ZIP", "postal_code"), ("property type", "property_sub_type")):
        if name in table:
            out[kind] = table[name].astype("object").where(table[name].notna(), NONE)
    if "own_age" in table:
        out["age"] = age_bands(table["own_age"])
    if "as_of" in table:
        out["month"] = table["as_of"].dt.strftime("%Y-%m").fillna(NONE)
    return {kind: column.astype("str") for kind, column in out.items()}


def score_by_column(
    predictions: pd.DataFrame,
    column: pd.Series,
    coverages: list[str],
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Accuracy and coverage of each value of a column.

    Parameters
    ----------
    predictions : DataFrame
        Sales with close_price, pred_close_price and, for each of `coverages`, pred_low_ and
        pred_high_ (currency); optional are property_key (the home) and pred_abstention.
    column : Series of shape (n,)
        The slice of each sale.
    coverages : list of str
        Coverages in percent, such as "90".
    draws : int
        Bootstrap draws of the intervals.
    rng : numpy.random.Generator, optional
        Source of the draws; without it, no intervals are computed.

    Returns
    -------
    DataFrame
        One row a slice: slice, sales, thin (under THIN sales), every metric of DIRECTIONS, with
        `rng` mdape_low, mdape_high, bias_low and bias_high (95 %), and coverage_ for each coverage.
    """
    rows = []
    for value, part in predictions.groupby(column.to_numpy(object)):
        price = part["close_price"].to_numpy()
        estimate = part["pred_close_price"].to_numpy()
        answered = part["pred_abstention"].isna().to_numpy() if "pred_abstention" in part else None
        row = {"slice": str(value), "sales": len(part), "thin": len(part) < THIN}
        family = accuracy_family(estimate, price, answered)
        row |= family.point_values(len(part))
        if rng is not None:
            home = part["property_key"] if "property_key" in part else pd.Series(range(len(part)))
            intervals = bootstrap_intervals({"accuracy": family}, home_clusters(home), draws, rng)[
                "accuracy"
            ]
            row |= {
                f"{name}_{side}": intervals[name][side]
                for name in ("mdape", "bias")
                for side in ("low", "high")
            }
        for name in coverages:
            low, high = (part[f"pred_{side}_{name}"].to_numpy() for side in ("low", "high"))
            level = int(name) / 100
            row[f"coverage_{name}"] = coverage_metrics(price, low, high, estimate, level)[
                "coverage"
            ]
        rows.append(row)
    return pd.DataFrame(rows)


def score_slices(table: pd.DataFrame, coverages: list[str], draws: int, seed: int) -> pd.DataFrame:
    """Accuracy and coverage of each slice of each kind.

    Parameters
    ----------
    table : DataFrame
        Sales with the columns that `score_by_column` and `slice_labels` name.
    coverages : list of str
        Coverages in percent, such as "90".
    draws : int
        Bootstrap draws of the intervals.
    seed : int
        Seed of each kind's draws.

    Returns
    -------
    DataFrame
        The rows of `score_by_column` for every kind, its name in the column `kind`.
    """
    parts = [
        score_by_column(table, column, coverages, draws, np.random.default_rng(seed)).assign(
            kind=kind
        )
        for kind, column in slice_labels(table).items()
    ]
    return pd.concat(parts, ignore_index=True)
