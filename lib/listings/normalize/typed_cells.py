"""Staged text to typed cells: each by its column's type, in one unit, harmonised by a lookup. What
does not parse or cannot be is set missing and listed with its reason."""

from __future__ import annotations

from functools import partial

import pandas as pd

from lib.common.errors import RemlError, require
from lib.common.vocabulary import LINEAGE
from lib.listings.contract import baths, parse_values, reso, spreadsheets, units
from lib.listings.contract.contract import Column, Contract
from lib.listings.contract.row_rules import harmonize_by_lookup

BATHS = ("bathrooms_full", "bathrooms_half", "bathrooms_total")
BATH_COUNTS = BATHS[:2]
ACRE = 43560  # square feet
OFFSET = "_modification_utc_offset_minutes"  # of the stamp as the source wrote it
# a home with five half baths is next to never built; 2.5 and 2.9 in a column of 2.1 notation are
# decimal totals or slips, and what they mean cannot be known
MOST_HALF = 4
TOO_MANY_HALF = f"more than {MOST_HALF} half baths"
ISSUE_COLUMNS = [
    "listing_key",
    "domain",
    "_source_file",
    "_source_row",
    "column",
    "value",
    "reason",
]
PLUS4 = "postal_code_plus4"
NO_YEAR = "how often it is paid is not known, or gives no sum a year"
FEWEST_UNKNOWN = 20  # rows from which on words that nobody knows stop the run
PARCEL = "parcel_number"
UNKNOWN = "not in the contract's lookup"


def _make_issues(
    rows: pd.DataFrame,
    bad: pd.Series,
    column: str,
    text: pd.Series,
    reason: str,
    set_missing: bool = True,
) -> pd.DataFrame:
    """Make one line for each faulty cell of a column.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs the first four of ISSUE_COLUMNS.
    bad : Series of bool, shape (n,)
        The rows at fault.
    column : str
    text : Series of str
        The cells as written, at least of the rows at fault.
    reason : str
    set_missing : bool
        False for a note on values that stay.

    Returns
    -------
    DataFrame
        ISSUE_COLUMNS and `set_missing`.
    """
    lines = rows.loc[bad[bad].index, ISSUE_COLUMNS[:4]]
    lines = lines.assign(column=column, value=text[lines.index], reason=reason)
    return lines.assign(set_missing=set_missing).astype({name: "str" for name in ISSUE_COLUMNS[4:]})


class Issues:
    """The cells set missing, one line each: where the row stands, column, value, reason.

    `set_missing` is false in notes on values that stay.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.found: list[pd.DataFrame] = []

    def add(
        self,
        rows: pd.Series,
        column: str,
        written: pd.Series,
        reason: str,
        set_missing: bool = True,
    ) -> None:
        """Note the cells of `column` in `rows` (boolean), as they were `written`."""
        if rows.any():
            self.found.append(_make_issues(self.rows, rows, column, written, reason, set_missing))

    def table(self) -> pd.DataFrame:
        """All of them, in the order noted."""
        nothing = self.rows.iloc[:0]
        empty = _make_issues(nothing, pd.Series(dtype="bool"), "", pd.Series(dtype="str"), "")
        return pd.concat(self.found or [empty])


def type_cells(rows: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Type every contract column by its type and in its unit, harmonised by its lookup.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Staged rows: text of every contract column, domain, lineage.
    contract : Contract

    Returns
    -------
    table : DataFrame, shape (n, m)
        Columns that only say another's unit become one of `units.UNIT_COLUMNS`.
    issues : DataFrame
        The cells that could not be read or lie outside their range (ISSUE_COLUMNS, `set_missing`).
    """
    rows, issues = _restored(rows, contract)
    out = rows[["listing_key", "domain", *LINEAGE]].copy()
    apart: dict[str, pd.Series] = {}
    often, unknown_rate = units.rent_frequencies(rows, contract)
    qualifiers = qualifier_columns(contract)
    for name, column in contract.columns.items():
        text = rows[name]
        if name in contract.lookups or name in qualifiers:
            continue
        if column.type.startswith("baths"):
            _fill_in(out, _baths(text, name, column, issues))
            continue
        # counted beside a notation of the whole, or without one: filled in below
        into = apart if name in BATH_COUNTS else out
        into[name] = _parsed(rows, name, contract, issues)
        if name == "modification_timestamp":
            out[OFFSET] = _offsets(text, contract)
        if column.unit_from or column.frequency_from:
            into[name] = _converted(rows, name, into[name], contract, issues)
        if name in units.RENTS:
            issues.add(
                unknown_rate & into[name].notna(), name, text, "how often rent is paid is not known"
            )
            into[name] = into[name].mul(units.monthly_factors(often)).mask(unknown_rate)
        if name == "bathrooms_half":
            many = into[name] > MOST_HALF
            issues.add(many, name, text, TOO_MANY_HALF)
            into[name] = into[name].mask(many)
        if column.range:
            impossible = into[name].notna() & ~into[name].between(*column.range)
            issues.add(impossible, name, text, _outside(column.range))
            into[name] = into[name].mask(impossible)
    if apart:
        _fill_in(out, _counted_baths(apart, out, rows, issues))
    if "postal_code" in contract.columns:
        pad = contract.columns["postal_code"].pad
        last = parse_values.parse_distinct(
            rows["postal_code"], partial(parse_values.parse_plus4, pad=pad)
        )
        _fill_in(out, last.to_frame(PLUS4))
    _areas(out, rows, contract)
    out[units.RENT_FREQUENCY] = often
    for name, constant in contract.constants.items():
        out[name] = pd.Series(constant, index=rows.index, dtype="str")
    for name, lookup in contract.lookups.items():
        if name in qualifiers:
            continue
        out[name] = harmonize_by_lookup(rows[name], lookup)
        unknown = ~parse_values.is_blank(rows[name]) & out[name].isna()
        issues.add(unknown, name, rows[name], UNKNOWN)
    return out, issues.table()


