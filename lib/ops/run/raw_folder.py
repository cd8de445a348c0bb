"""Checks of a feed's raw folder: headers that do not fit the contract, files of a user's own where
the demo stage writes, links to nothing, files that no stage reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lib.common.errors import RemlError, require
from lib.common.vocabulary import FEEDS, RAW, contract_path

if TYPE_CHECKING:  # slow to import for commands that check no file
    from lib.listings.contract.contract import Contract

RECEIPTS = "imports.jsonl"
TABLES = (".csv", ".tsv")
# a killed demo stage, or a killed copy out of DVC's cache, leaves such files and no manifest
DEMO_FILES = re.compile(
    r"""README\.txt | manifest\.txt | truth\.json
    | exports/(active | (leases | mixed_refresh | sales)_[0-9_]+)\.csv
    | (sale | rental)/images/\d{4}-\d{2}\.zip""",
    re.VERBOSE,
)
HALF_FILES = re.compile(r"(.*/)?\.[^/]+\.(part|tmp)")  # of lib.common.io and of DVC


def check_demo_folder(raw: Path) -> None:
    """Raise if somebody put a file of their own where the demo stage rewrites everything."""
    manifest = raw / "manifest.txt"
    listed = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else None
    for path in sorted(raw.rglob("*")):
        name = path.relative_to(raw).as_posix()
        own = DEMO_FILES.fullmatch(name) if listed is None else name in listed
        folder = path.is_dir() and not path.is_symlink()
        if not (folder or own or HALF_FILES.fullmatch(name)):
            raise RemlError(
                f"{path}: the demo stage owns this folder and would delete your file; move it "
                "elsewhere and bring it in as a feed: make import FEED=name FROM=path.csv"
            )


def check_regular_files(raw: Path) -> None:
    """Raise if something in a feed's folder looks like a file and is none."""
    for path in sorted(raw.rglob("*")):
        if path.is_symlink() and not path.exists():
            raise RemlError(
                f"{path}: a link to {path.readlink()}, which is not there; put the file itself "
                "here, or remove the link"
            )
        require(
            not (path.is_dir() and path.suffix.lower() in TABLES),
            f"{path}: a folder with the name of a CSV file; rename it or remove it",
        )


def list_ignored(raw: Path, paths: list[Path]) -> list[str]:
    """The files of a feed that no stage reads: neither CSV nor photos nor receipts nor hidden."""
    read = {*paths, raw / RECEIPTS}
    names = [path.relative_to(raw) for path in sorted(raw.rglob("*")) if path.is_file()]
    return [
        name.as_posix()
        for name in names
        if raw / name not in read and name.parts[1:2] != ("images",) and name.name[0] != "."
    ]


def check_export(path: Path, feed: str, agreed: Contract) -> None:
    """Raise unless `path` is a CSV with rows whose header fits the feed's contract."""
    from lib.listings.contract import contract
    from lib.listings.staging import csv_reader

    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise RemlError(f"{name}: the name is not UTF-8; rename the file") from error
    header = csv_reader.read_header_for(path, agreed)
    missing = contract.missing_column_phrases(agreed, header.names)
    if missing:
        others = [
            folder.name
            for folder in sorted(FEEDS.iterdir())
            if folder.name != feed
            and contract_path(folder.name).is_file()
            and not contract.missing_column_phrases(
                contract.read_contract(folder.name), header.names
            )
        ]
        if others:
            raise RemlError(
                f"{path}: this file fits feed {others[0]!r}, not {feed!r}: two feeds "
                f"are mixed; move it to {RAW / others[0]}/"
            )
        raise RemlError(
            f"{path}: the header lacks {'; '.join(missing)}; export it again with that "
            f"column, or add its header to the aliases in {contract_path(feed)}"
        )
    faults = contract.header_faults(agreed, header.names)
    require(not faults, f"{path}, read by {contract_path(feed)}: {'; '.join(faults)}")
    csv_reader.compare_repeated_headers(path, agreed)
    require(
        next(csv_reader.read_rows(path), None) is not None,
        f"{path}: a header and no rows; export it again or remove the file",
    )
