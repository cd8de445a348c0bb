"""Which days to ask a portal for, as windows that one search can answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The listings modified from `since` to `until`, both included, in `zips` (none: everywhere).
    `partial`: its last day is not over yet."""

    since: dt.date
    until: dt.date
    zips: tuple[str, ...] = ()
    partial: bool = False

    def __str__(self) -> str:
        days = f"{self.since}" if self.since == self.until else f"{self.since} to {self.until}"
        return f"{days}{' so far' if self.partial else ''}" + (
            f" in {len(self.zips)} ZIP(s) from {self.zips[0]}" if self.zips else ""
        )

    def days(self) -> int:
        """How many days it spans."""
        return (self.until - self.since).days + 1

    def halves(self) -> list[Window]:
        """Two windows that hold each listing of this one once: by date, a single day by ZIP; none
        where it cannot be cut."""
        if self.days() > 1:
            middle = self.since + DAY * (self.days() // 2 - 1)
            return [
                Window(self.since, middle, self.zips),
                Window(middle + DAY, self.until, self.zips, self.partial),
            ]
        cut = len(self.zips) // 2
        if not cut:
            return []
        parts = self.zips[:cut], self.zips[cut:]
        return [Window(self.since, self.until, part, self.partial) for part in parts]


def days_to_windows(
    days: Iterable[dt.date],
    zips: tuple[str, ...] = (),
    most: int = 31,
    searched: Mapping[dt.date, set[str]] | None = None,
) -> list[Window]:
    """The days as windows of at most `most` days, in order; a window holds no other day.

    A day of which some of the `zips` were `searched` before is a window of its own with the rest.
    """
    zips_before = searched or {}
    out: list[Window] = []
    for day in sorted(set(days)):
        left = tuple(one for one in zips if one not in zips_before.get(day, ()))
        joins = (
            out and out[-1].until == day - DAY and out[-1].zips == left and out[-1].days() < most
        )
        if joins:
            out[-1] = Window(out[-1].since, day, left)
        elif left or not zips:
            out.append(Window(day, day, left))
    return out
