"""The life of a listing: put on the market, cut, pending, closed, or ended without a deal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from lib.demo.remarks import write_remarks

TERMINAL = ("Sold", "Leased", "Terminated", "Expired")
FAILED_FIRST_SHARE = 0.08  # good sale listings whose home was first listed in vain
PHOTO_SHARE = 0.75
OPEN_STATUSES = ("Active", "Option Pending", "Pending Continue to Show", "Pending")


@dataclass(frozen=True)
class Event:
    """A new state of a listing: its status and list price (dollars) from `when` on."""

    when: datetime
    status: str
    list_price: int


@dataclass
class Listing:
    """One listing and all its states; `key` and `number` are given once all listings are known.

    `kind` is good, open, failed or the planted fault that the listing exists for. `overrides`
    replaces cells (column -> text) wherever the export would have written something there.
    """

    home: int
    lease: bool
    kind: str
    original_price: int
    events: list[Event]
    pending: date | None
    close: date | None
    close_price: int | None
    worth: float
    appraisal: int
    contribution: int | None
    remarks: str
    photos: int
    key: str = ""
    number: str = ""
    conditions: str = "Standard"
    overrides: dict[str, str] = field(default_factory=dict)

    def shift_prices(self, factor: float) -> None:
        """Multiply what was asked, at first and later, by `factor`; whole hundreds."""
        self.original_price = _rounded(self.original_price * factor, 100)
        self.events = [
            replace(event, list_price=_rounded(event.list_price * factor, 100))
            for event in self.events
        ]

    @property
    def contract(self) -> date:
        """The day the listing came on the market."""
        return self.events[0].when.date()

    @property
    def final(self) -> Event:
        """The listing's last state."""
        return self.events[-1]


def simulate_listings(
    rng: np.random.Generator, deals: pd.DataFrame, homes: pd.DataFrame
) -> list[Listing]:
    """A listing for each priced deal and listings in vain on top, keyed in order of listing.

    Of good sale listings, closed or open, some had a Terminated or Expired listing before, under
    another key and number. No event is later than the last deal's day.

    Parameters
    ----------
    rng
        Generator of every draw.
    deals
        As `price_deals` returns them.
    homes
        As `draw_homes` returns them.

    Returns
    -------
    list of Listing
        In order of their keys.
    """
    people: list[Any] = list(homes.itertuples(index=False))
    listings = []
    deal: Any
    for deal in deals.itertuples(index=False):
        home = people[deal.home]
        live = _open_listing if deal.kind == "open" else _closed_listing
        listing = live(rng, deal, home)
        listings.append(listing)
        relisted = rng.random() < FAILED_FIRST_SHARE
        if relisted and deal.kind in ("good", "open") and not deal.lease:
            listings.append(_failed_before(rng, listing, home))
    return _with_keys(rng, listings)


def _closed_listing(rng: np.random.Generator, deal: Any, home: Any) -> Listing:
    close = date.fromordinal(deal.day)
    wait = int(rng.integers(4, 12) if deal.lease else rng.integers(20, 46))
    pending = close - timedelta(days=wait)
    on_market = int(min(2 + rng.gamma(1.3, 14 if deal.lease else 24), 110))
    if deal.kind == "quick_resale":
        on_market = min(on_market, 40)  # listed after the sale before it had closed
    contract = pending - timedelta(days=on_market)
    step = 5 if deal.lease else 100
    asked = _rounded(deal.price * np.exp(rng.normal(0.008, 0.03)), step)
    original, events = _on_market(rng, contract, pending, asked, step)
    first = str(rng.choice(["Option Pending", "Pending"], p=[0.4, 0.6]))
    events.append(Event(_moment(rng, pending), first, asked))
    if first == "Option Pending" and not deal.lease:
        firm = pending + timedelta(days=int(rng.integers(5, 11)))
        status = str(rng.choice(["Pending", "Pending Continue to Show"], p=[0.8, 0.2]))
        events.append(Event(_moment(rng, firm), status, asked))
    events.append(Event(_moment(rng, close), "Leased" if deal.lease else "Sold", asked))
    given = 0 if deal.lease or rng.random() < 0.5 else _rounded(deal.price * 0.012, 100)
    return Listing(
        home=deal.home, lease=deal.lease, kind=deal.kind, original_price=original, events=events,
        pending=pending, close=close, close_price=deal.price, worth=deal.worth,
        appraisal=deal.appraisal, contribution=given,
        remarks=write_remarks(rng, home, deal.lease), photos=_photo_count(rng),
    )  # fmt: skip


