"""Reading raw CSV exports of any encoding or delimiter without losing a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lib.common.checks import RemlError, require

DELIMITERS = ",;\t|"
SNIFF_BYTES = 65536
WIDE = 5  # from this many columns on, a line of a remark does not look like a row by chance
FIELD_LIMIT = 16 * 1024 * 1024  # characters; more in one field is a stray quote
csv.field_size_limit(FIELD_LIMIT)


@dataclass(frozen=True)
class Header:
    """The first line of an export: its column names and the delimiter between them."""

    names: list[str]
    delimiter: str


def csv_files(folder: Path) -> list[Path]:
    """Every CSV below a feed's raw folder, sorted by path."""
    return sorted(
        p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in (".csv", ".tsv")
    )


def decode(content: bytes) -> str:
    """The text of a file: UTF-16 by its mark, else UTF-8 line by line with cp1252 as fallback.

    Decoding by line keeps one mis-encoded remark from turning a whole export into mojibake.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    lines = []
    for line in content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
    return "".join(lines)


def read_header(path: Path) -> Header:
    """The header of an export, read from its first bytes.

    Raises `RemlError` where the file is empty, binary, or has no line that splits.
    """
    with path.open("rb") as file:
        start = file.read(SNIFF_BYTES)
    require(bool(start.strip()), f"{path}: the file is empty; export it again or remove it")
    utf16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not utf16 and (b"\x00" in start[:1024] or _control_share(start) > 0.1):
        raise RemlError(f"{path}: this is a binary file, not CSV text; export it as CSV")
    text = decode(start)
    names, delimiter = max(
        ((_first_row(text, mark), mark) for mark in DELIMITERS), key=lambda pair: len(pair[0])
    )
    require(len(names) > 1, f"{path}: the first line has no column names split by one of , ; tab |")
    return Header([name.strip() for name in names], delimiter)


def _first_row(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next((row for row in rows if row), [])


def _control_share(content: bytes) -> float:
    control = sum(byte < 9 or 13 < byte < 32 for byte in content)
    return control / len(content)


def read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(data row number from 1, fields) of every row below the header; empty lines do not count.

    A stray quote would swallow the rows up to the next one. Where a row that spans several lines
    looks like that, each of its lines is read on its own; a line whose quotes do not pair comes
    as one field. Raises `RemlError` naming the row where the text cannot be split at all.
    """
    header = read_header(path)
    text = io.StringIO(decode(path.read_bytes()).replace("\x00", ""), newline="")
    taken: list[str] = []  # the lines of the row at hand

    def lines() -> Iterator[str]:
        for line in text:
            taken.append(line)
            yield line

    number = -1  # row 0 is the header
    try:
        for row in csv.reader(lines(), delimiter=header.delimiter):
            broken = len(taken) > 1 and _swallowed(row, taken, header)
            for fields in [_alone(line, header) for line in taken] if broken else [row]:
                if fields:
                    number += 1
                    if number:
                        yield number, fields
            taken.clear()
    except csv.Error as error:
        raise RemlError(
            f"{path}, after data row {number}: {error}; look for a stray quote"
        ) from error


def _swallowed(row: list[str], taken: list[str], header: Header) -> bool:
    """Whether a row of several lines is several rows behind a stray quote: its fields do not add
    up, its quotes are no proper CSV, or a line inside it is a whole row by itself."""
    width = len(header.names)
    inside = width >= WIDE and any(
        '"' not in line and line.count(header.delimiter) == width - 1 for line in taken[1:-1]
    )
    if inside or len(row) != width:
        return True
    try:
        list(csv.reader(taken, delimiter=header.delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _alone(line: str, header: Header) -> list[str]:
    """One line's fields, or the line as it stands where its quotes do not pair."""
    if line.count('"') % 2 == 1:
        return [line.rstrip("\r\n")]
    return next(csv.reader([line], delimiter=header.delimiter), [])
