"""The stage on real bundles: outs, statuses, the cache, and the same bytes."""

import io
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from lib.cache.keys import code_hash, room_files
from lib.photos.bundles.album import safe_folder_name
from scripts.valuation import photos
from tests.support.dag import ROOT, walk
from tests.support.photos import Feed, exif_block, image, zipped


@pytest.fixture
def feed(tmp_path, monkeypatch):
    return Feed(tmp_path, monkeypatch)


def standard(feed):
    """Every status, an unmatched id, a place, a hostile entry, a repeat; in three bundles."""
    feed.listings(
        ("sale", "K1", "101", "2"), ("sale", "K2", "102", "3"), ("sale", "K3", "103", "1"),
        ("sale", "K4", "104", "0"), ("sale", "K5", "105", "1"), ("sale", "K6", "106", None),
        ("sale", "K7", "107", None), ("sale", "K8", "108", "1"), ("rental", "K1", "101", "1"),
    )  # fmt: skip
    feed.bundle("a.zip", [
        ("101/02.jpg", image(2)), ("101/01.jpg", image(1, exif=exif_block())),
        ("102/01.jpg", image(3)), ("102/02.jpg", image(3)), ("105/1.jpg", b"words"),
    ])  # fmt: skip
    feed.bundle("b.zip", [
        ("106_1.jpg", image(4)), ("999/1.jpg", image(5)), ("../../up.jpg", image(6)),
        ("102/03.jpg", image(7)), ("K8/real.txt", image(8, "PNG")),
    ])  # fmt: skip
    feed.bundle("101.zip", {"01.jpg": image(9)}, "rental")


def test_each_listing_has_its_status(feed):
    standard(feed)
    table = pd.read_parquet(feed.run().folder / "data/photos/listing_photos.parquet")
    assert list(table.columns) == [
        "domain", "listing_key", "photos_count", "photos_found", "status"
    ]  # fmt: skip
    sales = table[table["domain"] == "sale"].set_index("listing_key")
    assert sales["status"].to_dict() == {
        "K1": "complete", "K2": "partial", "K3": "missing", "K4": "no_images", "K5": "failed",
        "K6": "complete", "K7": "no_images", "K8": "complete",
    }  # fmt: skip
    assert sales["photos_found"].to_dict() == {
        "K1": 2, "K2": 2, "K3": 0, "K4": 0, "K5": 0, "K6": 1, "K7": 0, "K8": 1
    }  # fmt: skip
    assert sales["photos_count"].isna().sum() == 2
    assert table[table["domain"] == "rental"]["status"].tolist() == ["complete"]


def test_the_outs_agree_with_each_other(feed):
    standard(feed)
    feed.run()
    manifest, out = feed.lines("manifest.jsonl"), feed.folder / "data/photos"
    files = {path.relative_to(out).as_posix() for path in (out / "images").rglob("*.jpg")}
    assert files == {one["file"] for one in manifest} and len(files) == len(manifest) == 8
    keys = [(one["domain"], one["listing_key"], one["sha1"]) for one in manifest]
    assert len(set(keys)) == len(keys)
    first = manifest[1]
    assert first == {
        "domain": "sale", "listing_key": None, "listing_id": "999", "sha1": first["sha1"],
        "order": 1, "file": f"images/sale/unmatched-999/001_{first['sha1'][:12]}.jpg",
        "width": 48, "height": 36, "format": "JPEG", "bytes": len(image(5)),
        "phash": first["phash"], "room": None, "bundle": "sale/images/b.zip",
        "entry": "999/1.jpg", "had_exif": False, "had_gps": False,
    }  # fmt: skip
    album = [one["entry"] for one in manifest if one["listing_key"] == "K1"]
    assert album == ["01.jpg", "101/01.jpg", "101/02.jpg"]
    assert feed.fates() | {} == {
        "01.jpg": "photo", "101/01.jpg": "photo", "101/02.jpg": "photo", "102/01.jpg": "photo",
        "102/02.jpg": "same photo twice in a listing", "102/03.jpg": "photo",
        "105/1.jpg": "not an image", "106_1.jpg": "photo", "999/1.jpg": "photo",
        "../../up.jpg": "path leaves the bundle", "K8/real.txt": "photo",
    }  # fmt: skip
    metrics = json.loads(Path("metrics/photos.json").read_text())
    assert metrics["feed"] == "demo" and metrics["photos"] == 8 and metrics["had_gps"] == 1
    assert metrics["entries"] == 11 and metrics["unmatched_ids"] == 1
    assert metrics["reasons"] == {
        "not an image": 1, "path leaves the bundle": 1, "same photo twice in a listing": 1
    }  # fmt: skip
    summary = json.loads(Path("data/photos/images_summary.json").read_text())
    assert summary["unmatched"] == {"sale/999": 1}
    assert summary["formats"] == {"JPEG": 7, "PNG": 1}
    assert summary["by_bundle"]["sale/images/b.zip"] == {"entries": 5, "photos": 4, "rejected": 1}


