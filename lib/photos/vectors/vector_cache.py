"""Vectors that were encoded before, one SQLite file an encoder, outside DVC's outs.

A row is keyed by the SHA-1 of the JPEG that was encoded, so whatever changes the picture changes
the key. SQLite keeps it whole through kills and lets several runs share it: what was not committed
is undone by whoever opens the file next, and a run that finds it locked waits.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from lib.common.errors import RemlError

WAIT_S = 120  # for another run's write; one takes milliseconds
KEYS_PER_QUERY = 500  # keys of one query; SQLite takes 999 in its oldest builds
THUMBNAIL = (8, 8, 3)  # of lib/photos/image/same_picture.py
TABLE = """CREATE TABLE IF NOT EXISTS photos (
    key TEXT PRIMARY KEY, vector BLOB NOT NULL, thumbnail BLOB NOT NULL, checksum INTEGER NOT NULL
)"""
CacheRow = tuple[bytes, bytes]  # vector (float32, little endian) and thumbnail (uint8)


def _row_checksum(key: str, vector: bytes, thumbnail: bytes) -> int:
    """Checksum by which a row is known to be as it was written."""
    return zlib.crc32(key.encode() + vector + thumbnail)


class VectorCache:
    """The rows of one encoder, whose vectors have `dims` numbers."""

    def __init__(self, path: Path, dims: int) -> None:
        self.path = path
        self.dims = dims
        self.damaged = 0  # rows that did not fit their checksum, and are as good as missing
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            connection.execute(TABLE)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that commits at its end; what SQLite cannot do becomes one line."""
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_S)) as connection, connection:
                yield connection
        except sqlite3.OperationalError as error:  # locked, full, read-only
            raise RemlError(
                f"{self.path}: cannot use this cache of vectors ({error}); mend that, or name "
                "another folder in $REML_CACHE_DIR"
            ) from error
        except sqlite3.DatabaseError as error:
            raise RemlError(
                f"{self.path}: this cache of vectors is damaged ({error}); delete the file and "
                "run again: its photos are encoded anew"
            ) from error

    def read(self, keys: Iterable[str]) -> dict[str, CacheRow]:
        """The rows of those of `keys` that are there and whole."""
        wanted = sorted(set(keys))
        found: dict[str, CacheRow] = {}
        with self._open() as connection:
            for start in range(0, len(wanted), KEYS_PER_QUERY):
                part = wanted[start : start + KEYS_PER_QUERY]
                marks = ",".join("?" * len(part))
                query = f"SELECT * FROM photos WHERE key IN ({marks})"
                for key, vector, thumbnail, stored_sum in connection.execute(query, part):
                    if self._whole(key, vector, thumbnail, stored_sum):
                        found[key] = (vector, thumbnail)
                    else:
                        self.damaged += 1
        return found

    def _whole(self, key: str, vector: object, thumbnail: object, stored_sum: object) -> bool:
        if not (isinstance(vector, bytes) and isinstance(thumbnail, bytes)):
            return False
        sizes = (len(vector), len(thumbnail)) == (4 * self.dims, int(np.prod(THUMBNAIL)))
        return sizes and stored_sum == _row_checksum(key, vector, thumbnail)

    def write(self, rows: dict[str, CacheRow]) -> None:
        """Put rows in, all or none, in place of those of the same keys."""
        packed = [(key, *row, _row_checksum(key, *row)) for key, row in rows.items()]
        with self._open() as connection:
            connection.executemany("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?)", packed)


def cached_prompt_vectors(
    stored: VectorCache, texts: list[str], encode: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """The vectors of prompts. The cache keeps them as it keeps photos, with an empty thumbnail.

    Parameters
    ----------
    stored
        The encoder's cache.
    texts
        Prompts.
    encode
        Gives the vectors of those that are not in the cache.

    Returns
    -------
    (len(texts), dims) float32.
    """
    keys = [
        hashlib.sha1(f"prompt {text}".encode(), usedforsecurity=False).hexdigest() for text in texts
    ]
    rows = stored.read(keys)
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
    if new:
        blank = np.zeros(THUMBNAIL)
        vectors = encode(list(new.values()))
        done = {key: pack_cache_row(one, blank) for key, one in zip(new, vectors, strict=True)}
        stored.write(done)
        rows |= done
    return unpack_cache_rows([rows[key] for key in keys], stored.dims)[0]


def pack_cache_row(vector: np.ndarray, thumbnail: np.ndarray) -> CacheRow:
    """Pack a photo's vector and thumbnail into a row of the cache.

    Parameters
    ----------
    vector
        (dims,) numbers, kept as float32.
    thumbnail
        (8, 8, 3) uint8.

    Returns
    -------
    Bytes of both.
    """
    return vector.astype("<f4").tobytes(), thumbnail.astype("uint8").tobytes()


def unpack_cache_rows(rows: list[CacheRow], dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Unpack rows of the cache.

    Parameters
    ----------
    rows
        n rows, as `pack_cache_row` gives them.
    dims
        Numbers of a vector.

    Returns
    -------
    (n, dims) float32 vectors and (n, 8, 8, 3) uint8 thumbnails.
    """
    vectors = np.frombuffer(b"".join(vector for vector, _ in rows), dtype="<f4")
    thumbnails = np.frombuffer(b"".join(thumbnail for _, thumbnail in rows), dtype="uint8")
    return vectors.reshape(-1, dims), thumbnails.reshape(-1, *THUMBNAIL)
