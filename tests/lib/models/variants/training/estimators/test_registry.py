"""Estimators: they find what was planted, save to text, and stay sane on odd inputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.training.estimators.boosting import RandomForest
from lib.models.variants.training.estimators.comparables_regressor import (
    ComparablesRegressor,
    ComparablesRegressorParams,
)
from lib.models.variants.training.estimators.registry import (
    BoostedTrees,
    BoostedTreesParams,
    HedonicRidge,
    HedonicRidgeParams,
)
from tests.support.estimators import (
    ESTIMATORS,
    FOREST,
    STARTS,
    TREES,
    hedonic_homes,
    make_estimator,
    many_codes,
)

ROOT = Path(__file__).parents[6]


INPUTS, PRICE = hedonic_homes()


each = pytest.mark.parametrize("name", ESTIMATORS)
both = pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "comparables"])


def test_linear_without_penalty_is_least_squares():
    model = HedonicRidge(HedonicRidgeParams(alpha=1e-9, without=["noise", "constant"]), 0).fit(
        INPUTS, PRICE
    )
    dummies = np.column_stack([INPUTS["postal_code"] == code for code in "ABC"]).astype(float)
    matrix = np.column_stack([INPUTS[["size", "age"]], dummies])
    coefficients, *_ = np.linalg.lstsq(matrix, PRICE, rcond=None)
    new, _ = hedonic_homes(50, seed=9)
    codes = np.column_stack([new["postal_code"] == code for code in "ABC"]).astype(float)
    wanted = np.column_stack([new[["size", "age"]], codes]) @ coefficients
    np.testing.assert_allclose(model.predict(new), wanted, atol=1e-5)
    assert coefficients[:2] == pytest.approx([0.9, -0.004], abs=0.01)  # what was planted


@both
def test_a_planted_rule_is_found_on_unseen_homes(name):
    new, price = hedonic_homes(200, seed=5)
    error = make_estimator(name).fit(INPUTS, PRICE).predict(new) - price
    allowed = 0.4 if name == "random_forest" else 0.25  # averages do not reach the corners
    assert np.sqrt((error**2).mean()) < allowed * price.std()


@both
def test_importances_name_every_number_and_put_size_before_noise(name):
    said = make_estimator(name).fit(INPUTS, PRICE).feature_importances()
    assert set(said) | {"constant"} == set(INPUTS)
    assert said["size"] > said["noise"] >= 0 and said["postal_code"] > said["noise"]
    assert said.get("constant", 0) == 0  # the net does not see it


@each
def test_two_fits_save_the_same_bytes(name):
    assert (
        make_estimator(name).fit(INPUTS, PRICE).to_json()
        == make_estimator(name).fit(*hedonic_homes()).to_json()
    )


# What a process does that has fitted nothing: first it predicts with each saved model, knowing no
# more than the library, then it fits each anew.
FRESH = """
import json, sys
from pathlib import Path
import pandas as pd
from lib.models.variants.photo.registry import MODELS
folder = Path(sys.argv[1])
homes, said, fitted = pd.read_parquet(folder / "new.parquet"), {}, {}
for name in sys.argv[2:]:
    estimator, section = MODELS[name]
    params = section.model_validate_json((folder / f"{name}.params").read_text())
    model = estimator.from_json((folder / f"{name}.json").read_text(), params, 7)
    said[name] = model.predict(homes).tolist()
from tests.support.estimators import make_estimator, many_codes
for name in sys.argv[2:]:
    fitted[name] = make_estimator(name).fit(*many_codes()).to_json()
