"""What a join that fanned out, another country's spreadsheet or mixed units do to a table of
estimates stops the scoring or is listed with its rows; an honest table is neither."""

import numpy as np
import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.ops import estimate_checks
from lib.ops.external_estimates import prepare_estimates


def frame(estimates, prices, **columns):
    return pd.DataFrame({"estimate": estimates, "sale_price": prices} | columns, dtype="str")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["A", "B", "A"], r"^any.csv, rows 1, 3: listing_key 'A' repeats \(1 keys in 2 rows\)"),
        (["7", "7.0", "8"], "rows 1, 2: listing_key '7' repeats"),  # one key, written two ways
        (["b", "b ", "b"], r"rows 1, 2, 3: listing_key 'b' repeats \(1 keys in 3 rows\)"),
        (["A", "B", "C"], None),
        (["", "", "C"], None),  # no key is no key
    ],
)
def test_a_key_that_repeats_is_named_with_its_rows(keys, message):
    table = frame(["100000", "210000", "290000"], ["110000", "200000", "300000"], listing_key=keys)
    if message is None:
        assert len(prepare_estimates(table, "any.csv")[0]) == 3
        return
    with pytest.raises(RemlError, match=message):
        prepare_estimates(table, "any.csv")


@pytest.mark.parametrize(
    ("estimates", "prices", "message"),
    [
        (
            ["350.000", "412.500"],
            ["360.000", "405.000"],
            r"row 1: estimate '350.000' may be th",
        ),
        (["1.234.567", "412.500"], ["1.250.000", "405.000"], "is no number"),
        (
            ["350000", "412.500"],
            ["360000", "405.000"],
            "row 2: estimate '412.500' may b",
        ),
        (["350.000", "412.500"], ["360000", "405000"], "row 1: estimate '350.000' may be thou"),
        (["350000", "412500"], ["360", "405"], "estimates are 995.4 times the prices in the media"),
        (["350", "412"], ["360000", "405000"], "estimates are 0.0009948 times the prices"),
        (["1812.345", "912.345"], ["1800", "900"], None),  # three decimals beside a thousand
        (["812.345", "912.345"], ["800", "900"], None),  # they fit the prices
        (["812.34", "912.345"], ["800.000", "900.000"], None),  # decimals, by the first
        (["350000.00", "412500.00"], ["360000.00", "405000.00"], None),
    ],
)
def test_dots_that_may_be_thousands_and_units_that_do_not_fit_are_refused(
    estimates, prices, message
):
    table = frame(estimates, prices)
    if message is None:
        assert len(prepare_estimates(table, "any.csv")[0]) == 2
        return
    with pytest.raises(RemlError, match=message):
        prepare_estimates(table, "any.csv")


def sales(n=40):
    rng = np.random.default_rng(0)
    price = np.round(np.exp(rng.normal(12.8, 0.5, n)))
    estimate = np.round(price * np.exp(rng.normal(0, 0.1, n)))
    return pd.DataFrame({"close_price": price, "pred_close_price": estimate})


def test_an_honest_table_has_no_odd_row():
    assert not estimate_checks.oddity_notes(sales()).any()
    cheap_and_dear = sales().assign(close_price=lambda t: t["close_price"].where(t.index > 1, 4e7))
    cheap_and_dear.loc[0, "close_price"] = 3000  # a lot
    odd = estimate_checks.oddity_notes(cheap_and_dear.assign(pred_close_price=np.nan))
    assert not odd.any()
    few = sales().assign(pred_close_price=lambda t: t["close_price"].where(t.index < 9, 4e5))
    assert not estimate_checks.oddity_notes(few).any()  # that a home sold at its estimate happens


@pytest.mark.parametrize(
    ("change", "reason", "rows"),
    [
        (lambda t: t.assign(pred_close_price=t["pred_close_price"].where(t.index != 3, 250.0)),
         estimate_checks.OTHER_UNIT, [3]),
        (lambda t: t.apply(lambda one: one.where(t.index != 5, one / 1000)),
         estimate_checks.FAR_PRICE, [5]),
        (lambda t: t / 1000, estimate_checks.SMALL_PRICE, None),
        (lambda t: t.assign(property_key="h" + pd.Series(t.index).astype(str))
         .replace({"property_key": {"h7": "h9"}})
         .assign(close_price=lambda x: x["close_price"].where(x.index != 7, x["close_price"][9])),
         estimate_checks.AGAIN, [7, 9]),
        (lambda t: t.assign(pred_close_price=t["close_price"]), estimate_checks.PAID, None),
        (lambda t: t.assign(pred_close_price=t["close_price"].where(t.index < 25, 4e5)),
         estimate_checks.PAID, list(range(25))),
    ],
)  # fmt: skip
def test_what_is_odd_and_may_be_honest_is_listed_with_its_rows(change, reason, rows):
    odd = estimate_checks.oddity_notes(change(sales()))
    assert odd.index[odd == reason].tolist() == (rows or odd.index.tolist())
    assert set(odd) <= {reason, ""}
