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

from lib.acquire.download import manifest
from lib.acquire.download.manifest import (
    ManifestEntry,
    describe_entry,
    photo_file_stem,
    window_file_stem,
)
from lib.acquire.portal import rate_limit
from lib.acquire.portal.errors import RetryError, RetryLaterError
from lib.acquire.portal.portal import Portal
from lib.acquire.portal.settings import Acquisition
from lib.acquire.portal.windows import Window
from lib.common import io


@dataclass(frozen=True)
class RunTools:
    """What a run is handed: the clock, the sleep, chance, a place for what went wrong, and what
    judges an export."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    rng: random.Random
    save_failed_page: Callable[[str], None]  # name of what failed -> a picture of the page is kept
    export_fault: Callable[[Path, int, Window], str]
    zip_fault: Callable[[Path, int], str]


@dataclass
class DownloadRun:
    """A run in `folder` (manifest.jsonl, listings/, photos/)."""

    folder: Path
    settings: Acquisition
    tools: RunTools
    portal: Portal
    listings_today: int = 0  # listings that runs of this day transferred before
    photos_today: int = 0  # listings whose photos they fetched
    fetched: int = 0  # listings so far
    spent: int = 0  # listings so far, those of tries that failed too
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def entries(self) -> list[ManifestEntry]:
        """The manifest so far."""
        return manifest.read_manifest(self.folder / manifest.NAME)

    def note_entry(self, entry: ManifestEntry, **changes: object) -> ManifestEntry:
        """Add an entry to the manifest as it is now."""
        at = self.tools.now().astimezone(dt.UTC).isoformat(timespec="seconds")
        entry = replace(entry, at=at, **changes)  # type: ignore[arg-type]
        manifest.add_entries(self.folder / manifest.NAME, entry)
        return entry

    def try_fetch(
        self, entry: ManifestEntry, fetch: Callable[[ManifestEntry], ManifestEntry]
    ) -> ManifestEntry:
        """What `fetch` ends in, tried as often as `pace.attempts` says. Raises `RetryLaterError`
        where the portal asks for a wait longer than `pace.most`."""
        pace, name, before = self.settings.pace, describe_entry(entry), self.spent
        for attempt in range(1, pace.attempts + 1):
            entry = replace(entry, attempts=attempt)
            try:
                return fetch(entry)
            except RetryError as error:
                reason, after = self.portal.redact(error.reason), error.after
            except self.portal.error as error:  # such as a selector that the page does not have
                reason, after = self.portal.redact.error(error), None
            self.tools.save_failed_page(name)
            failed = {"state": "failed", "reason": reason, "spent": self.spent - before}
            try:
                self.portal.renew()
            except self.portal.error:
                self.note_entry(entry, **failed)
                raise RetryLaterError(
                    f"{name}: {reason}; the browser has gone: run it again"
                ) from None
            wait = rate_limit.retry_after_seconds(after, self.tools.now())
            if wait is not None and wait > pace.most:
                self.note_entry(entry, **failed)
                raise RetryLaterError(
                    f"{reason}, and asks to wait {wait:.0f} s: run it again later"
                )
            if attempt < pace.attempts:
                self.tools.sleep(rate_limit.backoff_seconds(pace, attempt, wait, self.tools.rng))
            elif wait is not None:
                self.tools.sleep(wait)  # what comes next has to wait as well
        self.failed.append(f"{name}: {reason} ({pace.attempts} tries)")
        return self.note_entry(entry, **failed)

    def keep_file(
        self, part: Path, entry: ManifestEntry, name: str, fault: str, **changes: object
    ) -> ManifestEntry:
        """The file under its own name, noted; raises `RetryError` where something is wrong."""
        if fault:
            part.unlink(missing_ok=True)
            raise RetryError(fault)
        sha256, size = io.file_sha256(part), part.stat().st_size
        final = part.with_name(name.format(sha=sha256[:8]))
        part.replace(final)
        file = final.relative_to(self.folder).as_posix()
        return self.note_entry(entry, sha256=sha256, bytes=size, file=file, **changes)

    def count_room(self) -> int:
        """How many listings may still be fetched, in this run and on this day."""
        limits = self.settings.limits
        return min(
            limits.listings_per_run - self.spent,
            limits.listings_per_day - self.listings_today - self.spent,
        )

    def fetch_windows(self, todo: list[Window], advance: Callable[[Window], None]) -> None:
        """Fetch windows in order. One that holds more than a search may show, or more than there is
        room for, is cut in halves; once a single day does not fit, it and the rest are left."""
        queue, why = list(todo), "not reached"
        limits = self.settings.limits
        most = min(limits.listings_per_search, limits.listings_per_run, limits.listings_per_day)
        try:
            while queue:
                if self.count_room() <= 0:
                    why = "no room under the caps"
                    break
                too_many, halves = self.fetch_window(queue[0]), queue[0].halves()
                if too_many is None:
                    advance(queue.pop(0))
                elif halves:
                    queue[:1] = halves
                elif too_many <= most:
                    why = "no room under the caps"
                    break
                else:
                    self.failed.append(
                        f"{queue[0]}: {too_many:,} listings, and {most:,} are the most that the "
                        "limits allow; list the ZIP codes of your area in portal.zips, so that "
                        "the day can be cut by ZIP"
                    )
                    advance(queue.pop(0))
        finally:
            self.left += [f"{one}: {why}" for one in queue]

    def fetch_window(self, window: Window) -> int | None:
        """Fetch one window: None when it is done with, or the number of listings that is too
        many."""
        too_many: list[int] = []
        before = self.spent

        def fetch(entry: ManifestEntry) -> ManifestEntry:
            # an empty window is not asked for again: the portal has to say twice that it is empty
            found = self.portal.search(window) or self.portal.search(window)
            if found > min(self.count_room(), self.settings.limits.listings_per_search):
                too_many.append(found)
                return entry
            if not found:
                # today may still bring something
                return self.note_entry(entry, state="partial" if window.partial else "empty")
            entry = self.note_entry(entry, state="started", expected=found)
            part = self.folder / "listings" / f".{window_file_stem(window)}.part"
            self.portal.export(part)
            self.spent += found
            fault = self.tools.export_fault(part, found, window)
            state = "partial" if window.partial else "done"
            return self.keep_file(
                part, entry, f"{window_file_stem(window)}_{{sha}}.csv", fault, state=state,
                count=found, spent=self.spent - before,
            )  # fmt: skip

        since, until = window.since.isoformat(), window.until.isoformat()
        first = ManifestEntry("listings", "started", "", since=since, until=until, zips=window.zips)
        self.fetched += self.try_fetch(first, fetch).count
        return too_many[-1] if too_many else None

    def fetch_photos(
        self, wanted: list[ManifestEntry], advance: Callable[[ManifestEntry], None]
    ) -> None:
        """Fetch the photos of listings, as many listings as a run and a day may."""
        limits, queue, why = self.settings.limits, list(wanted), "not reached"
        most = min(limits.photo_listings_per_run, limits.photo_listings_per_day - self.photos_today)
        try:
            while queue:
                if len(wanted) - len(queue) >= most:
                    why = "no room under the caps"
                    break
                self.try_fetch(queue[0], self.fetch_album)
                advance(queue.pop(0))
        finally:
            self.left += [f"{describe_entry(one)}: {why}" for one in queue]

    def fetch_album(self, entry: ManifestEntry) -> ManifestEntry:
        """Fetch one listing's photos. Fewer than the export says are taken at the last try alone:
        the page may not have been whole before. They are partial and named."""
        cap = self.settings.limits.photos_per_listing
        last = entry.attempts == self.settings.pace.attempts
        entry = self.note_entry(entry, state="started")
        part = self.folder / "photos" / f".{photo_file_stem(entry)}.part"
        has, requested = self.portal.photos(
            entry.listing_id, cap, 0 if last else entry.expected, part
        )
        most = max(has, entry.expected)
        counts: dict[str, object] = {
            "expected": most,
            "count": requested,
            "capped": has - requested,
        }
        if has < entry.expected:
            reason = f"the page shows {has} and the export says {entry.expected}"
            self.failed.append(f"{describe_entry(entry)}: {reason}")
            counts |= {"state": "partial" if has else "failed", "reason": reason}
        if not has:
            return self.note_entry(entry, **{"state": "empty", **counts})
        fault = self.tools.zip_fault(part, requested)
        return self.keep_file(
            part, entry, f"{photo_file_stem(entry)}.zip", fault, **{"state": "done", **counts}
        )
