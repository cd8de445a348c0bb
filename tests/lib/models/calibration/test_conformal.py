"""Conformal intervals: the right order statistics, coverage that simulation confirms, and markets
that move."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalPredictiveSystem
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.models.calibration.conformal import (
    AdaptiveSettings,
    adaptive_bounds,
    choose_half_life,
    split_bounds,
    weighted_tail_score,
)

NICE = [Fraction(1, 2), Fraction(4, 5), Fraction(9, 10), Fraction(19, 20)]
DAY0 = pd.Timestamp("2024-01-01")
STILL = AdaptiveSettings(way="none", half_life_days=40, least_weight=0, step=0.01)
MOVING = STILL.model_copy(update={"way": "recency"})


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
        assert split_bounds(given_errors, float(coverage)) == wanted
    else:
        with pytest.raises(RemlError, match=f"{len(errors)} out-of-fold errors are too few"):
            split_bounds(given_errors, float(coverage))


@pytest.mark.parametrize(("coverage", "needs"), [(0.5, 3), (0.8, 9), (0.9, 19), (0.95, 39)])
def test_too_few_errors_are_refused_and_the_needed_count_is_right(coverage, needs):
    assert split_bounds(np.arange(float(needs)), coverage) == (0, needs - 1)
    with pytest.raises(RemlError, match=f"they need {needs}$"):
        split_bounds(np.arange(needs - 1.0), coverage)


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
        low, high = split_bounds(errors[:-1], coverage)
        below += errors[-1] < low
        above += errors[-1] > high
    for missed in (below, above):  # each tail has its own half of the misses
        tail = (1 - coverage) / 2
        assert abs(missed / rounds - tail) < 4 * math.sqrt(tail * (1 - tail) / rounds)


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.integers(1, 8)), max_size=40),
    st.integers(1, 49),
)
def test_a_weighted_bound_leaves_no_more_than_its_tail_below(weighted, percent):
    """In eighths: a loop that stops before the weight of the tail is used up."""
    order = sorted(weighted)
    room = Fraction(percent, 100) * (sum(weight for _, weight in order) + 8)
    wanted, used = None, 0
    for score, weight in order:
        used += weight
        if used <= room:
            wanted = score
    scores, weights = (np.array([one[i] for one in order], float) for i in (0, 1))
    got = weighted_tail_score(scores, weights / 8, percent / 100)
    assert np.isnan(got) if wanted is None else got == wanted


def rows(errors, past, scale=1.0, group=0, days=None):
    """Scored rows, one a day, each closing on its day."""
    day = pd.Series(np.arange(len(errors)) if days is None else days)
    date = DAY0 + pd.to_timedelta(day, unit="D")
    return pd.DataFrame(
        {
            "past": past, "as_of": date, "close_date": date, "error": errors, "scale": scale,
            "group": group, "low": 0.0, "high": 0.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_scaled_and_grouped_intervals_are_those_of_crepes(coverage):
    """crepes takes the next order statistic where (n + 1) * tail is whole; the sizes avoid that."""
    rng = np.random.default_rng(3)
    n, later = 617, 200
    scale = rng.uniform(0.5, 2, n + later)
    group = np.repeat([0, 1, 0, 1], [333, 284, 120, 80])
    error = scale * rng.exponential(0.1, n + later) * (1 + group)
    table = rows(error, np.arange(n + later) < n, scale, group)
    table.loc[n:, "error"] = np.nan
    mine = adaptive_bounds(table, coverage, STILL, None)[n:]
    theirs = ConformalPredictiveSystem()
    theirs.fit(error[:n], sigmas=scale[:n], bins=group[:n], seed=0)
    wanted = theirs.predict_int(
        np.zeros(later), sigmas=scale[n:], bins=group[n:], confidence=coverage
    )
    np.testing.assert_allclose(mine, wanted, rtol=1e-12)


def test_a_row_knows_only_what_closed_before_its_day():
    """Each later row's bounds, by a loop over what it may know."""
    rng = np.random.default_rng(5)
    n, later = 60, 90
    table = rows(rng.normal(0, 0.1, n + later), np.arange(n + later) < n)
    table["close_date"] += pd.to_timedelta(rng.integers(0, 30, n + later), unit="D")
    table.loc[table["past"], "close_date"] = DAY0 + pd.Timedelta(days=n - 1)
    got = adaptive_bounds(table, 0.8, MOVING, None)
    assert np.isnan(got[:n]).all()
    for i in range(n, n + later):
        known = table[table["past"] | (table["close_date"] < table.loc[i, "as_of"])]
        assert tuple(got[i]) == naive(known["error"].tolist(), Fraction(4, 5))
    changed = table.copy()
    changed.loc[120:, "error"] = 9.0  # the future
    np.testing.assert_array_equal(adaptive_bounds(changed, 0.8, MOVING, None)[:121], got[:121])


