"""Homes one by one with their photos: which room each shows, what photos added to the value, and
the sales that look most like the home."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from lib.common.vocabulary import BY_LOOKS, BY_NAME, UNKNOWN_ROOM
from lib.evaluation.explanation.narrative import format_log_percent
from lib.report.pages import look_alikes
from lib.report.wording.numbers import format_money

SIDE = 200  # pixels of the longest side of a thumbnail
QUALITY = 75  # JPEG quality of a thumbnail; 108 of them weigh 1 MB at most
GROUP = "photos"  # of lib.evaluation.feature_groups
WORDS = {
    "bath": "Bathroom",
    "living": "Living room",
    "other": "Another view",
}  # of PHOTO_ROOMS
BY = {BY_NAME: "by its name", BY_LOOKS: "by its looks"}
# where one of these RESO columns says no, the listing or its value is not to be shown
CONSENT = ("internet_entire_listing_display_yn", "internet_automated_valuation_display_yn")
NO = {"0", "0.0", "false", "n", "no"}

Alike = list[tuple[dict[str, Any], float]]  # sales and their likeness, the most alike first


def thumbnail_data_uri(jpeg: bytes) -> str:
    """A picture as a small JPEG in a data: URI, so that the page stands alone."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        small.save(out, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def is_hidden(listings: pd.DataFrame) -> pd.Series:
    """Which listings' owners do not want them, or a value of them, to be shown.

    Parameters
    ----------
    listings : DataFrame
        n listings, with what columns of CONSENT there are.

    Returns
    -------
    Series of bool of shape (n,)
        True where one of the columns says no.
    """
    columns = [listings[name] for name in CONSENT if name in listings]
    said_no = [one.astype("str").str.strip().str.lower().isin(NO) for one in columns]
    return pd.concat(said_no, axis=1).any(axis=1) if said_no else pd.Series(False, listings.index)


def room_title(room: str) -> str:
    """What people call one of PHOTO_ROOMS."""
    return WORDS.get(room, room.capitalize())


def home_label(row: dict[str, Any]) -> str:
    """A home's address, else its ZIP, else its key."""
    for name in ("unparsed_address", "postal_code"):
        if not pd.isna(row.get(name)):
            return str(row[name])
    return str(row["listing_key"])


def _photo_view(photo: dict[str, Any], where: str, show: Callable[[str], str]) -> dict[str, str]:
    """One photo as the template shows it; `show` makes of a file what an <img> can bear."""
    has_room = photo["room"] != UNKNOWN_ROOM
    room = room_title(photo["room"]) if has_room else f"Photo {photo['order']}"
    return {
        "src": show(photo["file"]),
        "alt": f"{room} of {where}",
        "room": room,
        "by": BY.get(photo["room_by"], "") if has_room else "room not known",
    }


def _find_look_alikes(
    subjects: pd.DataFrame, sold: pd.DataFrame, vectors: pd.DataFrame, k: int
) -> dict[str, list[tuple[dict[str, Any], float]]]:
    """The sales that look most like each home, all of one domain.

    Parameters
    ----------
    subjects : DataFrame
        Homes: listing_key, property_key, as_of (datetime64).
    sold : DataFrame
        Sales: listing_key, property_key, close_date (datetime64).
    vectors : DataFrame
        Photos: listing_key, picture, vector.
    k : int
        How many sales to find.

    Returns
    -------
    dict of str to list of tuple
        Listing key to (sale, likeness) pairs, the most alike first.
    """
    points = look_alikes.mean_vectors(vectors)
    sold = sold[sold["listing_key"].isin(points.index)].reset_index(drop=True)
    if not len(sold) or not len(subjects):
        return {key: [] for key in subjects["listing_key"]}
    subject_looks, sale_looks = (
        look_alikes.DatedVectors(
            np.stack(points[part["listing_key"]].to_list()),
            part[date].to_numpy("datetime64[ns]"),
            part["property_key"].to_numpy(object),
        )
        for part, date in ((subjects, "as_of"), (sold, "close_date"))
    )
    index, likeness = look_alikes.nearest_by_photos(subject_looks, sale_looks, k)
    used = np.unique(index[index >= 0])
    rows = dict(zip(used, sold.iloc[used].to_dict("records"), strict=True))
    return {
        key: [(rows[i], float(how)) for i, how in zip(index[n], likeness[n], strict=True) if i >= 0]
        for n, key in enumerate(subjects["listing_key"])
    }


def _photo_contributions(contributions: pd.DataFrame) -> pd.Series:
    """What photos added to each home's log value; homes whose model looks at no photos are left
    out.

    Parameters
    ----------
    contributions : DataFrame
        data/explain/contributions.parquet.

    Returns
    -------
    Series
        Log price, by domain and listing_key.
    """
    rows = contributions[contributions["group"] == GROUP]
    return rows.groupby(["domain", "listing_key"])["log_contribution"].sum()


