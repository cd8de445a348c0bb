"""From staged text to typed tables: types, units, statuses, keys, and the as_of date of each row.

A value that does not parse or cannot be is set missing and listed with its reason; no row goes.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd
from pydantic import Field

from lib.common import params
from lib.listings.contract import reso, row_rules
from lib.listings.contract.contract import Contract
from lib.listings.contract.reso import CLASS, UNKNOWN, UNSTATED
from lib.listings.identity import parcels, property_keys
from lib.listings.identity.property_keys import PARCEL
from lib.listings.normalize import dates, typed_cells
from lib.listings.normalize.dates import DATES, STAMP, USUAL_LIMITS, DateLimits
from lib.listings.normalize.typed_cells import OFFSET, type_cells
from lib.listings.place import odd_points
from lib.listings.throughout.wrong_columns import find_wrong_columns, ignored_cells

NO_CLASS = "no class of property is known for it"
NOTHING = "no type is stated, nor anything of a home; it may be land"

UNREAD = "not read as an address; it stays as written"
# columns that later stages name, whatever the feed has
EXPECTED_COLUMNS = [
    "standard_status",
    "postal_code",
    "latitude",
    "longitude",
    "list_price",
    "original_list_price",
    "close_price",
    "living_area",
    "year_built",
    STAMP,
    *DATES,
]


def _add_missing_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Add each column that later stages name, all missing where the feed has none.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings.

    Returns
    -------
    DataFrame, shape (n, at least k)
        A shallow copy with all of EXPECTED_COLUMNS and OFFSET: dates as datetime64[us], status and
        ZIP as text, the rest as float64.
    """
    table = table.copy(deep=False)  # columns are added, none is changed
    for name in [*EXPECTED_COLUMNS, OFFSET]:
        if name not in table:
            text = name in ("standard_status", "postal_code")
            kind = "datetime64[us]" if name in [*DATES, STAMP] else "str" if text else "float64"
            table[name] = pd.Series(None, index=table.index, dtype=kind)
    return table


