"""The table of vectors, one row a photo, and what is told of it in figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.photos.image import same_picture
from lib.photos.pooled import rooms
from lib.photos.vectors.encoders import Embed, Encoder

FIELDS = ["domain", "listing_key", "sha1", "order", "file", "room"]  # of the manifest
KEYS = ["domain", "listing_key", "order", "sha1"]
REJECTED = ["domain", "listing_key", "sha1", "file", "reason"]
SCORES = {name: f"quality_{name}" for name in rooms.QUALITIES if name != rooms.USUAL}
COLUMNS = [
    "domain", "listing_key", "sha1", "order", "file", "room", "room_by", *SCORES.values(),
    "picture", "alike", "vector",
]  # fmt: skip
DIGITS = 6  # of probabilities: fewer than sums in another order could change


def table(
    photos: pd.DataFrame, vectors: np.ndarray, thumbnails: np.ndarray, texts: rooms.Texts | None,
    least: float,
) -> pd.DataFrame:  # fmt: skip
    """The photos with room, quality, picture, photos that are alike, and vector.

    `photos`: `FIELDS` (room: a RESO `ImageOf` label or None), and `at`, a photo's place in
    `vectors` (n, dims) and `thumbnails` (n, 8, 8, 3). `texts` are None where the encoder
    reads no prompts. A room by its looks is told from the probability `least` on.
    """
    out = photos[["domain", "listing_key", "sha1", "order", "file"]].reset_index(drop=True)
    at = photos["at"].to_numpy()
    labels = photos["room"].astype("str").fillna("")
    named = np.array([rooms.by_name(label) for label in labels], dtype=object)
    looks = np.full(len(vectors), rooms.UNKNOWN, dtype=object)
    scores = np.full((len(vectors), len(rooms.QUALITIES)), np.nan)
    if texts and len(vectors):
        looks = rooms.by_looks(rooms.zero_shot(vectors, texts.rooms, texts.scale), least)
        scores = rooms.zero_shot(vectors, texts.qualities, texts.scale).round(DIGITS)
    has_name = named != rooms.UNKNOWN
    room = np.where(has_name, named, looks[at])
    out["room"] = pd.Series(room, dtype="str")
    by = np.where(has_name, rooms.BY_NAME, np.where(room != rooms.UNKNOWN, rooms.BY_LOOKS, ""))
    out["room_by"] = pd.Series(by, dtype="str")
    for place, name in enumerate(rooms.QUALITIES):
        if name in SCORES:
            out[SCORES[name]] = scores[at, place]
    sha1 = out["sha1"].tolist()
    pairs = same_picture.alike_pairs(sha1, thumbnails[at])
    out["picture"] = pd.Series(same_picture.same_pictures(sha1, pairs), dtype="str")
    out["alike"] = pd.Series(same_picture.others(sha1, pairs), dtype=object)
    out["vector"] = pd.Series(list(vectors[at]), dtype=object)
    return out[COLUMNS]


def tally(found: pd.DataFrame, rejected: pd.DataFrame) -> dict[str, Any]:
    """What there is, in figures: photos, pictures, listings, rooms, reasons."""
    listings = found[["domain", "listing_key"]].drop_duplicates()
    shown = found[["picture", "domain", "listing_key"]].drop_duplicates()
    return {
        "photos": len(found),
        "distinct_photos": int(found["sha1"].nunique()),
        "pictures": int(found["picture"].nunique()),
        "pictures_of_several_listings": int((shown["picture"].value_counts() > 1).sum()),
        "listings": _counts(listings["domain"]),
        "rooms": _counts(found["room"]),
        "rooms_by": _counts(found["room_by"].replace("", rooms.UNKNOWN)),
        "rejected": len(rejected),
        "reasons": _counts(rejected["reason"]),
    }


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in column.value_counts().sort_index().items()}


def told(name: str, settings: Embed, encoder: Encoder) -> dict[str, Any]:
    """What `encoder.json` says of the encoder called `name`."""
    entry = settings.encoders[name]
    return {
        "encoder": name,
        "library": entry.library,
        "model": entry.model,
        "weights": encoder.weights,
        "dims": encoder.dims,
        "texts": encoder.texts,
        "photos_per_second": entry.photos_per_second,
    }
