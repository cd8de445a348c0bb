"""Dates of a feed whose day and month cannot be told apart, and baths that do not add up: right,
missing with a reason, or a stop that says what to mend."""

import datetime as dt

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.common.vocabulary import LINEAGE
from lib.listings.contract import contract as contracts
from lib.listings.contract import spreadsheets
from lib.listings.contract.baths import DISAGREE, UNSAID
from lib.listings.contract.contract import Contract
from lib.listings.normalize import typed_cells

DAYS = [dt.date(2023, 1, 3) + dt.timedelta(days=3 * i) for i in range(58)]
BOTH = ["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d"]


def typed(rows, formats, **columns):
    content = {"title": "T", "columns": {"listing_key": {}, **columns}, "date_formats": formats}
    agreed = contracts.resolve_contract(validate(Contract, content, "c.yaml"), "c.yaml")
    names = dict.fromkeys(["listing_key", "domain", *agreed.columns, *LINEAGE])
    base = {"listing_key": "k", "domain": "sale", "_source_file": "sales.csv"}
    frame = pd.DataFrame([base | row for row in rows]).assign(_source_row=range(1, len(rows) + 1))
    return typed_cells.type_cells(frame.reindex(columns=list(names)).astype("str"), agreed)


def closings(*texts):
    return [{"close_date": text} for text in texts]


def mangled(day):
    return day.strftime("%d/%m/%Y") if day.day > 12 else day.strftime("%Y-%d-%m")


def test_a_column_of_one_order_is_right_in_a_feed_of_both():
    rows = [
        {"listing_contract_date": day.strftime("%d/%m/%Y"), "close_date": day.strftime("%m/%d/%Y")}
        for day in DAYS
    ]
    table, issues = typed(rows, BOTH, listing_contract_date={}, close_date={})
    assert table["close_date"].dt.date.tolist() == DAYS and not len(issues)
    assert table["listing_contract_date"].dt.date.tolist() == DAYS


def test_what_reads_both_ways_in_a_column_of_both_is_missing_with_its_reason():
    table, issues = typed(
        closings("13/04/2023", "04/13/2023", "05/06/2023", "06/06/2023"), BOTH, close_date={}
    )
    assert table["close_date"].isna().tolist() == [False, False, True, False]
    assert issues["reason"].tolist() == [spreadsheets.BOTH_WAYS]
    assert issues["value"].tolist() == ["05/06/2023"] and issues["set_missing"].all()


def test_a_spreadsheets_swap_stops_the_run_and_formats_of_the_column_mend_it():
    rows = closings(*map(mangled, DAYS))
    with pytest.raises(RemlError, match=r"sales\.csv, data row \d+: close_date.*'%Y-%d-%m'"):
        typed(rows, ["%Y-%m-%d", "%d/%m/%Y"], close_date={})
    own = {"close_date": {"date_formats": ["%Y-%d-%m", "%d/%m/%Y"]}}
    table, issues = typed(rows, ["%Y-%m-%d"], **own)
    assert table["close_date"].dt.date.tolist() == DAYS and not len(issues)


def test_a_swap_that_was_written_alike_stops_the_run_too():
    wrong = [day if day.day > 12 else dt.date(day.year, day.day, day.month) for day in DAYS]
    rows = closings(*(day.isoformat() for day in wrong))
    with pytest.raises(RemlError, match=r"sales\.csv, data row \d+: close_date .*exchanged"):
        typed(rows, ["%Y-%m-%d"], close_date={})
    assert not len(typed(closings(*map(str, DAYS)), ["%Y-%m-%d"], close_date={})[1])


def test_a_swap_among_rows_that_are_right_stops_the_run_until_somebody_says_that_it_is_none():
    rows = closings(*map(mangled, DAYS), *(str(day.replace(year=2024)) for day in DAYS))
    formats = ["%Y-%m-%d", "%d/%m/%Y"]
    with pytest.raises(RemlError, match=r"sales\.csv, data row 5: .*%d/%m/%Y has no day up to 12"):
        typed(rows, formats, close_date={})
    assert not len(typed(rows, formats, close_date={"date_formats": formats})[1])


@pytest.mark.parametrize(
    ("row", "total", "reason"),
    [
        (("2", "", "2", "0"), 2, None),
        (("2", "1", "4", "1"), 3.25, None),
        (("2", "1", "4", "0"), None, DISAGREE),
        (("2", "", "", "1"), None, UNSAID),
        (("2", "", "9", "0"), None, typed_cells.TOO_MANY_HALF),
    ],
)
def test_baths_are_known_or_missing_with_a_reason(row, total, reason):
    names = ["bathrooms_full", "bathrooms_half", "bathrooms_total_integer"]
    names.append("bathrooms_three_quarter")
    usual = dict(zip(names, ["1", "1", "3", "1"], strict=True))
    rows = [usual, dict(zip(names, row, strict=True))]
    table, issues = typed(rows, BOTH, **{name: {} for name in names})
    got = table["bathrooms_total"].tolist()
    assert got[0] == 2.25 and (got[1] == total if total else pd.isna(got[1]))
    assert issues["reason"].tolist() == ([reason] if reason else [])
    assert set(issues["column"]) <= {"bathrooms_total"}
