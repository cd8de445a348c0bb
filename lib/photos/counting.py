"""What came in bundles and what became of it, in figures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from lib.photos.album import Albums, Bundle, album_of
from lib.photos.status import STATUSES
from lib.photos.withhold import LOST

UNMATCHED_SHOWN = 50  # ids that no listing has, in the summary; the manifest has all
NAMES_SHOWN = 20  # names of what is not read, by kind


def tally(albums: Albums, bundles: list[Bundle], table: pd.DataFrame) -> dict[str, Any]:
    """What came and what became of it: counts of photos, listings and rejections."""
    entries = sum(bundle.index["entries"] for bundle in bundles)
    manifests = sum(len(bundle.index["manifests"]) for bundle in bundles)
    refused = [
        line
        for line in albums.rejected
        if line["entry"] is not None and line["reason"] not in ("manifest", LOST)
    ]
    assert entries == len(albums.photos) + len(refused) + manifests
    strangers = {album_of(one) for one in albums.photos if one["listing_key"] is None}
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


def not_read(others: dict[str, list[Path]], raw: Path) -> dict[str, Any]:
    """What lies in the feed's folders of images and is not read: number and first names by kind."""
    return {
        kind: {
            "files": len(paths),
            "names": [path.relative_to(raw).as_posix() for path in paths[:NAMES_SHOWN]],
        }
        for kind, paths in sorted(others.items())
    }


def summary(albums: Albums, bundles: list[Bundle]) -> dict[str, Any]:
    """What the tally leaves out: figures of each bundle, formats, ids that no listing has."""
    used = Counter(one["bundle"] for one in albums.photos)
    refused = Counter(line["bundle"] for line in albums.rejected)
    strangers = Counter(
        "{}/{}".format(*album_of(one)).replace("?", "")
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
