"""The two views of a home: blind to its list price, and aware of it.

A list price is nearly the answer, and homes that are not on the market have none. So the headline
is blind, and what a model makes of the list price stands beside it, never instead.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

View = Literal["blind", "aware"]
LISTED = "own_log_list_price"


def with_list_price(features: pd.DataFrame) -> pd.DataFrame:
    """A feature table and its column `LISTED`: log list price (log currency), missing without."""
    price = features["list_price"].astype("float64")
    return features.assign(**{LISTED: np.log(price.where(price > 0))})


def starting(section: Any) -> Any:
    """The parameters of a model that starts from the list price where it starts from anything."""
    if "start" not in type(section).model_fields:
        return section
    return section.model_copy(update={"start": [LISTED, *section.start]})
