"""One run of the downloader: each window and each listing's photos fetched, checked, kept, noted.

What arrives is written to a `.part`, checked, and only then gets its name; its line in the manifest
follows. A run that is killed in between finds the file at its next start and checks it again.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lib.acquire import manifest, pacing
from lib.acquire.manifest import Entry
from lib.acquire.portal import AgainError, LaterError, Portal
from lib.acquire.settings import Acquisition
from lib.acquire.windows import Window
from lib.common import cache

Check = Callable[[Path], str]  # a file -> what is wrong with it, or ""


@dataclass(frozen=True)
class Tools:
    """What a run is handed: the clock, the sleep, chance, a place for what went wrong, and what
    judges an export."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    rng: random.Random
    keep_failure: Callable[[str], None]  # name of what failed -> a picture of the page is kept
    export_fault: Callable[[Path, int, Window], str]
    zip_fault: Callable[[Path, int], str]


@dataclass
class Run:
    """A run in `folder` (manifest.jsonl, listings/, photos/)."""

    folder: Path
    settings: Acquisition
    tools: Tools
    portal: Portal
    fetched: int = 0  # listings so far
    today: int = 0  # listings that runs of this day fetched before
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        """The manifest so far."""
        return manifest.read(self.folder / "manifest.jsonl")

    def note(self, entry: Entry, **changes: object) -> Entry:
        """Add an entry to the manifest as it is now."""
        at = self.tools.now().astimezone(dt.UTC).isoformat(timespec="seconds")
        entry = replace(entry, at=at, **changes)  # type: ignore[arg-type]
        manifest.add(self.folder / "manifest.jsonl", entry)
        return entry

    def tried(self, entry: Entry, fetch: Callable[[Entry], Entry]) -> Entry:
        """What `fetch` ends in, tried as often as `pace.attempts` says. Raises `LaterError` where
        the portal asks for a wait longer than `pace.most`."""
        pace, name = self.settings.pace, describe(entry)
        for attempt in range(1, pace.attempts + 1):
            entry = replace(entry, attempts=attempt)
            try:
                return fetch(entry)
            except AgainError as error:
                reason, after = error.reason, error.after
            except self.portal.error as error:  # such as a selector that the page does not have
                reason, after = self.portal.say(error), None
            self.tools.keep_failure(name)
            self.portal.renew()
            asked = pacing.retry_after(after, self.tools.now())
            if asked is not None and asked > pace.most:
                self.note(entry, state="failed", reason=f"{reason}, and to wait {asked:.0f} s")
                raise LaterError(f"{reason}, and asks to wait {asked:.0f} s: run it again later")
            if attempt < pace.attempts:
                self.tools.sleep(pacing.backoff(pace, attempt, asked, self.tools.rng))
        self.failed.append(f"{name}: {reason} ({pace.attempts} tries)")
        return self.note(entry, state="failed", reason=reason)

    def kept(self, part: Path, entry: Entry, name: str, fault: str, **changes: object) -> Entry:
        """The file under its own name, noted; raises `AgainError` where something is wrong."""
        if fault:
            part.unlink(missing_ok=True)
            raise AgainError(fault)
        sha256, size = cache.file_sha256(part), part.stat().st_size
        final = part.with_name(name.format(sha=sha256[:8]))
        part.replace(final)
        file = final.relative_to(self.folder).as_posix()
        return self.note(entry, sha256=sha256, bytes=size, file=file, **changes)

    def room(self) -> int:
        """How many listings may still be fetched, in this run and on this day."""
        limits = self.settings.limits
        return min(
            limits.listings_per_run - self.fetched,
            limits.listings_per_day - self.today - self.fetched,
        )

    def windows(self, todo: list[Window], advance: Callable[[Window], None]) -> None:
        """Fetch windows in order. One that holds more than a search may show, or more than there is
        room for, is cut in halves; once a single day does not fit, it and the rest are left."""
        queue = list(todo)
        while queue:
            window = queue.pop(0)
            if self.room() <= 0:
                queue.insert(0, window)
                break
            found = self.window(window)
            if found is None:
                advance(window)
                continue
            if halves := window.halves():
                queue = halves + queue
            elif found <= self.settings.limits.listings_per_search:
                queue.insert(0, window)
                break
            else:
                advance(window)
                self.failed.append(
                    f"{window}: {found:,} listings, more than one search shows; list the ZIP codes "
                    "of your area in portal.zips, so that the day can be cut by ZIP"
                )
        self.left += [f"{one}: no room under the caps" for one in queue]

    def window(self, window: Window) -> int | None:
        """Fetch one window: None when it is done with, or the number of listings that is too
        many."""
        most = min(self.room(), self.settings.limits.listings_per_search)
        too_many: list[int] = []

        def fetch(entry: Entry) -> Entry:
            # what is called empty is not asked for again: the portal has to say so twice
            found = self.portal.search(window) or self.portal.search(window)
            if found > most:
                too_many.append(found)
                return entry
            if not found:
                # today may still bring something
                return self.note(entry, state="partial" if window.partial else "empty")
            entry = self.note(entry, state="started", expected=found)
            part = self.folder / "listings" / f".{stem(window)}.part"
            self.portal.export(part)
            fault = self.tools.export_fault(part, found, window)
            state = "partial" if window.partial else "done"
            return self.kept(
                part, entry, f"{stem(window)}_{{sha}}.csv", fault, state=state, found=found
            )

        since, until = window.since.isoformat(), window.until.isoformat()
        first = Entry("listings", "started", "", since=since, until=until, zips=window.zips)
        self.fetched += self.tried(first, fetch).found
        return too_many[-1] if too_many else None

    def photos(self, wanted: list[Entry], advance: Callable[[Entry], None]) -> None:
        """Fetch the photos of listings, as many listings as a run may."""
        most = self.settings.limits.photo_listings_per_run
        cap = self.settings.limits.photos_per_listing
        for first in wanted[:most]:

            def fetch(entry: Entry) -> Entry:
                entry = self.note(entry, state="started")
                part = self.folder / "photos" / f".{photo_stem(entry)}.part"
                has, asked = self.portal.photos(entry.listing_id, cap, part)
                counts = {"expected": has, "found": asked, "capped": has - asked}
                if not has:
                    return self.note(entry, state="empty", **counts)
                fault = self.tools.zip_fault(part, asked)
                return self.kept(
                    part, entry, f"{photo_stem(entry)}.zip", fault, state="done", **counts
                )

            self.tried(first, fetch)
            advance(first)
        self.left += [f"{describe(one)}: no room under the caps" for one in wanted[most:]]


def stem(window: Window) -> str:
    """The start of the name of a window's file."""
    name = f"{window.since}_{window.until}"
    if window.zips:
        name += f"_zips_{cache.key_of(*window.zips)[:8]}"
    return f"{name}_so_far" if window.partial else name


def photo_stem(entry: Entry) -> str:
    """The name of a listing's zip of photos: letters and digits of its id, and what it is of."""
    plain = "".join(
        letter if letter.isalnum() and letter.isascii() else "_" for letter in entry.listing_id
    )
    return f"{plain}_{cache.key_of(entry.domain, entry.listing_id, entry.changed)[:12]}"


def describe(entry: Entry) -> str:
    """What an entry is about, in words."""
    if entry.kind == "photos":
        return f"photos of {entry.listing_id}"
    zips = f" in {len(entry.zips)} ZIP(s) from {entry.zips[0]}" if entry.zips else ""
    return f"listings of {entry.since} to {entry.until}{zips}"
