"""The stage reads records of media, inside or beside a bundle: order, room, what is withheld."""

import json
from pathlib import Path

import pytest

from lib.photos.bundles.permissions import UNREAD
from tests.support.photos import Feed, image


@pytest.fixture
def feed(tmp_path, monkeypatch):
    return Feed(tmp_path, monkeypatch)


RECORDS = [
    {"ResourceRecordKey": "K1", "MediaURL": "http://x/c.jpg", "Order": 1, "ImageOf": "Attic"},
    {"ResourceRecordKey": "101", "MediaURL": "http://x/a.jpg", "Order": 2},
    {"ResourceRecordKey": "K1", "MediaURL": "http://x/b.jpg", "Permission": ["Private"]},
    {"MediaURL": "http://x/K2/kitchen.jpg", "Order": 5, "PreferredPhotoYN": "true"},
    {"MediaURL": "http://x/K2/a.jpg", "Permission": "Agent Only"},
]


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_media_records_give_order_and_room_and_withhold(feed, where):
    feed.listings(("sale", "K1", "101", "3"), ("sale", "K2", "102", "3"))
    secret = image(2)
    entries = [
        ("K1/a.jpg", image(1)), ("K1/b.jpg", secret), ("K1/c.jpg", image(3)),
        ("K2/a.jpg", image(4)), ("K2/b.jpg", image(5)), ("K2/kitchen.jpg", image(6)),
        ("K2/z.jpg", secret),
    ]  # fmt: skip
    content = json.dumps({"value": RECORDS}).encode()
    if where == "inside":
        entries.append(("manifest.json", content))
    else:
        (feed.images["sale"] / "manifest.json").write_bytes(content)
    feed.bundle("a.zip", entries)
    feed.run()
    assert [(one["entry"], one["order"], one["room"]) for one in feed.lines("manifest.jsonl")] == [
        ("K1/c.jpg", 1, "Attic"), ("K1/a.jpg", 2, None),
        ("K2/kitchen.jpg", 1, "Kitchen"), ("K2/b.jpg", 2, None),
    ]  # fmt: skip
    private = "permission is not public"
    refused = {one["entry"]: one["reason"] for one in feed.lines("rejected.jsonl")}
    assert refused == {"K1/b.jpg": private, "K2/a.jpg": private, "K2/z.jpg": private}
    metrics = json.loads(Path("metrics/photos.json").read_text())
    assert metrics["reasons"] == {private: 3}


def test_a_listing_whose_photos_are_all_private_failed(feed):
    feed.listings(("sale", "K1", None, "1"))
    record = [{"ResourceRecordKey": "K1", "MediaURL": "o", "Permission": "Private"}]
    feed.bundle("a.zip", {"K1/1.jpg": image(1), "manifest.json": json.dumps(record).encode()})
    assert feed.run().statuses() == {"K1": "failed"}


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_a_manifest_that_is_no_json_is_a_reason(feed, where):
    feed.listings(("sale", "K1", None, "1"))
    entries = {"K1/1.jpg": image(1)}
    if where == "inside":
        entries["manifest.json"] = b"{oops"
    else:
        (feed.images["sale"] / "manifest.json").write_bytes(b"{oops")
    feed.bundle("a.zip", entries)
    assert feed.run().statuses() == {"K1": "failed"}
    fault, photo = sorted(feed.lines("rejected.jsonl"), key=lambda one: one["reason"] != "manifest")
    assert fault["reason"] == "manifest" and "invalid JSON" in fault["detail"]
    assert photo["entry"] == "K1/1.jpg" and photo["reason"] == UNREAD
