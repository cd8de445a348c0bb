"""The staged table as a pandera schema, made from a feed's contract: strict, nothing coerced."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq

from lib.listings.contract.contract import Contract
from lib.listings.contract.table_schema import TEXT, enforce_schema, exact_column, shared_columns

BATCH = 100_000  # rows of a staged file in memory at a time


def staged_schema(contract: Contract, unique: bool = True) -> pa.DataFrameSchema:
    """Make the schema of the staged table from a feed's contract.

    Parameters
    ----------
    contract : Contract
    unique : bool
        False leaves out that (listing_key, domain) never repeats, for a part of a table.

    Returns
    -------
    DataFrameSchema
        Every contract column and constant as text, as the export wrote it.
    """
    text = {name: exact_column(TEXT) for name in (*contract.columns, *contract.constants)}
    return pa.DataFrameSchema(
        text | shared_columns(),
        strict=True,
        coerce=False,
        unique=["listing_key", "domain"] if unique else None,
    )


def enforce_staged(path: Path, contract: Contract, unique: bool = True) -> None:
    """Enforce the staged schema on a Parquet file without holding it in memory whole.

    A type is the file's, the same for each row, so an empty table has them all; only the columns
    whose values are checked are read.
    """
    with pq.ParquetFile(path) as file:
        empty = file.schema_arrow.empty_table().to_pandas(types_mapper=_text)
        enforce_schema(empty, staged_schema(contract, unique=False))
        checked = pa.DataFrameSchema(shared_columns(), strict=True, coerce=False)
        for batch in file.iter_batches(BATCH, columns=list(checked.columns)):
            enforce_schema(batch.to_pandas(types_mapper=_text), checked)
    if not unique:
        return
    keys = pq.read_table(path, columns=["listing_key", "domain"]).to_pandas(types_mapper=_text)
    shared = {name: pa.Column(None) for name in keys}
    enforce_schema(keys, pa.DataFrameSchema(shared, unique=["listing_key", "domain"]))


def _text(kind: object) -> pd.StringDtype | None:
    return TEXT if str(kind) in ("string", "large_string") else None
