"""Mutated exports: no traceback, no lost row, no file outside the target (`make fuzz`).

Three oracles know nothing of the readers: the lines of a file without quotes, the rows that no
mutation touched (`tests.support.csv_files`), and the keys that still stand in the bytes.
"""

import csv
import json
import random
import re
import shutil
from collections import Counter

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.listings.contract.contract import Contract
from lib.listings.staging import csv_reader, parse_export, staging
from tests.support.csv_files import END, HEADER, mutate, sound

pytestmark = pytest.mark.fuzz
ROUNDS = 2000
BATCH = 25  # files staged as one feed
CONTRACT = validate(
    Contract,
    {
        "title": "Fuzz",
        "date_formats": ["%Y-%m-%d"],
        "columns": {
            "listing_key": {"aliases": ["ML#"]},
            "modification_timestamp": {"aliases": ["Modified"], "type": "timestamp"},
            "standard_status": {"aliases": ["Status"]},
            "close_price": {"aliases": ["Price"], "type": "number"},
            "public_remarks": {"aliases": ["Remarks"]},
        },
        "lookups": {"standard_status": {"Sold": "Closed", "A": "Active"}},
        "row_rules": [
            {"name": "p", "column": "close_price", "check": "is_number", "reason": "no price",
             "when": {"standard_status": "Closed"}},
        ],
    },
    "contract.yaml",
)  # fmt: skip
CLAIMED = dict(zip(HEADER[1:5], list(CONTRACT.columns)[1:], strict=True))
KEY = re.compile(r"K[0-9]{4}")
OUTS = ["listings.parquet", "clean_listings.csv", "selected_listings.csv", "duplicates.csv",
        "quarantine_rows.csv", "extra_columns.parquet", "superseded_listings.parquet"]  # fmt: skip


def plain(content: bytes) -> str:
    """What a file holds, near enough to find keys and line ends: those are ASCII."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace").replace("\0", "")
    return content.replace(b"\0", b"").decode("latin-1")


def cells_of(row: dict) -> dict[str, str]:
    """The cells of a parsed row by header; none for a row whose number of cells is not right."""
    if row["_row"]:
        cells = json.loads(row["_row"])
        return cells if isinstance(cells, dict) else {}
    return {
        "ML#": row["listing_key"],
        **{header: row[column] for header, column in CLAIMED.items()},
        **json.loads(row["_extra"] or "{}"),
    }


def check(export, content: bytes, rows: pd.DataFrame, names: list[str]) -> None:
    """No row is lost, none made up, and those that nobody touched are as they were."""
    text = plain(content)
    lines = [line for line in END.split(text.lstrip("\ufeffï»¿")) if line]
    assert rows["_source_row"].tolist() == list(range(1, len(rows) + 1))
    assert len(rows) <= len(lines) - 1, "more rows than lines"
    if '"' not in text:
        assert len(rows) == len(lines) - 1, "the rows are not the lines below the header"
    parts = rows[["listing_key", *CLAIMED.values(), "_extra", "_row"]].to_numpy().ravel()
    told = set(
        KEY.findall(" ".join([*parts, *([] if export.known and export.cells[0] else names)]))
    )
    gone = set(KEY.findall(text[text.index(lines[0]) + len(lines[0]) :])) - told
    assert not gone, f"nothing is said of {sorted(gone)}"

    loose = "".join(
        chunk if cells is None else "\n"
        for chunk, cells in list(zip(export.chunks, export.cells, strict=True))[1:]
    )
    if not export.known or export.cells[0] is None:
        return
    whole = Counter(tuple(cells) for cells in export.cells[1:] if cells)
    if '"' not in loose:
        others = [line for line in END.split(loose.replace("\0", "")) if line]
        assert len(rows) == whole.total() + len(others), "the number of rows is another"
        odd = sum(line.count(export.delimiter) != export.width - 1 for line in others)
        assert rows["_reason"].str.contains("ragged row").sum() == odd, "ragged rows pass"
    if '"' not in loose or export.width >= csv_reader.WIDE:
        seen = Counter(
            tuple(cells.get(name) or "" for name in HEADER[: export.width])
            for cells in map(cells_of, rows.to_dict("records"))
        )
        assert not whole - seen, f"untouched rows are not as they were: {whole - seen}"


def parsed(seed: int, folder, kinds: Counter):
    """A mutated export parsed and checked; None where it ends in an error, as it may."""
    rng = random.Random(seed)
    export = sound(rng)
    names, content = mutate(rng, export)
    (folder / "out").mkdir(parents=True)
    path = folder / f"{seed}.csv"
    path.write_bytes(content)
    try:
        try:
            out = parse_export.parse_export(path, CONTRACT, folder / "out")
        except RemlError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            kinds[re.sub(r"^.*?csv[:,] |[0-9,]+", "", str(error))] += 1
            return None
        rows = pd.read_parquet(out).sort_values("_source_row").astype(object).fillna("")
        check(export, content, rows, csv_reader.read_header(path).names)
    except Exception as error:
        raise AssertionError(f"seed {seed}, {', '.join(names)}: {error!r}") from error
    kinds["rows"] += len(rows)
    kinds["files"] += 1
    return staging.ParsedFile(path.name, f"sha{seed}", None, out)


def records(path) -> list[dict]:
    """The rows of a CSV out, read without staging's own reader."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_staged(files: list, folder) -> None:
    """Each row of some parsed files stands in exactly one place of what staging writes."""
    out, scratch = folder / "staged", folder / "scratch"
    out.mkdir()
    scratch.mkdir()
    counts, _ = staging.stage_feed(files, CONTRACT, out, scratch)
    came = Counter({one.file: len(pd.read_parquet(one.rows)) for one in files})
    assert +Counter({file: one["rows_in"] for file, one in counts.items()}) == +came
    clean = pd.read_parquet(out / "listings.parquet")
    duplicates, bad = records(out / "duplicates.csv"), records(out / "quarantine_rows.csv")
    assert len(records(out / "clean_listings.csv")) == len(clean)
    copies = sum(int(row["_copies"]) for row in bad)
    assert len(clean) + len(duplicates) + copies == came.total()
    kept = list(zip(clean["_source_file"], clean["_source_row"].astype(str), strict=True))
    kept += [(row["_source_file"], row["_source_row"]) for row in [*duplicates, *bad]]
    assert len(set(kept)) == len(kept)
    assert {path.name for path in out.iterdir()} == set(OUTS)
    assert [path.name for path in scratch.iterdir()] == [staging.DAYS]


def test_every_row_of_a_mutated_export_comes_out(tmp_path):
    kinds: Counter = Counter()
    for first in range(0, ROUNDS, BATCH):
        folder = tmp_path / str(first)
        files = [parsed(seed, folder / str(seed), kinds) for seed in range(first, first + BATCH)]
        check_staged([one for one in files if one], folder)
        left = {path.name for path in folder.rglob("*") if path.is_file()}
        assert left <= {
            *OUTS,
            "rows.parquet",
            staging.DAYS,
            *(f"{s}.csv" for s in range(first, first + BATCH)),
        }
        shutil.rmtree(folder)
    assert {path.name for path in tmp_path.iterdir()} == set()
    assert kinds["files"] > 0.8 * ROUNDS and len(kinds) > 6, kinds  # the mutations reach far
