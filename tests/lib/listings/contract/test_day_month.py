"""Day and month: told apart by the column's own cells, and swaps of spreadsheets are noticed."""

import datetime as dt

import pandas as pd
import pytest

from lib.listings.contract import parse_values, spreadsheets

DAYS = [dt.date(2023, 1, 3) + dt.timedelta(days=3 * i) for i in range(58)]  # into June
BOTH = ["%m/%d/%Y", "%d/%m/%Y"]


def column(*texts):
    return pd.Series(texts, dtype="str")


def written(form, days=DAYS):
    return column(*(day.strftime(form) for day in days))


def exchange(day):
    return dt.date(day.year, day.day, day.month) if day.day <= 12 else day


@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("formats", [BOTH, BOTH[::-1]])
def test_a_column_of_one_order_is_read_by_it_whatever_the_feeds_list_begins_with(form, formats):
    settled, unclear = spreadsheets.settle_order(written(form), formats)
    assert parse_values.parse_days(written(form), settled).dt.date.tolist() == DAYS
    assert not unclear.any()


def test_a_day_up_to_12_is_unclear_in_a_column_of_both_orders():
    _, unclear = spreadsheets.settle_order(
        column("13/04/2023", "04/13/2023", "05/06/2023", "07/07/2023", None), BOTH
    )
    assert unclear.tolist() == [False, False, True, False, False]


def test_one_format_leaves_nothing_to_settle():
    settled, unclear = spreadsheets.settle_order(written("%d/%m/%Y"), ["%m/%d/%Y", "%Y-%m-%d"])
    assert settled == ["%m/%d/%Y", "%Y-%m-%d"] and not unclear.any()


@pytest.mark.parametrize(
    ("low", "high"),
    [("%Y-%m-%d", "%d/%m/%Y"), ("%Y-%m-%dT%H:%M:%S", "%m/%d/%Y"), ("%d-%b-%Y", "%d/%m/%y"),
     ("excel serial", "%d.%m.%Y")],
)  # fmt: skip
def test_days_up_to_12_in_one_format_and_the_others_in_another_are_a_spreadsheets(low, high):
    def text(day):
        if day.day > 12:
            return day.strftime(high)
        serial = (exchange(day) - dt.date(1899, 12, 30)).days
        return str(serial) if low == "excel serial" else exchange(day).strftime(low)

    mangled = column(*map(text, DAYS))
    assert spreadsheets.swapped_dates_message(mangled, [high, low]) == (low, high)


@pytest.mark.parametrize(
    "texts",
    [
        written("%Y-%m-%d"),
        pd.concat([written("%Y-%m-%d", DAYS[:30]), written("%d/%m/%Y", DAYS[30:])]),
        pd.concat([column(*["2023-05-01", "2023-06-01"] * 20), written("%d/%m/%Y", DAYS[3:9])]),
        column("2023-05-01", "13/04/2023", "14/04/2023"),
        column(),
    ],
)
def test_two_honest_formats_and_a_few_dates_are_no_swap(texts):
    assert spreadsheets.swapped_dates_message(texts, ["%d/%m/%Y", "%Y-%m-%d"]) is None


@pytest.mark.parametrize("low", ["%Y-%m-%d", "%d-%b-%Y", "%m/%d/%Y %H:%M"])
def test_text_without_days_up_to_12_beside_dates_of_the_swapped_form_is_a_spreadsheets(low):
    texts = [
        day.strftime("%d.%m.%y") if day.day > 12 else exchange(day).strftime(low) for day in DAYS
    ] + [(day + dt.timedelta(days=365)).strftime(low) for day in DAYS]
    forms = [low, "%d.%m.%y"]
    assert spreadsheets.swapped_dates_message(column(*texts), forms) is None
    assert spreadsheets.find_half_mangled(column(*texts), forms) == ("%d.%m.%y", "up to")


