"""Words that several stages share: the domains, the columns that name and date a listing, what
photos show, and the feeds with the folders that they lie in."""

from __future__ import annotations

import re
from pathlib import Path

from lib.common.errors import require

DOMAINS = ("sale", "rental")
# of a feature table: carried along for splitting and scoring, never a model input
KEY_COLUMNS = (
    "listing_key",
    "property_key",
    "standard_status",
    "as_of",
    "close_date",
    "close_price",
    "list_price",
)
LINEAGE = ["_source_file", "_source_row", "_file_sha256", "_row_sha256", "_load_ts"]

# RESO StandardStatus of listings that are on the market now
ON_MARKET = ("Active", "Active Under Contract", "Coming Soon", "Pending")
# how far a listing has gone: of two states that no date tells apart the further one is newer.
# Expired and Canceled are two ways to end; whatever was sold or withdrawn, a deletion comes last
STATUS_PROGRESS = {
    "Incomplete": 0,
    "Coming Soon": 1,
    "Active": 2,
    "Active Under Contract": 3,
    "Pending": 4,
    "Hold": 5,
    "Withdrawn": 6,
    "Expired": 7,
    "Canceled": 7,
    "Closed": 8,
    "Delete": 9,
}
# listings whose newest state is in doubt: what is said of each kind that staging counts
NEWEST_STATE_DOUBTS = {
    "nothing": "rows of one listing differ, and neither stamp nor import nor status tells which is "
    "newer; one of them is kept by its hash",
    "file_name": "the newest state goes by the names of files that nobody imported; bring them in "
    "with `make import`, the oldest first",
    "back_on_market": "sold by an earlier import and on the market by a later one, and no stamp "
    "tells which is newer",
    "kept_aside": "on the market, but a quarantined row that is as new may have ended it, so it is "
    "not valued; data/staging/duplicates.csv names that row",
}

PHOTO_ROOMS = ("front", "kitchen", "bath", "bedroom", "living", "pool", "other")
UNKNOWN_ROOM = "unknown"
BY_NAME, BY_LOOKS = "name", "looks"  # what tells a photo's room: its name, or what it looks like

# where things lie in the workspace
RAW = Path("data/raw")  # a folder a feed
RUNS = Path("runs")  # results of `make run`, a folder a feed
FEEDS = Path("configs/feeds")  # contracts, corrections, overrides and the like, a folder a feed
DEMO = "demo"  # the synthetic feed, which the demo stage writes


def check_feed_name(feed: str) -> None:
    """Raise `RemlError` unless `feed` can be the name of a feed, and so of its folders."""
    require(
        re.fullmatch(r"[a-z0-9_]+", feed) is not None,
        f"feed {feed!r}: a feed's name is made of lower-case letters, digits and _",
    )


def feed_folder(feed: str) -> Path:
    """Where the settings of `feed` lie."""
    return FEEDS / feed


def contract_path(feed: str) -> Path:
    """Where the contract of `feed` lies."""
    return feed_folder(feed) / "contract.yaml"