print(json.dumps([said, fitted]))
"""


def new_homes():
    """Homes with a code that training lacks, and one of which nothing is known."""
    new, _ = hedonic_homes(30, seed=3)
    new.loc[0, "postal_code"] = "unseen"
    new.loc[1] = [np.nan, np.nan, np.nan, np.nan, None]
    return new


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """(predictions, saved models) of each name by a process of its own, whose hash seed is
    another: to start one takes longer than all it does."""
    folder = tmp_path_factory.mktemp("fresh")
    new_homes().to_parquet(folder / "new.parquet")
    for name in ESTIMATORS:
        model = make_estimator(name).fit(INPUTS, PRICE)
        (folder / f"{name}.json").write_text(model.to_json())
        (folder / f"{name}.params").write_text(model.params.model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(folder), *ESTIMATORS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    return json.loads(done.stdout)


@each
def test_a_fit_in_another_process_saves_the_same_bytes(name, fresh):
    """Python's hash seed and the order of sets must not reach the model."""
    assert fresh[1][name] == make_estimator(name).fit(*many_codes()).to_json()


def test_another_seed_draws_other_trees():
    other = BoostedTrees(TREES, 8).fit(INPUTS, PRICE)
    assert not np.array_equal(
        other.predict(INPUTS), make_estimator("lightgbm").fit(INPUTS, PRICE).predict(INPUTS)
    )


@each
def test_a_saved_model_predicts_the_same_in_a_fresh_process(name, fresh):
    assert fresh[0][name] == make_estimator(name).fit(INPUTS, PRICE).predict(new_homes()).tolist()


@each
def test_a_loaded_model_saves_as_it_was(name):
    model = make_estimator(name).fit(INPUTS, PRICE)
    again = type(model).from_json(model.to_json(), model.params, 7)
    assert again.feature_importances() == model.feature_importances()
    new = hedonic_homes(20, seed=4)[0]
    assert again.predict(new).tolist() == model.predict(new).tolist()


@both
def test_an_unseen_category_is_priced_between_the_known_ones(name):
    model = make_estimator(name).fit(INPUTS, PRICE)
    home = INPUTS.iloc[[0]]
    known = [model.predict(home.assign(postal_code=code))[0] for code in "ABC"]
    unseen = model.predict(home.assign(postal_code="Z"))[0]
    missing = model.predict(home.assign(postal_code=pd.Series([None], dtype="str")))[0]
    assert unseen == missing
    assert min(known) - 0.05 <= unseen <= max(known) + 0.05


@each
def test_a_column_that_is_empty_in_training_is_no_obstacle(name):
    empty = {"hollow": np.nan, "hollow_code": pd.Series(None, index=INPUTS.index, dtype="str")}
    model = make_estimator(name).fit(INPUTS.assign(**empty), PRICE)
    assert np.isfinite(model.predict(INPUTS.assign(**empty))).all()
    # and values in it later say nothing, as nothing was learned of them
    later = INPUTS.assign(hollow=5.0, hollow_code="x")
    assert model.predict(later).tolist() == model.predict(INPUTS.assign(**empty)).tolist()


@both
@pytest.mark.parametrize("column", ["size", "postal_code"])
def test_a_column_absent_at_prediction_is_as_if_all_missing(name, column):
    model = make_estimator(name).fit(INPUTS, PRICE)
    nothing = pd.Series(None, index=INPUTS.index, dtype=INPUTS[column].dtype)
    absent = model.predict(INPUTS.drop(columns=column))
    assert absent.tolist() == model.predict(INPUTS.assign(**{column: nothing})).tolist()


@each
def test_order_of_columns_at_prediction_does_not_matter(name):
    model = make_estimator(name).fit(INPUTS, PRICE)
    assert model.predict(INPUTS[INPUTS.columns[::-1]]).tolist() == model.predict(INPUTS).tolist()


def test_missing_numbers_take_the_training_median_in_the_linear_model():
    model = make_estimator("linear").fit(INPUTS, PRICE)
    filled = INPUTS.assign(age=INPUTS["age"].median())
    assert model.predict(INPUTS.assign(age=np.nan)).tolist() == model.predict(filled).tolist()


@both
def test_inputs_named_by_prefix_are_not_seen(name):
    model = make_estimator(name)
    model.params = model.params.model_copy(update={"without": ["no", "postal"]})
    model.fit(INPUTS, PRICE)
    assert set(model.feature_importances()) | {"constant"} == {"size", "age", "constant"}
    changed = INPUTS.assign(noise=99.0, postal_code="C")
    assert model.predict(changed).tolist() == model.predict(INPUTS).tolist()


