"""What a download keeps in its folder, data/acq/<feed>/:

manifest.jsonl            what was asked for and what came of it
listings/*.csv            exports, for `make import`
photos/*.zip              photos of single listings, until they are bundled
ready/<domain>/*.zip      bundles of photos, for `make import`
session.json              the portal's cookies, readable by their owner alone
failures/*.png, *.html    what the page looked like, without credentials
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from lib.acquire.download import manifest
from lib.acquire.download.download import DownloadRun
from lib.acquire.download.manifest import (
    ManifestEntry,
    add_entries,
    latest_entries,
    photo_file_stem,
    plain_name,
    window_file_stem,
)
from lib.acquire.portal.portal import Portal
from lib.acquire.portal.settings import is_allowed_address
from lib.acquire.portal.windows import Window
from lib.cache.keys import key_of
from lib.common import io

ACQ = Path("data/acq")
GAPS = "gaps.csv"
SESSION = "session.json"
FAILURES = "failures"
READY = "ready/"
SHOWN = 40  # files of failures that are kept
MOST_ENTRIES = 20_000  # photos of a bundle: what params.yaml lets the photos stage take


def read_days_to_fetch(folder: Path) -> list[dt.date] | None:
    """The days that gaps.csv says to fetch; None where there is no such file."""
    if not (folder / GAPS).is_file():
        return None
    table = pd.read_csv(folder / GAPS, usecols=["date", "fetch"])
    return sorted({dt.date.fromisoformat(day) for day in table.loc[table["fetch"], "date"]})


def count_fetched_on(entries: Iterable[ManifestEntry], day: dt.date) -> tuple[int, int]:
    """(listings that runs transferred on a day (UTC), listings whose photos they fetched)."""
    of_day = [one for one in entries if one.at[:10] == day.isoformat()]
    albums = {one.key() for one in of_day if one.kind == "photos" and one.state == "started"}
    return sum(one.spent for one in of_day), len(albums)


def list_exports(folder: Path, entries: Iterable[ManifestEntry]) -> list[Path]:
    """The exports that the manifest vouches for and that are still there."""
    names = {one.file for one in entries if one.kind == "listings" and one.file}
    return sorted(path for name in names if (path := folder / name).is_file())


def recover_files(
    folder: Path, entries: list[ManifestEntry], fault: Callable[[Path, ManifestEntry], str]
) -> int:
    """Take in what a killed run had checked and named but not noted, and remove its half files,
    bundles that it had not noted and zips that it had bundled; returns how many were taken in.
    `fault` judges a file as it was judged when it came."""
    for part in [*folder.glob("listings/.*.part"), *folder.glob("photos/.*.part")]:
        part.unlink()
    noted, taken = {one.file for one in entries}, 0
    for path in folder.glob("ready/*/*"):
        if path.relative_to(folder).as_posix() not in noted:
            path.unlink()
    for entry in latest_entries(entries).values():
        if entry.file.startswith(READY):
            (folder / "photos" / f"{photo_file_stem(entry)}.zip").unlink(missing_ok=True)
    for entry in latest_entries(entries).values():
        if entry.state != "started":
            continue
        for path in _left_by(folder, entry):
            name = path.relative_to(folder).as_posix()
            if name not in noted and not fault(path, entry):
                found = entry.expected
                if entry.kind == "photos":
                    with zipfile.ZipFile(path) as photos:
                        found = len(photos.namelist())
                add_entries(
                    folder / manifest.NAME,
                    replace(
                        entry, state="partial" if "_so_far_" in name else "done", file=name,
                        bytes=path.stat().st_size, sha256=io.file_sha256(path), count=found,
                        capped=max(entry.expected - found, 0),
                    ),
                )  # fmt: skip
                taken += 1
    return taken


def _left_by(folder: Path, entry: ManifestEntry) -> list[Path]:
    """Files that the fetching of `entry` may have left."""
    if entry.kind == "photos":
        return sorted((folder / "photos").glob(f"{photo_file_stem(entry)}.zip"))
    since, until = dt.date.fromisoformat(entry.since), dt.date.fromisoformat(entry.until)
    names = [
        window_file_stem(Window(since, until, entry.zips, partial)) for partial in (False, True)
    ]
    digest = "[0-9a-f]" * 8
    return sorted(
        path for name in names for path in (folder / "listings").glob(f"{name}_{digest}.csv")
    )


def bundle_photos(folder: Path, run: DownloadRun, most: int) -> list[Path]:
    """Make bundles of at most `most` listings of the photos that came, note it, and remove the
    zips of single listings; returns the bundles."""
    waiting: dict[str, list[ManifestEntry]] = defaultdict(list)
    for entry in latest_entries(run.entries()).values():
        zipped = entry.kind == "photos" and entry.file.startswith("photos/")
        if zipped and (folder / entry.file).is_file():
            waiting[entry.domain].append(entry)
    made = []
    for domain, entries in sorted(waiting.items()):
        for start in range(0, len(entries), most):
            bundled = entries[start : start + most]
            place = folder / "ready" / domain
            place.mkdir(parents=True, exist_ok=True)
            part = place / ".bundle.part"
            write_bundle(part, {one.listing_id: folder / one.file for one in bundled})
            final = place / f"photos_{io.file_sha256(part)[:16]}.zip"
            part.replace(final)
            name = final.relative_to(folder).as_posix()
            add_entries(folder / manifest.NAME, *(replace(one, file=name) for one in bundled))
            for one in bundled:
                (folder / one.file).unlink()
            made.append(final)
    return made


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder for what the browser keeps of its own, gone afterwards; what a killed run left goes
    first. It lies where the system has such files: Chromium's socket wants a short path."""
    prefix = f"reml-har-{key_of(str(folder.resolve()))[:12]}-"
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(name)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)


