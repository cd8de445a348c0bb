"""The as-of hedonic regression: exact against least squares, blind to later sales, and its months
are a time index that recovers a planted trend and a planted break."""

import numpy as np
import pandas as pd
import pytest

from lib.features import hedonic
from lib.features.asof.rule import days_since_epoch, log_positive
from lib.features.hedonic import HedonicSettings
from lib.features.nearby.comparables import MetricAxis

SPEC = HedonicSettings(refit_days=7, minimum_sales=30, ridge=1e-9, zip_ridge=1e-9, month_ridge=1e-9)
SHRUNK = HedonicSettings(refit_days=7, minimum_sales=30, ridge=5, zip_ridge=1, month_ridge=30)
AXES = {
    "living_area": MetricAxis(typical=2000, scale=0.5, log=True),
    "year_built": MetricAxis(typical=1980, scale=20),
}
START = pd.Timestamp("2021-01-01")


def market(n=3000, days=730, level=lambda day: 0 * day, noise=0.1, seed=0):
    """Sales in order of closing; `level` is the market's log level on each day from START."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, days, n))
    table = pd.DataFrame(
        {
            "close_date": START + pd.to_timedelta(day, unit="D"),
            "living_area": np.exp(rng.normal(7.6, 0.3, n)),
            "year_built": rng.integers(1940, 2020, n).astype(float),
            "postal_code": rng.choice(["98001", "98002", "98003"], n),
        }
    )
    effect = table["postal_code"].map({"98001": 0.0, "98002": 0.3, "98003": -0.2})
    price = 5 + 0.8 * np.log(table["living_area"]) + 0.002 * table["year_built"] + effect
    table["close_price"] = np.exp(price + level(day) + rng.normal(0, noise, n))
    return table


def fitted(sales, spec=SHRUNK, until=None):
    at = hedonic.make_hedonic_inputs(sales, sales["close_date"], sales, AXES)
    days = days_since_epoch(sales["close_date"])
    last = int(days[-1]) + spec.refit_days if until is None else until
    return at, hedonic.fit_hedonic_history(at, log_positive(sales["close_price"]), days, last, spec)


def test_each_fit_is_least_squares_on_what_had_closed_before_it():
    sales = market(400, 100)
    at, fits = fitted(sales, SPEC)
    days = days_since_epoch(sales["close_date"])
    assert len(fits) > 8
    for day, fit in fits.items():
        past = days < day
        dummies = [at.zips[past] == z for z in range(3)]
        months = [at.months[past] == m for m in range(at.months[past].max() + 1)]
        matrix = np.column_stack([at.attributes[past], *dummies, *months]).astype(float)
        wanted = (
            matrix
            @ np.linalg.lstsq(matrix, log_positive(sales["close_price"])[past], rcond=None)[0]
        )
        np.testing.assert_allclose(fit.predict(at, np.flatnonzero(past)), wanted, atol=1e-5)


def test_a_fit_waits_for_enough_sales():
    sales = market(400, 100)
    _, fits = fitted(sales, SHRUNK)
    days = days_since_epoch(sales["close_date"])
    assert (days < min(fits)).sum() >= 30 > (days < min(fits) - 7).sum()
    assert all(day % 7 == 0 for day in fits)


@pytest.mark.parametrize("cut", [60, 61, 300])
def test_later_sales_change_no_earlier_fit(cut):
    """Neither their prices nor their being there: a new ZIP among them included."""
    sales = market(800, 400)
    date = START + pd.Timedelta(days=cut)
    later = sales["close_date"] >= date
    changed = sales.assign(
        close_price=sales["close_price"].where(~later, 1.0),
        postal_code=sales["postal_code"].mask(later, "97000"),
    )
    at, before = fitted(sales)
    new_at, after = fitted(changed)
    rows, day = np.flatnonzero(~later), int(days_since_epoch(pd.Series([date]))[0])
    seen = [d for d in before if d <= day]
    assert seen
    for d in seen:
        np.testing.assert_allclose(
            after[d].predict(new_at, rows), before[d].predict(at, rows), rtol=1e-11
        )
    assert not np.allclose(
        after[max(after)].predict(new_at, rows), before[max(before)].predict(at, rows)
    )


def index_of(sales):
    """The months' effects of the last fit, the first month as zero."""
    _, fits = fitted(sales)
    months = fits[max(fits)].months
    return months - months[0]


def test_a_planted_trend_is_recovered_within_three_percent():
    index = index_of(market(level=lambda day: 0.10 * day / 365))
    wanted = 0.10 * np.arange(len(index)) / 12
    assert np.abs(index - wanted).max() < 0.03


def test_a_planted_break_is_recovered_within_three_percent_a_month_later():
    """Prices drop by 12 % from one month to the next, after a flat year. The shrinkage spreads
    such a step over the months beside it: a part of it shows a month early, or late."""
    fall = (pd.Timestamp("2022-01-01") - START).days
    index = index_of(market(level=lambda day: np.where(day >= fall, -0.12, 0.0)))
    assert np.abs(index[:11]).max() < 0.03
    assert np.abs(index[13:] + 0.12).max() < 0.03
    assert index[12] - index[11] == np.diff(index).min() < -0.06


def test_without_a_trend_the_index_is_flat():
    assert np.abs(index_of(market())).max() < 0.03


def test_a_month_without_sales_takes_over_the_last_one():
    """And a valuation in a month yet to come counts as the last known one."""
    sales = market(level=lambda day: 0.2 * day / 365)
    gap = sales[(sales["close_date"].dt.month != 6) | (sales["close_date"].dt.year != 2022)]
    gap = gap.reset_index(drop=True)
    index = index_of(gap)
    assert index[16] <= index[17] <= index[18]
    assert index[17] == pytest.approx((index[16] + index[18]) / 2, abs=1e-6)
    at, fits = fitted(gap)
    last = fits[max(fits)]
    ahead = hedonic.HedonicInputs(at.attributes, at.zips, at.months + 100)
    now = hedonic.HedonicInputs(at.attributes, at.zips, np.full(len(gap), len(last.months) - 1))
    rows = np.arange(10)
    np.testing.assert_array_equal(last.predict(ahead, rows), last.predict(now, rows))


def test_an_unknown_zip_has_no_effect_and_a_thin_one_is_shrunk():
    sales = market(300, 200, noise=0.0)
    thin = sales.iloc[[5]].assign(postal_code="97000", close_price=sales["close_price"].iloc[5] * 2)
    sales = pd.concat([sales, thin]).sort_values("close_date", kind="stable")
    at, fits = fitted(sales.reset_index(drop=True))
    effects = fits[max(fits)].zips  # 97000 comes first
    usual = effects[1:].mean()
    assert 0.2 < effects[0] - usual < 0.8 * np.log(2)  # one sale at twice the price: half believed
    row = np.array([0])
    stranger = hedonic.HedonicInputs(at.attributes, np.full(len(at.zips), -1), at.months)
    known = fits[max(fits)].predict(at, row) - effects[at.zips[0]]
    assert fits[max(fits)].predict(stranger, row) == pytest.approx(known)


def test_no_sales_give_no_fit():
    none = market(50, 10).iloc[:0]
    at = hedonic.make_hedonic_inputs(none, none["close_date"], none, AXES)
    assert hedonic.fit_hedonic_history(at, np.array([]), np.array([], "int64"), 20000, SHRUNK) == {}
