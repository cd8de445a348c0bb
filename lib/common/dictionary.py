"""What each column of each table is: `<stage>.meta.yml` beside the code, read and enforced.

A file is `tables: {<path>: {description, columns: {<name>: {description, unit, type, range, source,
as_of}}}}`. A path may hold `{a,b}` for several tables alike and `*` for a variant; a name may hold
`*`. A table's own `source` and `as_of` count for the columns that have none. `contract: text` or
`contract: typed` stands for all columns of the feed's contract, which `reso.meta.yml` describes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow.parquet as pq

from lib.common.params import Section, read_yaml, validate

CODE = Path(__file__).resolve().parents[2]  # a stage may run on data elsewhere
OPEN = (None, None)  # a range that is open at both ends
Type = Literal["text", "number", "count", "date", "timestamp", "flag"]


class Entry(Section):
    """One column. `range` is inclusive, a null end is open; `kind`, `inputs` (columns) and `window`
    are for features."""

    description: str
    type: Type
    unit: str | None = None
    range: tuple[float | None, float | None] | None = None
    source: str | None = None
    as_of: str | None = None
    kind: str | None = None
    inputs: list[str] = []
    window: str | None = None


class Table(Section):
    """One table, or several alike."""

    description: str
    source: str = ""
    as_of: str = ""
    contract: Literal["text", "typed"] | None = None
    columns: dict[str, Entry] = {}

    def entry(self, column: str) -> Entry | None:
        """The entry of a column: by its name, else by the first pattern that fits."""
        if column in self.columns:
            return self.columns[column]
        return next((e for name, e in self.columns.items() if fnmatchcase(column, name)), None)


class Meta(Section):
    """A whole `<stage>.meta.yml`. `shared` holds YAML anchors and is no table."""

    shared: dict = {}
    tables: dict[str, Table]


def read_spec(path: Path) -> Meta:
    """A `<stage>.meta.yml`; raises `RemlError` naming the file and key that is wrong."""
    return validate(Meta, read_yaml(path), str(path))


def expand_name(name: str) -> list[str]:
    """The paths that a table's name stands for.

    Examples
    --------
    >>> expand_name("data/{sale,rental}.csv")
    ['data/sale.csv', 'data/rental.csv']
    """
    parts = re.split(r"\{([^}]*)\}", name)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def find_tables(meta: Meta, folder: Path) -> Iterator[tuple[Path, Table]]:
    """The tables of `meta` that lie in `folder`, each with its path."""
    for name, table in meta.tables.items():
        for pattern in expand_name(name):
            for path in sorted(Path().glob(pattern)):
                if path.is_relative_to(folder):
                    yield path, table


def columns_of(path: Path) -> list[str]:
    """The names of a table's columns."""
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names)
    return list(pd.read_csv(path, nrows=0).columns)


def check_ranges(table: Table, frame: pd.DataFrame, where: str) -> None:
    """Check that every value lies in the range of its column.

    A value that does not is a fault of our own code; it is named by column and count, never by
    itself, since values are listings.

    Parameters
    ----------
    table
        The table's entry in its `<stage>.meta.yml`.
    frame
        Any of its columns.
    where
        What to call the table.

    Raises
    ------
    AssertionError
        Where a value lies outside its column's range.
    """
    for column in frame:
        entry = table.entry(str(column))
        if entry is None or entry.range in (None, OPEN):
            continue
        low, high = entry.range or OPEN
        cells = frame[column].dropna()
        bad = (cells < low if low is not None else False) | (
            cells > high if high is not None else False
        )
        count = int(bad.sum()) if isinstance(bad, pd.Series) else 0
        assert not count, f"{where}: {column} outside {low} to {high} in {count} row(s)"


def enforce_ranges(meta_file: Path, folder: Path) -> None:
    """`check_ranges` for each table in `folder`.

    Parameters: the `<stage>.meta.yml`, relative to the code, and the folder that the stage wrote.
    """
    for path, table in find_tables(read_spec(CODE / meta_file), folder):
        spans = [
            column
            for column in columns_of(path)
            if (entry := table.entry(column)) is not None and entry.range not in (None, OPEN)
        ]
        if not spans:
            continue
        reader = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
        frame = reader(path, **{"columns" if path.suffix == ".parquet" else "usecols": spans})
        check_ranges(table, frame, str(path))
