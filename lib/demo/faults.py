"""The planted faults of single listings, and the list of all kinds.

`ODD_DEALS` come as closed sales of their own, on top of the good ones; `BLEMISHES` sit on good
listings and leave them good; duplicates are planted in `export`, where rows meet files.
The effect says what a pipeline should do: quarantine the row, screen the sale out of the
evidence, mend (or blank) the value, or drop the repeated row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from lib.demo.listings import Listing

QUARANTINE, SCREEN, MEND, DROP = "quarantine", "screen", "mend", "drop"
ODD_DEALS = {  # kind: (share of the good sales, effect)
    "missing_identity": (0.010, QUARANTINE),
    "unparseable_close_date": (0.010, QUARANTINE),
    "nominal_price": (0.010, QUARANTINE),
    "ragged_short": (0.006, QUARANTINE),
    "ragged_long": (0.006, QUARANTINE),
    "close_before_listing": (0.010, SCREEN),
    "family_transfer": (0.015, SCREEN),
    "foreclosure": (0.015, SCREEN),
    "extra_zero": (0.006, SCREEN),
    "quick_resale": (0.006, SCREEN),
    "bulk_sale": (0.004, SCREEN),  # parcels of BULK homes each
}
BULK = 3  # homes that change hands together, for one price
BLEMISHES = {  # kind: (share of the good closed and open listings, effect)
    "zero_square_feet": (0.010, MEND),
    "year_built_zero": (0.010, MEND),
    "year_built_future": (0.006, MEND),
    "postal_plus_four": (0.010, MEND),
    "postal_spaces": (0.010, MEND),
    "missing_coordinates": (0.020, MEND),
    "acres_hold_square_feet": (0.010, MEND),
    "unparseable_pending_date": (0.005, MEND),
    "quoted_newline": (0.010, MEND),
    "accented_remarks": (0.010, MEND),
}
DUPLICATE_SHARE = 0.02  # of all rows; half of them repeated in another file
LEAKS = ("SellerContribution", "NextYearAppraisal")
SINGLE_ROW = frozenset(kind for kind, (_, effect) in ODD_DEALS.items() if effect == QUARANTINE)

NOT_DATES = ("02/30/2023", "not a date")
FAMILY_WORDS = (
    "Transfer between relatives.",
    "Family transfer, not listed openly.",
    "Sold to tenant before it came on the market.",
    "Inter-family sale.",
    "Estate transfer, entered for the record.",
)
FORECLOSURE_WORDS = ("Bank owned, sold as is.", "This is a short sale.", "Sold at auction.")
FORCED = ("Real Estate Owned", "Short Sale", "Auction")  # special listing conditions, word by word


@dataclass(frozen=True)
class Fault:
    """One planted fault: the listing that bears it, and what was written in place of what."""

    kind: str
    effect: str
    key: str
    column: str
    written: str
    right: str


def planted_count(share: float, total: int) -> int:
    """How many faults of a kind a feed of `total` gets: its share, but one at least."""
    return max(1, round(share * total))


def draw_odd_deals(rng: np.random.Generator, sales: int) -> list[str]:
    """The kinds of the extra closed sales, one entry a sale, in random order."""
    kinds = [
        kind
        for kind, (share, _) in ODD_DEALS.items()
        for _ in range(planted_count(share, sales) * (BULK if kind == "bulk_sale" else 1))
    ]
    return [str(kind) for kind in rng.permutation(kinds)]


def plant_faults(
    rng: np.random.Generator, listings: list[Listing], homes: pd.DataFrame
) -> list[Fault]:
    """Plant the faults of single listings (changes them in place); returns what was planted.

    Parameters
    ----------
    rng
        Generator of every draw.
    listings
        Changed in place.
    homes
        As `draw_homes` returns them.

    Returns
    -------
    list of Fault
        Kind, effect and listing of each.
    """
    faults = [_SPOILERS[one.kind](rng, one) for one in listings if one.kind in _SPOILERS]
    faults += _bulk([one for one in listings if one.kind == "bulk_sale"])
    good = [one for one in listings if one.kind in ("good", "open")]
    spare = [good[i] for i in rng.permutation(len(good))]
    for kind, (share, _) in BLEMISHES.items():
        for _ in range(planted_count(share, len(good))):
            index = next(i for i, one in enumerate(spare) if _bears(kind, one, homes))
            faults.append(_blemish(rng, kind, spare.pop(index), homes))
    return faults


def _blemish(rng: np.random.Generator, kind: str, listing: Listing, homes: pd.DataFrame) -> Fault:
    home = homes.iloc[listing.home]
    postal, words, pending = home["zip"], listing.remarks, listing.pending
    column, right, written = {
        "zero_square_feet": ("SqFtTotal", str(home["sqft"]), "0"),
        "year_built_zero": ("YearBuilt", str(home["year_built"]), "0"),
        "year_built_future": ("YearBuilt", str(home["year_built"]), str(rng.choice([2202, 9999]))),
        "postal_plus_four": ("PostalCode", postal, f"{postal}-{rng.integers(1000, 9999)}"),
        "postal_spaces": ("PostalCode", postal, f" {postal} "),
        "missing_coordinates": ("Latitude", f"{home['lat']:.6f}", ""),
        "acres_hold_square_feet": ("Acres", f"{home['acres']:.4f}", _square_feet(home["acres"])),
        "unparseable_pending_date": ("PendingDate", str(pending), str(rng.choice(NOT_DATES))),
        "quoted_newline": ("RemarksPublic", words, words.replace(". ", ".\n") + '\nAsk for "Pip".'),
        "accented_remarks": ("RemarksPublic", words, f"{words} Café, piñata bar and façade new."),
    }[kind]
    listing.overrides[column] = written
    if kind == "missing_coordinates":
        listing.overrides["Longitude"] = ""
    return Fault(kind, BLEMISHES[kind][1], listing.key, column, written, right)


def _bears(kind: str, listing: Listing, homes: pd.DataFrame) -> bool:
    """Whether the listing has the value that the fault is to spoil."""
    if kind == "acres_hold_square_feet":
        return bool(homes["acres"].iloc[listing.home] > 0)
    if kind == "unparseable_pending_date":
        return listing.pending is not None
    return True


def _square_feet(acres: float) -> str:
    return f"{0 if np.isnan(acres) else acres * 43_560:.0f}"


def _price(listing: Listing, price: float) -> Fault:
    right, listing.close_price = listing.close_price, int(price)
    return _fault(listing, "ClosePrice", str(int(price)), str(right))


def _nominal(rng: np.random.Generator, listing: Listing) -> Fault:
    return _price(listing, rng.choice([1, 10]))


def _extra_zero(rng: np.random.Generator, listing: Listing) -> Fault:
    return _price(listing, (listing.close_price or 0) * 10)


def _family(rng: np.random.Generator, listing: Listing) -> Fault:
    if rng.random() < 0.5:  # the other half is told by its price alone
        listing.remarks += f" {rng.choice(FAMILY_WORDS)}"
    return _price(listing, round(listing.worth * rng.uniform(0.4, 0.7), -2))


def _foreclosure(rng: np.random.Generator, listing: Listing) -> Fault:
    kind = int(rng.integers(len(FORCED)))
    if rng.random() < 0.5:  # told in the remarks, or in the column for it
        listing.remarks += f" {FORECLOSURE_WORDS[kind]}"
    else:
        listing.conditions = FORCED[kind]
    return _price(listing, round(listing.worth * rng.uniform(0.65, 0.85), -2))


def _resale(rng: np.random.Generator, listing: Listing) -> Fault:
    factor = rng.uniform(0.40, 0.55) if rng.random() < 0.5 else rng.uniform(1.9, 2.4)
    listing.shift_prices(factor)  # asked as it was paid: the list price does not give it away
    return _price(listing, round(listing.worth * factor, -2))


def _bulk(listings: list[Listing]) -> list[Fault]:
    """Each home of a parcel (closed on one day) bears the price of the whole parcel."""
    parcels = defaultdict(list)
    for one in listings:
        parcels[one.close].append(one)
    faults = []
    for parcel in parcels.values():
        total = round(sum(one.close_price or 0 for one in parcel), -2)
        for one in parcel:
            one.shift_prices(total / (one.close_price or total))
            faults.append(_price(one, total))
    return faults


def _bad_close(rng: np.random.Generator, listing: Listing) -> Fault:
    return _close_date(listing, str(rng.choice(NOT_DATES)))


def _close_first(rng: np.random.Generator, listing: Listing) -> Fault:
    before = listing.contract - timedelta(days=int(rng.integers(20, 300)))
    return _close_date(listing, before.strftime("%m/%d/%Y"))


def _close_date(listing: Listing, written: str) -> Fault:
    listing.overrides["CloseDate"] = written
    return _fault(listing, "CloseDate", written, f"{listing.close:%m/%d/%Y}")


def _no_identity(rng: np.random.Generator, listing: Listing) -> Fault:
    listing.overrides |= {"Matrix_Unique_ID": "", "MLSNumber": ""}
    listing.photos = 0  # nothing to file them under
    return _fault(listing, "Matrix_Unique_ID", "", listing.key)


def _ragged(rng: np.random.Generator, listing: Listing) -> Fault:
    # `export` drops or splits the cell, since a listing knows no fields.
    if listing.kind == "ragged_short":
        return _fault(listing, "Subdivision", "one field too few", "")
    return _fault(listing, "RemarksPublic", "one field too many", "")


def _fault(listing: Listing, column: str, written: str, right: str) -> Fault:
    return Fault(listing.kind, ODD_DEALS[listing.kind][1], listing.key, column, written, right)


_SPOILERS: dict[str, Callable[[np.random.Generator, Listing], Fault]] = {
    "missing_identity": _no_identity,
    "unparseable_close_date": _bad_close,
    "nominal_price": _nominal,
    "ragged_short": _ragged,
    "ragged_long": _ragged,
    "close_before_listing": _close_first,
    "family_transfer": _family,
    "foreclosure": _foreclosure,
    "extra_zero": _extra_zero,
    "quick_resale": _resale,
}
