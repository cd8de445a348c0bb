"""Reading an archive that may be hostile: entry by entry, under caps, nothing written to disk.

Names are never used as paths: they only say which listing a photo belongs to. Sizes that headers
claim are not believed: bytes are counted while they stream.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lib.photos.refusal import RefusedError

CHUNK = 1 << 16  # bytes read at a time
RATIO_FLOOR = 1 << 20  # bytes; smaller entries may shrink by any ratio: a plain white BMP does
PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# bzip2 and LZMA are read by zipfile without a bound on what one piece unpacks to, and no camera
# or portal writes them.

# What zipfile, zlib and struct raise on bytes that are no sound archive.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True)
class Limits:
    """Caps of one bundle; see section `photos` of params.yaml. All bytes are unpacked bytes."""

    max_entries: int
    max_bundle_bytes: int
    max_entry_bytes: int
    max_ratio: float


@dataclass(frozen=True)
class Entry:
    """One entry: its name as written, and either its bytes or why it was refused."""

    name: str
    content: bytes = b""
    refused: RefusedError | None = None


def entries(bundle: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: Limits) -> Iterator:
    """Each of `infos` as an `Entry`, in their order, but for plain folders, which are left out.

    Never raises for what is in the archive: an entry that cannot be read carries the reason.
    """
    used, seen = 0, set()
    overlapping = overlaps(infos)
    for index, info in enumerate(infos):
        if is_folder(info) and info.file_size == 0:
            continue
        try:
            if index >= limits.max_entries:
                raise RefusedError("more entries than photos.max_entries", str(len(infos)))
            check_name(info.orig_filename)
            check_kind(info)
            if index in overlapping:
                raise RefusedError("entry overlaps another")
            if info.orig_filename in seen:
                raise RefusedError("name occurs twice")
            seen.add(info.orig_filename)
            content = bytearray()
            try:
                for chunk in _pieces(bundle, info):
                    content += chunk
                    used += len(chunk)
                    _check_size(len(content), used, info, limits)
            except BROKEN as error:
                raise RefusedError(
                    "entry is damaged", f"{type(error).__name__}: {error}"
                ) from error
            yield Entry(info.orig_filename, content=bytes(content))
        except RefusedError as refused:
            yield Entry(info.orig_filename, refused=refused)


def _pieces(bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with bundle.open(info) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _check_size(size: int, used: int, info: zipfile.ZipInfo, limits: Limits) -> None:
    """Raise `RefusedError` once an entry, or all entries so far, unpacked to more than allowed.

    The packed size is the header's, yet no lie helps: entries that claim the same bytes are
    refused as overlapping, so packed sizes add up to the bundle's size at most.
    """
    if size > limits.max_entry_bytes:
        raise RefusedError("entry is larger than photos.max_entry_bytes", f"over {size} bytes")
    if size > RATIO_FLOOR and size > limits.max_ratio * info.compress_size:
        raise RefusedError("entry shrinks by more than photos.max_ratio", f"{size} bytes and more")
    if used > limits.max_bundle_bytes:
        raise RefusedError("bundle unpacks to more than photos.max_bundle_bytes")


def check_name(name: str) -> None:
    """Raise `RefusedError` for a name that would leave its folder, or that hides what it is."""
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in name):
        raise RefusedError("control character in the name")
    if "\\" in name:
        raise RefusedError("backslash in the name")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise RefusedError("absolute path")
    if ".." in name.split("/"):
        raise RefusedError("path leaves the bundle")
    if not name.strip("/. "):
        raise RefusedError("empty name")
    if len(name) > 1024:
        raise RefusedError("name is longer than 1024 characters")


def check_kind(info: zipfile.ZipInfo) -> None:
    """Raise `RefusedError` unless the entry is an unencrypted file, stored or deflated."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise RefusedError("link")
    if kind not in (0, stat.S_IFREG):
        raise RefusedError("not a plain file", oct(kind))
    if is_folder(info):
        raise RefusedError("folder with content")
    if info.flag_bits & 0x41:  # bit 0: encrypted; bit 6: strong encryption
        raise RefusedError("encrypted")
    if info.compress_type not in PLAIN_METHODS:
        raise RefusedError(
            "compression method other than stored or deflated", str(info.compress_type)
        )


def is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether the name says folder; `ZipInfo.is_dir` raises for an empty name."""
    return info.filename.endswith("/")


def overlaps(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Positions of entries whose packed bytes begin inside an earlier entry's: a bomb that uses
    the same bytes many times. Of two that overlap, the one that begins first is not among them."""
    end, found = -1, set()
    order = sorted(range(len(infos)), key=lambda i: (infos[i].header_offset, i))
    for index in order:
        info = infos[index]
        if is_folder(info) and info.file_size == 0:
            continue
        if info.header_offset < end:
            found.add(index)
        else:  # 30 bytes is the fixed part of the header before the data
            end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size
    return found
