"""A staged HAR-style feed of any size, for measuring: `write(folder, rows)` makes what `staging`
would leave, with a tenth as many older states, relists, resales and addresses in several forms.

Example: python -m tests.support.scale /tmp/big 1000000
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib.common.vocabulary import LINEAGE
from lib.listings.contract import contract

PART = 100_000  # rows made at a time
LISTINGS_A_HOME = 3.3  # a million listings are of some 300,000 homes
NAMES = ("Main", "Elm", "Post Oak", "Westheimer", "San Jacinto", "Yale", "Kirby", "Park Place")
KINDS = ("St", "Street", "Avenue", "Dr", "Blvd", "Ln", "Rd W", "")
REMARKS = "Charming home near parks and schools, updated kitchen, large yard. " * 4


def part(rows: int, first: int, homes: int, rng: np.random.Generator) -> pd.DataFrame:
    """`rows` staged rows, keyed from `first` on, of `homes` homes."""
    agreed = contract.read_contract("har")
    home = rng.integers(0, homes, rows)
    day = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3600, rows), unit="D")
    closed = rng.random(rows) < 0.7
    status = np.where(closed, "Sold", rng.choice(["Active", "Expired", "Terminated"], rows))
    text = {
        "listing_key": (first + np.arange(rows)).astype(str),
        "domain": np.where(rng.random(rows) < 0.85, "sale", "rental"),
        "modification_timestamp": (day + pd.Timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "standard_status": status,
        "property_type": "Single-Family",
        "list_price": rng.integers(100, 900, rows).astype(str) + ",000",
        "close_price": np.where(closed, rng.integers(100, 900, rows) * 1000, 0).astype(str),
        "listing_contract_date": day.strftime("%m/%d/%Y"),
        "close_date": np.where(closed, (day + pd.Timedelta(days=45)).strftime("%m/%d/%Y"), ""),
        "living_area": (900 + home % 3000).astype(str),
        "lot_size_acres": np.round(0.1 + home % 97 / 100, 2).astype(str),
        "bedrooms_total": (1 + home % 5).astype(str),
        "bathrooms": [f"{1 + h % 3}.{h % 2}" for h in home],
        "year_built": (1950 + home % 70).astype(str),
        "unparsed_address": [address(h) for h in home],
        "postal_code": (77001 + home % 400).astype(str),
        "latitude": np.round(29.5 + home % 1000 / 1000, 6).astype(str),
        "longitude": np.round(-95.5 + home % 997 / 1000, 6).astype(str),
        "pool_private_yn": np.where(home % 7 == 0, "True", "False"),
        "public_remarks": [f"{REMARKS}{h}" for h in home],
    }
    names = dict.fromkeys(["listing_key", "domain", *agreed.columns, *agreed.constants])
    table = pd.DataFrame(text).reindex(columns=list(names)).astype("str")
    table["_source_file"] = "big.csv"
    table["_source_row"] = first + np.arange(rows)
    table["_file_sha256"] = "0" * 64
    table["_row_sha256"] = [f"{first + i:064x}" for i in range(rows)]
    table["_load_ts"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    return table[[*names, *LINEAGE]]


def address(home: int) -> str:
    """How a home's address is written; one in twenty takes the library to read."""
    name, kind = NAMES[home % 8], KINDS[home // 8 % 8]
    unit = f" Apt {home % 40}" if home % 5 == 0 else ""
    return f"{100 + home // 64} {'N ' if home % 3 else ''}{name} {kind}{unit}, Houston, TX"


def write(folder: Path, rows: int, seed: int = 1) -> None:
    """listings.parquet and superseded_listings.parquet in `folder`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    homes = int(rows / LISTINGS_A_HOME)
    for name, count in (("listings", rows), ("superseded_listings", rows // 10)):
        writer = None
        for first in range(0, count, PART):
            table = pa.Table.from_pandas(
                part(min(PART, count - first), first, homes, rng), preserve_index=False
            )
            writer = writer or pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writer.write_table(table)
        if writer:
            writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
