"""What the schemas of the staged and the typed table share: exact columns, and enforcing them.

A table that breaks its schema is a fault of REML's code, never of the export, so the error keeps
its traceback. Import this module only where a table is checked: pandera takes a quarter second.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.config import config_context
from pandera.errors import SchemaErrors

from lib.common.vocabulary import DOMAINS, LINEAGE

TEXT = pd.StringDtype(na_value=np.nan)


DAY = np.dtype("datetime64[us]")


AMOUNT = np.dtype("float64")


ROW = np.dtype("int64")


LINEAGE_TYPES = {"_source_row": ROW, "_load_ts": DAY}  # the rest of LINEAGE is text


def exact_column(dtype: object, *checks: pa.Check, empty: bool = True) -> pa.Column:
    """A pandera column of exactly `dtype`; pandera alone takes objects for text and ns for us."""
    exact = pa.Check(lambda cells: cells.dtype == dtype, error=f"is not {dtype}", ignore_na=False)
    return pa.Column(None, [exact, *checks], nullable=empty, coerce=False)


def shared_columns() -> dict[str, pa.Column]:
    """The columns that both tables have: identity and lineage. Only an import time may be blank."""
    return {
        "listing_key": exact_column(TEXT, pa.Check.str_length(min_value=1), empty=False),
        "domain": exact_column(TEXT, pa.Check.isin(DOMAINS), empty=False),
        **{
            name: exact_column(LINEAGE_TYPES.get(name, TEXT), empty=name == "_load_ts")
            for name in LINEAGE
        },
    }


def enforce_schema(table: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    """Check a table against its schema. No variable of the environment switches this off.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
    schema : DataFrameSchema

    Raises
    ------
    AssertionError
        Unless the table fits: a clause for each column and check that fails, with the number of
        rows and no value, since values are listings.
    """
    try:
        with config_context(validation_enabled=True, validation_depth=None):
            schema.validate(table.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        named = cases["column"].where(cases["column"].notna(), cases["failure_case"])
        faults = (named.astype("str") + ": " + cases["check"].astype("str")).value_counts()
        clauses = "; ".join(f"{fault} ({rows})" for fault, rows in faults.sort_index().items())
        raise AssertionError(f"the table breaks its schema: {clauses}") from None
