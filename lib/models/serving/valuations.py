"""The table of valuations that people read: estimate, interval and the closest comparables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import Model
from lib.models.calibration.prediction_intervals import predict_intervals
from lib.models.serving.predict import log_estimates

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


def widen_comparables(near: pd.DataFrame, count: int) -> pd.DataFrame:
    """`listing_key` and, for ranks 1 to `count`, comp_1_listing_key, comp_1_close_date,
    comp_1_close_price and so on, all that `near` says of a comparable; absent ones missing."""
    wide = near[["listing_key"]].drop_duplicates()
    told = {name: name for name in near if name not in ("listing_key", "rank")}
    told |= {"comparable": "listing_key"}
    for rank in range(1, count + 1):
        part = near[near["rank"] == rank].drop(columns="rank")
        part = part.rename(columns={name: f"comp_{rank}_{told[name]}" for name in told})
        wide = wide.merge(part, on="listing_key", how="left")
    return wide


def make_valuations(
    features: pd.DataFrame,
    homes: pd.DataFrame,
    near: pd.DataFrame,
    saved: Model,
    predictions: pd.DataFrame,
    calibration: tuple[dict[str, Any], pd.DataFrame],
    comparables: int,
) -> pd.DataFrame:
    """One row a home, sorted by listing_key: its facts, estimate, intervals (money, to the unit),
    FSD (fraction) and `comparables` closest comparables.

    `features` and `near` come from `lib.features.build`, `homes` from `normalize`, the rest from
    `train`, and from `calibrate` what serving needs and the scored rows.
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
    facts = homes[["listing_key", *(name for name in FACTS if name in homes)]]
    out = out.merge(facts, on="listing_key", how="left", validate="one_to_one")
    out = out.merge(widen_comparables(near, comparables), on="listing_key", how="left")
    return out.sort_values("listing_key").reset_index(drop=True)
