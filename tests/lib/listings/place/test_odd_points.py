"""Coordinates that cannot be are named with a reason; rural homes and flats are honest."""

import numpy as np
import pandas as pd
import pytest

from lib.listings.normalize import normalize, typed_cells
from lib.listings.place import odd_points
from lib.listings.place.odd_points import POINT

ZIPS = ["77002", "77019", "77056", "77379", "77449"]


def town(n=60, seed=0):
    """Homes of five ZIPs some 20 km apart, each around its middle; rows in no order."""
    rng = np.random.default_rng(seed)
    zips = np.repeat(ZIPS, n)
    number = np.repeat(np.arange(len(ZIPS)), n)
    table = pd.DataFrame(
        {
            "latitude": 29.7 + 0.2 * number + rng.normal(0, 0.02, len(zips)),
            "longitude": -95.4 - 0.1 * number + rng.normal(0, 0.02, len(zips)),
            "postal_code": zips,
            "city": np.array(["HOUSTON", "HOUSTON", "HOUSTON", "SPRING", "KATY"])[number],
            "state_or_province": "TX",
            "street_name": [f"STREET{i % 37}" for i in range(len(zips))],
            "year_built": rng.integers(1950, 2020, len(zips)).astype(float),
            "property_key": [f"home{i}" for i in range(len(zips))],
        }
    )
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def reasons(table):
    return odd_points.odd_points(table)


def put(table, rows, latitude, longitude):
    table = table.copy()
    table.loc[rows, list(POINT)] = np.column_stack([latitude, longitude])
    return table


@pytest.mark.parametrize("columns", [[], ["street_name"], ["state_or_province", "city"]])
def test_an_honest_town_has_no_odd_point(columns):
    assert (reasons(town().drop(columns=columns)) == "").all(axis=None)


ROWS = np.arange(0, 60, 4)  # a row in twenty


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lat, lon: (0 * lat, 0 * lon), odd_points.ZERO),
        (lambda lat, lon: (lat, 0 * lon), odd_points.ZERO),
        (lambda lat, lon: (0 * lat, lon), odd_points.ZERO),
        (lambda lat, lon: (lat, lon + np.nan), odd_points.HALF_POINT),
        (lambda lat, lon: (lat + np.nan, lon), odd_points.HALF_POINT),
        (lambda lat, lon: (0 * lat - 1, 0 * lon - 1), odd_points.WHOLE_DEGREES),
        (lambda lat, lon: (0 * lat + 30, 0 * lon - 95), odd_points.WHOLE_DEGREES),
        (lambda lat, lon: (lat * 1e6, lon * 1e6), odd_points.NO_DEGREES),
        (lambda lat, lon: (lat * 0 + 13840000.0, lon * 0 + 3120000.0), odd_points.NO_DEGREES),
        (lambda lat, lon: (lat * 0 + 999, lon * 0 + 999), odd_points.NO_DEGREES),
        (lambda lat, lon: (lat - 88, lon), odd_points.NO_HOMES),
        (lambda lat, lon: (lat, -lon), odd_points.EASTERN),
        (lambda lat, lon: (-lat, lon), odd_points.SIGN),
        (lambda lat, lon: (-lat, -lon), odd_points.SIGN),
        (lambda lat, lon: (lon, lat), odd_points.SWAPPED),
        (lambda lat, lon: (-lon, lat), odd_points.SWAPPED),
        (lambda lat, lon: (lat + 4, lon + 3), odd_points.FAR_FROM_ZIP),  # another state
        (lambda lat, lon: (lat * 0 + 39.8283, lon * 0 - 98.5795), odd_points.SHARED),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_what_cannot_be_goes_with_its_reason_and_nothing_else_does(change, reason, named):
    table = town() if named else town().drop(columns=["state_or_province", "city"])
    if not named and reason == odd_points.EASTERN:
        reason = odd_points.SIGN
    latitude, longitude = (table.loc[ROWS, name].to_numpy() for name in POINT)
    got = reasons(put(table, ROWS, *change(latitude, longitude)))
    assert (got.loc[ROWS, "point"] == reason).all()
    assert (got.drop(index=ROWS) == "").all(axis=None)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.4])
