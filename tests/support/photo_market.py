"""A market whose photos show a planted quality, and the lift of photos measured on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.errors import require
from lib.evaluation.ablation import leakage_checks, photo_lift
from lib.evaluation.ablation.ablation import ComparisonSettings, RefittableVariant
from tests.support.daily_sales import EDGES, START

PLAN = ComparisonSettings(draws=300, permutations=400, seed=1)
INPUTS = ["living_area", "img_count", "img_missing", "img_vector"]
QUALITY = 0.2  # of log price, by one spread of a home's quality
DEEP = 4  # numbers of a vector


class Ridge:
    """Least squares with a small penalty on numbers and on vectors, zero where one is missing."""

    def _matrix(self, inputs):
        parts = [np.ones((len(inputs), 1))]
        for name in inputs:
            if name == "img_vector":
                cells = [np.zeros(DEEP) if one is None else one for one in inputs[name]]
                parts.append(np.stack(cells))
            elif pd.api.types.is_numeric_dtype(inputs[name]):
                parts.append(inputs[[name]].fillna(0).to_numpy(float))
        return np.hstack(parts)

    def fit(self, inputs, log_price, dates=None):
        require(len(inputs.columns) > 0, "no input")
        x = self._matrix(inputs)
        self.weights = np.linalg.solve(x.T @ x + 1e-6 * np.eye(x.shape[1]), x.T @ log_price)
        return self

    def predict(self, inputs):
        return self._matrix(inputs) @ self.weights


def photo_market(n=900, seed=3, worth=QUALITY):
    """(table of sales, vectors): the past of 120 days and a test of 30. Every third listing has no
    photo; the first number of a vector shows the quality of the home, which moves the price by
    `worth`; all else in it is noise."""
    rng = np.random.default_rng(seed)
    day = np.arange(n) * 150 // n
    quality, size = rng.normal(size=n), rng.normal(7.5, 0.3, n)
    closed = day + 7
    role = np.where(closed < 120, "train", np.where(day < 120, "purged", "test"))
    fold = np.where((role == "train") & (day >= 60), 1 + (day >= 90), 0)
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:03d}" for i in range(n)],
            "property_key": [f"p{i}" for i in range(n)],
            "as_of": START + pd.to_timedelta(day, unit="D"),
            "close_date": START + pd.to_timedelta(closed, unit="D"),
            "close_price": np.exp(5 + 0.9 * size + worth * quality + rng.normal(0, 0.1, n)),
            "living_area": size, "role": role, "fold": fold, "usable": True,
        }
    )  # fmt: skip
    rows = []
    for i, key in enumerate(table["listing_key"]):
        for k in range((0, 2, 12 if i % 2 else 4)[i % 3]):
            shown = rng.normal(size=DEEP)
            shown[0] = quality[i] + rng.normal(0, 0.2)
            name = f"{key}-{k}"
            rows.append(
                {"listing_key": key, "order": k, "sha1": name, "alike": [], "vector": shown}
            )
    return table.assign(quality=quality), pd.DataFrame(rows)


def add_photos(table, vectors):
    """`table` with the number of photos and the mean of their vectors."""
    albums = vectors.groupby("listing_key")["vector"]
    mean = albums.apply(lambda cells: np.mean(cells.tolist(), axis=0))
    count = table["listing_key"].map(albums.size()).fillna(0).astype(float)
    cells = [mean.get(key) for key in table["listing_key"]]
    return table.assign(
        img_count=count,
        img_missing=(count == 0).astype(float),
        img_vector=pd.Series(cells, table.index, dtype="object"),
    )


def make_refit(inputs=INPUTS, edges=EDGES):
    return RefittableVariant(inputs, edges, Ridge, None)


def measure_lift(table, vectors, inputs=INPUTS, edges=EDGES, guard=0.1, counted=None, rivals=None):
    other = add_photos(table, leakage_checks.shuffle_albums(vectors, 7))
    counted = vectors[["listing_key", "sha1", "alike"]] if counted is None else counted
    sample = photo_lift.LiftSample(add_photos(table, vectors), other, counted, rivals or {})
    return photo_lift.measure_photo_lift(sample, make_refit(inputs, edges), PLAN, guard)


def checks_by_name(part):
    return {one["name"]: one for one in part["checks"]}
