"""Windows of the past: equal to a naive loop, and grouped by all of their columns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.features.asof import windows

day, group = st.integers(-5, 40), st.integers(0, 2)
value = st.one_of(st.just(np.nan), st.floats(-5, 5))
SHARES = [0.25, 0.5, 0.75]
past_day = st.integers(0, 40)


@given(
    st.lists(st.tuples(group, day, value), max_size=30),
    st.lists(st.tuples(group, day), max_size=15),
    st.integers(1, 50),
    st.integers(0, 20),
)
def test_quantiles_and_counts_are_what_a_naive_loop_finds(events, asked, window, lag):
    groups, days, values = (np.array([e[i] for e in events], dtype=float) for i in range(3))
    of, at = (np.array([a[i] for a in asked], dtype="int64") for i in range(2))
    past = windows.index_events(groups.astype("int64"), days.astype("int64"), of, at)
    found = past.quantiles(values, window, SHARES, lag)
    count = past.count(values, window, lag)
    for row, (mine, date) in enumerate(asked):
        seen = [
            v for g, d, v in events
            if g == mine and date - lag - window <= d < date - lag and v == v
        ]  # fmt: skip
        assert count[row] == len(seen)
        for share, quantiles in zip(SHARES, found, strict=True):
            wanted = np.quantile(seen, share) if seen else np.nan
            np.testing.assert_allclose(quantiles[row], wanted, rtol=1e-12, atol=1e-12)


def test_groups_are_told_apart_by_all_their_columns():
    one = pd.DataFrame({"a": ["x", "x", "xy", None], "b": ["y", None, "", "y"]})
    here, there = windows.encode_groups(one, one.iloc[::-1], ["a", "b"])
    assert len(set(here)) == 4
    assert here.tolist() == there[::-1].tolist()


def test_a_column_that_one_table_lacks_counts_as_missing():
    one, other = pd.DataFrame({"a": ["x", None]}), pd.DataFrame({"b": ["x", "y"]})
    here, there = windows.encode_groups(one, other, ["a"])
    assert here[1] == there[0] == there[1] != here[0]


def naive_median(days, values, as_of, window):
    medians, counts = [], []
    for date in as_of:
        seen = [
            v for d, v in zip(days, values, strict=True) if date - window <= d < date and v == v
        ]
        medians.append(float(np.median(seen)) if seen else np.nan)
        counts.append(len(seen))
    return medians, counts


@given(
    st.lists(st.tuples(past_day, value), max_size=30),
    st.lists(past_day, max_size=15),
    st.integers(1, 50),
)
def test_past_median_is_what_a_naive_loop_finds(sales, as_of, window):
    days = np.array([d for d, _ in sales], dtype="int64")
    values = np.array([v for _, v in sales], dtype=float)
    median, count = windows.past_median(days, values, np.array(as_of, dtype="int64"), window)
    wanted = naive_median(days, values, as_of, window)
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
