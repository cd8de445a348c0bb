"""Estimators: they find what was planted, save to text, and stay sane on odd inputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.common.checks import RemlError
from lib.models.estimators import MODELS, LightGBM, LightGBMParams, Linear, LinearParams

ROOT = Path(__file__).parents[2]
STARTS = ["comp_log_price", "mkt_zip_log_price_365d"]
TREES = LightGBMParams(
    without=[], start=STARTS, objective="l2", alpha=0.9, num_iterations=60, learning_rate=0.1,
    num_leaves=15, min_data_in_leaf=5, feature_fraction=0.8, bagging_fraction=0.8, lambda_l2=0.0,
    num_threads=1,
)  # fmt: skip
RIDGE = LinearParams(alpha=1.0, without=[])


def hedonic(n=400, seed=0):
    """Inputs and log prices by a known rule, with two useless columns."""
    rng = np.random.default_rng(seed)
    inputs = pd.DataFrame(
        {
            "size": rng.normal(7.5, 0.4, n),
            "age": rng.integers(0, 80, n).astype(float),
            "noise": rng.normal(size=n),
            "constant": 3.0,
            "postal_code": pd.Series(rng.choice(["A", "B", "C"], n), dtype="str"),
        }
    )
    premium = inputs["postal_code"].map({"A": 0.0, "B": 0.3, "C": -0.2})
    price = 5 + 0.9 * inputs["size"] - 0.004 * inputs["age"] + premium
    return inputs, (price + rng.normal(0, 0.01, n)).to_numpy()


def many_codes():
    inputs, price = hedonic(100)
    return inputs.assign(street=[f"street {i % 20}" for i in range(100)]), price


INPUTS, PRICE = hedonic()


def make(name):
    return LightGBM(TREES, 7) if name == "lightgbm" else Linear(RIDGE, 7)


both = pytest.mark.parametrize("name", ["linear", "lightgbm"])


def test_linear_without_penalty_is_least_squares():
    model = Linear(LinearParams(alpha=1e-9, without=["noise", "constant"]), 0).fit(INPUTS, PRICE)
    dummies = np.column_stack([INPUTS["postal_code"] == code for code in "ABC"]).astype(float)
    matrix = np.column_stack([INPUTS[["size", "age"]], dummies])
    coefficients, *_ = np.linalg.lstsq(matrix, PRICE, rcond=None)
    new, _ = hedonic(50, seed=9)
    codes = np.column_stack([new["postal_code"] == code for code in "ABC"]).astype(float)
    wanted = np.column_stack([new[["size", "age"]], codes]) @ coefficients
    np.testing.assert_allclose(model.predict(new), wanted, atol=1e-5)
    assert coefficients[:2] == pytest.approx([0.9, -0.004], abs=0.01)  # what was planted


@both
def test_a_planted_rule_is_found_on_unseen_homes(name):
    new, price = hedonic(200, seed=5)
    error = make(name).fit(INPUTS, PRICE).predict(new) - price
    assert np.sqrt((error**2).mean()) < 0.25 * price.std()


@both
def test_importances_name_every_number_and_put_size_before_noise(name):
    said = make(name).fit(INPUTS, PRICE).importances()
    assert set(said) == set(INPUTS)
    assert said["size"] > said["noise"] >= 0 and said["postal_code"] > said["noise"]
    assert said["constant"] == 0


@both
def test_two_fits_save_the_same_bytes(name):
    assert make(name).fit(INPUTS, PRICE).dump() == make(name).fit(*hedonic()).dump()


@both
def test_a_fit_in_another_process_saves_the_same_bytes(name):
    """Python's hash seed and the order of sets must not reach the model."""
    code = f"""
from tests.lib.test_estimators import many_codes, make
print(make({name!r}).fit(*many_codes()).dump())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert done.stdout.strip() == make(name).fit(*many_codes()).dump()


def test_another_seed_draws_other_trees():
    other = LightGBM(TREES, 8).fit(INPUTS, PRICE)
    assert not np.array_equal(
        other.predict(INPUTS), make("lightgbm").fit(INPUTS, PRICE).predict(INPUTS)
    )


@both
def test_a_saved_model_predicts_the_same_in_a_fresh_process(name, tmp_path):
    model = make(name).fit(INPUTS, PRICE)
    new, _ = hedonic(30, seed=3)
    new.loc[0, "postal_code"] = "unseen"
    new.loc[1] = [np.nan, np.nan, np.nan, np.nan, None]
    new.to_parquet(tmp_path / "new.parquet")
    (tmp_path / "model.json").write_text(model.dump())
    (tmp_path / "params.json").write_text(model.params.model_dump_json())
    code = f"""
