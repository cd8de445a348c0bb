"""The table of valuations that people read: estimate, interval and the closest comparables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import Model
from lib.models.calibration.prediction_intervals import predict_intervals
from lib.models.variants.predict import log_estimates

FACTS = [
    "unparsed_address",
    "postal_code",
    "property_sub_type",
    "living_area",
    "bedrooms_total",
    "bathrooms_total",
    "year_built",
    "list_price",
]


CLASS, UNSTATED, UNKNOWN = "property_class", "unstated", "unknown"  # of `normalize`
APART = ["listing_key", "domain", CLASS, "property_type", "property_sub_type",
         "unparsed_address", "postal_code", "list_price", "reason"]  # fmt: skip


def list_not_valued(homes: pd.DataFrame, valued: list[str]) -> pd.DataFrame:
    """List what is on the market and not valued, since it is of another class of property.

    Parameters
    ----------
    homes : DataFrame of n rows
        The domain's normalised rows.
    valued : list of str
        The classes that the feed values.

    Returns
    -------
    DataFrame of m rows
        APART, sorted by listing_key; columns that the feed lacks are missing.
    """
    opened = (homes["standard_status"] != "Closed") & homes["as_of"].notna()
    other = homes[opened & ~homes[CLASS].isin([*valued, UNSTATED])].sort_values("listing_key")
    other = other.reset_index(drop=True).reindex(columns=APART)
    why = other[CLASS] + ", and the feed values " + ", ".join(valued) + " alone"
    other["reason"] = why.mask(other[CLASS] == UNKNOWN, "what it is cannot be told")
    return other


def widen_comparables(near: pd.DataFrame, count: int) -> pd.DataFrame:
    """A home's comparables side by side, in one row.

    Parameters
    ----------
    near : DataFrame
        One row a home and comparable: listing_key, rank from 1, comparable and what else is said of
        it.
    count : int
        Ranks that get columns.

    Returns
    -------
    DataFrame
        One row a home: listing_key, then comp_1_listing_key, comp_1_close_date, comp_1_close_price
        and so on; absent ones missing.
    """
    wide = near[["listing_key"]].drop_duplicates()
    told = {name: name for name in near if name not in ("listing_key", "rank")}
    told |= {"comparable": "listing_key"}
    for rank in range(1, count + 1):
        part = near[near["rank"] == rank].drop(columns="rank")
        part = part.rename(columns={name: f"comp_{rank}_{told[name]}" for name in told})
        wide = wide.merge(part, on="listing_key", how="left")
    return wide


# parameters: each table comes from another stage, and none is derived from another
def make_valuations(
    features: pd.DataFrame,
    homes: pd.DataFrame,
    near: pd.DataFrame,
    saved: Model,
    predictions: pd.DataFrame,
    calibration: tuple[dict[str, Any], pd.DataFrame],
    comparables: int,
) -> pd.DataFrame:
    """The table of valuations that people read.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows of the homes (`lib.features.build`).
    homes : DataFrame
        Their normalised rows.
    near : DataFrame
        The comparables to show.
    saved : Model
        The model that values them.
    predictions : DataFrame
        Its own predictions.parquet.
    calibration : (dict of str to Any, DataFrame)
        What `calibrate` saved for serving, and the scored rows.
    comparables : int
        Comparables that get columns.

    Returns
    -------
    DataFrame of n rows
        Sorted by listing_key: facts, estimate and intervals (currency, to the unit), FSD (share),
        and the closest comparables.
    """
    state, known = calibration
    features = features.reset_index(drop=True)
    features["log_estimate"] = log_estimates(features, saved, predictions)
    priced = predict_intervals(features, known, state, newcomers=True)
    money = priced.columns.drop(["pred_fsd", "pred_confidence", "pred_abstention"])
    priced[money] = np.round(priced[money])
    priced = priced.round({"pred_fsd": 4, "pred_confidence": 1})
    out = features[["listing_key", "as_of"]].join(priced)
    out.insert(1, "domain", saved.domain)
    names = [*FACTS, *(["property_type"] if "property_sub_type" not in homes else [])]
    facts = homes[["listing_key", *(name for name in names if name in homes)]]
    out = out.merge(facts, on="listing_key", how="left", validate="one_to_one")
    out = out.merge(widen_comparables(near, comparables), on="listing_key", how="left")
    return out.sort_values("listing_key").reset_index(drop=True)
