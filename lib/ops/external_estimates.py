"""A table of estimates and prices from anywhere, in the form that `score_sales` takes, and its
summary.

Nothing is lost silently: a cell that is no number stops the run and is named; a sale without a
positive price cannot be scored and is left out, with its row and reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.common.errors import RemlError, require
from lib.evaluation.metrics.ratio_study import STATISTICS
from lib.evaluation.scoring import score
from lib.listings.staging.csv_reader import read_header, read_rows
from lib.ops import estimate_checks

NAMES = {
    "pred_close_price": ("pred_close_price", "estimate"),
    "close_price": ("close_price", "sale_price"),
}
NUMBERS = ("latitude", "longitude", "year_built", "own_age")
TEXTS = ("listing_key", "property_key", "postal_code", "property_sub_type", "pred_abstention")
EMPTY = ["", "nan", "nat", "na", "null", "none"]  # words for an empty cell, in small letters
NO_PRICE = "no price"
BAD_PRICE = "price is zero or negative"
BAD_ESTIMATE = "estimate is zero or negative; counted as not given"


def read_estimates(path: Path) -> pd.DataFrame:
    """A table of estimates from a CSV of any encoding and delimiter, or a Parquet file.

    Parameters
    ----------
    path
        A `.parquet` file, or a CSV of any other name.

    Returns
    -------
    DataFrame
        Cells of a CSV as text; columns without a name are left out.

    Raises
    ------
    RemlError
        Where a Parquet file cannot be read, a column stands twice, or a row has a cell too many or
        too few.
    """
    if path.suffix.lower() == ".parquet":
        try:
            return pd.read_parquet(path)
        except pa.ArrowInvalid as error:
            raise RemlError(f"{path}: not a Parquet file; write it again") from error
    names = read_header(path).names
    twice = sorted({name for name in names if name.strip() and names.count(name) > 1})
    require(not twice, f"{path}: column {', '.join(twice)} stands twice; keep one")
    rows = []
    for number, fields in read_rows(path):
        require(
            len(fields) == len(names),
            f"{path}, row {number}: {len(fields)} cells under {len(names)} names; "
            "look for a stray delimiter or quote",
        )
        rows.append(fields)
    table = pd.DataFrame(rows, columns=names, dtype="str")
    return table.loc[:, [bool(name.strip()) for name in names]]  # of stray delimiters


def prepare_estimates(table: pd.DataFrame, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table that `score_sales` takes, and what was left out of it.

    Parameters
    ----------
    table
        A column of estimates and one of prices by one of their NAMES (currency), and any of
        NUMBERS, TEXTS, as_of (date), pred_low_90, pred_high_90 and the like; other columns are not
        looked at.
    where
        What to call the table in errors.

    Returns
    -------
    tuple of DataFrame
        The scorable rows; and row (from 1 below the header), listing_key, reason of the others.

    Raises
    ------
    RemlError
        Naming `where`, row and mend, where a column lacks or a cell cannot be read.
    """
    names = _fold_headers(table, where)
    require(len(table) > 0, f"{where}: no row below the header; give one row a sale")
    out, written = pd.DataFrame(index=table.index), {}
    for column, wanted in NAMES.items():
        found = [names[name] for name in wanted if name in names]
        require(
            bool(found),
            f"{where}: no column {' or '.join(wanted)} (there are: {', '.join(names)}); name it so",
        )
        require(
            len(found) == 1,
            f"{where}: columns {' and '.join(map(str, found))} both name the same; keep one",
        )
        out[column] = _parse_numbers(table[found[0]], f"{where}", str(found[0]))
        written[column] = table[found[0]].rename(str(found[0]))
    estimate_checks.require_plain_dots(
        {str(cells.name): cells for cells in written.values()},
        {name: out[name] for name in ("close_price", "pred_close_price")},
        where,
    )
    estimate_checks.require_one_unit(out["close_price"], out["pred_close_price"], where)
    ends = [name for name in names if name.startswith(("pred_low_", "pred_high_"))]
    sides = [{n.removeprefix(f"pred_{s}_") for n in ends if s in n} for s in ("low", "high")]
    alone = sorted(sides[0] ^ sides[1])
    require(
        not alone,
        f"{where}: intervals {', '.join(alone)} lack one end; give both pred_low_ and pred_high_",
    )
    for name in [*ends, *(name for name in NUMBERS if name in names)]:
        out[name] = _parse_numbers(table[names[name]], where, name)
    for name in (name for name in TEXTS if name in names):
        out[name] = _parse_texts(table[names[name]])
    if "listing_key" in out:
        estimate_checks.require_single_keys(out["listing_key"], where)
    if "as_of" in names:
        out["as_of"] = parse_dates(table[names["as_of"]], where)
    for name in score.interval_coverages(out):
        bad = out[f"pred_low_{name}"] > out[f"pred_high_{name}"]
        require(
            re.fullmatch("[1-9][0-9]?", name) is not None,
            f"{where}: column pred_low_{name}; end it in the coverage in percent, as pred_low_90",
        )
        require(
            not bad.any(),
            f"{where}, row {first_marked_row(bad)}: pred_low_{name} lies above pred_high_{name} "
            f"({int(bad.sum())} such rows); swap them",
        )
    if {"as_of", "year_built"} <= set(out) and "own_age" not in out:
        out["own_age"] = out["as_of"].dt.year - out["year_built"]
    return _keep_scorable(out, where)


