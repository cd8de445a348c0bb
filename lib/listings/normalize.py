"""From staged text to typed tables: types, units, statuses, keys, and the as_of date of each row.

A value that does not parse or cannot be is set missing and listed with its reason; no row goes.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from lib.common.checks import RemlError, require
from lib.listings import values
from lib.listings.contract import Contract
from lib.listings.rules import look_up
from lib.listings.staging import LINEAGE, ON_MARKET

PARTS = ("bathrooms_full", "bathrooms_half", "bathrooms_total")
APART = PARTS[:2]
ACRE = 43560  # square feet
SLACK_DAYS = 90  # how far the latest date may lie after the others
DATES = ["listing_contract_date", "purchase_contract_date", "close_date"]
ALWAYS = [
    "standard_status",
    "postal_code",
    "latitude",
    "longitude",
    "list_price",
    "close_price",
    "living_area",
    "year_built",
    "modification_timestamp",
    *DATES,
]


def typed(rows: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(typed table, issues): every contract column by its type, harmonised by its lookup.

    `issues` has one line per cell set missing: lineage, column, value, reason.
    """
    out = rows[["listing_key", "domain", *LINEAGE]].copy()
    issues = []
    apart: dict[str, pd.Series] = {}

    def drop(bad: pd.Series, column: str, text: pd.Series, reason: str) -> None:
        if bad.any():
            issues.append(
                rows.loc[bad, ["listing_key", "domain", "_source_file", "_source_row"]].assign(
                    column=column, value=text[bad], reason=reason
                )
            )

    for name, column in contract.columns.items():
        text, filled = rows[name], ~values.blank(rows[name])
        if column.type.startswith("baths"):
            parts = values.baths_by(column.type, text)
            drop(filled & parts["bathrooms_full"].isna(), name, text, "not a number of baths")
            if column.range:
                total = parts["bathrooms_total"]
                impossible = total.notna() & ~total.between(*column.range)
                drop(impossible, name, text, _outside(column.range))
                parts = parts.apply(lambda part, bad=impossible: part.mask(bad))
            fill_in(out, parts)
            continue
        # counted beside a notation of the whole, or without one: filled in below
        into = apart if name in APART else out
        into[name] = values.typed(text, column, contract.date_formats)
        drop(filled & into[name].isna(), name, text, f"not a {column.type.replace('_', ' ')}")
        if column.range:
            impossible = into[name].notna() & ~into[name].between(*column.range)
            drop(impossible, name, text, _outside(column.range))
            into[name] = into[name].mask(impossible)
    if apart:
        nothing = pd.Series(float("nan"), index=rows.index)
        fill_in(out, values.baths_apart(*(apart.get(name, nothing) for name in APART)))
    if "lot_size_acres" in out:
        fill_in(out, out[["lot_size_acres"]].mul(ACRE).set_axis(["lot_size_square_feet"], axis=1))
    for name, constant in contract.constants.items():
        out[name] = pd.Series(constant, index=rows.index, dtype="str")
    for name, lookup in contract.lookups.items():
        harmonised = look_up(rows[name], lookup)
        drop(
            ~values.blank(rows[name]) & harmonised.isna(),
            name,
            rows[name],
            "not in the contract's lookup",
        )
        out[name] = harmonised
    columns = ["listing_key", "domain", "_source_file", "_source_row", "column", "value", "reason"]
    return out, pd.concat(issues) if issues else pd.DataFrame(columns=columns, dtype="str")


def fill_in(out: pd.DataFrame, parts: pd.DataFrame) -> None:
    """Write `parts` into the rows of `out` that lack the first of them. The parts of a row stay
    together: never the full baths of one column and the half baths of another."""
    first = parts.columns[0]
    lacking = out[first].isna() if first in out else pd.Series(True, index=out.index)
    for name, part in parts.items():
        out[name] = out[name].mask(lacking, part) if name in out else part


def _outside(span: tuple[float, float]) -> str:
    return f"outside {span[0]:g} to {span[1]:g}"


