"""Where things lie in the workspace: raw files of feeds, their settings, runs on them."""

from __future__ import annotations

import re
from pathlib import Path

from lib.common.errors import require

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
