"""Learning curves: what the first trees say, and errors pooled over the folds."""

import numpy as np
import pandas as pd
import pytest

from lib.models.variants.training.estimators.boosting import (
    BoostedTrees,
    BoostedTreesParams,
    RandomForest,
    RandomForestParams,
)
from lib.models.variants.training.estimators.linear import HedonicRidge, HedonicRidgeParams
from lib.models.variants.training.learning_curves import LearningCurves, curve_steps

SHARED = {
    "without": [],
    "start": [],
    "objective": "l2",
    "num_leaves": 7,
    "min_data_in_leaf": 5,
    "feature_fraction": 1.0,
    "bagging_fraction": 0.7,
    "num_threads": 1,
}
BOOSTED = BoostedTreesParams(**SHARED, num_iterations=30, alpha=0.5, learning_rate=0.2, lambda_l2=0)
FOREST = RandomForestParams(**SHARED, num_iterations=30)


@pytest.fixture(scope="module")
def sales():
    rng = np.random.default_rng(3)
    area = rng.uniform(800, 4000, 400)
    noise = rng.normal(0, 0.1, 400)
    return pd.DataFrame({"living_area": area, "close_price": 200 * area * np.exp(noise)})


def fitted(kind, params, sales):
    return kind(params, 1).fit(sales[["living_area"]], np.log(sales["close_price"].to_numpy()))


@pytest.mark.parametrize("kind, params", [(BoostedTrees, BOOSTED), (RandomForest, FOREST)])
def test_the_first_trees_say_what_lightgbm_says_of_them(kind, params, sales):
    model = fitted(kind, params, sales)
    inputs = sales[["living_area"]]
    said = model.staged_predict(inputs, [1, 7, 30])
    mean = np.log(sales["close_price"]).mean()
    for row, trees in zip(said, [1, 7, 30], strict=True):
        direct = mean + model.booster.predict(inputs.to_numpy(), num_iteration=trees)
        np.testing.assert_allclose(row, direct, rtol=1e-12)
    np.testing.assert_allclose(said[-1], model.predict(inputs), rtol=1e-12)


@pytest.mark.parametrize("kind, params", [(BoostedTrees, BOOSTED), (RandomForest, FOREST)])
def test_boosting_that_ended_early_repeats_its_last_word(kind, params, sales):
    model = fitted(kind, params, sales)
    said = model.staged_predict(sales[["living_area"]], [30, 60, 90])
    np.testing.assert_array_equal(said[0], said[1])
    np.testing.assert_array_equal(said[0], said[2])


@pytest.mark.parametrize(
    "trees, points, wanted",
    [(800, 4, [200, 400, 600, 800]), (3, 20, [1, 2, 3]), (10, 1, [10]), (1, 5, [1])],
)
def test_steps_rise_to_the_last_tree(trees, points, wanted):
    assert curve_steps(trees, points) == wanted


def test_errors_are_pooled_over_folds_of_unequal_size(sales):
    """Against a loop over homes; a home without a price is left out."""
    sales = sales.copy()
    sales.loc[5, "close_price"] = np.nan
    folds = [sales.iloc[:50], sales.iloc[50:400]]
    models = [
        fitted(BoostedTrees, BOOSTED, sales.iloc[200:]),
        fitted(BoostedTrees, BOOSTED, sales[100:]),
    ]
    curves = LearningCurves(["living_area"], 3)
    for model, fold in zip(models, folds, strict=True):
        curves.add("folds", curves.measure(model, fold))
    table = curves.table()
    assert table["step"].tolist() == [10, 20, 30] and table["training"].isna().all()
    for row, trees in zip(table["folds"], [10, 20, 30], strict=True):
        errors = []
        for model, fold in zip(models, folds, strict=True):
            for home in fold.dropna().itertuples():
                one = model.booster.predict([[home.living_area]], num_iteration=trees)[0]
                value = np.exp(model.state["mean"] + one)
                errors.append(abs(value - home.close_price) / home.close_price)
        assert len(errors) == 399
        assert row == pytest.approx(np.mean(errors), rel=1e-9)


def test_a_model_without_trees_has_one_point(sales):
    curves = LearningCurves(["living_area"], 20)
    model = fitted(HedonicRidge, HedonicRidgeParams(alpha=1.0, without=[]), sales)
    curves.add("training", curves.measure(model, sales))
    table = curves.table()
    assert table["step"].tolist() == [0] and 0 < table["training"][0] < 0.2
