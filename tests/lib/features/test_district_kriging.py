"""Districts: what universal kriging by a naive solve says of each home, and of its past alone."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from lib.features import district_kriging, hedonic
from lib.features.asof.rule import days_since_epoch, log_positive
from lib.features.nearby import comparables
from tests.support.market import SPEC as FEATURES
from tests.support.market import START, dear_street, market

SPEC = FEATURES.districts
AXES = FEATURES.kriging.axes
TABLE = market(420)
CLOSED = TABLE["standard_status"] == "Closed"
SALES = TABLE[CLOSED].sort_values(["close_date", "listing_key"]).reset_index(drop=True)
LATE = TABLE[TABLE["as_of"] > START + pd.Timedelta(days=200)].reset_index(drop=True)


def said(homes, sales=SALES, **changes):
    spec = SPEC.model_copy(update=changes)
    return district_kriging.district_features(homes, sales, AXES, np.zeros(len(homes)), spec)[
        "comp_district_log_price"
    ]


def naive(home, past, by_zip):
    """Kriging written out for one home (a frame of one row): every pair, a plain inverse."""
    both = pd.concat([past, home])
    dates = pd.concat([past["close_date"], home["as_of"]])
    km = cdist(*[comparables.position_km(both, by_zip)] * 2)
    own = np.clip(comparables.scaled_attributes(both, AXES), -hedonic.LIMIT, hedonic.LIMIT)
    own2 = np.hstack([own, own**2])
    zips = both["postal_code"].to_numpy(object)
    days = days_since_epoch(dates) - days_since_epoch(past["close_date"])[0]
    full = (
        1.0
        + SPEC.place_variance * np.exp(-km / SPEC.reach_km)
        + SPEC.like_variance * np.exp(-np.hypot(km / SPEC.like_km, cdist(own, own) / SPEC.likeness))
        + SPEC.axis_variance * own2 @ own2.T
        + SPEC.zip_variance * (zips[:, None] == zips)
        + SPEC.month_variance * np.minimum(days[:, None], days) / 30
    )
    inside = full[:-1, :-1] + SPEC.noise_variance * np.eye(len(past))
    price = log_positive(past["close_price"])
    level = np.median(price[: SPEC.minimum_sales])
    return level + full[-1, :-1] @ np.linalg.inv(inside) @ (price - level)


def test_each_home_is_valued_as_a_naive_solve_of_its_own_past_says():
    """In one district, with and without coordinates, and for sales and listings alike."""
    found = said(LATE, most=1000)
    for i in range(0, len(LATE), 9):
        home = LATE.iloc[[i]]
        by_zip = bool(np.isnan(home["latitude"].iloc[0]))
        past = SALES[SALES["close_date"] < home["as_of"].iloc[0]]
        past = past if by_zip else past[comparables.has_coordinates(past)]
        assert found[i] == pytest.approx(naive(home, past, by_zip), abs=1e-8)
    assert LATE["latitude"].isna().iloc[::9].any()


def test_a_district_that_is_full_is_cut_and_each_half_knows_its_own_sales_alone():
    homes, sales = (t[comparables.has_coordinates(t)].reset_index(drop=True) for t in (LATE, SALES))
    at, known = (
        district_kriging.make_map_points(t, t[date], {}, AXES, False)
        for t, date in ((homes, "as_of"), (sales, "close_date"))
    )
    met = np.zeros(len(homes), int)
    cut = 0
    for mine, ours in district_kriging.split_districts(at, known, 0.3, 100, 10):
        met[mine] += 1
        assert len(ours) <= 100 and (np.diff(ours) > 0).all()
        if not len(mine):
            continue
        past = np.searchsorted(known.days, at.days[mine])
        inside = np.searchsorted(known.days[ours], at.days[mine])
        assert (inside <= past).all()
        if len(ours) and (inside < past).any():  # a part of the map: homes and sales share it
            cut += 1
            box = known.flat[ours].min(axis=0), known.flat[ours].max(axis=0)
            assert np.mean((at.flat[mine] > box[0]) & (at.flat[mine] < box[1])) > 0.8
    assert (met == 1).all() and cut >= 3


def test_a_home_is_valued_alike_alone_and_whatever_sells_later():
    """Borders, levels and factors rest on what closed before; later sales move no digit that
    counts."""
    whole = said(LATE)
    assert np.isfinite(whole).mean() > 0.9
    for i in range(0, len(LATE), 25):
        home = LATE.iloc[[i]].reset_index(drop=True)
        past = SALES[SALES["close_date"] < home["as_of"].iloc[0]].reset_index(drop=True)
        np.testing.assert_allclose(said(home, past)[0], whole[i], rtol=1e-9)


def test_many_homes_on_one_spot_are_still_valued():
    """A tower that no border divides: the older half of its sales makes room."""
    tower = TABLE.assign(latitude=47.3, longitude=-122.3)
    sales = SALES.assign(latitude=47.3, longitude=-122.3)
    found = said(tower, sales)
    assert len(sales) > 2 * SPEC.most
    last = CLOSED & (tower["as_of"] > START + pd.Timedelta(days=400))
    miss = found[last] - log_positive(tower["close_price"])[last]
    assert last.sum() > 40 and np.abs(miss).max() < 0.8 and np.median(np.abs(miss)) < 0.25


def test_a_thin_zip_beside_a_full_one_keeps_its_price_when_the_district_fills_up():
    """Homes without coordinates lie in two spots, one of a few sales: no border parts the few."""
    thin = np.arange(len(TABLE)) % 30 == 1
    nowhere = {"latitude": np.nan, "longitude": np.nan}
    table = TABLE.assign(postal_code=np.where(thin, "98102", "98101"), **nowhere)
    sales = table[CLOSED].sort_values(["close_date", "listing_key"]).reset_index(drop=True)
    homes = table[table["as_of"].notna()].reset_index(drop=True)
    before = np.searchsorted(sales["close_date"], homes["as_of"])
    rare = homes["postal_code"] == "98102"
    assert (rare & (before > SPEC.most)).sum() > 5
    np.testing.assert_array_equal(np.isfinite(said(homes, sales)), before >= SPEC.minimum_sales)


def test_what_a_street_has_in_common_is_found():
    sales, late, street, other = dear_street()
    plain = (
        6 + 0.8 * log_positive(late["living_area"]) + 0.3 * late["postal_code"].str[-1].astype(int)
    )
    gap = said(late, sales, most=500) - plain
    assert np.nanmean(gap[street]) - np.nanmean(gap[other]) > 0.12  # of 0.18


def test_a_zip_that_neither_knows_is_nothing_in_common():
    blank = SALES.iloc[:40].assign(postal_code=None)
    at = district_kriging.make_map_points(blank, blank["close_date"], {}, AXES, False)
    on, off = (SPEC.model_copy(update={"zip_variance": v}) for v in (0.5, 0.0))
    since = int(at.days[0])
    np.testing.assert_array_equal(
        district_kriging.price_covariance(at, at, since, on),
        district_kriging.price_covariance(at, at, since, off),
    )


def test_too_few_sales_say_nothing():
    early = TABLE[TABLE["as_of"] < START + pd.Timedelta(days=7)].reset_index(drop=True)
    assert len(early)
    assert np.isnan(said(early)).all()
    assert np.isnan(said(LATE, SALES.iloc[:0])).all()
    assert np.isnan(said(LATE, SALES.iloc[: SPEC.minimum_sales - 1])).all()


def test_homes_with_coordinates_among_sales_without_have_a_price_all_the_same():
    sales = SALES.assign(latitude=np.nan, longitude=np.nan)
    nowhere = LATE.assign(latitude=np.nan, longitude=np.nan)
    found = said(LATE, sales)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, said(nowhere, sales))