def _keep_scorable(table: pd.DataFrame, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with a positive price, estimates that are not positive set missing; and what is odd.

    Parameters
    ----------
    table
        close_price, pred_close_price (currency), and any other columns.
    where
        What to call the table in errors.

    Returns
    -------
    tuple of DataFrame
        The rows that are kept; and row, listing_key, reason of what was left out, set missing, or
        is odd (`estimate_checks.oddity_notes`).

    Raises
    ------
    RemlError
        Where no row has a positive price.
    """
    price, estimate = table["close_price"], table["pred_close_price"]
    reason = pd.Series(
        np.select(
            [price.isna(), price <= 0, estimate <= 0], [NO_PRICE, BAD_PRICE, BAD_ESTIMATE], ""
        ),
        index=table.index,
    )
    reason = reason.where(reason != "", estimate_checks.oddity_notes(table))
    listed = pd.DataFrame(
        {
            "row": np.arange(1, len(table) + 1),
            "listing_key": table.get("listing_key", pd.Series("", index=table.index)),
            "reason": reason,
        }
    )
    kept = ~reason.isin([NO_PRICE, BAD_PRICE])
    require(
        bool(kept.any()),
        f"{where}, row 1: {reason.iloc[0]}, and no other row has a positive price; "
        "give the price paid",
    )
    out = table.assign(pred_close_price=estimate.where(estimate > 0))[kept].reset_index(drop=True)
    return out, listed[reason != ""].reset_index(drop=True)


def first_marked_row(bad: pd.Series) -> int:
    """The number of the first row that is marked, from 1; 0 where none is.

    Parameters
    ----------
    bad
        Booleans, shape (n,).

    Returns
    -------
    int
        Counted below the header.
    """
    return int(np.flatnonzero(bad.to_numpy())[0]) + 1 if bad.any() else 0


def _fold_headers(table: pd.DataFrame, where: str) -> dict[str, Any]:
    """Each column by its name in small letters.

    Parameters
    ----------
    table
        Any columns.
    where
        What to call the table in errors.

    Returns
    -------
    dict
        Name in small letters -> column.

    Raises
    ------
    RemlError
        Where two columns are one name.
    """
    names: dict[str, Any] = {}
    for name in table:
        small = str(name).strip().lower()
        require(
            small not in names,
            f"{where}: columns {names.get(small)} and {name} are one name; keep one",
        )
        names[small] = name
    return names


def _parse_texts(cells: pd.Series) -> pd.Series:
    """A column as texts, missing where empty; whole numbers without their decimal point.

    Parameters
    ----------
    cells
        Of any type, shape (n,).

    Returns
    -------
    Series
        Text or None, with the index of `cells`.
    """
    text = cells.astype("str").str.strip().str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    return text.where(cells.notna() & ~text.str.lower().isin(EMPTY), None)


def _parse_numbers(cells: pd.Series, where: str, name: str) -> pd.Series:
    """A column as numbers; an empty cell is missing, anything else that is none is an error.

    Parameters
    ----------
    cells
        Texts or numbers, shape (n,).
    where, name
        What to call table and column in errors.

    Returns
    -------
    Series
        float64, with the index of `cells`.

    Raises
    ------
    RemlError
        Naming the first row whose cell is no finite number.
    """
    text = cells.astype("str").str.strip()
    empty = cells.isna() | text.str.lower().isin(EMPTY)
    got = pd.to_numeric(text.where(~empty), errors="coerce").astype("float64")
    bad = ~empty & ~np.isfinite(got)
    require(
        not bad.any(),
        f"{where}, row {first_marked_row(bad)}: {name} "
        f"{str(text[bad].iloc[0])[:40] if bad.any() else ''!r} is no number "
        f"({int(bad.sum())} such cells); write it like 350000 or 350000.50",
    )
    return got


def parse_dates(cells: pd.Series, where: str) -> pd.Series:
    """A column as dates; an empty cell is missing, anything else that is none is an error.

    Parameters
    ----------
    cells
        ISO 8601 texts or dates, shape (n,); an offset from UTC is dropped, so that a date stays the
        day that it names.
    where
        What to call the table in errors.

    Returns
    -------
    Series
        datetime64, with the index of `cells`.

    Raises
    ------
    RemlError
        Naming the first row whose cell is no date.
    """
    text = cells.astype("str").str.strip()
    empty = cells.isna() | text.str.lower().isin(EMPTY)
    local = text.where(~empty).str.replace(r"(Z|[+-]\d\d:?\d\d)$", "", regex=True)  # its own day
    got = pd.to_datetime(local, errors="coerce", format="ISO8601")
    bad = ~empty & got.isna()
    require(
        not bad.any(),
        f"{where}, row {first_marked_row(bad)}: as_of "
        f"{str(text[bad].iloc[0])[:40] if bad.any() else ''!r} is no date "
        f"({int(bad.sum())} such cells); write it like 2025-01-31",
    )
    return got


def count_reasons(left_out: pd.DataFrame) -> dict[str, int]:
    """How many rows were left out for each reason.

    Parameters
    ----------
    left_out
        reason, a row each.

    Returns
    -------
    dict
        Reason -> rows, the most frequent first.
    """
    return {str(reason): int(n) for reason, n in left_out["reason"].value_counts().items()}


def format_scores(score: dict[str, Any], left_out: pd.DataFrame, where: str) -> str:
    """The summary that a person reads: counts, then each figure with its interval.

    Parameters
    ----------
    score
        As `score.score_sales` returns it.
    left_out
        row and reason, as `prepare_estimates` returns it.
    where
        What to call the table.

    Returns
    -------
    str
        Several lines.
    """
    lines = [f"{where}: {score['sales']:,} sales scored"]
    for reason, count in count_reasons(left_out).items():
        rows = left_out.loc[left_out["reason"] == reason, "row"]
        some = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        lines.append(f"  {count:,} row(s), {reason}: row {some}")
    lines.append(f"{'':18}{'value':>12}  95 % interval (VEI: 90 %)")
    for group in score:
        if group == "accuracy" or group.startswith("interval_"):
            kind = group.removeprefix("interval_")
            prefix = "" if group == "accuracy" else f"{kind} % "
            count = score["with_interval"].get(kind, score["sales"])
            if count < score["sales"]:
                lines.append(f"only {count:,} of the sales have a {kind} % interval:")
            lines += [_format_line(f"{prefix}{name}", one) for name, one in score[group].items()]
    study = score["ratio_study"]
    for kind in ("untrimmed", "trimmed"):
        gone = f", {study['trimmed_sales']} ratios taken out" if kind == "trimmed" else ""
        lines.append(f"ratio study, {kind}{gone}")
        lines += [
            _format_line(name, study[kind][name]) + f"  {study[kind][name]['verdict']}"
            for name in STATISTICS
        ]
    chased = study["sales_chasing"]
    return "\n".join([*lines, f"sales chasing: {chased['verdict']}; {chased['reason']}"])


def _format_line(name: str, one: dict[str, Any]) -> str:
    """One figure and its interval."""
    value, low, high = (
        "n/a"
        if not np.isfinite(one[part])
        else f"{one[part]:.4g}"
        if abs(one[part]) >= 1e9
        else f"{one[part]:,.{0 if abs(one[part]) > 1000 else 4}f}"
        for part in ("value", "low", "high")
    )
    return f"  {name.replace('_', ' '):16}{value:>12}  {low} to {high}"
