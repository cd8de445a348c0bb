"""Comparables: exact against a naive search, strictly of the past, and in true kilometres."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from lib.features.nearby import comparables
from lib.features.nearby.comparables import ComparablesSettings, MetricAxis
from lib.features.nearby.nearest import count_past_within, nearest_past_points
from tests.support.hypothesis_profiles import examples
from tests.support.market import kilometres

SPEC = ComparablesSettings(k=3, km=2.0, days=100, area_elasticity=0.5, axes={})
DAY = pd.Timestamp("2024-06-01")


def frame(*homes):
    """Homes that are alike but for what is given; `ago` is the days before DAY they closed."""
    alike = {"postal_code": "98001", "latitude": 47.5, "longitude": -122.0, "living_area": 2000.0,
             "close_price": 500000.0}  # fmt: skip
    rows = [
        alike | {"listing_key": f"k{i}", "own_home_key": f"p{i}"} | h for i, h in enumerate(homes)
    ]
    table = pd.DataFrame(rows)
    ago = table.pop("ago") if "ago" in table else pd.Series(10, index=table.index)
    table["close_date"] = DAY - pd.to_timedelta(ago.fillna(10), unit="D")
    return table


def home(**changes):
    return frame({"own_home_key": "own"} | changes).assign(as_of=DAY)


def naive(points, days, at, as_of, k):
    """Every query against every point, one by one."""
    index, distance = [], []
    for place, date in zip(at, as_of, strict=True):
        near = sorted(
            (float(np.sqrt(((place - point) ** 2).sum())), i)
            for i, (point, day) in enumerate(zip(points, days, strict=True))
            if day < date
        )[:k]
        near += [(np.inf, -1)] * (k - len(near))
        index.append([i for _, i in near])
        distance.append([d for d, _ in near])
    shape = (len(at), k)
    return np.array(index).reshape(shape), np.array(distance).reshape(shape)


@examples(120)
@given(
    seed=st.integers(0, 2**32 - 1),
    sales=st.integers(0, 70),
    queries=st.integers(0, 12),
    k=st.integers(1, 9),
    block=st.sampled_from([1, 2, 3, 5, 8, 512]),
    dates=st.sampled_from([1, 3, 1000]),
    grid=st.booleans(),
)
def test_nearest_past_is_what_a_naive_loop_finds(seed, sales, queries, k, block, dates, grid):
    rng = np.random.default_rng(seed)
    points, at = rng.normal(size=(sales, 3)), rng.normal(size=(queries, 3))
    if grid:  # many equal distances
        points, at = points.round(), at.round()
    days, as_of = rng.integers(0, dates, sales), rng.integers(-1, dates + 1, queries)
    index, distance = nearest_past_points(points, days, at, as_of, k, block)
    wanted_index, wanted = naive(points, days, at, as_of, k)
    np.testing.assert_allclose(distance, wanted, rtol=1e-9, atol=1e-9)
    if not grid:
        np.testing.assert_array_equal(index, wanted_index)
    there = index >= 0
    rows = np.nonzero(there)[0]
    assert (days[index[there]] < as_of[rows]).all()
    gaps = np.linalg.norm(points[index[there]] - at[rows], axis=1)
    np.testing.assert_allclose(gaps, distance[there], atol=1e-9)
    for row in index:  # nobody is his neighbour twice
        assert len(set(row[row >= 0])) == (row >= 0).sum()


def test_many_listings_of_one_day_take_little_memory_and_none_is_left_out():
    rng = np.random.default_rng(0)
    points, at = rng.normal(size=(500, 6)), rng.normal(size=(8000, 6))
    dates = np.zeros(len(points), int), np.ones(len(at), int)
    tracemalloc.start()
    index, _ = nearest_past_points(points, dates[0], at, dates[1], 3)
    near = count_past_within(points, dates[0], at, dates[1], 2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6, f"{peak / 1e6:.0f} MB"
    gaps = cdist(at, points)
    np.testing.assert_array_equal(index, np.argsort(gaps, axis=1)[:, :3])
    np.testing.assert_array_equal(near, (gaps <= 2).sum(axis=1))


def test_a_sale_of_the_same_day_is_no_comparable():
    sales = frame({"ago": 0}, {"ago": 1}, {"ago": -1})
    index, distance = comparables.find_comparables(home(), sales, SPEC)
    assert index.tolist() == [[1, -1, -1]]
    assert np.isfinite(distance).tolist() == [[True, False, False]]


def test_earlier_sales_of_the_home_itself_are_left_out_and_replaced():
    sales = frame({"own_home_key": "own"}, {"own_home_key": "own", "ago": 11}, {"ago": 12},
                  {"ago": 13}, {"ago": 14}, {"ago": 15})  # fmt: skip
    index, _ = comparables.find_comparables(home(), sales, SPEC)
    assert index.tolist() == [[2, 3, 4]]


def test_two_homes_exclude_each_its_own():
    sales = frame({"own_home_key": "a"}, {"own_home_key": "b"})
    both = pd.concat([home(own_home_key="a"), home(own_home_key="b")], ignore_index=True)
    assert comparables.find_comparables(both, sales, SPEC)[0][:, 0].tolist() == [1, 0]


@pytest.mark.parametrize("place", [(47.5, -122.0), (29.7, -95.4), (-33.9, 151.2), (0.0, 0.0)])
@pytest.mark.parametrize("step", [(0.1, 0), (0, 0.1), (0.1, 0.1), (0.1, -0.1), (-0.02, 0.01)])
def test_distance_is_true_kilometres_in_every_direction(place, step):
    other = (place[0] + step[0], place[1] + step[1])
    points = comparables.metric_coordinates(
        frame(*({"latitude": lat, "longitude": lon} for lat, lon in (place, other))),
        pd.Series([DAY, DAY]),
        SPEC,
        by_zip=False,
    )
    apart = np.linalg.norm(points[0] - points[1])
    assert apart == pytest.approx(kilometres(place, other) / SPEC.km, rel=0.01)


def test_one_unit_on_each_axis_is_its_scale():
    axes = {
        "living_area": MetricAxis(typical=2000, scale=0.25, log=True),
        "year_built": MetricAxis(typical=1980, scale=20),
        "local_absent": MetricAxis(typical=0, scale=1),  # a feed without it lacks the axis
    }
    spec = SPEC.model_copy(update={"axes": axes})
    homes = frame(
        {"year_built": 1980.0},
        {"year_built": 2000.0},
        {"year_built": 1980.0, "living_area": 2000 * np.exp(0.25)},
        {"year_built": np.nan, "living_area": 0.0},  # missing or impossible counts as typical
        {"year_built": 1980.0},
    )
    dates = pd.Series([DAY] * 4 + [DAY - pd.Timedelta(days=100)])
    points = comparables.metric_coordinates(homes, dates, spec, by_zip=False)
    gaps = np.linalg.norm(points - points[0], axis=1)
    np.testing.assert_allclose(gaps, [0, 1, 1, 0, 1], atol=1e-9)


def test_an_axis_that_a_feed_holds_as_text_is_none():
    axes = {
        "local_grade": MetricAxis(typical=7, scale=1),
        "year_built": MetricAxis(typical=1980, scale=20),
    }
    homes = frame({"local_grade": "Good", "year_built": 2000.0}, {"local_grade": None})
    np.testing.assert_array_equal(comparables.scaled_attributes(homes, axes), [[1.0], [0.0]])


def test_homes_without_coordinates_get_comparables_of_their_zip():
    nowhere = {"latitude": np.nan, "longitude": np.nan}
    sales = frame(
        nowhere | {"postal_code": "98002"}, {}, nowhere | {"ago": 300}, {"postal_code": "98002"},
        nowhere | {"postal_code": None}, {"latitude": np.nan, "ago": 20},
        {"postal_code": "98003", "ago": 400},
    )  # fmt: skip
    index, distance = comparables.find_comparables(home(**nowhere), sales, SPEC)
    # its own ZIP before all others, however old, whether a sale has coordinates or not
    assert sorted(index[0].tolist()) == [1, 2, 5]
    assert distance.max() < 100  # and told in units of unlikeness, not of a far-off place
    with_place, _ = comparables.find_comparables(home(), sales, SPEC)
    assert with_place[0].tolist() == [1, 3, 6]  # and those with a place among themselves


NOWHERE = {"latitude": np.nan, "longitude": np.nan}


def test_a_home_with_coordinates_among_sales_without_is_compared_by_zip():
    sales = frame({}, NOWHERE, NOWHERE | {"ago": 11}, NOWHERE | {"ago": 12})
    index, _ = comparables.find_comparables(home(), sales, SPEC)
    assert sorted(index[0].tolist()) == [0, 1, 2]
    # two more with coordinates: from the day on which enough of them had closed, by the map
    sales = pd.concat([sales, frame({"ago": 5}, {"ago": 5})], ignore_index=True)
    days = DAY - pd.to_timedelta([5, 4], unit="D")
    homes = pd.concat([home()] * 2, ignore_index=True).assign(as_of=days)
    assert comparables.uses_coordinates(homes, sales, SPEC.k).tolist() == [False, True]
    index, _ = comparables.find_comparables(homes, sales, SPEC)
    assert [sorted(row) for row in index.tolist()] == [[0, 1, 2], [0, 4, 5]]


def test_where_all_sales_have_coordinates_few_of_them_are_still_on_the_map():
    assert comparables.uses_coordinates(home(), frame({}), SPEC.k).all()
    assert comparables.uses_coordinates(home(), frame({}).iloc[:0], SPEC.k).all()
    assert not comparables.uses_coordinates(home(**NOWHERE), frame({}, {}, {}), SPEC.k).any()


def test_fewer_sales_than_k_and_none_at_all():
    index, distance = comparables.find_comparables(home(), frame({}), SPEC)
    assert index.tolist() == [[0, -1, -1]]
    assert distance[0, 1:].tolist() == [np.inf, np.inf]
    none = frame({}).iloc[:0]
    found = comparables.find_comparables(home(), none, SPEC)
    assert (found[0] == -1).all() and np.isinf(found[1]).all() and found[0].shape == (1, 3)
    said = comparables.comparable_features(home(), none, found, SPEC)
    assert said["comp_count"].tolist() == [0]
    assert all(np.isnan(value[0]) for name, value in said.items() if name != "comp_count")


def test_features_of_a_case_worked_by_hand():
    sales = frame(
        {"ago": 100, "close_price": 100.0, "living_area": 10.0},
        {"ago": 250, "close_price": 400.0, "living_area": np.nan},
    )
    subject = home(living_area=40.0)
    found = (np.array([[0, 1, -1]]), np.array([[0.5, 1.5, np.inf]]))
    said = {
        name: v[0]
        for name, v in comparables.comparable_features(subject, sales, found, SPEC).items()
    }
    # weights 1 / (0.5 + distance) = 1 and 1/2, that is 2/3 and 1/3
    # four times the size at elasticity 0.5 doubles the first price: 200; the second stays 400
    level = (2 * np.log(200) + np.log(400)) / 3
    assert said["comp_log_price"] == pytest.approx(level)
    # the second has no size: the first alone says 10 a square foot
    assert said["comp_log_price_per_square_foot"] == pytest.approx(np.log(10))
    spread = np.sqrt((2 * (np.log(200) - level) ** 2 + (np.log(400) - level) ** 2) / 3)
    assert said["comp_spread"] == pytest.approx(spread)
    assert said["comp_count"] == 2
    assert said["comp_distance"] == pytest.approx((2 * 0.5 + 1.5) / 3)
    assert said["comp_age_days"] == pytest.approx((2 * 100 + 250) / 3)
    # prices double before the home's date: of the first sale alone
    moved = np.array([[np.log(2), 0.0, 9.0]])
    later = comparables.comparable_features(subject, sales, found, SPEC, moved)
    assert later["comp_log_price"][0] == pytest.approx(np.log(400))
    assert later["comp_log_price_per_square_foot"][0] == pytest.approx(np.log(20))
    assert later["comp_spread"][0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("area", [0.0, np.nan, -5.0])
@pytest.mark.filterwarnings("error")
def test_an_impossible_size_counts_as_unknown(area):
    """Portals write 0 for an unknown size; its logarithm must not reach a feature."""
    for subject, sale in ((area, 2000.0), (2000.0, area)):
        sales, homes = frame({"living_area": sale}), home(living_area=subject)
        said = comparables.comparable_features(
            homes, sales, comparables.find_comparables(homes, sales, SPEC), SPEC
        )
        assert said["comp_log_price"][0] == pytest.approx(np.log(500000))


def test_a_sale_at_distance_zero_weighs_most_and_finitely():
    sales = frame({"ago": 0.0001, "close_price": 300000.0})
    homes = home()
    found = (np.array([[0]]), np.array([[0.0]]))
    assert comparables.comparable_features(homes, sales, found, SPEC)["comp_log_price"][
        0
    ] == pytest.approx(np.log(300000))
