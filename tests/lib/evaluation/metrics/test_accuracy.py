"""Metrics: equal to plain loops and hand-worked cases, also of rows that count several times."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evaluation.metrics.accuracy import (
    DIRECTIONS,
    accuracy_family,
    accuracy_metrics,
    coverage_family,
    coverage_metrics,
)

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
        "r2": 1 - sum((e - p) ** 2 for e, p in pairs) / spread
        if spread > n * (1e-7 * mean) ** 2
        else math.nan,
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
    got = accuracy_metrics(estimate, price)
    assert got.pop("hit_rate") == len(pairs) / (len(pairs) + missing)
    assert got == pytest.approx(naive(pairs), rel=1e-6, abs=1e-9, nan_ok=True)


def test_a_case_worked_by_hand():
    got = accuracy_metrics(np.array([110.0, 80, 100, np.nan]), np.array([100.0, 100, 100, 100]))
    assert got["mdape"] == pytest.approx(0.1) and got["mape"] == pytest.approx(0.1)
    assert got["bias"] == 0 and got["mae"] == 10
    assert got["rmse"] == pytest.approx(math.sqrt(500 / 3))
    assert got["ppe10"] == pytest.approx(2 / 3) and got["ppe20"] == 1
    assert got["hit_rate"] == 0.75
    assert math.isnan(got["r2"])  # prices that do not differ explain nothing


def test_exact_estimates_are_perfect():
    got = accuracy_metrics(np.array([1e5, 2e5]), np.array([1e5, 2e5]))
    assert got["r2"] == got["ppe10"] == got["hit_rate"] == 1
    assert got["mdape"] == got["rmse"] == got["rmsle"] == got["bias"] == 0


@pytest.mark.parametrize(("estimates", "hit"), [([], math.nan), ([math.nan] * 2, 0.0)])
def test_no_estimate_at_all_leaves_every_metric_missing(estimates, hit):
    got = accuracy_metrics(np.array(estimates), np.full(len(estimates), 1e5))
    assert got.pop("hit_rate") == pytest.approx(hit, nan_ok=True)
    assert all(math.isnan(value) for value in got.values())


@pytest.mark.parametrize("estimates", [[], [math.nan], [1e5, 2e5]])
def test_metrics_always_stand_in_one_order(estimates):
    """The bootstrap puts draws side by side by position, and a draw may hold no estimate."""
    assert list(accuracy_metrics(np.array(estimates), np.full(len(estimates), 1e5))) == list(
        DIRECTIONS
    )


def test_estimates_that_are_not_stood_by_count_in_all_but_the_hit_rate():
    price = np.array([100.0, 100, 100, 100])
    estimate = np.array([110.0, 80, 100, np.nan])
    got = accuracy_metrics(estimate, price, np.array([True, False, True, True]))
    expected = accuracy_metrics(estimate, price) | {"hit_rate": 0.5}
    assert got == pytest.approx(expected, nan_ok=True)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_counts_give_what_repeated_rows_give(n, seed):
    rng = np.random.default_rng(seed)
    price = rng.integers(1, 9, n) * 1e5
    estimate = np.where(rng.random(n) < 0.2, np.nan, price * rng.uniform(0.7, 1.4, n))
    counts = rng.integers(0, 4, (5, n)).astype(float)
    counts[0] = 0
    width = rng.uniform(0.1, 0.3, n)
    low, high = estimate * (1 - width), estimate * (1 + width)
    told = accuracy_family(estimate, price), coverage_family(price, low, high, estimate, 0.9)
    for draw, one, two in zip(counts, *(family.evaluate(counts) for family in told), strict=True):
        again = np.repeat(np.arange(n), draw.astype(int))
        alone = accuracy_metrics(estimate[again], price[again])
        assert one == pytest.approx(list(alone.values()), rel=1e-6, abs=1e-9, nan_ok=True)
        kept = again[np.isfinite(estimate[again])]
        parts = (part[kept] for part in (price, low, high, estimate))
        alone = naive_coverage(*parts)
        assert two == pytest.approx(alone, rel=1e-9, nan_ok=True)


def naive_coverage(price, low, high, estimate):
    """Every metric of intervals at 90 % by its textbook sum."""
    rows = list(zip(price, low, high, estimate, strict=True))
    if not rows:
        return [math.nan] * 5
    score = [(h - lo) + 20 * max(lo - p, 0) + 20 * max(p - h, 0) for p, lo, h, _ in rows]
    return [
        statistics.fmean(lo <= p <= h for p, lo, h, _ in rows),
        statistics.fmean(p < lo for p, lo, _, _ in rows),
        statistics.fmean(p > h for p, _, h, _ in rows),
        statistics.median((h - lo) / e for _, lo, h, e in rows),
        statistics.fmean(s / p for s, (p, *_) in zip(score, rows, strict=True)),
    ]


def test_coverage_of_a_case_worked_by_hand():
    price = np.array([90.0, 100, 110, 200])
    high = np.array([110.0, 110, 110, 150])
    got = coverage_metrics(price, np.full(4, 100.0), high, np.full(4, 100.0), 0.9)
    # scores: 10 and 20 times the 10 below; 10; 10; 50 and 20 times the 50 above
    score = (210 / 90 + 10 / 100 + 10 / 110 + 1050 / 200) / 4
    assert got == pytest.approx(
        {
            "coverage": 0.5, "below": 0.25, "above": 0.25, "median_width": 0.1,
            "interval_score": score,
        }
    )  # fmt: skip
