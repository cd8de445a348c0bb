"""Models of every kind as `train` saves them, with what they were fitted to."""

from __future__ import annotations

import json

from lib.common.artifacts import LevelSettings
from lib.models.estimators.photo.registry import MODELS
from lib.models.training.out_of_fold import predictions
from tests.support.daily_sales import EDGES, INPUTS, daily_sales
from tests.support.estimators import ESTIMATORS, TREES

LEVELLED = LevelSettings(days=14, shrink=5)
PARAMS = {name: params for name, (_, params) in ESTIMATORS.items()} | {
    "kriged": TREES,
    "district": TREES,
}


def train_and_save(name, level):
    """(what `train` saves, its predictions, the features) after a trip through JSON text."""
    table = daily_sales()
    estimator, _ = MODELS[name]
    model, predicted = predictions(table, INPUTS, EDGES, lambda: estimator(PARAMS[name], 7), level)
    saved = {
        "model": name, "params": PARAMS[name].model_dump(), "seed": 7, "inputs": INPUTS,
        "level": level.model_dump() if level else None, "state": model.dump(), "domain": "sale",
    }  # fmt: skip
    return json.loads(json.dumps(saved)), predicted, table
