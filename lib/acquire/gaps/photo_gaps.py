"""Which photos of which listings have come, and where and when they are missing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lib.acquire.download.manifest import ManifestEntry

STATUSES = ("complete", "partial", "failed", "no_images")


def fetched_photos(entries: Iterable[ManifestEntry]) -> pd.DataFrame:
    """Photos that were fetched of each listing, by the last entry about them.

    Parameters
    ----------
    entries
        The manifest, in order. One that only says that a fetch has started says nothing of photos.

    Returns
    -------
    (n, 4) `domain`, `listing_id`, `found`, `capped`, in the manifest's order.
    """
    last = {
        (entry.domain, entry.listing_id): (entry.count, entry.capped)
        for entry in entries
        if entry.kind == "photos" and entry.state != "started"
    }
    rows = [(*who, *counts) for who, counts in last.items()]
    kinds = {"domain": "str", "listing_id": "str", "found": "int64", "capped": "int64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def usable_photos(pipeline: pd.DataFrame, rows: pd.DataFrame, had: pd.DataFrame) -> pd.DataFrame:
    """Replace what was fetched by what the pipeline could use.

    Parameters
    ----------
    pipeline
        (k, columns) data/photos/listing_photos.parquet: `domain`, `listing_key`, `photos_found`.
    rows
        (m, 7) of `find_modified_days`, which tell each key's listing_id.
    had
        (n, 4) of `fetched_photos`.

    Returns
    -------
    `had` with `found` as the pipeline counted it: the distinct photos that could be used. Listings
    that the pipeline does not have keep what `had` says.
    """
    who = ["domain", "listing_id"]
    named = rows.loc[rows["newest"], ["domain", "listing_key", "listing_id"]]
    counted = pipeline[["domain", "listing_key", "photos_found"]].merge(
        named, on=["domain", "listing_key"]
    )
    ours = counted.groupby(who)["photos_found"].sum().astype("int64")
    both = had.set_index(who).reindex(ours.index.union(pd.MultiIndex.from_frame(had[who])))
    both["found"] = ours.reindex(both.index).fillna(both["found"])
    return both.fillna(0).astype({"found": "int64", "capped": "int64"}).reset_index()


def photo_statuses(rows: pd.DataFrame, had: pd.DataFrame) -> pd.DataFrame:
    """Status of the photos of each listing.

    `complete` where photos came and none is missing, also where their number was not known;
    `partial` where some came; `failed` where none came of those expected; `no_images` where none
    came and none were expected.

    Parameters
    ----------
    rows
        (m, 7) of `find_modified_days`.
    had
        (n, 4) of `fetched_photos`.

    Returns
    -------
    One row a listing, from its newest, by domain and key: `domain`, `listing_key`, `listing_id`,
    `postal_code`, `day`, `expected` (Int64, photos that the listing says it has; missing where it
    does not), `found`, `capped` (left out on purpose), `missing` (expected and neither) and
    `status`.
    """
    names = ["domain", "listing_key", "listing_id", "postal_code", "day"]
    newest = rows[rows["newest"]].sort_values(["domain", "listing_key"], kind="stable")
    table = newest[[*names, "photos_count"]].merge(
        had, on=["domain", "listing_id"], how="left", validate="many_to_one"
    )
    expected = table["photos_count"].fillna(0).astype("int64")
    got = table["found"].fillna(0).astype("int64")
    capped = table["capped"].fillna(0).astype("int64")
    short = (expected - got - capped.where(got > 0, 0)).clip(lower=0)
    status = np.select(
        [(got > 0) & (short == 0), got > 0, expected > 0],
        ["complete", "partial", "failed"],
        "no_images",
    )
    return table[names].assign(
        expected=table["photos_count"].astype("Int64"),
        found=got,
        capped=capped,
        missing=short,
        status=pd.Series(status, index=table.index, dtype="str"),
    )


def missing_by_zip(table: pd.DataFrame) -> pd.DataFrame:
    """Count listings by postal code and day of modification, where photos are missing.

    Parameters
    ----------
    table
        (n, 10) as `photo_statuses` gives it.

    Returns
    -------
    `date`, `postal_code` (empty where there is none), `listings`, how many have each status, and
    `missing` photos; by date and ZIP, listings without a day last.
    """
    marks = {name: (table["status"] == name).astype("int64") for name in STATUSES}
    groups = (
        table[["day", "postal_code", "missing"]]
        .rename(columns={"day": "date"})
        .assign(postal_code=table["postal_code"].fillna(""), listings=1, **marks)
        .groupby(["date", "postal_code"], dropna=False)
        .sum()
        .reset_index()
        .sort_values(["date", "postal_code"], kind="stable", na_position="last")
    )
    short = groups[groups["partial"] + groups["failed"] > 0]
    order = ["date", "postal_code", "listings", *STATUSES, "missing"]
    return short[order].reset_index(drop=True)
