"""What became of each listing's photos.

From `photos_count` (what the listing says it has) and the distinct photos found: `complete` found
>= expected > 0; `partial` 0 < found < expected; `missing` expected > 0 and no entry came;
`no_images` none expected (or none said) and no entry came; `failed` entries came and none could be
used. Where `photos_count` is unknown or 0, any photo makes it `complete`.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from lib.photos.album import Albums, album_of

STATUSES = ("complete", "partial", "missing", "no_images", "failed")


def statuses(listings: pd.DataFrame, albums: Albums) -> pd.DataFrame:
    """One row per staged listing: domain, listing_key, photos_count (expected; missing where the
    feed says none), photos_found (distinct) and status."""
    found = Counter(album_of(photo) for photo in albums.photos)
    table = listings[["domain", "listing_key"]].astype("str").copy()
    said = listings.get("photos_count", np.nan)
    expected = pd.to_numeric(pd.Series(said, index=listings.index), errors="coerce")
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
