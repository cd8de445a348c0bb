"""The ratio study equals the tables that the IAAO prints, and plain formulas on drawn rows."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evaluation.metrics.bootstrap import bootstrap_intervals
from lib.evaluation.metrics.ratio_study import STATISTICS, RatioStudy, value_proxy, vei_group_count

# what the standard prints under each of its tables, to the digits it prints
PRINTED = {
    "table_1_1": {"cod": 29.8, "prd": 0.98, "prb": 0.232},
    "table_1_4": {"cod": 14.5, "prd": 0.98, "prb": 0.135},
    "table_d_1": {"cod": 7.5, "prd": 1.027, "prb": -0.120},
    "table_d_2": {"cod": 7.8, "prd": 1.056, "prb": -0.011},
}
DIGITS = {"cod": 1, "prd": 3, "prb": 3}


@pytest.mark.real
@pytest.mark.parametrize("table", PRINTED)
def test_the_statistics_equal_the_printed_tables(real_data, table):
    sales = pd.read_csv(real_data / f"iaao/{table}.csv")
    study = RatioStudy(sales["estimate"].to_numpy(float), sales["sale_price"].to_numpy(float))
    got = study.family().point_values(len(sales))
    for name, printed in PRINTED[table].items():
        digits = 2 if name == "prd" and table.startswith("table_1") else DIGITS[name]
        assert round(got[name], digits) == printed, name
    assert study.prb_regression()["value"] == pytest.approx(got["prb"])


def plain(estimate, price, parts, factor=None, cap=1.0):
    """Every statistic as its formula is written, on rows as they stand; None per missing one."""
    rows = sorted(zip(estimate / price, range(len(price)), strict=True))
    estimate, price = (np.array([x[i] for _, i in rows]) for x in (estimate, price))
    ratio = estimate / price
    if factor is not None:
        low, high = np.quantile(ratio, [0.25, 0.75])
        out = np.maximum(low - ratio, ratio - high) - factor * (high - low)
        far = [i for i in np.argsort(-out, kind="stable") if out[i] > 0]
        keep = np.ones(len(ratio), bool)
        keep[far[: math.floor(cap * len(ratio))]] = False
        estimate, price, ratio = estimate[keep], price[keep], ratio[keep]
    n, middle = len(ratio), np.median(ratio)
    x = np.log2(value_proxy(estimate, price))
    slope = np.polyfit(x, (ratio - middle) / middle, 1)[0] if np.ptp(x) > 1e-9 else math.nan

    def gini(values):
        return 2 * sum((i + 1) * v for i, v in enumerate(values)) / (n * values.sum()) - (n + 1) / n

    by_price = np.argsort(price, kind="stable")
    under = gini(price[by_price])
    order = np.argsort(value_proxy(estimate, price), kind="stable")
    size = n // parts if parts else 0
    ends = [np.median(ratio[order[:size]]), np.median(ratio[order[n - size :]])] if size else [0, 0]
    return {
        "median_ratio": middle,
        "cod": 100 * np.abs(ratio - middle).mean() / middle,
        "prd": ratio.mean() / (estimate.sum() / price.sum()),
        "prb": slope,
        "mki": gini(estimate[by_price]) / under if under > 1e-12 else math.nan,
        "vei": 100 * (ends[1] - ends[0]) / middle if size else math.nan,
    }


def sales(n, seed, spread=0.15):
    rng = np.random.default_rng(seed)
    price = np.exp(rng.normal(13, 0.5, n))
    return price * np.exp(rng.normal(0, spread, n) * rng.choice([1, 4], n, p=[0.9, 0.1])), price


@given(
    st.integers(20, 90),
    st.integers(0, 2**32 - 1),
    st.sampled_from([(None, 1.0), (1.5, 1.0), (3.0, 1.0), (1.5, 0.05)]),
)
def test_counts_give_what_the_formulas_give_on_repeated_rows(n, seed, trim):
    estimate, price = sales(n, seed)
    counts = np.random.default_rng(seed).integers(0, 4, (3, n)).astype(float)
    counts[0] = 1
    got = RatioStudy(estimate, price).family(*trim).evaluate(counts)
    for draw, found in zip(counts, got, strict=True):
        again = np.repeat(np.arange(n), draw.astype(int))
        expected = plain(estimate[again], price[again], vei_group_count(n), *trim)
        told = dict(zip(STATISTICS, found, strict=True))
        assert told == pytest.approx(expected, rel=1e-8, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("left_out", [0.0, 0.3, 0.8])
def test_vei_is_exact_where_its_outer_groups_lie_far_from_the_ends(left_out):
    """Draws without the cheapest or the dearest sales take their groups from farther in."""
    estimate, price = sales(900, 3)
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4, (6, 900)).astype(float)
    counts[::2, price < np.quantile(price, left_out)] = 0
    counts[1::2, price > np.quantile(price, 1 - left_out)] = 0
    got = RatioStudy(estimate, price).family().evaluate(counts)[:, STATISTICS.index("vei")]
    for draw, found in zip(counts, got, strict=True):
        again = np.repeat(np.arange(900), draw.astype(int))
        assert found == pytest.approx(plain(estimate[again], price[again], 10)["vei"])


def test_a_case_worked_by_hand():
    """Ratios 0.9 1.0 1.2 1.1: median 1.05, distances 0.15 0.05 0.15 0.05."""
    study = RatioStudy(np.array([90.0, 100, 120, 220]), np.array([100.0, 100, 100, 200]))
    got = study.family().point_values(4)
    assert got["median_ratio"] == pytest.approx(1.05)
    assert got["cod"] == pytest.approx(100 * 0.1 / 1.05)
    assert got["prd"] == pytest.approx(1.05 / (530 / 500))
    # three sales of one price share the ranks 1, 2, 3; prices (1+2+3+2*4)*2/(4*5) - 5/4 = 0.15
    assert got["mki"] == pytest.approx((2 * (2 * 310 + 880) / (4 * 530) - 1.25) / 0.15)
    assert math.isnan(got["vei"])  # the standard groups no fewer than 20 sales


def gini_ratio_by_orders(estimate, price):
    """The mean of MKI, as its formula is written, over every order of the sales of one price."""

    def gini(values):
        n = len(values)
        return 2 * sum(i * v for i, v in enumerate(values, 1)) / (n * sum(values)) - (n + 1) / n

    of_price = {p: [e for e, q in zip(estimate, price, strict=True) if q == p] for p in price}
    orders = itertools.product(*(itertools.permutations(of_price[p]) for p in sorted(of_price)))
    found = [gini([e for part in order for e in part]) for order in orders]
    return sum(found) / len(found) / gini(sorted(price))


@pytest.mark.parametrize(
    ("estimate", "price"),
    [
        ([90.0, 100, 120, 220], [100.0, 100, 100, 200]),
        ([300.0, 100, 200, 250, 150, 260], [200.0, 100, 100, 200, 100, 300]),
        ([7.0, 7, 9, 8, 6], [5.0, 6, 6, 6, 7]),
        ([500.0, 100, 300], [400.0, 500, 600]),  # no ties: one order
    ],
)
def test_mki_is_the_mean_over_all_orders_of_sales_of_one_price(estimate, price):
    got = RatioStudy(np.array(estimate), np.array(price)).family().point_values(len(price))
    assert got["mki"] == pytest.approx(gini_ratio_by_orders(estimate, price))


@given(st.integers(20, 60), st.integers(0, 2**32 - 1), st.sampled_from([None, 1.5]))
def test_the_order_of_the_rows_changes_no_statistic(n, seed, factor):
    """Few prices and round estimates: ties of prices, of ratios and of proxies."""
    rng = np.random.default_rng(seed)
    price = rng.choice([1.0, 2.0, 3.0, 4.0], n)
    estimate = price * rng.choice([0.5, 1.0, 1.0, 1.0, 2.0, 8.0], n)
    order = rng.permutation(n)
    counts = rng.integers(0, 3, (3, n)).astype(float)
    counts[0] = 1
    got = RatioStudy(estimate, price).family(factor, 0.1).evaluate(counts)
    again = RatioStudy(estimate[order], price[order]).family(factor, 0.1)
    np.testing.assert_allclose(again.evaluate(counts[:, order]), got, rtol=1e-9, atol=1e-9)


def test_sales_of_one_proxy_at_a_groups_edge_count_in_equal_parts():
    """20 sales make two groups of ten. Nine have the least proxies (ratios four of 0.8, 1, four of
    1.2), and three of proxy 200 share the place that is left (0.905, 1, 1.105): the median of the
    lower group is 1, where one of the three alone would make it 0.95, 1 or 1.05. The dear ones have
    ratio 1 as well."""
    price = np.array([100.0] * 9 + [210, 200, 190] + [400.0] * 8)
    estimate = np.array([80.0] * 4 + [100] + [120] * 4 + [190, 200, 210] + [400] * 8)
    for order in ([9, 10, 11], [11, 9, 10], [10, 11, 9]):
        rows = [*range(9), *order, *range(12, 20)]
        assert RatioStudy(estimate[rows], price[rows]).family().point_values(20)["vei"] == 0


@pytest.mark.parametrize(
    ("n", "parts"), [(19, 0), (20, 2), (50, 2), (51, 4), (500, 4), (501, 10), (9999, 10)]
)
def test_vei_groups_follow_the_standard(n, parts):
    assert vei_group_count(n) == parts


def test_a_planted_slope_shows_in_every_statistic_of_vertical_equity():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, 5000))
    for slope, sign in ((0.0, 0), (-0.1, -1), (0.1, 1)):  # ratio moves by a tenth per doubling
        estimate = price * (1 + slope * np.log2(price / np.exp(13))) * rng.normal(1, 0.02, 5000)
        got = RatioStudy(estimate, price).family().point_values(5000)
        assert got["prb"] == pytest.approx(slope, abs=0.01)
        assert abs(got["prd"] - 1) < 0.005 if not sign else (1 - got["prd"]) * sign > 0.02
        assert abs(got["mki"] - 1) < 0.005 if not sign else (got["mki"] - 1) * sign > 0.05
        assert abs(got["vei"]) < 2 if not sign else got["vei"] * sign > 20


def test_trimming_takes_the_far_ratios_and_no_more_than_the_cap():
    price = np.full(100, 1e5)
    ratio = np.linspace(0.9, 1.1, 100)
    ratio[:6] = [9.0, 7.0, 5.0, 0.1, 0.2, 4.0]
    study = RatioStudy(price * ratio, price)
    ones = np.ones((1, 100))
    assert study.trim_counts(ones, 1.5, 1.0).sum() == 94
    kept = study.ratio[study.trim_counts(ones, 1.5, 0.03)[0] > 0]
    assert len(kept) == 97 and 5.0 not in kept and 4.0 in kept and 0.1 in kept


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_sales_leave_what_they_cannot_say_missing(n):
    price = np.full(n, 2e5)
    study = RatioStudy(price * 1.1, price)
    got = study.family(1.5, 0.1).point_values(n)
    assert math.isnan(got["prb"]) and math.isnan(got["mki"]) and math.isnan(got["vei"])
    assert got["median_ratio"] == pytest.approx(1.1 if n else math.nan, nan_ok=True)
    assert math.isnan(study.prb_regression()["value"])


def test_the_bootstrap_and_the_regression_give_prb_like_intervals():
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, 800))
    study = RatioStudy(price * rng.normal(1, 0.1, 800), price)
    found = bootstrap_intervals(
        {"study": study.family()}, np.arange(800), 1000, np.random.default_rng(1)
    )
    drawn, fitted = found["study"]["prb"], study.prb_regression()
    width = fitted["high"] - fitted["low"]
    assert drawn["high"] - drawn["low"] == pytest.approx(width, rel=0.15)
    assert abs(drawn["low"] - fitted["low"]) < 0.15 * width
