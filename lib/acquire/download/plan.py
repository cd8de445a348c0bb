"""What a run of the downloader will ask for: days, photos, and whose account it uses."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Iterable, MutableMapping

import pandas as pd

from lib.acquire.download import manifest
from lib.acquire.download.manifest import ManifestEntry, latest_entries
from lib.acquire.portal import rate_limit
from lib.acquire.portal.settings import Acquisition, CredentialNames
from lib.acquire.portal.windows import DAY, Window, days_to_windows
from lib.common.errors import require
from lib.listings.contract.reso import fold_header


def take_credentials(
    environment: MutableMapping[str, str], names: CredentialNames
) -> tuple[str, str]:
    """User and password, taken out of the environment: no process started later has them.

    Raises `RemlError` naming the variables that are not set.
    """
    both = names.user, names.password
    values = [environment.pop(name, "") for name in both]
    missing = [name for name, value in zip(both, values, strict=True) if not value]
    require(
        not missing,
        f"{' and '.join(missing)} not set: put your own account into .env (see .env.sample) and "
        "load it with `set -a; . ./.env; set +a`",
    )
    return values[0], values[1]


def days_wanted(
    since: dt.date | None, until: dt.date | None, today: dt.date, listed: list[dt.date] | None
) -> list[dt.date]:
    """The days to ask for: from `since` to `until` (by default yesterday), or where neither is
    given those that gaps.csv has `listed` (None: there is none). No day from `today` on."""
    if since is None and until is None:
        if listed is None:
            require(False, "run `python -m scripts.acquire.gaps` first, or say --since and --until")
        return [day for day in listed or [] if day < today]
    last = until or today - DAY
    first = since or last
    require(first <= last, f"--since {first} lies after --until {last}")
    require(last < today, f"--until {last}: that day is not over; --today fetches it so far")
    return [first + DAY * n for n in range((last - first).days + 1)]


def plan_windows(
    days: list[dt.date],
    today: dt.date | None,
    entries: list[manifest.ManifestEntry],
    config: Acquisition,
) -> list[Window]:
    """The windows of the days that no run has fetched, and of `today` so far."""
    zips = tuple(config.portal.zips)
    over = {day for day, state in manifest.day_states(entries, zips).items() if state == "done"}
    left = [day for day in days if day not in over]
    searched = manifest.searched_zips(entries)
    todo = days_to_windows(left, zips, config.limits.window_days, searched)
    return [*todo, *([Window(today, today, zips, True)] if today else [])]


def describe_plan(todo: list[Window], photos: int, config: Acquisition) -> str:
    """What a run would ask for, in words; `photos` is the number of listings whose photos are
    known to be wanted."""
    limits = config.limits
    albums = min(photos, limits.photo_listings_per_run)
    least = (4 * len(todo) + 2 * albums) * max(config.pace.seconds, rate_limit.FLOOR) / 60
    return "\n".join(
        [
            *(f"would search {window}" for window in todo),
            f"{len(todo)} searches, more where one finds over {limits.listings_per_search:,} "
            f"listings; at most {limits.listings_per_run:,} listings a run; photos of {albums:,} "
            f"listings known now, and of those that come; at least {math.ceil(least)} min. "
            "Nothing was asked.",
        ]
    )


HAVE = ("done", "empty")
VAIN = ("failed", "partial")
RUNS = 3  # in which a listing's photos are asked for without success, until they change


def photos_changed_at(extra: str | None, headers: Iterable[str]) -> str:
    """When a listing's photos last changed, as the export writes it: the first of `headers` that
    its unclaimed cells (a JSON object, or none) fill; "" where they fill none.
    """
    cells = {fold_header(name): cell for name, cell in json.loads(extra or "{}").items()}
    return next((cells[fold_header(one)] for one in headers if cells.get(fold_header(one))), "")


def photos_to_fetch(
    rows: pd.DataFrame,
    headers: Iterable[str],
    entries: Iterable[ManifestEntry],
    zips: Iterable[str] = (),
) -> list[ManifestEntry]:
    """List the listings whose photos, as they now are, were not fetched.

    Parameters
    ----------
    rows
        (n, columns) of exports: `domain`, `listing_key`, `_stamp`, `_reason` and, where the
        contract has them, `listing_id`, `photos_count`, `postal_code` and `_extra`. Quarantined
        rows ask for nothing.
    headers
        Of the export, which say when photos changed.
    entries
        The manifest so far.
    zips
        ZIP codes to restrict to; none: everywhere.

    Returns
    -------
    An entry for each listing that says it has photos, the most recently modified first. What
    failed, or came in part, in RUNS runs is left out.
    """
    entries, area = list(entries), set(zips)
    if "photos_count" not in rows:
        return []
    rows = rows[rows["_reason"].isna()].copy()
    rows["count"] = pd.to_numeric(rows["photos_count"], errors="coerce").fillna(0)
    rows["id"] = rows.get("listing_id", pd.NA)
    rows["id"] = rows["id"].fillna(rows["listing_key"]).astype("str").str.strip()
    rows = rows.sort_values(["_stamp", "domain", "id"], ascending=[False, True, True])
    rows = rows.drop_duplicates(["domain", "listing_key"])
    if area and "postal_code" in rows:
        rows = rows[rows["postal_code"].str.strip().str[:5].isin(area)]
    latest, names = latest_entries(entries), list(headers)
    vain = Counter(one.key() for one in entries if one.state in VAIN and "ready/" not in one.file)
    out: dict[tuple[str, ...], ManifestEntry] = {}
    for row in rows[rows["count"] > 0].to_dict("records"):
        version = photos_changed_at(row.get("_extra"), names) or f"{int(row['count'])} photos"
        entry = ManifestEntry(
            "photos", "started", "", domain=row["domain"], listing_id=row["id"],
            changed=version, expected=int(row["count"]),
        )  # fmt: skip
        before = latest.get(entry.key())
        if (before is None or before.state not in HAVE) and vain[entry.key()] < RUNS:
            out.setdefault(entry.key(), entry)  # two keys may have one number at the portal
    return list(out.values())
