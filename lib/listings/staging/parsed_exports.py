"""A feed's exports, each parsed once and kept in a cache under what its parse depends on."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from lib.cache.entries import find_or_build
from lib.cache.keys import code_hash, key_of, room_files
from lib.common import cli, io
from lib.common.errors import require
from lib.listings.contract import contract
from lib.listings.staging import csv_reader, parse_export, receipts
from lib.listings.staging.staging import ParsedFile

ROOMS = (contract, parse_export)  # all that decides how a file is parsed


def parse_key(sha256: str, agreed: contract.Contract) -> str:
    """What the parse of a file depends on: its bytes, the contract, the code."""
    return key_of(
        sha256,
        agreed.model_dump_json(),
        code_hash(room_files(*ROOMS)),
        f"duckdb {duckdb.__version__}, pandas {pd.__version__}",
    )


def check_headers(paths: list[Path], agreed: contract.Contract) -> None:
    """Raise `RemlError` where a header lacks a column that the contract requires, or would be
    misread."""
    for path in paths:
        names = csv_reader.read_header(path).names
        missing = contract.missing_required_clauses(agreed, names)
        require(not missing, f"{path}: the header lacks {'; '.join(missing)}")
        faults = contract.header_faults(agreed, names)
        require(not faults, f"{path}, read by the feed's contract.yaml: {'; '.join(faults)}")


def parse_files(paths: list[Path], agreed: contract.Contract, raw: Path) -> list[ParsedFile]:
    """Each file as Parquet, from the cache where it was parsed before."""
    loaded = receipts.import_times(raw)
    parsed = []
    for path in cli.show_progress(paths, "staging"):
        sha256 = io.file_sha256(path)

        def parse(part: Path, path: Path = path) -> None:
            parse_export.parse_export(path, agreed, part)

        folder = find_or_build("staging", parse_key(sha256, agreed), parse)
        name = path.relative_to(raw).as_posix()
        parsed.append(ParsedFile(name, sha256, loaded.get(name), folder / "rows.parquet"))
    return parsed
