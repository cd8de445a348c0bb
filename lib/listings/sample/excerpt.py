"""Some rows of a feed's raw files as one small CSV that the feed's own contract reads."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lib.listings.contract.contract import Contract, match_headers
from lib.listings.staging import csv_reader, duckdb_sql, parse_export

Position = tuple[str, int]  # file, data row from 1


@dataclass(frozen=True)
class ExcerptPick:
    """A chosen row: where it stands (or rows that serve alike), what becomes of it and why it is
    chosen."""

    places: list[Position]
    fate: str  # clean, duplicate or quarantined
    reason: str
    traits: list[str]


@dataclass(frozen=True)
class ExcerptLine:
    """A chosen row with its cells under the common header."""

    pick: ExcerptPick
    place: Position
    cells: list[str]


def read_raw_rows(path: Path, numbers: Iterable[int], scratch: Path) -> dict[int, list[str]]:
    """Data row number -> fields as the export wrote them, read in one pass over the file."""
    header = csv_reader.read_header(path)
    wanted = ", ".join(str(int(number)) for number in sorted(set(numbers)))
    with (
        tempfile.TemporaryDirectory(dir=scratch) as folder,
        duckdb_sql.open_session(Path(folder)) as con,
    ):
        parse_export.create_raw_view(con, path, header, Path(folder))
        cells = ", ".join(f"c{index}" for index in range(len(header.names)))
        rows = con.execute(f"""
            SELECT _source_row, _ragged, {cells} FROM raw
            WHERE _source_row IN ({wanted})""").fetchall()
    return {
        number: json.loads(ragged) if ragged is not None else [cell or "" for cell in fields]
        for number, ragged, *fields in rows
    }


def _first_hand_columns(contract: Contract, names: list[str]) -> dict[str, str]:
    """Header -> the column that claims it first hand, not in another's stead."""
    by_column = match_headers(contract, names)
    return {
        header: name
        for name, header in by_column.items()
        if by_column.get(contract.columns[name].instead or "") != header
    }


class CommonHeader:
    """One header for rows of several files. Files name a column differently; the first file's
    name stands for all, and cells move under it, or rows of one file would hide another's."""

    def __init__(self, contract: Contract, headers: dict[str, list[str]]) -> None:
        self.contract, self.headers = contract, headers
        slots: dict[tuple[str, int], str] = {}  # (column or unclaimed header, nth) -> header
        for names in headers.values():
            for slot, header in zip(self._slots(names), names, strict=True):
                slots.setdefault(slot, header)
        claimed = {header for slot, header in slots.items() if slot[0] in contract.columns}
        self.slots = list(slots)
        self.header = [
            header
            if slot[0] in contract.columns or not (slot[1] == 0 and self._clashes(header, claimed))
            else f"{header} (unclaimed)"
            for slot, header in slots.items()
        ]

    def _slots(self, names: list[str]) -> list[tuple[str, int]]:
        owner = _first_hand_columns(self.contract, names)
        times: dict[str, int] = {}
        slots = []
        for header in names:
            nth = times[header] = times.get(header, -1) + 1
            slots.append((owner.get(header, header) if nth == 0 else header, nth))
        return slots

    def _clashes(self, header: str, claimed: set[str]) -> bool:
        return header in claimed or bool(match_headers(self.contract, [header]))

    def place(self, file: str, fields: list[str]) -> list[str]:
        """The fields of one row of `file` under the common header. A row with too many or too few
        fields keeps them as they are, and as many too many or too few."""
        names = self.headers[file]
        if len(fields) != len(names):
            return fields + [""] * (len(self.header) - len(names))
        by_slot = dict(zip(self._slots(names), fields, strict=True))
        first = dict(zip(reversed(names), reversed(fields), strict=True))
        for name, header in match_headers(self.contract, names).items():
            by_slot.setdefault((name, 0), first[header])
        return [by_slot.get(slot, "") for slot in self.slots]


def arrange_lines(
    picks: list[ExcerptPick], shape: CommonHeader, fields: dict[str, dict[int, list[str]]]
) -> list[ExcerptLine]:
    """The chosen rows in the order of their cells: that of the feed's rows does not matter.

    Parameters: the rows, their common header, what `raw_rows` gave for each file.
    """
    placed = []
    for pick in picks:
        cells, place = min(
            (shape.place(file, fields[file][row]), (file, row)) for file, row in pick.places
        )
        placed.append(ExcerptLine(pick, place, cells))
    return sorted(placed, key=lambda line: (line.cells, line.pick.fate, line.place))


def format_csv(header: list[str], rows: list[ExcerptLine]) -> str:
    """CSV text, lines ended by LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(line.cells for line in rows)
    return text.getvalue()


def line_records(header: list[str], rows: list[ExcerptLine]) -> list[dict]:
    """One JSON object a row, in the same order: where it came from, what staging made of it, its
    rare traits, and its cells by header (a list where their number is not the header's)."""
    return [
        {
            "source_file": line.place[0],
            "source_row": line.place[1],
            "fate": line.pick.fate,
            "reason": line.pick.reason,
            "traits": line.pick.traits,
            "cells": line.cells
            if len(line.cells) != len(header)
            else dict(zip(header, line.cells, strict=True)),
        }
        for line in rows
    ]
