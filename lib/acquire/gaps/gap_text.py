"""What is missing, as lines of text for people."""

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


def gap_spans(judged: pd.DataFrame) -> list[Span]:
    """Join the gaps of one domain's days; gaps with nothing but quiet days between them are one.

    Parameters
    ----------
    judged
        (n, 8) of one domain, as `judge_days` gives it.

    Returns
    -------
    Spans in order of time.
    """
    gaps: list[Span] = []
    quiet, going = 0, False
    for day, state in zip(judged["date"].dt.date, judged["state"], strict=True):
        if state == "gap" and going:
            last = gaps[-1]
            gaps[-1] = Span(last.first, day, last.days + 1, last.quiet + quiet)
        elif state == "gap":
            gaps.append(Span(day, day, 1, 0))
        quiet = quiet + 1 if state == "quiet" and going else 0
        going = state == "gap" or (going and state == "quiet")
    return gaps


def count_by_name_text(names: pd.Series, order: tuple[str, ...]) -> str:
    """Count names in words.

    Parameters
    ----------
    names
        (n,) text.
    order
        Names in the order in which they are listed, those that occur alone.

    Returns
    -------
    "300 active, 3 gap", or "none".

    Examples
    --------
    >>> count_by_name_text(pd.Series(["gap", "active", "active"]), ("active", "empty", "gap"))
    '2 active, 1 gap'
    """
    numbers = names.value_counts()
    return ", ".join(f"{numbers[name]:,} {name}" for name in order if name in numbers) or "none"


def excluded_row_lines(
    days: pd.Series, quarantined: int, first: dt.date, last: dt.date
) -> list[str]:
    """Say which rows of a feed are left out of the span.

    Parameters
    ----------
    days
        (n,) datetime64 days of modification (`find_modified_days`).
    quarantined
        Rows that the contract refuses.
    first, last
        The span, both included.

    Returns
    -------
    One line a reason.
    """
    parts = {
        "quarantined, which do not count": quarantined,
        "without a day of modification": int(days.isna().sum()),
        f"modified before {first} (first_day), outside the span": int(
            (days < pd.Timestamp(first)).sum()
        ),
        f"modified after {last}, outside the span": int((days > pd.Timestamp(last)).sum()),
    }
    return [f"rows {what}: {count:,}" for what, count in parts.items() if count]


def day_lines(judged: pd.DataFrame) -> list[str]:
    """Of each domain the days by state, and its gaps: the longest SPANS in order of time.

    Parameters
    ----------
    judged
        (n, 8) as `judge_days` gives it.

    Returns
    -------
    Lines of text.
    """
    lines = []
    for domain, part in judged.groupby("domain", sort=False):
        lines.append(f"{domain}: {count_by_name_text(part['state'], STATES)}")
        gaps = gap_spans(part)
        shown = sorted(sorted(gaps, key=lambda span: -span.days)[:SPANS])
        lines += [f"  gap {span}" for span in shown]
        if len(gaps) > len(shown):
            rest = sum(span.days for span in gaps) - sum(span.days for span in shown)
            lines.append(f"  gaps not shown: {len(gaps) - len(shown):,}, days in them: {rest:,}")
    return lines


def photo_lines(statuses: pd.DataFrame) -> list[str]:
    """Listings by status of their photos, and the ZIPs where most are missing.

    Parameters
    ----------
    statuses
        (n, 10) as `photo_statuses` gives it.

    Returns
    -------
    Lines of text.
    """
    by_status = count_by_name_text(statuses["status"], STATUSES)
    lines = [f"photos: {by_status}; {int(statuses['missing'].sum()):,} missing"]
    short = statuses[statuses["missing"] > 0]
    by_zip = short["missing"].groupby(short["postal_code"].fillna("no ZIP")).agg(["sum", "size"])
    worst = by_zip.sort_values("sum", ascending=False, kind="stable").head(ZIPS)
    lines += [
        f"  {zip_code}: photos missing {row['sum']:,}, listings {row['size']:,}"
        for zip_code, row in worst.iterrows()
    ]
    return lines
