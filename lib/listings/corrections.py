"""Known errors of a source, put right before anything is typed: `corrections.yml` beside a feed's
contract. Each entry says the wrong value that it expects, so it fails when the source mends it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import model_validator

from lib.common.checks import RemlError, require
from lib.common.params import Section, read_yaml, validate
from lib.listings import contract as contracts
from lib.listings.contract import Contract

FILE = "corrections.yml"
TABLE = ["listing_key", "domain", "_source_file", "_source_row", "column", "value", "corrected"]
TOLD = [*TABLE, "reason", "source"]
# of a row's identity: with another one it would be another row
FIXED = ("listing_key", "domain")


class Correction(Section):
    """One cell: where it stands, what the source has there, what is right, why and who says so.

    `corrected` may be null: the value is known to be wrong and the right one is unknown.
    """

    listing_key: str
    domain: Literal["sale", "rental"]
    column: str
    expected: str
    corrected: str | None
    reason: str
    source: str
    date: dt.date

    @model_validator(mode="after")
    def _changes_something(self) -> Correction:
        if self.expected == self.corrected:
            raise ValueError("`corrected` is what `expected` says")
        return self


class Corrections(Section):
    """All of corrections.yml."""

    corrections: list[Correction]


def path_of(feed: str) -> Path:
    """Where the corrections of `feed` live; the file may be absent."""
    return contracts.path_of(feed).with_name(FILE)


def read(feed: str, contract: Contract) -> list[Correction]:
    """The feed's corrections, none where it has no file.

    Raises `RemlError` naming file and entry where an entry is malformed, names a column that the
    contract's feed does not have or that makes the row's key, or repeats another.
    """
    path = path_of(feed)
    if not path.is_file():
        return []
    entries = validate(Corrections, read_yaml(path), str(path)).corrections
    seen: dict[tuple[str, str, str], int] = {}
    for number, one in enumerate(entries, start=1):
        where = f"{path}, entry {number}"
        require(
            one.column in contract.columns and one.column not in (*FIXED, *contract.key),
            f"{where}: {one.column!r} is no column of the contract, or makes the row's key",
        )
        first = seen.setdefault((one.domain, one.listing_key, one.column), number)
        require(first == number, f"{where}: corrects the same cell as entry {first}; remove one")
    return entries


def apply(
    rows: pd.DataFrame, entries: list[Correction], where: str
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """(staged rows put right, one line of TOLD for each cell, entries whose listing is not among
    the rows: the feed may be a part of the source).

    Raises `RemlError` naming `where`, the entry, the row and the mend where a row says something
    else than the entry expects.
    """
    rows, told = rows.copy(deep=False), []
    keys = pd.Index(rows["listing_key"] + "\0" + rows["domain"])
    for number, one in enumerate(entries, start=1):
        place = keys.get_indexer_for([f"{one.listing_key}\0{one.domain}"])[0]
        if place < 0:
            continue
        row, label = rows.iloc[place], rows.index[place]
        found = row[one.column]
        if pd.isna(found) or str(found).strip() != one.expected:
            raise RemlError(
                f"{where}, entry {number}: {row['_source_file']}, data row {row['_source_row']} "
                f"(listing {one.listing_key}) has {one.column} "
                f"{'blank' if pd.isna(found) else repr(found)}, not {one.expected!r}: the source "
                "was mended; remove the entry"
            )
        rows.loc[label, one.column] = one.corrected
        told.append(
            [
                *row[TABLE[:4]],
                one.column,
                found,
                one.corrected,
                one.reason,
                f"{one.source}, {one.date}",
            ]
        )
    table = pd.DataFrame(told, columns=TOLD).astype(
        {name: "str" for name in TOLD if name != "_source_row"}
    )
    return rows, table.astype({"_source_row": "int64"}), len(entries) - len(table)


def apply_to_states(states: pd.DataFrame, entries: list[Correction]) -> pd.DataFrame:
    """Older states put right where they hold the wrong value too."""
    states = states.copy(deep=False)
    for one in entries:
        if one.column in states:
            wrong = (states["listing_key"] == one.listing_key) & (states["domain"] == one.domain)
            wrong &= (states[one.column].str.strip() == one.expected).fillna(False).astype(bool)
            states.loc[wrong, one.column] = one.corrected
    return states
