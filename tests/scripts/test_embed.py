"""The stage on the built-in encoder: outs, cache, kills, broken files."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from lib.photos.vectors import descriptor
from scripts.valuation import embed
from tests.support.dag import ROOT
from tests.support.photos import Feed, embed_params, image


@pytest.fixture
def feed(tmp_path, monkeypatch):
    """Six photos of three listings, one of them no staged listing's; `photos` has run."""
    feed = Feed(tmp_path, monkeypatch)
    feed.listings(("sale", "K1", "101", None), ("sale", "K2", "102", None),
                  ("rental", "K1", "101", None))  # fmt: skip
    feed.bundle("a.zip", [
        ("101/02_kitchen.jpg", image(2)), ("101/01_front.jpg", image(1)), ("102/1.jpg", image(2)),
        ("102/2.jpg", image(3)), ("999/1.jpg", image(5)),
    ])  # fmt: skip
    feed.bundle("101.zip", {"01.jpg": image(4)}, "rental")
    feed.run()
    embed_params(tmp_path)
    return feed


def run(code: int = 0) -> str:
    result = CliRunner().invoke(embed.main, [], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def digest(out: Path = Path("data/embed")) -> dict[str, str]:
    files = sorted(path for path in [*out.iterdir(), Path("metrics/embed.json")] if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def cache_files() -> list[Path]:
    return sorted(Path("cache/embed").iterdir())


def test_each_photo_of_a_staged_listing_has_its_vector(feed):
    run()
    table = pd.read_parquet("data/embed/vectors.parquet")
    assert list(table.columns) == [
        "domain", "listing_key", "sha1", "order", "file", "room", "room_by", "quality_renovated",
        "quality_dated", "quality_damaged", "picture", "alike", "vector",
    ]  # fmt: skip
    keys = list(zip(table["domain"], table["listing_key"], table["order"], strict=True))
    assert keys == [("rental", "K1", 1), ("sale", "K1", 1), ("sale", "K1", 2), ("sale", "K2", 1),
                    ("sale", "K2", 2)]  # fmt: skip
    assert table["room"].tolist() == ["unknown", "front", "kitchen", "unknown", "unknown"]
    assert table["room_by"].tolist() == ["", "name", "name", "", ""]
    assert table.filter(like="quality_").isna().all(axis=None)
    for row in table.itertuples():
        with Image.open(Path("data/photos", row.file)) as picture:
            small = descriptor.shrink_picture(picture.convert("RGB"))
            assert np.array_equal(row.vector, descriptor.picture_descriptors([small])[0])
        assert row.vector.dtype == np.float32
    twice = hashlib.sha1(image(2)).hexdigest()
    assert table["sha1"].tolist()[2:4] == [twice, twice]
    assert table["picture"].tolist()[2:4] == [twice, twice]
    assert table["picture"].nunique() == 4 and not table["alike"].map(len).any()
    kind = pq.read_schema("data/embed/vectors.parquet").field("alike").type
    assert str(kind) == "list<element: string>"  # though no photo is alike to another


def test_what_is_told_of_the_encoder_and_in_figures(feed):
    run()
    told = json.loads(Path("data/embed/encoder.json").read_text())
    assert told == {
        "encoder": "descriptor", "library": "builtin", "model": "descriptor", "weights": None,
        "dims": descriptor.DIMS, "texts": False, "photos_per_second": told["photos_per_second"],
    }  # fmt: skip
    assert json.loads(Path("metrics/embed.json").read_text()) == {
        "feed": "demo", "encoder": "descriptor", "photos": 5, "distinct_photos": 4, "pictures": 4,
        "pictures_of_several_listings": 1, "listings": {"rental": 1, "sale": 2},
        "rooms": {"front": 1, "kitchen": 1, "unknown": 3}, "rooms_by": {"name": 2, "unknown": 3},
        "rejected": 0, "reasons": {},
    }  # fmt: skip
    assert Path("data/embed/rejected.csv").read_text() == "domain,listing_key,sha1,file,reason\n"


def test_a_rerun_encodes_only_what_is_new(feed, monkeypatch):
    run()
    first, seen = digest(), []
    plain = descriptor.picture_descriptors
    monkeypatch.setattr(
        descriptor, "picture_descriptors", lambda many: seen.extend(many) or plain(many)
    )
    run()
    assert digest() == first and not seen
    feed.bundle("b.zip", {"102/3.jpg": image(9)})
    feed.params(workers=1)
    feed.run()
    embed_params(feed.folder)
    run()
    assert len(seen) == 1 and len(pd.read_parquet("data/embed/vectors.parquet")) == 6


def test_the_bytes_are_those_of_a_cold_cache_whatever_the_cache_held(feed):
    """Cold, warm, half filled, a damaged row, and the manifest in another order."""
    run()
    cold = digest()
    manifest = Path("data/photos/manifest.jsonl")
    lines = manifest.read_text().splitlines(keepends=True)
    shutil.rmtree("cache/embed")
    manifest.write_text("".join(lines[1:3]))
    run()
    assert digest() != cold
    manifest.write_text("".join(reversed(lines)))
    run()
    assert digest() == cold


def test_a_damaged_row_is_encoded_anew_and_told(feed):
    import sqlite3

    run()
    cold = digest()
    with sqlite3.connect(cache_files()[0]) as connection:
        connection.execute("UPDATE photos SET vector = zeroblob(length(vector))")
    assert "embed.cache_damaged" in run()
    assert digest() == cold and "embed.cache_damaged" not in run()


def test_another_jpeg_of_the_same_original_is_another_picture(feed):
    """The cache goes by what is encoded: photos.quality changes the staged JPEG, not the sha1."""
    run()
    before = pd.read_parquet("data/embed/vectors.parquet")
    feed.params(workers=1, quality=40)
    feed.run()
    embed_params(feed.folder)
    run()
    after = pd.read_parquet("data/embed/vectors.parquet")
    assert before["sha1"].tolist() == after["sha1"].tolist()
    assert not np.array_equal(np.stack(before["vector"]), np.stack(after["vector"]))
    warm = digest()
    shutil.rmtree("cache/embed")
    run()
    assert digest() == warm


def test_other_code_is_another_cache_file(feed, monkeypatch, tmp_path):
    run()
    changed = tmp_path / "descriptor.py"
    changed.write_bytes(Path(descriptor.__file__).read_bytes() + b"\n")
    monkeypatch.setattr("lib.photos.vectors.encoders.BuiltinEncoder.source", changed)
    run()
    assert len(cache_files()) == 2


def test_staged_files_that_are_missing_or_damaged_have_a_reason(feed):
    files = sorted(Path("data/photos/images/sale").rglob("*.jpg"))
    first, second = [path for path in files if "/K1/" in path.as_posix()]
    run()
    first.unlink()
    second.write_bytes(second.read_bytes()[:200])
    assert "embed.rejected" in run()
    rejected = pd.read_csv("data/embed/rejected.csv")
    assert rejected["reason"].tolist() == ["file is missing", "image is damaged"]
    assert rejected["file"].tolist() == [
        path.relative_to("data/photos").as_posix() for path in (first, second)
    ]
    assert len(pd.read_parquet("data/embed/vectors.parquet")) == 3
    warm = digest()
    shutil.rmtree("cache/embed")
    run()
    assert digest() == warm


def test_a_feed_without_photos(feed):
    Path("data/photos/manifest.jsonl").write_text("")
    run()
    assert len(pd.read_parquet("data/embed/vectors.parquet")) == 0
    assert json.loads(Path("metrics/embed.json").read_text())["photos"] == 0


def test_runs_beside_each_other_and_a_killed_one_end_in_the_same_bytes(feed):
    """Real processes: two at once in one cache, and one that is killed while it writes."""
    for n in range(10, 90):
        feed.bundle(f"more{n}.zip", {f"102/{n}.jpg": image(n)})
    feed.params(workers=1)
    feed.run()
    embed_params(feed.folder)
    run()
    cold = digest()
    shutil.rmtree("cache/embed")
    command = [sys.executable, "-m", "scripts.valuation.embed"]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "REML_CACHE_DIR": str(feed.folder / "cache"),
    }

    def start(where: Path) -> subprocess.Popen:
        return subprocess.Popen(command, cwd=where, env=environment, stderr=subprocess.DEVNULL)

    killed = start(feed.folder)
    end = time.monotonic() + 60
    while time.monotonic() < end and not (
        Path("cache/embed").is_dir() and sum(one.stat().st_size for one in cache_files()) > 20_000
    ):
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    beside = feed.folder / "beside"
    (beside / "data").mkdir(parents=True)
    (beside / "data/photos").symlink_to(feed.folder / "data/photos")
    shutil.copy("params.yaml", beside)
    both = [start(feed.folder), start(beside)]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert digest() == cold
    os.chdir(beside)
    assert digest() == cold


def test_without_photos_one_line_says_what_writes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    embed_params(tmp_path)
    said = run(code=2)
    assert "data/photos/manifest.jsonl: no such file" in said and said.count("\n") == 1
