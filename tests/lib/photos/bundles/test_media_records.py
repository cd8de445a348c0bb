"""RESO Media records: read from any JSON, tied to photos without guessing, withheld if in doubt."""

import json

import pytest

from lib.photos.bundles import media_records


def record(**fields) -> media_records.MediaRecord:
    found, faults = media_records.parse_manifest(json.dumps([fields]).encode())
    assert not faults
    return found[0]


def photos(*names):
    found = []
    for name in names:
        digits = "".join(filter(str.isdigit, name))
        found.append({"name": name, "number": int(digits) if digits else None})
    return found


def test_a_record_in_full():
    found = record(
        MediaKey="m1", ResourceRecordKey=123, MediaURL="https://x.y/a/123/Kitchen%201.JPG?w=9",
        Order="2", Permission=["Public"], ImageOf="Kitchen", PreferredPhotoYN=True,
    )  # fmt: skip
    assert found == media_records.MediaRecord(
        "m1", ("123",), "/a/123/Kitchen 1.JPG", 2, "Kitchen", False, True
    )  # fmt: skip


@pytest.mark.parametrize("shape", ["{}", '{{"media": {}}}', '{{"value": {}}}', "\ufeff{}"])
def test_where_the_list_lies(shape):
    found, faults = media_records.parse_manifest(shape.format('[{"MediaKey": "a"}]').encode())
    assert [one.key for one in found] == ["a"] and not faults


@pytest.mark.parametrize(
    "content, fault",
    [
        (b"{", "invalid JSON"),
        (b"", "invalid JSON"),
        (b"\xff\xfe\x00", "invalid JSON"),
        (b"[" * 100_000, "invalid JSON"),
        (b"1" * 10_000, "invalid JSON"),
        (b'{"a": 1}', "neither a list"),
        (b'[{"file": "1.jpg"}]', "neither a list"),
        (b"7", "neither a list"),
        (b'[1, {"MediaKey": "a"}]', "record 0 is no object"),
    ],
)
def test_what_cannot_be_read_is_a_fault(content, fault):
    found, faults = media_records.parse_manifest(content)
    assert len(faults) == 1 and fault in faults[0]
    assert len(found) == (b"MediaKey" in content)


@pytest.mark.parametrize(
    "permission, withheld",
    [
        ("Private", True), ("private", True), ("Agent Only", True), ("AgentOnly", True),
        (["Public", "Private"], True), ("IDX,Agent Only", True), (["Office Only"], True),
        ("Firm Only", True), ("Public", False), (["IDX", "VOW"], False), (None, False), ("", False),
    ],
)  # fmt: skip
def test_permissions(permission, withheld):
    assert record(Permission=permission).withheld is withheld


@pytest.mark.parametrize("order", [None, "x", -1, 1.5, 10**9, [], {}])
def test_an_order_that_is_none(order):
    assert record(Order=order).order is None


def test_by_name_or_key():
    one, two = record(MediaURL="https://x/02.jpg", Order=1), record(MediaKey="K7", Order=2)
    found, withheld = media_records.assign_records(photos("k7.jpg", "02.jpg", "03.jpg"), [one, two])
    assert found == {0: two, 1: one} and not withheld


def test_by_number_only_where_both_sides_have_the_same():
    records = [record(Order=n, ImageOf=f"R{n}") for n in (1, 2)]
    found, _ = media_records.assign_records(photos("02.jpg", "01.jpg"), records)
    assert {p: one.room for p, one in found.items()} == {0: "R2", 1: "R1"}
    assert media_records.assign_records(photos("02.jpg", "03.jpg"), records) == ({}, set())
    assert media_records.assign_records(photos("02.jpg", "2.jpg"), records) == ({}, set())


def test_a_private_record_withholds_its_photo_alone():
    records = [record(Order=1), record(Order=2, Permission="Private")]
    assert media_records.assign_records(photos("01.jpg", "02.jpg"), records)[1] == {1}
    records = [record(MediaURL="http://x/02.jpg", Permission="Private")]
    assert media_records.assign_records(photos("01.jpg", "02.jpg"), records)[1] == {1}


def test_a_private_record_that_fits_no_photo_withholds_what_may_be_it():
    private = record(MediaURL="http://x/opaque", Permission="Private")
    public = record(MediaURL="http://x/01.jpg")
    assert media_records.assign_records(photos("01.jpg", "02.jpg", "03.jpg"), [private, public])[
        1
    ] == {
        1,
        2,
    }
    assert media_records.assign_records(photos("01.jpg"), [private, public])[1] == set()


def test_public_and_private_at_once_is_private():
    both = [record(MediaURL="http://x/01.jpg", Permission=p) for p in ("Public", "Private")]
    assert media_records.assign_records(photos("01.jpg"), both)[1] == {0}


def test_many_records_of_one_listing_take_no_time():
    records = [record(MediaURL=f"http://x/{n}.jpg") for n in range(20_000)]
    found, _ = media_records.assign_records(photos(*(f"{n}.jpg" for n in range(20_000))), records)
    assert len(found) == 20_000
