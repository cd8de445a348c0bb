"""Gold samples: a few raw rows of a feed that show each trait the feed has.

A sample holds rows as the export wrote them, not as staging left them: what a tester wants to see
go through parsing, staging and normalising is the raw row, with its spaces, its missing key or its
one field too many. So it is a small feed of its own under the feed's contract: its duplicates come
with the row that staging keeps, its quarantined rows with their faults. Encoding, delimiter and
the split into files are not kept; the JSON beside says where each row came from.

Rows are chosen by what the data shows (`lib.listings.sample.traits` and what staging said of them).
"""

from __future__ import annotations

import hashlib
import json
import re
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
from lib.listings.sample.excerpt import Pick

DOMAINS = ("sale", "rental")
CHUNK = 20_000  # quarantined rows held at a time
RARE = 0.1  # traits that no larger share of the rows has are told of each row
BETWEEN = (*traits.DATES, "list_price", "close_price")


@dataclass(frozen=True)
class Choice:
    """The rows of one domain, and of each trait how many rows of feed and sample have it."""

    picks: list[Pick]
    traits: dict[str, dict[str, int]]
    columns: dict[str, dict]


def seeded_order(content: pd.Series, seed: int) -> np.ndarray:
    """Positions in an order drawn by `seed` and content; a row's place says nothing, and one more
    row leaves the others in their order."""
    hashes = [hashlib.md5(f"{seed} {text}".encode()).digest() for text in content]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)


def cover_traits(held: traits.Traits, size: int) -> list[int]:
    """At most `size` rows that have as many of the traits as a greedy choice finds: each time the
    row with the most traits not seen yet, the first of equals. Time is rows x (traits + size)."""
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
    """The rows of quarantine_rows.csv in seeded order: file, row, domain, reason."""
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
    found = []
    for part in reason.split("; "):
        counts = re.search(r"(\d+) fields where the header has (\d+)", part)
        if counts:
            few = int(counts[1]) < int(counts[2])
            part = f"ragged row, too {'few' if few else 'many'} fields"
        found.append(f"quarantined: {re.sub(r'[0-9]+', 'N', part)}")
    return found


def duplicate_kinds(found: pd.DataFrame) -> pd.Series:
    """What kind of duplicate each row of duplicates.csv is, as the name of a trait."""
    same = (found["_source_file"] == found["_kept_file"]).map(
        {True: "in the same file", False: "in another file"}
    )
    return ("duplicate: " + found["_reason"] + ", " + same).astype("str")


def choose_rows(
    staged: Path, contract: Contract, bad: pd.DataFrame, domain: str, size: int, seed: int
) -> Choice:
    """Choose the rows of one domain from staging's outs and its rows of `quarantined`."""
    listings = staged / "listings.parquet"

    def read(names: list[str]) -> pd.DataFrame:
        return pd.read_parquet(listings, columns=names, filters=[("domain", "==", domain)])

    clean = read(["listing_key", "_source_file", "_source_row", "_row_sha256"])
    order = seeded_order(clean["_row_sha256"], seed)
    clean = clean.iloc[order].reset_index(drop=True)
    doubles = pd.read_csv(
        staged / "duplicates.csv", keep_default_na=False, dtype={"listing_key": "str"}
    )
    doubles = doubles[doubles["domain"] == domain].assign(kind=duplicate_kinds)
    repeated = {
        kind: clean["listing_key"].isin(some["listing_key"]).to_numpy(bool)
        for kind, some in doubles.groupby("kind")
    }
    names = [name for name in pq.read_schema(listings).names if name in contract.columns]
    names = [name for name in names if name != "listing_key"]
    held = dict(repeated)
    for name in names:  # one column at a time: a feed of a million rows fits in memory
        held |= traits.column_traits(name, read([name])[name].iloc[order], contract)
    homes = {name for group in contract.property_key for name in group}
    between = [
        name
        for name in names
        if name in BETWEEN or name in homes or contract.columns[name].type == "text"
    ]
    held |= traits.row_traits(read(between).iloc[order].reset_index(drop=True), contract)

    whys = bad["reason"].map(quarantine_traits)
    faults = {
        name: whys.map(lambda some, name=name: name in some).to_numpy(bool)
        for name in sorted({name for some in whys for name in some})
    }
    worst = cover_traits(faults, size // 2)
    budget = size - len(worst) - len(repeated)
    chosen = cover_traits(held, budget)
    pairs = _pairs(chosen, repeated, clean, doubles)
    room = size - len(worst) - len(pairs)
    taken = set(chosen)
    spare = (row for row in range(len(clean)) if row not in taken)
    chosen += [row for row, _ in zip(spare, range(room - len(chosen)), strict=False)]

    where = [(clean["_source_file"][row], int(clean["_source_row"][row])) for row in chosen]
    rare = {name: rows for name, rows in held.items() if rows.sum() <= RARE * len(clean)}
    picks = [
        Pick([place], "clean", "", [name for name, rows in rare.items() if rows[row]])
        for place, row in zip(where, chosen, strict=True)
    ]
    picks += pairs
    picks += [
        Pick([(bad["file"][row], bad["row"][row])], "quarantined", bad["reason"][row], whys[row])
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
    return Choice(picks, counted, columns)


def _pairs(
    chosen: list[int], repeated: traits.Traits, clean: pd.DataFrame, doubles: pd.DataFrame
) -> list[Pick]:
    """For each kind of duplicate one row, of the first chosen listing that has such a one."""
    picks = []
    for kind, rows in repeated.items():
        kept = next((row for row in chosen if rows[row]), None)
        if kept is not None:
            of = doubles["listing_key"] == clean["listing_key"][kept]
            some = doubles[of & (doubles["kind"] == kind)]
            places = list(zip(some["_source_file"], some["_source_row"], strict=True))
            picks.append(Pick(places, "duplicate", some["_reason"].iloc[0], [kind]))
    return picks


def column_statistics(name: str, text: pd.Series, contract: Contract) -> dict:
    """What a test may expect of one column: cells filled, distinct, unreadable, and the least,
    median and greatest number or date as its contract type reads it."""
    filled = text[~parse_values.is_blank(text)]
    found: dict = {"filled": len(filled), "distinct": int(filled.nunique())}
    amount = traits.parse_amounts(filled, contract.columns[name], contract.date_formats)
    if amount is not None:
        found["unreadable"] = int(amount.isna().sum())
        known = amount.dropna()
        if len(known) and known.dtype == "float64":
            found |= {"min": known.min(), "median": known.median(), "max": known.max()}
        elif len(known) and known.dtype.kind == "M":
            found |= {"min": known.min().isoformat(), "max": known.max().isoformat()}
    return found


class SampleParams(params.Section):
    """The `sample` section of params.yaml."""

    rows: int = Field(ge=20, le=50)
