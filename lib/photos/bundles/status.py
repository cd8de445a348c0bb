"""Status of each listing's photos, and counts of what came in bundles and what became of it.

From `photos_count` (what the listing says it has) and the distinct photos found: `complete` found
>= expected > 0; `partial` 0 < found < expected; `missing` expected > 0 and no entry came;
`no_images` none expected (or none said) and no entry came; `failed` entries came and none could be
used. Where `photos_count` is unknown or 0, any photo makes it `complete`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib.photos.bundles.album import Albums, Bundle, album_key
from lib.photos.bundles.permissions import LOST

STATUSES = ("complete", "partial", "missing", "no_images", "failed")


def listing_statuses(listings: pd.DataFrame, albums: Albums) -> pd.DataFrame:
    """Status of the photos of each staged listing.

    Parameters
    ----------
    listings
        (n, columns) with `domain`, `listing_key` and, if the feed has it, `photos_count`.
    albums
        What came.

    Returns
    -------
    (n, 5) `domain`, `listing_key`, `photos_count` (expected, Int64; missing where the feed says
    none), `photos_found` (distinct) and `status`.
    """
    found = Counter(album_key(photo) for photo in albums.photos)
    table = listings[["domain", "listing_key"]].astype("str").copy()
    stated = listings.get("photos_count", np.nan)
    expected = pd.to_numeric(pd.Series(stated, index=listings.index), errors="coerce")
    expected = expected.where((expected >= 0) & (expected % 1 == 0)).astype("float64")
    names = [(d, k.strip()) for d, k in zip(table["domain"], table["listing_key"], strict=True)]
    got = np.array([found[name] for name in names], dtype="int64")
    came = np.array([name in albums.came for name in names], dtype=bool)
    wanted = expected.fillna(0).to_numpy()
    table["photos_count"] = expected.astype("Int64")
    table["photos_found"] = got
    table["status"] = np.select(
        [(got > 0) & (got >= wanted), got > 0, came, wanted > 0],
        ["complete", "partial", "failed", "missing"],
        "no_images",
    ).astype("str") if len(table) else pd.Series(dtype="str")  # fmt: skip
    return table


UNMATCHED_SHOWN = 50  # ids that no listing has, in the summary; the manifest has all
NAMES_SHOWN = 20  # names of what is not read, by kind


def count_photos(albums: Albums, bundles: list[Bundle], table: pd.DataFrame) -> dict[str, Any]:
    """Count what came and what became of it: photos, listings and rejections.

    Parameters
    ----------
    albums
        What came.
    bundles
        The bundles and manifests it came in.
    table
        (n, 5) as `listing_statuses` gives it.

    Returns
    -------
    Counts by name, as in metrics/photos.json.
    """
    entries = sum(bundle.index["entries"] for bundle in bundles)
    manifests = sum(len(bundle.index["manifests"]) for bundle in bundles)
    refused = [
        line
        for line in albums.rejected
        if line["entry"] is not None and line["reason"] not in ("manifest", LOST)
    ]
    assert entries == len(albums.photos) + len(refused) + manifests
    strangers = {album_key(one) for one in albums.photos if one["listing_key"] is None}
    return {
        "bundles": len(bundles),
        "entries": entries,
        "photos": len(albums.photos),
        "rejected": len(albums.rejected),
        "manifests": manifests,
        "withheld_without_photo": sum(line["reason"] == LOST for line in albums.rejected),
        "unmatched_photos": sum(one["listing_key"] is None for one in albums.photos),
        "unmatched_ids": len(strangers),
        "had_exif": sum(one["had_exif"] for one in albums.photos),
        "had_gps": sum(one["had_gps"] for one in albums.photos),
        "distinct_photos": len({one["sha1"] for one in albums.photos}),
        "reasons": dict(sorted(Counter(line["reason"] for line in albums.rejected).items())),
        "listings": {
            domain: {name: int((some["status"] == name).sum()) for name in STATUSES}
            for domain, some in table.groupby("domain")
        },
    }


def list_unread_files(others: dict[str, list[Path]], raw: Path) -> dict[str, Any]:
    """List files in the folders of images that are not read: number and first names by kind."""
    return {
        kind: {
            "files": len(paths),
            "names": [path.relative_to(raw).as_posix() for path in paths[:NAMES_SHOWN]],
        }
        for kind, paths in sorted(others.items())
    }


def summarize_bundles(albums: Albums, bundles: list[Bundle]) -> dict[str, Any]:
    """Summarize what the counts leave out: figures of each bundle, formats, ids that no listing
    has.
    """
    used = Counter(one["bundle"] for one in albums.photos)
    refused = Counter(line["bundle"] for line in albums.rejected)
    strangers = Counter(
        "{}/{}".format(*album_key(one)).replace("?", "")
        for one in albums.photos
        if one["listing_key"] is None
    )
    return {
        "bytes": sum(one["bytes"] for one in albums.photos),
        "formats": dict(sorted(Counter(one["format"] for one in albums.photos).items())),
        "unmatched": dict(sorted(strangers.items())[:UNMATCHED_SHOWN]),
        "by_bundle": {
            bundle.name: {
                "entries": bundle.index["entries"],
                "photos": used[bundle.name],
                "rejected": refused[bundle.name],
            }
            for bundle in bundles
        },
    }
