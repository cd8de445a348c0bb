"""What each column gives away, on planted columns and on honest ones."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics import single_input
from lib.listings.eda import leakage

LIMIT = 0.85


def listings(seed, closed=800, opened=200):
    """(closed, open, log price): an honest size and place, and columns that know too much."""
    rng = np.random.default_rng(seed)
    size = rng.normal(0, 0.3, closed + opened)
    place = rng.integers(0, 20, closed + opened)
    effect = rng.normal(0, 0.3, 20)[place]
    log_price = 12 + size + effect + rng.normal(0, 0.15, closed + opened)
    sold = np.arange(closed + opened) < closed
    frame = pd.DataFrame(
        {
            "size": np.exp(size),
            "place": np.array([f"p{i}" for i in range(20)])[place],
            "list_price": np.exp(log_price + rng.normal(0, 0.03, len(size))),
            "after": np.where(sold & (rng.random(len(size)) < 0.3), 1.0, np.nan),
            "zero_before": np.where(sold, rng.integers(0, 4, len(size)), 0.0),
            "otherwise": np.where(rng.random(len(size)) < np.where(sold, 0.9, 0.5), 1.0, np.nan),
            "gappy": np.where(rng.random(len(size)) < 0.4, 1.0, np.nan),
            "text": [f"words {i}" for i in range(len(size))],
            "day": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 300, len(size)), "D"),
            "constant": 1.0,
            "empty": np.nan,
        }
    )
    return frame[sold], frame[~sold], pd.Series(log_price[sold])


@pytest.mark.parametrize("seed", range(5))
def test_the_scan_flags_the_planted_columns_and_none_of_the_honest(seed):
    found = leakage.scan_columns(*listings(seed), LIMIT).set_index("column")["finding"]
    assert found[found != ""].to_dict() == {
        "list_price": "gives the price away",
        "after": "filled only after the sale",
        "zero_before": "filled only after the sale",
        "otherwise": "filled otherwise after the sale",
    }


def test_without_open_listings_only_the_price_can_be_given_away():
    closed, opened, log_price = listings(1)
    found = leakage.scan_columns(closed, opened.iloc[:0], log_price, LIMIT)
    assert list(found.loc[found["finding"] != "", "column"]) == ["list_price"]
    assert found["filled_open"].isna().all()


def test_power_is_measured_on_rows_that_were_not_fitted():
    rng = np.random.default_rng(5)
    target = pd.Series(rng.normal(size=600))
    assert single_input.held_out_r2(target, target) > 0.98
    assert single_input.held_out_r2(pd.Series(rng.normal(size=600)), target) < 0.1
    assert single_input.held_out_r2(pd.Series([f"{i}" for i in range(600)]), target) < 0.01
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta((target * 100).astype(int), "D")
    assert single_input.held_out_r2(days, target) > 0.95
    groups = pd.Series(np.where(target > 0, "high", "low"))
    assert (
        0.6 < single_input.held_out_r2(groups, target) < 0.85
    )  # 2 / pi of all, more of the usual rows


def test_odd_sales_hide_nothing():
    """Three in a hundred closed at half of what they were worth."""
    closed, opened, log_price = listings(3)
    odd = np.random.default_rng(3).random(len(log_price)) < 0.03
    found = leakage.scan_columns(closed, opened, log_price - np.log(2) * odd, LIMIT).set_index(
        "column"
    )
    assert found.loc["list_price", "finding"] == "gives the price away"
    assert found.loc["size", "finding"] == found.loc["place", "finding"] == ""


def test_what_so_few_open_listings_may_show_by_chance_is_no_finding():
    """0 of 5 against 30 %, and 2 of 5 against 90 %: both happen."""
    closed, opened, log_price = listings(2)
    few = opened.iloc[:5].assign(after=np.nan, otherwise=[1.0, 1.0, np.nan, np.nan, 1.0])
    found = leakage.scan_columns(closed, few, log_price, LIMIT).set_index("column")["finding"]
    assert found["after"] == found["otherwise"] == ""


def columns(closed=2000, opened=300, seed=0):
    """Closed and open cells of columns that speak of the sale, and of honest ones."""
    rng = np.random.default_rng(seed)
    log_price = pd.Series(12 + rng.normal(0, 0.4, closed))
    here = rng.random

    def some(values, closed_share, open_share):
        both = pd.Series(values(closed + opened))
        share = np.repeat([closed_share, open_share], [closed, opened])
        return both.where(here(closed + opened) < share)

    def text(after, before, share):
        sold = np.where(here(closed) < share, after, before)
        return pd.Series([*sold, *[before] * opened])

    price = pd.Series([*np.exp(log_price), *np.exp(rng.normal(12, 0.4, opened))])
    frame = pd.DataFrame(
        {
            "price_in_half": price.where(here(closed + opened) < 0.5),
            "price_in_a_third": price.where(here(closed + opened) < 0.3),
            "price_or_zero": price.where(here(closed + opened) < 0.3, 0.0),
            "fifth_against_few": some(here, 0.2, 0.03),
            "nine_tenths_against_less": some(here, 0.9, 0.7),
            "dash": text("5000", "-", 0.8),
            "terms": pd.Series([*rng.choice(["Cash", "FHA"], closed), *["N/A"] * opened]),
            "none": text("agent", "None", 0.9),
            "yes_after": text("Yes", "No", 0.5),
            "seldom_yes": text("Yes", "No", 0.13),
            "seldom_flag": pd.Series([*(here(closed) < 0.15) * 1.0, *[0.0] * opened]),
            "rare_yes": text("Yes", "No", 0.05),
            "rare_flag": pd.Series([*(here(closed) < 0.03) * 1.0, *[0.0] * opened]),
            "honest": some(here, 0.3, 0.25),
        }
    )
    return frame.iloc[:closed], frame.iloc[closed:].reset_index(drop=True), log_price


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_are_partly_filled_or_hold_words_for_nothing(seed):
    found = leakage.scan_columns(*columns(seed=seed), LIMIT).set_index("column")["finding"]
    assert found[found != ""].to_dict() == {
        "price_in_half": "gives the price away",
        "price_in_a_third": "gives the price away",
        "price_or_zero": "gives the price away",
        "fifth_against_few": "filled otherwise after the sale",
        "nine_tenths_against_less": "filled otherwise after the sale",
        "dash": "filled only after the sale",
        "terms": "filled only after the sale",
        "none": "filled only after the sale",
        "yes_after": "yes only after the sale",
        "seldom_yes": "yes only after the sale",
        "seldom_flag": "yes only after the sale",
    }


def test_one_cell_in_a_few_open_listings_is_no_rate():
    """An honest column that 3 of 1,000 fill is filled in 1 of 20 every now and then; 8 of 20 are
    more than chance. By hand: 1 - 0.997**20 = 0.06 of all draws have one or more."""

    def part(number, of):
        return pd.Series([1.0] * number + [np.nan] * (of - number))

    assert leakage.fill_gap_finding(part(15, 5000), part(1, 20)) == ""
    assert leakage.fill_gap_finding(part(5, 5000), part(1, 20)) == ""
    assert (
        leakage.fill_gap_finding(part(500, 5000), part(14, 20)) == "filled otherwise after the sale"
    )
    assert (
        leakage.fill_gap_finding(part(15, 5000), part(8, 20)) == "filled otherwise after the sale"
    )
