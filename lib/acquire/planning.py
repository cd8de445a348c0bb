"""What a run of the downloader will ask for, and whose account it uses."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import MutableMapping

from lib.acquire import manifest, pacing, windows
from lib.acquire.settings import Acquisition, Credentials
from lib.acquire.windows import Window
from lib.common.checks import require


def credentials(environment: MutableMapping[str, str], names: Credentials) -> tuple[str, str]:
    """User and password, taken out of the environment: no process started later has them.

    Raises `RemlError` naming the variables that are not set.
    """
    both = names.user, names.password
    found = [environment.pop(name, "") for name in both]
    missing = [name for name, value in zip(both, found, strict=True) if not value]
    require(
        not missing,
        f"{' and '.join(missing)} not set: put your own account into .env (see .env.sample) and "
        "load it with `set -a; . ./.env; set +a`",
    )
    return found[0], found[1]


def days_wanted(
    since: dt.date | None, until: dt.date | None, today: dt.date, listed: list[dt.date] | None
) -> list[dt.date]:
    """The days to ask for: from `since` to `until` (by default yesterday), or where neither is
    given those that gaps.csv has `listed` (None: there is none). No day from `today` on."""
    if since is None and until is None:
        if listed is None:
            require(False, "run `python -m scripts.acquire.gaps` first, or say --since and --until")
        return [day for day in listed or [] if day < today]
    last = until or today - windows.DAY
    first = since or last
    require(first <= last, f"--since {first} lies after --until {last}")
    require(last < today, f"--until {last}: that day is not over; --today fetches it so far")
    return [first + windows.DAY * n for n in range((last - first).days + 1)]


def plan(
    days: list[dt.date],
    today: dt.date | None,
    entries: list[manifest.Entry],
    config: Acquisition,
) -> list[Window]:
    """The windows of the days that no run has fetched, and of `today` so far."""
    zips = tuple(config.portal.zips)
    over = {day for day, state in manifest.asked(entries, zips).items() if state == "done"}
    left = [day for day in days if day not in over]
    searched = manifest.searched(entries)
    todo = windows.windows(left, zips, config.limits.window_days, searched)
    return [*todo, *([Window(today, today, zips, True)] if today else [])]


def told(todo: list[Window], photos: int, config: Acquisition) -> str:
    """What a run would ask for, in words; `photos` is the number of listings whose photos are
    known to be wanted."""
    limits = config.limits
    some = min(photos, limits.photo_listings_per_run)
    least = (4 * len(todo) + 2 * some) * max(config.pace.seconds, pacing.FLOOR) / 60
    return "\n".join(
        [
            *(f"would search {window}" for window in todo),
            f"{len(todo)} searches, more where one finds over {limits.listings_per_search:,} "
            f"listings; at most {limits.listings_per_run:,} listings a run; photos of {some:,} "
            f"listings known now, and of those that come; at least {math.ceil(least)} min. "
            "Nothing was asked.",
        ]
    )
