"""Reading and writing. Every write goes to a temporary name and is renamed, so that a killed
stage leaves no half file; bytes depend on the content alone, never on the clock."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.common.errors import RemlError, require

if TYPE_CHECKING:  # slow to import, and commands that read and write no table need none of it
    import pandas as pd


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hex, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> Path:
    """Write `content` to `path` atomically, making its folder; returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return path


def copy_file(source: Path, path: Path) -> Path:
    """Copy the bytes of a file of any size to `path` atomically, making its folder; returns
    `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    shutil.copyfile(source, part)
    part.replace(path)
    return path


def write_text(path: Path, content: str) -> Path:
    """Write UTF-8 text atomically; returns `path`."""
    return write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> Path:
    """Write JSON (keys as given, NaN refused) atomically; returns `path`."""
    return write_text(path, json.dumps(content, indent=2, allow_nan=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    import numpy as np

    return value.item() if isinstance(value, np.generic) else str(value)


def read_json(path: Path) -> Any:
    """The content of a JSON file; raises `RemlError` where it is missing or is no JSON."""
    require(path.is_file(), f"{path}: no such file; `make repro` writes it")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8 is one, too
        raise RemlError(f"{path}: not valid JSON: {error}; `make repro` writes it anew") from error


def write_csv(path: Path, frame: pd.DataFrame) -> Path:
    """Write a frame without its index as CSV, atomically.

    Parameters
    ----------
    path
        Its folder is made where it is missing.
    frame
        Any columns; rows keep their order.

    Returns
    -------
    Path
        `path`.
    """
    return write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV that the pipeline wrote, as a frame.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    DataFrame
        Columns that end in listing_key, and postal_code, as text.

    Raises
    ------
    RemlError
        Where the file is missing.
    """
    import pandas as pd

    require(path.is_file(), f"{path}: no such file; `make repro` writes it")
    names = pd.read_csv(path, nrows=0).columns
    text = [name for name in names if name.endswith("listing_key") or name == "postal_code"]
    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"))


def sha256(*contents: bytes) -> str:
    """SHA-256 of several contents in order, each told apart from the next (hex)."""
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in contents)).hexdigest()


def write_parquet(
    path: Path,
    frame: pd.DataFrame,
    sort_by: Iterable[str],
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a frame as Parquet with fixed writer settings, so that equal frames give equal bytes.

    Parameters
    ----------
    path
        Its folder is made where it is missing.
    frame
        Any columns; its index is not kept.
    sort_by
        Columns that rows are sorted by; rows that are equal there keep their order.
    metadata
        Kept beside the schema.

    Returns
    -------
    Path
        `path`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = frame.sort_values(list(sort_by), kind="stable").reset_index(drop=True)
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(ordered, preserve_index=False)
    if metadata:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    pq.write_table(table, sink, compression="zstd", version="2.6")
    return write_bytes(path, sink.getvalue().to_pybytes())


def parquet_metadata(path: Path, prefix: str) -> dict[str, str]:
    """The entries whose names begin with `prefix` beside the schema of a Parquet file."""
    import pyarrow.parquet as pq

    entries = pq.read_schema(path).metadata or {}
    texts = {name.decode(): value.decode() for name, value in entries.items()}
    return {name: value for name, value in sorted(texts.items()) if name.startswith(prefix)}


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """A Parquet file as a frame.

    Parameters
    ----------
    path
        Of the file.
    columns
        Those to read; all where None.

    Returns
    -------
    DataFrame
        As it was written, with an index from 0.

    Raises
    ------
    RemlError
        Where the file is missing.
    """
    import pandas as pd

    require(path.is_file(), f"{path}: no such file; `make repro` writes it")
    return pd.read_parquet(path, columns=columns)
