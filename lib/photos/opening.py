"""Opening an archive, sound or not: what its directory lists, else what the file itself holds."""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lib.photos.archive import BROKEN
from lib.photos.refusal import RefusedError

END, END64, CENTRAL, LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02", b"PK\x03\x04"
UTF8, DESCRIPTOR = 0x800, 0x8  # flags of an entry: name is UTF-8; sizes follow the data
MAX_DIRECTORY = 1 << 28  # bytes of a central directory, which zipfile reads whole
MAX_FOUND = 1 << 20  # entries looked for in an archive without a directory
Opened = tuple[zipfile.ZipFile, list[zipfile.ZipInfo], RefusedError | None]


class View(mmap.mmap):
    """A file as private memory: changes stay in it. zipfile asks whether one can seek."""

    def seekable(self) -> bool:
        return True


def open_bundle(path: Path, stack: ExitStack) -> Opened:
    """(archive, its entries, what is wrong with the archive as a whole if anything), open until
    `stack` closes.

    An archive whose directory cannot be read (a download that broke off) is searched for entries
    from its start. Raises `RefusedError` for a file that is no archive and holds no entry.
    """
    if path.stat().st_size < 22:  # the least that an archive can have
        raise RefusedError("bundle is not a zip file", f"{path.stat().st_size} bytes")
    file = stack.enter_context(path.open("rb"))
    view = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start, end = directory(view)
    if end - start > MAX_DIRECTORY:
        raise RefusedError("bundle's directory is too large", f"{end - start} bytes")
    false = false_utf8(view, start, end)
    try:
        source: Any = file
        if false:
            source = stack.enter_context(_without_utf8(file.fileno(), false))
        bundle = stack.enter_context(zipfile.ZipFile(source))
        return bundle, bundle.infolist(), None
    except BROKEN as error:
        fault = RefusedError("bundle is damaged", f"{type(error).__name__}: {error}")
    infos = search(view)
    if not infos:
        raise RefusedError("bundle is not a zip file", fault.detail)
    bundle = stack.enter_context(zipfile.ZipFile(io.BytesIO(END + bytes(18))))
    bundle.fp = file  # an archive without a directory: `open` reads the entries that we name
    return bundle, infos, fault


def directory(view: mmap.mmap) -> tuple[int, int]:
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


def false_utf8(view: mmap.mmap, start: int, end: int) -> list[int]:
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


def _without_utf8(file: int, places: list[int]) -> View:
    """The file with that flag off at `places`: names in code page 437, the format's default."""
    view = View(file, 0, access=mmap.ACCESS_COPY)
    for start in places:
        (flags,) = struct.unpack_from("<H", view, start + 8)
        struct.pack_into("<H", view, start + 8, flags & ~UTF8)
    return view


def search(view: mmap.mmap) -> list[zipfile.ZipInfo]:
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
