"""Download the public King County sales (OpenML data set 42092) as a CSV with its original columns.

Needs the internet, so it is no part of `dvc repro`. What was downloaded stays in a cache folder,
and a second call reads it from there.

Example: python -m scripts.acquire.openml --out king_county.csv
"""

import warnings
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import click
import pandas as pd
from sklearn.datasets import fetch_openml

from lib.common import cli, io
from lib.common.errors import RemlError, require, require_columns

DATA_ID = 42092
SALES = 21613
FEED = "king_county"
# fmt: off
COLUMNS = [
    "id", "date", "price", "bedrooms", "bathrooms", "sqft_living", "sqft_lot", "floors",
    "waterfront", "view", "condition", "grade", "sqft_above", "sqft_basement", "yr_built",
    "yr_renovated", "zipcode", "lat", "long", "sqft_living15", "sqft_lot15",
]
# fmt: on
OTHERWISE = "or get the CSV elsewhere and bring it in: make import FEED=king_county FROM=path.csv"


def column_text(column: pd.Series) -> pd.Series:
    """Write a column as CSV cells.

    Parameters
    ----------
    column
        (n,) numbers or text.

    Returns
    -------
    (n,) text: whole numbers without a point, missing as empty.
    """
    if pd.api.types.is_numeric_dtype(column):
        cells = column.astype("float64").map(
            lambda value: str(int(value)) if value.is_integer() else repr(value),
            na_action="ignore",
        )
    else:
        cells = column.astype("object").map(str, na_action="ignore")
    return cells.fillna("")


def fetch_sales(data_home: Path | None) -> pd.DataFrame:
    """Fetch the data set as OpenML has it.

    A column that OpenML flags as an identifier or as ignored is not among its inputs, so each one
    left out is asked for by name (from the cache). liac-arff reads both kinds of quotes and keeps
    the leading zeros of codes that are text.

    Parameters
    ----------
    data_home
        Folder of the cache; None: scikit-learn's own.

    Returns
    -------
    (n, columns) the sales.
    """

    def ask(target: str | None) -> pd.DataFrame:
        return fetch_openml(
            data_id=DATA_ID,
            data_home=data_home,
            target_column=target,
            as_frame=True,
            parser="liac-arff",
        ).frame

    frame = ask(None)
    for name in COLUMNS:
        if name not in frame:
            try:
                frame[name] = ask(name)[name]
            except KeyError:
                continue  # the data set has no such column: the caller names it
    return frame


@click.command(help=__doc__)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=f"{FEED}.csv",
    show_default=True,
    help="Where to write the CSV; an older file is replaced.",
)
@click.option(
    "--data-home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Cache folder of the download; by default scikit-learn's own.",
)
@cli.command
def main(out: Path, data_home: Path | None) -> None:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="target_column=|A network error")
            frame = fetch_sales(data_home)
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise RemlError(
            f"cannot download OpenML data set {DATA_ID} ({error}); connect to the internet and "
            f"run this again, {OTHERWISE}"
        ) from error
    except OSError as error:
        raise RemlError(
            f"{error.filename or data_home}: cannot use the cache folder ({error.strerror}); "
            "name another one with --data-home"
        ) from error
    except ValueError as error:
        raise RemlError(
            f"OpenML data set {DATA_ID} cannot be read ({error}); delete its files from the cache "
            f"folder and run this again, {OTHERWISE}"
        ) from error
    require_columns(frame.columns, COLUMNS, f"OpenML data set {DATA_ID}")
    require(len(frame) > 0, f"OpenML data set {DATA_ID}: it came without rows; {OTHERWISE}")
    if len(frame) != SALES:
        cli.log.warning("openml.rows", rows=len(frame), expected=SALES)
    io.write_csv(out, pd.DataFrame({name: column_text(frame[name]) for name in COLUMNS}))
    click.echo(f"{len(frame):,} sales: {out}; now: make import FEED={FEED} FROM={out}")


if __name__ == "__main__":
    main()