@pytest.mark.parametrize("kind", ["zero", "sign", "swapped", "centroid"])
def test_many_of_a_kind_hide_neither_themselves_nor_the_others(share, kind):
    table = town(seed=1).drop(columns=["state_or_province"])
    rows = np.arange(max(10, int(share * len(table))))  # ten: a point of fewer is no area's
    latitude, longitude = (table.loc[rows, name].to_numpy() for name in POINT)
    points = {
        "zero": (0 * latitude, 0 * longitude),
        "sign": (latitude, -longitude),
        "swapped": (longitude, latitude),
        "centroid": (0 * latitude + 29.7604, 0 * longitude - 95.3698),
    }
    got = reasons(put(table, rows, *points[kind]))
    assert (got.loc[rows, "point"] != "").all()
    assert (got.drop(index=rows) == "").all(axis=None)


def test_a_home_amid_those_of_another_zip_is_far_from_its_own():
    table = town()
    rows = table.index[table["postal_code"] == "77449"][:2]
    homes = table[table["postal_code"] == "77002"]
    got = reasons(put(table, rows, *(homes[name][:2].to_numpy() + 0.001 for name in POINT)))
    assert (got.loc[rows, "point"] == odd_points.FAR_FROM_ZIP).all()
    assert (got.drop(index=rows) == "").all(axis=None)


def test_where_city_and_place_agree_it_is_the_zip_that_goes():
    table = town()
    rows = table.index[table["postal_code"] == "77449"][:3]  # Katy
    wrong = table.copy()
    wrong.loc[rows, "postal_code"] = "77002"  # Houston, 90 km away
    got = reasons(wrong)
    assert (got.loc[rows, "postal_code"] == odd_points.WRONG_ZIP).all()
    assert (got["point"] == "").all() and (got.drop(index=rows) == "").all(axis=None)


def rural():
    """A wide ZIP: a town, homes along a road of 60 km, and a ranch 30 km from all."""
    rng = np.random.default_rng(3)
    road = pd.DataFrame({"latitude": 31.0 + np.linspace(0, 0.55, 25), "longitude": -103.0})
    inner = pd.DataFrame({"latitude": 31 + rng.normal(0, 0.02, 60), "longitude": -103.0})
    ranch = pd.DataFrame({"latitude": [31.0], "longitude": [-103.32]})
    far = pd.concat([road, inner, ranch], ignore_index=True)
    return far.assign(longitude=far["longitude"] + rng.normal(0, 0.001, len(far)))


@pytest.mark.parametrize("lone", [False, True])
def test_homes_of_a_wide_rural_zip_are_honest(lone):
    table = rural().assign(postal_code="79735")
    if not lone:
        table = pd.concat([table, town()], ignore_index=True)
    assert (reasons(table) == "").all(axis=None)


@pytest.mark.parametrize("few", [1, 3, 9])
def test_a_listing_of_another_state_with_its_own_zip_is_honest(few):
    away = town(few).head(few).assign(
        latitude=33.4 + np.arange(few) / 100, longitude=-112.1, postal_code="85004",
        state_or_province="AZ", city="PHOENIX",
    )  # fmt: skip
    assert (reasons(pd.concat([town(), away], ignore_index=True)) == "").all(axis=None)


@pytest.mark.parametrize("streets", [True, False])
def test_a_tower_of_flats_shares_one_point_and_is_honest(streets):
    table = town()
    rows = np.arange(40)
    table = put(table, rows, np.full(40, 29.7512), np.full(40, -95.3611))
    table.loc[rows, ["street_name", "year_built", "postal_code"]] = ["MAIN", 2006.0, "77002"]
    table.loc[rows[:3], "street_name"] = "3RD"  # its other entrance
    if not streets:
        table = table.drop(columns="street_name")
    assert (reasons(table) == "").all(axis=None)


