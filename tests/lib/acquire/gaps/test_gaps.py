"""Days with listings, and which of those without are gaps: hand-worked feeds, and a naive count."""

import datetime as dt
import statistics
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.acquire.gaps import gap_text, gaps, modified_days
from lib.acquire.gaps.gaps import count_days, days_to_request, federal_holidays, judge_days
from lib.acquire.portal.settings import GapSettings
from lib.listings.contract import contract
from tests.support.hypothesis_profiles import examples

D = dt.date
PLAIN = GapSettings(history_weeks=26, minimum_days=4, quiet_share=0.5, holidays="none")
US = PLAIN.model_copy(update={"holidays": "us_federal"})


def rows(*parts):
    """Rows of (domain, day, number of listings)."""
    lines = [
        (f"{domain}{day}-{number}", domain, pd.Timestamp(day))
        for domain, day, count in parts
        for number in range(count)
    ]
    return pd.DataFrame(lines, columns=["listing_key", "domain", "day"]).astype(
        {"day": "datetime64[us]"}
    )


def every_day(first, last, domain="sale"):
    """One listing a day, as parts of `rows`."""
    return [(domain, day, 1) for day in span(first, last)]


def span(first, last):
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def states(parts, first, last, asked=None, gaps=PLAIN):
    """(domain, day) -> state."""
    table = judge_days(count_days(rows(*parts), first, last), asked or {}, gaps)
    keys = zip(table["domain"], table["date"].dt.date, strict=True)
    return dict(zip(keys, table["state"], strict=True))


# --- daily


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]), st.sampled_from(gaps.DOMAINS), st.integers(-3, 12)
        ),
        max_size=30,
    )
)
@examples(25)
def test_daily_counts_distinct_listings_as_a_loop_does(lines):
    first, last = D(2024, 2, 26), D(2024, 3, 4)
    frame = pd.DataFrame(
        [(key, domain, pd.Timestamp(first) + pd.Timedelta(days=n)) for key, domain, n in lines],
        columns=["listing_key", "domain", "day"],
    ).astype({"day": "datetime64[us]"})
    there = [name for name in ("sale", "rental") if any(line[1] == name for line in lines)]
    wanted = []
    for n, day in enumerate(span(first, last)):
        for domain in there or ["sale", "rental"]:
            keys = {key for key, its, at in lines if (its, at) == (domain, n)}
            wanted.append((day, domain, len(keys), "COMPLETE" if keys else "MISSING"))
    table = count_days(frame, first, last)
    assert [
        (row.date.date(), row.domain, row.listings, row.status) for row in table.itertuples()
    ] == wanted
    assert list(table) == ["date", "domain", "listings", "status"]


def test_a_row_without_a_day_is_on_none():
    frame = rows(("sale", D(2024, 1, 1), 1), ("sale", D(2024, 1, 2), 1))
    frame.loc[1, "day"] = pd.NaT
    assert count_days(frame, D(2024, 1, 1), D(2024, 1, 2))["listings"].tolist() == [1, 0]


# --- judge, by hand


def test_a_fortnight_of_outage_is_gaps_but_for_its_sundays():
    first, last = D(2024, 1, 1), D(2024, 6, 30)
    out = span(D(2024, 3, 4), D(2024, 3, 17))
    parts = [
        part for part in every_day(first, last) if part[1] not in out and part[1].weekday() != 6
    ]
    for (_, day), state in states(parts, first, last).items():
        if day.weekday() == 6:
            assert state == "quiet", day
        else:
            assert state == ("gap" if day in out else "active"), day


def test_an_outage_longer_than_the_history_does_not_teach_that_it_is_normal():
    first, last = D(2022, 1, 3), D(2024, 12, 29)
    out = set(span(D(2023, 1, 2), D(2024, 1, 28)))
    parts = [
        part for part in every_day(first, last) if part[1] not in out and part[1].weekday() != 6
    ]
    found = states(parts, first, last)
    for day in out:
        assert found["sale", day] == ("quiet" if day.weekday() == 6 else "gap"), day


@pytest.mark.parametrize("every", [4, 7, 10, 30])
def test_a_sparse_domain_does_not_drown_in_gaps(every):
    """A rental every so many days, at no set weekday, beside sales on each day."""
    first, last = D(2023, 1, 1), D(2024, 12, 31)
    rng = np.random.default_rng(every)
    let = [("rental", day, 1) for day in span(first, last) if rng.random() < 1 / every]
    found = states(every_day(first, last) + let, first, last)
    gaps = [day for (domain, day), state in found.items() if (domain, state) == ("rental", "gap")]
    assert len(gaps) <= 0.02 * 731
    assert {state for (domain, _), state in found.items() if domain == "sale"} == {"active"}


