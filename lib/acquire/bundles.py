"""Photo zips of single listings made into a bundle that `make import` and `photos` take."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: a bundle's bytes depend on its photos alone


def plain_name(text: str) -> str:
    """A name that is safe in any file system: letters, digits and `-` stay."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_") or "_"


def folder_of(listing_id: str) -> str:
    """The folder of a listing's photos: its id, which the photos stage looks for, but for what
    would make another path of it."""
    return re.sub(r"[/\\\x00-\x1f]|^\.+", "_", listing_id)


def write(path: Path, zips: Mapping[str, Path]) -> int:
    """Write the photos of listings (listing_id -> its zip) to `path`, as <listing_id>/001_<name>
    in the order of the zip; returns how many."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bundle:  # JPEGs pack no further
        for listing_id, source in sorted(zips.items()):
            with zipfile.ZipFile(source) as one:
                photos = [entry for entry in one.infolist() if not entry.is_dir()]
                for number, entry in enumerate(photos, 1):
                    name = PurePosixPath(entry.filename.replace("\\", "/"))
                    file = f"{number:03d}_{plain_name(name.stem)}{plain_suffix(name.suffix)}"
                    bundle.writestr(
                        zipfile.ZipInfo(f"{folder_of(listing_id)}/{file}", EPOCH), one.read(entry)
                    )
                    count += 1
    return count


def plain_suffix(suffix: str) -> str:
    """`.jpg` of `.JPG`; `.jpg` too where there is none, since a photo is what was asked for."""
    return suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", suffix) else ".jpg"
