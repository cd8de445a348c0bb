"""What was asked of the portal and what came of it: one JSON object a line, added at the end.

Lines are only ever added, so that a killed run loses at most the line it was writing: a last line
without its newline is not read. Of lines about the same thing the last one counts.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from lib.acquire.portal.windows import Window
from lib.cache.keys import key_of
from lib.common.errors import RemlError

NAME = "manifest.jsonl"  # in the folder of a feed's acquisition
FIELDS = {"found": "count"}  # name in the file -> field, where they differ
State = Literal["started", "done", "partial", "empty", "failed"]


@dataclass(frozen=True)
class ManifestEntry:
    """One thing to fetch and where it stands.

    `kind` "listings": all listings modified from `since` to `until` (both included) in `zips`
    (none: everywhere). `kind` "photos": those of `listing_id` as they were changed at `changed`
    (the export's text; where it has none, the number of photos).

    `state`: started (asked for), done, partial (the last day was not over, or fewer photos came
    than the export says: to be fetched again), empty (the portal says there is nothing), failed
    (`reason` says why). `expected` and `count` are numbers of listings or photos; `capped` photos
    were left out on purpose. `file` is relative to the manifest's folder; photos are in their
    listing's own zip, of which `sha256` and `bytes` are, and later in a bundle.
    """

    kind: Literal["listings", "photos"]
    state: State
    at: str  # ISO 8601, UTC
    since: str = ""
    until: str = ""
    zips: tuple[str, ...] = ()
    domain: str = ""
    listing_id: str = ""
    changed: str = ""
    expected: int = 0
    count: int = 0
    capped: int = 0
    spent: int = 0  # listings that were transferred for it, those of failed tries too
    attempts: int = 0
    sha256: str = ""
    bytes: int = 0
    file: str = ""
    reason: str = ""

    def key(self) -> tuple[str, ...]:
        """What the entry is about."""
        if self.kind == "listings":
            return self.kind, self.since, self.until, *self.zips
        return self.kind, self.domain, self.listing_id, self.changed

    def days(self) -> list[dt.date]:
        """The days of a window; none of photos."""
        if self.kind != "listings":
            return []
        first, last = dt.date.fromisoformat(self.since), dt.date.fromisoformat(self.until)
        return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def read_manifest(path: Path) -> list[ManifestEntry]:
    """The entries of a manifest in order, none where there is no such file.

    Raises `RemlError` naming a line that is none; a last line that a kill cut off is left out.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    entries = []
    for number, line in enumerate(lines[:-1], 1):  # what follows the last newline was cut off
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            fields = {FIELDS.get(name, name): value for name, value in content.items()}
            entries.append(ManifestEntry(**fields | {"zips": tuple(content.get("zips", ()))}))
        except (ValueError, TypeError, AttributeError) as error:
            raise RemlError(
                f"{path}, line {number}: not an entry of this manifest; delete that line; what it "
                "was about may be fetched again"
            ) from error
    return entries


def add_entries(path: Path, *entries: ManifestEntry) -> None:
    """Add entries, in one write; what a kill cut off before goes first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        size = file.tell()
        if size:
            file.seek(max(size - 65536, 0))
            tail = file.read()
            if not tail.endswith(b"\n"):
                file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
        file.write(b"".join(json.dumps(_as_line(one)).encode() + b"\n" for one in entries))


def _as_line(entry: ManifestEntry) -> dict[str, object]:
    written = {field: name for name, field in FIELDS.items()}
    return {written.get(name, name): value for name, value in asdict(entry).items()}


def latest_entries(entries: Iterable[ManifestEntry]) -> dict[tuple[str, ...], ManifestEntry]:
    """The last entry about each thing."""
    return {entry.key(): entry for entry in entries}


def searched_zips(entries: Iterable[ManifestEntry]) -> dict[dt.date, set[str]]:
    """Day -> the ZIP codes in which all listings modified on it were fetched (or the portal said
    that there are none), "" where that was everywhere. The last day of a partial window is left
    out.
    """
    days: dict[dt.date, set[str]] = {}
    for entry in entries:
        if entry.state in ("done", "partial", "empty"):
            for day in entry.days()[: -1 if entry.state == "partial" else None]:
                days.setdefault(day, set()).update(entry.zips or [""])
    return days


def day_states(entries: Iterable[ManifestEntry], zips: Iterable[str] = ()) -> dict[dt.date, str]:
    """State of each day that was asked for in `zips` (none: everywhere): "done" where all listings
    modified on it were fetched or the portal said that there are none, "partial" where they were
    fetched before the day was over, or in some of the ZIP codes alone.
    """
    entries = list(entries)
    days = {
        entry.days()[-1]: "partial"
        for entry in entries
        if entry.kind == "listings" and entry.state == "partial"
    }
    wanted = set(zips) or {""}
    for day, zips_found in searched_zips(entries).items():
        days[day] = "done" if "" in zips_found or wanted <= zips_found else "partial"
    return days


def window_file_stem(window: Window) -> str:
    """The start of the name of a window's file."""
    name = f"{window.since}_{window.until}"
    if window.zips:
        name += f"_zips_{key_of(*window.zips)[:8]}"
    return f"{name}_so_far" if window.partial else name


def photo_file_stem(entry: ManifestEntry) -> str:
    """The name of a listing's zip of photos: letters and digits of its id, and what it is of."""
    key = key_of(entry.domain, entry.listing_id, entry.changed)
    return f"{plain_name(entry.listing_id)}_{key[:12]}"


def describe_entry(entry: ManifestEntry) -> str:
    """What an entry is about, in words."""
    if entry.kind == "photos":
        return f"photos of {entry.listing_id}"
    zips = f" in {len(entry.zips)} ZIP(s) from {entry.zips[0]}" if entry.zips else ""
    return f"listings of {entry.since} to {entry.until}{zips}"


def plain_name(text: str) -> str:
    """A name that is safe in any file system: letters, digits and `-` stay."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_") or "_"
