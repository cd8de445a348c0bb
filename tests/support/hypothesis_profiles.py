"""How much tests with random inputs try: the same few things by default, many new ones at night.

HYPOTHESIS_PROFILE=night (or pytest's --hypothesis-profile=night) draws anew each time and ten times
as much as a test asks for; what it finds is printed so that it can be repeated. The fast profile
draws three fifths of that. No profile has a deadline: how long an example takes says how busy the
machine is.
"""

from __future__ import annotations

import math
import os

from hypothesis import HealthCheck, settings

USUAL = 50  # of a test that asks for no number
FAST, NIGHT = 30, 500
SLOW = [HealthCheck.too_slow]  # a busy machine again

settings.register_profile(
    "fast",
    max_examples=FAST,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=SLOW,
)
settings.register_profile(
    "night", max_examples=NIGHT, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def times(number: int) -> int:
    """How often to repeat what is repeated `number` times by day: its bounds are for so many."""
    return number * max(1, settings.default.max_examples // USUAL)


def examples(number: int, *unchecked: HealthCheck) -> settings:
    """Settings of a test that asks for `number` examples, of which the fast profile draws three
    fifths; `unchecked` are health checks that do not hold for it."""
    drawn = math.ceil(number * settings.default.max_examples / USUAL)
    return settings(max_examples=drawn, suppress_health_check=[*SLOW, *unchecked])
