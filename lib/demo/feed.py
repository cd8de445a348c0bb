"""The whole demo feed: from a seed and some counts to the bytes of every file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from pydantic import Field

from lib.common.params import Section
from lib.demo.bundles import plan_photos, zip_photos
from lib.demo.deals import plan_deals, price_deals
from lib.demo.export import lay_out_exports
from lib.demo.faults import draw_odd_deals, plant_faults
from lib.demo.homes import draw_homes
from lib.demo.listings import simulate_listings
from lib.demo.market import draw_market
from lib.demo.places import draw_places
from lib.demo.truth import truth_records

README = """\
SYNTHETIC listings, photos and prices. No home, street, person or sale in here is real.

The `demo` stage writes this folder from a seed and rewrites it at will: put nothing here.

exports/         CSV files as an MLS would hand them out, with planted faults; encodings and
                 delimiters differ from file to file on purpose
sale/images/     photo bundles by month of listing, entries <MLSNumber>/01.jpg and so on; of even
                 numbers <MLSNumber>/02_kitchen.jpg, which says the room
rental/images/   the same for rentals
truth.json       what a pipeline must not read: true values, quality, the market, every fault
manifest.txt     the files of this folder, one path a line
"""
SMALLEST = {"sales": 100, "rentals": 20, "actives": 10, "years": 1, "zips": 1, "seed": 0}


@dataclass(frozen=True)
class Feed:
    """`files`: path relative to the feed's folder -> bytes. `truth`: what truth.json holds."""

    files: dict[str, bytes]
    truth: dict[str, Any]


# parameters: the settings of the feed, each as params.yaml has it
def generate_feed(
    seed: int,
    sales: int,
    rentals: int,
    actives: int,
    start: date,
    years: int,
    zips: int,
    photos: bool = True,
    share: Callable[..., Iterable[bytes]] = map,
) -> Feed:
    """A synthetic MLS feed; equal arguments give equal bytes.

    `sales` and `rentals` count good closed listings, `actives` listings still on the market (a
    fifth of them for lease); listings in vain and sales with planted faults come on top. The feed
    runs `years` years from `start`, a first of January, over `zips` ZIP areas. Without `photos` the
    tables are the same (`PhotoCount` too), but no bundle is made. `format_share` works as `map`
    does; one that goes to other processes draws bundles beside each other.

    Raises ValueError for a count below `SMALLEST`, too many ZIPs, or another day of `start`.
    """
    arguments: dict[str, Any] = {
        "sales": sales,
        "rentals": rentals,
        "actives": actives,
        "years": years,
    }
    arguments |= {"zips": zips, "seed": seed}
    for name, least in SMALLEST.items():
        if arguments[name] < least:
            raise ValueError(f"{name} must be at least {least}, got {arguments[name]}")
    if (start.month, start.day) != (1, 1):
        raise ValueError(f"start must be a first of January, got {start}")
    end = date(start.year + years, 1, 1) - timedelta(days=1)

    # One stream of chance a part, so that a change to one part leaves the others as they are.
    parts = np.random.SeedSequence(seed).spawn(10)
    chance = iter([np.random.default_rng(part) for part in parts])
    places = draw_places(next(chance), zips)
    market = draw_market(next(chance), start, years)
    odd = draw_odd_deals(next(chance), sales)
    deals = plan_deals(next(chance), sales, rentals, actives, odd, start, end)
    parcels = deals[deals["kind"] == "bulk_sale"].groupby("day")["home"].agg(list)
    count = int(deals["home"].max()) + 1
    homes = draw_homes(next(chance), places, count, start.year - 1, [*parcels])
    deals = price_deals(next(chance), deals, homes, market)
    listings = simulate_listings(next(chance), deals, homes)
    faults = plant_faults(next(chance), listings, homes)
    tables = lay_out_exports(next(chance), listings, homes, start, end)
    albums = plan_photos(next(chance), listings, homes) if photos else []

    arguments |= {"start": start.isoformat(), "photos": photos}
    truth = truth_records(
        arguments, end.isoformat(), market, homes, listings, faults, tables, albums
    )
    truth = json.loads(json.dumps(truth))  # lists for tuples: what a reader of the file gets
    files = {table.path: table.encoded() for table in tables}
    files |= zip_photos(albums, seed, share)
    files["truth.json"] = json.dumps(truth, sort_keys=True, separators=(",", ":")).encode()
    files["README.txt"] = README.encode()
    manifest = sorted([*files, "manifest.txt"])
    files["manifest.txt"] = ("\n".join(manifest) + "\n").encode()
    return Feed({path: files[path] for path in manifest}, truth)


class DemoParams(Section):
    """The `demo` section of params.yaml."""

    seed: int
    sales: int = Field(ge=1)
    rentals: int = Field(ge=0)
    actives: int = Field(ge=0)
    start: dt.date
    years: int = Field(ge=1)
    zips: int = Field(ge=1)
    photos: bool
