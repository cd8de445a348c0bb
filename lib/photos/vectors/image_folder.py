"""Any folder of images as photos of listings: each file becomes a plain JPEG, as the `photos` stage
writes them, or has a reason why not."""

from __future__ import annotations

import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pandas as pd

from lib.common import cli
from lib.common.errors import RemlError, require
from lib.common.processes import die_with_parent
from lib.photos.image import decode
from lib.photos.image.rejection import RefusedError
from lib.photos.image.rooms import room_of_name

LOOK = decode.ImageLimits(
    max_pixels=60_000_000, min_side=32, quality=90
)  # as `photos` has by default
MAX_BYTES = 50_000_000  # of a file; cameras write 5 to 30 MB
DOMAIN = "images"  # of listings that are folders
POOLED = 64  # files of a folder from which on processes share them: each takes a second to start


def _list_files(folder: Path) -> list[Path]:
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


def _path_text(path: Path) -> str:
    """A path as UTF-8 text; bytes that are none stand as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _listing_of(path: Path) -> str:
    """The listing of a file, `path` being relative to the folder: the sub-folder that it lies in;
    else its name up to the first `_` or `-`, else its whole name without the ending."""
    name = Path(_path_text(path))
    if len(name.parts) > 1:
        return name.parts[0]
    return re.split(r"[_-]", name.stem)[0] or name.stem


def convert_image(path: Path, folder: Path, jpeg: Path) -> dict[str, Any]:
    """The record of one file (domain, listing_key, file, sha1, room, reason); where it is an
    image its plain JPEG is written to `jpeg`, else `reason` says why not."""
    name = path.relative_to(folder)
    record = {
        "domain": DOMAIN, "listing_key": _listing_of(name), "file": _path_text(name), "sha1": "",
        "room": room_of_name(_path_text(name)), "reason": "",
    }  # fmt: skip
    try:
        if not path.is_file():
            folder_itself = path.is_dir() and not path.is_symlink()
            raise RefusedError("folder cannot be read" if folder_itself else "not a plain file")
        if path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"larger than {MAX_BYTES:,} bytes")
        found = decode.decode_image(path.read_bytes(), LOOK)
    except RefusedError as refused:
        return record | {"reason": refused.reason}
    except OSError as error:
        return record | {"reason": f"cannot be read: {error.strerror}"}
    jpeg.write_bytes(found.jpeg)
    return record | {"sha1": found.sha1}


def convert_folder(images: Path, part: Path, workers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert all files of a folder of images to plain JPEGs, which go to the folder `part`.

    Parameters
    ----------
    images
        The folder.
    part
        Where the JPEGs are written; it has to be there and empty.
    workers
        Processes that share the files, where there are at least `POOLED`.

    Returns
    -------
    photos
        One row an image that could be read: the columns of `convert_image`, `path` of its JPEG, and
        `order` (from 1 on) within its `listing_key`.
    refused
        One row a file that could not be: the same columns, `reason` says why.

    Raises
    ------
    RemlError
        Where the folder holds no file, or a worker died.
    """
    paths = _list_files(images)
    require(bool(paths), f"{images}: no files in it; --images names a folder of image files")
    jpegs = [part / f"{place:06d}.jpg" for place in range(len(paths))]
    arguments = (paths, [images] * len(paths), jpegs)
    if workers == 1 or len(paths) < POOLED:
        records = list(cli.show_progress(map(convert_image, *arguments), "read"))
    else:
        spawn = multiprocessing.get_context("spawn")  # forking a process with threads can hang
        with ProcessPoolExecutor(workers, spawn, initializer=die_with_parent) as pool:
            try:
                records = list(
                    cli.show_progress(pool.map(convert_image, *arguments, chunksize=8), "read")
                )
            except BrokenProcessPool as error:
                raise RemlError(
                    f"{images}: a worker died over its files, most likely for want of memory; "
                    "lower embed.workers in params.yaml"
                ) from error
    table = pd.DataFrame(records).assign(path=jpegs)
    table["order"] = table.groupby("listing_key").cumcount() + 1
    read = table["reason"] == ""
    return table[read].reset_index(drop=True), table[~read]
