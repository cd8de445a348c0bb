"""Thresholds are judged by the whole interval, never by the point; levels of groups by the interval
of a median, which is checked against its definition and against simulation."""

import math

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.scoring import thresholds

LIMITS = thresholds.Thresholds(
    gain=0.0, coverage_90=0.03, cod=15.0, bias=0.03, hit_rate=0.9, area_level=0.05
)


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def score(**parts):
    whole = {
        "accuracy": {"bias": figure(0.0, -0.01, 0.01), "hit_rate": figure(1.0, 1.0, 1.0)},
        "interval_90": {"coverage": figure(0.9, 0.89, 0.91)},
        "ratio_study": {"untrimmed": {"cod": figure(10.0, 9.0, 11.0)}},
    }
    return whole | parts


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.88, 0.92, "pass"),
        (0.87, 0.93, "pass"),  # the ends are allowed
        (0.86, 0.92, "inconclusive"),
        (0.88, 0.94, "inconclusive"),
        (0.80, 0.99, "inconclusive"),
        (0.93, 0.95, "inconclusive"),  # it touches what is allowed
        (0.9301, 0.95, "fail"),
        (0.80, 0.8699, "fail"),
        (None, None, "not measured"),
    ],
)
def test_the_verdict_goes_by_the_whole_interval(low, high, said):
    assert thresholds.judge_interval(figure(0.9, low, high), 0.87, 0.93) == said


def test_open_ends():
    assert thresholds.judge_interval(figure(1, 0, 2), None, 2) == "pass"
    assert thresholds.judge_interval(figure(3, 2.5, 4), None, 2) == "fail"
    assert thresholds.judge_interval(figure(1, 0.5, 2), 1, None) == "inconclusive"


def test_a_gain_must_be_more_than_chance():
    for low, high, said in ((-0.02, -0.01, "pass"), (-0.02, 0.01, "inconclusive"),
                            (0.01, 0.02, "fail")):  # fmt: skip
        checks = thresholds.check_thresholds(score(), figure(0, low, high), LIMITS)
        assert checks["gain"]["verdict"] == said
    wanted = LIMITS.model_copy(update={"gain": 0.005})
    assert (
        thresholds.check_thresholds(score(), figure(0, -0.004, -0.001), wanted)["gain"]["verdict"]
        == "fail"
    )


def test_the_baseline_has_no_gain_and_the_others_are_told():
    checks = thresholds.check_thresholds(score(), None, LIMITS)
    assert {name: one["verdict"] for name, one in checks.items()} == {
        "coverage_90": "pass",
        "cod": "pass",
        "bias": "pass",
        "hit_rate": "pass",
    }
    assert (checks["coverage_90"]["floor"], checks["coverage_90"]["ceiling"]) == (0.87, 0.93)


def test_what_was_not_measured_is_said_to_be_so():
    bare = {"accuracy": score()["accuracy"]}
    checks = thresholds.check_thresholds(bare, None, LIMITS)
    assert checks["cod"]["verdict"] == checks["coverage_90"]["verdict"] == "not measured"
    assert checks["cod"]["value"] is None


def naive_interval(values, level):
    """The narrowest symmetric pair of order statistics that holds the median at `level`, by adding
    up the binomial probabilities of how many values lie below it."""
    n, ordered, best = len(values), sorted(values), (math.nan, math.nan)
    for rank in range(1, n // 2 + 1):
        outside = 2 * sum(math.comb(n, k) for k in range(rank)) / 2**n
        if outside <= 1 - level:
            best = (ordered[rank - 1], ordered[n - rank])
    return best


@pytest.mark.parametrize("n", [1, 5, 6, 17, 30, 71])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_the_interval_of_a_median_is_that_of_its_definition(n, level):
    values = np.random.default_rng(n).normal(1, 0.1, n)
    assert thresholds.median_interval(values, level) == pytest.approx(
        naive_interval(values, level), nan_ok=True
    )


def test_the_interval_holds_the_median_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        low, high = thresholds.median_interval(rng.lognormal(0, 0.2, 50), 0.95)
        held += low <= 1.0 <= high
    assert 0.94 <= held / 2000 <= 0.98  # at least 95 %, less Monte-Carlo error


def test_a_group_at_another_level_is_found_and_one_alike_is_not():
    rng = np.random.default_rng(2)
    group = pd.Series(np.repeat(["a", "b", "c", "low"], [800, 800, 800, 200]))
    ratio = rng.lognormal(0, 0.1, len(group)) * np.where(group == "low", 0.8, 1.0)
    table = thresholds.group_levels(ratio, group, 0.05).set_index("group")
    assert table.loc["low", "verdict"] == "fail" and table.loc["a", "verdict"] == "pass"
    assert thresholds.combine_verdicts(table.reset_index()) == "fail"
    alike = table.drop("low").reset_index()
    assert thresholds.combine_verdicts(alike) == "pass"


def test_thin_groups_get_no_verdict_and_missing_ones_no_row():
    group = pd.Series(["a"] * 29 + [None] * 40 + ["b"] * 30)
    table = thresholds.group_levels(np.linspace(0.99, 1.01, 99), group, 0.05).set_index("group")
    assert list(table.index) == ["a", "b"] and list(table["thin"]) == [True, False]
    assert table.loc["a", "verdict"] == "not measured" and table.loc["b", "verdict"] == "pass"
    assert (
        thresholds.combine_verdicts(
            thresholds.group_levels(np.array([]), pd.Series([], dtype=str), 0.05)
        )
        == "not measured"
    )


def test_many_groups_do_not_fail_by_chance():
    """At a limit of nothing, a group of the common level may fail in one table of twenty."""
    rng, failed = np.random.default_rng(3), 0
    group = pd.Series(np.repeat(np.arange(40), 50)).astype(str)
    for _ in range(200):
        table = thresholds.group_levels(rng.lognormal(0, 0.1, len(group)), group, 1e-9)
        failed += (table["verdict"] == "fail").any()
    assert failed / 200 <= 0.1


def test_bands_by_the_proxy_lean_to_neither_side():
    """Pure noise on both sides: bands by price show a slope, bands by the proxy show none."""
    rng = np.random.default_rng(4)
    worth = rng.lognormal(12, 0.3, 20_000)
    estimate, price = (worth * rng.lognormal(0, 0.15, len(worth)) for _ in range(2))
    level = (
        pd.Series(estimate / price).groupby(thresholds.value_proxy_bands(estimate, price)).median()
    )
    assert level.sub(1).abs().max() < 0.02
    by_price = (
        pd.Series(estimate / price).groupby(thresholds.quantile_bands(pd.Series(price))).median()
    )
    assert by_price.iloc[0] > 1.05 and by_price.iloc[-1] < 0.95
