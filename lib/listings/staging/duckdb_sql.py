"""DuckDB as staging uses it: a session that keeps rows in order and spills, and safe literals."""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb

from lib.listings.contract import spreadsheets

SPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
TEXT_MARKS = r"""^\s*(?:="([^"]*)"|'([0-9].*))\s*$"""


def open_session(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB session that spills to `folder` and keeps rows in their order."""
    return duckdb.connect(
        config={
            "memory_limit": "1200MB",
            "threads": 2,
            "temp_directory": str(folder),
            "preserve_insertion_order": True,
        }
    )


def sql_text(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def sql_path(path: Path) -> str:
    """A path as an SQL literal that names this file alone: DuckDB takes names for patterns, and
    would read x1.csv where x[1].csv was meant."""
    return sql_text(glob.escape(str(path)))


def sql_name(column: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def sql_code(cell: str, pad: int = 0) -> str:
    """SQL for `parse_values.parse_code`: trimmed, blank as missing, zeros restored to `pad`
    characters."""
    trimmed = f"nullif(trim({cell}, {sql_text(SPACE)}), '')"
    padded = (
        f"CASE WHEN length({trimmed}) < {pad} THEN lpad({trimmed}, {pad}, '0') ELSE {trimmed} END"
    )
    return padded if pad else trimmed


def sql_key(cell: str, pad: int = 0) -> str:
    """SQL for a code that is part of a key: as `sql_code`, without what keeps it text in a
    spreadsheet (="123", '123), and a whole number that a tool has made a decimal one (123.0)
    without its point."""
    cell = f"regexp_replace({cell}, {sql_text(TEXT_MARKS)}, '\\1\\2')"
    whole = (
        f"regexp_full_match(trim({cell}, {sql_text(SPACE)}), {sql_text(spreadsheets.POINT_ZERO)})"
    )
    return sql_code(
        f"CASE WHEN {whole} THEN split_part(trim({cell}, {sql_text(SPACE)}), '.', 1) "
        f"ELSE {cell} END",
        pad,
    )
