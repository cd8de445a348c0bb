"""The demo feed is repeatable and holds what it promises."""

import ast
import datetime as dt
import io
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import demo
from lib.photos.image.rooms import ROOM_WORDS
from tests.support.demo_feed import ENCODINGS, SMALL, START, digest, good_sales, newest, whole_rows

ROOT = Path(__file__).parents[3]


def test_same_arguments_give_same_bytes_in_any_process(feed):
    code = (
        "from lib import demo; from tests.support.demo_feed import SMALL, digest;"
        "print(digest(demo.generate_feed(seed=7, **SMALL)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}  # here another
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.stdout.strip() == digest(feed), ran.stderr


def test_another_seed_changes_every_export_and_bundle(feed):
    other = demo.generate_feed(seed=8, **SMALL)
    same = {p for p, b in feed.files.items() if other.files.get(p) == b}
    assert same <= {"README.txt", "manifest.txt"}


def test_without_photos_the_tables_are_the_same(feed):
    bare = demo.generate_feed(seed=7, **SMALL, photos=False)
    tables = [path for path in feed.files if path.endswith(".csv")]
    assert len(tables) == 7
    assert all(bare.files[path] == feed.files[path] for path in tables)
    assert not [path for path in bare.files if path.endswith(".zip")]


@pytest.mark.parametrize("seed", [1, 2, 99])
@pytest.mark.parametrize(
    "size",
    [
        {},
        {"sales": 100, "rentals": 20, "actives": 10, "years": 1, "zips": 1},
        {"sales": 317, "rentals": 51, "actives": 33, "years": 2, "zips": 60},
    ],
)
def test_counts_are_the_good_listings_in_their_last_state(seed, size):
    asked = SMALL | size
    feed = demo.generate_feed(seed=seed, **asked, photos=False)
    end = dt.date(START.year + asked["years"], 1, 1)
    last_file = f"exports/leases_{START.year}_{end.year - 1}.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENCODINGS, last_file, "utf-8-sig")
        last = newest(feed)
    kinds = last.groupby(["kind", "ForLease", "Status"]).size()
    assert kinds["good", "False", "Sold"] == asked["sales"] == kinds["good", "False"].sum()
    assert kinds["good", "True", "Leased"] == asked["rentals"] == kinds["good", "True"].sum()
    leases = round(0.2 * asked["actives"])
    assert kinds["open", "True"].sum() == leases
    assert kinds["open", "False"].sum() == asked["actives"] - leases
    assert last["MatrixModifiedDT"].max() < end.isoformat()
    assert set(kinds.loc["failed"].index.get_level_values("Status")) <= {"Terminated", "Expired"}


def test_the_files_differ_in_encoding_and_delimiter(feed):
    with pytest.raises(UnicodeDecodeError):
        feed.files["exports/sales_2022.csv"].decode("utf-8")
    assert "Café" in feed.files["exports/sales_2022.csv"].decode("cp1252")
    assert feed.files["exports/leases_2022_2025.csv"].startswith(b"\xef\xbb\xbf")
    assert feed.files["exports/mixed_refresh_2025.csv"].startswith(b"Matrix_Unique_ID;MLSNumber;")
    rows = whole_rows(feed)
    mixed = rows[rows["file"] == "exports/mixed_refresh_2025.csv"]
    assert set(mixed["ForLease"]) == {"True", "False"}


def test_a_listing_comes_again_in_a_later_state_in_a_later_file(feed):
    rows = whole_rows(feed)
    states = rows.groupby("Matrix_Unique_ID")
    moved = states.filter(lambda one: one["file"].nunique() > 1 and one["Status"].nunique() > 1)
    assert moved["Matrix_Unique_ID"].nunique() >= 10
    assert (states["MLSNumber"].nunique() == 1).all()
    distinct = rows.drop_duplicates(["Matrix_Unique_ID", "MatrixModifiedDT", "Status"])
    assert not distinct.duplicated(["Matrix_Unique_ID", "MatrixModifiedDT"]).any()


def test_failed_listings_are_followed_by_another_of_the_same_home(feed):
    last = newest(feed)
    failed = last[last["kind"] == "failed"]
    assert len(failed) >= 5
    for key, one in failed.iterrows():
        later = last[(last["home"] == one["home"]) & (last.index > key)]
        assert len(later) and (later["TaxID"] == one["TaxID"]).all()


def test_some_homes_sell_twice_and_some_are_sold_and_rented(feed):
    deals = pd.DataFrame(feed.truth["listings"]).query("kind == 'good'")
    sold, let = (deals[deals["domain"] == domain] for domain in ("sale", "rental"))
    twice = sold[sold["home"].duplicated(keep=False)]
    apart = pd.to_datetime(twice["close_date"]).groupby(twice["home"]).agg(np.ptp)
    assert len(apart) == 20 and apart.min() > pd.Timedelta(days=200)
    assert 0.1 < let["home"].isin(sold["home"]).mean() < 0.7


def test_leak_columns_know_what_nobody_knows_yet(feed):
    rows = whole_rows(feed)
    closed = rows["Status"].isin(["Sold", "Leased"])
    assert (rows["SellerContribution"] != "").eq(closed).all()
    sales = good_sales(feed)
    price = np.log(sales["ClosePrice"].astype(float))
    error = np.log(sales["NextYearAppraisal"].astype(float)) - price
    assert error.std() < 0.03  # closer than the list price, and known before the sale
    assert (rows["NextYearAppraisal"] != "").all()


def test_bundles_hold_as_many_photos_as_the_table_says(feed):
    entries, in_order = Counter(), True
    for path, content in feed.files.items():
        if path.endswith(".zip"):
            bundle = zipfile.ZipFile(io.BytesIO(content))
            assert bundle.testzip() is None
            in_order &= bundle.namelist() == sorted(bundle.namelist())
            domain = path.split("/")[0]
            entries.update((domain, name.split("/")[0]) for name in bundle.namelist())
    last = newest(feed)
    domain = last["ForLease"].map({"True": "rental", "False": "sale"})
    told = dict(zip(zip(domain, last["MLSNumber"], strict=True), last["PhotoCount"], strict=True))
    held = {key: entries[key] for key in told}
    assert held == {key: int(count) for key, count in told.items()} and in_order
    assert 0.6 < np.mean([count > 0 for count in held.values()]) < 0.9
    ragged = {f["matrix_unique_id"] for f in feed.truth["faults"] if "ragged" in f["kind"]}
    numbers = {x["mls_number"] for x in feed.truth["listings"] if x["matrix_unique_id"] in ragged}
    assert {number for _, number in entries} <= {n for _, n in told} | numbers


def test_half_of_the_photographers_say_the_room_in_the_name_and_say_it_rightly(monkeypatch):
    monkeypatch.setattr("lib.demo.feed.zip_photos", lambda *_: {})  # names alone
    truth = demo.generate_feed(seed=7, **SMALL | {"sales": 1500}).truth
    photos, kinds = truth["photos"], {one["entry"]: one["kind"] for one in truth["photos"]}
    assert set(kinds.values()) <= set(ROOM_WORDS), "a word that nobody understands"
    assert len(kinds) == len(photos)
    for one in photos:
        number, name = one["entry"].split("/")
        right = "" if int(number) % 2 else f"_{one['kind']}"
        assert re.fullmatch(rf"[0-9]{{2}}{right}\.jpg", name), one
    assert 0.45 < np.mean(["_" in entry for entry in kinds]) < 0.55
    shared = [fault["entry"] for fault in truth["faults"] if fault["kind"] == "shared_photo"]
    assert {kinds[entry] for entry in shared} == {"front"}
    assert any("_front" in entry and "/01" not in entry for entry in shared)


def test_manifest_lists_every_file_and_the_readme_warns(feed):
    assert feed.files["manifest.txt"].decode().splitlines() == sorted(feed.files)
    assert feed.files["README.txt"].startswith(b"SYNTHETIC")
    assert feed.truth["synthetic"] is True and feed.truth["arguments"]["seed"] == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"sales": 99}, {"rentals": 0}, {"actives": 9}, {"years": 0}, {"zips": 0}, {"zips": 61},
        {"start": dt.date(2022, 1, 2)},
    ],
)  # fmt: skip
def test_senseless_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        demo.generate_feed(seed=1, **SMALL | wrong, photos=False)


def test_demo_imports_no_other_project_code():
    """But for what makes a model of its section of params.yaml."""
    for path in (ROOT / "lib/demo").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}: relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in set(names) - {"lib.common.params.Section"}:
                top = name.split(".")[0]
                assert top not in ("scripts", "tests"), f"{path.name}: {name}"
                assert top != "lib" or name.startswith("lib.demo."), f"{path.name}: {name}"
