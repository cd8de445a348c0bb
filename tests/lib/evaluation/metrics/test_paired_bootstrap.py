"""Figures of a case worked by hand; the paired bootstrap sees what is there and no more."""

import numpy as np
import pytest

from lib.evaluation.metrics.paired_bootstrap import compare_pairs, find_reversals, paired_intervals
from lib.evaluation.scoring.score import accuracy_and_level


def test_figures_of_a_case_worked_by_hand():
    got = accuracy_and_level(
        np.array([90.0, 100.0, 120.0, 220.0]), np.array([100.0, 100.0, 100.0, 200.0])
    )
    # ratios 0.9 1.0 1.2 1.1: median 1.05, distances 0.15 0.05 0.15 0.05
    assert got["median_ratio"] == pytest.approx(1.05)
    assert got["cod"] == pytest.approx(100 * 0.1 / 1.05)
    assert got["mdape"] == pytest.approx(0.1) and got["mape"] == pytest.approx(0.1)
    assert got["r2"] == pytest.approx(1 - (100 + 0 + 400 + 400) / 7500)


def test_the_paired_interval_holds_the_gap_and_shows_a_better_model():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, 3000))
    shared, own = rng.normal(0, 0.15, 3000), rng.normal(0, 0.03, 3000)
    good, worse = price * np.exp(shared), price * np.exp(shared + own)
    got = paired_intervals(good, worse, price, 300, np.random.default_rng(1))
    for part in got.values():
        assert part["low"] <= part["value"] <= part["high"]
    assert got["mape"]["high"] < 0 and got["mdape"]["value"] < 0
    # were the rows drawn apart for the two, chance would hide so small a gap
    apart = [
        np.abs(good / price - 1)[rng.integers(0, 3000, 3000)].mean()
        - np.abs(worse / price - 1)[rng.integers(0, 3000, 3000)].mean()
        for _ in range(300)
    ]
    assert np.quantile(apart, 0.975) > 0


def test_a_model_against_itself_is_level():
    price = np.arange(1.0, 100.0)
    got = paired_intervals(price * 1.1, price * 1.1, price, 50, np.random.default_rng(0))
    assert all(value == 0 for part in got.values() for value in part.values())


def test_models_that_change_places_are_named_and_chance_is_not():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, 2000))
    noise = [price * np.exp(rng.normal(0, spread, 2000)) for spread in (0.1, 0.15, 0.15)]
    first = compare_pairs(dict(zip("abc", noise, strict=True)), price, 200, 1)
    assert first["a", "b", "mdape"] == first["a", "c", "mape"] == 1
    assert first["b", "c", "mape"] == 0
    turned = compare_pairs(dict(zip("cab", noise, strict=True)), price, 200, 1)  # now c is the best
    assert turned["a", "c", "mape"] == -1 and turned["a", "b", "mape"] == 0
    assert find_reversals(first, first) == []
    assert find_reversals(first, turned) == [("a", "c", "mape"), ("a", "c", "mdape")]


def test_sales_of_one_home_are_drawn_together():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, 300))
    one, other = (price * np.exp(rng.normal(0, 0.1, 300)) for _ in range(2))
    parts = [np.tile(part, 4) for part in (one, other, price)]
    by_row = paired_intervals(*parts, 200, np.random.default_rng(1))["mape"]
    by_home = paired_intervals(*parts, 200, np.random.default_rng(1), np.tile(np.arange(300), 4))[
        "mape"
    ]
    alone = paired_intervals(one, other, price, 200, np.random.default_rng(1))["mape"]
    assert by_home == pytest.approx(alone)
    assert by_row["high"] - by_row["low"] < 0.6 * (by_home["high"] - by_home["low"])