def null_placeholders(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set parcel numbers missing that are the number of no parcel.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings with the columns of an issue.

    Returns
    -------
    table : DataFrame, shape (n, k)
    issues : DataFrame
        A line for each such cell.
    """
    issues = typed_cells.Issues(table)
    if PARCEL in table:
        text = table[PARCEL]
        none = text.notna() & parcels.format_parcels(text).isna()
        issues.add(none, PARCEL, text, parcels.PLACEHOLDER)
        table = table.assign(**{PARCEL: text.mask(none)})
    return table, issues.table()


def note_shared_parcels(table: pd.DataFrame, issues: typed_cells.Issues) -> None:
    """Note parcel numbers that stand at many places, which tell no home there.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Listings with their address in standard form.
    issues : Issues
        Gets the notes; the numbers stay.
    """
    if PARCEL in table:
        number, place = parcels.format_parcels(table[PARCEL]), property_keys.place_parts(table)
        many = parcels.at_many_places(number, place)
        issues.add(many, PARCEL, table[PARCEL], parcels.AT_MANY, False)


def _add_classes(
    table: pd.DataFrame, staged: pd.DataFrame, contract: Contract
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add each row's class of property, with a note on rows of which it is not known.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings.
    staged : DataFrame, shape (n, m)
        The same rows as staged.
    contract : Contract

    Returns
    -------
    table : DataFrame, shape (n, k + 1)
        With `property_class`: by the words of its types, and UNKNOWN where there are none and
        nothing of a home is stated.
    issues : DataFrame
        The notes.
    """
    classes, notes = row_rules.assign_classes(staged, contract), typed_cells.Issues(table)
    for name in (reso.TYPE, reso.SUB_TYPE):
        if name in staged:
            notes.add(classes["asked"] == name, name, staged[name], NO_CLASS, False)
    bare = (classes[CLASS] == UNSTATED) & row_rules.lacks_home_facts(table)
    notes.add(bare, CLASS, pd.Series("", index=table.index, dtype="str"), NOTHING, False)
    return table.assign(**{CLASS: classes[CLASS].mask(bare, UNKNOWN)}), notes.table()


def ignore_wrong_columns(table: pd.DataFrame, issues: typed_cells.Issues) -> pd.DataFrame:
    """Set the cells of columns missing that cannot be what they are called.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings whose odd dates are missing.
    issues : Issues
        Gets a line for each cell.

    Returns
    -------
    DataFrame, shape (n, k)
    """
    for wrong in find_wrong_columns(table):
        cells = ignored_cells(table, wrong)
        written = table[wrong.column].astype("str")
        issues.add(cells, wrong.column, written, wrong.reason)
        table = table.assign(**{wrong.column: table[wrong.column].mask(cells)})
    return table


def normalize(
    staged: pd.DataFrame,
    contract: Contract,
    as_of: dt.date | None,
    limits: DateLimits = USUAL_LIMITS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give staged rows their types, addresses, keys and an `as_of` date each.

    Parameters
    ----------
    staged : DataFrame, shape (n, k)
        Staged rows: text as the export wrote it, with lineage.
    contract : Contract
        The feed's contract.
    as_of : date or None
        `base.as_of`, the date that listings on the market are valued at; None: the feed's latest.
    limits : DateLimits
        What a date may be.

    Returns
    -------
    table : DataFrame, shape (n, m)
        The normalised table.
    issues : DataFrame
        The cells set missing; those with `set_missing` false are notes on values that stay.

    Raises
    ------
    RemlError
        As `dates.resolve_as_of` does.
    """
    table, issues = type_cells(staged, contract)
    table, of_parcels = null_placeholders(table)
    table = property_keys.add_property_keys(_add_missing_columns(table), contract.property_key)
    table, of_classes = _add_classes(table, staged, contract)
    more = typed_cells.Issues(table)
    table = ignore_wrong_columns(table, more)  # before row by row, which would leave what fits
    table, of_dates, day = dates.null_implausible_dates(table, as_of, limits)
    issues = pd.concat([issues, of_parcels, of_classes, of_dates], ignore_index=True)
    undated = dates.is_undated_sale(table, issues)
    table["as_of"] = dates.as_of_dates(table, day).mask(undated, day)
    table = dates.null_future_years(table, more)
    table = dates.null_later_works(table, more)
    note_shared_parcels(table, more)
    table = null_odd_points(table, more)
    unread = table[property_keys.PARSED] == 0
    more.add(unread, "unparsed_address", table["unparsed_address"], UNREAD, False)
    return table, pd.concat([issues, more.table()], ignore_index=True)


def null_odd_points(table: pd.DataFrame, issues: typed_cells.Issues) -> pd.DataFrame:
    """Set coordinates missing that cannot be the home's, and ZIPs that contradict city and point.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings with addresses and keys; see `odd_points.odd_points`.
    issues : Issues
        Where each cell is noted with its reason.

    Returns
    -------
    DataFrame, shape (n, k)
        A shallow copy.
    """
    table = table.copy(deep=False)
    odd = odd_points.odd_points(table)
    for name, column in (*((name, "point") for name in odd_points.POINT), ("postal_code",) * 2):
        text = table[name].astype("str")
        bad = (odd[column] != "") & table[name].notna()
        for reason in sorted(odd.loc[bad, column].unique()):
            issues.add(bad & (odd[column] == reason), name, text, reason)
        table[name] = table[name].mask(bad)
    for reason in sorted(set(odd["note"]) - {""}):
        issues.add(
            odd["note"] == reason, "latitude", table["latitude"].astype("str"), reason, False
        )
    return table


class NormalizeParams(params.Section):
    """The `normalize` section of params.yaml."""

    latest_date_slack_days: int = Field(ge=0)
    earliest_date: dt.date
    longest_deal_days: int = Field(ge=1)
    relist_gap_days: int = Field(ge=0)
    same_sale_days: int
    max_lost_share: float = Field(ge=0, le=1)

    def limits(self) -> dates.DateLimits:
        """What a date may be."""
        return dates.DateLimits(
            self.latest_date_slack_days, self.earliest_date, self.longest_deal_days
        )
