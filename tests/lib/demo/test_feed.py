"""The demo feed is repeatable, holds what it promises, and tells the truth about its faults."""

import ast
import csv
import datetime as dt
import hashlib
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
from PIL import Image

from lib import demo
from lib.photos.image import room_names

ROOT = Path(__file__).parents[3]
START = dt.date(2022, 1, 1)
SMALL = {"sales": 200, "rentals": 40, "actives": 20, "start": START, "years": 4, "zips": 12}
ENCODINGS = {"exports/sales_2022.csv": "cp1252", "exports/leases_2022_2025.csv": "utf-8-sig"}
KINDS = {
    "missing_identity", "unparseable_close_date", "nominal_price", "ragged_short", "ragged_long",
    "close_before_listing", "family_transfer", "foreclosure", "extra_zero", "quick_resale",
    "bulk_sale", "zero_square_feet",
    "year_built_zero", "year_built_future", "postal_plus_four", "postal_spaces",
    "missing_coordinates", "acres_hold_square_feet", "unparseable_pending_date", "quoted_newline",
    "accented_remarks", "exact_duplicate", "duplicate_across_files", "shared_photo", "photo_gps",
}  # fmt: skip


@pytest.fixture(scope="module")
def feed():
    return demo.generate(seed=7, **SMALL)


@pytest.fixture(scope="module")
def market():
    """Sales enough to see the market: no pictures, so it is quick."""
    return demo.generate(seed=3, **SMALL | {"sales": 2500}, photos=False)


def read(feed):
    """Path -> rows of every export, the header first, as a reader who knows the dialects."""
    tables = {}
    for path, content in feed.files.items():
        if path.endswith(".csv"):
            text = content.decode(ENCODINGS.get(path, "utf-8"))
            delimiter = ";" if "mixed" in path else ","
            tables[path] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return tables


def whole_rows(feed):
    """All rows of the right width and with a key, as one frame of text, file and row beside."""
    frames = []
    for path, (header, *rows) in read(feed).items():
        some = [[path, n, *r] for n, r in enumerate(rows, 1) if len(r) == len(header) and r[0]]
        frames.append(pd.DataFrame(some, columns=["file", "row", *header]))
    return pd.concat(frames, ignore_index=True)


def newest(feed):
    """The last state of every listing, with what the truth says of it."""
    rows = whole_rows(feed).sort_values("MatrixModifiedDT", kind="stable")
    last = rows.groupby("Matrix_Unique_ID").tail(1).set_index("Matrix_Unique_ID")
    truth = pd.DataFrame(feed.truth["listings"]).set_index("matrix_unique_id")
    homes = pd.DataFrame(feed.truth["homes"]).set_index("home")
    return last.join(truth).join(homes[["quality", "place"]], on="home")


def good_sales(feed):
    last = newest(feed)
    return last[(last["kind"] == "good") & (last["Status"] == "Sold")]


def design(sales, with_time=True):
    """What a plain hedonic regression would use, one column each."""
    number = {c: pd.to_numeric(sales[c]) for c in ("SqFtTotal", "YearBuilt", "BedsTotal")}
    size = np.log(number["SqFtTotal"].where(number["SqFtTotal"] > 0, 1800))
    built = number["YearBuilt"].where(number["YearBuilt"].between(1900, 2030), 1985)
    columns = [np.ones(len(sales)), size, size**2, built, built**2, number["BedsTotal"]]
    columns += [(sales[c] == "True").astype(float) for c in ("PoolPrivate", "Waterfront")]
    columns += [pd.to_numeric(sales["GarageCap"]), sales["DwellingType"] == "Condominium"]
    columns += [sales["place"], sales["DwellingType"] == "Free Standing"]
    if with_time:
        columns.append(days(sales))
    return np.column_stack(columns).astype(float)


def days(sales):
    closed = pd.to_datetime(sales["CloseDate"], format="%m/%d/%Y")
    return (closed - pd.Timestamp(START)).dt.days


def residuals(x, y):
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def digest(feed):
    whole = hashlib.sha256()
    for path, content in feed.files.items():
        whole.update(path.encode() + b"\0" + content)
    return whole.hexdigest()


