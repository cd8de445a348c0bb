"""Models of every kind as `train` saves them, with what they were fitted to."""

from __future__ import annotations

import json

from lib.common.artifacts import Blend, FittedVariant, LevelSettings, Model, Skipped, parse_model
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.training.out_of_fold import fit_and_predict
from tests.support.daily_sales import EDGES, INPUTS, daily_sales
from tests.support.estimators import ESTIMATORS, TREES

LEVELLED = LevelSettings(days=14, shrink=5)
PARAMS = {name: params for name, (_, params) in ESTIMATORS.items()} | {
    "kriged": TREES,
    "district": TREES,
}


VARIANT = FittedVariant(
    variant="v", domain="sale", model="linear", view="blind", seed=7, params={}, level=None,
    inputs=[], features={}, trained_before="2024-05-01", trained_on=1, importances={}, state="",
)  # fmt: skip


def through_text(artifact: Model | Skipped) -> Model | Skipped:
    """An artifact after a trip through JSON text."""
    content = json.loads(json.dumps(artifact.model_dump(exclude_unset=True)))
    return parse_model(content, "model.json")


def make_variant(**fields) -> FittedVariant:
    """A variant with these fields, the others as a test may need them."""
    return VARIANT.model_copy(update=fields)


def make_blend(weights, members, **fields) -> Blend:
    """A blend of `members` by name."""
    blend = Blend(
        variant="mix", domain="sale", model="blend", view="blind", weights=weights,
        members=members, level=None, trained_before="2024-05-01", trained_on=1, importances={},
    )  # fmt: skip
    return blend.model_copy(update=fields)


def train_and_save(name, level):
    """(what `train` saves, its predictions, the features) after a trip through JSON text."""
    table = daily_sales()
    estimator, _ = MODELS[name]
    model, predicted = fit_and_predict(
        table, INPUTS, EDGES, lambda: estimator(PARAMS[name], 7), level
    )
    saved = make_variant(
        model=name, params=PARAMS[name].model_dump(), inputs=INPUTS, level=level,
        state=model.to_json(),
    )  # fmt: skip
    return through_text(saved), predicted, table
