"""From staged text to typed tables: types, units, statuses, keys, and the as_of date of each row.

A value that does not parse or cannot be is set missing and listed with its reason; no row goes.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

import pandas as pd

from lib.common.checks import RemlError, require
from lib.listings import homes, units, values
from lib.listings.contract import Column, Contract
from lib.listings.rules import look_up
from lib.listings.staging import LINEAGE, ON_MARKET

PARTS = ("bathrooms_full", "bathrooms_half", "bathrooms_total")
APART = PARTS[:2]
ACRE = 43560  # square feet
OFFSET = "_modification_utc_offset_minutes"  # of the stamp as the source wrote it
SLACK_DAYS = 90  # how far the latest date may lie after the others
DATES = ["listing_contract_date", "purchase_contract_date", "close_date"]
ALWAYS = [
    "standard_status",
    "postal_code",
    "latitude",
    "longitude",
    "list_price",
    "original_list_price",
    "close_price",
    "living_area",
    "year_built",
    "modification_timestamp",
    *DATES,
]
ISSUE = ["listing_key", "domain", "_source_file", "_source_row", "column", "value", "reason"]
UNKNOWN = "not in the contract's lookup"


class Issues:
    """The cells set missing, one line each: where the row stands, column, value, reason."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.found: list[pd.DataFrame] = []

    def drop(self, bad: pd.Series, column: str, text: pd.Series, reason: str) -> None:
        """Note the cells of `column` in the rows that are `bad`."""
        if bad.any():
            told = self.rows.loc[bad, ISSUE[:4]]
            self.found.append(told.assign(column=column, value=text[bad], reason=reason))

    def table(self) -> pd.DataFrame:
        """All of them, in the order noted."""
        return pd.concat(self.found) if self.found else pd.DataFrame(columns=ISSUE, dtype="str")


def typed(rows: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(typed table, issues): every contract column by its type and in its unit, harmonised by its
    lookup. Columns that only say another's unit become one of `units.RECORDED`."""
    out = rows[["listing_key", "domain", *LINEAGE]].copy()
    issues = Issues(rows)
    apart: dict[str, pd.Series] = {}
    often, unheard = units.frequency(rows, contract)
    for name, column in contract.columns.items():
        text, filled = rows[name], ~values.blank(rows[name])
        if name in contract.lookups or name in sayers(contract):
            continue
        if column.type.startswith("baths"):
            fill_in(out, _baths(text, name, column, issues))
            continue
        # counted beside a notation of the whole, or without one: filled in below
        into = apart if name in APART else out
        into[name] = values.by_distinct(
            text, partial(values.typed, column=column, formats=contract.date_formats)
        )
        if name == "modification_timestamp":
            out[OFFSET] = values.by_distinct(
                text, partial(values.offset, formats=contract.date_formats)
            )
        issues.drop(
            filled & into[name].isna(), name, text, f"not a {column.type.replace('_', ' ')}"
        )
        if column.unit_from:
            into[name] = _converted(rows, name, into[name], contract, issues)
        if name in units.RENTS:
            issues.drop(
                unheard & into[name].notna(), name, text, "how often rent is paid is not known"
            )
            into[name] = into[name].mul(units.a_month(often)).mask(unheard)
        if column.range:
            impossible = into[name].notna() & ~into[name].between(*column.range)
            issues.drop(impossible, name, text, _outside(column.range))
            into[name] = into[name].mask(impossible)
    if apart:
        nothing = pd.Series(float("nan"), index=rows.index)
        fill_in(out, values.baths_apart(*(apart.get(name, nothing) for name in APART)))
    _areas(out, rows, contract)
    out[units.RENT] = often
    for name, constant in contract.constants.items():
        out[name] = pd.Series(constant, index=rows.index, dtype="str")
    for name, lookup in contract.lookups.items():
        out[name] = look_up(rows[name], lookup)
        unknown = ~values.blank(rows[name]) & out[name].isna()
        issues.drop(unknown, name, rows[name], UNKNOWN)
    return out, issues.table()


def sayers(contract: Contract) -> set[str]:
    """The columns that say how others are meant, row by row."""
    named = {column.unit_from for column in contract.columns.values() if column.unit_from}
    return named | ({units.FREQUENCY} & contract.columns.keys())


def _baths(text: pd.Series, name: str, column: Column, issues: Issues) -> pd.DataFrame:
    """Baths of one column in a notation of their own, impossible totals set missing."""
    parts = values.baths_by(column.type, text)
    unread = ~values.blank(text) & parts["bathrooms_full"].isna()
    issues.drop(unread, name, text, "not a number of baths")
    if column.range:
        total = parts["bathrooms_total"]
        impossible = total.notna() & ~total.between(*column.range)
        issues.drop(impossible, name, text, _outside(column.range))
        parts = parts.apply(lambda part: part.mask(impossible))
    return parts


def _converted(
    rows: pd.DataFrame, name: str, amount: pd.Series, contract: Contract, issues: Issues
) -> pd.Series:
    """An area brought from the unit that each row names to the canonical one."""
    unknown = units.unit_of(rows, name, contract)[1] & amount.notna()
    issues.drop(unknown, name, rows[name], "its unit is not known")
    return amount.mul(units.to_canonical(rows, name, contract)).mask(unknown)


def _areas(out: pd.DataFrame, rows: pd.DataFrame, contract: Contract) -> None:
    """Lots in square feet by the first column that has one; the unit of each area's source."""
    missing = pd.Series(None, index=rows.index, dtype="str")
    lot, unit = pd.Series(float("nan"), index=rows.index), missing
    given = [name for name in units.LOTS if name in contract.columns]
    for name in given:
        area = out[name] * (ACRE if name == "lot_size_acres" else 1)
        fresh = lot.isna() & area.notna()
        unit = unit.mask(fresh, units.unit_of(rows, name, contract)[0])
        lot = lot.fillna(area)
    if given:
        out["lot_size_square_feet"] = lot
    if "lot_size_area" in out:
        del out["lot_size_area"]
    out[units.LOT], out[units.LIVING] = unit, missing
    if "living_area" in contract.columns:
        living = units.unit_of(rows, "living_area", contract)[0]
        out[units.LIVING] = living.where(out["living_area"].notna())


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
    for name in [*ALWAYS, OFFSET]:
        if name not in table:
            kind = (
                "datetime64[us]"
                if name in [*DATES, "modification_timestamp"]
                else ("str" if name in ("standard_status", "postal_code") else "float64")
            )
            table[name] = pd.Series(None, index=table.index, dtype=kind)
    return table


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
    """(table, issues): staged rows with types, addresses, keys and an `as_of` date each; see
    `typed` and `homes`."""
    table, issues = typed(staged, contract)
    table = homes.identified(with_absent(table), contract.property_key)
    table["as_of"] = as_of(table, valuation_date(table, given, slack_days))
    future = table["year_built"] > table["as_of"].dt.year + 1
    late = table.loc[future, ISSUE[:4]].assign(
        column="year_built",
        value=table["year_built"][future].map("{:.0f}".format),
        reason="more than a year after the valuation date",
    )
    table["year_built"] = table["year_built"].mask(future)
    return table, pd.concat([issues, late], ignore_index=True)
