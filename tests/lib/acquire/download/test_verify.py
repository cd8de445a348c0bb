"""What arrived: judged, bundled, and whose photos are wanted next."""

import datetime as dt
import io
import zipfile

import pandas as pd
import pytest

from lib.acquire.download import store
from lib.acquire.download.manifest import ManifestEntry
from lib.acquire.download.plan import photos_changed_at, photos_to_fetch
from lib.acquire.download.verify import export_fault, zip_fault
from lib.acquire.portal.windows import Window
from tests.support.photos import image, zipped

WINDOW = Window(dt.date(2026, 3, 2), dt.date(2026, 3, 4), ("77001", "77002"))


def rows(*days, **columns):
    table = pd.DataFrame(
        {
            "domain": "sale", "listing_key": [f"k{n}" for n in range(len(days))],
            "listing_id": [str(n) for n in range(len(days))], "_reason": None,
            "_stamp": pd.to_datetime(pd.Series(days), format="ISO8601"),
            "day": pd.to_datetime(pd.Series(days), format="ISO8601").dt.normalize(),
        }
    )  # fmt: skip
    return table.assign(**columns)


GOOD = ("2026-03-02 00:00:00", "2026-03-03 12:00", "2026-03-04 23:59:59")


def test_a_whole_export_has_no_fault():
    assert export_fault(rows(*GOOD), 3, WINDOW) == ""


@pytest.mark.parametrize(
    "table, count, told",
    [
        (rows(*GOOD), 4, "3 rows came and the page says 4"),
        (rows(*GOOD, listing_key=["a", "b", "a"]), 3, "1 listings came twice"),
        (rows("2026-03-01 23:59:59", *GOOD), 4, "1 rows are of other days, such as 2026-03-01"),
        (rows("2026-03-05", *GOOD), 4, "1 rows are of other days, such as 2026-03-05"),
        (rows(*GOOD, postal_code="77003"), 3, "rows of other ZIP codes, such as 77003"),
    ],
)
def test_what_is_wrong_with_an_export_is_said(table, count, told):
    assert told in export_fault(table, count, WINDOW)


def test_rows_without_key_date_or_zip_are_let_through():
    table = rows(*GOOD, None, postal_code=["77001-1234", "77002", None, " 77001"])
    table.loc[[0, 1], "_reason"] = "no listing key"
    table.loc[[0, 1], "listing_key"] = ""
    assert export_fault(table, 4, WINDOW) == ""


def test_zips_are_judged_by_count_and_checksums(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"1.jpg": image(1), "2.jpg": image(2)}.items()))
    assert zip_fault(path, 2) == "" == zip_fault(path, None)
    assert zip_fault(path, 3) == "2 photos came and 3 were asked for"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "not a whole zip" in zip_fault(path, 2)
    broken = bytearray(content)
    broken[60] ^= 255
    path.write_bytes(broken)
    assert zip_fault(path, 2) != ""
    path.write_bytes(b"<html>log in again</html>")
    assert "not a whole zip" in zip_fault(path, 1)


def test_a_bundle_holds_each_photo_under_its_listing_and_has_the_same_bytes_again(tmp_path):
    one, two = tmp_path / "1.zip", tmp_path / "2.zip"
    one.write_bytes(zipped([("../../evil.JPG", image(1)), ("a/kitchen one.png", image(2))]))
    two.write_bytes(zipped([("photo", image(3))]))
    for name in ("x.zip", "y.zip"):
        assert store.write_bundle(tmp_path / name, {"20": two, "10": one}) == 3
    assert (tmp_path / "x.zip").read_bytes() == (tmp_path / "y.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO((tmp_path / "x.zip").read_bytes())) as bundle:
        assert bundle.namelist() == [
            "10/001_evil.jpg", "10/002_kitchen_one.png", "20/001_photo.jpg"
        ]  # fmt: skip
        assert bundle.read("10/002_kitchen_one.png") == image(2)


def test_the_newest_state_of_a_listing_says_whether_its_photos_are_wanted():
    table = pd.concat(
        [
            rows(*GOOD, photos_count=["3", "2", "0"], _extra='{"PhotosModifiedDT": "now"}'),
            rows("2026-02-01", photos_count=["9"], _extra=None),  # k0 before
        ]
    )
    asked = photos_to_fetch(table, ["Photos Modified DT"], [])
    assert [(one.listing_id, one.changed, one.expected) for one in asked] == [
        ("1", "now", 2), ("0", "now", 3)
    ]  # fmt: skip
    had = [ManifestEntry("photos", "done", "", domain="sale", listing_id="1", changed="now")]
    failed = [ManifestEntry("photos", "failed", "", domain="sale", listing_id="0", changed="now")]
    assert photos_to_fetch(table, ["PhotosModifiedDT"], [*had, *failed, *failed, *failed]) == []
    older = [ManifestEntry("photos", "done", "", domain="sale", listing_id="0", changed="before")]
    again = photos_to_fetch(table, ["PhotosModifiedDT"], [*had, *failed, *older])
    assert [one.listing_id for one in again] == ["0"]


def test_one_number_under_two_keys_is_asked_for_once_and_other_zips_are_not():
    table = rows(*GOOD, photos_count="2", postal_code=["77001", "77001-0001", "77009"])
    table["listing_id"] = ["7", "7", "8"]
    assert [one.listing_id for one in photos_to_fetch(table, [], [])] == ["8", "7"]
    assert [one.listing_id for one in photos_to_fetch(table, [], [], ["77001"])] == ["7"]


def test_without_a_date_of_the_photos_their_number_tells():
    table = rows(GOOD[0], photos_count=["3"], _extra="{}")
    assert photos_to_fetch(table, ["PhotosModifiedDT"], [])[0].changed == "3 photos"
    assert photos_to_fetch(rows(GOOD[0]), [], []) == []
    assert photos_changed_at('{"Photo-Modified": ""}', ["photo modified"]) == ""
