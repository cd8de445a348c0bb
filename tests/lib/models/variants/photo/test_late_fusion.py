"""Late fusion: photos learn from what trees miss that had not seen the sale."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lib.models.variants.photo.late_fusion import drop_photo_inputs, split_by_date
from lib.models.variants.training.estimators.boosting import BoostedTrees
from tests.support.vectors import homes, make

INPUTS, PRICE, DATES = homes(300)
PLAIN = drop_photo_inputs(INPUTS)


def fused(**changes):
    return make("late_fusion", start=[], **changes)


def test_parts_lie_one_after_the_other_in_time_and_hold_each_row_once():
    order = np.random.default_rng(2).permutation(300)
    dates = DATES.iloc[order].reset_index(drop=True)
    parts = split_by_date(dates, 300, 4)
    assert sorted(np.concatenate(parts).tolist()) == list(range(300))
    days = [dates["close_date"].iloc[part] for part in parts]
    assert all(one.max() < two.min() for one, two in pairwise(days))


@pytest.mark.parametrize("dates", [None, DATES.assign(close_date=pd.NaT)])
def test_without_dates_parts_follow_the_rows(dates):
    parts = split_by_date(dates, 300, 3)
    assert [(part[0], part[-1]) for part in parts] == [(0, 99), (100, 199), (200, 299)]
    assert [len(part) for part in split_by_date(None, 2, 5)] == [1, 1]


def test_residuals_are_those_of_trees_of_the_other_parts():
    model = fused(parts=3)
    got = model._residuals(PLAIN, PRICE, DATES)
    for start in (0, 100, 200):  # a sale a day: parts are stretches of rows
        mine = np.arange(start, start + 100)
        others = np.setdiff1d(np.arange(300), mine)
        trees = BoostedTrees(model.params, 7).fit(PLAIN.iloc[others], PRICE[others])
        wanted = PRICE[mine] - trees.predict(PLAIN.iloc[mine])
        np.testing.assert_array_equal(got[mine], wanted)


@pytest.mark.parametrize("row", [0, 57, 150, 299])
def test_a_sales_own_price_moves_its_residual_one_to_one(row):
    """So no tree that speaks of it has seen it."""
    before = fused(parts=3)._residuals(PLAIN, PRICE, DATES)
    moved = PRICE.copy()
    moved[row] += 1.0
    after = fused(parts=3)._residuals(PLAIN, moved, DATES)
    assert after[row] - before[row] == pytest.approx(1.0, abs=1e-12)


def test_the_photo_part_is_the_ridge_of_the_residuals():
    """By the normal equations, on the homes with photos alone."""
    model = fused(ridge=3.0).fit(INPUTS, PRICE, DATES)
    has = INPUTS["img_missing"].eq(0).to_numpy()
    read = model.photos.transform(INPUTS)[model.photo_model["numbers"]][has].to_numpy()
    scaled = np.nan_to_num((read - np.nanmean(read, axis=0)) / np.nanstd(read, axis=0))
    missed = model._residuals(PLAIN, PRICE, DATES)[has]
    centred = scaled - scaled.mean(axis=0)
    left = centred.T @ centred + 3.0 * np.eye(scaled.shape[1])
    coef = np.linalg.solve(left, centred.T @ (missed - missed.mean()))
    wanted = missed.mean() + centred @ coef
    got = model.photo_terms(INPUTS).sum(axis=1)
    np.testing.assert_allclose(got[has], wanted, atol=1e-9)
    assert (got[~has] == 0).all()


def test_without_photos_it_is_the_trees_alone():
    trees = make("lightgbm", start=[]).fit(PLAIN, PRICE)
    hollow = INPUTS.assign(img_missing=1.0, img_vector=None, img_vector_kitchen=None)
    for inputs in (PLAIN, hollow):
        model = fused().fit(inputs, PRICE, DATES)
        assert model.predict(inputs).tolist() == trees.predict(PLAIN).tolist()
        assert model.photo_terms(inputs).empty
    seen = fused().fit(INPUTS, PRICE, DATES)
    assert seen.predict(hollow).tolist() == trees.predict(PLAIN).tolist()


def test_a_learning_curve_ends_at_the_whole_model():
    model = fused().fit(INPUTS, PRICE, DATES)
    said = model.staged_predict(INPUTS, [1, 20, 60])
    np.testing.assert_allclose(said[-1], model.predict(INPUTS), rtol=1e-12)
