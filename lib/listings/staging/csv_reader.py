"""Reading raw CSV exports of any encoding or delimiter without losing a row."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lib.common.errors import RemlError, require
from lib.listings.contract.contract import Contract, match_headers

DELIMITERS = ",;\t|"
SNIFF_BYTES = 65536
MOST_CONTROL = 0.1  # share of control bytes in text; of chance bytes 0.105 are such
WIDE = 5  # from this many columns on, a line of a remark does not look like a row by chance
MOST_COLUMNS = 2000  # several times the widest known export
FIELD_LIMIT = 16 * 1024 * 1024  # characters; more in one field is a stray quote
csv.field_size_limit(FIELD_LIMIT)
# Excel's own first line, perhaps quoted, and filled up with marks by a tool that took it for a row
SEPARATOR_LINE = re.compile(r'"? *sep *= *"?(\\t|[^"\r\n])?["\s,;|]*', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The first row of an export: its column names, the delimiter between them, the row as it
    stands in the file, the form of UTF-16 that the file is in (None: any other text), and Excel's
    line `sep=;` where the file begins with one (else "")."""

    names: list[str]
    delimiter: str
    line: str
    utf16: str | None = None
    separator_line: str = ""


def find_csv_files(folder: Path) -> list[Path]:
    """Every CSV below a feed's raw folder, sorted by path."""
    return sorted(
        p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in (".csv", ".tsv")
    )


def decode_lines(file: BinaryIO, utf16: str | None) -> Iterator[str]:
    """The lines of a file as text: UTF-16 where `utf16` names a form, else UTF-8 with cp1252 as
    fallback.

    Decoding by line keeps one mis-encoded remark from turning a whole export into mojibake, and
    holds no more than a line. NULs are dropped, and marks of encoding at the start: a tool that
    adds one does not see one that is there.
    """
    # latin-1 gives each byte back as it was, so only the cutting into lines is done by it
    text = io.TextIOWrapper(file, encoding=utf16 or "latin-1", errors="replace", newline="")
    for number, line in enumerate(text):
        if utf16 is None and not line.isascii():
            content = line.encode("latin-1")
            try:
                line = content.decode("utf-8")
            except UnicodeDecodeError:
                line = content.decode("cp1252", errors="replace")
        line = (line if number else line.lstrip("\ufeff")).replace("\x00", "")
        if line:
            yield line


def _detect_utf16(start: bytes) -> str | None:
    """The name of the UTF-16 that a file is in, by its mark or, without one, by its NULs."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    if start[:2] in marks:
        return marks[start[:2]]
    halves = {"utf-16-le": (start[::2], start[1::2]), "utf-16-be": (start[1::2], start[::2])}
    for name, (low, high) in halves.items():
        if high.count(0) > 0.7 * len(high) and _control_share(low) <= MOST_CONTROL:
            return name
    return None


def read_header(path: Path) -> Header:
    """The header of an export, read from its first bytes; a line `sep=;` before it says what splits
    the file.

    Raises `RemlError` where the file is empty, binary, has no line that splits, or where a stray
    quote or a missing line end makes a header of more than the column names.
    """
    with path.open("rb") as file:
        start = file.read(SNIFF_BYTES)
    require(bool(start.strip()), f"{path}: the file is empty; export it again or remove it")
    utf16 = _detect_utf16(start)
    most = MOST_CONTROL / 2 if b"\x00" in start[:1024] else MOST_CONTROL
    if utf16 is None and _control_share(start) > most:
        raise RemlError(
            f"{path}: this is a binary file, not CSV text in UTF-8, UTF-16 or cp1252; "
            "export it as CSV"
        )
    text = "".join(decode_lines(io.BytesIO(start), utf16))
    first, mark = _find_separator(text)
    require(
        not first or mark != "",
        f"{path}: the first line is {first.strip()!r} and names no separator; remove that line",
    )
    text = text[len(first) :]
    names, delimiter, lines = max(
        (_first_row(text, one) for one in (mark or DELIMITERS)), key=lambda found: len(found[0])
    )
    require(
        not first or len(names) > 1,
        f"{path}: the first line is {first.strip()!r}, and the header below it is not split by "
        f"{mark!r}; remove that line",
    )
    require(
        not _runs_on(names, delimiter, lines),
        f"{path}: the header goes on over several lines; look for a stray quote in the first line",
    )
    require(
        len(start) < SNIFF_BYTES or len("".join(lines)) < len(text),
        f"{path}: the first line is longer than {SNIFF_BYTES:,} bytes; is it the header?",
    )
    require(len(names) > 1, f"{path}: the first line has no column names split by one of , ; tab |")
    require(
        len(names) <= MOST_COLUMNS,
        f"{path}: the header has {len(names):,} columns, and {MOST_COLUMNS:,} is the most",
    )
    return Header([name.strip() for name in names], delimiter, "".join(lines), utf16, first)


def read_header_for(path: Path, contract: Contract) -> Header:
    """The header of an export as a contract names it: of headers that are the same to the letter
    the second is called `SqFt (2)` where an alias says so, and the first `SqFt (1)`."""
    header = read_header(path)
    aliases = {alias for column in contract.columns.values() for alias in column.aliases}
    names: list[str] = []
    for number, name in enumerate(header.names):
        numbered = f"{name} ({header.names[: number + 1].count(name)})"
        again = header.names.count(name) > 1 and numbered in aliases
        names.append(numbered if again else name)
    return replace(header, names=names)


def compare_repeated_headers(path: Path, contract: Contract) -> list[str]:
    """A sentence for each header that a column reads, that comes again to the letter, and under
    which each row has equal cells.

    Raises `RemlError` naming the file, the header, its columns and a row where they differ: nothing
    tells which is meant, unless the contract does.
    """
    header, out = read_header_for(path, contract), []
    for column, name in match_headers(contract, header.names).items():
        places = [at for at, one in enumerate(header.names) if one == name]
        if len(places) == 1:
            continue
        columns = " and ".join(str(at + 1) for at in places)
        for number, row in read_rows(path):
            cells = [row[at].strip() for at in places] if len(row) == len(header.names) else []
            require(
                len(set(cells)) <= 1,
                f"{path}: {name!r} heads columns {columns}, and data row {number} has "
                f"{' and '.join(map(repr, cells))} there; say which is meant, such as `{column}: "
                f"{{aliases: [{name} ({len(places)})]}}` in the contract, or take the other out of "
                "the export",
            )
        out.append(f"{path}: {name!r} heads columns {columns}, with equal cells in every row")
    return list(dict.fromkeys(out))


def _find_separator(text: str) -> tuple[str, str]:
    """The first line of a text and the separator that it declares, as Excel's `sep=;` does; both
    are empty where it is another line."""
    line = next(iter(io.StringIO(text, newline="")), "")
    match = SEPARATOR_LINE.fullmatch(line)
    if not match:
        return "", ""
    return line, (match[1] or "").replace("\\t", "\t")


def _first_row(text: str, delimiter: str) -> tuple[list[str], str, list[str]]:
    """The fields of the first row, the delimiter, and the lines that the row is made of."""
    lines = io.StringIO(text, newline="").readlines()
    rows = csv.reader(lines, delimiter=delimiter)
    first = next((row for row in rows if row), [])
    return first, delimiter, lines[: rows.line_num]


def _runs_on(names: list[str], delimiter: str, lines: list[str]) -> bool:
    """Whether a quote in the header has swallowed what follows. A name may have several lines, but
    then its quotes are proper and it holds no delimiter."""
    if not any("\n" in name or "\r" in name for name in names):
        return False
    return not has_proper_quotes(lines, delimiter) or any(
        delimiter in name and ("\n" in name or "\r" in name) for name in names
    )


def _control_share(content: bytes) -> float:
    control = sum(byte < 9 or 13 < byte < 32 for byte in content)
    return control / max(len(content), 1)


def read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(data row number from 1, fields) of every row below the header; empty lines do not count.

    A stray quote would swallow the rows up to the next one. Where a row that spans several lines
    looks like that, its first line is read on its own and the reading begins anew behind it; a
    line whose quotes do not pair then comes as one field. Raises `RemlError` naming the row where
    the text cannot be split at all.
    """
    header = read_header(path)
    with path.open("rb") as file:
        text = decode_lines(file, header.utf16)
        if header.separator_line:
            next(text)
        yield from _rows(path, text, header)


