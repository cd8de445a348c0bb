"""Days as windows: each wanted day once, no other day; halves hold what the whole held."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from lib.acquire.portal.windows import DAY, Window, days_to_windows

START = dt.date(2026, 1, 1)
DAYS = st.sets(st.integers(0, 60)).map(lambda some: {START + DAY * n for n in some})


def days_of(window):
    return [window.since + DAY * n for n in range(window.days())]


@given(DAYS, st.integers(1, 40))
def test_windows_hold_each_wanted_day_once_and_no_other(days, most):
    made = days_to_windows(days, most=most)
    held = [day for window in made for day in days_of(window)]
    assert held == sorted(days)
    assert all(window.days() <= most for window in made)
    for one, other in itertools.pairwise(made):  # none could have been joined
        assert other.since != one.until + DAY or one.days() == most


@given(st.integers(1, 50), st.integers(0, 5), st.booleans())
def test_halves_hold_what_the_whole_held(count, zips, partial):
    codes = tuple(f"7700{n}" for n in range(zips))
    whole = Window(START, START + DAY * (count - 1), codes, partial)
    halves = whole.halves()
    assert bool(halves) == (count > 1 or zips > 1)
    if count > 1:
        assert [day for one in halves for day in days_of(one)] == days_of(whole)
        assert [one.partial for one in halves] == [False, partial], "the last day is not over"
        assert all(one.zips == codes for one in halves)
        assert halves[1].days() - halves[0].days() in (0, 1), "cutting on comes to an end"
    elif halves:
        assert [code for one in halves for code in one.zips] == list(codes)
        assert all(one.partial == partial for one in halves)


def test_a_day_searched_in_some_zips_is_asked_for_in_the_rest():
    days = [START, START + DAY, START + 2 * DAY]
    found = {days[1]: {"77002"}, days[2]: {"77001", "77002"}}
    made = days_to_windows(days, ("77001", "77002"), 31, found)
    assert made == [
        Window(days[0], days[0], ("77001", "77002")), Window(days[1], days[1], ("77001",)),
    ]  # fmt: skip


def test_a_window_says_what_it_is():
    assert str(Window(START, START)) == "2026-01-01"
    text = str(Window(START, START + DAY, ("77001", "77002"), True))
    assert text == "2026-01-01 to 2026-01-02 so far in 2 ZIP(s) from 77001"
