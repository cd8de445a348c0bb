"""The bootstrap: homes are drawn, draws are seeded, and intervals hold the truth as they say."""

import math

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics.accuracy import accuracy_family
from lib.evaluation.metrics.bootstrap import (
    LARGE,
    MetricFamily,
    bootstrap_intervals,
    bootstrap_metrics,
    draw_bootstrap_counts,
    home_clusters,
    percentile_interval,
    restrict_rows,
)
from lib.evaluation.metrics.ratio_study import RatioStudy
from tests.support.hypothesis_profiles import times


def mean(values):
    """The mean of drawn values, as a family."""
    return MetricFamily(("mean",), lambda drawn: ((drawn @ values) / drawn.sum(axis=1))[:, None])


def test_homes_are_drawn_with_all_their_sales():
    home = np.array([7, 7, 3, 9, 9, 9])
    whole = np.concatenate(list(draw_bootstrap_counts(home, 500, np.random.default_rng(0))))
    assert whole.shape == (500, 6)
    assert (whole[:, 0] == whole[:, 1]).all() and (np.ptp(whole[:, 3:], axis=1) == 0).all()
    assert (whole[:, [0, 2, 3]].sum(axis=1) == 3).all()  # three homes are drawn of three
    assert abs(whole.mean() - 1) < 0.05


def test_a_home_that_is_not_known_is_a_home_of_its_own():
    got = home_clusters(pd.Series(["a", None, "b", "a", None]))
    assert got[0] == got[3] and len(set(got)) == 4


def test_every_family_sees_the_same_draws_whatever_their_company():
    values = np.random.default_rng(3).normal(size=60)
    one, half = mean(values), restrict_rows(mean(values[:30]), np.arange(30))
    together = bootstrap_metrics({"a": one, "b": half}, np.arange(60), 50, np.random.default_rng(1))
    for name, family in (("a", one), ("b", half)):
        alone = bootstrap_metrics({name: family}, np.arange(60), 50, np.random.default_rng(1))[name]
        assert (together[name] == alone).all()


@pytest.mark.parametrize("n", [50, LARGE + 1])
def test_the_bootstrap_is_seeded_and_keeps_the_value_of_the_whole(n):
    values = np.random.default_rng(3).normal(size=n)
    one, same, other = (
        bootstrap_intervals({"m": mean(values)}, np.arange(n), 101, np.random.default_rng(seed))[
            "m"
        ]["mean"]
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert one["value"] == pytest.approx(values.mean())
    assert one["low"] < one["value"] < one["high"]


def test_the_bootstrap_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).normal(size=400)
    got = bootstrap_intervals({"m": mean(values)}, np.arange(400), 2000, np.random.default_rng(1))[
        "m"
    ]["mean"]
    assert got["high"] - got["low"] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_a_metric_may_ask_for_another_level():
    values = np.random.default_rng(0).normal(size=400)
    family = MetricFamily(("mean",), mean(values).evaluate, {"mean": 0.5})
    got = bootstrap_intervals({"m": family}, np.arange(400), 2000, np.random.default_rng(1))["m"][
        "mean"
    ]
    assert got["high"] - got["low"] == pytest.approx(2 * 0.6745 * values.std() / 20, rel=0.1)


def test_draws_without_a_value_are_left_out_of_the_interval():
    estimate = np.array([150.0, np.nan])
    family = accuracy_family(estimate, np.array([100.0, 100.0]))
    got = bootstrap_intervals({"a": family}, np.arange(2), 200, np.random.default_rng(0))["a"]
    assert (got["bias"]["low"], got["bias"]["high"]) == (0.5, 0.5)
    assert (got["hit_rate"]["low"], got["hit_rate"]["high"]) == (0.0, 1.0)
    assert all(math.isnan(end) for end in percentile_interval(np.full(3, np.nan)))


def test_the_bootstrap_of_nothing_is_missing():
    family = accuracy_family(np.array([]), np.array([]))
    got = bootstrap_intervals({"a": family}, np.arange(0), 10, np.random.default_rng(0))["a"]
    assert all(math.isnan(x) for metric in got.values() for x in metric.values())


# half-width of a normal error whose median size is 1, and mean size
MEDIAN_SIZE, MEAN_SIZE = 0.674490, 0.797885


def held(homes, sales, shared, rounds, by_row=False):
    """Share of simulated tests whose 95 % intervals hold the truth, by metric.

    Ratios are 1 + 0.1 z with z standard normal; of its variance the share `shared` is common to
    the `sales` of one home.
    """
    rng = np.random.default_rng(5)
    price = np.full(homes * sales, 1e5)
    home = np.arange(homes * sales) // sales
    truth = {"median_ratio": 1.0, "cod": 10 * MEAN_SIZE, "mdape": 0.1 * MEDIAN_SIZE}
    hits = dict.fromkeys(truth, 0)
    for _ in range(rounds):
        common = np.repeat(rng.normal(0, math.sqrt(shared), homes), sales)
        own = rng.normal(0, math.sqrt(1 - shared), homes * sales)
        estimate = price * (1 + 0.1 * (common + own))
        families = {
            "accuracy": accuracy_family(estimate, price),
            "study": RatioStudy(estimate, price).family(),
        }
        found = bootstrap_intervals(families, np.arange(len(home)) if by_row else home, 200, rng)
        flat = found["accuracy"] | found["study"]
        for name, value in truth.items():
            hits[name] += flat[name]["low"] <= value <= flat[name]["high"]
    return {name: count / rounds for name, count in hits.items()}


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    assert all(0.92 <= share <= 0.975 for share in held(300, 1, 0.0, times(200)).values())


def test_drawing_homes_holds_where_sales_of_a_home_are_alike_and_drawing_rows_does_not():
    assert all(0.92 <= share <= 0.975 for share in held(150, 3, 0.9, times(200)).values())
    assert all(share < 0.85 for share in held(150, 3, 0.9, times(80), by_row=True).values())
