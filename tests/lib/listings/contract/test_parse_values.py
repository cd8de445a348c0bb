"""Text to values: what parses is exact, what does not is missing, nothing is clipped."""

import datetime as dt
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.contract import baths, parse_values
from lib.listings.contract.contract import Column

FORMATS = ["%m/%d/%Y", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
NOTHING = ["", "   ", None, "n/a", "-", "unknown"]


def column(*texts):
    return pd.Series(texts, dtype="str")


def listed(series):
    """The values, missing ones as None."""
    return [None if pd.isna(value) else value for value in series]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("-3", -3), ("+4", 4), ("1.50", 1.5), (".5", 0.5), ("5.", 5), (" 7\n", 7),
        ("$1,234,567.89", 1234567.89), ("1 000", 1000), ("1\u00a0000", 1000), ("1e5", 100000),
        ("2.5E+3", 2500), ("€350,000", 350000), ("£1", 1), ("007", 7),
        ("1.2.3", None), ("12 sqft", None), ("(5)", None), ("1e999", None), ("nan", None),
        ("inf", None), ("1_000", None), ("0x10", None), ("\u0661\u0662", None),
        ("--5", None), ("$", None),
    ],
)  # fmt: skip
def test_numbers_are_exact_or_missing(text, number):
    assert listed(parse_values.parse_number(column(text))) == [number]


@given(st.floats(-1e12, 1e12).map(lambda x: round(x, 2)))
def test_money_as_spreadsheets_write_it_comes_back(amount):
    assert parse_values.parse_number(column(f"${amount:,.2f}"))[0] == amount


def test_multiply_brings_to_the_canonical_unit():
    assert listed(parse_values.parse_number(column("0.25", "x"), 43560)) == [10890, None]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("03/01/2024", "2024-03-01"), ("3/1/2024", "2024-03-01"), (" 2024-03-01 ", "2024-03-01"),
        ("02/29/2024", "2024-02-29"), ("2024-03-01T22:30:00", "2024-03-01 22:30"),
        ("02/29/2023", None), ("02/30/2023", None), ("13/01/2023", None), ("2023-00-10", None),
        ("0000-00-00", None), ("03/01/24", None), ("2024-03", None), ("20240301", None),
        ("2024-03-01 or so", None), ("12024-03-01", None),
    ],
)  # fmt: skip
def test_dates_by_the_first_format_that_fits_or_missing(text, date):
    parsed = parse_values.parse_moments(column(text), FORMATS)
    assert parsed.dtype == "datetime64[us]"
    assert listed(parsed) == [pd.Timestamp(date) if date else None]


@given(st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)), st.sampled_from(FORMATS[:2]))
def test_every_calendar_day_comes_back(day, form):
    assert parse_values.parse_moments(column(day.strftime(form)), FORMATS)[0] == pd.Timestamp(day)


def test_formats_are_tried_in_order_cell_by_cell():
    parsed = parse_values.parse_moments(
        column("01/02/2024", "13/02/2024"), ["%m/%d/%Y", "%d/%m/%Y"]
    )
    assert listed(parsed) == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-13")]


def test_stamps_with_offsets_are_compared_in_utc():
    """RESO's ModificationTimestamp carries one; mixed offsets must order rightly."""
    parsed = parse_values.parse_moments(
        column("2024-03-01T23:30:00-06:00", "2024-03-02T01:00:00Z"), ["%Y-%m-%dT%H:%M:%S%z"]
    )
    assert listed(parsed) == [pd.Timestamp("2024-03-02 05:30"), pd.Timestamp("2024-03-02 01:00")]