def test_same_arguments_give_same_bytes_in_any_process(feed):
    code = (
        "import datetime as dt; from lib import demo; from tests.lib.demo.test_feed import *;"
        "print(digest(demo.generate(seed=7, **SMALL)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}  # here another
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.stdout.strip() == digest(feed), ran.stderr


def test_another_seed_changes_every_export_and_bundle(feed):
    other = demo.generate(seed=8, **SMALL)
    same = {p for p, b in feed.files.items() if other.files.get(p) == b}
    assert same <= {"README.txt", "manifest.txt"}


def test_without_photos_the_tables_are_the_same(feed):
    bare = demo.generate(seed=7, **SMALL, photos=False)
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
    feed = demo.generate(seed=seed, **asked, photos=False)
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


def test_counts_in_the_truth_match_the_bytes(feed):
    counts = feed.truth["counts"]
    assert counts["rows"] == {path: len(rows) - 1 for path, rows in read(feed).items()}
    bundles = [io.BytesIO(b) for p, b in feed.files.items() if p.endswith(".zip")]
    assert counts["photos"] == sum(len(zipfile.ZipFile(b).namelist()) for b in bundles)
    assert counts["faults"] == dict(Counter(fault["kind"] for fault in feed.truth["faults"]))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_fault_is_planted_and_really_in_the_bytes(feed, kind):
    faults = [fault for fault in feed.truth["faults"] if fault["kind"] == kind]
    assert faults
    tables = read(feed)
    photos = {p["entry"]: p["bundle"] for p in feed.truth["photos"]}
    worth = {one["matrix_unique_id"]: one["true_value"] for one in feed.truth["listings"]}
    for fault in faults:
        lines = [tables[path][row] for path, row in fault.get("rows", [])]
        header = next(iter(tables.values()))[0]
        rows = [dict(zip(header, line, strict=False)) for line in lines]
        if kind in ("shared_photo", "photo_gps"):
            picture = _entry(feed, fault["bundle"], fault["entry"])
            if kind == "shared_photo":
                assert picture == _entry(feed, photos[fault["same_as"]], fault["same_as"])
            else:
                gps = Image.open(io.BytesIO(picture)).getexif().get_ifd(0x8825)
                lat = sum(float(part) / 60**i for i, part in enumerate(gps[2]))
                assert lat == pytest.approx(fault["gps"][0], abs=1e-4)
        elif "duplicate" in kind:
            assert len(lines) > 1 and all(line == lines[0] for line in lines)
            assert (len({path for path, _ in fault["rows"]}) > 1) == ("across" in kind)
        elif kind.startswith("ragged"):
            assert [len(line) for line in lines] == [40 if kind == "ragged_short" else 42]
        else:
            written = [row[fault["column"]] for row in rows if row[fault["column"]]]
            assert set(written) == {fault["written"]} - {""} and fault["written"] != fault["right"]
        if kind in ("family_transfer", "foreclosure", "extra_zero", "quick_resale"):
            bounds = {
                "family_transfer": (0.4, 0.7), "foreclosure": (0.65, 0.85),
                "quick_resale": (0.4, 2.4),
            }  # fmt: skip
            low, high = bounds.get(kind, (7, 14))
            paid = float(rows[-1]["ClosePrice"]) / worth[fault["matrix_unique_id"]]
            assert low - 0.01 < paid < high + 0.01


def test_a_quick_resale_follows_a_sale_of_its_home_at_another_price(market):
    deals = pd.DataFrame(market.truth["listings"]).query("domain == 'sale'")
    sold = deals[deals["kind"] == "good"].groupby("home")[["close_date", "close_price"]].last()
    again = deals[deals["kind"] == "quick_resale"].join(sold, on="home", suffixes=("", "_before"))
    gap = pd.to_datetime(again["close_date"]) - pd.to_datetime(again["close_date_before"])
    assert len(again) == 15 and gap.dt.days.between(95, 170).all()
    ratio = again["close_price"] / again["close_price_before"]
    assert not ratio.between(0.75, 1.5).any() and (ratio > 1.5).any() and (ratio < 0.75).any()


def test_bulk_sales_are_parcels_of_neighbours_that_bear_one_price(market):
    deals = pd.DataFrame(market.truth["listings"]).query("kind == 'bulk_sale'")
    homes = pd.DataFrame(market.truth["homes"]).set_index("home")
    parcels = deals.join(homes["zip"], on="home").groupby("close_date")
    assert len(deals) == 30 and (parcels.size() % 3 == 0).all()
    for _, parcel in parcels:
        assert len(parcel) > 3 or (parcel["zip"].nunique() == parcel["close_price"].nunique() == 1)
        assert (parcel["close_price"] > 1.5 * parcel["true_value"]).mean() > 0.6


def test_forced_sales_say_so_in_words_or_in_their_column(market):
    last = newest(market).query("kind == 'foreclosure'")
    told = last["SpecialListingConditions"] != "Standard"
    words = last["RemarksPublic"].str.contains("Bank owned|a short sale|at auction")
    assert (told ^ (words & ~told)).all() and 0.2 < told.mean() < 0.8


def _entry(feed, bundle, entry):
    return zipfile.ZipFile(io.BytesIO(feed.files[bundle])).read(entry)


def test_the_truth_names_every_row_that_is_ragged_nameless_or_repeated(feed):
    found = {"ragged": [], "nameless": [], "repeated": []}
    seen = Counter()
    for path, (header, *rows) in read(feed).items():
        for number, row in enumerate(rows, 1):
            found["ragged"] += [[path, number]] * (len(row) != len(header))
            found["nameless"] += [[path, number]] * (row[0] == row[1] == "")
            seen[tuple(row)] += 1
    told = {"ragged": [], "nameless": []}
    for fault in feed.truth["faults"]:
        name = {"missing_identity": "nameless"}.get(fault["kind"], fault["kind"].split("_")[0])
        if name in told:
            told[name] += fault["rows"]
    assert sorted(told["ragged"]) == sorted(found["ragged"])
    assert sorted(told["nameless"]) == sorted(found["nameless"])
    groups = [f for f in feed.truth["faults"] if "duplicate" in f["kind"]]
    assert sum(len(f["rows"]) for f in groups) == sum(n for n in seen.values() if n > 1)


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


def test_quality_moves_prices_but_not_the_table(market):
    sales = good_sales(market)
    left = residuals(design(sales), np.log(sales["ClosePrice"].astype(float)))
    assert np.corrcoef(left, sales["quality"])[0, 1] > 0.7
    praised = sales["RemarksPublic"].str.contains("pdated|novated|fixtures|kept").astype(float)
    assert 0.05 < np.corrcoef(praised, sales["quality"])[0, 1] < 0.35
    for column in ("SqFtTotal", "YearBuilt", "BedsTotal", "GarageCap", "AnnualMaintFee"):
        values = pd.to_numeric(sales[column]).fillna(0)
        assert abs(np.corrcoef(values, sales["quality"])[0, 1]) < 0.08, column


def test_the_market_level_can_be_read_from_the_sales(market):
    sales = good_sales(market)
    left = residuals(design(sales, with_time=False), np.log(sales["ClosePrice"].astype(float)))
    quarter = days(sales) // 92
    seen = left.groupby(quarter).mean()
    truth = market.truth["market"]
    starts = pd.to_datetime(pd.Series(truth["month_starts"]))
    level = np.interp(days(sales), (starts - starts[0]).dt.days, truth["sale_log_level"])
    true = pd.Series(level, sales.index).groupby(quarter).mean()
    assert np.corrcoef(seen, true)[0, 1] > 0.88
    assert np.polyfit(true, seen, 1)[0] == pytest.approx(1, abs=0.25)
    assert 0.10 < true.iloc[-1] - true.iloc[0] < 0.25  # four years, mostly rising


def test_prices_hover_around_the_true_value_and_the_list_price(market):
    last = newest(market).query("kind == 'good'")
    price = last["ClosePrice"].astype(float)
    noise = np.log(price / last["true_value"])
    assert noise.std() == pytest.approx(0.06, abs=0.01) and abs(noise.mean()) < 0.01
    asked = np.log(last["ListPrice"].astype(float) / price)
    assert asked.std() == pytest.approx(0.03, abs=0.006)
    sold = last["ForLease"] == "False"
    assert 200_000 < price[sold].median() < 450_000 and 1_200 < price[~sold].median() < 3_500


def test_one_picture_is_a_noisy_read_of_quality(feed):
    quality = {home["home"]: home["quality"] for home in feed.truth["homes"]}
    seen = []
    for photo in feed.truth["photos"]:
        image = Image.open(io.BytesIO(_entry(feed, photo["bundle"], photo["entry"])))
        assert image.size == (160, 120)
        _, saturation, value = np.asarray(image.convert("HSV"), dtype=float).mean(axis=(0, 1))
        seen.append((saturation, value, photo["quality"], quality[photo["home"]]))
    links = pd.DataFrame(seen, columns=["saturation", "value", "shown", "quality"]).corr()
    assert 0.3 < links.loc["saturation", "quality"] < 0.7
    assert 0.15 < links.loc["value", "quality"] < 0.7
    assert 0.6 < links.loc["shown", "quality"] < 0.9


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
    truth = demo.generate(seed=7, **SMALL | {"sales": 1500}).truth
    photos, kinds = truth["photos"], {one["entry"]: one["kind"] for one in truth["photos"]}
    assert set(kinds.values()) <= set(room_names.ROOM_WORDS), "a word that nobody understands"
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
        demo.generate(seed=1, **SMALL | wrong, photos=False)


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
