"""One bundle into one folder: its pictures in one file, and an index of what became of each entry.

The folder depends on the bundle's bytes and the settings alone, not on its name or on the
listings, so that it can come from a cache.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt

from lib.common import params
from lib.common.errors import RemlError, require
from lib.photos.bundles import media_records, safe_zip
from lib.photos.bundles.safe_zip import open_bundle
from lib.photos.image import decode
from lib.photos.image.rejection import RefusedError

INDEX, PICTURES = "index.json", "pictures.bin"
DAMAGED = "{}: this cache entry is damaged; delete it and run again"


@dataclass(frozen=True)
class UnpackSettings:
    """What unpacking a bundle depends on, apart from its bytes."""

    limits: safe_zip.UnpackLimits
    look: decode.ImageLimits

    def as_text(self) -> str:
        """The settings as text, equal for equal settings."""
        return json.dumps(asdict(self), sort_keys=True)


def unpack_bundle(bundle: Path, settings: UnpackSettings, folder: Path) -> None:
    """Write `index.json` and `pictures.bin` into `folder`; raises nothing for what is in the file.

    Index: `entries` (how many the archive holds, plain folders left out), `photos` (entry, sha1,
    width and height in pixels, format, bytes of the original, phash, had_exif, had_gps, and where
    in `pictures.bin` its JPEG lies: offset and length), `rejected` (entry, reason, detail;
    no entry where it is the bundle as a whole),
    `media` (records of its manifests), `manifests` (entries that were one) and `unread` (entries
    that are a manifest by name of which something could not be read).
    """
    index: dict[str, Any] = {
        "entries": 0, "photos": [], "rejected": [], "media": [], "manifests": [],
        "unread": [],
    }  # fmt: skip
    with (folder / PICTURES).open("wb") as pictures, ExitStack() as stack:
        try:
            opened, infos, fault = open_bundle(bundle, stack)
        except RefusedError as refused:
            infos, fault = [], refused
        if fault:
            index["rejected"].append(_line(None, fault))
        if infos:
            for entry in safe_zip.read_entries(opened, infos, settings.limits):
                index["entries"] += 1
                _place(entry, settings, index, pictures)
    (folder / INDEX).write_text(json.dumps(index), encoding="ascii")


def _place(
    entry: safe_zip.ZipEntry, settings: UnpackSettings, index: dict[str, Any], pictures: Any
) -> None:
    """Put an entry into the index: among the photos, the rejected or the manifests."""
    if entry.refused:
        index["rejected"].append(_line(entry.name, entry.refused))
        if media_records.is_manifest(entry.name):
            index["unread"].append(entry.name)
        return
    if media_records.is_manifest(entry.name):
        records, faults = media_records.parse_manifest(entry.content, entry.name)
        index["unread"] += [entry.name] if faults else []
        index["manifests"].append(entry.name)
        index["media"] += [record.as_dict() for record in records]
        index["rejected"] += [
            _line(entry.name, RefusedError("manifest", fault)) for fault in faults
        ]
        return
    try:
        picture = decode.decode_image(entry.content, settings.look)
    except RefusedError as refused:
        index["rejected"].append(_line(entry.name, refused))
        return
    about = {key: value for key, value in vars(picture).items() if key != "jpeg"}
    place = {
        "offset": pictures.tell(),
        "length": len(picture.jpeg),
        "checksum": jpeg_checksum(picture.jpeg),
    }
    index["photos"].append({"entry": entry.name, "bytes": len(entry.content)} | about | place)
    pictures.write(picture.jpeg)


def manifest_index(content: bytes) -> dict[str, Any]:
    """The index of a manifest outside a bundle, in the form that `read_index` gives."""
    records, faults = media_records.parse_manifest(content)
    return {
        "photos": [],
        "rejected": [_line(None, RefusedError("manifest", fault)) for fault in faults],
        "media": records,
        "unread": [""] if faults else [],
    }


def jpeg_checksum(jpeg: bytes) -> str:
    """Checksum by which a picture is known to be as it was written."""
    return hashlib.sha1(jpeg, usedforsecurity=False).hexdigest()


def _line(entry: str | None, refused: RefusedError) -> dict[str, Any]:
    return {"entry": entry, "reason": refused.reason, "detail": refused.detail[:200]}


def read_index(folder: Path) -> dict[str, Any]:
    """The index that `unpack_bundle` wrote, media records as `MediaRecord`.

    Raises `RemlError` where it is not as it was written.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="ascii"))
        require((folder / PICTURES).is_file(), DAMAGED.format(folder))
        return index | {"media": [media_records.record_from_dict(one) for one in index["media"]]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RemlError(DAMAGED.format(folder)) from error


class PhotosParams(params.Section):
    """The `photos` section of params.yaml."""

    workers: PositiveInt
    max_entries: PositiveInt
    max_bundle_bytes: PositiveInt
    max_entry_bytes: PositiveInt
    max_ratio: PositiveFloat
    max_pixels: PositiveInt
    min_side: PositiveInt
    quality: int = Field(ge=1, le=95)

    def settings(self) -> UnpackSettings:
        """What of it decides what becomes of a bundle."""
        limits = safe_zip.UnpackLimits(
            self.max_entries, self.max_bundle_bytes, self.max_entry_bytes, self.max_ratio
        )
        return UnpackSettings(
            limits, decode.ImageLimits(self.max_pixels, self.min_side, self.quality)
        )
