"""Boosted trees that see photos: the trees of `boosting.py`, with components of the photos'
vectors among their inputs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from lib.models.estimators.photo.photo_pca import Components, PhotoInputs, origin
from lib.models.estimators.tabular.boosting import LightGBM, LightGBMParams


class PhotoTreesParams(LightGBMParams, Components):
    """The `fuse.photo_trees` section."""


class PhotoTrees(LightGBM):
    """`LightGBM` on inputs whose vectors `PhotoInputs`, fitted on the same rows, has read."""

    def __init__(self, params: PhotoTreesParams, seed: int) -> None:
        super().__init__(params, seed)
        self.photos = PhotoInputs(params)

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        return super()._matrix(self.photos.transform(inputs))

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> PhotoTrees:
        self.photos.fit(inputs)
        super().fit(self.photos.transform(inputs), log_price, dates)
        return self

    def importances(self) -> dict[str, float]:
        """Total gain of each input's splits; of a vector, those of its components."""
        total: dict[str, float] = {}
        for name, gain in super().importances().items():
            total[origin(name)] = total.get(origin(name), 0.0) + gain
        return total

    def dump(self) -> str:
        return json.dumps({"trees": super().dump(), "photos": self.photos.dump()})

    @classmethod
    def load(cls, text: str, params: Any, seed: int) -> PhotoTrees:
        state = json.loads(text)
        model = cls(params, seed)
        trees = LightGBM.load(state["trees"], params, seed)
        model.state, model.booster = trees.state, trees.booster
        model.photos = PhotoInputs.load(state["photos"], params)
        return model
