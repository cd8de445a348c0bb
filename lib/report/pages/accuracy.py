"""The page on accuracy: figures by slice, calibration, where errors lie, the worst of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from lib.evaluation.metrics.slices import AGE_WORDS, NONE
from lib.report.pages import site
from lib.report.plots import errors
from lib.report.wording.findings import TITLES
from lib.report.wording.numbers import format_money, format_share, format_signed_share

KINDS = {
    "price band": "By price paid",
    "value band": "By estimate",
    "proxy band": "By the mean of price and estimate",
    "property type": "By property type",
    "age": "By age",
    "month": "By month of the valuation",
    "ZIP": "By ZIP",
}
LONG = 15  # rows from which a table is folded
FIRST = 10  # worst errors that are shown unfolded


def order_slices(slices: pd.DataFrame, column: str = "slice") -> pd.DataFrame:
    """Slices in reading order: ages from new to old, others by name, what is not known last.

    Parameters
    ----------
    slices : DataFrame
        Slices, with their names in one column.
    column : str
        That column.

    Returns
    -------
    DataFrame
        The same rows in order.
    """
    place = {word: f"{i}" for i, word in enumerate(AGE_WORDS)}
    key = slices[column].map(lambda name: "~" if name == NONE else place.get(name, str(name)))
    return slices.assign(key=key).sort_values("key", kind="stable").drop(columns="key")


def _share_with_interval(
    value: float, low: float, high: float, signed: bool = False
) -> dict[str, str]:
    """A share and its interval as a cell: {value, span}."""
    texts = [
        format_share(one) if not signed else format_signed_share(one) for one in (value, low, high)
    ]
    return {"value": texts[0], "span": "" if "n/a" in texts else f"{texts[1]} to {texts[2]}"}


def _slice_tables(slices: pd.DataFrame) -> list[dict[str, Any]]:
    """A table for each kind of slice that has more than the slice of missing values.

    Parameters
    ----------
    slices : DataFrame
        The rows of slices.parquet of one variant.

    Returns
    -------
    list of dict
        title, rows, folded and finding of each table.
    """
    tables = []
    for kind, title in KINDS.items():
        part = order_slices(slices[slices["kind"] == kind])
        if not len(part) or (len(part) == 1 and part["slice"].iloc[0] == NONE):
            continue
        rows = [
            {
                "name": row["slice"],
                "sales": f"{row['sales']:,}",
                "thin": row["thin"],
                "mdape": _share_with_interval(row["mdape"], row["mdape_low"], row["mdape_high"]),
                "bias": _share_with_interval(
                    row["bias"], row["bias_low"], row["bias_high"], signed=True
                ),
                "ppe10": format_share(row["ppe10"]),
                "ppe20": format_share(row["ppe20"]),
                "hit_rate": format_share(row["hit_rate"]),
                "coverage": format_share(row.get("coverage_90")),
            }
            for row in part.to_dict("records")
        ]
        tables.append(
            {
                "title": title,
                "rows": rows,
                "folded": len(rows) > LONG,
                "finding": spread_finding(part),
            }
        )
    return tables


def spread_finding(part: pd.DataFrame) -> str:
    """Which slices of a kind differ most by their intervals.

    Parameters
    ----------
    part : DataFrame
        The slices of one kind of one variant.

    Returns
    -------
    str
        A sentence.
    """
    thick = part[~part["thin"]]
    if not len(thick):
        return "Every slice is thin: no figure here stands on its own."
    if len(thick) == 1:
        return "One slice has 30 sales or more, so nothing is to be compared."
    worst, best = thick.loc[thick["mdape"].idxmax()], thick.loc[thick["mdape"].idxmin()]
    text = (
        f"The median error runs from {format_share(best['mdape'])} ({best['slice']}) to "
        f"{format_share(worst['mdape'])} ({worst['slice']})"
    )
    apart = worst["mdape_low"] > best["mdape_high"]
    return text + (
        "; their intervals do not meet."
        if apart
        else "; their intervals meet, so chance may have made the difference."
    )


def calibration_finding(tenths: pd.DataFrame) -> str:
    """Where along the estimates prices differ from them by more than chance.

    Parameters
    ----------
    tenths : DataFrame
        What `calibration_by_decile` gives.

    Returns
    -------
    str
        A sentence.
    """
    thick = tenths[~tenths["thin"]]
    off = thick[(thick["low"] > 1) | (thick["high"] < 1)]
    if not len(thick):
        return "Every tenth is thin, so nothing can be said."
    if not len(off):
        return f"In none of {len(thick)} tenths does the interval leave out 100 %."
    far = off.loc[(off["price_to_estimate"] - 1).abs().idxmax()]
    return (
        f"In {len(off)} of {len(thick)} tenths the interval leaves out 100 %; farthest off is "
        f"tenth {far['decile']}, where the median price is "
        f"{format_share(far['price_to_estimate'])} of the estimate."
    )


def _estimate_finding(test: pd.DataFrame) -> str:
    """How the size of errors differs between low and high estimates.

    Parameters
    ----------
    test : DataFrame
        Test sales: close_price and pred_close_price (currency).

    Returns
    -------
    str
        A sentence or two.
    """
    size = (test["pred_close_price"] / test["close_price"] - 1).abs()
    beyond = int((size > errors.FARTHEST).sum())
    rank = test["pred_close_price"].rank(pct=True)
    low, high = size[rank <= 0.2].median(), size[rank > 0.8].median()
    drawn = f" {beyond} errors beyond 50 % are drawn at the edge." if beyond else ""
    return (
        f"Half of the errors are below {format_share(low)} in the lowest fifth of the estimates "
        f"and below {format_share(high)} in the highest.{drawn}"
    )


def map_finding(test: pd.DataFrame) -> str:
    """Whether neighbours err alike: the rank correlation of errors with those of the nearest sale.

    Parameters
    ----------
    test : DataFrame
        Test sales with coordinates: close_price and pred_close_price (currency), latitude,
        longitude (degrees).

    Returns
    -------
    str
        A sentence.
    """
    error = np.log(test["pred_close_price"] / test["close_price"]).to_numpy()
    if len(test) < 30:
        return "Too few sales to see a pattern."
    narrow = np.cos(np.radians(float(test["latitude"].mean())))
    points = np.column_stack([test["longitude"] * narrow, test["latitude"]])
    _, near = cKDTree(points).query(points, k=2)
    rank = pd.Series(error).rank()
    other = rank.to_numpy()[near[:, 1]]
    if not np.ptp(rank) or not np.ptp(other):
        return "Errors, or places, do not differ."
    alike = float(np.corrcoef(rank, other)[0, 1])
    verb = "hardly move together" if abs(alike) < 0.1 else "move together"
    return f"Errors of nearest neighbours {verb}: their rank correlation is {alike:.2f}."


def _worst_part(worst: pd.DataFrame) -> dict[str, Any]:
    """The worst errors as rows, and what they have in common.

    Parameters
    ----------
    worst : DataFrame
        The rows of worst.csv of one variant.

    Returns
    -------
    dict of str to Any
        `first` and `rest` (rows), `finding`.
    """
    rows = [
        {
            "rank": row["rank"],
            "listing_key": row["listing_key"],
            "place": "" if pd.isna(row["postal_code"]) else row["postal_code"],
            "as_of": "" if pd.isna(row["as_of"]) else str(row["as_of"])[:10],
            "price": format_money(row["close_price"]),
            "estimate": format_money(row["pred_close_price"]),
            "error": format_signed_share(row["error"]),
            "reasons": row["reasons"],
        }
        for row in worst.sort_values("rank").to_dict("records")
    ]
    odd = int(worst["reasons"].str.startswith("the price is odd").sum())
    nothing = int(worst["reasons"].str.startswith("nothing").sum())
    return {
        "first": rows[:FIRST],
        "rest": rows[FIRST:],
        "finding": f"Of the {len(rows)} largest errors, {odd} are on sales that the screen calls "
        f"no evidence of market value; {nothing} have no reason in the data.",
    }


def domain_context(
    domain: str,
    score: dict[str, Any],
    test: pd.DataFrame,
    slices: pd.DataFrame,
    tenths: pd.DataFrame,
    worst: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs of one domain; all tables hold the variant that values it alone.

    Parameters
    ----------
    domain : str
        The domain.
    score : dict of str to Any
        The variant's part of metrics/evaluate.json.
    test : DataFrame
        Its rows of predictions.parquet.
    slices : DataFrame
        Its rows of slices.parquet.
    tenths : DataFrame
        Its rows of calibration.csv.
    worst : DataFrame
        Its rows of worst.csv.

    Returns
    -------
    dict of str to Any
        Headline, tables, plots and worst errors.
    """
    test = test[test["pred_close_price"].notna()]
    pictures = [
        ("Calibration", errors.plot_calibration(tenths), calibration_finding(tenths)),
        (
            "Errors along the estimates",
            errors.plot_errors_by_estimate(test),
            _estimate_finding(test),
        ),
    ]
    mapped = test[test["latitude"].notna() & test["longitude"].notna()]
    if len(mapped):
        pictures.append(
            ("Where the errors lie", errors.plot_residual_map(mapped), map_finding(mapped))
        )
    answered, every = score["answered"]["mdape"], score["accuracy"]["mdape"]
    hit = score["accuracy"]["hit_rate"]["value"]
    stood_by = "Every valuation is stood by."
    if hit is not None and hit < 1:
        stood_by = (
            f"{format_share(hit)} of the valuations are stood by; half of those lie within "
            f"{format_share(answered['value'])} of the price."
        )
    span = _share_with_interval(every["value"], every["low"], every["high"])
    return {
        "domain": domain,
        "title": TITLES[domain],
        "headline": f"Half of the {score['sales']:,} valuations lie within {span['value']} of the "
        f"price paid (95 % interval {span['span'] or 'n/a'}). {stood_by}",
        "tables": _slice_tables(slices),
        "plots": [site.picture_context(*one) for one in pictures],
        "worst": _worst_part(worst),
    }


def accuracy_context(
    chosen: dict[str, str], evaluated: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> dict[str, Any]:
    """What the page's template needs.

    Parameters
    ----------
    chosen : dict of str to str
        Domain to the variant that values it.
    evaluated : dict of str to Any
        metrics/evaluate.json.
    tables : dict of str to DataFrame
        predictions, slices, calibration and worst, as `evaluate` wrote them.

    Returns
    -------
    dict of str to Any
        The context of accuracy.html.
    """
    parts = []
    for domain, variant in chosen.items():
        parts_of_variant = {
            name: table[table["variant"] == variant].reset_index(drop=True)
            for name, table in tables.items()
        }
        parts.append(
            domain_context(
                domain,
                evaluated["variants"][variant],
                parts_of_variant["predictions"],
                parts_of_variant["slices"],
                parts_of_variant["calibration"],
                parts_of_variant["worst"],
            )
            | {"variant": variant}
        )
    return {"domains": parts}
