"""Any folder of images: odd files, listings by names, one line for what cannot be done."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from lib.photos.vectors import image_folder
from scripts.ops import embed_images
from tests.support.photos import drawn, embed_params, image


def run(*options: str, code: int = 0) -> str:
    result = CliRunner().invoke(embed_images.main, list(options), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


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
    embed_params(tmp_path)
    return tmp_path


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
    monkeypatch.setattr(image_folder, "convert_image", lambda *given: read.append(given))
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

    monkeypatch.setattr(image_folder, "convert_image", full)
    said = run("--images", "some", "--out", "out", code=2)
    assert "out: no space left" in said and said.count("\n") == 1
    assert not list(Path("out").iterdir())


def test_many_files_are_read_by_processes_to_the_same_bytes(here, monkeypatch):
    for n in range(20):
        path = here / "pictures" / f"{n % 3}_{n}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(image(n) if n % 7 else b"x")
    run("--images", "pictures", "--out", "one")
    monkeypatch.setattr(image_folder, "POOLED", 1)
    run("--images", "pictures", "--out", "two")
    for name in ("vectors.parquet", "rejected.csv", "encoder.json"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


def test_a_folder_that_cannot_be_written_to(here, monkeypatch):
    Path("some").mkdir()
    Path("some/a.jpg").write_bytes(image(1))
    real = os.access  # which lets root write anywhere
    monkeypatch.setattr(os, "access", lambda path, mode: path != Path("out") and real(path, mode))
    assert "out: cannot be written to" in run("--images", "some", "--out", "out", code=2)


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
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(here, options, told):
    for name in ("empty", "some"):
        Path(name).mkdir()
    Path("file").write_text("x")
    Path("some/a.jpg").write_bytes(image(1))
    said = run(*options, code=2)
    assert told in said and said.count("\n") == 1
