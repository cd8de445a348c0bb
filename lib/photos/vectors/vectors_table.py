"""The table of vectors, one row a photo: its columns, its files and its counts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib.common import io
from lib.common.vocabulary import BY_LOOKS, BY_NAME, UNKNOWN_ROOM
from lib.photos.image import rooms, same_picture
from lib.photos.vectors import encode_photos, vector_cache
from lib.photos.vectors.encoders import EmbedParams, Encoder

FIELDS = ["domain", "listing_key", "sha1", "order", "file", "room"]  # of the manifest
KEYS = ["domain", "listing_key", "order", "sha1"]
REJECTED = ["domain", "listing_key", "sha1", "file", "reason"]
SCORES = {name: f"quality_{name}" for name in rooms.QUALITIES if name != rooms.USUAL}
COLUMNS = [
    "domain", "listing_key", "sha1", "order", "file", "room", "room_by", *SCORES.values(),
    "picture", "alike", "vector",
]  # fmt: skip
DIGITS = 6  # of probabilities: fewer than sums in another order could change


def _build_table(
    photos: pd.DataFrame,
    vectors: np.ndarray,
    thumbnails: np.ndarray,
    texts: rooms.PromptVectors | None,
    least: float,
) -> pd.DataFrame:
    """Photos with their room, quality, picture, look-alikes and vector.

    Parameters
    ----------
    photos
        (m, columns) `FIELDS` (`room`: a RESO `ImageOf` label or None), and `at`, a photo's place in
        `vectors` and `thumbnails`.
    vectors
        (n, dims) float32 vectors of distinct JPEGs.
    thumbnails
        (n, 8, 8, 3) uint8, of `same_picture.thumbnail_array`.
    texts
        Vectors of the prompts; None where the encoder reads none.
    least
        The probability from which on the look of a photo decides its room.

    Returns
    -------
    (m, columns) `COLUMNS`, in the order of `photos`; `quality_*` are probabilities, missing without
    `texts`.
    """
    out = photos[["domain", "listing_key", "sha1", "order", "file"]].reset_index(drop=True)
    at = photos["at"].to_numpy()
    labels = photos["room"].astype("str").fillna("")
    named = np.array([rooms.room_of_label(label) for label in labels], dtype=object)
    looks = np.full(len(vectors), UNKNOWN_ROOM, dtype=object)
    scores = np.full((len(vectors), len(rooms.QUALITIES)), np.nan)
    if texts and len(vectors):
        looks = rooms.likeliest_room(
            rooms.zero_shot_probabilities(vectors, texts.rooms, texts.scale), least
        )
        scores = rooms.zero_shot_probabilities(vectors, texts.qualities, texts.scale).round(DIGITS)
    has_name = named != UNKNOWN_ROOM
    room = np.where(has_name, named, looks[at])
    out["room"] = pd.Series(room, dtype="str")
    by = np.where(has_name, BY_NAME, np.where(room != UNKNOWN_ROOM, BY_LOOKS, ""))
    out["room_by"] = pd.Series(by, dtype="str")
    for place, name in enumerate(rooms.QUALITIES):
        if name in SCORES:
            out[SCORES[name]] = scores[at, place]
    sha1 = out["sha1"].tolist()
    pairs = same_picture.look_alike_pairs(sha1, thumbnails[at])
    out["picture"] = pd.Series(same_picture.picture_ids(sha1, pairs), dtype="str")
    out["alike"] = pd.Series(same_picture.look_alikes_by_photo(sha1, pairs), dtype=object)
    out["vector"] = pd.Series(list(vectors[at]), dtype=object)
    return out[COLUMNS]


def embedding_counts(table: pd.DataFrame, rejected: pd.DataFrame) -> dict[str, Any]:
    """Counts of a table of vectors and of what was rejected: the figures of metrics/embed.json.

    Parameters
    ----------
    table
        (n, columns) as `_build_table` gives it.
    rejected
        (k, columns) `REJECTED`.

    Returns
    -------
    Counts by name: photos, pictures, listings by domain, rooms, reasons.
    """
    listings = table[["domain", "listing_key"]].drop_duplicates()
    shown = table[["picture", "domain", "listing_key"]].drop_duplicates()
    return {
        "photos": len(table),
        "distinct_photos": int(table["sha1"].nunique()),
        "pictures": int(table["picture"].nunique()),
        "pictures_of_several_listings": int((shown["picture"].value_counts() > 1).sum()),
        "listings": _counts(listings["domain"]),
        "rooms": _counts(table["room"]),
        "rooms_by": _counts(table["room_by"].replace("", UNKNOWN_ROOM)),
        "rejected": len(rejected),
        "reasons": _counts(rejected["reason"]),
    }


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in column.value_counts().sort_index().items()}


def _describe_encoder(name: str, settings: EmbedParams, encoder: Encoder) -> dict[str, Any]:
    """The content of `encoder.json` for the encoder called `name`."""
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


def embed_photos(
    photos: pd.DataFrame, name: str, settings: EmbedParams
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Encode photos, as far as the cache lacks them, and build their table.

    The encoder's model is gone from memory when this is done.

    Parameters
    ----------
    photos
        (n, columns) `FIELDS`, and `path` of each photo's JPEG.
    name
        The encoder, an entry of `settings.encoders`.
    settings
        The `embed` section of params.yaml.

    Returns
    -------
    table
        As `_build_table` gives it.
    rejected
        `REJECTED` of the photos that have no vector.
    description
        The content of `encoder.json`.

    Raises
    ------
    RemlError
        Where the encoder cannot be opened, or the cache not be used.
    """
    keys = encode_photos.content_keys(photos["path"].tolist(), settings.workers)
    photos = photos.assign(key=[key for key, _ in keys], reason=[reason for _, reason in keys])
    readable = photos[photos["reason"] == ""]
    paths = dict(zip(readable["key"], readable["path"], strict=True))
    rows, reasons, texts, description = _encode(paths, name, settings)
    photos["reason"] = photos["reason"].where(photos["reason"] != "", photos["key"].map(reasons))
    lost = photos["reason"].notna()
    kept = photos[~lost].reset_index(drop=True)
    at = {key: place for place, key in enumerate(sorted(rows))}
    arrays = vector_cache.unpack_cache_rows([rows[key] for key in at], description["dims"])
    kept = kept.assign(at=kept["key"].map(at).astype("int64"))
    table = _build_table(kept, *arrays, texts, settings.least_room_probability)
    return table, photos.loc[lost, REJECTED], description