def test_no_picture_keeps_a_place(feed):
    standard(feed)
    feed.run()
    for path in Path("data/photos/images").rglob("*.jpg"):
        assert not Image.open(path).getexif() and b"Exif" not in path.read_bytes()


def test_nothing_is_written_outside_the_outs_and_the_cache(feed):
    standard(feed)
    before = set(feed.folder.parent.rglob("*"))
    feed.run()
    allowed = [feed.folder / name for name in ("data/photos", "metrics", "cache")]
    for path in set(feed.folder.parent.rglob("*")) - before:
        assert any(path == one or one in path.parents for one in allowed), path


def test_the_same_bytes_with_and_without_cache_in_parallel_and_again(feed, monkeypatch):
    standard(feed)
    wanted = feed.run().digest()
    assert feed.run().digest() == wanted, "from the cache"
    monkeypatch.setenv("REML_CACHE_DIR", str(feed.folder / "other"))
    feed.params(workers=2)
    assert feed.run().digest() == wanted, "unpacked by two workers"


def test_the_order_in_which_bundles_came_does_not_matter(feed, tmp_path_factory, monkeypatch):
    standard(feed)
    wanted = feed.run().digest()
    other = Feed(tmp_path_factory.mktemp("other"), monkeypatch)
    for name in ("b.zip", "a.zip"):
        standard(other)
        (other.images["sale"] / name).unlink()
        other.run()
    standard(other)
    assert other.run().digest() == wanted


def test_only_a_new_bundle_is_unpacked(feed, monkeypatch):
    standard(feed)
    feed.run()
    seen = []
    plain = photos.unpack.unpack_bundle
    monkeypatch.setattr(
        photos.unpack,
        "unpack_bundle",
        lambda path, *rest: (seen.append(path.name), plain(path, *rest)),
    )
    feed.bundle("c.zip", {"103/1.jpg": image(11)})
    assert feed.run().statuses()["K3"] == "complete"
    assert seen == ["c.zip"]
    feed.params(workers=1, quality=50)
    feed.run()
    assert sorted(seen[1:]) == ["101.zip", "a.zip", "b.zip", "c.zip"], "other settings"


def test_a_bundle_that_goes_takes_its_photos_along(feed):
    standard(feed)
    wanted = feed.run().digest()
    feed.bundle("c.zip", {"103/1.jpg": image(11)})
    assert feed.run().digest() != wanted
    (feed.images["sale"] / "c.zip").unlink()
    assert feed.run().digest() == wanted


def test_a_damaged_cache_is_told(feed):
    standard(feed)
    feed.run()
    for path in (feed.folder / "cache/photos").glob("*/pictures.bin"):
        path.write_bytes(b"\0" * path.stat().st_size)
    result = CliRunner().invoke(photos.main, [])
    assert result.exit_code == 2 and "this cache entry is damaged; delete it" in result.output


@pytest.mark.parametrize("name", ["index.json", "pictures.bin"])
@pytest.mark.parametrize("left", [0, 30, None])
def test_a_cut_cache_is_told_in_one_line(feed, name, left):
    standard(feed)
    feed.run()
    for path in (feed.folder / "cache/photos").glob(f"*/{name}"):
        path.write_bytes(path.read_bytes()[:left]) if left is not None else path.unlink()
    result = CliRunner().invoke(photos.main, [])
    assert result.exit_code == 2 and "this cache entry is damaged; delete it" in result.output
    assert str(feed.folder / "cache/photos") in result.output and "Traceback" not in result.output


