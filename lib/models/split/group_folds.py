"""Splits of feeds whose sales tell no time: by groups of homes instead of by date.

Where no sale has a close date, or all share one, no sale is known to lie before another. Homes are
then held out in groups: listings of one home, and listings that share a picture (a copy, or two
units of one building), lie on one side together. See docs/decisions/011-undated-feeds.md, and
016-same-picture.md for what is the same picture.
"""

from __future__ import annotations

import hashlib
from typing import cast

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lib.common.errors import require
from lib.models.split.time_folds import SplitParams, is_priced_sale


def undated_reason(table: pd.DataFrame) -> str:
    """Why the sales of a feature table cannot be put in order of time.

    Parameters
    ----------
    table : DataFrame
        standard_status, close_price, close_date and as_of.

    Returns
    -------
    str
        The reason; empty where they can, and where there is no sale to put in order.
    """
    dates = table.loc[is_priced_sale(table) & table["as_of"].notna(), "close_date"]
    if not len(dates):
        return ""
    if dates.isna().all():
        return "no sale has a close date"
    return f"all sales closed on {dates.min():%Y-%m-%d}" if dates.nunique() == 1 else ""


def home_group_numbers(table: pd.DataFrame, photos: pd.DataFrame) -> np.ndarray:
    """A group number for each row: rows of one home, and listings that share a picture, are
    together.

    Parameters
    ----------
    table : DataFrame of n rows
        listing_key and property_key.
    photos : DataFrame
        listing_key and picture, one row a photo.

    Returns
    -------
    ndarray of shape (n,), int
        Connected components of homes and pictures.
    """
    rows = np.arange(len(table))
    seen = photos.merge(
        pd.DataFrame({"listing_key": table["listing_key"].to_numpy(object), "row": rows}),
        on="listing_key",
    )
    home = table["property_key"].astype("object").where(table["property_key"].notna(), rows)
    homes, home_names = pd.factorize(home)
    pictures, picture_names = pd.factorize(seen["picture"])
    count = len(rows) + len(home_names) + len(picture_names)
    start = np.concatenate([rows, seen["row"].to_numpy("int64")])
    end = np.concatenate([homes + len(rows), pictures + len(rows) + len(home_names)])
    links = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    return connected_components(links, directed=False)[1][rows]


def count_picture_groups(table: pd.DataFrame, group: np.ndarray) -> int:
    """How many groups hold several homes, which pictures alone can do.

    Parameters
    ----------
    table : DataFrame of n rows
        listing_key and property_key.
    group : ndarray of shape (n,)
        What `home_group_numbers` gives.

    Returns
    -------
    int
        Groups.
    """
    alone = home_group_numbers(
        table, pd.DataFrame({"listing_key": [], "picture": []}, dtype="object")
    )
    return int((pd.Series(alone).groupby(group).nunique() > 1).sum())


def assign_group_roles(
    table: pd.DataFrame, group: np.ndarray, spec: SplitParams, seed: int, name: str
) -> pd.DataFrame:
    """The role and the fold of each row of an undated feed, by groups of homes.

    Parameters
    ----------
    table : DataFrame of n rows
        listing_key, standard_status, close_price, close_date and as_of.
    group : ndarray of shape (n,), int
        What `home_group_numbers` gives.
    spec : SplitParams
        How much is held out, and how many folds there are.
    seed : int
        Of the order of groups.
    name : str
        What the rows are, for messages.

    Returns
    -------
    DataFrame of n rows
        listing_key, role and fold, as `assign_time_roles` gives them.

    Raises
    ------
    RemlError
        Where `split.boundary` is a date, or where sales or groups are too few.

    Notes
    -----
    A group's place follows from `seed` and its smallest listing_key, whatever the order of rows.
    """
    sale = (is_priced_sale(table) & table["as_of"].notna()).to_numpy(bool)
    where = f"{name}, split.boundary {spec.boundary}"
    require(
        isinstance(spec.boundary, float),
        f"{where}: {undated_reason(table)}, so no date parts them; choose a fraction",
    )
    frame = pd.DataFrame({"group": group, "key": table["listing_key"].to_numpy(object)})[sale]
    counted = frame.groupby("group")["key"].agg(["min", "size"])
    counted["draw"] = [
        hashlib.sha256(f"{seed} {key}".encode()).hexdigest() for key in counted["min"]
    ]
    counted = counted.sort_values("draw")
    wanted = cast(float, spec.boundary) * int(sale.sum())
    test = (counted["size"].cumsum() - counted["size"]) < wanted
    rest = counted[~test]
    past = int(rest["size"].sum())
    least = max(spec.minimum_train, 10 * spec.folds)
    require(
        past >= least and len(rest) >= 2 * spec.folds,
        f"{where}: {undated_reason(table)}, and {past} sales in {len(rest)} groups of homes beside "
        f"the test are too few for {spec.folds} folds (they need {least} sales); bring in more "
        "sales, or lower split.minimum_train or split.folds",
    )
    fold = pd.Series(0, index=counted.index)
    fold[rest.index] = np.arange(len(rest)) % spec.folds + 1
    number = pd.Series(group).map(fold).fillna(0).to_numpy("int64")
    tested = pd.Series(group).map(test).eq(True).to_numpy(bool)
    on_market = ((table["standard_status"] != "Closed") & table["as_of"].notna()).to_numpy(bool)
    role = np.select(
        [on_market, sale & tested, sale], ["subject", "test", "train"], default="unused"
    )
    return pd.DataFrame(
        {
            "listing_key": table["listing_key"],
            "role": pd.Series(role, index=table.index, dtype="str"),
            "fold": np.where(role == "train", number, 0),
        }
    )
