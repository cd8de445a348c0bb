"""DuckDB as staging uses it: a session that keeps rows in order and spills, and safe literals."""

from __future__ import annotations

from pathlib import Path

import duckdb


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB session that spills to `folder` and keeps rows in their order."""
    return duckdb.connect(
        config={
            "memory_limit": "1200MB",
            "threads": 2,
            "temp_directory": str(folder),
            "preserve_insertion_order": True,
        }
    )


def text(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'