def test_what_lies_beside_the_bundles_and_is_not_read_is_told(feed):
    feed.listings(("sale", "K1", None, "1"), ("sale", "K2", None, "1"))
    images = feed.images["sale"]
    (images / "2025/deep").mkdir(parents=True)
    (images / "folder.zip").mkdir()
    (images / "2025/deep/in.zip").write_bytes(zipped({"K1/1.jpg": image(1), "K2/1.jpg": image(2)}))
    secret = {"ResourceRecordKey": "K2", "MediaURL": "http://x/1.jpg", "Permission": "Private"}
    (images / "2025/manifest.json").write_text(json.dumps([secret]))
    for name in ("x.rar", "x.7z", "2025/y.JPG", "folder.zip/z.png", "notes.txt", ".hidden"):
        (images / name).write_bytes(b"-")
    (images / "gone.zip").symlink_to(images / "nothing")
    (images / "linked").symlink_to(feed.images["rental"])
    assert feed.run().statuses() == {"K1": "complete", "K2": "failed"}
    assert feed.lines("manifest.jsonl")[0]["bundle"] == "sale/images/2025/deep/in.zip"
    metrics = json.loads(Path("metrics/photos.json").read_text())
    assert {kind: told["names"] for kind, told in metrics["not_read"].items()} == {
        "archive other than zip": ["sale/images/x.7z", "sale/images/x.rar"],
        "folder called .zip": ["sale/images/folder.zip"],
        "link that leads nowhere": ["sale/images/gone.zip"],
        "link to a folder": ["sale/images/linked"],
        "other file": ["sale/images/notes.txt"],
        "picture outside a bundle": ["sale/images/2025/y.JPG", "sale/images/folder.zip/z.png"],
    }
    assert feed.output.count("photos.not_read") == 6 and "x.rar" in feed.output


def test_a_feed_without_bundles(feed):
    feed.listings(("sale", "K1", None, "3"), ("sale", "K2", None, "0"))
    assert feed.run().statuses() == {"K1": "missing", "K2": "no_images"}
    assert feed.lines("manifest.jsonl") == [] == feed.lines("rejected.jsonl")
    assert Path("data/photos/images").is_dir()


@pytest.mark.parametrize("columns", [["domain", "listing_key"],
                                     ["domain", "listing_key", "listing_id"]])  # fmt: skip
def test_staged_listings_may_lack_columns(feed, columns):
    feed.listings(("sale", "K1", "1")[: len(columns)], columns=columns)
    feed.bundle("a.zip", {"K1/1.jpg": image(1)})
    assert feed.run().statuses() == {"K1": "complete"}


def test_a_feed_without_listings(feed):
    feed.listings()
    feed.bundle("a.zip", {"K1/1.jpg": image(1)})
    assert feed.run().statuses() == {}
    assert feed.lines("manifest.jsonl")[0]["listing_id"] == "K1"


def test_no_staged_table_is_told_in_one_line(feed):
    result = CliRunner().invoke(photos.main, [])
    assert result.exit_code == 2 and "data/staging/listings.parquet: no such file" in result.output


@pytest.mark.parametrize("count", ["x", "-1", "2.5", ""])
def test_a_count_that_is_no_count_is_unknown(feed, count):
    feed.listings(("sale", "K1", None, count))
    assert feed.run().statuses() == {"K1": "no_images"}


def test_keys_that_are_hostile_as_folder_names(feed):
    keys = ["../../x", "a/b", ".", "..", "unmatched-1", "k" * 300, "K é", "a_b"]
    feed.listings(*(("sale", key, f"10{n}", "1") for n, key in enumerate(keys)))
    feed.bundle("a.zip", {f"10{n}/1.jpg": image(n) for n in range(len(keys))})
    assert set(feed.run().statuses().values()) == {"complete"}
    root = Path("data/photos/images/sale").resolve()
    parents = [Path("data/photos", one["file"]).resolve().parent
               for one in feed.lines("manifest.jsonl")]  # fmt: skip
    assert len(set(parents)) == len(keys) and {one.parent for one in parents} == {root}
    assert (
        safe_folder_name("K1") == "K1"
        and safe_folder_name("a/b") != safe_folder_name("a_b") == "a_b"
    )


def test_a_bundle_of_junk_does_not_stop_the_others(feed):
    feed.listings(("sale", "K1", None, "1"))
    feed.bundle("junk.zip", b"junk" * 100)
    feed.bundle("empty.zip", b"")
    feed.bundle("good.ZIP", {"K1/1.jpg": image(1)})
    feed.bundle("cut.zip", zipped({"K1/2.jpg": image(2), "K1/3.jpg": image(3)})[:-60])
    assert feed.run().statuses() == {"K1": "complete"}
    reasons = Counter(one["reason"] for one in feed.lines("rejected.jsonl"))
    assert reasons == {"bundle is not a zip file": 2, "bundle is damaged": 1}
    assert len(feed.lines("manifest.jsonl")) == 3


