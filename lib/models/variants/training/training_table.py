"""The table that models are fitted on: features, the role of each row, and whether it is usable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import View
from lib.common.vocabulary import KEY_COLUMNS


def join_training_table(
    features: pd.DataFrame, roles: pd.DataFrame, screened: pd.DataFrame, view: View = "blind"
) -> tuple[pd.DataFrame, list[str]]:
    """The table that models are fitted on, of one domain.

    Parameters
    ----------
    features : DataFrame of n rows
        The feature table.
    roles : DataFrame of n rows
        What `split` made of each listing_key.
    screened : DataFrame
        listing_key and usable, as `screen` judged closed sales; other rows are not usable.
    view : View
        `aware` adds the list price to the inputs.

    Returns
    -------
    table : DataFrame of n rows
        All their columns.
    inputs : list of str
        The model's inputs: the columns of `features` that are no keys.
    """
    table = features.merge(roles, on="listing_key", validate="one_to_one")
    verdict = screened[["listing_key", "usable"]]
    table = table.merge(verdict, on="listing_key", how="left", validate="one_to_one")
    table["usable"] = table["usable"].eq(True)  # a listing on the market is no evidence yet
    inputs = [name for name in features if name not in KEY_COLUMNS]
    return (add_log_list_price(table), [*inputs, LISTED]) if view == "aware" else (table, inputs)


# The two views of a home: blind to its list price, and aware of it.
#
# A list price is nearly the answer, and homes that are not on the market have none. So the headline
# is blind, and what a model makes of the list price stands beside it, never instead.


LISTED = "own_log_list_price"


def add_log_list_price(features: pd.DataFrame) -> pd.DataFrame:
    """A feature table with the log of its list price.

    Parameters
    ----------
    features : DataFrame of n rows
        list_price (currency).

    Returns
    -------
    DataFrame of n rows
        `features` and the column LISTED (log price, missing without a list price).
    """
    price = features["list_price"].astype("float64")
    return features.assign(**{LISTED: np.log(price.where(price > 0))})


def start_from_list_price(section: Any) -> Any:
    """The parameters of a model that starts from the list price where it starts from anything."""
    if "start" not in type(section).model_fields:
        return section
    return section.model_copy(update={"start": [LISTED, *section.start]})


# Prefixes of inputs that use other homes' sales or the calendar. Without dates no sale is known to
# lie before another, so none may be evidence for another; one date for all teaches nothing of time.
OF_OTHERS = ("comp_", "mkt_", "geo_", "ext_", "own_previous_", "time_")


def dateless_inputs(inputs: list[str]) -> list[str]:
    """The inputs that models of a feed without dates may use: those that rest on the home alone."""
    return [name for name in inputs if not name.startswith(OF_OTHERS)]
