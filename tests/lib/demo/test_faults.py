"""The faults of the demo feed: each kind is in the bytes, and the truth names it."""

import io
import zipfile
from collections import Counter

import pandas as pd
import pytest
from PIL import Image

from tests.support.demo_feed import entry, newest, read

KINDS = {
    "missing_identity", "unparseable_close_date", "nominal_price", "ragged_short", "ragged_long",
    "close_before_listing", "family_transfer", "foreclosure", "extra_zero", "quick_resale",
    "bulk_sale", "zero_square_feet",
    "year_built_zero", "year_built_future", "postal_plus_four", "postal_spaces",
    "missing_coordinates", "acres_hold_square_feet", "unparseable_pending_date", "quoted_newline",
    "accented_remarks", "exact_duplicate", "duplicate_across_files", "shared_photo", "photo_gps",
}  # fmt: skip


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
            picture = entry(feed, fault["bundle"], fault["entry"])
            if kind == "shared_photo":
                assert picture == entry(feed, photos[fault["same_as"]], fault["same_as"])
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