def save_failed_page(folder: Path, portal: Portal, name: str, now: dt.datetime) -> None:
    """Keep what the page looks like; a page that cannot be looked at is left out."""
    try:
        png, html = portal.picture()
    except portal.error:
        return
    place = folder / FAILURES
    start = f"{now:%Y%m%dT%H%M%S%f}_{plain_name(name)}"
    write_private(place / f"{start}.png", png)
    write_private(place / f"{start}.html", html.encode())
    for old in sorted(place.iterdir())[:-SHOWN]:
        old.unlink()


def save_session(folder: Path, portal: Portal, refused: bool) -> None:
    """Keep the portal's cookies, so that the next run need not log in; not where it refused us."""
    if portal.inside and not refused:
        try:
            write_private(folder / SESSION, json.dumps(portal.state()).encode())
        except portal.error:
            return  # the browser has gone
    else:
        (folder / SESSION).unlink(missing_ok=True)


def read_session(folder: Path, hosts: list[str]) -> tuple[str, Any]:
    """(origin, storage state) of an earlier session at one of `hosts`; ("", None) where there is
    none that can be read."""
    try:
        content = json.loads((folder / SESSION).read_bytes())
        origin, storage = content["origin"], content["storage"]
    except (OSError, ValueError, KeyError, TypeError):
        return "", None
    known = (
        isinstance(origin, str) and is_allowed_address(origin, hosts) and isinstance(storage, dict)
    )
    return (origin, storage) if known else ("", None)


EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: a bundle's bytes depend on its photos alone


def _folder_of(listing_id: str) -> str:
    """The folder of a listing's photos: its id, which the photos stage looks for, but for what
    would make another path of it."""
    return re.sub(r"[/\\\x00-\x1f]|^\.+", "_", listing_id)


def write_bundle(path: Path, zips: Mapping[str, Path]) -> int:
    """Write the photos of listings (listing_id -> its zip) to `path`, as <listing_id>/001_<name>
    in the order of the zip; returns how many."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bundle:  # JPEGs pack no further
        for listing_id, source in sorted(zips.items()):
            with zipfile.ZipFile(source) as one:
                photos = [entry for entry in one.infolist() if not entry.is_dir()]
                for number, entry in enumerate(photos, 1):
                    name = PurePosixPath(entry.filename.replace("\\", "/"))
                    file = f"{number:03d}_{plain_name(name.stem)}{_plain_suffix(name.suffix)}"
                    bundle.writestr(
                        zipfile.ZipInfo(f"{_folder_of(listing_id)}/{file}", EPOCH), one.read(entry)
                    )
                    count += 1
    return count


def _plain_suffix(suffix: str) -> str:
    """`.jpg` of `.JPG`; `.jpg` too where there is none, since a photo is what was asked for."""
    return suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", suffix) else ".jpg"
