"""Reading an archive that may be hostile: entry by entry, under caps, nothing written to disk.

Names are never used as paths: they only say which listing a photo belongs to. Sizes that headers
claim are not believed: bytes are counted while they stream.
"""

from __future__ import annotations

import io
import mmap
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.photos.image.rejection import RefusedError

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
class UnpackLimits:
    """Caps of one bundle; see section `photos` of params.yaml. All bytes are unpacked bytes."""

    max_entries: int
    max_bundle_bytes: int
    max_entry_bytes: int
    max_ratio: float


@dataclass(frozen=True)
class ZipEntry:
    """One entry: its name as written, and either its bytes or why it was refused."""

    name: str
    content: bytes = b""
    refused: RefusedError | None = None


def read_entries(
    bundle: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: UnpackLimits
) -> Iterator:
    """Read each of `infos` as a `ZipEntry`, in their order, but for plain folders, which are left
    out.

    Never raises for what is in the archive: an entry that cannot be read carries the reason.
    """
    used, names = 0, set()
    overlapping = overlapping_entries(infos)
    for index, info in enumerate(infos):
        if _is_folder(info) and info.file_size == 0:
            continue
        try:
            if index >= limits.max_entries:
                raise RefusedError("more entries than photos.max_entries", str(len(infos)))
            _check_name(info.orig_filename)
            _check_kind(info)
            if index in overlapping:
                raise RefusedError("entry overlaps another")
            if info.orig_filename in names:
                raise RefusedError("name occurs twice")
            names.add(info.orig_filename)
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
            yield ZipEntry(info.orig_filename, content=bytes(content))
        except RefusedError as refused:
            yield ZipEntry(info.orig_filename, refused=refused)


