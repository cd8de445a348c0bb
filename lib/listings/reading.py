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
csv.field_size_limit(16 * 1024 * 1024)


@dataclass(frozen=True)
class Header:
    """The first line of an export: its column names and the delimiter between them."""

    names: list[str]
    delimiter: str


def csv_files(folder: Path) -> list[Path]:
    """Every CSV below a feed's raw folder, sorted by path."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".csv", ".tsv"))


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

    Raises `RemlError` naming the row where the text cannot be split into fields at all.
    """
    delimiter = read_header(path).delimiter
    text = io.StringIO(decode(path.read_bytes()).replace("\x00", ""), newline="")
    rows = (row for row in csv.reader(text, delimiter=delimiter) if row)
    number = 0
    try:
        for number, row in enumerate(rows):
            if number:  # row 0 is the header
                yield number, row
    except csv.Error as error:
        raise RemlError(
            f"{path}, after data row {number}: {error}; look for a stray quote"
        ) from error
