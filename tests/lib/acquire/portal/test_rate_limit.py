"""How long is waited, with a clock that the test moves."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.acquire.portal.rate_limit import FLOOR, Pacer, backoff_seconds, retry_after_seconds
from lib.acquire.portal.settings import Pace

NOW = dt.datetime(2026, 11, 26, 12, 0, 0, tzinfo=dt.UTC)


def pace(**changes):
    values = {"seconds": 1.0, "jitter": 0.5, "attempts": 4, "backoff": 5.0, "most": 900.0}
    return Pace(**values | {"timeout": 60.0, "download": 600.0} | changes)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Thu, 26 Nov 2026 12:01:30 GMT", 90.0),  # RFC 9110, 5.6.7: IMF-fixdate
        ("Thursday, 26-Nov-26 12:00:05 GMT", 5.0),  # and the two older forms
        ("Thu Nov 26 12:00:09 2026", 9.0),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0.0),  # past
        ("soon", None),
        ("-3", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after_seconds(text, NOW) == seconds


def test_waits_double_with_jitter_and_are_never_shorter_than_asked():
    rng = random.Random(1)
    for attempt, least in ((1, 5.0), (2, 10.0), (3, 20.0)):
        assert least <= backoff_seconds(pace(), attempt, None, rng) <= least + 0.5
    assert backoff_seconds(pace(), 1, 77.0, rng) == 77.0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20), st.sampled_from([0.0, FLOOR]))
def test_requests_are_apart_by_the_pace_and_at_least_by_the_floor(work, floor):
    clock, asked = [100.0], []
    pacer = Pacer(
        pace(), floor, random.Random(3), lambda: clock[0],
        lambda seconds: clock.__setitem__(0, clock[0] + seconds),
    )  # fmt: skip
    for seconds in work:
        pacer.wait()
        asked.append(clock[0])
        clock[0] += seconds
    assert asked[0] == 100.0, "the first one waits for nothing"
    least = max(1.0, floor)
    for one, other, seconds in zip(asked, asked[1:], work, strict=False):
        assert other - one >= least - 1e-9
        assert other - one <= max(least + 0.5, seconds) + 1e-9, "and no longer than it must"
