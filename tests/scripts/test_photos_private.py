"""Photos marked Private go no further, however an export says it; what cannot be is told."""

import json
from pathlib import Path

import pytest

from lib.photos.bundles.permissions import LOST, PRIVATE, UNREAD
from tests.support.photos import Feed, image, patched, zipped

NAMED = {"ResourceRecordKey": "K0"}
MARK = {"MediaURL": "http://x/1.jpg", "Order": 1, "Permission": "Private"}
OPEN = {"MediaURL": "http://x/2.jpg", "Order": 2, "Permission": "Public"}
FOREIGN = {"ResourceRecordKey": "0123456789abcdef"}
SNAKE = {"resource_record_key": "K0", "media_url": "http://x/1.jpg", "permission": "Private"}


@pytest.fixture
def feed(tmp_path, monkeypatch):
    made = Feed(tmp_path, monkeypatch)
    made.listings(("sale", "K0", "1000", "2"), ("sale", "K1", "1001", "1"))
    return made


def fates(feed, manifest, name="manifest.json", where="inside"):
    """What becomes of three photos, of two listings, with a manifest inside or beside a bundle."""
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    entries = {"1000/1.jpg": image(1), "1000/2.jpg": image(2), "1001/9.jpg": image(3)}
    if where == "inside":
        entries[name] = content
    else:
        (feed.images["sale"] / name).write_bytes(content)
    feed.bundle("b.zip", entries)
    found = feed.run().fates()
    return [found[entry] for entry in ("1000/1.jpg", "1000/2.jpg", "1001/9.jpg")]


LINES = "\n".join(json.dumps(one | NAMED) for one in (MARK, OPEN)).encode()


@pytest.mark.parametrize("where", ["inside", "beside"])
@pytest.mark.parametrize(
    "manifest",
    [
        [MARK | NAMED], [MARK | FOREIGN | {"ResourceRecordID": "1000"}], [SNAKE],
        [MARK | FOREIGN | {"MediaURL": "http://x/1000/1.jpg"}],
        [MARK | {"ResourceRecordKey": " k0 "}], [MARK | {"RESOURCERECORDKEY": "K0"}],
        {"photos": [MARK | NAMED]}, {"Media": [MARK | NAMED], "errors": []}, MARK | NAMED,
        [{"ListingKey": "K0", "Media": [MARK, OPEN]}], LINES, b"\xef\xbb\xbf" + LINES,
        json.dumps([MARK | NAMED]).encode("utf-16"), LINES.decode().encode("utf-16-le"),
        [MARK | NAMED | {"Permission": "Public", "permission": ["Private"]}], [MARK],
    ],
)  # fmt: skip
def test_a_private_photo_is_withheld_alone(feed, manifest, where):
    assert fates(feed, manifest, where=where) == [PRIVATE, "photo", "photo"]


@pytest.mark.parametrize("name", ["manifest.jsonl", "Manifest.NDJSON", "manifest", "a/manifest.js"])
def test_names_of_manifests(feed, name):
    manifest = [MARK | FOREIGN | {"ResourceRecordID": "1000"}]
    assert fates(feed, manifest, name) == [PRIVATE, "photo", "photo"]


@pytest.mark.parametrize("names", [{}, FOREIGN])
def test_the_folder_of_a_manifest_names_the_listing(feed, names):
    found = fates(feed, [MARK | names, {"Order": 2}], "1000/manifest.json")
    assert found == [PRIVATE, "photo", "photo"]


def test_a_listing_that_is_not_staged_is_found_by_what_the_bundle_calls_it(feed):
    record = MARK | FOREIGN | {"ResourceRecordID": "a777"}
    entries = {"A777/1.jpg": image(1), "A777/2.jpg": image(2), "1000/1.jpg": image(3)}
    feed.bundle("b.zip", entries | {"manifest.json": json.dumps([record]).encode()})
    assert feed.run().fates()["A777/1.jpg"] == PRIVATE
    assert {one["entry"] for one in feed.lines("manifest.jsonl")} == {"A777/2.jpg", "1000/1.jpg"}


def test_a_private_record_that_names_nothing_withholds_all_below_its_folder(feed):
    nothing = [{"MediaURL": "http://x/opaque", "Permission": "Private"}]
    assert fates(feed, nothing) == [PRIVATE] * 3
    assert fates(feed, nothing, "1000/manifest.json") == [PRIVATE, PRIVATE, "photo"]


@pytest.mark.parametrize(
    "content", [b"{oops", b"key,permission\nK0,Private\n", b'[{"hide": true}]', LINES + b"\n{", b""]
)
def test_a_manifest_that_cannot_be_read_withholds_all_below_its_folder(feed, content):
    doubt = [UNREAD] * 3
    assert {*fates(feed, content), UNREAD} <= {UNREAD, PRIVATE}
    found = fates(feed, content, "1000/manifest.json")
    assert {*found[:2]} <= {UNREAD, PRIVATE} and found[2] == "photo"
    assert fates(feed, b"{", "manifest.json", "beside") == doubt


def test_a_manifest_that_is_refused_counts_as_one_that_cannot_be_read(feed):
    content = zipped({"1000/1.jpg": image(1), "1000/manifest.json": b"[]", "1001/9.jpg": image(3)})
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    feed.bundle("b.zip", patched(content, at + 8, "<H", 1))  # encrypted, says the directory
    found = feed.run().fates()
    assert found["1000/manifest.json"] == "encrypted"
    assert (found["1000/1.jpg"], found["1001/9.jpg"]) == (UNREAD, "photo")


def test_a_withheld_record_without_a_photo_is_counted_and_told(feed):
    gone = MARK | FOREIGN
    assert fates(feed, [gone, OPEN | FOREIGN]) == ["photo"] * 3
    [line] = [one for one in feed.lines("rejected.jsonl") if one["reason"] == LOST]
    assert line["entry"] == "manifest.json" and "0123456789abcdef: /1.jpg" in line["detail"]
    metrics = json.loads(Path("metrics/photos.json").read_text())
    assert metrics["withheld_without_photo"] == metrics["reasons"][LOST] == 1
    assert "photos.withheld_without_photo" in feed.output


def test_listings_whose_keys_differ_in_case_alone_are_two(feed):
    feed.listings(("sale", "ab", None, "1"), ("sale", "AB", None, "1"))
    feed.bundle("b.zip", {"ab/1.jpg": image(1), "AB/1.jpg": image(2), "manifest.json": json.dumps(
        [MARK | {"ResourceRecordKey": "AB"}]).encode()})  # fmt: skip
    assert feed.run().fates() == {"ab/1.jpg": "photo", "AB/1.jpg": PRIVATE}