@given(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2040, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["", ":"]),
)
def test_a_stamps_offset_is_kept_and_its_day_is_the_one_written(moment, minutes, colon):
    moment = moment.replace(microsecond=0)
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{size // 60:02d}{colon}{size % 60:02d}"
    forms = ["%m/%d/%Y", "%Y-%m-%dT%H:%M:%S%z"]
    utc, offset = parse_values.parse_stamps(column(text, "x", "01/02/2024"), forms)
    assert utc[0] == moment - dt.timedelta(minutes=minutes)
    assert offset[0] == minutes and offset[1:].isna().all()
    assert parse_values.parse_days(column(text), forms)[0] == pd.Timestamp(moment).normalize()


def test_zulu_is_no_offset_at_all():
    utc, offset = parse_values.parse_stamps(column("2024-05-10T23:30:00Z"), ["%Y-%m-%dT%H:%M:%S%z"])
    assert (utc[0], offset[0]) == (pd.Timestamp("2024-05-10T23:30"), 0)


@pytest.mark.parametrize("text", ["2.25", "2.10", "2.", ".1", "-1", "2,1", "1e1"])
def test_the_notation_of_har_has_one_digit_after_the_point(text):
    assert baths.parse_baths(column(text), decimal=False).isna().all(axis=None)


@given(st.lists(st.sampled_from(["1", "x", None, "2"]), max_size=9))
def test_parsing_each_distinct_text_once_is_parsing_all(texts):
    text = column(*texts).set_axis(range(9, 9 + len(texts)))
    pd.testing.assert_series_equal(
        parse_values.parse_distinct(text, parse_values.parse_number),
        parse_values.parse_number(text),
    )


def test_a_date_column_drops_the_time_of_day_and_a_timestamp_keeps_it():
    text = column("2024-03-01T22:30:00")
    date, stamp = (
        parse_values.parse_column(text, Column(aliases=[], type=kind), FORMATS)[0]
        for kind in ("date", "timestamp")
    )
    assert (date, stamp) == (pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-01 22:30"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("77901", "77901"), (" 77901 ", "77901"), ("02138\n", "02138"), ("77901-1234", "77901"),
        ("77901 1234", "77901"), ("779011234", "77901"),
        ("\u0660\u0662\u0661\u0663\u0668", None), ("\uff12\uff11\uff13\uff18\uff10", None),
        ("7790", None), ("779012", None), ("a77901", None),
        ("77901-", None), ("77901\n1", None), ("77901.0", "77901"), ("TX 77901", None),
    ],
)  # fmt: skip
def test_postal_codes_are_five_ascii_digits_or_missing(text, code):
    assert listed(parse_values.parse_postal_code(column(text))) == [code]


@given(st.text(string.digits + " -\n\u0660\u0661a", max_size=11))
def test_postal_codes_are_idempotent_and_always_fit(text):
    once = parse_values.parse_postal_code(column(text))
    assert listed(parse_values.parse_postal_code(once)) == listed(once)
    for code in once.dropna():
        assert len(code) == 5 and code.isascii() and code.isdigit() and code in text


@pytest.mark.parametrize(
    ("text", "har", "decimal"),
    [  # full, half, total
        ("2", (2, 0, 2), (2, 0, 2)),
        ("2.0", (2, 0, 2), (2, 0, 2)),
        ("2.1", (2, 1, 2.5), (2, 1, 2.1)),
        ("3.2", (3, 2, 4), (3, 1, 3.2)),
        ("0.1", (0, 1, 0.5), (0, 1, 0.1)),
        ("2.25", None, (2, 1, 2.25)),
        ("1.75", None, (1, 1, 1.75)),
        ("0", (0, 0, 0), (0, 0, 0)),
        ("-1", (None,) * 3, (None,) * 3),
        ("two", (None,) * 3, (None,) * 3),
        ("", (None,) * 3, (None,) * 3),
    ],
)
def test_baths_by_har_and_by_decimal_feeds(text, har, decimal):
    names = ["bathrooms_full", "bathrooms_half", "bathrooms_total"]
    for is_decimal, wanted in ((False, har), (True, decimal)):
        if wanted:
            got = baths.parse_baths(column(text), is_decimal)
            assert list(got) == names
            assert listed(got.iloc[0]) == list(wanted)


@given(st.integers(0, 9), st.integers(0, 9))
def test_har_baths_come_back_as_full_and_half(full, half):
    got = baths.parse_baths(column(f"{full}.{half}"), decimal=False).iloc[0]
    assert got.tolist() == [full, half, full + half / 2]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("True", 1), ("YES", 1), (" y ", 1), ("1", 1), ("t", 1), ("False", 0), ("no", 0), ("N", 0),
     ("0", 0), ("F", 0), ("maybe", None), ("2", None), ("yes.", None)],
)  # fmt: skip
def test_yes_no(text, answer):
    assert listed(parse_values.parse_yes_no(column(text))) == [answer]


@pytest.mark.parametrize(
    ("text", "padded"),
    [("42", "00042"), (" 42 ", "00042"), ("123456", "123456"), ("", None), ("  ", None)],
)
def test_codes_are_trimmed_and_get_their_leading_zeros_back(text, padded):
    assert listed(parse_values.parse_code(column(text), 5)) == [padded]


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=5), st.integers(0, 10))
def test_codes_are_idempotent(texts, pad):
    once = parse_values.parse_code(column(*texts), pad)
    assert listed(parse_values.parse_code(once, pad)) == listed(once)


@pytest.mark.parametrize(
    "parse",
    [
        parse_values.parse_number,
        lambda text: parse_values.parse_moments(text, FORMATS),
        parse_values.parse_postal_code,
        lambda text: baths.parse_baths(text, decimal=True)["bathrooms_total"],
        lambda text: baths.parse_baths(text, decimal=False)["bathrooms_half"],
        parse_values.parse_yes_no,
    ],
    ids=["number", "date", "postal_code", "decimal", "har", "yes_no"],
)
def test_blanks_and_words_for_nothing_are_missing_and_length_and_index_stay(parse):
    text = pd.Series(NOTHING, dtype="str", index=range(10, 10 + len(NOTHING)))
    parsed = parse(text)
    assert parsed.isna().all()
    assert parsed.index.equals(text.index)
    assert len(parse(text.iloc[:0])) == 0


