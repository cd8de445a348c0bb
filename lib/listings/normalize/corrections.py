"""Known errors of a source, put right before anything is typed: `corrections.yml` beside a feed's
contract. Each entry says the wrong value that it expects, so it fails when the source mends it.
They work on staged rows: what a row rule of the contract quarantines they do not reach.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import model_validator

from lib.common.errors import RemlError, require
from lib.common.params import Section, read_yaml, validate
from lib.common.vocabulary import LINEAGE, feed_folder
from lib.listings.contract.contract import Contract
from lib.listings.contract.parse_values import is_blank
from lib.listings.normalize.typed_cells import ISSUE_COLUMNS, type_cells

FILE = "corrections.yml"
TABLE = ["listing_key", "domain", "_source_file", "_source_row", "column", "value", "corrected"]
CORRECTED = [*TABLE, "reason", "source"]
# of a row's identity: with another one it would be another row
FIXED = ("listing_key", "domain")
BLANKED = "known to be wrong, the right value is not (corrections.yml)"


class Correction(Section):
    """One cell: where it stands, what the source has there, what is right, why and who says so.

    `expected` is "" or null where the source has a blank cell.

    `corrected` may be null: the value is known to be wrong and the right one is unknown.
    """

    listing_key: str
    domain: Literal["sale", "rental"]
    column: str
    expected: str | None
    corrected: str | None
    reason: str
    source: str
    date: dt.date

    @model_validator(mode="after")
    def _changes_something(self) -> Correction:
        if ((self.expected or "").strip() or None) == self.corrected:
            raise ValueError("`corrected` is what `expected` says")
        return self


class Corrections(Section):
    """All of corrections.yml."""

    corrections: list[Correction]


def corrections_path(feed: str) -> Path:
    """Where the corrections of `feed` live; the file may be absent."""
    return feed_folder(feed) / FILE


def read_corrections(feed: str, contract: Contract) -> list[Correction]:
    """The feed's corrections, none where it has no file.

    Raises `RemlError` naming file and entry where an entry is malformed, names a column that the
    contract's feed does not have or that makes the row's key or domain, repeats another, or
    corrects to what its column cannot be.
    """
    path = corrections_path(feed)
    if not path.is_file():
        return []
    entries = validate(Corrections, read_yaml(path), str(path)).corrections
    first_entry: dict[tuple[str, str, str], int] = {}
    for number, one in enumerate(entries, start=1):
        where = f"{path}, entry {number}"
        require(
            one.column in contract.columns and one.column not in (*FIXED, *contract.key),
            f"{where}: {one.column!r} is no column of the contract, or makes the row's key",
        )
        require(
            one.column != contract.domain.column,
            f"{where}: {one.column!r} tells sales from rentals, which staging has settled; "
            "mend domain.values in the contract, or the export",
        )
        first = first_entry.setdefault((one.domain, one.listing_key, one.column), number)
        require(first == number, f"{where}: corrects the same cell as entry {first}; remove one")
    for place, reason in (_unreadable_entries(entries, contract) if entries else {}).items():
        one = entries[place]
        raise RemlError(
            f"{path}, entry {place + 1}: {one.corrected!r} is no {one.column}: {reason}; write it "
            "as the export would, or null where the right value is not known"
        )
    return entries


def _unreadable_entries(entries: list[Correction], contract: Contract) -> dict[int, str]:
    """Place of each entry whose corrected value `type_cells` cannot read -> why.

    What lies outside a range is left to the row itself, which may name another unit.
    """
    names = dict.fromkeys(["listing_key", "domain", *contract.columns, *LINEAGE])
    rows = pd.DataFrame(None, index=range(len(entries)), columns=list(names), dtype="str")
    rows["_source_row"], rows["domain"] = rows.index, [one.domain for one in entries]
    for place, one in enumerate(entries):
        rows.loc[place, one.column] = one.corrected
    issues = type_cells(rows, contract)[1]
    issues = issues[~issues["reason"].str.startswith("outside ")]
    reasons = dict(zip(issues["_source_row"].astype("int64"), issues["reason"], strict=True))
    blank = [one.corrected is not None and not one.corrected.strip() for one in entries]
    return reasons | {place: "it is blank" for place, empty in enumerate(blank) if empty}


def apply_corrections(
    rows: pd.DataFrame, entries: list[Correction], where: str
) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, str]]:
    """Put staged rows right.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Staged text.
    entries : list of Correction
    where : str
        The file's name, for messages.

    Returns
    -------
    rows : DataFrame, shape (n, k)
        The rows put right.
    corrected : DataFrame
        One line of CORRECTED for each cell.
    idle : dict of int to str
        Number -> listing_key of the entries whose listing is not among the rows: the feed may be a
        part of the source.

    Raises
    ------
    RemlError
        Where a row says something else than the entry expects; names the entry, the row and the
        mend.
    """
    rows, lines, idle = rows.copy(deep=False), [], {}
    keys = pd.Index(rows["listing_key"] + "\0" + rows["domain"])
    for number, one in enumerate(entries, start=1):
        place = keys.get_indexer_for([f"{one.listing_key}\0{one.domain}"])[0]
        if place < 0:
            idle[number] = one.listing_key
            continue
        row, label = rows.iloc[place], rows.index[place]
        cell = row[one.column]
        if not _as_expected(rows[one.column].iloc[[place]], one).item():
            raise RemlError(
                f"{where}, entry {number}: {row['_source_file']}, data row {row['_source_row']} "
                f"(listing {one.listing_key}) has {one.column} "
                f"{'blank' if pd.isna(cell) else repr(cell)}, not "
                f"{repr(one.expected) if one.expected else 'blank'}: the source was mended; remove "
                "the entry"
            )
        rows.loc[label, one.column] = one.corrected
        lines.append(
            [
                *row[TABLE[:4]],
                one.column,
                cell,
                one.corrected,
                one.reason,
                f"{one.source}, {one.date}",
            ]
        )
    table = pd.DataFrame(lines, columns=CORRECTED).astype(
        {name: "str" for name in CORRECTED if name != "_source_row"}
    )
    return rows, table.astype({"_source_row": "int64"}), idle


def _as_expected(cells: pd.Series, one: Correction) -> pd.Series:
    """Which cells say what an entry expects (boolean)."""
    if not (one.expected or "").strip():
        return is_blank(cells)
    return (cells.str.strip() == one.expected).fillna(False).astype(bool)


def blanked_issues(corrected: pd.DataFrame) -> pd.DataFrame:
    """Make a line of normalize_issues for each corrected cell that was made missing.

    Parameters
    ----------
    corrected : DataFrame
        Lines from `apply_corrections`.

    Returns
    -------
    DataFrame
        ISSUE_COLUMNS and `set_missing`.
    """
    gone = corrected.loc[corrected["corrected"].isna(), ISSUE_COLUMNS[:-1]]
    return gone.assign(reason=BLANKED, set_missing=True)


def correct_older_states(states: pd.DataFrame, entries: list[Correction]) -> pd.DataFrame:
    """Put older states right where they hold the wrong value too.

    Parameters
    ----------
    states : DataFrame, shape (n, k)
        Staged text of older states.
    entries : list of Correction

    Returns
    -------
    DataFrame, shape (n, k)
    """
    states = states.copy(deep=False)
    for one in entries:
        if one.column in states:
            wrong = (states["listing_key"] == one.listing_key) & (states["domain"] == one.domain)
            wrong &= _as_expected(states[one.column], one)
            states.loc[wrong, one.column] = one.corrected
    return states