@pytest.mark.parametrize("streets", [True, False])
def test_one_point_of_many_homes_stands_for_an_area(streets):
    table = town(seed=2)
    rows = table.index[table["postal_code"] == "77002"][:20]
    table = put(table, rows, np.full(20, 29.7), np.full(20, -95.4))
    table = table if streets else table.drop(columns="street_name")
    got = reasons(table)
    assert (got.loc[rows, "point"] == odd_points.SHARED).all()
    assert (got.drop(index=rows) == "").all(axis=None)


@pytest.mark.parametrize("digits", [1, 2])
def test_places_that_are_rounded_throughout_are_honest(digits):
    table = town()
    got = reasons(table.assign(**{name: table[name].round(digits) for name in POINT}))
    assert (got[["point", "postal_code"]] == "").all(axis=None)


def test_centroids_of_zips_throughout_stay_and_are_noted():
    table = town()
    middle = table.groupby("postal_code")[list(POINT)].transform("median")
    got = reasons(table.assign(**{name: middle[name] for name in POINT}))
    assert (got["point"] == "").all() and (got["note"] == odd_points.COARSE).all()


def test_a_feed_at_greenwich_or_the_equator_has_honest_zeros():
    table = town().drop(columns=["state_or_province", "city", "postal_code"])
    for name in POINT:
        moved = table.assign(**{name: (table[name] - table[name].median()).round(2)})
        assert (moved[name] == 0).any()
        assert (reasons(moved)["point"] == "").all()


def test_a_feed_that_is_swapped_throughout_has_no_place():
    """Chicago: -87 is a latitude too, and nothing in the feed lies elsewhere."""
    table = town().drop(columns=["state_or_province", "city"])
    got = reasons(table.assign(latitude=table["longitude"] + 8, longitude=table["latitude"] + 12))
    assert (got["point"] == odd_points.NO_HOMES).all()


def test_rows_without_a_zip_are_judged_by_the_whole_feed():
    table = town().assign(postal_code=None)
    got = reasons(put(table, [7], 47.01, -69.02))
    assert got["point"].tolist().count(odd_points.FAR_FROM_FEED) == 1
    assert got.loc[7, "point"] == odd_points.FAR_FROM_FEED


def test_reasons_do_not_depend_on_the_order_of_rows():
    table = put(town(), ROWS[:5], 0.0, -95.0)
    table = put(table, [70, 71], 40.0, -80.0)
    got = reasons(table)
    order = np.random.default_rng(0).permutation(len(table))
    again = reasons(table.iloc[order].reset_index(drop=True))
    pd.testing.assert_frame_equal(again, got.iloc[order].reset_index(drop=True))


def test_normalize_sets_them_missing_and_lists_each_cell_with_its_reason():
    table = put(town(), [3, 4], 0.0, 0.0)
    table = put(table, [5], np.nan, -95.4)
    katy = table.index[table["postal_code"] == "77449"][-2:]
    table.loc[katy, "postal_code"] = "77002"
    lineage = {"listing_key": "k", "domain": "sale", "_source_file": "f"}
    issues = typed_cells.Issues(table.assign(**lineage, _source_row=table.index))
    got = normalize.null_odd_points(table, issues)
    assert got.loc[[3, 4, 5], list(POINT)].isna().all(axis=None)
    assert got.loc[katy, "postal_code"].isna().all() and got["latitude"].notna().sum() == 297
    listed = issues.table().groupby(["column", "reason"]).size().to_dict()
    assert listed == {
        ("latitude", odd_points.ZERO): 2,
        ("longitude", odd_points.ZERO): 2,
        ("longitude", odd_points.HALF_POINT): 1,
        ("postal_code", odd_points.WRONG_ZIP): 2,
    }
    assert issues.table()["set_missing"].all() and table["latitude"].notna().sum() == 299
