"""Kriging: what a Gaussian process says of each home by a naive solve, and of its past alone."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from lib.features import hedonic, kriging
from lib.features.asof.rule import days_since_epoch, log_positive
from lib.features.nearby import comparables
from tests.support.market import SPEC as FEATURES
from tests.support.market import START, dear_street, market

SPEC = FEATURES.kriging
TABLE = market(400)
SALES = TABLE[TABLE["standard_status"] == "Closed"].sort_values(["close_date", "listing_key"])
SALES = SALES.reset_index(drop=True)
HOMES = TABLE[TABLE["as_of"] > START + pd.Timedelta(days=200)].reset_index(drop=True)


def features(homes, sales):
    return kriging.kriging_features(
        homes, sales, hedonic.fit_hedonic_as_of(homes, sales, SPEC.axes, SPEC.hedonic), SPEC
    )


def cov(km, unlike):
    """The covariance of the docstring, for plain distances."""
    return SPEC.place_variance * np.exp(-km / SPEC.reach_km) + np.exp(
        -np.sqrt((km / SPEC.like_km) ** 2 + unlike**2)
    )


def test_each_home_is_valued_as_a_naive_solve_of_its_own_past_says():
    """Row by row, with every matrix written out; homes without a place among them."""
    said = features(HOMES, SALES)
    index, _ = comparables.find_comparables(HOMES, SALES, SPEC)
    compared = 0
    for i in range(0, len(HOMES), 7):
        home = HOMES.iloc[[i]]
        refit = days_since_epoch(home["as_of"])[0] // 7 * 7
        past = SALES[days_since_epoch(SALES["close_date"]) < refit].reset_index(drop=True)
        at = hedonic.make_hedonic_inputs(past, past["close_date"], past, SPEC.axes)
        days = days_since_epoch(past["close_date"])
        fit = hedonic.fit_hedonic_history(
            at, log_positive(past["close_price"]), days, int(refit), SPEC.hedonic
        )[int(refit)]
        near = SALES.iloc[index[i][index[i] >= 0]]
        assert (near["close_date"] < home["as_of"].iloc[0]).all()

        def value(rows, dates, past=past, fit=fit):
            return fit.predict(
                hedonic.make_hedonic_inputs(rows, dates, past, SPEC.axes), np.arange(len(rows))
            )

        both = pd.concat([near, home])
        by_zip = bool(np.isnan(home["latitude"].iloc[0]))
        km = cdist(*[comparables.position_km(both, by_zip)] * 2)
        unlike = cdist(*[comparables.scaled_attributes(both, SPEC.axes)] * 2)
        full = cov(km, unlike)
        inside = full[:-1, :-1] + SPEC.noise_variance * np.eye(len(near))
        residual = log_positive(near["close_price"]) - value(near, near["close_date"])
        weights = np.linalg.inv(inside) @ full[:-1, -1]
        base = value(home, home["as_of"])[0]
        assert said["mkt_hedonic_log_price"][i] == pytest.approx(base, abs=1e-7)
        assert said["comp_kriged_log_price"][i] == pytest.approx(
            base + weights @ residual, abs=1e-7
        )
        left = full[-1, -1] - weights @ full[:-1, -1]
        assert said["comp_kriged_variance"][i] == pytest.approx(left, abs=1e-7)
        compared += 1
    assert compared > 20
    assert HOMES["latitude"].isna().iloc[::7].any()


def test_a_neighbour_that_is_not_there_says_nothing():
    rng = np.random.default_rng(0)
    place, like, residual = rng.normal(size=(5, 4, 3)), rng.normal(size=(5, 4, 2)), np.ones((5, 4))
    residual[:, 2] = np.nan
    keep = [0, 1, 3]
    mean, variance = kriging.solve_kriging(place, like, residual, SPEC)
    wanted = kriging.solve_kriging(place[:, keep], like[:, keep], residual[:, keep], SPEC)
    np.testing.assert_allclose(mean, wanted[0])
    np.testing.assert_allclose(variance, wanted[1])
    nothing, prior = kriging.solve_kriging(place, like, np.full((5, 4), np.nan), SPEC)
    assert (nothing == 0).all() and (prior == SPEC.place_variance + 1).all()


def test_many_sales_next_door_are_believed_more_than_one_and_far_ones_hardly():
    def expected(count, km):
        place = np.tile([km, 0.0, 0.0], (1, count, 1))
        return kriging.solve_kriging(
            place, np.zeros((1, count, 1)), np.full((1, count), 0.2), SPEC
        )[0][0]

    assert 0 < expected(1, 0) < expected(20, 0) < 0.2
    assert expected(20, 200) == pytest.approx(0, abs=1e-6)


def test_what_homes_have_in_common_beyond_the_regression_is_found():
    sales, late, street, other = dear_street()
    said = features(late, sales)
    gap = said["comp_kriged_log_price"] - said["mkt_hedonic_log_price"]
    assert gap[street].mean() - gap[other].mean() > 0.08  # of 0.18, with six neighbours


def test_before_the_first_fit_nothing_is_said():
    early = TABLE[TABLE["as_of"] < START + pd.Timedelta(days=7)].reset_index(drop=True)
    assert len(early)
    said = features(early, SALES)
    assert np.isnan(said["comp_kriged_log_price"]).all()
    assert np.isnan(said["comp_kriged_residual"]).all()


def test_homes_with_coordinates_among_sales_without_have_neighbours_all_the_same():
    """As if the homes had none themselves."""
    sales = SALES.assign(latitude=np.nan, longitude=np.nan)
    said = features(HOMES, sales)
    assert np.isfinite(said["comp_kriged_residual"]).all()
    wanted = features(HOMES.assign(latitude=np.nan, longitude=np.nan), sales)
    for name, values in said.items():
        np.testing.assert_allclose(values, wanted[name])
