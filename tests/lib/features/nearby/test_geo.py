"""Where a home lies among earlier sales: against a naive loop, and over the pole of a flat map."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.features.nearby.comparables import EARTH_KM
from lib.features.nearby.geo import GeoSettings, centroid_distance_km, geo_features
from lib.features.nearby.nearest import count_past_within
from tests.support.hypothesis_profiles import examples
from tests.support.market import FEATURES, SPEC, TABLE, kilometres

SALES = TABLE[TABLE["standard_status"] == "Closed"].dropna(subset=["latitude", "longitude"])


def past(home, since=None):
    before = SALES[SALES["close_date"] < home["as_of"]]
    if since is not None:
        before = before[before["close_date"] >= home["as_of"] - pd.Timedelta(days=since)]
    return before


def away(home, table):
    """Great-circle kilometres from a home to each place of a table."""
    return [
        kilometres((home["latitude"], home["longitude"]), place)
        for place in zip(table["latitude"], table["longitude"], strict=True)
    ]


def test_features_are_what_a_naive_loop_finds():
    for index in FEATURES.index[::3]:
        home, built = TABLE.loc[index], FEATURES.loc[index]
        if np.isnan(home["latitude"]):
            assert built[["geo_center_km", "geo_zip_center_km", "geo_sales_near"]].isna().all()
            continue
        near = sum(km <= SPEC.geo.km for km in away(home, past(home, SPEC.geo.days)))
        assert built["geo_sales_near"] == near
        same_zip = past(home)[past(home)["postal_code"] == home["postal_code"]]
        for name, table in (("geo_center_km", past(home)), ("geo_zip_center_km", same_zip)):
            # over a town the mean of degrees is the centroid, to a few metres
            middle = pd.DataFrame(table[["latitude", "longitude"]].mean()).T
            wanted = away(home, middle)[0] if len(table) else np.nan
            assert built[name] == pytest.approx(wanted, abs=0.01, nan_ok=True)


def test_places_sold_before_1970_have_a_centre_of_their_own_group():
    at = np.array([[1.0, 0, 0], [0, 1, 0]]) * EARTH_KM
    found = centroid_distance_km(
        at, np.array([0, 1]), np.array([10, 10]), at, np.array([0, 1]), np.array([5, -5000])
    )
    np.testing.assert_allclose(found, 0, atol=1e-3)


@examples(60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(0, 15), st.integers(1, 9))
def test_count_past_is_what_a_naive_loop_finds(seed, sales, queries, block):
    rng = np.random.default_rng(seed)
    points, at = rng.integers(0, 5, (sales, 2)) * 1.0, rng.integers(0, 5, (queries, 2)) * 1.0
    days, as_of = rng.integers(0, 6, sales), rng.integers(0, 6, queries)
    found = count_past_within(points, days, at, as_of, 2.0, block)
    sold = list(zip(points, days, strict=True))
    wanted = [
        sum(day < date and np.hypot(*(point - place)) <= 2 for point, day in sold)
        for place, date in zip(at, as_of, strict=True)
    ]
    assert found.tolist() == wanted


def test_a_feed_without_any_place_has_none():
    homes = TABLE.iloc[:3].assign(latitude=np.nan, as_of=TABLE["as_of"].dropna().iloc[0])
    for values in geo_features(homes, SALES, GeoSettings(km=1, days=9)).values():
        assert np.isnan(values).all()
