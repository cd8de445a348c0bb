"""The price index of areas: a planted market, a dense reference, thin areas and the as-of rule."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.features import hedonic, price_index
from lib.features.asof.rule import days_since_epoch
from lib.features.nearby.comparables import MetricAxis
from tests.support.hypothesis_profiles import examples

AXES = {"living_area": MetricAxis(typical=1900, scale=1, log=True)}
FIT = hedonic.HedonicSettings(refit_days=7, minimum_sales=60, ridge=20, zip_ridge=1, month_ridge=30)
SPEC = price_index.IndexSettings(area_ridge=5, step_ridge=300)
BREAK, MONTHS = 20, 36  # the month in which the whole market falls, and how many there are
FALL, RISE = -0.10, 0.01  # of the whole market at the break; of ZIP 77002 each month beyond it


def planted(seed: int = 5) -> pd.DataFrame:
    """Sales of three ZIPs: one as the whole, one that rises 1 % a month more, one of 2 sales a
    month; all rise by 0.4 % a month and fall by 10 % at the break. Noise of 0.15 a sale."""
    rng = np.random.default_rng(seed)
    parts = []
    for code, each in (("77001", 220), ("77002", 60), ("77003", 2)):
        month = np.repeat(np.arange(MONTHS), each)
        trend = 0.004 * month + FALL * (month >= BREAK) + RISE * month * (code == "77002")
        area = rng.lognormal(7.5, 0.3, len(month))
        parts.append(
            pd.DataFrame(
                {
                    "postal_code": code,
                    "living_area": area,
                    "close_price": np.exp(
                        5 + np.log(area) + trend + 0.15 * rng.standard_normal(len(month))
                    ),
                    "close_date": (np.datetime64("2021-01") + month).astype("datetime64[D]")
                    + rng.integers(0, 28, len(month)),
                }
            )
        )
    return pd.concat(parts).sort_values("close_date", ignore_index=True)


def fitted(sales: pd.DataFrame, until: str):
    """(inputs, log price, days, the last fit on or before `until`)."""
    at = hedonic.make_hedonic_inputs(sales, sales["close_date"], sales, AXES)
    price, days = np.log(sales["close_price"].to_numpy()), days_since_epoch(sales["close_date"])
    last = int(hedonic.refit_day(days_since_epoch(pd.Series([pd.Timestamp(until)])), 7)[0])
    return at, price, days, hedonic.fit_hedonic_history(at, price, days, last, FIT)[last], last


def known(sales: pd.DataFrame, until: str) -> np.ndarray:
    at, price, days, fit, last = fitted(sales, until)
    return price_index.zip_index_levels(at, price, int(np.searchsorted(days, last)), fit, SPEC)[0]


def test_recovers_a_planted_trend_and_a_planted_break():
    level = known(planted(), "2024-01-05")
    month = np.arange(level.shape[1])
    truth = 0.004 * month + FALL * (month >= BREAK)

    def error(row, wanted):
        """Greatest error of a month, once both have the same mean."""
        gap = level[row] - wanted
        return np.abs(gap - gap.mean()).max()

    assert error(-1, truth + RISE * month * 60 / 282) < 0.03  # the whole, areas mixed
    assert error(0, truth) < 0.03
    assert error(1, truth + RISE * month) < 0.05
    assert error(1, truth) > 0.1  # what one index for all would miss
    # the break: most of it within the month, all of it within three
    drop = level[0, BREAK] - level[0, BREAK - 1]
    assert -0.13 < drop < -0.06
    assert level[0, BREAK + 2] - level[0, BREAK - 1] == pytest.approx(FALL + 3 * 0.004, abs=0.03)


def test_a_thin_area_moves_with_the_whole_market():
    level = known(planted(), "2024-01-05")
    own, whole = np.diff(level[2, :36]), np.diff(level[-1, :36])
    assert np.abs(own - whole).max() < 0.02
    assert (own - whole).std() < 0.3 * whole.std()


def test_an_index_of_a_date_knows_nothing_of_the_break_after_it():
    sales = planted()
    before = known(sales, "2022-08-25")
    changed = sales.copy()
    changed.loc[changed["close_date"] >= "2022-08-25", "close_price"] *= 5
    assert np.array_equal(before, known(changed, "2022-08-25"))
    earlier = sales[sales["close_date"] < "2022-08-25"].reset_index(drop=True)
    assert np.allclose(before, known(earlier, "2022-08-25"))


@examples(50)
@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_deviations_solve_the_dense_equations(areas, months, seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 6, (areas, months))
    sums = counts * rng.normal(size=(areas, months))
    spec = price_index.IndexSettings(area_ridge=0.7, step_ridge=2.5)
    walk = np.diff(np.eye(months), axis=0)
    wanted = [
        np.linalg.solve(np.diag(n + 0.7) + 2.5 * walk.T @ walk, s)
        for n, s in zip(counts, sums, strict=True)
    ]
    assert np.allclose(price_index.smooth_deviations(sums, counts, spec), wanted)


def test_moved_is_the_index_between_two_months_of_the_sales_area():
    sales = planted()
    at, price, days, fit, last = fitted(sales, "2023-06-01")
    level = price_index.zip_index_levels(at, price, int(np.searchsorted(days, last)), fit, SPEC)[0]
    near = np.array([[0, 500, -1], [7, -1, -1]])

    def moved(refits):
        market = hedonic.HedonicHistory(at, at, price, days, np.array(refits), {last: fit})
        return price_index.time_adjustments(near, market, SPEC)

    got = moved([last, last])
    for row, rank in ((0, 0), (0, 1), (1, 0)):
        sale = near[row, rank]
        area = ["77001", "77002", "77003"].index(sales["postal_code"][sale])
        assert got[row, rank] == level[area, -1] - level[area, at.months[sale]]
    assert got[0, 2] == 0 and (got[1, 1:] == 0).all()
    assert (moved([last - 7, last - 7]) == 0).all()  # before the first fit


def test_the_table_has_each_area_and_the_whole_and_begins_at_nought():
    sales = planted()
    sales.loc[:9, "postal_code"] = None  # part of the whole, and no area
    home = pd.DataFrame({"as_of": [pd.Timestamp("2024-03-01")], "postal_code": "77001",
                         "living_area": 2000.0})  # fmt: skip
    market = hedonic.fit_hedonic_as_of(home, sales, AXES, FIT)
    table = price_index.index_table(sales, market, SPEC)
    months = int(market.of_sales.months.max()) + 1
    assert table["postal_code"].value_counts(dropna=False).tolist() == [months] * 4
    assert set(table["postal_code"].dropna()) == {"77001", "77002", "77003"}
    assert (table.groupby("postal_code", dropna=False)["log_index"].first() == 0).all()
    whole = table[table["postal_code"].isna()]
    assert whole["sales"].sum() == len(sales)
    assert whole["month"].iloc[0] == pd.Timestamp("2021-01-01")
    assert price_index.index_table(
        sales.iloc[:50], hedonic.fit_hedonic_as_of(home, sales.iloc[:50], AXES, FIT), SPEC
    ).empty
