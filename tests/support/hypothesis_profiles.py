"""How much tests with random inputs try: the same few things by default, many new ones at night.

HYPOTHESIS_PROFILE=night (or pytest's --hypothesis-profile=night) draws anew each time and ten times
as much; what it finds is printed so that it can be repeated. No profile has a deadline: how long an
example takes says how busy the machine is.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FAST, NIGHT = 50, 500
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
    """How often to try what the fast profile tries `number` times."""
    return round(number * settings.default.max_examples / FAST)


def examples(number: int, *unchecked: HealthCheck) -> settings:
    """Settings of a test that draws `number` examples in the fast profile; `unchecked` are health
    checks that do not hold for it."""
    return settings(max_examples=times(number), suppress_health_check=[*SLOW, *unchecked])