def _restored(rows: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, Issues]:
    """The rows with what a spreadsheet did to codes undone where that can be, and the issues of
    parcel numbers that it destroyed."""
    issues = Issues(rows)
    rows = rows.copy(deep=False)
    if PARCEL in contract.columns:
        text = rows[PARCEL]
        damage = pd.concat(
            [
                spreadsheets.damaged_codes_message(some)
                for _, some in text.groupby(rows["_source_file"], sort=False)
            ]
            or [text]
        ).reindex(rows.index)
        for reason in damage.dropna().unique():
            issues.add(damage == reason, PARCEL, text, reason)
        rows[PARCEL] = text.mask(damage.notna())
    if "postal_code" in contract.columns:
        state = "state_or_province"
        if state in contract.columns:
            rows["postal_code"] = spreadsheets.restore_zip_zeros(rows["postal_code"], rows[state])
        elif state in contract.constants:
            constant = pd.Series(contract.constants[state], index=rows.index, dtype="str")
            rows["postal_code"] = spreadsheets.restore_zip_zeros(rows["postal_code"], constant)
    return rows, issues


def local_days(table: pd.DataFrame) -> pd.Series:
    """Find the day of each modification stamp where it was made.

    Stamps with an offset are in UTC, so an evening in Texas is the next day there, while dates of
    deals are local.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `modification_timestamp` (datetime64[us]); OFFSET where the feed has offsets.

    Returns
    -------
    Series of datetime64[us], shape (n,)
    """
    minutes = table[OFFSET].fillna(0) if OFFSET in table else pd.Series(0.0, index=table.index)
    east = pd.to_timedelta(minutes, unit="m").astype("timedelta64[us]")
    return (table["modification_timestamp"] + east).dt.normalize()


def qualifier_columns(contract: Contract) -> set[str]:
    """The columns that say how others are meant row by row: units, and frequencies of payment."""
    roles = [(column.unit_from, column.frequency_from) for column in contract.columns.values()]
    named = {name for pair in roles for name in pair if name}
    return named | ({units.FREQUENCY} & contract.columns.keys())


def _offsets(text: pd.Series, contract: Contract) -> pd.Series:
    """Minutes east of UTC of modification stamps."""
    formats = contract.date_formats_of("modification_timestamp")
    parse = partial(parse_values.parse_offsets, formats=formats, zone=contract.time_zone)
    return parse_values.parse_distinct(text, parse)


