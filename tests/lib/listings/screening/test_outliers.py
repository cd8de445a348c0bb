"""Levels, the regression and the outliers that they show, against naive forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.screening import outliers
from lib.listings.screening.outliers import measure_deviations
from tests.support.hypothesis_profiles import examples
from tests.support.screened_sales import SPEC, START, good_sales, reasons_by_code


@examples(30)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 2), st.floats(-3, 3)), max_size=40),
    st.integers(1, 20),
)
def test_levels_equal_a_naive_search(rows, window):
    days, area, values = (np.array(part) for part in zip(*rows, strict=True)) if rows else (
        np.array([], int), np.array([], int), np.array([], float))  # fmt: skip
    got = outliers.levels_before(days, area, values, window, shrink=3.0)
    for i in range(len(days)):
        past = (days < days[i]) & (days >= days[i] - window)
        here = past & (area == area[i]) & (area[i] >= 0)
        assert got.market[i] == past.sum() and got.count[i] == here.sum()
        if not past.any():
            assert np.isnan(got.level[i]) and np.isnan(got.spread[i])
            continue
        trust = here.sum() / (here.sum() + 3)
        levels, spreads = [], []
        for some in (here, past):
            q = np.quantile(values[some], (0.25, 0.5, 0.75)) if some.any() else np.zeros(3)
            levels.append(q[1])
            spreads.append((q[2] - q[0]) / outliers.NORMAL)
        assert got.level[i] == pytest.approx(trust * levels[0] + (1 - trust) * levels[1])
        wide = trust * spreads[0] ** 2 + (1 - trust) * spreads[1] ** 2
        assert got.spread[i] == pytest.approx(np.sqrt(wide), abs=1e-12)


def test_the_regression_equals_a_ridge_on_the_months_before():
    rng = np.random.default_rng(4)
    x, months = rng.normal(size=(300, 3)), np.sort(rng.integers(0, 6, 300))
    y = x @ [0.5, -0.2, 0.1] * 0.3 + rng.normal(0, 0.02, 300)
    got = outliers.explain_prices(months, x, y)
    assert (got[months == 0] == 0).all()
    for month in range(1, 6):
        past, now = months < month, months == month
        mean, scale = x[past].mean(axis=0), x[past].std(axis=0)
        z = (x[past] - mean) / scale
        belief = np.array([outliers.ELASTICITY, 0, 0]) * scale
        ridge = outliers.PRIOR * np.eye(3)
        slope = belief + np.linalg.solve(
            z.T @ z + ridge, z.T @ (y[past] - y[past].mean() - z @ belief)
        )
        wanted = y[past].mean() + (x[now] - mean) / scale @ slope
        np.testing.assert_allclose(got[now], wanted, atol=1e-9)


def street(n=400, seed=0, elasticity=0.9):
    """A market in which size and a pool explain prices but for some 5 %."""
    rng = np.random.default_rng(seed)
    area = np.exp(rng.normal(7.5, 0.35, n))
    pool = rng.integers(0, 2, n).astype(float)
    price = np.exp(12 + elasticity * (np.log(area) - 7.5) + 0.2 * pool + rng.normal(0, 0.05, n))
    dates = START + pd.to_timedelta(np.arange(n), unit="D")
    rows = {"living_area": area, "close_price": price, "close_date": dates, "pool_private_yn": pool}
    return good_sales(*pd.DataFrame(rows).to_dict("records"))


def found_in(table):
    return reasons_by_code(
        outliers.flag_outliers(table, measure_deviations(table, SPEC.outliers), SPEC.outliers)
    )


def test_a_home_whose_size_explains_its_price_is_no_outlier():
    table = street()
    assert "price_outlier_low" not in found_in(table) and "price_outlier_high" not in found_in(
        table
    )
    big = table.copy()
    big.loc[399, "living_area"] = 9000.0  # four times the usual home ...
    big.loc[399, "close_price"] = np.exp(12 + 0.9 * (np.log(9000.0) - 7.5))  # ... at its price
    assert not any(399 in rows for code, (rows, _) in found_in(big).items())
    small = big.copy()
    small.loc[399, "close_price"] = table["close_price"].median()  # the usual price, for four homes
    found = found_in(small)
    assert 399 in found["price_outlier_low"][0]
    assert 399 in found["price_per_square_foot_outlier"][0]


def test_a_price_per_square_foot_that_size_explains_is_none_of_a_kind():
    """Where size counts for little, a large home is cheap by the square foot and no outlier."""
    table = street(elasticity=0.2)
    table.loc[399, ["living_area", "pool_private_yn"]] = 9500.0, 0.0
    table.loc[399, "close_price"] = np.exp(12 + 0.2 * (np.log(9500.0) - 7.5))
    got = measure_deviations(table, SPEC.outliers)
    assert got.per_foot[399] < -SPEC.outliers.low and abs(got.deviation[399]) < 3
    assert not any(399 in rows for rows, _ in found_in(table).values())


@pytest.mark.parametrize(
    "factor, codes",
    [
        (0.4, {"price_outlier_low", "price_per_square_foot_outlier"}),
        (30.0, {"price_outlier_high", "price_per_square_foot_outlier"}),
        (0.65, {"price_unusual"}),
        (1.5, {"price_unusual"}),
        (0.0004, {"price_outlier_low", "price_per_square_foot_outlier", "nominal_share"}),
    ],
)
def test_odd_prices_are_found_and_the_words_give_the_figures(factor, codes):
    table = street()
    table.loc[350, "close_price"] *= factor
    found = {code: text for code, (rows, text) in found_in(table).items() if 350 in rows}
    assert set(found) == codes
    first = next(iter(found.values()))[0]
    assert "98001" in first and ("above" if factor > 1 else "below") in first


def test_a_home_without_a_size_is_judged_by_the_spread_of_all_prices():
    table = street()
    table.loc[[300, 301], "living_area"] = np.nan
    table.loc[300, "close_price"] *= 0.6
    table.loc[301, "close_price"] *= 0.02
    got = measure_deviations(table, SPEC.outliers)
    assert abs(got.deviation[300]) < 3 and got.deviation[301] < -4.5


def test_nothing_is_an_outlier_while_too_little_is_known():
    table = street(SPEC.outliers.minimum)
    table.loc[len(table) - 1, "close_price"] *= 100
    assert found_in(table) == {}


def test_wild_cells_and_late_columns_bend_nothing():
    """A first missing place, a first flat, a lot of 1e7: the row is judged, not blown up."""
    table = street().assign(latitude=47.0, longitude=-122.0, property_sub_type="House")
    table["latitude"] += np.random.default_rng(1).normal(0, 0.05, len(table))
    table.loc[390, ["latitude", "longitude"]] = np.nan
    table.loc[391, "property_sub_type"] = "Flat"
    table.loc[392, "lot_size_square_feet"] = 1e7
    deviation = measure_deviations(table, SPEC.outliers).deviation
    assert np.abs(deviation[390:393]).max() < 4
