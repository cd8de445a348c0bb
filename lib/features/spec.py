"""The feature spec, features.meta.yml, and whether a table is exactly what it says.

An entry is built where the feed has all its `inputs`: columns of the domain's own table that are
not empty throughout; `other.<column>`, those of the other domain's usable sales; `unsold_listings`,
listings that did not close; `series`, a table of external series.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api import types

from lib.common import table_spec
from lib.common.errors import require

META = Path("lib/features/features.meta.yml")
TABLE = "data/features/{sale,rental}.parquet"
NEAR = "data/features/{sale,rental}_comparables.parquet"
INDEX = "data/features/{sale,rental}_index.parquet"
FITS = {
    "text": lambda cells: not types.is_numeric_dtype(cells),
    "number": types.is_numeric_dtype,
    "count": types.is_numeric_dtype,
    "flag": types.is_numeric_dtype,
    "date": types.is_datetime64_any_dtype,
    "timestamp": types.is_datetime64_any_dtype,
}


def given(
    table: pd.DataFrame, other: pd.DataFrame | None, series: pd.DataFrame | None
) -> frozenset[str]:
    """What of the spec's inputs a feed has; see the head of this module."""
    names = {name for name in table if table[name].notna().any()}
    if (table["standard_status"] != "Closed").any():
        names.add("unsold_listings")
    if other is not None:
        names |= {f"other.{name}" for name in other if other[name].notna().any()}
    if series is not None and len(series):
        names.add("series")
    return frozenset(names)


def check(table: table_spec.Table, frame: pd.DataFrame, has: frozenset[str]) -> None:
    """Raise `RemlError` naming the columns of `frame` that the spec does not list, those that it
    lists and the feed has the inputs for that are missing, and those of another type.

    Parameters: the spec's entry of the table, the table as built, what the feed has (`given`).
    """
    unlisted = [str(name) for name in frame if table.entry(str(name)) is None]
    require(not unlisted, f"{META}: built but not listed: {', '.join(unlisted)}; add an entry each")
    built = [table.entry(str(name)) for name in frame]
    missing = [
        name
        for name, entry in table.columns.items()
        if set(entry.inputs) <= has and not any(entry is one for one in built)
    ]
    require(
        not missing,
        f"{META}: listed, its inputs are there, and not built: {', '.join(missing)}; build it, or "
        "remove the entry",
    )
    for name in frame:
        entry = table.entry(str(name))
        assert entry is not None
        require(
            FITS[entry.type](frame[name]),
            f"{META}: {name} is listed as {entry.type} and was built as {frame[name].dtype}",
        )


def enforced(
    features: pd.DataFrame, near: pd.DataFrame, index: pd.DataFrame, has: frozenset[str]
) -> None:
    """`check` and the ranges of the spec, for the feature table, the comparables and the index that
    are about to be written."""
    tables = table_spec.read(table_spec.CODE / META).tables
    check(tables[TABLE], features, has)
    table_spec.within(tables[TABLE], features, "features")
    table_spec.within(tables[NEAR], near, "comparables")
    table_spec.within(tables[INDEX], index, "index")


def input_kinds(features: pd.DataFrame) -> dict[str, str]:
    """The kind of each column of a feature table, as the spec lists it.

    Parameters
    ----------
    features : DataFrame
        A feature table; every column has an entry in the spec (`check`).

    Returns
    -------
    dict of str to str
        Column name to kind, such as `own`, `market` or `comparable`.
    """
    table = table_spec.read(table_spec.CODE / META).tables[TABLE]
    return {str(name): str(e.kind) for name in features if (e := table.entry(str(name)))}