def _parsed(rows: pd.DataFrame, name: str, contract: Contract, issues: Issues) -> pd.Series:
    """A column by its type, cells that do not read set missing."""
    text, column, formats = rows[name], contract.columns[name], contract.date_formats
    unclear = pd.Series(False, index=rows.index)
    if column.type == "date" and not column.date_formats:
        formats, unclear = spreadsheets.settle_order(text, formats)
        _refuse_mangled(rows, name, formats)
        issues.add(unclear, name, text, spreadsheets.BOTH_WAYS)
    zone = contract.time_zone
    parse = partial(parse_values.parse_column, column=column, formats=formats, zone=zone)
    cells = parse_values.parse_distinct(text, parse)
    if column.type == "date" and not column.date_formats:
        _refuse_swapped_months(rows, name, cells)
    unread = ~parse_values.is_blank(text) & cells.isna() & ~unclear
    issues.add(unread, name, text, f"not a {column.type.replace('_', ' ')}")
    return cells.mask(unclear) if unclear.any() else cells


def _baths(text: pd.Series, name: str, column: Column, issues: Issues) -> pd.DataFrame:
    """Baths of one column in a notation of their own, impossible totals set missing."""
    parts = baths.parse_baths_notation(column.type, text)
    unread = ~parse_values.is_blank(text) & parts["bathrooms_full"].isna()
    issues.add(unread, name, text, "not a number of baths")
    many = parts["bathrooms_half"] > MOST_HALF
    issues.add(many, name, text, TOO_MANY_HALF)
    parts = parts.apply(lambda part: part.mask(many))
    if column.range:
        total = parts["bathrooms_total"]
        impossible = total.notna() & ~total.between(*column.range)
        issues.add(impossible, name, text, _outside(column.range))
        parts = parts.apply(lambda part: part.mask(impossible))
    return parts


def _converted(
    rows: pd.DataFrame, name: str, amount: pd.Series, contract: Contract, issues: Issues
) -> pd.Series:
    """An amount brought from the unit or frequency that each row names to the canonical one."""
    column, book = contract.columns[name], reso.load_dictionary()
    if column.unit_from:
        _refuse_mostly_unknown(rows, column.unit_from, book.area_words, contract)
        unknown = units.area_units(rows, name, contract)[1] & amount.notna()
        issues.add(unknown, name, rows[name], "its unit is not known")
        amount = amount.mul(units.area_factors(rows, name, contract)).mask(unknown)
    if column.frequency_from:
        _refuse_mostly_unknown(rows, column.frequency_from, book.payment_words, contract)
        factor = units.yearly_factors(rows, name, contract)
        factor = factor.mask(amount == 0, 1.0)  # nothing stays nothing, however often it is paid
        issues.add(factor.isna() & amount.notna(), name, rows[name], NO_YEAR)
        amount = amount.mul(factor)
    return amount


def _refuse_mangled(rows: pd.DataFrame, name: str, formats: list[str]) -> None:
    """Raise where a spreadsheet exchanged day and month of a file's dates; formats of the column's
    own are taken for a person's answer."""
    for file, text in rows[name].groupby(rows["_source_file"], sort=True):
        mangled = spreadsheets.swapped_dates_message(text, formats)
        if mangled:
            low, high = mangled
            read = parse_values.parse_moments(text, [low])
            row = rows.loc[read.first_valid_index()]
            own = [spreadsheets.swap_day_and_month(low), high]
            raise RemlError(
                f"{file}, data row {row['_source_row']}: {name} by {low} has no day above 12, and "
                f"by {high} none up to 12: a spreadsheet exchanged day and month of the first; "
                "export it again without one, or say in the contract how the column is written, "
                f"columns.{name}.date_formats (as it seems: {own})"
            )
        if half := spreadsheets.find_half_mangled(text, formats):
            row = rows.loc[parse_values.parse_moments(text, [half[0]]).first_valid_index()]
            raise RemlError(
                f"{file}, data row {row['_source_row']}: {name} by {half[0]} has no day {half[1]} "
                "12, as where a spreadsheet exchanged day and month of what it could read; export "
                "it again without one, or if the dates are right say how the column is written in "
                f"the contract, columns.{name}.date_formats"
            )


