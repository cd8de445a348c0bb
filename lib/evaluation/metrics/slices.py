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
    """Each price's band as "1 low" .. "5 high": equal counts, by rank; NONE where it is missing."""
    known = price.dropna()
    number = (known.rank(method="first") - 1) * parts // max(len(known), 1) + 1
    words = {1.0: "1 low", float(parts): f"{parts} high"}
    told = number.map(lambda n: words.get(n, f"{n:.0f}")).astype("object")
    return told.reindex(price.index, fill_value=NONE)


def age_bands(years: pd.Series) -> pd.Series:
    """Each age (years) as a band; homes that are not finished yet are new ones."""
    return pd.cut(years, AGES, labels=AGE_WORDS).astype("object").where(years.notna(), NONE)


def slice_columns(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Kind -> the slice of each row, for what the table has of close_price and pred_close_price
    (both needed), postal_code, property_sub_type, own_age (years) and as_of (date).

    Three bands: by price paid, where chance alone makes estimates look too high at the low end and
    too low at the high end; by estimate, where it does the reverse; and by the IAAO's proxy, the
    mean of price and level estimate, where it does neither.
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


def score_slice(
    predictions: pd.DataFrame,
    column: pd.Series,
    coverages: list[str],
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """One row a value of `column`: slice, sales, thin, every accuracy metric, each coverage, and
    with `draws` the 95 % interval of MdAPE and bias (`mdape_low` and so on).

    `predictions` needs close_price, pred_close_price and pred_low_/pred_high_ per coverage;
    property_key, where it has one, says which sales are of one home.
    """
    rows = []
    for value, part in predictions.groupby(column.to_numpy(object)):
        price = part["close_price"].to_numpy()
        estimate = part["pred_close_price"].to_numpy()
        given = part["pred_abstention"].isna().to_numpy() if "pred_abstention" in part else None
        row = {"slice": str(value), "sales": len(part), "thin": len(part) < THIN}
        family = accuracy_family(estimate, price, given)
        row |= family.value(len(part))
        if rng is not None:
            home = part["property_key"] if "property_key" in part else pd.Series(range(len(part)))
            found = bootstrap_intervals({"accuracy": family}, home_clusters(home), draws, rng)[
                "accuracy"
            ]
            row |= {
                f"{name}_{side}": found[name][side]
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
    """`by` for each kind of `columns`, its name in the column `kind`."""
    parts = [
        score_slice(table, column, coverages, draws, np.random.default_rng(seed)).assign(kind=kind)
        for kind, column in slice_columns(table).items()
    ]
    return pd.concat(parts, ignore_index=True)