def test_the_demo_feed_is_what_its_truth_says(feed):
    import datetime as dt

    from lib import demo

    made = demo.generate_feed(seed=7, sales=150, rentals=30, actives=15, start=dt.date(2024, 1, 1),
                         years=2, zips=5)  # fmt: skip
    for name, content in made.files.items():
        if name.endswith(".zip"):
            path = feed.folder / "data/raw/demo" / name
            path.write_bytes(content)
    planned = pd.DataFrame(made.truth["photos"])
    expected = planned.groupby("matrix_unique_id").size()
    feed.listings(*(
        (one["domain"], one["matrix_unique_id"], one["mls_number"],
         str(expected.get(one["matrix_unique_id"], 0)))
        for one in made.truth["listings"]
    ))  # fmt: skip
    feed.run()
    manifest = pd.DataFrame(feed.lines("manifest.jsonl"))
    assert feed.lines("rejected.jsonl") == []
    found = manifest.merge(planned, on=["bundle", "entry"], how="outer", indicator=True)
    assert set(found["_merge"]) == {"both"}
    assert (found["listing_key"] == found["matrix_unique_id"]).all()
    statuses = feed.statuses()
    for one in made.truth["listings"]:
        key = one["matrix_unique_id"]
        assert statuses[key] == ("complete" if key in expected else "no_images")
    places = [one for one in made.truth["faults"] if one["kind"] == "photo_gps"]
    told = {(one["bundle"], one["entry"]) for one in places}
    lent = [one for one in made.truth["faults"] if one["kind"] == "shared_photo"]
    by_entry = manifest.set_index(["bundle", "entry"])
    assert lent and told
    for one in lent:  # a lent photo is the lender's, place and all
        twin = manifest[manifest["entry"] == one["same_as"]]
        assert by_entry.loc[(one["bundle"], one["entry"]), "sha1"] in set(twin["sha1"])
    tellers = manifest[manifest["had_gps"]]
    shared = {(one["bundle"], one["entry"]) for one in lent}
    assert told <= set(zip(tellers["bundle"], tellers["entry"], strict=True)) <= told | shared


@pytest.mark.real
def test_the_160_real_houses(feed, real_data):
    names = sorted(path.name for path in (real_data / "houses").glob("*.jpg"))
    numbers = sorted({name.split("_")[0] for name in names}, key=int)
    assert len(names) == 640 and len(numbers) == 160
    feed.listings(*(("sale", n, None, "4") for n in numbers))
    content = {name: (real_data / "houses" / name).read_bytes() for name in names}
    flat = [(name, content[name]) for name in names if int(name.split("_")[0]) % 2]
    nested = [(f"{name.split('_')[0]}/{name}", content[name]) for name in names
              if not int(name.split("_")[0]) % 2]  # fmt: skip
    feed.bundle("odd.zip", flat)
    feed.bundle("even.zip", nested)
    feed.params(workers=2)
    feed.run()
    manifest = pd.DataFrame(feed.lines("manifest.jsonl"))
    reasons = Counter(one["reason"] for one in feed.lines("rejected.jsonl"))
    assert set(reasons) <= {"same photo twice in a listing"}
    assert len(manifest) + sum(reasons.values()) == 640
    assert manifest["listing_key"].notna().all() and manifest["listing_key"].nunique() == 160
    rooms = {"Bathroom", "Bedroom", "Front of Structure", "Kitchen"}
    assert set(manifest["room"]) == rooms
    for one in manifest.sample(20, random_state=1).itertuples():
        original = Image.open(io.BytesIO(content[Path(one.entry).name]))
        assert original.size == (one.width, one.height)
        assert Image.open(Path("data/photos", one.file)).size == original.size


def test_the_code_of_the_library_is_part_of_the_key():
    files = room_files(photos.unpack, photos.decode)
    needed = {
        name
        for name in walk("lib/photos/bundles/unpack.py")
        if not name.startswith("lib/common/") and not name.endswith("__init__.py")
    }
    assert needed and needed <= {path.relative_to(ROOT).as_posix() for path in files}
    assert code_hash(files) != code_hash(path for path in files if path.name != "decode.py")
