"""The feature spec, features.meta.yml, and whether a table is exactly what it says.

An entry is built where the feed has all its `inputs`: columns of the domain's own table that are
not empty throughout, of which `property_type` only where it varies and the sub type does not tell
it; `kind_of_home`, one of the two; `other.<column>`, those of the other domain's usable sales;
`unsold_listings`, listings that did not close; `series`, a table of external series.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api import types

from lib.common import dictionary
from lib.common.errors import require

META = Path("lib/features/features.meta.yml")
TYPE, SUB_TYPE = "property_type", "property_sub_type"
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


def type_adds_to_sub_type(table: pd.DataFrame) -> bool:
    """Tell whether the property type says of some homes what their sub type does not.

    Parameters
    ----------
    table
        (n, columns) normalised listings; any of `property_type` and `property_sub_type`.

    Returns
    -------
    False where it is one word throughout, or follows from the sub type.
    """
    if TYPE not in table or table[TYPE].nunique() < 2:
        return False
    if SUB_TYPE not in table:
        return True
    kinds = table[[TYPE, SUB_TYPE]].fillna("").drop_duplicates()
    return bool(kinds[SUB_TYPE].duplicated().any())


def available_inputs(
    table: pd.DataFrame, other: pd.DataFrame | None, series: pd.DataFrame | None
) -> frozenset[str]:
    """List what of the spec's inputs a feed has; see the head of this module.

    Parameters
    ----------
    table
        (n, columns) normalised listings of the domain.
    other
        (m, columns) usable sales of the other domain, if any.
    series
        (k, columns) external series, if any.

    Returns
    -------
    Names of columns that are not empty throughout, `kind_of_home`, `other.<column>`,
    `unsold_listings`, `series`.
    """
    names = {name for name in table if table[name].notna().any()}
    if not type_adds_to_sub_type(table):
        names.discard(TYPE)
    if {TYPE, SUB_TYPE} & names:
        names.add("kind_of_home")
    if (table["standard_status"] != "Closed").any():
        names.add("unsold_listings")
    if other is not None:
        names |= {f"other.{name}" for name in other if other[name].notna().any()}
    if series is not None and len(series):
        names.add("series")
    return frozenset(names)


def check_columns(table: dictionary.Table, frame: pd.DataFrame, available: frozenset[str]) -> None:
    """Compare the columns of a built table with those of the spec.

    Parameters
    ----------
    table
        The spec's entry of the table.
    frame
        (n, columns) the table as built.
    available
        What of the spec's inputs the feed has (`available_inputs`).

    Raises
    ------
    RemlError
        Naming the columns that the spec does not list, those that it lists, the feed has the inputs
        for, and were not built, and those of another type.
    """
    unlisted = [str(name) for name in frame if table.entry(str(name)) is None]
    require(not unlisted, f"{META}: built but not listed: {', '.join(unlisted)}; add an entry each")
    built = [table.entry(str(name)) for name in frame]
    missing = [
        name
        for name, entry in table.columns.items()
        if set(entry.inputs) <= available and not any(entry is one for one in built)
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


def enforce_spec(
    features: pd.DataFrame, near: pd.DataFrame, index: pd.DataFrame, available: frozenset[str]
) -> None:
    """Check columns and ranges of the tables that are about to be written.

    Parameters
    ----------
    features, near, index
        The feature table, the comparables and the price index, as `build_features` gives them.
    available
        What of the spec's inputs the feed has (`available_inputs`).

    Raises
    ------
    RemlError
        As `check_columns`, and for a value out of its range.
    """
    tables = dictionary.read_spec(dictionary.CODE / META).tables
    check_columns(tables[TABLE], features, available)
    dictionary.check_ranges(tables[TABLE], features, "features")
    dictionary.check_ranges(tables[NEAR], near, "comparables")
    dictionary.check_ranges(tables[INDEX], index, "index")


def feature_kinds(features: pd.DataFrame) -> dict[str, str]:
    """The kind of each column of a feature table, as the spec lists it.

    Parameters
    ----------
    features : DataFrame
        A feature table; every column has an entry in the spec (`check_columns`).

    Returns
    -------
    dict of str to str
        Column name to kind, such as `own`, `market` or `comparable`.
    """
    table = dictionary.read_spec(dictionary.CODE / META).tables[TABLE]
    return {str(name): str(e.kind) for name in features if (e := table.entry(str(name)))}
