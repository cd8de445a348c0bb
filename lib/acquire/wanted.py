"""Whose photos to fetch: the newest state of each listing against what was fetched before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from lib.acquire.manifest import Entry, latest
from lib.listings.reso import plain

HAVE = ("done", "empty")
VAIN = ("failed", "partial")
RUNS = 3  # that a listing's photos are asked for in vain, until they change


def changed(extra: str | None, headers: Iterable[str]) -> str:
    """When a listing's photos last changed, as the export writes it: the first of `headers` that
    its unclaimed cells (a JSON object, or none) fill; "" where they fill none."""
    cells = {plain(name): cell for name, cell in json.loads(extra or "{}").items()}
    return next((cells[plain(one)] for one in headers if cells.get(plain(one))), "")


def wanted(
    rows: pd.DataFrame, headers: Iterable[str], entries: Iterable[Entry], zips: Iterable[str] = ()
) -> list[Entry]:
    """An entry for each listing in `zips` (none: everywhere) that says it has photos and whose
    photos, as they now are, were not fetched; the most recently modified first. What failed, or
    came in part, in RUNS runs is left alone.

    `rows` are those of exports: domain, listing_key, _stamp, _reason and, where the contract has
    them, listing_id, photos_count, postal_code and _extra. Quarantined rows ask for nothing.
    """
    entries, some = list(entries), set(zips)
    if "photos_count" not in rows:
        return []
    rows = rows[rows["_reason"].isna()].copy()
    rows["count"] = pd.to_numeric(rows["photos_count"], errors="coerce").fillna(0)
    rows["id"] = rows.get("listing_id", pd.NA)
    rows["id"] = rows["id"].fillna(rows["listing_key"]).astype("str").str.strip()
    rows = rows.sort_values(["_stamp", "domain", "id"], ascending=[False, True, True])
    rows = rows.drop_duplicates(["domain", "listing_key"])
    if some and "postal_code" in rows:
        rows = rows[rows["postal_code"].str.strip().str[:5].isin(some)]
    known, names = latest(entries), list(headers)
    vain = Counter(one.key() for one in entries if one.state in VAIN and "ready/" not in one.file)
    out: dict[tuple[str, ...], Entry] = {}
    for row in rows[rows["count"] > 0].to_dict("records"):
        version = changed(row.get("_extra"), names) or f"{int(row['count'])} photos"
        entry = Entry(
            "photos", "started", "", domain=row["domain"], listing_id=row["id"],
            changed=version, expected=int(row["count"]),
        )  # fmt: skip
        before = known.get(entry.key())
        if (before is None or before.state not in HAVE) and vain[entry.key()] < RUNS:
            out.setdefault(entry.key(), entry)  # two keys may have one number at the portal
    return list(out.values())
