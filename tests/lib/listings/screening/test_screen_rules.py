"""Rules of screening one by one: records, deals of several sales, outliers, against naive forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.identity import same_home
from lib.listings.screening import outliers
from lib.listings.screening.outliers import measure_deviations
from lib.listings.screening.rules import flag_bulk_sales, flag_records, flag_resales
from tests.support.hypothesis_profiles import examples
from tests.support.screened_sales import SPEC, START

DEALS = SPEC.deals


def sales(*rows, **shared):
    """Closed sales: a good record each, changed by its own values and the shared ones."""
    good = {
        "domain": "sale", "close_date": START,
        "listing_contract_date": START - pd.Timedelta(days=60),
        "purchase_contract_date": START - pd.Timedelta(days=30), "close_price": 300_000.0,
        "list_price": 310_000.0, "living_area": 2000.0, "lot_size_square_feet": 8000.0,
        "bedrooms_total": 3.0, "bathrooms_total": 2.5, "year_built": 1990.0, "postal_code": "98001",
    }  # fmt: skip
    table = pd.DataFrame([good | shared | row for row in rows])
    table["listing_key"] = [f"k{i}" for i in range(len(table))]
    if "property_key" not in table:
        table["property_key"] = [f"p{i}" for i in range(len(table))]
    return table


def of(table):
    """The homes of sales whose `property_key` is all that is known of them."""
    key = table["property_key"]
    return same_home.HomeKeys(
        key, pd.Series(None, index=table.index, dtype="str"), key, pd.DataFrame(index=table.index)
    )


def said(flags):
    """code -> (positions, reasons) of the rules that found something."""
    return {code: (list(rows), list(text)) for code, rows, text in flags if len(rows)}


@pytest.mark.parametrize(
    "change, code, words",
    [
        ({"close_price": 10.0, "list_price": np.nan}, "nominal_price", "10 is no price"),
        ({"close_price": 900.0, "list_price": np.nan}, "nominal_price", "under 1,000"),
        ({"close_price": 31_000.0}, "list_price_far", "0.10 times the list price 310,000"),
        ({"close_price": 3e6}, "list_price_far", "9.68 times"),
        ({"close_price": 250_000.0}, "list_price_unusual", "0.81 times"),
        ({"listing_contract_date": START + pd.Timedelta(days=2)}, "closed_before_listing",
         "closed on 2023-01-01, before it was listed on 2023-01-03"),
        ({"purchase_contract_date": START + pd.Timedelta(days=1)}, "closed_before_contract",
         "before its contract of 2023-01-02"),
        ({"year_built": 2024.0}, "built_after_sale", "built in 2024, after the sale on 2023-01-01"),
        ({"bedrooms_total": 0.0}, "no_bedrooms", "no bedroom in 2,000 square feet"),
        ({"bathrooms_total": 0.0}, "no_bathrooms", "no bath beside 3 bedrooms"),
        ({"bedrooms_total": 33.0}, "rooms_against_size", "2,000 square feet for 33 bedrooms"),
        ({"lot_size_square_feet": 3e7}, "lot_against_size", "a lot of 30,000,000 square feet"),
    ],
)  # fmt: skip
def test_a_record_that_contradicts_itself(change, code, words):
    found = said(flag_records(sales({}, change, {}), SPEC.records))
    assert found[code][0] == [1] and words in found[code][1][0]
    assert set(found) == {code}


def test_missing_cells_contradict_nothing():
    table = sales({})
    empty = table.assign(
        **{
            name: np.nan
            for name in ("list_price", "living_area", "lot_size_square_feet", "bedrooms_total",
                         "bathrooms_total", "year_built")
        }
    ).assign(listing_contract_date=pd.NaT, purchase_contract_date=pd.NaT)  # fmt: skip
    assert said(flag_records(empty, SPEC.records)) == {}
    assert said(flag_records(table, SPEC.records)) == {}


def test_a_rent_of_900_is_a_rent():
    table = sales({"close_price": 900.0, "list_price": 900.0}, domain="rental")
    assert said(flag_records(table, SPEC.records)) == {}


def pair(days, ratio, spread):
    table = sales(
        {"property_key": "p"},
        {"property_key": "p", "close_date": START + pd.Timedelta(days=days),
         "close_price": 300_000 * ratio},
    )  # fmt: skip
    return said(flag_resales(table, of(table), np.array([0.0, spread]), DEALS))


def test_only_the_later_of_a_quick_odd_pair_is_flagged():
    found = pair(100, 2.0, 4.0)
    assert found == {
        "quick_resale": ([1], ["sold for 2.00 times the 300,000 of 2023-01-01, 100 days before"])
    }
    assert list(pair(100, 0.5, -4.0)) == ["quick_resale"]
    assert list(pair(100, 2.0, np.nan)) == ["quick_resale"]
    assert list(pair(DEALS.resale_days, 2.0, 4.0)) == ["quick_resale"]  # the last day that is quick


@pytest.mark.parametrize("days, ratio", [(0, 2.0), (181, 2.0), (100, 1.3), (100, 0.8)])
def test_slow_or_even_resales_are_none(days, ratio):
    assert pair(days, ratio, 4.0) == {}


def test_a_resale_at_a_usual_price_accuses_the_earlier_sale_and_is_only_shown():
    assert list(pair(100, 2.0, 0.3)) == ["quick_resale_usual"]
    assert list(pair(100, 2.0, -4.0)) == ["quick_resale_usual"]


@examples(30)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 250), st.sampled_from([1.0, 1.5, 3.0])),
        max_size=8,
    )
)
def test_resales_equal_a_naive_search(rows):
    table = sales(
        *(
            {"property_key": home, "close_date": START + pd.Timedelta(days=day),
             "close_price": price * 1e5}
            for home, day, price in rows
        )
    ) if rows else sales({}).iloc[:0]  # fmt: skip
    table = table.sort_values(["close_date", "listing_key"]).reset_index(drop=True)
    wanted = []
    for i, one in table.iterrows():
        before = table[
            (table["property_key"] == one["property_key"])
            & (table["close_date"] < one["close_date"])
        ]
        if len(before):
            last = before.sort_values(["close_date", "listing_key"]).iloc[-1]
            ratio = one["close_price"] / last["close_price"]
            quick = (one["close_date"] - last["close_date"]).days <= DEALS.resale_days
            if quick and not DEALS.resale_ratio[0] <= ratio <= DEALS.resale_ratio[1]:
                wanted.append(i)
    unknown = np.full(len(table), np.nan)
    assert (
        said(flag_resales(table, of(table), unknown, DEALS)).get("quick_resale", ([],))[0] == wanted
    )


def test_bulk_sales_share_area_day_and_price_and_are_unlike():
    parcel = [{"living_area": size} for size in (900.0, 2000.0, 3000.0)]
    table = sales(*parcel, {"close_price": 1.0}, {"postal_code": "98002"},
                  {"close_date": START + pd.Timedelta(days=1)})  # fmt: skip
    usual = np.zeros(len(table))
    found = said(flag_bulk_sales(table, of(table), usual, "postal_code", DEALS))
    assert found == {
        "bulk_sale": (
            [0, 1, 2], ["3 homes in 98001 closed on 2023-01-01 at the same 300,000"] * 3,
        )
    }  # fmt: skip
    fewer = table.iloc[1:].reset_index(drop=True)
    assert said(flag_bulk_sales(fewer, of(fewer), usual, "postal_code", DEALS)) == {}
    alike = sales(*[{"living_area": size} for size in (1000.0, 1000.0, 1090.0)])
    assert list(said(flag_bulk_sales(alike, of(alike), np.zeros(3), "postal_code", DEALS))) == [
        "bulk_sale_alike"
    ]
    # at three times what such a home brings, the price is that of the parcel
    assert list(said(flag_bulk_sales(alike, of(alike), np.full(3, 9.0), "postal_code", DEALS))) == [
        "bulk_sale"
    ]
    # one home entered thrice is no parcel
    same = table.assign(property_key="p")
    assert said(flag_bulk_sales(same, of(same), usual, "postal_code", DEALS)) == {}


def test_a_whole_market_is_no_area_of_bulk_sales():
    """Without an area the coordinates serve, and without those a sale is in no bulk."""
    unlike = [{"living_area": size, "postal_code": None} for size in (900.0, 2000.0, 3000.0)]
    unplaced = sales(*unlike)
    for table in (unplaced, unplaced.drop(columns="postal_code")):
        assert said(flag_bulk_sales(table, of(table), np.zeros(3), "postal_code", DEALS)) == {}
    together = unplaced.assign(latitude=[47.001, 47.002, 47.003], longitude=-122.301)
    found = said(flag_bulk_sales(together, of(together), np.zeros(3), "postal_code", DEALS))
    assert found["bulk_sale"][0] == [0, 1, 2]
    assert found["bulk_sale"][1][0].startswith("3 homes near 47.00, -122.30 closed on")
    apart = together.assign(latitude=[47.0, 47.1, np.nan])
    assert said(flag_bulk_sales(apart, of(apart), np.zeros(3), "postal_code", DEALS)) == {}


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
    return sales(*pd.DataFrame(rows).to_dict("records"))


def found_in(table):
    return said(
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