def choose_homes(
    valued: pd.DataFrame, vectors: pd.DataFrame, listings: pd.DataFrame, most: int
) -> pd.DataFrame:
    """The first homes that have photos and may be shown, the domains in turn.

    Parameters
    ----------
    valued : DataFrame
        Rows of valuations.csv.
    vectors : DataFrame
        data/embed/vectors.parquet.
    listings : DataFrame
        Normalised rows: domain, listing_key, property_key, and the columns of CONSENT.
    most : int
        How many homes to choose at most.

    Returns
    -------
    DataFrame
        Rows of `valued` with property_key.
    """
    keys = ["domain", "listing_key"]
    open_ = listings.loc[~is_hidden(listings), [*keys, "property_key"]]
    pictured = vectors[keys].drop_duplicates()
    homes = valued.merge(pictured, on=keys).merge(open_, on=keys)
    turn = homes.groupby("domain").cumcount().sort_values(kind="stable").index
    return homes.loc[turn].head(most).reset_index(drop=True)


@dataclass(frozen=True)
class Gallery:
    """What the cards of homes are made of.

    Attributes
    ----------
    vectors : DataFrame
        data/embed/vectors.parquet.
    listings : DataFrame
        Normalised rows of all domains, with `usable` for those that `screen` calls evidence.
    contributions : DataFrame
        data/explain/contributions.parquet.
    show : callable
        Makes of a photo's file what an <img> can bear.
    photos_a_home, look_alikes : int
        How many photos of a home, and how many sales that look like it, a card shows.
    """

    vectors: pd.DataFrame
    listings: pd.DataFrame
    contributions: pd.DataFrame
    show: Callable[[str], str]
    photos_a_home: int
    look_alikes: int


def _look_alikes_by_home(valued: pd.DataFrame, gallery: Gallery) -> dict[tuple[str, str], Alike]:
    """The sales that look most like each home, by domain and listing_key.

    Parameters
    ----------
    valued : DataFrame
        Homes: domain, listing_key, property_key, as_of (a date, or text like 2025-06-01).
    gallery : Gallery
        Photos and sales.

    Returns
    -------
    dict of tuple to list of tuple
        (sale, likeness) pairs, the most alike first.
    """
    listings = gallery.listings
    closed = (listings["standard_status"] == "Closed") & listings["usable"] & ~is_hidden(listings)
    sold = listings[closed & listings["close_price"].notna() & listings["close_date"].notna()]
    near: dict[tuple[str, str], Alike] = {}
    for domain, part in valued.groupby("domain"):
        photos, sales = (table[table["domain"] == domain] for table in (gallery.vectors, sold))
        subjects = part.assign(as_of=pd.to_datetime(part["as_of"]))
        alike = _find_look_alikes(subjects, sales, photos, gallery.look_alikes)
        near |= {(str(domain), key): pairs for key, pairs in alike.items()}
    return near


def home_cards(valued: pd.DataFrame, gallery: Gallery) -> list[dict[str, Any]]:
    """A card for each home: its first photos, what they added, and the sales that look like it.

    Parameters
    ----------
    valued : DataFrame
        Homes, as `choose_homes` gives them.
    gallery : Gallery
        Photos, sales and contributions.

    Returns
    -------
    list of dict
        The cards; `near` is None where no sales are to be shown.
    """
    vectors, show, most = gallery.vectors, gallery.show, gallery.photos_a_home
    near = _look_alikes_by_home(valued, gallery)
    keys = {*valued["listing_key"], *(one["listing_key"] for x in near.values() for one, _ in x)}
    shots = vectors[vectors["listing_key"].isin(keys)].drop(columns="vector")
    shots = shots.sort_values("order", kind="stable")
    albums = {
        key: part.to_dict("records") for key, part in shots.groupby(["domain", "listing_key"])
    }
    effect = _photo_contributions(gallery.contributions)

    def sale_card(domain: str, sale: dict[str, Any], likeness: float) -> dict[str, Any]:
        place = home_label(sale)
        return {
            "photo": _photo_view(albums[domain, sale["listing_key"]][0], place, show),
            "place": place,
            "key": sale["listing_key"],
            "price": format_money(sale["close_price"]),
            "date": f"{sale['close_date']:%Y-%m-%d}",
            "likeness": f"{likeness:.2f}",
        }

    out = []
    for row in valued.to_dict("records"):
        key, where = (row["domain"], row["listing_key"]), home_label(row)
        album, sales = albums[key], [sale_card(key[0], *pair) for pair in near[key]]
        out.append(
            {
                "key": row["listing_key"],
                "domain": row["domain"],
                "place": where,
                "value": format_money(row["pred_close_price"]),
                "abstention": "" if pd.isna(row["pred_abstention"]) else row["pred_abstention"],
                "log": float(effect[key]) if key in effect.index else None,
                "added": format_log_percent(float(effect[key])) if key in effect.index else "",
                "photos": [_photo_view(photo, where, show) for photo in album[:most]],
                "more": max(len(album) - most, 0),
                "near": sales if gallery.look_alikes else None,
            }
        )
    return out


def homes_finding(shown: list[dict[str, Any]]) -> str:
    """What photos did to the values of the homes shown."""
    moves = [(home["log"], home["place"]) for home in shown if home["log"] is not None]
    if not moves:
        return "Photos did not count in any of these values: no model behind them looks at photos."
    up, down = (sum(sign * log > 0 for log, _ in moves) for sign in (1, -1))
    log, where = max(moves, key=lambda one: abs(one[0]))
    text = (
        f"Photos are part of the value of {len(moves)} of these homes: they raised {up} and "
        f"lowered {down}, and moved {where} the most, by {format_log_percent(log)}."
    )
    rest = len(shown) - len(moves)
    return text + (f" In {rest} more they did not count." if rest else "")
