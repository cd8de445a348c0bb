"""A home's own previous sale: what a naive look through the past finds."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib.features import own_home

START = pd.Timestamp("2024-01-01")
EVENT = st.tuples(st.sampled_from(["a", "b", "c", "", None]), st.integers(0, 30))


def frame(rows, date):
    keys = pd.Series([key for key, _ in rows], dtype="str")
    days = pd.to_timedelta([day for _, day in rows], unit="D")
    return pd.DataFrame({"own_home_key": keys, date: START + days})


def naive(homes, sales):
    """(log price, years) of each home, one by one."""
    for home in homes.itertuples():
        past = sales[(sales["close_date"] < home.as_of) & (sales["own_home_key"] != "")]
        past = past[past["own_home_key"] == home.own_home_key]
        if not len(past):
            yield np.nan, np.nan
            continue
        last = past.loc[past["close_date"].idxmax()]
        yield np.log(last["close_price"]), (home.as_of - last["close_date"]).days / 365.25


@given(st.lists(EVENT, max_size=12), st.lists(EVENT, max_size=25, unique=True))
def test_it_is_what_a_naive_look_through_the_past_finds(homes, sales):
    homes, sales = frame(homes, "as_of"), frame(sales, "close_date")
    sales["close_price"] = np.arange(1.0, len(sales) + 1)
    said = own_home.previous_sale_features(homes, sales)
    wanted = np.array(list(naive(homes, sales))).reshape(-1, 2)
    np.testing.assert_allclose(said["own_previous_log_price"], wanted[:, 0])
    np.testing.assert_allclose(said["own_previous_sale_years"], wanted[:, 1])


def test_a_sale_before_1970_hides_no_other_home():
    homes = pd.DataFrame({"own_home_key": ["a", "b"], "as_of": pd.Timestamp("2020-01-01")})
    sold = pd.to_datetime(["2010-01-01", "1955-01-01"])
    sales = pd.DataFrame({"own_home_key": ["a", "b"], "close_date": sold, "close_price": [3.0, 5]})
    said = own_home.previous_sale_features(homes, sales)["own_previous_log_price"]
    np.testing.assert_allclose(said, np.log([3, 5]))


def test_a_sale_on_the_day_itself_or_later_is_not_known():
    homes = frame([("a", 10)], "as_of")
    sales = frame([("a", 10), ("a", 11)], "close_date").assign(close_price=5.0)
    assert np.isnan(own_home.previous_sale_features(homes, sales)["own_previous_log_price"]).all()
    early = frame([("a", 9)], "close_date").assign(close_price=5.0)
    assert own_home.previous_sale_features(homes, early)["own_previous_log_price"][0] == np.log(5)
