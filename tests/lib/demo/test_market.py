"""The market of the demo feed: quality, level and noise are in the prices, and in the pictures."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.support.demo_feed import START, entry, good_sales, newest


def design(sales, with_time=True):
    """What a plain hedonic regression would use, one column each."""
    number = {c: pd.to_numeric(sales[c]) for c in ("SqFtTotal", "YearBuilt", "BedsTotal")}
    size = np.log(number["SqFtTotal"].where(number["SqFtTotal"] > 0, 1800))
    built = number["YearBuilt"].where(number["YearBuilt"].between(1900, 2030), 1985)
    columns = [np.ones(len(sales)), size, size**2, built, built**2, number["BedsTotal"]]
    columns += [(sales[c] == "True").astype(float) for c in ("PoolPrivate", "Waterfront")]
    columns += [pd.to_numeric(sales["GarageCap"]), sales["DwellingType"] == "Condominium"]
    columns += [sales["place"], sales["DwellingType"] == "Free Standing"]
    if with_time:
        columns.append(days(sales))
    return np.column_stack(columns).astype(float)


def days(sales):
    closed = pd.to_datetime(sales["CloseDate"], format="%m/%d/%Y")
    return (closed - pd.Timestamp(START)).dt.days


def residuals(x, y):
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def test_quality_moves_prices_but_not_the_table(market):
    sales = good_sales(market)
    left = residuals(design(sales), np.log(sales["ClosePrice"].astype(float)))
    assert np.corrcoef(left, sales["quality"])[0, 1] > 0.7
    praised = sales["RemarksPublic"].str.contains("pdated|novated|fixtures|kept").astype(float)
    assert 0.05 < np.corrcoef(praised, sales["quality"])[0, 1] < 0.35
    for column in ("SqFtTotal", "YearBuilt", "BedsTotal", "GarageCap", "AnnualMaintFee"):
        values = pd.to_numeric(sales[column]).fillna(0)
        assert abs(np.corrcoef(values, sales["quality"])[0, 1]) < 0.08, column


def test_the_market_level_can_be_read_from_the_sales(market):
    sales = good_sales(market)
    left = residuals(design(sales, with_time=False), np.log(sales["ClosePrice"].astype(float)))
    quarter = days(sales) // 92
    seen = left.groupby(quarter).mean()
    truth = market.truth["market"]
    starts = pd.to_datetime(pd.Series(truth["month_starts"]))
    level = np.interp(days(sales), (starts - starts[0]).dt.days, truth["sale_log_level"])
    true = pd.Series(level, sales.index).groupby(quarter).mean()
    assert np.corrcoef(seen, true)[0, 1] > 0.88
    assert np.polyfit(true, seen, 1)[0] == pytest.approx(1, abs=0.25)
    assert 0.10 < true.iloc[-1] - true.iloc[0] < 0.25  # four years, mostly rising


def test_prices_hover_around_the_true_value_and_the_list_price(market):
    last = newest(market).query("kind == 'good'")
    price = last["ClosePrice"].astype(float)
    noise = np.log(price / last["true_value"])
    assert noise.std() == pytest.approx(0.06, abs=0.01) and abs(noise.mean()) < 0.01
    asked = np.log(last["ListPrice"].astype(float) / price)
    assert asked.std() == pytest.approx(0.03, abs=0.006)
    sold = last["ForLease"] == "False"
    assert 200_000 < price[sold].median() < 450_000 and 1_200 < price[~sold].median() < 3_500


def test_one_picture_is_a_noisy_read_of_quality(feed):
    quality = {home["home"]: home["quality"] for home in feed.truth["homes"]}
    seen = []
    for photo in feed.truth["photos"]:
        image = Image.open(io.BytesIO(entry(feed, photo["bundle"], photo["entry"])))
        assert image.size == (160, 120)
        _, saturation, value = np.asarray(image.convert("HSV"), dtype=float).mean(axis=(0, 1))
        seen.append((saturation, value, photo["quality"], quality[photo["home"]]))
    links = pd.DataFrame(seen, columns=["saturation", "value", "shown", "quality"]).corr()
    assert 0.3 < links.loc["saturation", "quality"] < 0.7
    assert 0.15 < links.loc["value", "quality"] < 0.7
    assert 0.6 < links.loc["shown", "quality"] < 0.9