def _pieces(bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with bundle.open(info) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _check_size(size: int, used: int, info: zipfile.ZipInfo, limits: UnpackLimits) -> None:
    """Raise `RefusedError` once an entry, or all entries so far, unpacked to more than allowed.

    These are the caps against zip bombs. The packed size comes from the header, but lying does not
    help: entries that share bytes are refused, so packed sizes sum to at most the bundle's size.
    """
    if size > limits.max_entry_bytes:
        raise RefusedError("entry is larger than photos.max_entry_bytes", f"over {size} bytes")
    if size > RATIO_FLOOR and size > limits.max_ratio * info.compress_size:
        raise RefusedError("entry shrinks by more than photos.max_ratio", f"{size} bytes and more")
    if used > limits.max_bundle_bytes:
        raise RefusedError("bundle unpacks to more than photos.max_bundle_bytes")


def _check_name(name: str) -> None:
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


def _check_kind(info: zipfile.ZipInfo) -> None:
    """Raise `RefusedError` unless the entry is an unencrypted file, stored or deflated."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise RefusedError("link")
    if kind not in (0, stat.S_IFREG):
        raise RefusedError("not a plain file", oct(kind))
    if _is_folder(info):
        raise RefusedError("folder with content")
    if info.flag_bits & 0x41:  # bit 0: encrypted; bit 6: strong encryption
        raise RefusedError("encrypted")
    if info.compress_type not in PLAIN_METHODS:
        raise RefusedError(
            "compression method other than stored or deflated", str(info.compress_type)
        )


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether the name says folder; `ZipInfo.is_dir` raises for an empty name."""
    return info.filename.endswith("/")


def overlapping_entries(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Positions of entries whose packed bytes begin inside an earlier entry's: a bomb that uses
    the same bytes many times. Of two that overlap, the one that begins first is not among them."""
    end, overlapping = -1, set()
    order = sorted(range(len(infos)), key=lambda i: (infos[i].header_offset, i))
    for index in order:
        info = infos[index]
        if _is_folder(info) and info.file_size == 0:
            continue
        if info.header_offset < end:
            overlapping.add(index)
        else:  # 30 bytes is the fixed part of the header before the data
            end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size
    return overlapping


END, END64, CENTRAL, LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02", b"PK\x03\x04"
UTF8, DESCRIPTOR = 0x800, 0x8  # flags of an entry: name is UTF-8; sizes follow the data
MAX_DIRECTORY = 1 << 28  # bytes of a central directory, which zipfile reads whole
MAX_FOUND = 1 << 20  # entries looked for in an archive without a directory
OpenedBundle = tuple[zipfile.ZipFile, list[zipfile.ZipInfo], RefusedError | None]


class _PrivateView(mmap.mmap):
    """A file as private memory: changes stay in it. zipfile asks whether one can seek."""

    def seekable(self) -> bool:
        return True


def open_bundle(path: Path, stack: ExitStack) -> OpenedBundle:
    """(archive, its entries, what is wrong with the archive as a whole if anything), open until
    `stack` closes.

    An archive whose directory cannot be read (a download that broke off) is searched for entries
    from its start. Raises `RefusedError` for a file that is no archive and holds no entry.
    """
    if path.stat().st_size < 22:  # the least that an archive can have
        raise RefusedError("bundle is not a zip file", f"{path.stat().st_size} bytes")
    file = stack.enter_context(path.open("rb"))
    view = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start, end = _find_directory(view)
    if end - start > MAX_DIRECTORY:
        raise RefusedError("bundle's directory is too large", f"{end - start} bytes")
    false = _find_false_utf8(view, start, end)
    try:
        source: Any = file
        if false:
            source = stack.enter_context(_without_utf8(file.fileno(), false))
        bundle = stack.enter_context(zipfile.ZipFile(source))
        return bundle, bundle.infolist(), None
    except BROKEN as error:
        fault = RefusedError("bundle is damaged", f"{type(error).__name__}: {error}")
    infos = _search_entries(view)
    if not infos:
        raise RefusedError("bundle is not a zip file", fault.detail)
    bundle = stack.enter_context(zipfile.ZipFile(io.BytesIO(END + bytes(18))))
    bundle.fp = file  # an archive without a directory: `open` reads the entries that we name
    return bundle, infos, fault


def _find_directory(view: mmap.mmap) -> tuple[int, int]:
    """Where the central directory begins and ends; (0, 0) where the file has no end record."""
    where = view.rfind(END, max(0, len(view) - 65_557))  # the record and the longest comment
    if where < 0 or where + 22 > len(view):
        return 0, 0
    (size,) = struct.unpack_from("<L", view, where + 12)
    where64 = view.rfind(END64, max(0, where - 200), where)
    if where64 >= 0 and where64 + 56 <= len(view):
        (size,) = struct.unpack_from("<Q", view, where64 + 40)
        where = where64
    return (where - size, where) if size <= where else (0, 0)


def _find_false_utf8(view: mmap.mmap, start: int, end: int) -> list[int]:
    """Where the directory's entries begin whose names are not UTF-8 although their flag says so:
    zipfile would give up the whole archive for one of them."""
    found = []
    while start + 46 <= end and view[start : start + 4] == CENTRAL:
        (flags,) = struct.unpack_from("<H", view, start + 8)
        lengths = struct.unpack_from("<HHH", view, start + 28)  # name, extra field, comment
        if flags & UTF8 and not _is_utf8(view[start + 46 : start + 46 + lengths[0]]):
            found.append(start)
        start += 46 + sum(lengths)
    return found


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _without_utf8(file: int, places: list[int]) -> _PrivateView:
    """The file with that flag off at `places`: names in code page 437, the format's default."""
    view = _PrivateView(file, 0, access=mmap.ACCESS_COPY)
    for start in places:
        (flags,) = struct.unpack_from("<H", view, start + 8)
        struct.pack_into("<H", view, start + 8, flags & ~UTF8)
    return view


def _search_entries(view: mmap.mmap) -> list[zipfile.ZipInfo]:
    """The entries that begin with a header of their own, from the start of the file on.

    After an entry whose header tells its size the next is sought behind it, so that archives
    inside the archive are not taken apart.
    """
    found: list[zipfile.ZipInfo] = []
    at = view.find(LOCAL)
    while 0 <= at <= len(view) - 30 and len(found) < MAX_FOUND:
        head = struct.unpack_from("<4sHHHHHLLLHH", view, at)
        _, _, flags, method, _, _, crc, packed, size, named, extra = head
        data = at + 30 + named + extra
        written = view[at + 30 : at + 30 + named]
        if not _is_utf8(written):
            flags &= ~UTF8
        name = written.decode("utf-8" if flags & UTF8 else "cp437")
        info = zipfile.ZipInfo(name or "?")
        info.orig_filename = name
        info.flag_bits, info.compress_type, info.header_offset = flags, method, at
        if flags & DESCRIPTOR:  # sizes unknown: up to the next header, and no checksum to compare
            behind = view.find(LOCAL, data)
            info.compress_size = (behind if behind >= 0 else len(view)) - data
            info.file_size = 1 << 62
        else:
            info.CRC, info.compress_size, info.file_size = crc, packed, size
        found.append(info)
        at = view.find(LOCAL, min(data + max(info.compress_size, 0), len(view)))
    return found
