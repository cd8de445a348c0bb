"""Comparables that agree with the model: the as-of candidates of `features`, ranked again.

Two homes are alike to a model where its trees put them into the same leaves. The share of such
trees is blended with the closeness by distance, and the closest candidates are kept. A comparable's
price times what the model says the two homes differ by is its adjusted price: the adjustments are
the model's, not an appraiser's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.artifacts import Blend, Model
from lib.models.variants.predict import (
    log_estimates_before_level,
    market_level_shifts_since,
    model_inputs,
    rebuild_estimator,
)
from lib.models.variants.training.estimators.boosting import BoostedTrees

CHUNK = 20_000  # pairs of homes at a time, so that memory stays bounded


def leaf_similarity(
    homes: pd.DataFrame, saved: Model, one: np.ndarray, other: np.ndarray
) -> np.ndarray | None:
    """The share of trees in which two homes fall into one leaf.

    Parameters
    ----------
    homes : DataFrame
        Feature rows.
    saved : Model
        A fitted variant, or a blend, whose members count by weight.
    one, other : ndarray of shape (pairs,), int
        Row numbers of the two homes of each pair.

    Returns
    -------
    ndarray of shape (pairs,) or None
        Shares; None where no member has trees.

    Notes
    -----
    Trees count alike: weighting them by how far their leaves lie apart changed nothing on King
    County's folds.
    """
    if isinstance(saved, Blend):
        parts = [
            (weight, leaf_similarity(homes, saved.members[name], one, other))
            for name, weight in saved.weights.items()
        ]
        found = [(weight, share) for weight, share in parts if share is not None]
        total = sum(weight for weight, _ in found)
        if not total:
            return None
        return np.asarray(sum(weight * share for weight, share in found) / total)
    model = rebuild_estimator(saved)
    if not isinstance(model, BoostedTrees):
        return None
    leaves = model.leaves(model_inputs(homes, saved))
    out = np.empty(len(one))
    for at in range(0, len(one), CHUNK):
        rows = slice(at, at + CHUNK)
        out[rows] = (leaves[one[rows]] == leaves[other[rows]]).mean(axis=1)
    return out


def distance_similarity(near: pd.DataFrame) -> np.ndarray:
    """How close each candidate is, beside the nearest one of its home.

    Parameters
    ----------
    near : DataFrame of n rows
        Candidates: listing_key, and distance in units of the metric.

    Returns
    -------
    ndarray of shape (n,)
        In (0, 1], 1 for the nearest: the weight that `lib.features.nearby.comparables` gives a
        candidate by its distance, over that of the nearest.
    """
    first = near.groupby("listing_key")["distance"].transform("min")
    return ((0.5 + first) / (0.5 + near["distance"])).to_numpy(float)


# parameters: each table comes from another stage, and none is derived from another
def rank_similar_sales(
    features: pd.DataFrame,
    near: pd.DataFrame,
    past: pd.DataFrame,
    saved: Model,
    predictions: pd.DataFrame,
    leaf_weight: float,
    count: int,
) -> pd.DataFrame:
    """The candidates of each home that are most alike, with adjusted prices.

    Parameters
    ----------
    features : DataFrame
        Feature rows of the homes to value.
    near : DataFrame
        Their as-of candidates (`lib.features.build`).
    past : DataFrame
        Feature rows of the domain's sales.
    saved : Model
        The model that values the homes.
    predictions : DataFrame
        Its own predictions.parquet.
    leaf_weight : float
        Weight of the share of leaves beside closeness (share).
    count : int
        Candidates kept a home.

    Returns
    -------
    DataFrame
        In the form of `near`, and `similarity` (0 to 1), `time_adjusted_close_price` (that of
        `near`, by the index) and `adjusted_close_price` (currency), the price paid times the ratio
        of the two homes' estimates.
    """
    near = near[near["listing_key"].isin(features["listing_key"])].reset_index(drop=True)
    near = near.rename(columns={"adjusted_close_price": "time_adjusted_close_price"})
    if not len(near):
        return near.assign(adjusted_close_price=0.0, similarity=0.0)
    sales = past[past["listing_key"].isin(near["comparable"])]
    homes = pd.concat([features, sales], ignore_index=True)
    subject, sale = (
        pd.Series(np.arange(len(table)) + start, table["listing_key"])
        for table, start in ((features, 0), (sales, len(features)))
    )
    one, other = subject[near["listing_key"]].to_numpy(), sale[near["comparable"]].to_numpy()
    share = leaf_similarity(homes, saved, one, other) if leaf_weight else None
    score = distance_similarity(near)
    if share is not None:
        score = leaf_weight * share + (1 - leaf_weight) * score
    said = log_estimates_before_level(homes, saved) + market_level_shifts_since(
        homes, saved, predictions
    )
    near["adjusted_close_price"] = near["close_price"] * np.exp(said[one] - said[other])
    near["similarity"] = score
    order = near.assign(_at=-score).sort_values(["listing_key", "_at", "rank"], kind="stable")
    kept = order.drop(columns="_at").groupby("listing_key").head(count).reset_index(drop=True)
    kept["rank"] = kept.groupby("listing_key").cumcount() + 1
    return kept