def _open_listing(rng: np.random.Generator, deal: Any, home: Any) -> Listing:
    today = date.fromordinal(deal.day)
    contract = today - timedelta(days=int(min(1 + rng.exponential(40), 150)))
    step = 5 if deal.lease else 100
    asked = _rounded(deal.price * np.exp(rng.normal(0.012, 0.03)), step)
    original, events = _on_market(rng, contract, today, asked, step)
    status = str(rng.choice(OPEN_STATUSES, p=[0.8, 0.07, 0.05, 0.08]))
    pending = None
    if status != "Active" and contract < today - timedelta(days=6):
        pending = today - timedelta(days=int(rng.integers(0, 6)))
        events = [e for e in events if e.when.date() < pending]
        asked = events[-1].list_price
        events.append(Event(_moment(rng, pending), status, asked))
    return Listing(
        home=deal.home, lease=deal.lease, kind="open", original_price=original, events=events,
        pending=pending, close=None, close_price=None, worth=deal.worth,
        appraisal=deal.appraisal, contribution=None,
        remarks=write_remarks(rng, home, deal.lease), photos=_photo_count(rng),
    )  # fmt: skip


def _failed_before(rng: np.random.Generator, later: Listing, home: Any) -> Listing:
    """A listing in vain of the same home, dearer and over before `later` began."""
    ended = later.contract - timedelta(days=int(rng.integers(3, 60)))
    contract = ended - timedelta(days=int(rng.integers(40, 120)))
    asked = _rounded(later.original_price * np.exp(rng.uniform(0.02, 0.10)), 100)
    original, events = _on_market(rng, contract, ended, asked, 100)
    events.append(Event(_moment(rng, ended), str(rng.choice(["Terminated", "Expired"])), asked))
    return Listing(
        home=later.home, lease=later.lease, kind="failed", original_price=original, events=events,
        pending=None, close=None, close_price=None, worth=later.worth, appraisal=later.appraisal,
        contribution=None, remarks=write_remarks(rng, home, later.lease),
        photos=_photo_count(rng),
    )  # fmt: skip


def _on_market(
    rng: np.random.Generator, contract: date, until: date, asked: int, step: int
) -> tuple[int, list[Event]]:
    """Original price and the Active events that end at `asked`: one, or two with a price cut."""
    days = (until - contract).days
    if days < 30 or rng.random() < 0.45:
        return asked, [Event(_moment(rng, contract), "Active", asked)]
    original = _rounded(asked * np.exp(rng.uniform(0.015, 0.07)), step)
    cut = contract + timedelta(days=int(rng.integers(14, days - 5)))
    return original, [
        Event(_moment(rng, contract), "Active", original),
        Event(_moment(rng, cut), "Active", asked),
    ]


def _with_keys(rng: np.random.Generator, listings: Sequence[Listing]) -> list[Listing]:
    """The listings in order of their first event, with rising, gappy keys and numbers."""
    ordered = sorted(listings, key=lambda one: (one.events[0].when, one.home))
    keys = 500_000_000 + np.cumsum(rng.integers(40, 900, len(ordered)))
    numbers = 10_000_000 + np.cumsum(rng.integers(3, 400, len(ordered)))
    for listing, key, number in zip(ordered, keys, numbers, strict=True):
        listing.key, listing.number = str(key), str(number)
    return ordered


def _photo_count(rng: np.random.Generator) -> int:
    return int(rng.integers(2, 5)) if rng.random() < PHOTO_SHARE else 0


def _moment(rng: np.random.Generator, day: date) -> datetime:
    hour, minute, second = (int(rng.integers(low, high)) for low, high in _CLOCK)
    return datetime.combine(day, time(hour, minute, second))


_CLOCK = ((8, 20), (0, 60), (0, 60))  # agents work from eight to eight


def _rounded(amount: float, step: int) -> int:
    return int(round(amount / step) * step)
