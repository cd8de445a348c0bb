"""Who trades when: the plan of closings and open listings over the invented homes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from lib.demo.faults import BULK
from lib.demo.market import EFFECTS, Market, log_rent, log_value

RESALE_SHARE = 0.10  # closed sales whose home had sold before, inside the same years
RENTED_TOO_SHARE = 0.35  # closed rentals whose home also sold
OPEN_LEASE_SHARE = 0.20  # open listings that are for lease
OPEN_AGAIN_SHARE = 0.15  # open sale listings whose home sold some years ago


# parameters: the settings of the feed, each as params.yaml has it
def plan_deals(
    rng: np.random.Generator,
    sales: int,
    rentals: int,
    actives: int,
    odd: list[str],
    start: date,
    end: date,
) -> pd.DataFrame:
    """One row a deal: `kind`, `lease`, `home` (0..n-1, every home used), `day` (ordinal).

    `kind` is "good" for the closed sales and rentals asked for, "open" for the listings still on
    the market at `end`, or a name from `odd`: one more closed sale each, to carry a planted fault;
    a quick resale is of a home that sold just before, and bulk sales close BULK on one day.
    `day` is the closing day, and for open listings the last day of the feed.

    Parameters
    ----------
    rng
        Generator of every draw.
    sales, rentals, actives
        How many closed sales, closed rentals and listings on the market.
    odd
        Kinds of fault, one more closed sale each.
    start, end
        First and last day of the feed.

    Returns
    -------
    DataFrame
        kind, lease (flag), home, day.
    """
    sold = _closing_days(rng, sales, start, end)
    sold_home = np.arange(sales)
    early = rng.choice(int(0.45 * sales), int(RESALE_SHARE * sales), replace=False)
    late = rng.choice(np.arange(int(0.7 * sales), sales), len(early), replace=False)
    sold_home[late] = early
    let = _closing_days(rng, rentals, start, end)
    let_home = [_home_to_let(rng, day, sold, sold_home) for day in let]
    leases = round(OPEN_LEASE_SHARE * actives)
    again = rng.choice(_sold_once_early(sold_home, sold, end), int(OPEN_AGAIN_SHARE * actives))
    open_home = [*dict.fromkeys(again.tolist())][: actives - leases]
    resales = odd.count("quick_resale")
    bought = _bought_to_sell(rng, resales, sold_home, sold, end)
    odd_day = _closing_days(rng, len(odd), start, end)
    kinds = np.array(odd)
    bulk = np.flatnonzero(kinds == "bulk_sale")
    for parcel in range(0, len(bulk), BULK):
        odd_day[bulk[parcel : parcel + BULK]] = odd_day[bulk[parcel]]
    odd_home = np.full(len(odd), -1)
    odd_home[kinds == "quick_resale"] = sold_home[bought]
    odd_day[kinds == "quick_resale"] = sold[bought] + rng.integers(95, 170, resales)
    parts = [
        _part("good", False, sold_home, sold),
        _part("good", True, let_home, let),
        _part("open", False, open_home + [-1] * (actives - leases - len(open_home)), end),
        _part("open", True, [-1] * leases, end),
        _part(odd, False, odd_home, odd_day),
    ]
    deals = pd.concat(parts, ignore_index=True)
    fresh = deals["home"] < 0
    deals.loc[fresh, "home"] = sales + np.arange(fresh.sum())
    deals["home"] = pd.factorize(deals["home"])[0]  # resales left gaps in the numbering
    return deals


def _sold_once_early(sold_home: np.ndarray, sold: np.ndarray, end: date) -> np.ndarray:
    """Homes that sold just once, in the first half of the years: free to be for sale again."""
    homes, first, times = np.unique(sold_home, return_index=True, return_counts=True)
    middle = (sold.min() + end.toordinal()) / 2
    return homes[(times == 1) & (sold[first] < middle)]


def _bought_to_sell(
    rng: np.random.Generator, count: int, sold_home: np.ndarray, sold: np.ndarray, end: date
) -> np.ndarray:
    """Sales of homes that sold just once, early enough to close again within 170 days."""
    _, first, times = np.unique(sold_home, return_index=True, return_counts=True)
    free = first[(times == 1) & (sold[first] < end.toordinal() - 170)]
    return rng.choice(free, count, replace=False)


def price_deals(
    rng: np.random.Generator, deals: pd.DataFrame, homes: pd.DataFrame, market: Market
) -> pd.DataFrame:
    """`deals` with `worth` (the home's value that day, dollars), `price` and `appraisal`.

    `worth` is the monthly rent for leases; `price` is worth with the trader's noise, rounded;
    `appraisal` is next year's appraisal of the home in dollars, which knows the price: the leak.

    Parameters
    ----------
    rng
        Generator of every draw.
    deals
        As `plan_deals` returns them.
    homes
        As `draw_homes` returns them.
    market
        Its levels by month.

    Returns
    -------
    DataFrame
        The columns of `deals` and three more.
    """
    traded = homes.iloc[deals["home"]].reset_index(drop=True)
    days, lease = deals["day"].to_numpy(), deals["lease"].to_numpy()
    value = log_value(traded, days, market)
    noise = np.where(lease, EFFECTS["rent_noise"], EFFECTS["noise"]) * rng.standard_normal(
        len(deals)
    )
    log_worth = np.where(lease, log_rent(traded, days, market), value)
    step = np.where(lease, 5, 500)
    priced = deals.assign(worth=np.exp(log_worth))
    priced["price"] = (np.rint(np.exp(log_worth + noise) / step) * step).astype(int)
    appraisal = value + noise + rng.normal(0.03, 0.02, len(deals))
    priced["appraisal"] = (np.rint(np.exp(appraisal) / 100) * 100).astype(int)
    return priced


def _part(kind: str | list[str], lease: bool, home: object, day: np.ndarray | date) -> pd.DataFrame:
    days = day.toordinal() if isinstance(day, date) else day
    frame = pd.DataFrame({"home": np.asarray(home, dtype=int)})
    return frame.assign(kind=kind, lease=lease, day=days)


def _closing_days(rng: np.random.Generator, count: int, start: date, end: date) -> np.ndarray:
    """Rising ordinal days, more of them in early summer; stratified, so no quarter stays empty."""
    days = np.arange(start.toordinal(), end.toordinal() + 1)
    weight = np.cumsum(
        1 + 0.28 * np.cos(2 * np.pi * (days - date(2000, 6, 10).toordinal()) / 365.25)
    )
    spread = (np.arange(count) + rng.random(count)) / max(count, 1)
    return days[np.searchsorted(weight, spread * weight[-1])]


def _home_to_let(
    rng: np.random.Generator, day: int, sold: np.ndarray, sold_home: np.ndarray
) -> int:
    """A home sold well before or well after `day`, or -1 for one that never sells."""
    apart = np.flatnonzero((sold < day - 120) | (sold > day + 300))
    if rng.random() >= RENTED_TOO_SHARE or not len(apart):
        return -1
    return int(sold_home[rng.choice(apart)])