def test_a_feed_of_one_weekday_misses_that_weekday_alone():
    first, last = D(2024, 1, 1), D(2024, 12, 29)
    fridays = [day for day in span(first, last) if day.weekday() == 4]
    out = fridays[20:24]
    found = states([("sale", day, 2) for day in fridays if day not in out], first, last)
    assert [day for (_, day), state in found.items() if state == "gap"] == out
    assert sum(state == "quiet" for state in found.values()) == 6 * 52


def test_days_before_the_first_row_and_after_the_last_are_missing_too():
    first, last = D(2024, 1, 1), D(2024, 12, 31)
    parts = [p for p in every_day(D(2024, 8, 1), D(2024, 11, 30)) if p[1].weekday() != 6]
    found = states(parts, first, last)
    for day in span(first, last):
        outside = not D(2024, 8, 1) <= day <= D(2024, 11, 30)
        if outside:
            assert found["sale", day] == ("quiet" if day.weekday() == 6 else "gap"), day
    table = days_to_request(judge_days(count_days(rows(*parts), first, last), {}, PLAIN))
    sundays = table["date"].dt.day_of_week == 6
    assert table.loc[sundays | (table["date"] < "2024-08-01"), "fetch"].all()
    assert not table.loc[~sundays & table["date"].between("2024-08-01", "2024-11-30")][
        "fetch"
    ].any()


def test_too_little_history_makes_a_gap():
    """Of four weeks three other Sundays are known, of five four: those are enough."""
    for weeks, state in ((4, "gap"), (5, "quiet")):
        first = D(2024, 1, 1)
        last = first + dt.timedelta(days=7 * weeks)  # a Monday, so that the last Sunday lies inside
        parts = [part for part in every_day(first, last) if part[1].weekday() != 6]
        assert states(parts, first, last)["sale", first + dt.timedelta(days=6)] == state
    empty = states([], D(2024, 1, 1), D(2024, 1, 10))
    assert set(empty.values()) == {"gap"} and len(empty) == 20


def test_what_the_portal_said_counts():
    first, last = D(2024, 1, 1), D(2024, 3, 31)
    out = [D(2024, 2, 6), D(2024, 2, 7), D(2024, 2, 8)]
    parts = [part for part in every_day(first, last) if part[1] not in out]
    asked = {out[0]: "done", out[1]: "partial", D(2024, 2, 20): "partial", D(2024, 2, 21): "done"}
    found = states(parts, first, last, asked)
    assert [found["sale", day] for day in out] == ["empty", "partial", "gap"]
    assert found["sale", D(2024, 2, 20)] == "partial"  # with listings, and more may have come
    assert found["sale", D(2024, 2, 21)] == "active"


def test_days_that_the_portal_says_are_empty_teach():
    """Asked about each Sunday of a month, of which no row tells, one knows Sundays."""
    first, last = D(2024, 1, 1), D(2024, 3, 31)
    weekdays = [p for p in every_day(first, D(2024, 1, 31)) if p[1].weekday() < 5]
    sundays = [day for day in span(D(2024, 2, 1), last) if day.weekday() == 6]
    asked = dict.fromkeys(sundays[:5], "done")
    found = states(weekdays, first, last, asked)
    assert found["sale", sundays[-1]] == "quiet"
    assert found["sale", sundays[0]] == "empty"


# --- holidays


def test_a_holiday_on_which_the_feed_rests_is_quiet_and_another_is_a_gap():
    """Rests on Christmas Day, Thanksgiving and New Year's Day; works on all others, but one
    Veterans Day and one plain Monday are missing."""
    first, last = D(2018, 1, 1), D(2024, 12, 31)
    rests = {D(y, 12, 25) for y in range(2018, 2025)} | {D(y, 1, 1) for y in range(2018, 2025)}
    out = {D(2022, 11, 11), D(2022, 11, 14)}
    parts = [p for p in every_day(first, last) if p[1] not in rests | out]
    table = judge_days(count_days(rows(*parts), first, last), {}, US).set_index("date")
    assert (table.loc[[pd.Timestamp(day) for day in rests], "state"] == "quiet").all()
    assert (table.loc[[pd.Timestamp(day) for day in out], "state"] == "gap").all()
    assert table.loc["2022-11-11", "kind"] == "Veterans Day"
    assert table.loc["2022-11-14", "kind"] == "Monday"
    # six other Veterans Days, and the working days next to three of them (2018, 2023: week ends)
    others = [day for day in table.index if table.loc[day, "kind"] == "Veterans Day"]
    assert table.loc["2022-11-11", "history"] == len(others) - 1
    assert table.loc["2022-11-11", "usual"] == 1
    without = judge_days(count_days(rows(*parts), first, last), {}, PLAIN).set_index("date")
    assert without.loc["2023-12-25", "state"] == "gap"  # a Monday like others


