"""What files and messages call a window or a listing's photos."""

from __future__ import annotations

from lib.acquire.bundles import plain_name
from lib.acquire.manifest import Entry
from lib.acquire.windows import Window
from lib.common import cache


def stem(window: Window) -> str:
    """The start of the name of a window's file."""
    name = f"{window.since}_{window.until}"
    if window.zips:
        name += f"_zips_{cache.key_of(*window.zips)[:8]}"
    return f"{name}_so_far" if window.partial else name


def photo_stem(entry: Entry) -> str:
    """The name of a listing's zip of photos: letters and digits of its id, and what it is of."""
    key = cache.key_of(entry.domain, entry.listing_id, entry.changed)
    return f"{plain_name(entry.listing_id)}_{key[:12]}"


def describe(entry: Entry) -> str:
    """What an entry is about, in words."""
    if entry.kind == "photos":
        return f"photos of {entry.listing_id}"
    zips = f" in {len(entry.zips)} ZIP(s) from {entry.zips[0]}" if entry.zips else ""
    return f"listings of {entry.since} to {entry.until}{zips}"
