"""Dates: one that cannot be goes with its reason, and no mistyped year moves a valuation."""

import datetime as dt

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.listings.normalize import dates


def stamped(*dates):
    """A table of closed rows with these close dates, without modification stamps."""
    return pd.DataFrame(
        {"modification_timestamp": pd.Series(pd.NaT, range(len(dates)), dtype="datetime64[us]"),
         "close_date": pd.to_datetime(pd.Series(dates)), "_source_file": "a.csv",
         "_source_row": range(1, len(dates) + 1)})  # fmt: skip


def test_one_mistyped_year_does_not_move_the_valuation_date():
    usual = [f"2024-{month:02d}-15" for month in range(1, 13)]
    assert dates.resolve_as_of(stamped(*usual), None) == pd.Timestamp("2024-12-15")
    with pytest.raises(RemlError, match=r"a\.csv, data row 13: close_date 2099-01-01 lies"):
        dates.resolve_as_of(stamped(*usual, "2099-01-01"), None)
    given = dates.resolve_as_of(stamped(*usual, "2099-01-01"), dt.date(2025, 1, 1))
    assert given == pd.Timestamp("2025-01-01")


def dated(*rows):
    """A table of closed sales with these dates, missing where a row gives none."""
    table = pd.DataFrame([{"domain": "sale"} | row for row in rows])
    days = {name: pd.to_datetime(table.get(name, pd.Series(pd.NaT, table.index)))
            for name in [*dates.DATES, dates.STAMP]}  # fmt: skip
    return table.assign(
        **days, listing_key=[f"k{i}" for i in range(len(table))], standard_status="Closed",
        _source_file="a.csv", _source_row=range(1, len(table) + 1),
    )  # fmt: skip


def sane(*rows):
    """(table, issues, as_of) of `dated` rows, judged as params.yaml does."""
    table, issues, as_of = dates.null_implausible_dates(dated(*rows), None, dates.DateLimits())
    return table, issues, dates.as_of_dates(table, as_of)


def test_stamps_of_one_domain_do_not_take_the_closings_of_the_other():
    """And where the stamps stand still, closings that are more than a few say how far it goes."""
    rent = {"domain": "rental", "close_date": "2022-03-01", "modification_timestamp": "2022-03-02"}
    sales = [{"close_date": f"2024-{month:02d}-15"} for month in range(1, 13)]
    for rows in ([rent] * 60 + sales, [rent] * 30 + [rent | row for row in sales]):
        table, issues, _ = sane(*rows, sales[0] | {"close_date": "2204-05-01"})
        assert issues[["column", "value", "reason"]].to_numpy().tolist() == [
            ["close_date", "2204-05-01", dates.LATE]
        ]
        assert table["close_date"].isna().sum() == 1
    lone = {"domain": "rental", "close_date": "2204-05-01"}
    stamp = {"modification_timestamp": "2024-12-16"}
    assert sane(*[row | stamp for row in sales], lone)[1]["reason"].tolist() == [dates.LATE]


LONG = {"listing_contract_date": "2015-01-10", "purchase_contract_date": "2015-02-20"}


@pytest.mark.parametrize(
    ("row", "kept", "as_of"),
    [  # closed 2015-03-28, with the year mistyped: the row was last changed the day after
        ({"close_date": "2021-03-28", "modification_timestamp": "2015-03-29"},
         [True, True, False], None),
        ({"close_date": "2021-03-28", "modification_timestamp": "2021-03-29"},
         [True, True, True], "2015-02-20"),
        ({"close_date": "2021-03-28"}, [True, True, True], "2015-02-20"),
        ({"close_date": "2021-03-28", "purchase_contract_date": "2021-02-20"},
         [False, True, True], "2021-02-20"),
        ({"close_date": "2021-03-28", "listing_contract_date": None},
         [True, False, True], "2021-03-28"),
        ({"close_date": "2015-03-28", "modification_timestamp": "2014-01-01"},
         [True, True, True], "2015-02-20"),
    ],
)  # fmt: skip
def test_in_a_deal_that_is_too_long_the_date_goes_that_stands_alone(row, kept, as_of):
    others = [
        {"close_date": f"2021-{month:02d}-15", "modification_timestamp": f"2021-{month:02d}-16"}
        for month in range(1, 13)
    ]
    table, issues, valued = sane(LONG | row, *others)
    given = dated(LONG | row, *others)[dates.DATES].iloc[0].notna()
    assert table[dates.DATES].iloc[0].notna().tolist() == [
        has and was for has, was in zip(kept, given, strict=True)
    ]
    assert valued.iloc[0] == pd.Timestamp(as_of) if as_of else pd.isna(valued.iloc[0])
    assert table["close_date"].iloc[1:].notna().all()
    long = as_of == "2015-02-20" and row["close_date"] > "2021"
    assert (~issues["set_missing"]).sum() == (2 if long else 0)
