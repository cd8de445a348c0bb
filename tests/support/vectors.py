"""Shared by tests of models that see photos: homes whose vectors show what else nobody knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.support.estimators import ESTIMATORS
from tests.support.saved_models import make_variant, through_text

DIMS = 12
EFFECT = 0.2  # log price for one standard deviation of what the photos show


def shown(rng, quality, share=0.8):
    """Vectors (n,) object that show `quality` in one direction among noise; `share` have one."""
    points = rng.normal(0, 1, (len(quality), DIMS)) + np.outer(quality, np.linspace(0, 3, DIMS))
    cells = np.full(len(quality), None, dtype=object)
    for row in np.flatnonzero(rng.random(len(quality)) < share):
        cells[row] = points[row].astype("float32")
    return cells


def homes(n=400, seed=0):
    """(inputs with photo columns, log prices, dates): a sale a day, closing a week later."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    size = rng.normal(7.5, 0.3, n)
    whole = shown(rng, quality)
    has = np.array([cell is not None for cell in whole])
    kitchen = np.where(rng.random(n) < 0.5, shown(rng, quality, 1.0), None)
    kitchen[~has] = None
    inputs = pd.DataFrame(
        {
            "size": size,
            "postal_code": pd.Series(rng.choice(["A", "B"], n), dtype="str"),
            "img_missing": (~has).astype(float),
            "img_count": np.where(has, rng.integers(1, 9, n), 0).astype(float),
            "img_vector": whole,
            "img_vector_kitchen": kitchen,
            "img_vector_pool": np.full(n, None, dtype=object),
        }
    )
    price = 5 + 0.9 * size + EFFECT * quality + rng.normal(0, 0.05, n)
    as_of = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    dates = pd.DataFrame({"as_of": as_of, "close_date": as_of + pd.Timedelta(days=7)})
    return inputs, price, dates


def shuffled(inputs, seed=5):
    """The same homes with the photos of others."""
    order = np.random.default_rng(seed).permutation(len(inputs))
    photos = [name for name in inputs if name.startswith("img_")]
    other = inputs[photos].iloc[order].reset_index(drop=True)
    return inputs.assign(**{name: other[name] for name in photos})


def make(name, **changes):
    """A fresh model with the settings of the registry's tests, some of them changed."""
    model, params = ESTIMATORS[name]
    return model(params.model_copy(update=changes), 7)


def saved(name, model, inputs, **more):
    """A fitted model as its model.json gives it back."""
    variant = make_variant(
        model=name, params=model.params.model_dump(), inputs=list(inputs), state=model.to_json()
    )
    return through_text(variant.model_copy(update=more))