import json, pandas as pd
from pathlib import Path
from lib.models.estimators import MODELS
estimator, section = MODELS[{name!r}]
folder = Path({str(tmp_path)!r})
params = section.model_validate_json((folder / "params.json").read_text())
model = estimator.load((folder / "model.json").read_text(), params, 7)
print(json.dumps(model.predict(pd.read_parquet(folder / "new.parquet")).tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == model.predict(new).tolist()


@both
def test_a_loaded_model_saves_as_it_was(name):
    model = make(name).fit(INPUTS, PRICE)
    again = type(model).load(model.dump(), model.params, 7)
    assert again.importances() == model.importances()
    new = hedonic(20, seed=4)[0]
    assert again.predict(new).tolist() == model.predict(new).tolist()


@both
def test_an_unseen_category_is_priced_between_the_known_ones(name):
    model = make(name).fit(INPUTS, PRICE)
    home = INPUTS.iloc[[0]]
    known = [model.predict(home.assign(postal_code=code))[0] for code in "ABC"]
    unseen = model.predict(home.assign(postal_code="Z"))[0]
    missing = model.predict(home.assign(postal_code=pd.Series([None], dtype="str")))[0]
    assert unseen == missing
    assert min(known) - 0.05 <= unseen <= max(known) + 0.05


@both
def test_a_column_that_is_empty_in_training_is_no_obstacle(name):
    empty = {"hollow": np.nan, "hollow_code": pd.Series(None, index=INPUTS.index, dtype="str")}
    model = make(name).fit(INPUTS.assign(**empty), PRICE)
    assert np.isfinite(model.predict(INPUTS.assign(**empty))).all()
    # and values in it later say nothing, as nothing was learned of them
    later = INPUTS.assign(hollow=5.0, hollow_code="x")
    assert model.predict(later).tolist() == model.predict(INPUTS.assign(**empty)).tolist()


@both
@pytest.mark.parametrize("column", ["size", "postal_code"])
def test_a_column_absent_at_prediction_is_as_if_all_missing(name, column):
    model = make(name).fit(INPUTS, PRICE)
    nothing = pd.Series(None, index=INPUTS.index, dtype=INPUTS[column].dtype)
    absent = model.predict(INPUTS.drop(columns=column))
    assert absent.tolist() == model.predict(INPUTS.assign(**{column: nothing})).tolist()


@both
def test_order_of_columns_at_prediction_does_not_matter(name):
    model = make(name).fit(INPUTS, PRICE)
    assert model.predict(INPUTS[INPUTS.columns[::-1]]).tolist() == model.predict(INPUTS).tolist()


def test_missing_numbers_take_the_training_median_in_the_linear_model():
    model = make("linear").fit(INPUTS, PRICE)
    filled = INPUTS.assign(age=INPUTS["age"].median())
    assert model.predict(INPUTS.assign(age=np.nan)).tolist() == model.predict(filled).tolist()


@both
def test_inputs_named_by_prefix_are_not_seen(name):
    model = make(name)
    model.params = model.params.model_copy(update={"without": ["no", "postal"]})
    model.fit(INPUTS, PRICE)
    assert set(model.importances()) == {"size", "age", "constant"}
    changed = INPUTS.assign(noise=99.0, postal_code="C")
    assert model.predict(changed).tolist() == model.predict(INPUTS).tolist()


def leveled(shift, n=300, seed=2):
    """Homes whose comparables say the level, `shift` above that of training."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(12, 12.5, n) + shift
    inputs = pd.DataFrame({"comp_log_price": level, "pool": rng.integers(0, 2, n).astype(float)})
    return inputs, (level + 0.1 * inputs["pool"]).to_numpy()


def test_lightgbm_follows_the_comparables_above_any_price_it_has_seen():
    model = LightGBM(TREES, 1).fit(*leveled(0))
    inputs, price = leveled(1.0)
    assert np.abs(model.predict(inputs) - price).max() < 0.05
    blind = TREES.model_copy(update={"without": ["comp_"], "start": []})
    blind = LightGBM(blind, 1).fit(*leveled(0))
    assert np.abs(blind.predict(inputs) - price).mean() > 0.8  # trees alone stay where they were


def test_lightgbm_starts_from_the_zip_where_there_are_no_comparables_else_from_the_mean():
    inputs, price = leveled(0)
    inputs["mkt_zip_log_price_365d"] = inputs["comp_log_price"] - 0.5
    inputs.loc[::3, "comp_log_price"] = np.nan
    inputs.loc[::6, "mkt_zip_log_price_365d"] = np.nan
    few = TREES.model_copy(update={"num_iterations": 1, "learning_rate": 1e-9})
    model = LightGBM(few, 1).fit(inputs, price)
    start = model.predict(inputs) - model.booster.predict(model._matrix(inputs))
    comp = inputs["comp_log_price"]
    wanted = comp.fillna(inputs["mkt_zip_log_price_365d"]).fillna(price.mean())
    np.testing.assert_allclose(start, wanted)


@pytest.mark.parametrize("call", ["predict", "importances", "dump"])
def test_lightgbm_before_fit_says_so(call):
    model = LightGBM(TREES, 1)
    with pytest.raises(RemlError, match="used before fit"):
        model.predict(INPUTS) if call == "predict" else getattr(model, call)()


def test_every_model_is_listed_with_its_parameters():
    assert MODELS["linear"] == (Linear, LinearParams)
    for name in ("lightgbm", "kriged", "district"):
        assert MODELS[name] == (LightGBM, LightGBMParams)