def test_blank_means_missing_or_white_space():
    assert parse_values.is_blank(column("", " \t", None, "\u00a0", "0", "nan")).tolist() == [
        True, True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("code", " 7 ", "007"), ("text", "a b", "a b"), ("number", "2", 20.0),
        ("yes_no", "Y", 1.0), ("postal_code", "77901-1", None),
    ],
)  # fmt: skip
def test_each_contract_type_has_its_parser(kind, text, value):
    spec = Column(aliases=[], type=kind, pad=3 if kind == "code" else 0, multiply=10)
    assert listed(parse_values.parse_column(column(text), spec, FORMATS)) == [value]


def test_numbers_are_float64_for_models():
    for parsed in (parse_values.parse_number(column("1")), parse_values.parse_yes_no(column("y"))):
        assert parsed.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "parts"),
    [("2/1", (2, 1, 2.5)), (" 3 / 0 ", (3, 0, 3)), ("0/2", (0, 2, 1)), ("2", None), ("2.1", None),
     ("2/", None), ("/1", None), ("2/1/1", None), ("1/2/2024", None), ("", None), (None, None),
     ("\u0662/1", None)],
)  # fmt: skip
def test_baths_with_a_slash(text, parts):
    got = baths.parse_baths_notation("baths_full_slash_half", column(text)).iloc[0]
    assert listed(got) == list(parts or (None, None, None))


def test_baths_by_calls_the_other_notations():
    text = column("2.1", "2.5", "x")
    for kind, is_decimal in (("baths_decimal", True), ("baths_full_half", False)):
        pd.testing.assert_frame_equal(
            baths.parse_baths_notation(kind, text),
            baths.parse_baths(text, is_decimal),
        )


def test_baths_counted_apart_have_a_total_only_where_both_are_known():
    got = baths.bath_columns(pd.Series([2.0, 2, np.nan]), pd.Series([1.0, np.nan, 1]))
    assert listed(got["bathrooms_total"]) == [2.5, None, None]
    assert listed(got["bathrooms_full"]) == [2, 2, None]


@pytest.mark.parametrize(
    ("text", "count"), [("3", 3), ("3.0", 3), ("0", 0), ("2.5", None), ("-1", None), ("x", None)]
)
def test_counts_are_whole_numbers(text, count):
    assert listed(
        parse_values.parse_column(column(text), Column(aliases=[], type="count"), [])
    ) == [count]


def test_lost_zeros_of_a_postal_code_come_back_where_the_contract_says_so():
    kind = Column(aliases=[], type="postal_code", pad=5)
    cells = column("2138", "02138", "77901-1234", "")
    assert listed(parse_values.parse_column(cells, kind, [])) == ["02138", "02138", "77901", None]
    assert listed(
        parse_values.parse_column(column("2138"), Column(aliases=[], type="postal_code"), [])
    ) == [None]


@pytest.mark.parametrize("text", ["2,5", "350.000,00", "1,23,456", "12,34", "1234,567"])
def test_a_decimal_comma_is_not_guessed_at(text):
    assert parse_values.parse_number(pd.Series([text])).isna().all()


@pytest.mark.parametrize(
    ("text", "zone", "utc", "minutes"),
    [
        ("2024-01-03 16:00:00", "America/Chicago", "2024-01-03 22:00:00", -360),
        ("2024-07-03 16:00:00", "America/Chicago", "2024-07-03 21:00:00", -300),
        ("2024-03-10 02:30:00", "America/Chicago", "2024-03-10 08:00:00", -330),  # left out
        ("2024-11-03 01:30:00", "America/Chicago", "2024-11-03 07:30:00", -360),  # comes twice
        ("2024-01-03 16:00:00", "Asia/Kolkata", "2024-01-03 10:30:00", 330),
        ("2024-01-03T16:00:00Z", "America/Chicago", "2024-01-03 16:00:00", 0),
        ("2024-01-03T16:00:00+0100", "America/Chicago", "2024-01-03 15:00:00", 60),
    ],
)
def test_a_stamp_without_an_offset_is_in_the_zone_of_the_feed(text, zone, utc, minutes):
    formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
    moments, offsets = parse_values.parse_stamps(pd.Series([text, None]), formats, zone)
    assert moments.tolist() == [pd.Timestamp(utc), pd.NaT]
    assert offsets.tolist()[0] == minutes and pd.isna(offsets[1])