def test_recency_weighs_a_score_by_its_age_on_the_day():
    table = rows(np.arange(50.0), np.arange(50) < 49)
    table.loc[49, "error"] = np.nan
    low, high = adaptive_bounds(table, 0.8, MOVING, half_life=10.0)[49]
    weight = 0.5 ** ((49 - np.arange(49)) / 10)
    assert (
        low == weighted_tail_score(np.arange(49.0), weight, 0.1) and low > 15
    )  # of equal weights: 4
    assert high == -weighted_tail_score(-np.arange(48.0, -1, -1), weight[::-1], 0.1)


def test_the_half_life_grows_until_scores_weigh_enough():
    closed = pd.Series(DAY0 + pd.to_timedelta(np.arange(365), unit="D"))
    day = closed.max()

    def asked(least, way="recency"):
        spec = AdaptiveSettings(way=way, half_life_days=20, least_weight=least, step=0.01)
        return choose_half_life(closed, day, spec)

    assert asked(0) == asked(29) == 20  # a score a day weighs 20 / log 2 = 29 in the long run
    assert asked(30) == 40 and asked(100) == 80
    assert asked(365) is None and asked(0, "aci") is None
    assert choose_half_life(closed.where(closed.isna()), day, MOVING) is None


@pytest.mark.parametrize("way", ["recency", "aci"])
@pytest.mark.parametrize("jump", [0.0, 0.3])
def test_coverage_holds_in_the_long_run_after_the_level_jumps(way, jump):
    """Known noise; the market's level jumps when the past ends. Ten sales a day, 300 days: the
    first 60 are burn-in. With neither way the jump of three standard deviations halves coverage."""
    rng = np.random.default_rng(11)
    past, later, daily = 1000, 3000, 10
    errors = rng.normal(0, 0.1, past + later)
    errors[past:] += jump
    table = rows(errors, np.arange(past + later) < past, days=np.arange(past + later) // daily)
    spec = AdaptiveSettings(way=way, half_life_days=15, least_weight=0, step=0.005)
    life = choose_half_life(table.loc[table["past"], "close_date"], table.loc[past, "as_of"], spec)
    inside = {}
    for name, how, days in (("adaptive", spec, life), ("still", STILL, None)):
        bound_ = adaptive_bounds(table, 0.9, how, days)[past + 600 :]
        told = errors[past + 600 :]
        inside[name] = ((told >= bound_[:, 0]) & (told <= bound_[:, 1])).mean()
    assert abs(inside["adaptive"] - 0.9) < 0.025  # 4 standard errors of 2,400 sales
    if jump:
        assert inside["still"] < 0.75


def test_adaptive_miss_rates_follow_a_naive_replay():
    """aci, day by day: each tail asks for a rate that moves by step x (tail - missed)."""
    rng = np.random.default_rng(2)
    n, later, step, tail = 200, 120, 0.02, 0.05
    table = rows(rng.normal(0, 0.1, n + later), np.arange(n + later) < n)
    table.loc[n + 40 :, "error"] += 0.15
    spec = AdaptiveSettings(way="aci", half_life_days=1, least_weight=0, step=step)
    got = adaptive_bounds(table, 0.9, spec, None)
    asked = [tail, tail]
    for i in range(n, n + later):
        known = np.sort(table.loc[: i - 1, "error"].to_numpy())
        ranks = [math.floor((len(known) + 1) * rate + 1e-9) for rate in asked]
        wanted = known[max(ranks[0], 1) - 1], known[-max(ranks[1], 1)]
        assert tuple(got[i]) == wanted, i
        error = table.loc[i, "error"]
        for side, missed in enumerate((error < wanted[0], error > wanted[1])):
            moved = asked[side] + step * (tail - missed)
            asked[side] = min(max(moved, tail / 10), 0.5)


def test_a_group_without_enough_scores_takes_its_most_extreme_one():
    table = rows(np.array([0.1, -0.2, 0.3, np.nan, np.nan]), [True] * 3 + [False] * 2)
    table["group"] = [0, 0, 0, 0, 1]
    got = adaptive_bounds(table, 0.9, STILL, None)
    assert got[3].tolist() == [-0.2, 0.3]
    assert np.isnan(got[4]).all()  # a group that nobody knows