def _encode(
    paths: dict[str, Path], name: str, settings: EmbedParams
) -> tuple[
    dict[str, vector_cache.CacheRow], dict[str, str], rooms.PromptVectors | None, dict[str, Any]
]:
    """(rows and reasons by key as `encode_missing` gives them, vectors of the prompts, the content
    of `encoder.json`)."""
    encoder = encode_photos.open_encoder(name, settings, Path())
    stored = encode_photos.open_vector_cache(encoder)
    rows, reasons = encode_photos.encode_missing(paths, encoder, stored, settings.workers)
    texts = None
    if encoder.texts:
        read = partial(vector_cache.cached_prompt_vectors, stored, encode=encoder.prompts)
        texts = rooms.encode_prompts(read, encoder.scale)
    return rows, reasons, texts, _describe_encoder(name, settings, encoder)


def write_embeddings(
    out: Path, table: pd.DataFrame, rejected: pd.DataFrame, description: dict[str, Any]
) -> None:
    """Write what `embed_photos` gives into a folder.

    Parameters
    ----------
    out
        The folder: vectors.parquet, encoder.json and rejected.csv go there.
    table, rejected, description
        As `embed_photos` gives them.
    """
    io.write_parquet(out / "vectors.parquet", table, KEYS)
    io.write_json(out / "encoder.json", description)
    io.write_csv(out / "rejected.csv", rejected.sort_values(["domain", "listing_key", "file"]))
