"""Pictures to vectors: the cache is asked first, and what it lacks is encoded in batches.

Threads decode pictures a few batches ahead of the encoder; where the encoder works in Python,
each of several processes decodes and encodes whole batches instead.

Torch gives a photo the same bits at any place of any batch of one shape, but not of another. So
the last batch is filled up, and a photo's vector depends neither on its neighbours nor on what a
cache held before.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lib.cache.entries import cache_root
from lib.cache.keys import code_hash, key_of
from lib.common import cli
from lib.common.errors import require
from lib.common.processes import stream_processes
from lib.photos.image import decode, same_picture
from lib.photos.image.rejection import RefusedError
from lib.photos.vectors.encoders import BuiltinEncoder, EmbedParams, Encoder, require_installed
from lib.photos.vectors.vector_cache import CacheRow, VectorCache, pack_cache_row

AHEAD = 2  # batches that are decoded while one is encoded, each photo as the encoder wants it
KIND = "embed"  # of cache files
HASHED = 256  # files that a thread reads in a row


@dataclass(frozen=True)
class EncodedPhoto:
    """A photo's key with its row of the cache, or why it has none."""

    key: str
    row: CacheRow | None
    reason: str = ""


def open_encoder(name: str, settings: EmbedParams, folder: Path) -> Encoder:
    """The encoder called `name`, ready to encode; a checkpoint's path begins in `folder`.

    Raises `RemlError` where a library, its weights or the device is missing, or does not fit.
    """
    known = ", ".join(settings.encoders)
    require(name in settings.encoders, f"no encoder {name!r} in embed.encoders ({known})")
    entry = settings.encoders[name]
    if entry.library == "builtin":
        return BuiltinEncoder(entry)
    require_installed(entry.library)
    from lib.photos.vectors import torch_encoders

    return torch_encoders.TorchEncoder(name, entry, settings, folder)


def open_vector_cache(encoder: Encoder) -> VectorCache:
    """The cache of an encoder, named by all that its vectors depend on, the code included."""
    files = [Path(file) for file in (__file__, decode.__file__, same_picture.__file__)]
    code = code_hash([encoder.source, *files])
    name = key_of(*encoder.identity, code)
    return VectorCache(cache_root() / KIND / f"{name}.sqlite", encoder.dims)


def encode_missing(
    paths: dict[str, Path], encoder: Encoder, stored: VectorCache, workers: int
) -> tuple[dict[str, CacheRow], dict[str, str]]:
    """(rows of the cache, reasons why there is none) by key of `paths` (`_content_key`).

    What the cache lacks is encoded and put there, a batch at a time, so that a killed run loses
    one batch.
    """
    rows = stored.read(paths)
    if stored.damaged:
        cli.log.warning("embed.cache_damaged", rows=stored.damaged, file=str(stored.path))
    todo = [(key, path) for key, path in paths.items() if key not in rows]
    fields: dict[str, object] = {"cached": len(rows), "encoded": len(todo)}
    reasons: dict[str, str] = {}
    began = time.perf_counter()
    for batch in encode_batches(cli.show_progress(todo, "embed"), encoder, workers):
        done = {one.key: one.row for one in batch if one.row is not None}
        stored.write(done)
        rows |= done
        reasons |= {one.key: one.reason for one in batch if one.row is None}
    seconds = time.perf_counter() - began
    if todo:
        fields |= {"seconds": round(seconds, 2), "photos_per_second": round(len(todo) / seconds, 1)}
    cli.log.info("embed.encoded", **fields)
    return rows, reasons


def _content_key(path: Path) -> tuple[str, str]:
    """(SHA-1 of a file's bytes in hex, why there is none)."""
    try:
        return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest(), ""
    except FileNotFoundError:
        return "", "file is missing"
    except OSError as error:
        return "", f"file cannot be read: {error.strerror}"


def content_keys(paths: Sequence[Path], workers: int) -> list[tuple[str, str]]:
    """`_content_key` of each file, read side by side."""
    parts = [paths[at : at + HASHED] for at in range(0, len(paths), HASHED)]
    with ThreadPoolExecutor(workers) as pool:
        return [
            key for some in pool.map(lambda part: [*map(_content_key, part)], parts) for key in some
        ]


def _prepared(path: Path, encoder: Encoder) -> tuple[Any, np.ndarray]:
    image = decode.open_jpeg(path)
    return encoder.prepare(image), same_picture.thumbnail_array(image)


def encode_batches(
    photos: Iterable[tuple[str, Path]], encoder: Encoder, workers: int
) -> Iterator[list[EncodedPhoto]]:
    """What became of each photo (key, path), in their order, a batch or less at a time.

    `workers` threads decode, at most `AHEAD` batches ahead, so that memory is bounded. A photo
    that cannot be decoded takes no place in a batch. An encoder that is `shared` has a process on
    every core instead, each of which takes a batch as it is.
    """
    if not encoder.shared:
        yield from _by_threads(photos, encoder, workers)
        return
    todo = iter(photos)
    parts = iter(lambda: list(islice(todo, encoder.batch)), [])
    yield from stream_processes(partial(_alone, encoder), parts)


def _alone(encoder: Encoder, photos: list[tuple[str, Path]]) -> list[EncodedPhoto]:
    """What became of some photos, all of it done in this process and thread."""
    ready, refused = [], []
    for key, path in photos:
        try:
            ready.append((key, *_prepared(path, encoder)))
        except RefusedError as error:
            refused.append(EncodedPhoto(key, None, error.reason))
    return (_batch(ready, encoder) if ready else []) + refused


def _by_threads(
    photos: Iterable[tuple[str, Path]], encoder: Encoder, workers: int
) -> Iterator[list[EncodedPhoto]]:
    todo = iter(photos)
    waiting: deque[tuple[str, Future]] = deque()
    ready: list[tuple[str, Any, np.ndarray]] = []
    refused: list[EncodedPhoto] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < AHEAD * encoder.batch and (one := next(todo, None)):
                    waiting.append((one[0], pool.submit(_prepared, one[1], encoder)))
                if not waiting:
                    break
                key, future = waiting.popleft()
                try:
                    ready.append((key, *future.result()))
                except RefusedError as error:
                    refused.append(EncodedPhoto(key, None, error.reason))
                if len(ready) == encoder.batch:
                    yield _batch(ready, encoder) + refused
                    ready, refused = [], []
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if ready or refused:
        yield (_batch(ready, encoder) if ready else []) + refused


def _batch(ready: list[tuple[str, Any, np.ndarray]], encoder: Encoder) -> list[EncodedPhoto]:
    """A batch encoded; one that is not full is filled up with its last photo, unless photos have
    nothing to do with each other."""
    prepared = [one for _, one, _ in ready]
    if not encoder.shared:
        prepared += prepared[-1:] * (encoder.batch - len(prepared))
    vectors = encoder.encode(prepared)
    return [
        EncodedPhoto(key, pack_cache_row(vector, thumbnail))
        for (key, _, thumbnail), vector in zip(ready, vectors, strict=False)
    ]
