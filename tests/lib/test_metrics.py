"""Metrics: equal to plain loops and hand-worked cases; bootstrap intervals are honest."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.models.metrics import DIRECTIONS, accuracy, bootstrap, coverage

money = st.floats(1e3, 1e7)


def naive(pairs):
    """Every metric by its textbook sum."""
    errors = [(e - p) / p for e, p in pairs]
    size = [abs(error) for error in errors]
    n, mean = len(pairs), statistics.fmean(p for _, p in pairs)
    spread = sum((p - mean) ** 2 for _, p in pairs)
    return {
        "mdape": statistics.median(size),
        "mape": sum(size) / n,
        "mae": sum(abs(e - p) for e, p in pairs) / n,
        "rmse": math.sqrt(sum((e - p) ** 2 for e, p in pairs) / n),
        "rmsle": math.sqrt(sum(math.log((1 + e) / (1 + p)) ** 2 for e, p in pairs) / n),
        "r2": 1 - sum((e - p) ** 2 for e, p in pairs) / spread if spread else math.nan,
        "ppe10": sum(x <= 0.1 for x in size) / n,
        "ppe20": sum(x <= 0.2 for x in size) / n,
        "bias": statistics.median(errors),
    }


@given(st.lists(st.tuples(money, money), min_size=1, max_size=30), st.integers(0, 5))
def test_accuracy_is_what_plain_loops_find_and_missing_estimates_only_lower_the_hit_rate(
    pairs, missing
):
    estimate = np.array([e for e, _ in pairs] + [np.nan] * missing)
    price = np.array([p for _, p in pairs] + [5e5] * missing)
    got = accuracy(estimate, price)
    assert got.pop("hit_rate") == len(pairs) / (len(pairs) + missing)
    assert got == pytest.approx(naive(pairs), rel=1e-6, abs=1e-9, nan_ok=True)


def test_a_case_worked_by_hand():
    got = accuracy(np.array([110.0, 80, 100, np.nan]), np.array([100.0, 100, 100, 100]))
    assert got["mdape"] == pytest.approx(0.1) and got["mape"] == pytest.approx(0.1)
    assert got["bias"] == 0 and got["mae"] == 10
    assert got["rmse"] == pytest.approx(math.sqrt(500 / 3))
    assert got["ppe10"] == pytest.approx(2 / 3) and got["ppe20"] == 1
    assert got["hit_rate"] == 0.75
    assert math.isnan(got["r2"])  # prices that do not differ explain nothing


def test_exact_estimates_are_perfect():
    got = accuracy(np.array([1e5, 2e5]), np.array([1e5, 2e5]))
    assert got["r2"] == got["ppe10"] == got["hit_rate"] == 1
    assert got["mdape"] == got["rmse"] == got["rmsle"] == got["bias"] == 0


@pytest.mark.parametrize(("estimates", "hit"), [([], math.nan), ([math.nan] * 2, 0.0)])
def test_no_estimate_at_all_leaves_every_metric_missing(estimates, hit):
    got = accuracy(np.array(estimates), np.full(len(estimates), 1e5))
    assert got.pop("hit_rate") == pytest.approx(hit, nan_ok=True)
    assert all(math.isnan(value) for value in got.values())


@pytest.mark.parametrize("estimates", [[], [math.nan], [1e5, 2e5]])
def test_metrics_always_stand_in_one_order(estimates):
    """`bootstrap` puts draws side by side by position, and a draw may hold no estimate."""
    assert list(accuracy(np.array(estimates), np.full(len(estimates), 1e5))) == list(DIRECTIONS)


@pytest.mark.filterwarnings("ignore:All-NaN")
def test_bootstrap_keeps_metrics_apart_when_a_draw_holds_no_estimate():
    estimate = np.array([150.0, np.nan])
    got = bootstrap(accuracy, (estimate, np.array([100.0, 100.0])), 200, np.random.default_rng(0))
    assert (got["bias"]["low"], got["bias"]["high"]) == (0.5, 0.5)
    assert (got["hit_rate"]["low"], got["hit_rate"]["high"]) == (0.0, 1.0)


def test_coverage_of_a_case_worked_by_hand():
    price = np.array([90.0, 100, 110, 200])
    got = coverage(price, np.full(4, 100.0), np.array([110.0, 110, 110, 150]), np.full(4, 100.0))
    assert got == pytest.approx(
        {"coverage": 0.5, "below": 0.25, "above": 0.25, "median_width": 0.1}
    )


def mean(values):
    return {"mean": float(values.mean())}


def test_bootstrap_is_seeded_and_keeps_the_value_of_the_whole():
    values = np.random.default_rng(3).normal(size=50)
    one, same, other = (
        bootstrap(mean, (values,), 200, np.random.default_rng(seed))["mean"] for seed in (1, 1, 2)
    )
    assert one == same != other
    assert one["value"] == pytest.approx(values.mean())
    assert one["low"] < one["value"] < one["high"]


def test_bootstrap_resamples_whole_rows():
    pairs = np.arange(20.0)

    def apart(left, right):
        return {"apart": float(np.abs(left - right).max())}

    got = bootstrap(apart, (pairs, pairs), 50, np.random.default_rng(0))["apart"]
    assert (got["low"], got["high"]) == (0, 0)


def test_bootstrap_intervals_cover_the_truth_about_as_often_as_they_say():
    """400 samples of 40: at 80 % within four standard errors, and a little slack for the
    bootstrap's known narrowness at this size."""
    rng, rounds, hits = np.random.default_rng(0), 400, 0
    for _ in range(rounds):
        sample = rng.normal(1.0, 2.0, 40)
        got = bootstrap(mean, (sample,), 150, rng, level=0.8)["mean"]
        hits += got["low"] <= 1.0 <= got["high"]
    assert abs(hits / rounds - 0.8) < 4 * math.sqrt(0.16 / rounds) + 0.02


def test_bootstrap_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).normal(size=400)
    got = bootstrap(mean, (values,), 2000, np.random.default_rng(1))["mean"]
    assert got["high"] - got["low"] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_bootstrap_of_nothing_is_missing():
    got = bootstrap(accuracy, (np.array([]), np.array([])), 10, np.random.default_rng(0))
    assert all(math.isnan(x) for metric in got.values() for x in metric.values())