def with_absent(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each column that later stages name, all missing where the feed has none."""
    table = table.copy()
    for name in ALWAYS:
        if name not in table:
            kind = (
                "datetime64[us]"
                if name in [*DATES, "modification_timestamp"]
                else ("str" if name in ("standard_status", "postal_code") else "float64")
            )
            table[name] = pd.Series(None, index=table.index, dtype=kind)
    return table


def property_key(table: pd.DataFrame, groups: list[list[str]]) -> pd.Series:
    """A key that relists and resales of one home share: the first of `groups` of columns that is
    complete in the row (upper case, joined by |), else the listing's own key."""
    key = pd.Series(None, index=table.index, dtype="str")
    for group in groups:
        joined = group[0] + ":" + table[group[0]].str.upper()
        for name in group[1:]:
            joined = joined + "|" + table[name].str.upper()
        key = key.fillna(joined)
    return key.fillna("listing:" + table["listing_key"])


def unparsed_address(table: pd.DataFrame) -> pd.Series:
    """The address on one line: as the feed gives it, else joined of the parts that it has."""
    parts = [
        name
        for name in ("unparsed_address", "street_number", "street_name", "unit_number", "city")
        if name in table
    ]
    if "unparsed_address" in parts:
        parts = ["unparsed_address"]
    text = pd.Series("", index=table.index, dtype="str")
    for name in parts:
        text = text + " " + table[name].fillna("")
    text = text.str.replace(r"\s+", " ", regex=True).str.strip()
    return text.mask(text == "")


def valuation_date(
    table: pd.DataFrame, given: dt.date | None, slack_days: int = SLACK_DAYS
) -> pd.Timestamp:
    """The date that listings on the market are valued at: `given` (base.as_of), else the feed's
    latest modification, else its latest closing.

    Raises `RemlError` where there is none, or where the latest lies more than `slack_days` after
    all but a thousandth of the others: one mistyped year would move every valuation.
    """
    if given is not None:
        return pd.Timestamp(given)
    column = "modification_timestamp"
    if table[column].isna().all():
        column = "close_date"
    dates = table[column].dropna().sort_values()
    require(
        len(dates) > 0,
        "no row of the feed has a modification stamp or a closing date that can be read, so its "
        "latest date is unknown; check date_formats in the contract, or set as_of in params.yaml",
    )
    usual = dates.iloc[-1 - max(1, len(dates) // 1000)] if len(dates) > 1 else dates.iloc[-1]
    if dates.iloc[-1] - usual > pd.Timedelta(days=slack_days):
        row = table.loc[dates.index[-1]]
        raise RemlError(
            f"{row['_source_file']}, data row {row['_source_row']}: {column} "
            f"{dates.iloc[-1]:%Y-%m-%d} lies {(dates.iloc[-1] - usual).days} days after the feed's "
            "other dates; mend the row, or set as_of in params.yaml to value on a date of your own"
        )
    return pd.Timestamp(dates.iloc[-1]).normalize()


def as_of(table: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    """The date each listing is valued at: contract date where known, else close date; `today`
    for listings on the market; missing for the rest."""
    contract = table["purchase_contract_date"]
    sane = contract.notna() & (contract <= table["close_date"])
    closed = table["standard_status"] == "Closed"
    dates = contract.where(sane, table["close_date"]).where(closed)
    return dates.mask(table["standard_status"].isin(ON_MARKET), today)


def normalize(
    staged: pd.DataFrame,
    contract: Contract,
    given: dt.date | None,
    slack_days: int = SLACK_DAYS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(table, issues): staged rows with types, keys and an `as_of` date each; see `typed`."""
    table, issues = typed(staged, contract)
    table = with_absent(table)
    table["property_key"] = property_key(table, contract.property_key)
    table["unparsed_address"] = unparsed_address(table)
    table["as_of"] = as_of(table, valuation_date(table, given, slack_days))
    future = table["year_built"] > table["as_of"].dt.year + 1
    late = table.loc[future, ["listing_key", "domain", "_source_file", "_source_row"]].assign(
        column="year_built",
        value=table["year_built"][future].map("{:.0f}".format),
        reason="more than a year after the valuation date",
    )
    table["year_built"] = table["year_built"].mask(future)
    return table, pd.concat([issues, late], ignore_index=True)
