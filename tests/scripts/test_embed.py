"""The stage on the built-in encoder: outs, cache, kills, broken files; any folder of images."""

import errno
import hashlib
import io
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
import yaml
from click.testing import CliRunner
from PIL import Image

from lib.photos.vectors import descriptor, image_folder
from scripts.valuation import embed
from tests.support.dag import ROOT
from tests.support.photos import Feed, drawn, image


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
    settings(tmp_path)
    return feed


def settings(where: Path, **changes) -> None:
    """The project's params with changes to section `embed`."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["embed"] |= changes
    (where / "params.yaml").write_text(yaml.safe_dump(content))


def run(*options: str, code: int = 0) -> str:
    result = CliRunner().invoke(embed.main, list(options), catch_exceptions=False)
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
            small = descriptor.shrink(picture.convert("RGB"))
            assert np.array_equal(row.vector, descriptor.describe([small])[0])
        assert row.vector.dtype == np.float32
    twice = hashlib.sha1(image(2)).hexdigest()
    assert table["sha1"].tolist()[2:4] == [twice, twice]
    assert table["picture"].tolist()[2:4] == [twice, twice]
    assert table["picture"].nunique() == 4 and not table["alike"].map(len).any()
    kind = pq.read_schema("data/embed/vectors.parquet").field("alike").type
    assert str(kind) == "list<element: string>"  # though no photo is alike to another


def test_photos_that_are_alike_name_each_other(here):
    """b and c are copies of a, each encoded anew; d is another picture."""
    pictures = here / "pictures"
    pictures.mkdir()
    (pictures / "a.jpg").write_bytes(image(1))
    for name, quality in (("b.jpg", 60), ("c.jpg", 70)):
        with Image.open(pictures / "a.jpg") as picture:
            picture.save(pictures / name, quality=quality)
    (pictures / "d.jpg").write_bytes(image(2))
    run("--images", "pictures", "--out", "out")
    table = pd.read_parquet("out/vectors.parquet").set_index("listing_key")
    sha1 = table["sha1"]
    for name, others in (("a", "bc"), ("b", "ac"), ("c", "ab"), ("d", "")):
        assert table["alike"][name].tolist() == sorted(sha1[list(others)])
    assert table["picture"].tolist() == [min(sha1[:3])] * 3 + [sha1["d"]]


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
    plain = descriptor.describe
    monkeypatch.setattr(descriptor, "describe", lambda many: seen.extend(many) or plain(many))
    run()
    assert digest() == first and not seen
    feed.bundle("b.zip", {"102/3.jpg": image(9)})
    feed.params(workers=1)
    feed.run()
    settings(feed.folder)
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
    settings(feed.folder)
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
    monkeypatch.setattr("lib.photos.vectors.encoders.Builtin.source", changed)
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
    settings(feed.folder)
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


def bomb() -> bytes:
    """A PNG of 8,000 x 8,000 pixels, more than the limit, in some 8 kB."""
    stream = io.BytesIO()
    Image.new("1", (8000, 8000)).save(stream, "PNG")
    return stream.getvalue()


def moving() -> bytes:
    stream = io.BytesIO()
    drawn(0).save(stream, "GIF", save_all=True, append_images=[drawn(1)])
    return stream.getvalue()


def deep() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(drawn(1, mode="L")).astype(np.uint16) * 257).save(stream, "PNG")
    return stream.getvalue()


ODD = {
    "broken.jpg": (image(1)[:40], "image is damaged"),
    "truncated.jpg": (image(1)[:-200], "image is damaged"),
    "tiny.png": (image(1, "PNG", size=(3, 3)), "smaller than photos.min_side"),
    "huge.png": (bomb(), "more pixels than photos.max_pixels"),
    "moving.gif": (moving(), "animation or several pages"),
    "words.jpg": (b"just some words", "not an image"),
    "empty.jpg": (b"", "entry is empty"),
    "cmyk.jpg": (image(1, mode="CMYK"), ""),
    "deep.png": (deep(), ""),
    "plain.webp": (image(1, "WEBP"), ""),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REML_CACHE_DIR", str(tmp_path / "cache"))
    settings(tmp_path)
    return tmp_path


def test_every_odd_file_ends_as_a_vector_or_with_a_reason(here):
    pictures = here / "pictures"
    (pictures / "house").mkdir(parents=True)
    for name, (content, _) in ODD.items():
        (pictures / "house" / name).write_bytes(content)
    (pictures / "house" / "pipe.jpg").symlink_to("/nowhere")
    said = run("--images", "pictures", "--out", "out")
    assert "3 vectors, 8 files rejected" in said
    table = pd.read_parquet("out/vectors.parquet")
    assert table["file"].tolist() == [
        f"house/{name}" for name, (_, reason) in sorted(ODD.items()) if not reason
    ]
    rejected = pd.read_csv("out/rejected.csv").set_index("file")["reason"]
    told = {f"house/{name}": reason for name, (_, reason) in ODD.items() if reason}
    assert rejected.to_dict() == told | {"house/pipe.jpg": "not a plain file"}
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == ["encoder.json", "rejected.csv", "vectors.parquet"]


def test_a_file_over_the_limit_of_bytes(here, monkeypatch):
    Path("pictures").mkdir()
    Path("pictures/a.jpg").write_bytes(image(1))
    monkeypatch.setattr(image_folder, "MAX_BYTES", 100)
    run("--images", "pictures", "--out", "out")
    assert pd.read_csv("out/rejected.csv")["reason"].tolist() == ["larger than 100 bytes"]
    assert len(pd.read_parquet("out/vectors.parquet")) == 0


def test_listings_are_sub_folders_or_begin_the_names_of_files(here):
    names = ["12_front.jpg", "12_kitchen.jpg", "13-a.jpg", "plain.jpg", "_x.jpg", "H1/b.jpg",
             "H1/deep/a.jpg", os.fsdecode(b"n\xe9_1.jpg")]  # fmt: skip
    for n, name in enumerate(names):
        path = here / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(n))
    run("--images", "pictures", "--out", "out")
    table = pd.read_parquet("out/vectors.parquet")
    assert dict(zip(table["file"], table["listing_key"], strict=True)) == {
        "12_front.jpg": "12", "12_kitchen.jpg": "12", "13-a.jpg": "13", "plain.jpg": "plain",
        "_x.jpg": "_x", "H1/b.jpg": "H1", "H1/deep/a.jpg": "H1", "n\\xe9_1.jpg": "n\\xe9",
    }  # fmt: skip
    orders = table.set_index("file")["order"]
    assert orders[["12_front.jpg", "12_kitchen.jpg"]].tolist() == [1, 2]


def test_rooms_are_told_by_the_names_of_files(here):
    names = ["7_front.jpg", "7_Living-room 2.jpg", "8_kitchenette.jpg", "kitchen/1.jpg"]
    for n, name in enumerate(names):
        path = here / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(n))
    run("--images", "pictures", "--out", "out")
    table = pd.read_parquet("out/vectors.parquet").set_index("file")
    assert table.loc[names, "room"].tolist() == ["front", "living", "unknown", "unknown"]
    assert table.loc[names, "room_by"].tolist() == ["name", "name", "", ""]


def test_folders_that_are_not_gone_into_are_told(here, monkeypatch):
    """A link to a folder, and one that cannot be read (which root could)."""
    for name in ("pictures/open/a.jpg", "pictures/shut/b.jpg", "elsewhere/c.jpg"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_bytes(image(len(name)))
    Path("pictures/link").symlink_to("../elsewhere")
    real, shut = os.scandir, ["pictures/shut"]

    def scandir(path="."):
        if str(path) in shut:
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    run("--images", "pictures", "--out", "out")
    assert pd.read_parquet("out/vectors.parquet")["file"].tolist() == ["open/a.jpg"]
    rejected = pd.read_csv("out/rejected.csv").set_index("file")["reason"]
    assert rejected.to_dict() == {"link": "not a plain file", "shut": "folder cannot be read"}
    shut.append("pictures")
    assert "pictures: Permission denied" in run("--images", "pictures", "--out", "out", code=2)


def test_an_encoder_that_cannot_be_opened_ends_before_a_file_is_read(here, monkeypatch):
    Path("some").mkdir()
    Path("some/a.jpg").write_bytes(image(1))
    read = []
    monkeypatch.setattr(image_folder, "take_in", lambda *given: read.append(given))
    assert "no encoder 'sift'" in run(
        "--images", "some", "--out", "out", "--encoder", "sift", code=2
    )
    assert not read and not Path("out").exists()


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(here, monkeypatch):
    """The JPEGs lie in --out until all is done, not in a small /tmp."""
    Path("some").mkdir()
    Path("some/a.jpg").write_bytes(image(1))

    def full(path, images, jpeg):
        assert Path("out") in jpeg.parents
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(image_folder, "take_in", full)
    said = run("--images", "some", "--out", "out", code=2)
    assert "out: no space left" in said and said.count("\n") == 1
    assert not list(Path("out").iterdir())


def test_many_files_are_read_by_processes_to_the_same_bytes(here, monkeypatch):
    for n in range(20):
        path = here / "pictures" / f"{n % 3}_{n}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(image(n) if n % 7 else b"x")
    run("--images", "pictures", "--out", "one")
    monkeypatch.setattr(embed, "POOLED", 1)
    run("--images", "pictures", "--out", "two")
    for name in ("vectors.parquet", "rejected.csv", "encoder.json"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


@pytest.mark.parametrize("options, told", [
    (["--images", "none", "--out", "out"], "none: no such folder"),
    (["--images", "empty", "--out", "out"], "empty: no files in it"),
    (["--images", "file", "--out", "out"], "file: a file; --images names a folder"),
    (["--images", "some", "--out", "file"], "file: a file where a folder is needed"),
    (["--images", "some", "--out", "file/in"], "a file where a folder is needed"),
    (["--images", "some", "--out", "some/out"], "choose another --out"),
    (["--images", "some", "--out", "data/../data/embed"], "the pipeline's own vectors"),
    (["--images", "some"], "--images and --out go together"),
    (["--encoder", "clip"], "--images and --out go together"),
    (["--images", "some", "--out", "out", "--encoder", "sift"], "no encoder 'sift' in embed"),
    ([], "data/photos/manifest.jsonl: no such file"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(here, options, told):
    for name in ("empty", "some"):
        Path(name).mkdir()
    Path("file").write_text("x")
    Path("some/a.jpg").write_bytes(image(1))
    said = run(*options, code=2)
    assert told in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_written_to(here, monkeypatch):
    Path("some").mkdir()
    Path("some/a.jpg").write_bytes(image(1))
    real = os.access  # which lets root write anywhere
    monkeypatch.setattr(os, "access", lambda path, mode: path != Path("out") and real(path, mode))
    assert "out: cannot be written to" in run("--images", "some", "--out", "out", code=2)
