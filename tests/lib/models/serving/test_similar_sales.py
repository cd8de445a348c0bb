"""Comparables: the candidates that share leaves, adjusted by the ratio of the two estimates."""

import numpy as np
import pandas as pd
import pytest

from lib.models.serving.similar_sales import (
    distance_similarity,
    leaf_similarity,
    rank_similar_sales,
)
from lib.models.variants.predict import (
    log_estimates,
    log_estimates_before_level,
    market_level_shifts_since,
    rebuild_estimator,
)
from tests.support.saved_models import LEVELLED, make_blend, train_and_save

MONTH = pd.Timedelta(days=30)


def made(name="lightgbm", count=6):
    """(homes on the market, candidates as `features` gives them, sales, model, predictions)."""
    saved, predicted, table = train_and_save(name, LEVELLED)
    saved = saved.model_copy(update={"trained_before": "2024-04-30"})
    sales = table[table["role"] == "train"]
    homes = table.iloc[[150, 151, 152]].reset_index(drop=True)
    rng = np.random.default_rng(5)
    rows = []
    for key in homes["listing_key"]:
        for rank, (at, gap) in enumerate(
            zip(
                rng.choice(len(sales), count, False), np.sort(rng.uniform(0, 3, count)), strict=True
            )
        ):
            one = sales.iloc[at]
            rows.append(
                (key, rank + 1, one["listing_key"], one["close_date"], one["close_price"],
                 one["close_price"] * 1.02, 1500.0, gap)
            )  # fmt: skip
    names = ["listing_key", "rank", "comparable", "close_date", "close_price",
             "adjusted_close_price", "living_area", "distance"]  # fmt: skip
    return homes, pd.DataFrame(rows, columns=names), table, saved, predicted


def test_the_share_of_leaves_in_common_counted_tree_by_tree():
    _, _, table, saved, _ = made()
    one, other = np.array([0, 5, 9, 9]), np.array([1, 5, 40, 80])
    got = leaf_similarity(table, saved, one, other)
    leaves = rebuild_estimator(saved).booster.predict(
        rebuild_estimator(saved)._matrix(table[saved.inputs]), pred_leaf=True
    )
    for pair in range(4):
        same = sum(a == b for a, b in zip(leaves[one[pair]], leaves[other[pair]], strict=True))
        assert got[pair] == pytest.approx(same / leaves.shape[1])
    assert got[1] == 1 > got[0]


def test_a_blend_asks_its_members_that_have_trees_by_weight():
    parts = {name: made(name)[3] for name in ("lightgbm", "random_forest", "linear")}
    table = made()[2]
    weights = {"lightgbm": 0.2, "random_forest": 0.3, "linear": 0.5}
    saved = make_blend(weights, parts)
    one, other = np.arange(20), np.arange(20, 40)
    each = {name: leaf_similarity(table, part, one, other) for name, part in parts.items()}
    assert each["linear"] is None
    wanted = 0.4 * each["lightgbm"] + 0.6 * each["random_forest"]
    np.testing.assert_allclose(leaf_similarity(table, saved, one, other), wanted)


def test_weights_of_0_and_1_rank_by_distance_and_by_leaves_alone():
    homes, near, table, saved, predicted = made()
    far = rank_similar_sales(homes, near, table, saved, predicted, 0.0, 3)
    assert far["comparable"].tolist() == near[near["rank"] <= 3]["comparable"].tolist()
    assert far["rank"].tolist() == [1, 2, 3] * 3
    by_leaf = rank_similar_sales(homes, near, table, saved, predicted, 1.0, 3)
    at = pd.Series(np.arange(len(table)), table["listing_key"])
    share = leaf_similarity(
        table, saved, at[near["listing_key"]].to_numpy(), at[near["comparable"]].to_numpy()
    )
    for key, part in near.assign(share=share).groupby("listing_key"):
        wanted = part.sort_values("share", ascending=False, kind="stable")["share"].head(3)
        mine = by_leaf[by_leaf["listing_key"] == key]
        np.testing.assert_allclose(mine["similarity"], wanted)
    assert by_leaf["comparable"].tolist() != far["comparable"].tolist()


def test_half_and_half_is_the_mean_of_both():
    homes, near, table, saved, predicted = made()
    got, leaf, far = (
        rank_similar_sales(homes, near, table, saved, predicted, weight, 6).set_index(
            ["listing_key", "comparable"]
        )["similarity"]
        for weight in (0.5, 1.0, 0.0)
    )
    np.testing.assert_allclose(got, (leaf[got.index] + far[got.index]) / 2)
    assert (got.groupby(level=0).diff().dropna() <= 0).all() and got.between(0, 1).all()


def test_closeness_is_one_for_the_nearest_and_falls():
    near = pd.DataFrame({"listing_key": ["a", "a", "b"], "distance": [0.5, 1.5, 9.0]})
    assert distance_similarity(near).tolist() == [1.0, 0.5, 1.0]


def test_adjusted_prices_are_prices_times_the_ratio_of_estimates():
    homes, near, table, saved, predicted = made()
    got = rank_similar_sales(homes, near, table, saved, predicted, 0.5, 4)
    rows = table.set_index("listing_key", drop=False)
    mine = log_estimates(rows.loc[got["listing_key"]], saved, predicted)
    # all comparables closed before the boundary: the model has learnt from them, level and all
    theirs = log_estimates_before_level(rows.loc[got["comparable"]], saved)
    wanted = got["close_price"] * np.exp(mine - theirs)
    np.testing.assert_allclose(got["adjusted_close_price"], wanted, rtol=1e-12)
    np.testing.assert_allclose(got["time_adjusted_close_price"], got["close_price"] * 1.02)


def test_the_level_counts_from_the_day_the_model_stopped_learning():
    _, _, table, saved, predicted = made()
    raw = log_estimates_before_level(table, saved)
    said = raw + market_level_shifts_since(table, saved, predicted)
    later = table["as_of"] >= "2024-04-30"
    np.testing.assert_array_equal(said[~later], raw[~later])
    np.testing.assert_allclose(said[later], log_estimates(table, saved, predicted)[later])
    assert (said[later] != raw[later]).any() and (~later).any()


def test_only_candidates_are_shown_and_none_where_there_are_none():
    homes, near, table, saved, predicted = made()
    got = rank_similar_sales(homes, near, table, saved, predicted, 1.0, 3)
    allowed = set(zip(near["listing_key"], near["comparable"], strict=True))
    assert set(zip(got["listing_key"], got["comparable"], strict=True)) <= allowed
    some = rank_similar_sales(homes.iloc[:1], near, table, saved, predicted, 0.5, 3)
    assert set(some["listing_key"]) == {homes["listing_key"][0]}
    none = rank_similar_sales(homes, near.iloc[:0], table, saved, predicted, 0.5, 3)
    assert not len(none) and set(none) == set(got)


def test_a_model_without_trees_ranks_by_distance():
    homes, near, table, saved, predicted = made("linear")
    got = rank_similar_sales(homes, near, table, saved, predicted, 0.5, 2)
    assert got["comparable"].tolist() == near[near["rank"] <= 2]["comparable"].tolist()
