"""From files to rows: full batches, bounded look-ahead, broken files; settings of encoders."""

import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lib.common import processes
from lib.common.errors import RemlError
from lib.common.params import validate
from lib.photos.image import decode, same_picture
from lib.photos.vectors import encode_photos, encoders
from lib.photos.vectors.vector_cache import pack_cache_row
from tests.support.photos import drawn, image

ENTRY = {"library": "builtin", "model": "descriptor", "weights": None, "sha256": None, "size": None,
         "photos_per_second": 10}  # fmt: skip
SETTINGS = {"encoder": "one", "device": "cpu", "precision": "fp32", "batch": 4, "threads": 1,
            "workers": 2, "least_room_probability": 0.5, "encoders": {"one": ENTRY}}  # fmt: skip


class Fake:
    """An encoder whose vector is the picture's mean colour and the size of the batch."""

    source = Path(__file__)
    weights = None
    dims = 4
    shared = False
    texts = False
    scale = 1.0
    identity = ("fake",)

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.sizes: list[int] = []
        self.prepared = self.encoded = self.most = 0
        self.lock = threading.Lock()

    def prepare(self, picture):
        with self.lock:
            self.prepared += 1
            self.most = max(self.most, self.prepared - self.encoded)
        return np.asarray(picture).mean(axis=(0, 1))

    def encode(self, prepared):
        self.sizes.append(len(prepared))
        self.encoded += len(prepared)
        return np.array([[*one, len(prepared)] for one in prepared], dtype="float32")


