"""The blend: weights that are never negative and sum to one, learned strictly from the past."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from lib.common.artifacts import LevelSettings
from lib.models.stacking import (
    BlendWeightSettings,
    blend_importances,
    blend_predictions,
    fit_blend_weights,
)
from lib.models.variants.training.level_correction import level_shifts
from lib.models.variants.training.out_of_fold import unseen_log_errors
from tests.support.hypothesis_profiles import examples
from tests.support.saved_models import make_variant

FREE = BlendWeightSettings(shrink=0)
START = pd.Timestamp("2024-01-01")


@examples(25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(5, 60))
def test_weights_are_the_least_squares_on_the_simplex(seed, members, count):
    rng = np.random.default_rng(seed)
    misses = rng.normal(
        rng.normal(0, 0.1, members), rng.uniform(0.05, 0.4, members), (count, members)
    )
    got = fit_blend_weights(misses, 0)
    assert (got >= 0).all() and got.sum() == pytest.approx(1)
    found = minimize(
        lambda w: ((misses @ w) ** 2).sum(), np.full(members, 1 / members), method="SLSQP",
        bounds=[(0, 1)] * members, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert ((misses @ got) ** 2).sum() <= found.fun * (1 + 1e-4)


def test_few_sales_leave_weights_near_equal_and_none_leave_them_equal():
    misses = np.column_stack([np.full(100, 0.3), np.tile([0.01, -0.01], 50)])
    assert fit_blend_weights(misses, 0) == pytest.approx(
        [0, 1], abs=2e-3
    )  # 0.01² / 0.09 of the first
    assert fit_blend_weights(misses, 100) == pytest.approx([0.25, 0.75], abs=1e-3)
    assert fit_blend_weights(misses[:0], 100).tolist() == [0.5, 0.5]


def member(seed, noise, n=300):
    """Predictions of one variant: 200 rows in four folds, then 90 of the test, then subjects."""
    price = 12 + np.random.default_rng(0).normal(0, 0.3, n)
    raw = price + np.random.default_rng(seed).normal(0, noise, n)
    closed = np.arange(n) < 290
    return pd.DataFrame(
        {
            "listing_key": [f"k{i:03d}" for i in range(n)], "property_key": "p",
            "role": np.where(np.arange(n) < 200, "train", np.where(closed, "test", "subject")),
            "usable": np.arange(n) % 10 > 0,
            "as_of": START + pd.to_timedelta(np.arange(n), unit="D"),
            "close_date": START + pd.to_timedelta(np.arange(n) + 5, unit="D"),
            "close_price": np.where(closed, np.exp(price), np.nan),
            "log_raw": raw, "level": 0.0, "log_estimate": raw,
        }
    )  # fmt: skip


FOLDS = pd.Series(np.where(np.arange(300) < 200, np.arange(300) // 50 + 1, 0))


def test_the_better_member_weighs_more_and_the_blend_beats_both():
    members = {"one": member(1, 0.2), "other": member(2, 0.1)}
    share, got = blend_predictions(members, FOLDS, FREE, None)
    assert share["other"] == pytest.approx(0.8, abs=0.1)  # 0.2^2 / (0.1^2 + 0.2^2)
    test = got["role"] == "test"
    truth = np.log(got["close_price"])
    spread = {name: (t["log_raw"] - truth)[test].std() for name, t in members.items()}
    assert (got["log_raw"] - truth)[test].std() < min(spread.values())


@pytest.mark.parametrize("fold", [1, 2, 4])
def test_later_prices_change_no_earlier_blend_nor_their_own_fold(fold):
    members = {"one": member(1, 0.2), "other": member(2, 0.1)}
    _, before = blend_predictions(members, FOLDS, FREE, None)
    later = FOLDS.ge(fold) | (FOLDS == 0)
    rng = np.random.default_rng(3)
    factor = np.where(later, np.exp(rng.normal(0, 2, 300)), 1)
    changed = {n: t.assign(close_price=t["close_price"] * factor) for n, t in members.items()}
    _, after = blend_predictions(changed, FOLDS, FREE, None)
    rows = (FOLDS > 0) & FOLDS.le(fold)
    pd.testing.assert_series_equal(after["log_raw"][rows], before["log_raw"][rows])
    if fold < 4:
        assert not np.allclose(after["log_raw"][FOLDS == 4], before["log_raw"][FOLDS == 4])


def test_sales_that_are_no_evidence_change_no_weight():
    members = {"one": member(1, 0.2), "other": member(2, 0.1)}
    changed = {
        n: t.assign(close_price=t["close_price"].where(t["usable"], 1.0))
        for n, t in members.items()
    }
    assert (
        blend_predictions(members, FOLDS, FREE, None)[0]
        == blend_predictions(changed, FOLDS, FREE, None)[0]
    )


def test_test_prices_change_no_weight():
    members = {"one": member(1, 0.2), "other": member(2, 0.1)}
    changed = {
        n: t.assign(close_price=t["close_price"] * np.where(t["role"] == "test", 3, 1))
        for n, t in members.items()
    }
    assert (
        blend_predictions(members, FOLDS, FREE, None)[0]
        == blend_predictions(changed, FOLDS, FREE, None)[0]
    )


def test_the_level_is_that_of_the_blends_own_errors():
    spec = LevelSettings(days=20, shrink=3)
    members = {"one": member(1, 0.2), "other": member(2, 0.1)}
    _, got = blend_predictions(members, FOLDS, FREE, spec)
    np.testing.assert_array_equal(
        got["level"], level_shifts(unseen_log_errors(got), got["as_of"], spec)
    )
    np.testing.assert_array_equal(got["log_estimate"], got["log_raw"] + got["level"])
    assert got["level"].abs().max() > 0


def test_importances_are_shares_by_weight():
    saved = {
        "a": make_variant(importances={"x": 3.0, "y": 1.0}),
        "b": make_variant(importances={"y": 10.0}),
    }
    assert blend_importances(saved, {"a": 0.4, "b": 0.6}) == pytest.approx({"x": 0.3, "y": 0.7})
