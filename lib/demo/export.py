"""From listings to CSV files: what each export held on the day that it was taken, as bytes."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from lib.demo.faults import DROP, DUPLICATE_SHARE, SINGLE_ROW, planted_count
from lib.demo.homes import FREE
from lib.demo.listings import TERMINAL, Event, Listing

COLUMNS = (
    "Matrix_Unique_ID", "MLSNumber", "MatrixModifiedDT", "Status", "PropertyType", "ForLease",
    "DwellingType", "ListPrice", "OriginalListPrice", "ClosePrice", "ListingContractDate",
    "PendingDate", "CloseDate", "SqFtTotal", "Acres", "BedsTotal", "BathsTotal", "YearBuilt",
    "Stories", "GarageCap", "FireplaceCount", "PoolPrivate", "Waterfront", "StreetNumber",
    "StreetName", "UnitNumber", "City", "StateOrProvince", "PostalCode", "GeoMarketArea",
    "Subdivision", "SchoolDistrict", "TaxID", "Latitude", "Longitude", "AnnualMaintFee",
    "RemarksPublic", "PhotoCount", "SpecialListingConditions", "SellerContribution",
    "NextYearAppraisal",
)  # fmt: skip
REFRESH_DAYS = 120  # the yearly exports stop this long before the end; a mixed refresh follows
OLD_VERSION_SHARE = 0.10  # rows that an export repeats in an earlier state of the listing


@dataclass(frozen=True)
class ExportLine:
    """One line of an export and the key of its listing (also where the line leaves it blank)."""

    key: str
    cells: tuple[str, ...]


@dataclass
class Table:
    """One CSV file before it is written."""

    path: str
    encoding: str
    delimiter: str
    rows: list[ExportLine]

    def encoded(self) -> bytes:
        """The file's bytes, header first, lines ended by CR LF."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(row.cells for row in self.rows)
        return text.getvalue().encode(self.encoding)


def lay_out_exports(
    rng: np.random.Generator, listings: list[Listing], homes: pd.DataFrame, start: date, end: date
) -> list[Table]:
    """All exports, taken at the end of each year, before the last months, and on the last day.

    A listing open on an export's day comes again, in a later state, in a later export.

    Parameters
    ----------
    rng
        Generator of every draw.
    listings
        Listings of all homes, faults planted.
    homes
        As `draw_homes` returns them.
    start, end
        First and last day of the feed.

    Returns
    -------
    list of Table
        One a file.
    """
    people = list(homes.itertuples(index=False))
    refresh = end - timedelta(days=REFRESH_DAYS)
    tables, since = [], date.min
    for year in range(start.year, end.year + 1):
        taken = min(date(year, 12, 31), refresh)
        encoding = "cp1252" if year == start.year else "utf-8"
        table = Table(f"exports/sales_{year}.csv", encoding, ",", [])
        sales = [one for one in listings if not one.lease]
        for one, event in _changed(rng, sales, since, taken, still_open=True):
            table.rows.append(_row(one, event, people[one.home]))
        tables.append(table)
        since = taken
    leases = [one for one in listings if one.lease]
    rest = (
        (f"leases_{start.year}_{end.year}", "utf-8-sig", ",", leases, date.min, refresh, True),
        (f"mixed_refresh_{end.year}", "utf-8", ";", listings, refresh, end, False),
        ("active", "utf-8", ",", [one for one in listings if one.kind == "open"], end, end, True),
    )
    for name, encoding, delimiter, some, since, taken, still_open in rest:
        table = Table(f"exports/{name}.csv", encoding, delimiter, [])
        for one, event in _changed(rng, some, since, taken, still_open):
            table.rows.append(_row(one, event, people[one.home]))
        tables.append(table)
    for table in tables:
        table.rows.sort(key=lambda row: (row.cells[2], row.key))
    _plant_duplicates(rng, tables)
    return tables


def lines_by_listing(tables: list[Table]) -> dict[str, list[tuple[str, int]]]:
    """Listing key -> (file, data row) of each of its lines; rows count from 1 below the header."""
    places = defaultdict(list)
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            places[row.key].append((table.path, number))
    return dict(places)


