"""The cache of vectors: what it gives back, damage, several processes at once, kills."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lib.common.errors import RemlError
from lib.photos.vectors.vector_cache import (
    VectorCache,
    cached_prompt_vectors,
    pack_cache_row,
    unpack_cache_rows,
)
from tests.support.dag import ROOT

DIMS = 16
WRITER = """
import sys
from pathlib import Path
import numpy as np
from lib.photos.vectors.vector_cache import VectorCache, pack_cache_row
path, first, batches = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
cache = VectorCache(path, 16)
for batch in range(batches):
    start = first + 8 * batch
    cache.write({
        f"{n:040x}": pack_cache_row(np.full(16, n, "float32"), np.full((8, 8, 3), n % 256, "uint8"))
        for n in range(start, start + 8)
    })
    print(batch, flush=True)
"""


def row(n: int):
    return pack_cache_row(
        np.full(DIMS, n, dtype="float32"), np.full((8, 8, 3), n % 256, dtype="uint8")
    )


def key(n: int) -> str:
    return f"{n:040x}"


def writer(path: Path, first: int, batches: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first), str(batches)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_was_written_comes_back_bit_for_bit(tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1200, DIMS)).astype("float32")
    thumbnails = rng.integers(0, 256, (1200, 8, 8, 3), dtype="uint8")
    cache = VectorCache(tmp_path / "deep" / "er" / "one.sqlite", DIMS)
    cache.write({key(n): pack_cache_row(vectors[n], thumbnails[n]) for n in range(1200)})
    found = VectorCache(cache.path, DIMS).read([key(n) for n in range(1500)])
    assert set(found) == {key(n) for n in range(1200)}
    back = unpack_cache_rows([found[key(n)] for n in range(1200)], DIMS)
    assert np.array_equal(back[0], vectors) and np.array_equal(back[1], thumbnails)
    assert back[0].dtype == np.float32


def test_nothing_asked_and_nothing_there(tmp_path):
    cache = VectorCache(tmp_path / "one.sqlite", DIMS)
    assert cache.read([]) == {} and cache.read([key(1)]) == {}
    assert [part.shape for part in unpack_cache_rows([], DIMS)] == [(0, DIMS), (0, 8, 8, 3)]


@pytest.mark.parametrize("column, value", [
    ("vector", b"\x01" * 4 * DIMS), ("vector", b""), ("vector", 7), ("thumbnail", b"\x03" * 192),
    ("checksum", 5), ("checksum", "x"),
])  # fmt: skip
def test_a_damaged_row_is_as_good_as_missing(tmp_path, column, value):
    cache = VectorCache(tmp_path / "one.sqlite", DIMS)
    cache.write({key(1): row(1), key(2): row(2)})
    with sqlite3.connect(cache.path) as connection:
        connection.execute(f"UPDATE photos SET {column} = ? WHERE key = ?", (value, key(1)))
    assert cache.read([key(1), key(2)]) == {key(2): row(2)} and cache.damaged == 1
    cache.write({key(1): row(1)})
    assert VectorCache(cache.path, DIMS).read([key(1)]) == {key(1): row(1)}


def test_rows_of_another_size_are_not_taken(tmp_path):
    cache = VectorCache(tmp_path / "one.sqlite", DIMS)
    cache.write({key(1): row(1)})
    assert VectorCache(cache.path, DIMS + 1).read([key(1)]) == {}


def test_a_damaged_file_is_one_line_with_the_mend(tmp_path):
    path = tmp_path / "one.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be taken for one" * 100)
    with pytest.raises(RemlError, match=r"one\.sqlite: this cache of vectors is damaged .*delete"):
        VectorCache(path, DIMS)
    cache = VectorCache(tmp_path / "two.sqlite", DIMS)
    cache.write({key(n): row(n) for n in range(500)})
    content = bytearray(cache.path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    cache.path.write_bytes(content)
    with pytest.raises(RemlError, match="delete the file"):
        cache.read([key(n) for n in range(500)])


def test_a_file_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "one.sqlite").mkdir()
    with pytest.raises(RemlError, match=r"one\.sqlite: cannot use .*REML_CACHE_DIR"):
        VectorCache(tmp_path / "one.sqlite", DIMS)


def test_several_processes_write_at_once(tmp_path):
    """Four writers whose rows overlap: none fails, all rows are there and whole."""
    path = tmp_path / "one.sqlite"
    runs = [writer(path, first, 25) for first in (0, 100, 100, 200)]
    for run in runs:
        run.communicate(timeout=120)
    assert [run.returncode for run in runs] == [0] * 4
    cache = VectorCache(path, DIMS)
    assert cache.read(map(key, range(400))) == {key(n): row(n) for n in range(400)}
    assert cache.damaged == 0


def test_a_killed_writer_loses_one_batch_at_most(tmp_path):
    """Killed at five moments: what it reported is there, and the next writes on."""
    path = tmp_path / "one.sqlite"
    for turn in range(5):
        first = 100_000 * turn
        run = writer(path, first, 12_000)
        assert run.stdout.readline()  # it is under way
        time.sleep(0.05 * turn)
        os.kill(run.pid, signal.SIGKILL)
        done = 1 + len(run.communicate()[0].splitlines())
        cache = VectorCache(path, DIMS)
        found = cache.read(key(first + n) for n in range(8 * (done + 1)))
        assert cache.damaged == 0
        assert len(found) in (8 * done, 8 * (done + 1))
        assert all(found[key(first + n)] == row(first + n) for n in range(8 * done))


def test_prompts_are_encoded_once(tmp_path):
    cache, asked = VectorCache(tmp_path / "one.sqlite", DIMS), []

    def encode(texts):
        asked.extend(texts)
        return np.array([[len(text)] * DIMS for text in texts], dtype="float32")

    assert cached_prompt_vectors(cache, ["a", "bbb"], encode)[:, 0].tolist() == [1, 3]
    assert cached_prompt_vectors(cache, ["cc", "bbb", "a"], encode)[:, 0].tolist() == [2, 3, 1]
    assert asked == ["a", "bbb", "cc"]
