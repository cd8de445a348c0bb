"""Serving: a saved model and the newest sales give what training gave, level included."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.models.estimators import MODELS
from lib.models.level import Level
from lib.models.serving import load_model, log_estimates
from lib.models.training import predictions
from tests.lib.test_estimators import RIDGE, TREES
from tests.lib.test_training import EDGES, INPUTS, sales

PARAMS = {"linear": RIDGE, "lightgbm": TREES, "kriged": TREES}


def trained(name, level):
    """(what `train` saves, its predictions, the features) after a trip through JSON text."""
    table = sales()
    estimator, _ = MODELS[name]
    model, predicted = predictions(table, INPUTS, EDGES, lambda: estimator(PARAMS[name], 7), level)
    saved = {
        "model": name, "params": PARAMS[name].model_dump(), "seed": 7, "inputs": INPUTS,
        "level": level.model_dump() if level else None, "state": model.dump(), "domain": "sale",
    }  # fmt: skip
    return json.loads(json.dumps(saved)), predicted, table


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("level", [None, Level(days=14, shrink=5)], ids=["plain", "level"])
def test_served_estimates_are_those_of_training(name, level):
    saved, predicted, table = trained(name, level)
    later = predicted[predicted["role"] != "train"]
    features = table.loc[later.index, ["as_of", "listing_key", *INPUTS]]
    got = log_estimates(features, saved, predicted)
    np.testing.assert_array_equal(got, later["log_estimate"])


def test_level_moves_an_estimate_by_the_latest_errors_alone():
    saved, predicted, table = trained("linear", Level(days=14, shrink=0))
    home = table.loc[[150]].assign(as_of=predicted["close_date"].max() + pd.Timedelta(days=1))
    raw = load_model(saved).predict(home[INPUTS])
    closed = predicted[predicted["role"] != "subject"]
    recent = closed[closed["close_date"] >= home["as_of"].iloc[0] - pd.Timedelta(days=14)]
    shift = np.median(np.log(recent["close_price"]) - recent["log_raw"])
    assert log_estimates(home, saved, predicted) - raw == pytest.approx(shift)
    # a month without sales says nothing
    idle = home.assign(as_of=home["as_of"] + pd.Timedelta(days=40))
    assert log_estimates(idle, saved, predicted) == pytest.approx(raw)
