"""The worst errors of the test, each with what in the data may explain it."""

from __future__ import annotations

import numpy as np
import pandas as pd

FEW = 5  # comparables below which a valuation rests on very little
FAR = 0.99  # share of the homes learnt from beyond which a home is unlike them
LEVEL = 0.10  # log correction for the market from which it counts as a reason
# columns of a home, and the words for a value outside those of the homes learnt from
LIKENESS = {
    "living_area": "{:,.0f} sq ft",
    "lot_size_square_feet": "a lot of {:,.0f} sq ft",
    "bedrooms_total": "{:g} bedrooms",
    "bathrooms_total": "{:g} bathrooms",
    "own_age": "{:.0f} years old",
}
BASICS = ("living_area", "own_age", "latitude", "postal_code")
NAMES = {"own_age": "year built", "latitude": "coordinates", "postal_code": "ZIP"}
NEEDED = (
    *LIKENESS, "latitude", "comp_count", "comp_distance", "comp_spread", "comp_age_days",
)  # fmt: skip
NOTHING = "nothing in the data sets this home apart"
UNKNOWN = "the table holds no facts of the home"


def usual_ranges(past: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """The range that all but 1 % of the homes learnt from keep to at either end, column by column.

    Parameters
    ----------
    past : DataFrame
        The homes learnt from, with those columns of NEEDED that there are.

    Returns
    -------
    dict of str to tuple of float
        Column to (lower, upper) value.
    """
    return {
        name: (float(values.quantile(1 - FAR)), float(values.quantile(FAR)))
        for name in NEEDED
        if name in past and len(values := past[name].dropna().astype(float))
    }


def explain_error(
    row: dict[str, object], bounds: dict[str, tuple[float, float]], flags: str
) -> str:
    """What may explain one error, in words; `flags` is what `screen` says against the sale."""

    def number(name: str) -> float:
        value = row.get(name)
        return float(value) if isinstance(value, int | float) else np.nan

    parts = [f"the price is odd: {flags}"] if flags else []
    reason = row.get("pred_abstention")
    if isinstance(reason, str):
        parts.append(f"the valuation was not stood by: {reason}")
    count = number("comp_count")
    if count < FEW:
        parts.append(f"{count:.0f} comparables" if count else "no comparable at all")
    for name, words in (
        ("comp_distance", "its comparables are unlike it"),
        ("comp_spread", "its comparables disagree on the price"),
        ("comp_age_days", "its comparables sold long ago ({:.0f} days)"),
    ):
        if name in bounds and number(name) > bounds[name][1]:
            parts.append(words.format(number(name)))
    for name, words in LIKENESS.items():
        if name in bounds and not np.isnan(value := number(name)):
            if value > bounds[name][1]:
                parts.append(f"{words.format(value)}, more than 99 % of the homes it learnt from")
            elif value < bounds[name][0]:
                parts.append(f"{words.format(value)}, less than 99 % of the homes it learnt from")
    missing = [NAMES.get(name, name.replace("_", " ")) for name in BASICS if _is_missing(row, name)]
    if missing:
        parts.append(f"not known: {', '.join(missing)}")
    if abs(level := number("level")) > LEVEL:
        parts.append(f"the market's level moved it by {100 * np.expm1(level):+.0f} %")
    has_facts = any(name in row for name in (*NEEDED, *BASICS))
    return "; ".join(parts) or (NOTHING if has_facts else UNKNOWN)


def _is_missing(row: dict[str, object], name: str) -> bool:
    """Whether a row has a column and no value in it."""
    return name in row and bool(pd.isna(row[name]))


def flag_reasons_by_key(flags: pd.DataFrame, severity: str = "exclude") -> dict[str, str]:
    """What `screen` says against each sale.

    Parameters
    ----------
    flags : DataFrame
        listing_key, severity, reason.
    severity : str
        Which flags count.

    Returns
    -------
    dict of str to str
        Listing key to its reasons.
    """
    against = flags[flags["severity"] == severity]
    return {str(key): "; ".join(part) for key, part in against.groupby("listing_key")["reason"]}


def find_worst_errors(
    test: pd.DataFrame, past: pd.DataFrame, flag_reasons: dict[str, str], most: int
) -> pd.DataFrame:
    """The sales with the largest absolute relative errors, each with what may explain it.

    Parameters
    ----------
    test : DataFrame
        Test sales: close_price and pred_close_price (currency), and what of listing_key, as_of,
        postal_code and the columns of NEEDED there is.
    past : DataFrame
        The homes learnt from, with those columns of NEEDED that there are.
    flag_reasons : dict of str to str
        Listing key to what `screen` says flag_reasons the sale.
    most : int
        How many sales to give at most.

    Returns
    -------
    DataFrame
        rank, listing_key, as_of, postal_code, close_price, pred_close_price, error (fraction of the
        price), reasons.
    """
    estimated = test[test["pred_close_price"].notna()]
    if "comp_count" in test and not (test["comp_count"] > 0).any():
        estimated = estimated.drop(columns="comp_count")  # a feed without dates: none looks at any
    error = estimated["pred_close_price"] / estimated["close_price"] - 1
    order = np.argsort(-error.abs().to_numpy(), kind="stable")[:most]
    chosen = estimated.iloc[order].assign(error=error.iloc[order])
    bounds = usual_ranges(past)
    texts = [
        explain_error(row, bounds, flag_reasons.get(str(row.get("listing_key")), ""))
        for row in chosen.to_dict("records")
    ]
    names = ["listing_key", "as_of", "postal_code", "close_price", "pred_close_price", "error"]
    out = chosen[[name for name in names if name in chosen]].reset_index(drop=True)
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    return out.assign(reasons=texts)
