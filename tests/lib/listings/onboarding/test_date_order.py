"""How date columns are written: each by its own cells, and every doubt about day and month said."""

import datetime as dt

import pandas as pd
import pytest

from lib.listings.onboarding import date_order
from lib.listings.onboarding.date_order import date_columns, feed_formats, format_note

DAYS = [dt.date(2023, 1, 3) + dt.timedelta(days=3 * i) for i in range(58)]
EARLY = [day for day in DAYS if day.day <= 12]


def texts(form, days=DAYS):
    return pd.Series([day.strftime(form) for day in days], dtype="str")


SLASHED = [f"%{one}/%{two}/%{year}{time}" for one, two in ("md", "dm") for year in "Yy"
           for time in ("", " %H:%M")] + ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"]  # fmt: skip


@pytest.mark.parametrize(
    "form", [*SLASHED, "%d-%m-%Y", "%m-%d-%y", "%d.%m.%Y", "%d.%m.%y", "%d%m%Y"]
)
def test_wherever_day_and_month_cannot_be_told_apart_it_is_asked(form):
    """For years of two digits, stamps, dots and hyphens as well."""
    written = date_columns({"close_date": texts(form, EARLY)})
    formats = feed_formats(written)
    swapped = date_order.swap_day_and_month(form)
    assert written["close_date"].order == "open" and formats[0] in (form, swapped)
    assert "reads them as well" in format_note(written, formats)
    settled = date_columns({"close_date": texts(form)})
    assert feed_formats(settled) == [form] and format_note(settled, [form]) == ""


def test_columns_of_different_orders_each_get_their_formats():
    written = date_columns(
        {
            "listing_contract_date": texts("%d/%m/%Y"),
            "purchase_contract_date": texts("%d/%m/%Y"),
            "close_date": texts("%m/%d/%Y"),
            "on_market_date": texts("%d/%m/%Y", EARLY),
        }
    )
    assert feed_formats(written) == ["%d/%m/%Y"]
    closing, market = written["close_date"], written["on_market_date"]
    assert closing.stated and closing.formats == ["%m/%d/%Y"] and closing.doubt
    assert (
        not market.stated and market.formats == ["%d/%m/%Y"] and "no day above 12" in market.doubt
    )


def test_a_few_dates_without_a_day_above_12_follow_the_other_columns_unasked():
    written = date_columns({"close_date": texts("%d/%m/%y"), "x": texts("%d/%m/%y", EARLY[:5])})
    assert written["x"].formats == ["%d/%m/%y"] and not written["x"].doubt


@pytest.mark.parametrize("form", ["%d/%m/%y", "%m/%d/%Y", "%d-%m-%Y"])
def test_the_reading_that_ends_no_deal_before_it_begins_is_proposed(form):
    closed = [day + dt.timedelta(days=29) for day in DAYS]
    pairs = [(a, b) for a, b in zip(DAYS, closed, strict=True) if max(a.day, b.day) <= 12]
    pairs *= 3
    written = date_columns(
        {
            "listing_contract_date": texts(form, [a for a, _ in pairs]),
            "close_date": texts(form, [b for _, b in pairs]),
            "modification_timestamp": texts("%Y-%m-%dT08:00:00", [b for _, b in pairs]),
        }
    )
    assert feed_formats(written)[0] == form
    assert "reads them as well" in format_note(written, feed_formats(written))


def test_a_column_that_a_spreadsheet_mangled_gets_formats_of_its_own_and_a_question():
    cells = [d.strftime("%d/%m/%Y") if d.day > 12 else d.strftime("%Y-%d-%m") for d in DAYS]
    one = date_columns({"close_date": pd.Series(cells, dtype="str")})["close_date"]
    assert (
        one.stated and set(one.formats) == {"%d/%m/%Y", "%Y-%d-%m"} and "spreadsheet" in one.doubt
    )


@pytest.mark.parametrize(
    ("origin", "scale", "form"),
    [("1899-12-30", 1, "excel serial"), ("1970-01-01", 86_400, "unix seconds"),
     ("1970-01-01", 86_400_000, "unix milliseconds")],
)  # fmt: skip
def test_dates_written_as_one_number_are_proposed_with_a_question(origin, scale, form):
    numbers = [str((day - dt.date.fromisoformat(origin)).days * scale) for day in DAYS]
    one = date_columns({"close_date": pd.Series(numbers, dtype="str")})["close_date"]
    assert one.formats == [form] and one.doubt.startswith(form)


@pytest.mark.parametrize(
    ("text", "form"),
    [("March 5, 2024", "%B %d, %Y"), ("Mar 5, 2024", "%b %d, %Y"), ("05-Mar-2024", "%d-%b-%Y"),
     ("5-Mar-24", "%d-%b-%y"), ("Mar  5 2024 12:00AM", "%b %d %Y %I:%M%p"),
     ("Tuesday, March 5, 2024", "%A, %B %d, %Y"), ("5 March 2024", "%d %B %Y"),
     ("2024-03-05 00:00", "%Y-%m-%d %H:%M"), ("3/5/24 0:00", "%m/%d/%y %H:%M")],
)  # fmt: skip
def test_long_forms_are_read(text, form):
    written = date_columns({"close_date": pd.Series([text] * 3, dtype="str")})
    assert written["close_date"].formats == [form]


def test_what_is_no_date_has_no_formats():
    assert date_columns({"close_date": pd.Series(["soon", "350000", None], dtype="str")}) == {}
    assert format_note({}, ["%Y-%m-%d"]) == "no dates found"
