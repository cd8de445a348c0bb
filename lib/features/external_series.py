"""Series from outside the listings (rates, indices, incomes), each as it was known on a date.

A feed's `series.csv` beside its contract is a long table: `series_id, geo, period, release_date,
value`. The same period may be released again with another value; a home sees what had been
released strictly before its as_of date, and of that the newest period. `geo` is a ZIP code, a
county, a state, or US: a home takes the narrowest place for which the series has a release by then.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lib.common.errors import RemlError, require

COLUMNS = ["series_id", "geo", "period", "release_date", "value"]
LEVELS = ("postal_code", "county_or_parish", "state_or_province")
COUNTRY = "US"
# as homes hold them: a ZIP of five digits, a state or US in two capitals, a county in letters
GEO = r"[0-9]{5}|[A-Z]{2}|[^\W\d_][^\d]{2,}"
NOT_COUNTRY = ("usa", "u.s.", "u.s.a.", "united states")  # would be read as counties


def series_path(folder: Path) -> Path:
    """Where a feed whose contract lies in `folder` keeps its series."""
    return folder / "series.csv"


def _empty_series() -> pd.DataFrame:
    """A table of no series.

    Returns
    -------
    (0, 5) the COLUMNS.
    """
    return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}).astype(
        {"period": "datetime64[us]", "release_date": "datetime64[us]", "value": "float64"}
    )


def read_series(path: Path) -> pd.DataFrame:
    """Read a file of series.

    Parameters
    ----------
    path
        The CSV file; a missing one is an empty table. Spaces around a cell and blank lines at the
        end are ignored.

    Returns
    -------
    (n, 5) the COLUMNS, dates as datetime64, values in the series' own unit.

    Raises
    ------
    RemlError
        Naming the file, row and mend.
    """
    if not path.is_file():
        return _empty_series()
    try:
        table = pd.read_csv(
            path, dtype="str", encoding="utf-8-sig", skip_blank_lines=False, keep_default_na=False
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise RemlError(f"{path}: not a UTF-8 CSV file: {' '.join(str(error).split())}") from error
    require(
        list(table) == COLUMNS, f"{path}: the first line must be {','.join(COLUMNS)}; write it so"
    )
    table = table.fillna("").apply(lambda cells: cells.str.strip())
    table = table[: np.flatnonzero((table != "").any(axis=1)).max(initial=-1) + 1]
    dates = {
        name: pd.to_datetime(table[name], format="%Y-%m-%d", errors="coerce")
        for name in ("period", "release_date")
    }
    value = pd.to_numeric(table["value"], errors="coerce")
    wrong = {
        "series_id must be lower-case letters, digits and _": ~table["series_id"].str.fullmatch(
            "[a-z0-9_]+"
        ),
        "no geo; write a ZIP code, a county, a state or US": table["geo"] == "",
        "no home has such a geo; write a ZIP code of five digits, a county, a state as WA, or "
        "US": ~table["geo"].str.fullmatch(GEO) | table["geo"].str.lower().isin(NOT_COUNTRY),
        "value is no number": ~np.isfinite(value),
        **{f"{name} is no date like 2026-01-31": date.isna() for name, date in dates.items()},
    }
    for words, bad in wrong.items():
        row = int(np.flatnonzero(bad).min(initial=len(table))) + 1
        require(row > len(table), f"{path}, data row {row}: {words}")
    table = table.assign(**dates, value=value)
    twice = table.duplicated(["series_id", "geo", "period", "release_date"])
    row = int(np.flatnonzero(twice).min(initial=len(table))) + 1
    require(
        row > len(table),
        f"{path}, data row {row}: this series, geo, period and release_date "
        "stand above already; keep one of them",
    )
    return table


def _newest_releases(series: pd.DataFrame) -> pd.DataFrame:
    """Select the releases of one series that bring something new, each of the newest period so far.

    Parameters
    ----------
    series
        (n, columns) of one `series_id`.

    Returns
    -------
    (m, 3) `geo`, `release_date`, `value` in order of release.
    """
    ordered = series.sort_values(["geo", "release_date", "period"], ignore_index=True)
    so_far = ordered.groupby("geo")["period"].cummax()
    kept = ordered[ordered["period"] >= so_far]
    kept = kept.drop_duplicates(["geo", "release_date"], keep="last")
    return kept[["geo", "release_date", "value"]].sort_values("release_date", kind="stable")


def series_features(homes: pd.DataFrame, series: pd.DataFrame) -> dict[str, np.ndarray]:
    """The value of each series as of each home's date.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, and `postal_code`, `county_or_parish`, `state_or_province` as far
        as the feed has them.
    series
        (m, 5) the COLUMNS.

    Returns
    -------
    (n,) arrays `ext_<series_id>`, in the series' own unit; missing where nothing had been released
    for the home's places.
    """
    queries = pd.DataFrame({"as_of": homes["as_of"].astype("datetime64[us]").to_numpy()})
    queries["row"] = np.arange(len(queries))
    queries = queries.sort_values("as_of", kind="stable")
    order = queries["row"].to_numpy()
    places = [homes[level].to_numpy(object) for level in LEVELS if level in homes]
    places.append(np.full(len(homes), COUNTRY, dtype=object))
    out = {}
    for name, one in series.groupby("series_id"):
        releases = _newest_releases(one).astype({"release_date": "datetime64[us]", "geo": "str"})
        values = np.full(len(homes), np.nan)
        for place in places:
            latest = pd.merge_asof(
                queries.assign(geo=place[order]).astype({"geo": "str"}),
                releases,
                left_on="as_of",
                right_on="release_date",
                by="geo",
                allow_exact_matches=False,
            ).sort_values("row")["value"]
            values = np.where(np.isfinite(values), values, latest.to_numpy(float))
        out[f"ext_{name}"] = values
    return out
