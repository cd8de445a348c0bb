"""As-of market features: equal to a naive loop, and blind to the day of valuation itself."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.features import market
from lib.features.asof import windows

DAY = pd.Timestamp("2024-06-01")
day = st.integers(0, 40)
value = st.one_of(st.just(np.nan), st.floats(-5, 5))


def naive(days, values, as_of, window):
    medians, counts = [], []
    for date in as_of:
        seen = [
            v for d, v in zip(days, values, strict=True) if date - window <= d < date and v == v
        ]
        medians.append(float(np.median(seen)) if seen else np.nan)
        counts.append(len(seen))
    return medians, counts


@given(st.lists(st.tuples(day, value), max_size=30), st.lists(day, max_size=15), st.integers(1, 50))
def test_past_median_is_what_a_naive_loop_finds(sales, as_of, window):
    days = np.array([d for d, _ in sales], dtype="int64")
    values = np.array([v for _, v in sales], dtype=float)
    median, count = windows.past_median(days, values, np.array(as_of, dtype="int64"), window)
    wanted = naive(days, values, as_of, window)
    np.testing.assert_array_equal(median, wanted[0])
    np.testing.assert_array_equal(count, wanted[1])


@pytest.mark.parametrize(
    ("sold", "counts"),
    [(100, 0), (101, 0), (99, 1), (90, 1), (89, 0)],  # as of 100, ten days back: 90 .. 99
)
def test_the_window_ends_the_day_before_and_begins_window_days_before(sold, counts):
    median, count = windows.past_median(np.array([sold]), np.array([7.0]), np.array([100]), 10)
    assert count.tolist() == [counts]
    assert np.isfinite(median).tolist() == [counts == 1]


def sales(*rows):
    """(days ago, ZIP, price, area) each."""
    return pd.DataFrame(
        [
            {"close_date": DAY - pd.Timedelta(days=ago), "postal_code": code, "close_price": price,
             "living_area": area}
            for ago, code, price, area in rows
        ]
    )  # fmt: skip


HOMES = pd.DataFrame({"as_of": [DAY, DAY, DAY], "postal_code": ["77901", "77902", None]})


def test_features_of_a_case_worked_by_hand():
    known = sales(
        (1, "77901", 100.0, 10.0), (2, "77901", 400.0, 10.0), (20, "77901", 900.0, 10.0),
        (3, "77902", 50.0, 50.0), (0, "77902", 1e9, 1.0),
    )  # fmt: skip
    said = market.market_features(HOMES, known, [5])
    np.testing.assert_allclose(said["mkt_zip_sales_5d"], [2, 1, 0])
    middle = (np.log(100) + np.log(400)) / 2
    np.testing.assert_allclose(said["mkt_zip_log_price_5d"], [middle, np.log(50), np.nan])
    np.testing.assert_allclose(
        said["mkt_zip_log_price_per_square_foot_5d"], [middle - np.log(10), 0, np.nan]
    )
    # the whole market: 10, 40 and 1 a square foot
    np.testing.assert_allclose(said["mkt_log_price_per_square_foot_5d"], [np.log(10)] * 3)


def test_a_wider_window_sees_more():
    said = market.market_features(HOMES, sales((20, "77901", 100.0, 1.0)), [5, 365])
    assert said["mkt_zip_sales_5d"][0] == 0 and said["mkt_zip_sales_365d"][0] == 1
    assert len(said) == 8


@pytest.mark.filterwarnings("error")
def test_a_sale_of_unknown_size_says_its_price_but_nothing_by_the_foot():
    for area in (np.nan, 0.0):
        said = market.market_features(HOMES, sales((1, "77901", 100.0, area)), [5])
        assert said["mkt_zip_log_price_5d"][0] == pytest.approx(np.log(100))
        assert np.isnan(said["mkt_zip_log_price_per_square_foot_5d"][0])


def test_without_any_sale_counts_are_zero_and_medians_missing():
    said = market.market_features(HOMES, sales((1, "77901", 1.0, 1.0)).iloc[:0], [5])
    for name, values in said.items():
        assert (values == 0).all() if "sales" in name else np.isnan(values).all()
