"""Mutated archives: no traceback, no file outside the target, no entry lost (`make fuzz`)."""

import io
import random
import struct
import zipfile
from collections import Counter
from dataclasses import replace

import pytest

from lib.photos.bundles.safe_zip import BROKEN
from tests.support.photos import SETTINGS, Feed, exif_block, image, unpacked, zipped

pytestmark = pytest.mark.fuzz
ROUNDS = 1000
STAGE_ROUNDS = 150
NAMES = [
    b"../x", b"/abs", b"C:\\x", b"a\\b", b"a\0b", b"\xff\xfe", b"", b"manifest.json", b"a/",
    b"....//", b"\x1b[31m", b"con.jpg", "é".encode(),
]  # fmt: skip
NUMBERS = [0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]
# Fields of a central directory entry: offset and struct format.
FIELDS = [(4, "<H"), (6, "<H"), (8, "<H"), (10, "<H"), (16, "<L"), (20, "<L"), (24, "<L"),
          (28, "<H"), (30, "<H"), (32, "<H"), (38, "<L"), (42, "<L")]  # fmt: skip
END_FIELDS = [(4, "<H"), (8, "<H"), (10, "<H"), (12, "<L"), (16, "<L"), (20, "<H")]


def sound(rng: random.Random) -> bytes:
    """An archive of a few photos and other things, stored or deflated."""
    entries = [(f"10{n}/{n}.jpg", image(n)) for n in range(rng.randrange(1, 5))]
    entries += rng.sample(
        [("101/a.png", image(7, "PNG")), ("manifest.json", b'[{"MediaKey": "a"}]'),
         ("sub/", b""), ("x.txt", b"words"), ("gps.jpg", image(8, exif=exif_block())),
         ("in.zip", zipped({"a": b"b"}))], rng.randrange(4)
    )  # fmt: skip
    return zipped(entries, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def mutated(rng: random.Random) -> bytes:
    """A sound archive with one to three things wrong."""
    content = bytearray(sound(rng))
    for _ in range(rng.choice([1, 1, 2, 3])):
        if len(content) < 30:
            break
        rng.choice([flip, cut, edit_header, edit_end, edit_name, repeat, insert])(rng, content)
    return bytes(content)


def flip(rng, content) -> None:
    for _ in range(rng.choice([1, 5, 50])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def cut(rng, content) -> None:
    del content[rng.randrange(len(content)) :]


def headers(content, mark) -> list[int]:
    return [at for at in range(len(content) - 46) if content[at : at + 4] == mark]


def edit_header(rng, content) -> None:
    places = headers(content, b"PK\x01\x02")
    if places:
        offset, form = rng.choice(FIELDS)
        top = 1 << 8 * struct.calcsize(form)
        value = rng.choice([*NUMBERS, rng.randrange(top)]) % top
        struct.pack_into(form, content, rng.choice(places) + offset, value)


def edit_end(rng, content) -> None:
    at = content.rfind(b"PK\x05\x06")
    if 0 <= at <= len(content) - 22:
        offset, form = rng.choice(END_FIELDS)
        top = 1 << 8 * struct.calcsize(form)
        struct.pack_into(form, content, at + offset, rng.choice([*NUMBERS, 30]) % top)


def edit_name(rng, content) -> None:
    """Another name of the same length, in the directory and mostly in the entry's own header."""
    places = headers(content, b"PK\x01\x02")
    if places:
        at = rng.choice(places)
        length = struct.unpack_from("<H", content, at + 28)[0]
        old = bytes(content[at + 46 : at + 46 + length])
        new = (rng.choice(NAMES) + b"x" * length)[:length]
        content[at + 46 : at + 46 + length] = new
        own = content.find(old)
        if rng.random() < 0.8 and own >= 0:
            content[own : own + length] = new
        if rng.random() < 0.3:
            content[at + 9] ^= 0x08  # the flag that says UTF-8


def repeat(rng, content) -> None:
    at = rng.randrange(len(content))
    content[at:at] = content[at : at + rng.randrange(1, 300)]


def insert(rng, content) -> None:
    at = rng.randrange(len(content))
    content[at:at] = rng.choice([b"\0" * 9, b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\xff"])


def listed(content: bytes) -> Counter | None:
    """The names that zipfile lists, plain folders left out; None where it lists nothing."""
    try:
        infos = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except BROKEN:
        return None
    return Counter(one.orig_filename for one in infos if one.filename[-1:] != "/" or one.file_size)


def accounted(index: dict) -> Counter:
    """The names of entries that the index says anything of, each as often as it is an entry."""
    names = [one["entry"] for one in index["photos"]] + index["manifests"]
    return Counter(
        names
        + [
            one["entry"]
            for one in index["rejected"]
            if one["entry"] is not None and one["reason"] != "manifest"
        ]
    )


def test_every_entry_of_a_mutated_archive_is_a_photo_or_a_rejection(tmp_path):
    rng = random.Random(1)
    limits = replace(SETTINGS.limits, max_bundle_bytes=1_000_000)
    kinds: Counter = Counter()
    for number in range(ROUNDS):
        content = mutated(rng)
        index = unpacked(tmp_path, content, replace(SETTINGS, limits=limits))
        names = listed(content)
        found = accounted(index)
        assert sum(found.values()) == index["entries"], number
        if names is not None:
            assert found == names, number
        else:
            assert any(one["entry"] is None for one in index["rejected"]) or found, number
        kinds.update(one["reason"] for one in index["rejected"])
        kinds["photo"] += len(index["photos"])
        assert {path.name for path in tmp_path.rglob("*")} == {
            "bundle.zip", "out", "index.json", "pictures.bin"
        }, number  # fmt: skip
    assert len(kinds) > 12 and kinds["photo"] > ROUNDS, kinds  # the mutations reach far and wide


def test_the_stage_takes_mutated_bundles_by_the_hundred(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    feed = Feed(tmp_path / "in", monkeypatch)
    rng = random.Random(2)
    feed.listings(*(("sale", f"10{n}", None, "3") for n in range(9)))
    for number in range(STAGE_ROUNDS):
        feed.bundle(f"{number:03d}.zip", mutated(rng))
    before = set(tmp_path.rglob("*"))
    feed.run()
    for path in set(tmp_path.rglob("*")) - before:
        assert path.relative_to(feed.folder).parts[0] in ("cache", "data", "metrics"), path
        if path.is_file() and "photos" in path.parts and "images" in path.parts:
            assert path.read_bytes()[:2] == b"\xff\xd8" and b"Exif" not in path.read_bytes()
    first = feed.digest()
    assert feed.run().digest() == first
