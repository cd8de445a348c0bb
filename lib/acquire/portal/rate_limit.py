"""How long to wait: between two requests, and before something is tried again."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from lib.acquire.portal.settings import Pace

FLOOR = 2.0  # seconds between two requests to any host that is not this machine


def retry_after_seconds(text: str | None, now: dt.datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date), none where
    it says nothing that can be read."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:  # "-0000": UTC
        until = until.replace(tzinfo=dt.UTC)
    return max((until - now).total_seconds(), 0.0)


def backoff_seconds(pace: Pace, attempt: int, least: float | None, rng: random.Random) -> float:
    """Seconds before the try after the `attempt`-th (from 1): doubled each time, with jitter; never
    less than `least`, which the portal asks for.
    """
    return max(pace.backoff * 2 ** (attempt - 1) + rng.uniform(0, pace.jitter), least or 0.0)


class Pacer:
    """Keeps requests apart. `clock` gives seconds that only grow; `floor` is FLOOR anywhere but on
    this machine."""

    def __init__(
        self,
        pace: Pace,
        floor: float,
        rng: random.Random,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.least = max(pace.seconds, floor)
        self.jitter, self.rng, self.clock, self.sleep = pace.jitter, rng, clock, sleep
        self.last: float | None = None

    def wait(self) -> None:
        """Return when the next request may be made, and take it as made."""
        if self.last is not None:
            rest = self.last + self.least + self.rng.uniform(0, self.jitter) - self.clock()
            if rest > 0:
                self.sleep(rest)
        self.last = self.clock()