def duplicate_records(tables: list[Table]) -> list[dict[str, Any]]:
    """A truth record for every group of lines with equal cells, planted or come about."""
    seen: dict[ExportLine, list[tuple[str, int]]] = defaultdict(list)
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            seen[row].append((table.path, number))
    return [
        {
            "kind": "exact_duplicate" if len({f for f, _ in at}) == 1 else "duplicate_across_files",
            "effect": DROP,
            "matrix_unique_id": row.key,
            "rows": at,
        }
        for row, at in seen.items()
        if len(at) > 1
    ]


def _changed(
    rng: np.random.Generator, listings: list[Listing], since: date, taken: date, still_open: bool
) -> Iterator[tuple[Listing, Event]]:
    """The states that an export taken at the end of day `taken` shows.

    That is the state of every listing that ended after `since` and, with `still_open`, of every
    listing then on the market; for some of them an earlier state as well.
    """
    for listing in listings:
        known = [event for event in listing.events if event.when.date() <= taken]
        if not known:
            continue
        ended = known[-1].status in TERMINAL
        if (ended and known[-1].when.date() <= since) or not (ended or still_open):
            continue
        if listing.kind in SINGLE_ROW:
            if ended:
                yield listing, known[-1]
            continue
        if len(known) > 1 and rng.random() < OLD_VERSION_SHARE:
            yield listing, known[int(rng.integers(len(known) - 1))]
        yield listing, known[-1]


def _plant_duplicates(rng: np.random.Generator, tables: list[Table]) -> None:
    """Repeat some lines in their own file, and as many in the mixed refresh."""
    mixed = next(table for table in tables if "mixed" in table.path)
    count = planted_count(DUPLICATE_SHARE / 2, sum(len(table.rows) for table in tables))
    whole = [[row for row in table.rows if len(row.cells) == len(COLUMNS)] for table in tables]
    for copy in range(2 * count):
        source = int(rng.integers(len(tables)))
        row = whole[source][int(rng.integers(len(whole[source])))]
        target = tables[source] if copy % 2 else mixed
        target.rows.insert(int(rng.integers(len(target.rows) + 1)), row)


def _row(listing: Listing, event: Event, home: Any) -> ExportLine:
    closed = event.status in ("Sold", "Leased")
    values = (
        listing.key, listing.number, event.when.isoformat(), event.status,
        _property_type(listing, home), listing.lease, home.dwelling, event.list_price,
        listing.original_price, listing.close_price if closed else None, listing.contract,
        listing.pending if "Pending" in event.status or closed else None,
        listing.close if closed else None, home.sqft,
        None if np.isnan(home.acres) else f"{home.acres:.4f}", home.beds,
        f"{home.full_baths}.{home.half_baths}", home.year_built, home.stories, home.garage,
        home.fireplaces, home.pool, home.waterfront, home.number, home.street, home.unit,
        home.city, home.state, home.zip, home.area, home.subdivision, home.district, home.tax_id,
        f"{home.lat:.6f}", f"{home.lon:.6f}", home.fee or None, listing.remarks, listing.photos,
        listing.conditions, listing.contribution if closed else None, listing.appraisal,
    )  # fmt: skip
    cells = dict(zip(COLUMNS, map(_text, values), strict=True))
    cells |= {name: text for name, text in listing.overrides.items() if cells[name]}
    if listing.kind == "ragged_short":
        del cells["Subdivision"]
    if listing.kind == "ragged_long":  # as if the remarks held an unquoted delimiter
        head, _, tail = cells["RemarksPublic"].partition(" ")
        cut = COLUMNS.index("RemarksPublic")
        whole = list(cells.values())
        return ExportLine(listing.key, (*whole[:cut], head, tail, *whole[cut + 1 :]))
    return ExportLine(listing.key, tuple(cells.values()))


def _property_type(listing: Listing, home: Any) -> str:
    if listing.lease:
        return "Rental"
    return "Single-Family" if home.dwelling == FREE else "Townhouse/Condo"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.strftime("%m/%d/%Y") if isinstance(value, date) else str(value)
