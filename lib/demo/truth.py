"""What only the maker of the feed knows, for tests: `truth.json`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from lib.demo.bundles import Photo
from lib.demo.export import Table, duplicate_records, lines_by_listing
from lib.demo.faults import LEAKS, Fault
from lib.demo.listings import Listing
from lib.demo.market import EFFECTS, Market


# parameters: one for each kind of thing that the feed is made of
def truth_records(
    arguments: dict[str, Any],
    today: str,
    market: Market,
    homes: pd.DataFrame,
    listings: list[Listing],
    faults: list[Fault],
    tables: list[Table],
    photos: list[Photo],
) -> dict[str, Any]:
    """Everything hidden, as values that JSON knows (but for tuples).

    `counts`, `market` (log effects and monthly log levels) and one record each for `homes`
    (quality), `listings` (true value in dollars, monthly for leases), `photos` (quality shown)
    and `faults` (kind, effect, and where: file with data row, or bundle with entry).

    Parameters
    ----------
    arguments
        Those that `generate_feed` was called with.
    today
        Last day of the feed, in ISO form.
    market
        Its levels by month.
    homes
        As `draw_homes` returns them.
    listings, faults, tables, photos
        What was made of them.

    Returns
    -------
    dict
        The content of truth.json.
    """
    places = lines_by_listing(tables)
    kinds = Counter((one.kind, one.lease) for one in listings)
    planted = [_fault(fault, places) for fault in faults] + duplicate_records(tables)
    planted += [_photo_fault(photo) for photo in photos if photo.gps or photo.shared_from]
    return {
        "synthetic": True,
        "arguments": arguments,
        "today": today,
        "counts": {
            "closed_sales": kinds["good", False],
            "closed_rentals": kinds["good", True],
            "actives": kinds["open", False] + kinds["open", True],
            "actives_for_sale": kinds["open", False],
            "actives_for_lease": kinds["open", True],
            "failed": kinds["failed", False],
            "odd_sales": sum(n for (kind, _), n in kinds.items() if kind not in _PLAIN),
            "homes": len(homes),
            "rows": {table.path: len(table.rows) for table in tables},
            "photos": len(photos),
            "faults": dict(sorted(Counter(one["kind"] for one in planted).items())),
        },
        "market": {
            "effects": EFFECTS,
            "month_starts": [day.isoformat() for day in market.starts],
            "sale_log_level": [round(float(x), 6) for x in market.sale_level],
            "rent_log_level": [round(float(x), 6) for x in market.rent_level],
        },
        "leak_columns": list(LEAKS),
        "homes": _homes(homes),
        "listings": [_listing(one) for one in listings],
        "photos": [_photo(photo) for photo in photos],
        "faults": planted,
    }


_PLAIN = ("good", "open", "failed")


def _homes(homes: pd.DataFrame) -> list[dict[str, Any]]:
    columns = homes[["zip", "quality", "place", "x", "y"]].round(6)
    return columns.rename_axis("home").reset_index().to_dict("records")


def _listing(one: Listing) -> dict[str, Any]:
    return {
        "matrix_unique_id": one.key,
        "mls_number": one.number,
        "home": one.home,
        "domain": "rental" if one.lease else "sale",
        "kind": one.kind,
        "status": one.final.status,
        "true_value": round(float(one.worth), 2),
        "close_price": one.close_price,
        "close_date": one.close.isoformat() if one.close else None,
    }


def _photo(photo: Photo) -> dict[str, Any]:
    return {
        "bundle": photo.bundle,
        "entry": photo.entry,
        "matrix_unique_id": photo.key,
        "home": photo.home,
        "kind": photo.kind,
        "quality": photo.shown,
    }


def _photo_fault(photo: Photo) -> dict[str, Any]:
    where = {"matrix_unique_id": photo.key, "bundle": photo.bundle, "entry": photo.entry}
    if photo.shared_from:
        return {"kind": "shared_photo", "effect": "note", **where, "same_as": photo.shared_from}
    return {"kind": "photo_gps", "effect": "mend", **where, "gps": photo.gps}


def _fault(fault: Fault, places: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "effect": fault.effect,
        "matrix_unique_id": fault.key,
        "column": fault.column,
        "written": fault.written,
        "right": fault.right,
        "rows": places[fault.key],
    }
