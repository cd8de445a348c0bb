"""The as-of rule: strictly before, by whole days."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib.features.asof.rule import count_before, days_since_epoch, log_positive, months_since_epoch

day = st.integers(-5, 40)


@given(st.lists(day, max_size=30), st.lists(day, max_size=15))
def test_only_what_happened_strictly_before_a_date_counts(events, as_of):
    days = np.sort(np.array(events, dtype="int64"))
    counts = count_before(days, np.array(as_of, dtype="int64"))
    assert counts.tolist() == [sum(one < date for one in events) for date in as_of]


def test_the_hour_of_an_event_does_not_count():
    stamps = pd.Series(pd.to_datetime(["1969-12-31 23:59", "1970-01-01 00:00", "1970-01-01 23:59"]))
    assert days_since_epoch(stamps).tolist() == [-1, 0, 0]
    assert months_since_epoch(stamps).tolist() == [-1, 0, 0]


def test_a_missing_date_comes_before_every_other():
    dates = pd.Series(pd.to_datetime([None, "1900-01-01"]))
    assert np.argsort(days_since_epoch(dates)).tolist() == [0, 1]


def test_amounts_without_a_logarithm_are_missing():
    logs = log_positive(pd.Series([np.e, 0.0, -1.0, np.nan]))
    np.testing.assert_allclose(logs, [1, np.nan, np.nan, np.nan])