def _refuse_swapped_months(rows: pd.DataFrame, name: str, days: pd.Series) -> None:
    """Raise where days up to 12 fit the rest of a file only with day and month exchanged."""
    for file, cells in days.groupby(rows["_source_file"], sort=True):
        low = cells.dt.day <= 12
        require(
            not low.any() or not spreadsheets.months_betray_swap(cells),
            f"{file}, data row {rows['_source_row'].get(low.idxmax())}: {name} with a day up to 12 "
            "fits the months of the others only with day and month exchanged, as spreadsheets do "
            "it; export it again without one, or if the dates are right say how the column is "
            f"written in the contract, columns.{name}.date_formats",
        )


def _refuse_mostly_unknown(
    rows: pd.DataFrame, name: str, words: dict[str, list[str]], contract: Contract
) -> None:
    """Raise where most words of a column of units or frequencies are unknown: the contract is to be
    mended, not each row."""
    word, blank = units.read_unit_words(rows, name, words, contract)
    unknown = word.isna() & ~blank
    if unknown.sum() < FEWEST_UNKNOWN or unknown.sum() <= (~blank).sum() / 2:
        return
    row = rows.loc[unknown.idxmax()]
    require(
        False,
        f"{row['_source_file']}, data row {row['_source_row']}: {name} is {row[name].strip()!r} "
        f"there, and unknown in {unknown.sum():,} of {(~blank).sum():,} rows; say what such words "
        f"mean in the contract, lookups: {{{name}: {{word: meaning}}}}, by {', '.join(words)}",
    )


def _counted_baths(
    apart: dict[str, pd.Series], out: pd.DataFrame, rows: pd.DataFrame, issues: Issues
) -> pd.DataFrame:
    """Baths by the counts of each kind, with what keeps a total from being known."""
    others = [name for name in (*baths.WEIGHTS, baths.PARTIAL, baths.ROOMS) if name in out]
    parts, reason = baths.combine_baths(pd.DataFrame({**out[others], **apart}, index=rows.index))
    many = parts["bathrooms_half"] > MOST_HALF  # as the rooms leave them
    issues.add(many, "bathrooms_total", rows[next(iter(apart))], TOO_MANY_HALF)
    parts, reason = parts.apply(lambda part: part.mask(many)), reason.mask(many)
    if "bathrooms_total" in out:  # a notation of the whole goes before
        reason = reason.mask(out["bathrooms_total"].notna())
    for why in (baths.DISAGREE, baths.UNSAID):
        issues.add(reason == why, "bathrooms_total", rows[next(iter(apart))], why)
    if baths.ROOMS in out:
        issues.add(reason == baths.UNUSED, baths.ROOMS, rows[baths.ROOMS], baths.UNUSED, False)
    return parts


def _areas(out: pd.DataFrame, rows: pd.DataFrame, contract: Contract) -> None:
    """Lots in square feet by the first column that has one; the unit of each area's source."""
    missing = pd.Series(None, index=rows.index, dtype="str")
    lot, unit = pd.Series(float("nan"), index=rows.index), missing
    lots = [name for name in units.LOTS if name in contract.columns]
    for name in lots:
        area = out[name] * (ACRE if name == "lot_size_acres" else 1)
        fresh = lot.isna() & area.notna()
        unit = unit.mask(fresh, units.area_units(rows, name, contract)[0])
        lot = lot.fillna(area)
    if lots:
        out["lot_size_square_feet"] = lot
    if "lot_size_area" in out:
        del out["lot_size_area"]
    out[units.LOT_UNIT], out[units.LIVING_UNIT] = unit, missing
    if "living_area" in contract.columns:
        living = units.area_units(rows, "living_area", contract)[0]
        out[units.LIVING_UNIT] = living.where(out["living_area"].notna())


def _fill_in(out: pd.DataFrame, parts: pd.DataFrame) -> None:
    """Write parts into the rows of a table that lack the first of them, in place.

    The parts of a row stay together: never the full baths of one column and the half baths of
    another.

    Parameters
    ----------
    out : DataFrame, shape (n, k)
        The table that is changed.
    parts : DataFrame, shape (n, m)
        The columns to fill in.
    """
    first = parts.columns[0]
    lacking = out[first].isna() if first in out else pd.Series(True, index=out.index)
    for name, part in parts.items():
        out[name] = out[name].mask(lacking, part) if name in out else part


def _outside(span: tuple[float, float]) -> str:
    return f"outside {span[0]:g} to {span[1]:g}"