def written(folder: Path, count: int) -> list[tuple[str, Path]]:
    paths = [folder / f"{n}.jpg" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(image(n))
    return [(f"k{n}", path) for n, path in enumerate(paths)]


def test_rows_are_those_of_a_plain_loop(tmp_path):
    photos = written(tmp_path, 10)
    encoder = Fake(4)
    batches = list(encode_photos.encode_batches(photos, encoder, 3))
    assert [[one.key for one in batch] for batch in batches] == [
        ["k0", "k1", "k2", "k3"], ["k4", "k5", "k6", "k7"], ["k8", "k9"]
    ]  # fmt: skip
    assert encoder.sizes == [4, 4, 4]  # the last one is filled up
    for one in (one for batch in batches for one in batch):
        shown = decode.open_jpeg(dict(photos)[one.key])
        vector = np.array([*np.asarray(shown).mean(axis=(0, 1)), 4], dtype="float32")
        assert one.row == pack_cache_row(vector, same_picture.thumbnail_array(shown))


def test_broken_and_missing_files_have_a_reason_and_take_no_place(tmp_path):
    photos = written(tmp_path, 6)
    (tmp_path / "1.jpg").write_bytes(image(1)[:60])
    (tmp_path / "2.jpg").write_bytes(b"")
    (tmp_path / "3.jpg").write_bytes(image(3, "PNG"))
    (tmp_path / "4.jpg").unlink()
    encoder = Fake(2)
    found = {
        one.key: one for batch in encode_photos.encode_batches(photos, encoder, 2) for one in batch
    }
    assert {name for name, one in found.items() if one.row} == {"k0", "k5"}
    assert {one.reason for one in found.values() if not one.row} == {"image is damaged"}
    assert encoder.sizes == [2]


def test_nothing_but_broken_files(tmp_path):
    photos = written(tmp_path, 3)
    for _, path in photos:
        path.write_bytes(b"x")
    encoder = Fake(2)
    found = [one for batch in encode_photos.encode_batches(photos, encoder, 2) for one in batch]
    assert [one.key for one in found] == ["k0", "k1", "k2"] and encoder.sizes == []
    assert list(encode_photos.encode_batches([], encoder, 2)) == []


def test_only_a_few_batches_are_decoded_ahead(tmp_path):
    encoder = Fake(3)
    photos = written(tmp_path, 60)
    for _ in encode_photos.encode_batches(photos, encoder, 4):
        pass
    assert encoder.most <= (encode_photos.AHEAD + 1) * encoder.batch


def test_who_stops_early_leaves_no_threads(tmp_path):
    before = threading.active_count()
    batches = encode_photos.encode_batches(written(tmp_path, 30), Fake(2), 4)
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_processes_that_share_photos_give_what_one_gives(tmp_path, monkeypatch):
    """Of a shared encoder batches stay as short as they are; broken files have their reason."""
    photos = written(tmp_path, 12)
    photos[5][1].write_bytes(b"x")
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(processes, "count_cores", lambda count=cores: count)
        encoder = Fake(5)
        encoder.shared, encoder.lock = True, nullcontext()
        found.append(list(encode_photos.encode_batches(photos, encoder, 1)))
        assert encoder.prepared == (11 if cores == 1 else 0)  # others have done it
    assert found[0] == found[1]
    assert [[one.key for one in batch] for batch in found[0]] == [
        ["k0", "k1", "k2", "k3", "k4"], ["k6", "k7", "k8", "k9", "k5"], ["k10", "k11"]
    ]  # fmt: skip
    sizes = [np.frombuffer(one.row[0], "<f4")[3] for one in found[0][2]]
    assert sizes == [2, 2] and found[0][1][-1].reason == "image is damaged"


def test_keys_are_hashes_of_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").mkdir()
    keys = encode_photos.content_keys([tmp_path / "a", tmp_path / "b", tmp_path / "c"], 2)
    assert keys[0] == ("a9993e364706816aba3e25717850c26c9cd0d89d", "")  # FIPS 180-2, example 1
    assert keys[1][1].startswith("file cannot be read") and keys[2] == ("", "file is missing")


def test_the_built_in_encoder_needs_nothing(tmp_path):
    settings = validate(encoders.EmbedParams, SETTINGS, "here")
    encoder = encode_photos.open_encoder("one", settings, tmp_path)
    vectors = encoder.encode([encoder.prepare(drawn(n)) for n in range(4)])
    assert vectors.shape == (4, encoder.dims) and vectors.dtype == np.float32
    assert not encoder.texts and encoder.weights is None


@pytest.mark.parametrize("change, told", [
    ({"encoder": "two"}, "'two' is no entry of embed.encoders"),
    ({"batch": 0}, "batch"),
    ({"precision": "fp8"}, "precision"),
    ({"encoders": {"one": ENTRY | {"weights": "x"}}}, "unless its library is builtin"),
    ({"encoders": {"one": ENTRY | {"library": "timm"}}}, "unless its library is builtin"),
    ({"encoders": {"one": ENTRY | {"sha256": "abc"}}}, "sha256"),
    ({"encoders": {"one": ENTRY | {"library": "keras"}}}, "library"),
])  # fmt: skip
def test_settings_that_cannot_be_are_named(change, told):
    with pytest.raises(RemlError, match=told):
        validate(encoders.EmbedParams, SETTINGS | change, "params.yaml, section embed")


def test_other_built_in_models_are_refused(tmp_path):
    settings = validate(
        encoders.EmbedParams, SETTINGS | {"encoders": {"one": ENTRY | {"model": "sift"}}}, "here"
    )
    with pytest.raises(RemlError, match="'sift' is no built-in encoder"):
        encode_photos.open_encoder("one", settings, tmp_path)


@pytest.mark.parametrize("library", ["open_clip", "timm"])
def test_without_torch_one_line_says_make_photos(monkeypatch, tmp_path, library):
    monkeypatch.setattr(encoders, "find_spec", lambda name: None if name == "torch" else "there")
    entry = ENTRY | {"library": library, "weights": "x"}
    settings = validate(encoders.EmbedParams, SETTINGS | {"encoders": {"one": entry}}, "here")
    with pytest.raises(RemlError, match="needs torch: run `make photos`"):
        encode_photos.open_encoder("one", settings, tmp_path)
