"""Photo bundles: which photos a listing has, and the monthly zip files that hold them."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lib.demo.listings import Listing
from lib.demo.pictures import draw_photo

SHARED_SHARE = 0.006  # listings with photos whose last photo belongs to another listing
GPS_SHARE = 0.01  # listings with photos whose first photo tells where it was taken
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip entry can bear
INDOORS = ("kitchen", "bath", "living")


@dataclass(frozen=True)
class Photo:
    """One entry of a bundle. `shown` is the quality that the photographer caught.

    `seed` decides the drawing: photos with equal fields but for bundle, key and entry are equal
    byte for byte.
    """

    bundle: str
    entry: str
    key: str
    home: int
    kind: str
    shown: float
    hue: float
    seed: int
    gps: tuple[float, float] | None = None
    shared_from: str | None = None


def plan_photos(
    rng: np.random.Generator, listings: list[Listing], homes: pd.DataFrame
) -> list[Photo]:
    """The photos of all listings: the front first, then other views, in bundles by month.

    Bundles are `sale/images/YYYY-MM.zip` and `rental/images/YYYY-MM.zip` after the month in which
    the listing began. Entries are `<MLSNumber>/01.jpg` and so on; half of the photographers, those
    of listings with an even number, say the room too: `<MLSNumber>/02_kitchen.jpg`.

    Parameters
    ----------
    rng
        Generator of every draw.
    listings
        Listings of all homes.
    homes
        As `draw_homes` returns them.

    Returns
    -------
    list of Photo
        In the order of the listings.
    """
    people = homes[["quality", "pool", "lat", "lon"]].to_dict("records")
    paint = rng.random(len(homes))  # a home keeps its colours from listing to listing
    albums = [
        _album(rng, listing, people[listing.home], float(paint[listing.home]))
        for listing in listings
        if listing.photos
    ]
    for index in _some(rng, len(albums), GPS_SHARE):
        home = people[albums[index][0].home]
        gps = (round(home["lat"], 5), round(home["lon"], 5))
        albums[index][0] = replace(albums[index][0], gps=gps)
    for index in _some(rng, len(albums), SHARED_SHARE):
        lender = albums[(index + int(rng.integers(1, len(albums)))) % len(albums)][0]
        last = albums[index][-1]
        number = last.entry.split("/")[0]
        entry = _entry(number, len(albums[index]), lender.kind)
        albums[index][-1] = replace(
            lender, bundle=last.bundle, entry=entry, key=last.key, shared_from=lender.entry
        )
    return [photo for album in albums for photo in album]


def zip_photos(
    photos: list[Photo], seed: int, share: Callable[..., Iterable[bytes]]
) -> dict[str, bytes]:
    """Path -> bytes of every bundle, entries in order, all with the same old time stamp. `share`
    works as `map` does: bundles may be drawn beside each other."""
    bundles: dict[str, list[Photo]] = defaultdict(list)
    for photo in sorted(photos, key=lambda one: (one.bundle, one.entry)):
        bundles[photo.bundle].append(photo)
    zipped = share(partial(_zipped, seed), [*bundles.values()])
    return dict(zip(bundles, zipped, strict=True))


def _zipped(seed: int, photos: list[Photo]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as bundle:  # JPEGs shrink no further
        for photo in photos:
            entry = zipfile.ZipInfo(photo.entry, EPOCH)
            entry.create_system = 3  # the same bytes on every system
            entry.external_attr = 0o644 << 16
            rng = np.random.default_rng([seed, photo.seed])
            picture = draw_photo(rng, photo.kind, photo.shown, photo.hue, photo.gps)
            bundle.writestr(entry, picture)
    return stream.getvalue()


def _album(
    rng: np.random.Generator, listing: Listing, home: dict[Any, Any], hue: float
) -> list[Photo]:
    views = ["front", *rng.permutation(["pool", *INDOORS] if home["pool"] else INDOORS)]
    domain = "rental" if listing.lease else "sale"
    # A flattering photographer flatters in every photo, so more photos do not settle the matter.
    seen = 0.75 * home["quality"] + 0.4 * rng.standard_normal()
    return [
        Photo(
            bundle=f"{domain}/images/{listing.contract:%Y-%m}.zip",
            entry=_entry(listing.number, number, str(view)),
            key=listing.key,
            home=listing.home,
            kind=str(view),
            shown=round(float(seen + 0.5 * rng.standard_normal()), 4),
            hue=round(hue, 4),
            seed=int(rng.integers(2**31)),
        )
        for number, view in enumerate(views[: listing.photos], start=1)
    ]


def _entry(listing: str, order: int, kind: str) -> str:
    """The name of a listing's photo number `order`. It says the room by the listing's number, not
    by chance, which would change every draw that follows."""
    room = "" if int(listing) % 2 else f"_{kind}"
    return f"{listing}/{order:02d}{room}.jpg"


def _some(rng: np.random.Generator, total: int, share: float) -> list[int]:
    count = min(total, max(2, round(share * total)))
    return [int(i) for i in rng.choice(total, count, replace=False)]
