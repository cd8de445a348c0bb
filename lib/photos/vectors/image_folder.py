"""Any folder of images as photos of listings: each file becomes a plain JPEG, as the `photos` stage
writes them, or has a reason why not."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from lib.photos.bundles.album import room_of_name
from lib.photos.image import decode
from lib.photos.image.rejection import RefusedError

LOOK = decode.Look(max_pixels=60_000_000, min_side=32, quality=90)  # as `photos` has by default
MAX_BYTES = 50_000_000  # of a file; cameras write 5 to 30 MB
DOMAIN = "images"  # of listings that are folders


def files(folder: Path) -> list[Path]:
    """All files below a folder, by name; a link to a folder and a sub-folder that cannot be read
    stand for what is in them. Raises OSError where the folder itself cannot be read."""
    found: list[Path] = []

    def lost(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error
        found.append(Path(error.filename))

    for where, folders, names in os.walk(folder, onerror=lost):
        links = [name for name in folders if Path(where, name).is_symlink()]
        found += [Path(where, name) for name in [*links, *names]]
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(folder)))


def shown(path: Path) -> str:
    """A path as UTF-8 text; bytes that are none stand as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def listing_of(path: Path) -> str:
    """The listing of a file, `path` being relative to the folder: the sub-folder that it lies in;
    else its name up to the first `_` or `-`, else its whole name without the ending."""
    name = Path(shown(path))
    if len(name.parts) > 1:
        return name.parts[0]
    return re.split(r"[_-]", name.stem)[0] or name.stem


def take_in(path: Path, folder: Path, jpeg: Path) -> dict[str, Any]:
    """The record of one file (domain, listing_key, file, sha1, room, reason); where it is an
    image its plain JPEG is written to `jpeg`, else `reason` says why not."""
    name = path.relative_to(folder)
    record = {
        "domain": DOMAIN, "listing_key": listing_of(name), "file": shown(name), "sha1": "",
        "room": room_of_name(shown(name)), "reason": "",
    }  # fmt: skip
    try:
        if not path.is_file():
            folder_itself = path.is_dir() and not path.is_symlink()
            raise RefusedError("folder cannot be read" if folder_itself else "not a plain file")
        if path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"larger than {MAX_BYTES:,} bytes")
        found = decode.read(path.read_bytes(), LOOK)
    except RefusedError as refused:
        return record | {"reason": refused.reason}
    except OSError as error:
        return record | {"reason": f"cannot be read: {error.strerror}"}
    jpeg.write_bytes(found.jpeg)
    return record | {"sha1": found.sha1}
