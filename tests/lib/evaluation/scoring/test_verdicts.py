"""Verdicts go by the interval, with the standard's special rules; estimates set to prices show."""

import numpy as np
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.evaluation.scoring.verdicts import (
    RatioStudyParams,
    acceptable_ranges,
    check_sales_chasing,
    judge_statistic,
    share_near_one,
)

COD = (5.0, 15.0)
NAN = float("nan")


def one(value, low, high):
    return {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("name", "interval", "expected"),
    [
        ("median_ratio", (0.98, 0.91, 1.05), "within"),
        ("median_ratio", (0.98, 0.89, 1.05), "inconclusive"),  # the point alone would pass
        ("median_ratio", (0.80, 0.75, 0.89), "outside"),
        ("cod", (14.0, 12.0, 14.9), "within"),
        ("cod", (14.0, 12.0, 15.1), "inconclusive"),
        ("cod", (18.0, 16.0, 20.0), "outside"),
        ("cod", (3.0, 2.0, 4.0), "outside"),
        ("prd", (1.05, 1.031, 1.07), "outside"),
        ("prd", (1.05, 1.02, 1.08), "inconclusive"),
        ("prb", (0.03, 0.01, 0.05), "within"),
        ("prb", (0.08, 0.06, 0.095), "inconclusive"),  # beyond 0.05, and no failure
        ("prb", (0.12, 0.09, 0.15), "inconclusive"),
        ("prb", (-0.15, -0.20, -0.11), "outside"),
        ("mki", (0.9, 0.85, 0.94), "outside"),
        ("vei", (-12.0, -15.0, -10.5), "outside"),
        ("vei", (-12.0, -15.0, -9.5), "inconclusive"),
        ("vei", (2.0, -3.0, 7.0), "within"),
        ("vei", (NAN, NAN, NAN), "inconclusive"),
    ],
)
def test_verdicts_go_by_the_interval(name, interval, expected):
    assert judge_statistic(name, one(*interval), COD) == expected


def test_the_acceptable_cod_is_a_parameter():
    assert acceptable_ranges((5.0, 20.0))["cod"] == (5.0, 20.0)
    assert judge_statistic("cod", one(17.0, 16.0, 18.0), (5.0, 20.0)) == "within"


def test_parameters_that_make_no_sense_are_refused():
    good = {"trim": [1.5, 3.0], "trim_cap": 0.1, "cod": [5.0, 15.0]}
    assert validate(RatioStudyParams, good, "params").trim == (1.5, 3.0)
    for change in (
        {"trim": [3.0, 1.5]},
        {"trim_cap": 0.0},
        {"trim_cap": 1.5},
        {"cod": [0.0, 15.0]},
    ):
        with pytest.raises(RemlError, match=next(iter(change))):
            validate(RatioStudyParams, good | change, "params")


def test_the_share_of_close_ratios_that_the_spread_implies():
    """A Laplace distribution of scale 0.1 has 9.5 % within 1 % of its middle, and quartiles
    0.1 times 2 ln 2 apart."""
    ratio = 1 + np.random.default_rng(0).laplace(0, 0.1, 20000)
    near, implied, chance = share_near_one(ratio)
    assert implied == pytest.approx(1 - np.exp(-0.1), abs=0.003)
    assert near == pytest.approx(implied, abs=0.007) and chance > 0.001


@pytest.mark.parametrize("spread", [0.08, 0.15, 0.3])
@pytest.mark.parametrize("kind", ["normal", "laplace", "standard_t"])
def test_honest_estimates_show_no_sign(kind, spread):
    rng = np.random.default_rng(1)
    drawn = rng.standard_t(3, 3000) if kind == "standard_t" else getattr(rng, kind)(0, 1, 3000)
    told = check_sales_chasing(np.exp(spread * drawn), one(12.0, 11.0, 13.0), 12.5)
    assert told["verdict"] == "no sign", told


def test_estimates_set_to_their_prices_are_suspect():
    rng = np.random.default_rng(2)
    ratio = np.exp(rng.normal(0, 0.15, 2000))
    ratio[:200] = 1.0
    told = check_sales_chasing(ratio, one(11.0, 10.0, 12.0), None)
    assert told["verdict"] == "suspect" and "within 1 % of 1" in told["reason"]


def test_a_low_cod_is_suspect_and_the_reason_knows_of_list_prices():
    ratio = np.exp(np.random.default_rng(3).normal(0, 0.03, 500))
    told = check_sales_chasing(ratio, one(2.4, 2.2, 2.6), None, aware=True)
    assert told["verdict"] == "suspect" and "sees the list price" in told["reason"]
    assert "interval reaches above" not in told["reason"]
    assert "reaches above" in check_sales_chasing(ratio, one(4.8, 4.5, 5.1), None)["reason"]


def test_a_test_that_spreads_less_than_the_folds_is_suspect():
    ratio = np.exp(np.random.default_rng(4).normal(0, 0.12, 500))
    assert check_sales_chasing(ratio, one(9.0, 8.0, 10.0), 13.0)["verdict"] == "suspect"
    assert check_sales_chasing(ratio, one(9.0, 8.0, 10.5), 13.0)["verdict"] == "no sign"
    told = check_sales_chasing(ratio, one(9.0, 8.0, 10.0), None)
    assert told["verdict"] == "no sign" and "no estimates of earlier sales" in told["reason"]


def test_few_sales_tell_nothing():
    assert check_sales_chasing(np.ones(29), one(0.0, 0.0, 0.0), None)["verdict"] == "cannot tell"
