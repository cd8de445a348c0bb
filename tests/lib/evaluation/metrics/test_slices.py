"""Slices: bands of equal counts, thin ones marked, each slice as if it stood alone."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.slices import (
    NONE,
    THIN,
    age_bands,
    quantile_bands,
    score_by_column,
    score_slices,
    slice_labels,
)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=60), st.integers(2, 6), st.booleans())
def test_bands_follow_the_price_alone_and_have_equal_counts_without_ties(prices, parts, single):
    prices = sorted(set(prices)) if single else prices
    got = quantile_bands(pd.Series(prices, dtype=float), parts)
    counts = Counter(got)
    by_price = dict(zip(prices, got, strict=True))
    assert [by_price[price] for price in prices] == got.tolist()  # equal prices, one band
    back = quantile_bands(pd.Series(prices[::-1], dtype=float), parts)
    assert back.tolist()[::-1] == got.tolist()
    if single and len(prices) >= parts:
        assert len(counts) == parts and max(counts.values()) - min(counts.values()) <= 1
    pairs = sorted((int(band.split()[0]), price) for band, price in zip(got, prices, strict=True))
    highest = {band: max(p for b, p in pairs if b == band) for band, _ in pairs}
    assert all(highest[b] <= p for band, p in pairs for b in highest if b < band)


def test_bands_are_named_low_to_high():
    got = quantile_bands(pd.Series([50.0, 10, 40, 20, 30]))
    assert got.tolist() == ["5 high", "1 low", "4", "2", "3"]
    assert quantile_bands(pd.Series([], dtype=float)).tolist() == []


def predictions(n, seed=0):
    rng = np.random.default_rng(seed)
    price = rng.uniform(1e5, 1e6, n)
    table = pd.DataFrame({"close_price": price, "pred_close_price": price * rng.normal(1, 0.1, n)})
    return table.assign(
        pred_low_90=table["pred_close_price"] * 0.9, pred_high_90=table["pred_close_price"] * 1.1
    )


def test_each_slice_is_scored_as_if_it_stood_alone():
    table = predictions(90)
    zips = pd.Series(["b", "a", "a"] * 30, index=table.index + 7)  # by position, not by index
    got = score_by_column(table, zips, ["90"]).set_index("slice")
    assert got.index.tolist() == ["a", "b"] and got["sales"].tolist() == [60, 30]
    for name, part in (("a", table[table.index % 3 != 0]), ("b", table[table.index % 3 == 0])):
        alone = accuracy_metrics(
            part["pred_close_price"].to_numpy(), part["close_price"].to_numpy()
        )
        for metric, value in alone.items():
            assert got.loc[name, metric] == value
        inside = part["close_price"].between(part["pred_low_90"], part["pred_high_90"])
        assert got.loc[name, "coverage_90"] == pytest.approx(inside.mean())


@pytest.mark.parametrize(("sales", "thin"), [(THIN - 1, True), (THIN, False)])
def test_slices_under_30_sales_are_thin(sales, thin):
    got = score_by_column(predictions(sales), pd.Series(["x"] * sales), [])
    assert THIN == 30 and got["thin"].tolist() == [thin]


def test_ages_fall_into_bands_and_the_unknown_is_named():
    years = pd.Series([-1, 0, 1, 4, 5, 14.5, 29, 30, 59, 60, 200, np.nan])
    assert age_bands(years).tolist() == [
        "new", "new", "1-4 years", "1-4 years", "5-14 years", "15-29 years", "15-29 years",
        "30-59 years", "30-59 years", "60 years or more", "60 years or more", NONE,
    ]  # fmt: skip


def test_kinds_follow_what_the_table_has():
    table = predictions(40)
    assert list(slice_labels(table)) == ["price band", "value band", "proxy band"]
    table = table.assign(
        postal_code=["1", None] * 20, property_sub_type="Condominium", own_age=3.0,
        as_of=pd.Timestamp("2025-02-03"),
    )  # fmt: skip
    got = slice_labels(table)
    assert list(got)[3:] == ["ZIP", "property type", "age", "month"]
    assert got["ZIP"].tolist() == ["1", NONE] * 20 and set(got["month"]) == {"2025-02"}
    told = score_slices(table, ["90"], 20, 1)
    assert told.groupby("kind")["sales"].sum().eq(40).all()
    assert (told["mdape_low"] <= told["mdape"]).all() and (
        told["mdape"] <= told["mdape_high"]
    ).all()
    assert told.equals(score_slices(table, ["90"], 20, 1))


def test_estimates_that_regress_tilt_bands_by_price_but_not_by_proxy():
    """Estimates of middling homes, price = truth and noise: chance alone tilts bands by price."""
    rng = np.random.default_rng(0)
    truth = rng.normal(13, 0.3, 20000)
    table = pd.DataFrame(
        {
            "close_price": np.exp(truth + rng.normal(0, 0.1, 20000)),
            "pred_close_price": np.exp(truth + rng.normal(0, 0.1, 20000)),
        }
    )
    bias = score_slices(table, [], 2, 1).set_index(["kind", "slice"])["bias"]
    assert bias["price band", "1 low"] > 0.02 and bias["price band", "5 high"] < -0.02
    assert bias["value band", "1 low"] < -0.02 and bias["value band", "5 high"] > 0.02
    assert abs(bias["proxy band", "1 low"]) < 0.01 and abs(bias["proxy band", "5 high"]) < 0.01
