"""Splits in time: every role and fold is strictly in order, and nothing is in two."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.models.split.time_folds import (
    ROLES,
    SplitParams,
    assign_time_roles,
    is_dated_sale,
    plan_split,
)
from tests.support.hypothesis_profiles import examples

START = pd.Timestamp("2023-01-01")


def spec(**changes):
    return SplitParams(
        **{"boundary": 0.2, "folds": 3, "fold_share": 0.6, "minimum_train": 20} | changes
    )


def sales(as_of, close, **changes):
    """Closed sales by days after START."""
    n = len(as_of)
    table = {"listing_key": [f"k{i}" for i in range(n)], "standard_status": "Closed",
             "as_of": START + pd.to_timedelta(list(as_of), unit="D"),
             "close_date": START + pd.to_timedelta(list(close), unit="D"),
             "close_price": 100.0}  # fmt: skip
    return pd.DataFrame(table | changes)


def steady(n=200, lag=0):
    """One sale a day, each closing `lag` days after it was agreed."""
    return sales(range(n), range(lag, n + lag))


def test_a_fraction_puts_the_newest_share_of_sales_in_the_test():
    table = steady(200)
    cut = plan_split(table, spec(), "t")
    assert cut.boundary == START + pd.Timedelta(days=160)
    assert (assign_time_roles(table, cut)["role"] == "test").sum() == 40


def test_a_date_is_the_boundary_itself_and_its_day_is_in_the_test():
    table = steady(200)
    cut = plan_split(table, spec(boundary=dt.date(2023, 4, 11)), "t")  # START + 100 days
    got = assign_time_roles(table, cut)["role"]
    assert got.iloc[99] == "train" and got.iloc[100] == "test"


def test_sales_agreed_before_the_boundary_and_closed_on_or_after_it_are_purged():
    table = steady(200, lag=10)
    got = assign_time_roles(table, plan_split(table, spec(boundary=dt.date(2023, 4, 11)), "t"))[
        "role"
    ].tolist()
    assert got == ["train"] * 90 + ["purged"] * 10 + ["test"] * 100


def test_folds_of_a_case_worked_by_hand():
    """160 past sales, the newest 60 % of them (96) in three folds of 32 each."""
    table = steady(200)
    cut = plan_split(table, spec(), "t")
    assert [(edge - START).days for edge in cut.edges] == [64, 96, 128, 160]
    fold = assign_time_roles(table, cut)["fold"].tolist()
    assert fold == [0] * 64 + [1] * 32 + [2] * 32 + [3] * 32 + [0] * 40


@examples(80)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(60, 200),
    span=st.integers(30, 400),
    lag=st.integers(0, 60),
    folds=st.integers(1, 4),
    boundary=st.floats(0.05, 0.6),
    share=st.floats(0.2, 1.0),
)
def test_roles_and_folds_are_strictly_in_order(seed, n, span, lag, folds, boundary, share):
    rng = np.random.default_rng(seed)
    as_of = rng.integers(0, span, n)
    table = sales(as_of, as_of + rng.integers(0, lag + 1, n))
    settings_ = spec(folds=folds, boundary=boundary, fold_share=share)
    try:
        cut = plan_split(table, settings_, "t")
    except RemlError:
        return  # too little past: said in one line
    got = assign_time_roles(table, cut)
    assert set(got["role"]) <= set(ROLES)
    train, test = got["role"] == "train", got["role"] == "test"
    assert (table["close_date"][train] < cut.boundary).all()
    assert (table["as_of"][test] >= cut.boundary).all()
    assert (got["fold"][~train] == 0).all()
    # the folds part the past's newest sales among them: each is in the fold of its date, or,
    # before the first edge, in none
    assert cut.edges == sorted(set(cut.edges)) and cut.edges[-1] == cut.boundary
    for number, (start, end) in enumerate(zip(cut.edges[:-1], cut.edges[1:], strict=True), 1):
        inside = train & (table["as_of"] >= start) & (table["as_of"] < end)
        assert (got["fold"][inside] == number).all() and inside.any()
        assert (got["fold"] == number).sum() == inside.sum()
        known = train & (table["close_date"] < start)  # what the fold's model is fitted on
        assert known.sum() >= settings_.minimum_train
    assert (got["fold"][train & (table["as_of"] < cut.edges[0])] == 0).all()


def test_listings_on_the_market_are_subjects_and_the_rest_is_unused():
    table = pd.concat([steady(200), sales([150] * 4, [150] * 4)], ignore_index=True)
    table.loc[200:202, "standard_status"] = ["Active", "Pending", "Withdrawn"]
    table.loc[202, "as_of"] = pd.NaT  # withdrawn listings are valued at no date
    table.loc[203, "close_price"] = np.nan
    got = assign_time_roles(table, plan_split(table[is_dated_sale(table)], spec(), "t"))
    assert got["role"].tolist()[200:] == ["subject", "subject", "unused", "unused"]
    assert got["fold"].tolist()[200:] == [0] * 4


def test_undated_closings_are_unused():
    table = steady(200)
    cut = plan_split(table, spec(), "t")
    table.loc[5, ["as_of", "close_date"]] = pd.NaT
    got = assign_time_roles(table, cut).iloc[5]
    assert (got["role"], got["fold"]) == ("unused", 0)


@pytest.mark.parametrize(
    ("table", "changes", "words"),
    [
        (steady(0), {}, "no closed rows"),
        (steady(200), {"boundary": dt.date(2025, 1, 1)}, r"no sale lies after it .* 2023-07-19"),
        (steady(200), {"boundary": dt.date(2022, 1, 1)}, "only 0 sales before it"),
        (steady(60), {}, "only 48 sales before it, too few for 3 folds after 20"),
        (sales([0] * 200, [0] * 200), {}, "only 0 sales before it"),
    ],
)
def test_what_cannot_be_split_is_said_in_one_line(table, changes, words):
    with pytest.raises(RemlError, match=words) as caught:
        plan_split(table, spec(**changes), "sale listings")
    assert str(caught.value).startswith("sale listings")


@pytest.mark.parametrize("boundary", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(boundary):
    content = {"boundary": boundary, "folds": 3, "fold_share": 0.6, "minimum_train": 20}
    with pytest.raises(RemlError, match="boundary"):
        plan_split(steady(), validate(SplitParams, content, "params.yaml, section split"), "t")