def test_of_one_year_all_other_holidays_tell_of_a_holiday():
    first, last = D(2024, 1, 2), D(2024, 12, 31)
    off = {day.date() for day in federal_holidays(pd.Timestamp(first), pd.Timestamp(last))}
    parts = [p for p in every_day(first, last) if p[1] not in off]
    table = judge_days(count_days(rows(*parts), first, last), {}, US).set_index("date")
    assert len(off) == 10
    assert (table.loc[[pd.Timestamp(day) for day in off], "state"] == "quiet").all()
    assert (table.loc[[pd.Timestamp(day) for day in off], "history"] == 9).all()


def test_a_holiday_on_a_day_that_is_quiet_anyway_is_quiet():
    """Works on holidays, never on Sundays: 4 July 2021 was one."""
    first, last = D(2019, 1, 1), D(2023, 12, 31)
    parts = [p for p in every_day(first, last) if p[1].weekday() != 6]
    table = judge_days(count_days(rows(*parts), first, last), {}, US).set_index("date")
    assert table.loc["2021-07-04", ["kind", "state"]].tolist() == ["Independence Day", "quiet"]
    assert table.loc["2021-07-05", ["kind", "state"]].tolist() == ["Independence Day", "active"]


def test_the_holidays_of_two_years_by_the_almanac():
    """Of the Office of Personnel Management's list: days kept and days themselves."""
    found = federal_holidays(pd.Timestamp("2021-07-01"), pd.Timestamp("2022-01-31"))
    assert {f"{day:%Y-%m-%d}": name for day, name in sorted(found.items())} == {
        "2021-07-04": "Independence Day",
        "2021-07-05": "Independence Day",
        "2021-09-06": "Labor Day",
        "2021-10-11": "Columbus Day",
        "2021-11-11": "Veterans Day",
        "2021-11-25": "Thanksgiving Day",
        "2021-12-24": "Christmas Day",
        "2021-12-25": "Christmas Day",
        "2021-12-31": "New Year's Day",
        "2022-01-01": "New Year's Day",
        "2022-01-17": "Birthday of Martin Luther King, Jr.",
    }


# --- judge, against loops


def naive(listed, said, at, first, gaps):
    """(days, active, state) of day `at`, word by word as the docstring has it."""
    listings = [n for n, yes in enumerate(listed) if yes]
    known = sorted({*listings, *(n for n, word in enumerate(said) if word == "done")})
    pauses = [after - before - 1 for before, after in pairwise(listings)]
    longest = max(3, 10 * (statistics.median(pauses) if pauses else 0))
    teaches = set()
    for n in range(len(listed)):
        before, after = [k for k in known if k <= n], [k for k in known if k >= n]
        if before and after and (n in known or after[0] - before[-1] - 1 < longest):
            teaches.add(n)
    teaches -= {n for n in teaches if said[n] == "partial" and not listed[n]}
    of_kind = [n for n in teaches if n != at and (n - at) % 7 == 0]
    near = [n for n in of_kind if abs(n - at) <= 7 * gaps.history_weeks]
    used = near if len(near) >= gaps.minimum_days else of_kind
    active = sum(listed[n] for n in used)
    if said[at] == "partial":
        state = "partial"
    elif listed[at]:
        state = "active"
    elif said[at] == "done":
        state = "empty"
    elif len(used) >= gaps.minimum_days and len(used) - active >= gaps.quiet_share * len(used):
        state = "quiet"
    else:
        state = "gap"
    return len(used), active, state


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.sampled_from([0, 0, 1, 1, 1]),
            st.sampled_from(["", "", "", "", "done", "partial"]),
        ), min_size=1, max_size=25,
    ),
    st.integers(1, 6), st.integers(1, 5), st.sampled_from([0.25, 0.5, 1.0]),
)  # fmt: skip
@examples(40)
def test_judge_is_what_its_docstring_says(runs, weeks, minimum, share):
    """Days in runs of equal ones, so that there are outages."""
    listed = [bool(yes) for length, yes, _ in runs for _ in range(length)] or [False]
    said = [word for length, _, word in runs for _ in range(length)] or [""]
    gaps = GapSettings(
        history_weeks=weeks, minimum_days=minimum, quiet_share=share, holidays="none"
    )
    first = D(2024, 1, 3)
    each = span(first, first + dt.timedelta(days=len(listed) - 1))
    parts = [("sale", day, int(yes)) for day, yes in zip(each, listed, strict=True)]
    frame = rows(*parts)
    if frame.empty:
        frame = rows(("sale", D(2000, 1, 1), 1))  # a domain that is there, outside the span
    asked = {day: word for day, word in zip(each, said, strict=True) if word}
    table = judge_days(count_days(frame, each[0], each[-1]), asked, gaps)
    for at, row in enumerate(table.itertuples()):
        number, active, state = naive(listed, said, at, first, gaps)
        assert (row.history, row.state) == (number, state), at
        assert np.isnan(row.usual) if not number else row.usual == pytest.approx(active / number)


