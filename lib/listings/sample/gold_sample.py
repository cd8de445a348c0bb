"""Gold samples: a few raw rows of a feed that show each trait the feed has.

A sample holds rows as the export wrote them, not as staging left them: what a tester wants to see
go through parsing, staging and normalising is the raw row, with its spaces, its missing key or its
one field too many. So it is a small feed of its own under the feed's contract: its duplicates come
with the row that staging keeps, its quarantined rows with their faults. Encoding, delimiter and
the split into files are not kept; the JSON beside says where each row came from.

Rows are chosen by what the data shows (`lib.listings.sample.traits` and the reasons that staging
gave).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pydantic import Field

from lib.common import params
from lib.listings.contract import parse_values, row_rules
from lib.listings.contract.contract import Contract, match_headers
from lib.listings.sample import traits
from lib.listings.sample.excerpt import ExcerptPick

CHUNK = 20_000  # quarantined rows held at a time
RARE = 0.1  # traits that no larger share of the rows has are listed of each row
BETWEEN = (*traits.DATES, "list_price", "close_price")


@dataclass(frozen=True)
class SampledRows:
    """The rows of one domain, and of each trait how many rows of feed and sample have it."""

    picks: list[ExcerptPick]
    traits: dict[str, dict[str, int]]
    columns: dict[str, dict]


def seeded_order(content: pd.Series, seed: int) -> np.ndarray:
    """Order rows by seed and content: one more row leaves the others in their order.

    Parameters
    ----------
    content : Series of str, shape (n,)
        What a row is, such as the hash of its cells.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n,)
        Positions of the rows in the drawn order.
    """
    hashes = [hashlib.md5(f"{seed} {text}".encode()).digest() for text in content]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)


def choose_covering_rows(held: traits.Traits, size: int) -> list[int]:
    """At most `size` rows that have as many of the traits as a greedy choice finds: each time the
    row with the most traits not covered yet, the first of equals. Time is rows x (traits +
    size)."""
    chosen: list[int] = []
    if not held:
        return chosen
    open_traits = dict(held)
    gain = np.zeros(len(next(iter(held.values()))), dtype=np.int32)
    for rows in held.values():
        gain += rows
    while len(chosen) < size and gain.max(initial=0) > 0:
        row = int(gain.argmax())
        chosen.append(row)
        for name in [name for name, rows in open_traits.items() if rows[row]]:
            gain -= open_traits.pop(name)
    return chosen


def read_quarantined(
    path: Path, contract: Contract, headers: dict[str, list[str]], seed: int
) -> pd.DataFrame:
    """Read quarantine_rows.csv in seeded order.

    Parameters
    ----------
    path : Path
    contract : Contract
    headers : dict of str to list of str
        File of the feed -> its header.
    seed : int

    Returns
    -------
    DataFrame
        `file`, `row` (data row from 1), `domain` and `reason`.
    """
    column = contract.domain.column or ""
    header = {
        file: match_headers(contract, names).get(column, "") for file, names in headers.items()
    }
    parts = []
    chunks = pd.read_csv(path, chunksize=CHUNK, keep_default_na=False, lineterminator="\n")
    for chunk in chunks:
        rows = [json.loads(text) for text in chunk["_row"]]
        raw = [
            row.get(header[file]) if isinstance(row, dict) else None
            for file, row in zip(chunk["_source_file"], rows, strict=True)
        ]
        frame = pd.DataFrame({column or "-": pd.Series(raw, index=chunk.index, dtype="str")})
        parts.append(
            pd.DataFrame(
                {
                    "file": chunk["_source_file"],
                    "row": chunk["_source_row"],
                    "domain": row_rules.assign_domains(frame, contract),
                    "reason": chunk["_reason"],
                    "hash": [
                        hashlib.sha256(text.encode()).hexdigest()
                        for text in chunk["_reason"] + chunk["_row"]
                    ],
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    return found.iloc[seeded_order(found["hash"], seed)].reset_index(drop=True)


def quarantine_traits(reason: str) -> list[str]:
    """The traits in a quarantine reason, numbers left out."""
    traits_found = []
    for part in reason.split("; "):
        counts = re.search(r"(\d+) fields where the header has (\d+)", part)
        if counts:
            few = int(counts[1]) < int(counts[2])
            part = f"ragged row, too {'few' if few else 'many'} fields"
        traits_found.append(f"quarantined: {re.sub(r'[0-9]+', 'N', part)}")
    return traits_found


def _duplicate_kinds(duplicates: pd.DataFrame) -> pd.Series:
    """Name the kind of each duplicate, as a trait.

    Parameters
    ----------
    duplicates : DataFrame, shape (n, k)
        Rows of duplicates.csv: needs `_source_file`, `_kept_file` and `_reason`.

    Returns
    -------
    Series of str, shape (n,)
    """
    same = (duplicates["_source_file"] == duplicates["_kept_file"]).map(
        {True: "in the same file", False: "in another file"}
    )
    return ("duplicate: " + duplicates["_reason"] + ", " + same).astype("str")


def choose_rows(
    staged: Path, contract: Contract, bad: pd.DataFrame, domain: str, size: int, seed: int
) -> SampledRows:
    """Choose the rows of one domain from staging's outs.

    Parameters
    ----------
    staged : Path
        The folder of staging's outs.
    contract : Contract
    bad : DataFrame
        The domain's rows of `read_quarantined`.
    domain : str
    size : int
        Rows of the sample.
    seed : int

    Returns
    -------
    Choice
    """
    listings = staged / "listings.parquet"

    def read(names: list[str]) -> pd.DataFrame:
        return pd.read_parquet(listings, columns=names, filters=[("domain", "==", domain)])

    clean = read(["listing_key", "_source_file", "_source_row", "_row_sha256"])
    order = seeded_order(clean["_row_sha256"], seed)
    clean = clean.iloc[order].reset_index(drop=True)
    doubles = pd.read_csv(
        staged / "duplicates.csv", keep_default_na=False, dtype={"listing_key": "str"}
    )
    doubles = doubles[doubles["domain"] == domain].assign(kind=_duplicate_kinds)
    repeated = {
        kind: clean["listing_key"].isin(some["listing_key"]).to_numpy(bool)
        for kind, some in doubles.groupby("kind")
    }
    names = [name for name in pq.read_schema(listings).names if name in contract.columns]
    names = [name for name in names if name != "listing_key"]
    held = repeated | _traits_held(names, lambda some: read(some).iloc[order], contract)

    whys = bad["reason"].map(quarantine_traits)
    faults = {
        name: whys.map(lambda some, name=name: name in some).to_numpy(bool)
        for name in sorted({name for some in whys for name in some})
    }
    worst = choose_covering_rows(faults, size // 2)
    budget = size - len(worst) - len(repeated)
    chosen = choose_covering_rows(held, budget)
    pairs = _pairs(chosen, repeated, clean, doubles)
    room = size - len(worst) - len(pairs)
    taken = set(chosen)
    spare = (row for row in range(len(clean)) if row not in taken)
    chosen += [row for row, _ in zip(spare, range(room - len(chosen)), strict=False)]

    picks = [*_clean_picks(chosen, held, clean), *pairs]
    picks += [
        ExcerptPick(
            [(bad["file"][row], bad["row"][row])], "quarantined", bad["reason"][row], whys[row]
        )
        for row in worst
    ]
    counted = {
        name: {"feed": int(rows.sum()), "sample": int(rows[some].sum())}
        for group, some in ((held, chosen), (faults, worst))
        for name, rows in sorted(group.items())
    }
    columns = {
        name: column_statistics(name, read([name])[name].iloc[order[chosen]], contract)
        for name in names
    }
    return SampledRows(picks, counted, columns)


def _traits_held(
    names: list[str], read: Callable[[list[str]], pd.DataFrame], contract: Contract
) -> traits.Traits:
    """The traits of columns and between them; `read` gives some columns in seeded order."""
    held: traits.Traits = {}
    for name in names:  # one column at a time: a feed of a million rows fits in memory
        held |= traits.column_traits(name, read([name])[name], contract)
    homes = {name for group in contract.property_key for name in group}
    between = [
        name
        for name in names
        if name in BETWEEN or name in homes or contract.columns[name].type == "text"
    ]
    return held | traits.cross_column_traits(read(between).reset_index(drop=True), contract)


def _clean_picks(chosen: list[int], held: traits.Traits, clean: pd.DataFrame) -> list[ExcerptPick]:
    """The chosen rows, each with its rare traits."""
    where = [(clean["_source_file"][row], int(clean["_source_row"][row])) for row in chosen]
    rare = {name: rows for name, rows in held.items() if rows.sum() <= RARE * len(clean)}
    return [
        ExcerptPick([place], "clean", "", [name for name, rows in rare.items() if rows[row]])
        for place, row in zip(where, chosen, strict=True)
    ]


def _pairs(
    chosen: list[int], repeated: traits.Traits, clean: pd.DataFrame, doubles: pd.DataFrame
) -> list[ExcerptPick]:
    """For each kind of duplicate one row, of the first chosen listing that has such a one."""
    picks = []
    for kind, rows in repeated.items():
        kept = next((row for row in chosen if rows[row]), None)
        if kept is not None:
            of = doubles["listing_key"] == clean["listing_key"][kept]
            some = doubles[of & (doubles["kind"] == kind)]
            places = list(zip(some["_source_file"], some["_source_row"], strict=True))
            picks.append(ExcerptPick(places, "duplicate", some["_reason"].iloc[0], [kind]))
    return picks


def column_statistics(name: str, text: pd.Series, contract: Contract) -> dict:
    """Count what a test may expect of one column.

    Parameters
    ----------
    name : str
    text : Series of str, shape (n,)
    contract : Contract

    Returns
    -------
    dict
        Cells `filled`, `distinct` and `unreadable`, and the least, median and greatest number or
        date as its contract type reads it.
    """
    filled = text[~parse_values.is_blank(text)]
    statistics: dict = {"filled": len(filled), "distinct": int(filled.nunique())}
    amount = traits.parse_amounts(filled, contract.columns[name], contract.date_formats)
    if amount is not None:
        statistics["unreadable"] = int(amount.isna().sum())
        readable = amount.dropna()
        if len(readable) and readable.dtype == "float64":
            statistics |= {
                "min": readable.min(),
                "median": readable.median(),
                "max": readable.max(),
            }
        elif len(readable) and readable.dtype.kind == "M":
            statistics |= {"min": readable.min().isoformat(), "max": readable.max().isoformat()}
    return statistics


class SampleParams(params.Section):
    """The `sample` section of params.yaml."""

    rows: int = Field(ge=20, le=50)
