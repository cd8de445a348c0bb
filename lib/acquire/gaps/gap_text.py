"""What is missing, in lines that people read."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pandas as pd

from lib.acquire.gaps.gaps import STATES
from lib.acquire.gaps.photo_gaps import STATUSES

SPANS, ZIPS = 12, 5  # lines of a domain's gaps, worst ZIPs


class Span(NamedTuple):
    """Gap days from `first` to `last`: how many, and how many quiet days lie between them."""

    first: dt.date
    last: dt.date
    days: int
    quiet: int

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first} (1 day)"
        between = f", {self.quiet} quiet between" if self.quiet else ""
        return f"{self.first}..{self.last} ({self.days} days{between})"


def spans(judged: pd.DataFrame) -> list[Span]:
    """The gaps of one domain's days (`days.judge`), in order; gaps with nothing but quiet days
    between them are one."""
    found: list[Span] = []
    quiet, going = 0, False
    for day, state in zip(judged["date"].dt.date, judged["state"], strict=True):
        if state == "gap" and going:
            last = found[-1]
            found[-1] = Span(last.first, day, last.days + 1, last.quiet + quiet)
        elif state == "gap":
            found.append(Span(day, day, 1, 0))
        quiet = quiet + 1 if state == "quiet" and going else 0
        going = state == "gap" or (going and state == "quiet")
    return found


def counts(names: pd.Series, order: tuple[str, ...]) -> str:
    """How many of each name, in `order`, those that occur alone: "300 active, 3 gap"."""
    found = names.value_counts()
    return ", ".join(f"{found[name]:,} {name}" for name in order if name in found) or "none"


def asides(days: pd.Series, quarantined: int, first: dt.date, last: dt.date) -> list[str]:
    """What of a feed's rows is left out of the span, one line each; `days` is `seen.seen`'s."""
    parts = {
        "quarantined, which do not count": quarantined,
        "without a day of modification": int(days.isna().sum()),
        f"modified before {first} (first_day), outside the span": int(
            (days < pd.Timestamp(first)).sum()
        ),
        f"modified after {last}, outside the span": int((days > pd.Timestamp(last)).sum()),
    }
    return [f"rows {said}: {count:,}" for said, count in parts.items() if count]


def of_days(judged: pd.DataFrame) -> list[str]:
    """Of each domain the days by state, and its gaps: the longest SPANS in order of time."""
    lines = []
    for domain, part in judged.groupby("domain", sort=False):
        lines.append(f"{domain}: {counts(part['state'], STATES)}")
        found = spans(part)
        shown = sorted(sorted(found, key=lambda span: -span.days)[:SPANS])
        lines += [f"  gap {span}" for span in shown]
        if len(found) > len(shown):
            rest = sum(span.days for span in found) - sum(span.days for span in shown)
            lines.append(f"  gaps not shown: {len(found) - len(shown):,}, days in them: {rest:,}")
    return lines


def of_photos(statuses: pd.DataFrame) -> list[str]:
    """Listings by status of their photos, and the ZIPs where most are missing."""
    said = counts(statuses["status"], STATUSES)
    lines = [f"photos: {said}; {int(statuses['missing'].sum()):,} missing"]
    short = statuses[statuses["missing"] > 0]
    by_zip = short["missing"].groupby(short["postal_code"].fillna("no ZIP")).agg(["sum", "size"])
    worst = by_zip.sort_values("sum", ascending=False, kind="stable").head(ZIPS)
    lines += [
        f"  {zip_code}: photos missing {row['sum']:,}, listings {row['size']:,}"
        for zip_code, row in worst.iterrows()
    ]
    return lines
