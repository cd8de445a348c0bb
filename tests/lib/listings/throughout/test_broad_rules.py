"""A rule that would exclude most sales excludes none, and its flags say so."""

from pathlib import Path

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.listings.screening import overrides, screen
from lib.listings.throughout.broad_rules import BROAD
from tests.support.screened_sales import SPEC, odd_sales

NONE = overrides.read_overrides(Path("no such file"))
GROUPS = [["parcel_number"]]


def screened(**columns):
    table = odd_sales(200).assign(**columns)
    verdicts, flags = screen.screen_sales(table, SPEC, NONE, GROUPS)
    return screen.count_verdicts(verdicts, flags, NONE), flags


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        ("distress_terms", {"public_remarks": "Not a short sale? Ask. Bank owned."}),
        ("special_condition", {"special_listing_conditions": "Short Sale"}),
        ("closed_before_listing", {"listing_contract_date": pd.Timestamp("2026-01-01")}),
        ("list_price_far", {"list_price": 450.0}),
    ],
)
def test_a_rule_that_hits_most_sales_warns_only(code, columns):
    counts, flags = screened(**columns)
    assert counts["too_broad"] == [code] and counts["codes"][code]["severity"] == "warn"
    of_code = flags[flags["code"] == code]
    assert set(of_code["severity"]) == {"warn"}
    assert of_code["reason"].str.endswith(BROAD).all()
    usual, _ = screened()
    assert usual["too_broad"] == []


def test_a_rule_is_judged_by_the_sales_that_it_can_judge():
    """List dates of a third of the sales, nearly all of them wrong."""
    table = odd_sales(200)
    listed = pd.Series(pd.Timestamp("2026-01-01"), table.index).where(table.index % 3 == 0)
    counts, _ = screened(listing_contract_date=listed)
    assert counts["too_broad"] == ["closed_before_listing"]


def test_what_is_a_fact_excludes_however_many():
    table = odd_sales(200)
    counts, _ = screened(close_price=table["close_price"].where(table.index % 4 == 0))
    assert counts["too_broad"] == []
    assert counts["codes"]["no_price"]["severity"] == "exclude"


def test_prices_in_thousands_stop_and_ask():
    table = odd_sales(200)
    with pytest.raises(RemlError, match="multiply: 1000"):
        screened(close_price=(table["close_price"] / 1000).round(), list_price=300.0)