# --- what is to be fetched, and words


def test_a_day_is_fetched_for_any_domain_that_misses_it():
    judged = pd.DataFrame(
        [
            (day, domain, state, 1)
            for day, pair in enumerate(
                ["active active", "active gap", "active quiet", "quiet quiet", "empty quiet",
                 "empty partial", "gap quiet", "partial active", "empty empty"], 1
            )
            for domain, state in zip(gaps.DOMAINS, pair.split(), strict=True)
        ],
        columns=["date", "domain", "state", "listings"],
    )  # fmt: skip
    table = days_to_request(judged)
    assert table.loc[table["fetch"], "date"].tolist() == [2, 4, 6, 7, 8]
    assert table["listings"].tolist() == [2] * 9


def test_gaps_with_quiet_days_between_are_one():
    letters = "qGGqqGaGqaqqGqeGq"
    words = {"G": "gap", "q": "quiet", "a": "active", "e": "empty"}
    judged = pd.DataFrame({"date": pd.date_range("2024-03-01", periods=len(letters)),
                           "state": [words[one] for one in letters]})  # fmt: skip
    assert [str(one) for one in gap_text.gap_spans(judged)] == [
        "2024-03-02..2024-03-06 (3 days, 2 quiet between)",
        "2024-03-08 (1 day)",
        "2024-03-13 (1 day)",
        "2024-03-16 (1 day)",
    ]


def test_words_name_the_longest_gaps_and_count_the_rest():
    first, last = D(2024, 1, 1), D(2024, 12, 31)
    out = [day for day in span(first, last) if day.day == 10 or (day.month, day.day) == (12, 11)]
    out += span(D(2024, 4, 21), D(2024, 4, 22))
    parts = [p for p in every_day(first, last) if p[1] not in out]
    lines = gap_text.day_lines(judge_days(count_days(rows(*parts), first, last), {}, PLAIN))
    assert lines[0] == "sale: 351 active, 15 gap"
    assert "  gap 2024-04-21..2024-04-22 (2 days)" in lines
    assert "  gap 2024-12-10..2024-12-11 (2 days)" in lines
    assert len(lines) == 1 + gap_text.SPANS + 1
    assert lines[-1] == "  gaps not shown: 1, days in them: 1"
    shown = [line.split()[1] for line in lines[1:-1]]
    assert shown == sorted(shown)


# --- rows


def test_a_day_is_that_of_the_stamp_as_written_and_the_newest_row_is_marked():
    table = pd.DataFrame(
        {
            "listing_key": ["1", "1", " 2", "3", "3"],
            "domain": ["sale", "sale", "sale", "sale", "rental"],
            "_row_sha256": ["b", "a", "c", "d", "e"],
            "listing_id": ["77", "77", " ", None, "9"],
            "modification_timestamp": [
                "2024-03-09T23:30:00-0600", "2024-03-10T05:00:00+0000", "03/11/2024 01:00:00 PM",
                "soon", None,
            ],
            "postal_code": ["77008-1234", "77008", "x", None, "00000"],
            "photos_count": ["3", "4", "2.5", "-1", ""],
        }
    ).astype("str")  # fmt: skip
    found = modified_days.find_modified_days(table, contract.read_contract("har"))
    assert [str(day)[:10] for day in found["day"]] == [
        "2024-03-09", "2024-03-10", "2024-03-11", "NaT", "NaT",
    ]  # fmt: skip
    assert found["newest"].tolist() == [True, False, True, True, True]  # 05:30 UTC is later
    assert found["listing_id"].tolist() == ["77", "77", "2", "3", "9"]
    assert found["postal_code"].fillna("").tolist() == ["77008", "77008", "", "", ""]
    assert found["photos_count"].fillna(-9).tolist() == [3, 4, -9, -9, -9]
    none = modified_days.find_modified_days(
        pd.DataFrame(columns=modified_days.needed_columns(contract.read_contract("har"))),
        contract.read_contract("har"),
    )
    assert none.empty and list(none) == modified_days.COLUMNS
    assert len(count_days(none, D(2024, 1, 1), D(2024, 1, 2))) == 4