def _rows(path: Path, text: Iterator[str], header: Header) -> Iterator[tuple[int, list[str]]]:
    """The rows of some lines; `path` is for messages."""
    ahead: deque[str] = deque()  # lines to read again
    taken: list[str] = []  # the lines of the row at hand

    def lines() -> Iterator[str]:
        while line := ahead.popleft() if ahead else next(text, ""):
            taken.append(line)
            yield line

    number, doubtful = -1, 0  # row 0 is the header; lines ahead that a stray quote led through
    rows = csv.reader(lines(), delimiter=header.delimiter)
    try:
        while (fields := next(rows, None)) is not None:
            stray = len(taken) > 1 and number >= 0 and _swallowed(fields, taken, header)
            if stray:
                doubtful = max(doubtful, len(taken))
                ahead.extendleft(reversed(taken[1:]))
                del taken[1:]
                rows = csv.reader(lines(), delimiter=header.delimiter)
            if stray or (doubtful and len(taken) == 1):
                fields = _alone(taken[0], header)
            if fields:
                number += 1
                if number:
                    yield number, fields
            doubtful = max(doubtful - len(taken), 0)
            taken.clear()
    except csv.Error as error:
        raise RemlError(
            f"{path}, after data row {number}: {error}; look for a stray quote"
        ) from error


def _swallowed(row: list[str], taken: list[str], header: Header) -> bool:
    """Whether a row of several lines is several rows behind a stray quote: its quotes are no proper
    CSV, a line inside it is a whole row by itself, or its fields do not add up and one of its lines
    is as long as a row, or closes the quote where a cell would open one."""
    width, mark = len(header.names), header.delimiter
    if not has_proper_quotes(taken, mark):
        return True
    if len(row) != width:
        return any(line.count(mark) >= width - 1 for line in taken) or any(
            line.replace('""', "").partition('"')[0].endswith(mark) for line in taken[1:]
        )
    return width >= WIDE and any(_whole(line, header) for line in taken[1:])


def _whole(line: str, header: Header) -> bool:
    """Whether a line is proper CSV with as many fields as the header."""
    if line.count('"') % 2 or line.count(header.delimiter) < len(header.names) - 1:
        return False
    row = next(csv.reader([line], delimiter=header.delimiter), [])
    return len(row) == len(header.names) and has_proper_quotes([line], header.delimiter)


def has_proper_quotes(lines: list[str], delimiter: str) -> bool:
    """Whether the quotes of some lines are as CSV has them."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _alone(line: str, header: Header) -> list[str]:
    """One line's fields, or the line as it stands where its quotes do not pair."""
    if line.count('"') % 2 == 1:
        return [line.rstrip("\r\n")]
    return next(csv.reader([line], delimiter=header.delimiter), [])