def leveled(shift, n=300, seed=2):
    """Homes whose comparables say the level, `shift` above that of training."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(12, 12.5, n) + shift
    inputs = pd.DataFrame({"comp_log_price": level, "pool": rng.integers(0, 2, n).astype(float)})
    return inputs, (level + 0.1 * inputs["pool"]).to_numpy()


@pytest.mark.parametrize("name", ["linear", "lightgbm", "random_forest"])
def test_a_model_that_sees_nothing_says_so(name):
    make, spec = ESTIMATORS[name]
    blind = spec.model_copy(update={"without": [str(column) for column in INPUTS]})
    with pytest.raises(RemlError, match="no input to learn from; take prefixes out of `without`"):
        make(blind, 1).fit(INPUTS, PRICE)


def test_lightgbm_follows_the_comparables_above_any_price_it_has_seen():
    model = BoostedTrees(TREES, 1).fit(*leveled(0))
    inputs, price = leveled(1.0)
    assert np.abs(model.predict(inputs) - price).max() < 0.05
    blind = TREES.model_copy(update={"without": ["comp_"], "start": []})
    blind = BoostedTrees(blind, 1).fit(*leveled(0))
    assert np.abs(blind.predict(inputs) - price).mean() > 0.8  # trees alone stay where they were


def test_lightgbm_starts_from_the_zip_where_there_are_no_comparables_else_from_the_mean():
    inputs, price = leveled(0)
    inputs["mkt_zip_log_price_365d"] = inputs["comp_log_price"] - 0.5
    inputs.loc[::3, "comp_log_price"] = np.nan
    inputs.loc[::6, "mkt_zip_log_price_365d"] = np.nan
    few = TREES.model_copy(update={"num_iterations": 1, "learning_rate": 1e-9})
    model = BoostedTrees(few, 1).fit(inputs, price)
    start = model.predict(inputs) - model.booster.predict(model._matrix(inputs))
    comp = inputs["comp_log_price"]
    wanted = comp.fillna(inputs["mkt_zip_log_price_365d"]).fillna(price.mean())
    np.testing.assert_allclose(start, wanted)


@pytest.mark.parametrize("call", ["predict", "feature_importances", "to_json"])
def test_lightgbm_before_fit_says_so(call):
    model = BoostedTrees(TREES, 1)
    with pytest.raises(RemlError, match="used before fit"):
        model.predict(INPUTS) if call == "predict" else getattr(model, call)()


def test_a_forest_averages_its_trees():
    """Its estimate is the start and the mean of what its trees say, and follows the start."""
    inputs, price = leveled(0)
    model = RandomForest(FOREST, 3).fit(inputs, price)
    trees = [
        model.booster.predict(model._matrix(inputs), start_iteration=i, num_iteration=1)
        for i in range(model.booster.num_trees())
    ]
    assert len(trees) == FOREST.num_iterations and np.std(trees, axis=0).max() > 0
    wanted = inputs["comp_log_price"] + np.mean(trees, axis=0)
    np.testing.assert_allclose(model.predict(inputs), wanted, atol=1e-12)
    higher, higher_price = leveled(1.0)
    assert np.abs(model.predict(higher) - higher_price).max() < 0.05


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_quantile_objective_leaves_that_share_of_prices_below(share):
    inputs, _ = hedonic_homes(2000)
    price = np.random.default_rng(4).normal(12, 0.3, 2000)
    spec = TREES.model_copy(update={"objective": "quantile", "alpha": share, "num_leaves": 2})
    below = price < BoostedTrees(spec, 1).fit(inputs, price).predict(inputs)
    assert below.mean() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("objective", ["l1", "l2", "huber"])
def test_other_objectives_fit_too(objective):
    spec = TREES.model_copy(update={"objective": objective, "alpha": 0.2})
    error = BoostedTrees(spec, 1).fit(INPUTS, PRICE).predict(INPUTS) - PRICE
    assert np.sqrt((error**2).mean()) < 0.25 * PRICE.std()


def test_a_monotone_constraint_holds_where_the_data_speak_against_it():
    inputs, price = hedonic_homes(400)
    price = price - 2 * inputs["size"].to_numpy() * (inputs["size"] > 8)  # large homes: cheaper
    ladder = inputs.iloc[[0] * 50].assign(size=np.linspace(6.5, 9, 50))
    free = BoostedTrees(TREES, 1).fit(inputs, price).predict(ladder)
    tied = TREES.model_copy(update={"monotone": {"size": 1, "absent": 1}})
    held = BoostedTrees(tied, 1).fit(inputs, price).predict(ladder)
    assert (np.diff(free) < -0.1).any() and (np.diff(held) >= -1e-12).all()


def dated(n=400):
    """A sale a day, closing a week after it was agreed."""
    as_of = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    return pd.DataFrame({"as_of": as_of, "close_date": as_of + pd.Timedelta(days=7)})


def test_encoded_columns_are_learnt_saved_and_served():
    spec = TREES.model_copy(
        update={"encode": ["postal_code", "absent"], "without": ["postal"], "start": []}
    )
    model = BoostedTrees(spec, 7).fit(INPUTS, PRICE, dated())
    again = BoostedTrees.from_json(model.to_json(), spec, 7)
    assert again.predict(INPUTS).tolist() == model.predict(INPUTS).tolist()
    said = model.feature_importances()
    assert "postal_code" not in said and said["enc_postal_code"] > said["noise"]
    home = INPUTS.iloc[[0]]
    a, b, c, other = (
        model.predict(home.assign(postal_code=code))[0] for code in ("A", "B", "C", "Z")
    )
    assert c < a < b and c - 0.05 < other < b + 0.05
    with pytest.raises(RemlError, match="encode: size holds numbers"):
        BoostedTrees(TREES.model_copy(update={"encode": ["size"]}), 7).fit(INPUTS, PRICE, dated())
    with pytest.raises(RemlError, match="encode: training needs"):
        BoostedTrees(spec, 7).fit(INPUTS, PRICE)


def test_comparables_are_shrunk_where_prices_follow_them_less():
    inputs, price = leveled(0)
    said = inputs["comp_log_price"].to_numpy()

    def fitted(shrink, log_price):
        spec = ComparablesRegressorParams(start=STARTS, shrink=shrink)
        return ComparablesRegressor(spec, 1).fit(inputs, log_price)

    moved = said - said.mean() + price.mean()
    np.testing.assert_allclose(fitted(1e12, price).predict(inputs), moved)  # taken as they are
    half = said.mean() + 0.5 * (said - said.mean())
    free = fitted(0, half)
    np.testing.assert_allclose(free.predict(inputs), half)
    assert free.feature_importances() == {"comp_log_price": pytest.approx(0.5)}
    # 300 sales that say 0.5 against 300 that say 1
    assert fitted(300, half).feature_importances() == {"comp_log_price": pytest.approx(0.75)}
    none = inputs.assign(comp_log_price=np.nan)
    assert np.allclose(free.predict(none), half.mean())


def test_comparables_take_the_first_known_start_and_without_any_say_the_mean():
    spec = ComparablesRegressorParams(start=["first", "second"], shrink=1e12)
    inputs = pd.DataFrame({"first": [1.0, np.nan, np.nan], "second": [9.0, 2.0, np.nan]})
    price = np.array([1.0, 2.0, 6.0])
    got = ComparablesRegressor(spec, 1).fit(inputs, price).predict(inputs)
    np.testing.assert_allclose(got, [1.0, 2.0, 3.0])
    nothing = ComparablesRegressor(spec, 1).fit(inputs.drop(columns=["first", "second"]), price)
    np.testing.assert_allclose(nothing.predict(inputs.assign(first=np.nan))[2], 3.0)


def test_every_model_is_listed_with_its_parameters():
    assert {name: (model, type(params)) for name, (model, params) in ESTIMATORS.items()} | {
        "kriged": (BoostedTrees, BoostedTreesParams),
        "district": (BoostedTrees, BoostedTreesParams),
    } == MODELS
