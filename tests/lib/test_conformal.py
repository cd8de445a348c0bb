"""Conformal intervals: the right order statistics, and coverage that simulation confirms."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.checks import RemlError
from lib.models.conformal import bounds, fsd, with_intervals

NICE = [Fraction(1, 2), Fraction(4, 5), Fraction(9, 10), Fraction(19, 20)]


def naive(errors, coverage):
    """Rank by exact fractions: floor((n + 1) * miss / 2) from either end, or none."""
    rank = math.floor((len(errors) + 1) * (1 - coverage) / 2)
    ordered = sorted(errors)
    return (ordered[rank - 1], ordered[-rank]) if rank else None


@given(
    st.lists(st.floats(-2, 2), min_size=1, max_size=60),
    st.sampled_from(NICE),
    st.integers(0, 3),
)
def test_bounds_are_the_order_statistics_of_a_naive_count(errors, coverage, missing):
    wanted = naive(errors, coverage)
    given_errors = np.array([*errors, *[np.nan] * missing])
    if wanted:
        assert bounds(given_errors, float(coverage)) == wanted
    else:
        with pytest.raises(RemlError, match=f"{len(errors)} out-of-fold errors are too few"):
            bounds(given_errors, float(coverage))


@pytest.mark.parametrize(("coverage", "needs"), [(0.5, 3), (0.8, 9), (0.9, 19), (0.95, 39)])
def test_too_few_errors_are_refused_and_the_needed_count_is_right(coverage, needs):
    assert bounds(np.arange(float(needs)), coverage) == (0, needs - 1)
    with pytest.raises(RemlError, match=f"they need {needs}$"):
        bounds(np.arange(needs - 1.0), coverage)


def skewed(rng, size):
    """Log errors with a long tail above, as prices have."""
    return rng.exponential(0.2, size) - 0.1 + rng.normal(0, 0.02, size)


@pytest.mark.parametrize(("coverage", "n"), [(0.8, 49), (0.9, 99), (0.9, 199)])
def test_a_new_error_is_covered_as_often_as_promised(coverage, n):
    """n + 1 is a multiple of 2 / miss, so the promise is exact: 4 standard errors either side."""
    rng, rounds = np.random.default_rng(0), 4000
    below = above = 0
    for _ in range(rounds):
        errors = skewed(rng, n + 1)
        low, high = bounds(errors[:-1], coverage)
        below += errors[-1] < low
        above += errors[-1] > high
    for missed in (below, above):  # each tail has its own half of the misses
        tail = (1 - coverage) / 2
        assert abs(missed / rounds - tail) < 4 * math.sqrt(tail * (1 - tail) / rounds)


def test_fsd_is_half_the_width_of_the_central_68_percent():
    errors = np.log1p(np.linspace(-0.5, 0.5, 101))  # relative errors spread evenly
    assert fsd(errors) == pytest.approx(0.34, abs=0.001)
    assert fsd(np.append(errors, np.nan)) == fsd(errors)


def test_fsd_of_small_normal_errors_is_about_their_standard_deviation():
    errors = np.random.default_rng(1).normal(0, 0.05, 20000)
    assert fsd(errors) == pytest.approx(0.05, rel=0.05)


def test_intervals_are_money_around_the_estimate():
    calibration = {"fsd": 0.1, "bounds": {"80": [-0.1, 0.2], "90": [-0.3, 0.4]}}
    got = with_intervals(np.log([100.0, 200.0]), calibration)
    assert list(got) == [
        "pred_close_price", "pred_fsd", "pred_low_80", "pred_high_80", "pred_low_90",
        "pred_high_90",
    ]  # fmt: skip
    assert got["pred_close_price"].tolist() == pytest.approx([100, 200])
    assert got["pred_fsd"].tolist() == [0.1, 0.1]
    assert got["pred_low_90"].tolist() == pytest.approx(
        [100 * math.exp(-0.3), 200 * math.exp(-0.3)]
    )
    assert got["pred_high_80"].tolist() == pytest.approx([100 * math.exp(0.2), 200 * math.exp(0.2)])


def test_intervals_of_nobody():
    assert with_intervals(np.array([]), {"fsd": 0.1, "bounds": {"90": [0, 0]}}).shape == (0, 4)