@pytest.mark.parametrize("high", ["%d/%m/%Y", "%d.%m.%Y", "%d %b %Y"])
def test_dates_without_days_above_12_beside_text_that_was_right_are_a_spreadsheets(high):
    texts = [day.strftime(high) if day.day > 12 else exchange(day).isoformat() for day in DAYS] + [
        (day + dt.timedelta(days=365)).strftime(high) for day in DAYS
    ]
    forms = [high, "%Y-%m-%d"]
    assert spreadsheets.swapped_dates_message(column(*texts), forms) is None
    assert spreadsheets.find_half_mangled(column(*texts), forms) == ("%Y-%m-%d", "above")


@pytest.mark.parametrize(
    "texts",
    [
        written("%Y-%m-%d"),
        pd.concat([written("%Y-%m-%d", DAYS[:30]), written("%d/%m/%Y", DAYS[30:])]),
        # month-ends, and days of which only the month is known
        column(*(f"{d}/0{m}/2023" for m in (1, 3, 5, 7, 8) for d in (30, 31)), *map(str, DAYS)),
        column(*(f"0{d}/0{m}/2023" for m in range(1, 8) for d in (1, 1, 2)), *map(str, DAYS)),
        column(*(f"{d}/03/2023" for d in range(13, 27)), *map(str, DAYS)),  # fourteen by chance
        pd.concat([written("%m/%d/%Y", DAYS), written("%d/%m/%Y", DAYS)]),  # see settle_order
        column(),
    ],
)
def test_two_honest_formats_and_dates_of_a_few_days_are_no_half_of_a_swap(texts):
    forms = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"]
    assert spreadsheets.find_half_mangled(texts, forms[: 3 if len(texts) > 110 else 2]) is None


def test_months_that_only_days_up_to_12_reach_betray_a_swap():
    swapped = pd.to_datetime(pd.Series([exchange(day) for day in DAYS]))
    assert spreadsheets.months_betray_swap(swapped)
    assert not spreadsheets.months_betray_swap(pd.to_datetime(pd.Series(DAYS)))


@pytest.mark.parametrize("months", [1, 2, 5, 8, 12, 15, 30])
def test_honest_dates_of_any_span_betray_nothing(months):
    for start in pd.date_range("2022-01-01", periods=12, freq="MS"):
        end = start + pd.DateOffset(months=months) + pd.Timedelta(days=11)
        days = pd.Series(pd.date_range(start, end))
        assert not spreadsheets.months_betray_swap(days), (start, end)
        firsts = pd.Series(pd.date_range(start, end, freq="MS")).repeat(30)
        assert not spreadsheets.months_betray_swap(pd.concat([firsts, days.iloc[::9]]))


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("45292", "excel serial", "2024-01-01"),
        ("45292.75", "excel serial", "2024-01-01T18:00"),
        ("1704067200", "unix seconds", "2024-01-01"),
        ("1704067200000", "unix milliseconds", "2024-01-01"),
        ("1704067200123", "unix milliseconds", "2024-01-01T00:00:00.123"),
        ("250000", "excel serial", None),  # a price
        ("45292", "unix seconds", None),
        ("7129300520", "unix seconds", None),  # a parcel
        ("-45292", "excel serial", None),
        ("20240105", "excel serial", None),
        ("", "excel serial", None),
    ],
)
def test_dates_that_are_one_number(text, form, moment):
    got = parse_values.parse_moments(column(text), [form])[0]
    assert pd.isna(got) if moment is None else got == pd.Timestamp(moment)


@pytest.mark.parametrize(
    ("text", "year"), [("03/05/24", 2024), ("03/05/49", 2049), ("02/29/52", 1952),
                       ("03/05/68", 1968), ("03/05/69", 1969), ("12/31/99", 1999)],
)  # fmt: skip
def test_a_year_of_two_digits_is_none_that_no_home_was_sold_in_yet(text, year):
    got = parse_values.parse_days(column(text), ["%m/%d/%y"])[0]
    assert (got.year, got.strftime("%m/%d")) == (year, text[:5])


def test_six_digits_that_begin_with_0_are_no_serial():
    texts = column("053123", "45077", "45077.5")
    read = parse_values.parse_days(texts, ["excel serial"])
    assert read.dt.date.tolist()[1:] == [dt.date(2023, 5, 31)] * 2 and pd.isna(read[0])
