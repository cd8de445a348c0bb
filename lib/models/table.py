"""The table that models are fitted on: features, the part each row plays, who may teach."""

from __future__ import annotations

import pandas as pd

from lib.common.vocabulary import KEY_COLUMNS
from lib.models.view import LISTED, View, with_list_price


def joined(
    features: pd.DataFrame, roles: pd.DataFrame, screened: pd.DataFrame, view: View = "blind"
) -> tuple[pd.DataFrame, list[str]]:
    """(the table that `lib.models.training` takes, the model's inputs) of one domain: the feature
    table, what `split` made of each row, and whether `screen` calls it `usable`."""
    table = features.merge(roles, on="listing_key", validate="one_to_one")
    verdict = screened[["listing_key", "usable"]]
    table = table.merge(verdict, on="listing_key", how="left", validate="one_to_one")
    table["usable"] = table["usable"].eq(True)  # a listing on the market is no evidence yet
    inputs = [name for name in features if name not in KEY_COLUMNS]
    return (with_list_price(table), [*inputs, LISTED]) if view == "aware" else (table, inputs)
