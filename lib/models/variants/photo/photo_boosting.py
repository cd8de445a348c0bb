"""Boosted trees that see photos: the trees of `boosting.py`, with components of the photos'
vectors among their inputs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from lib.models.variants.photo.photo_pca import PhotoPCA, PhotoPCAParams, source_input
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.boosting import BoostedTrees, BoostedTreesParams


class PhotoBoostedTreesParams(BoostedTreesParams, PhotoPCAParams):
    """The `fuse.photo_trees` section."""


class PhotoBoostedTrees(BoostedTrees):
    """`BoostedTrees` on inputs whose vectors a `PhotoPCA`, fitted on the same rows, has read."""

    def __init__(self, params: PhotoBoostedTreesParams, seed: int) -> None:
        super().__init__(params, seed)
        self.photos = PhotoPCA(params)

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        return super()._matrix(self.photos.transform(inputs))

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> PhotoBoostedTrees:
        self.photos.fit(inputs)
        super().fit(self.photos.transform(inputs), log_price, dates)
        return self

    def feature_importances(self) -> dict[str, float]:
        """Total gain of each input's splits; of a vector, those of its components."""
        total: dict[str, float] = {}
        for name, gain in super().feature_importances().items():
            total[source_input(name)] = total.get(source_input(name), 0.0) + gain
        return total

    def to_json(self) -> str:
        return json.dumps({"trees": super().to_json(), "photos": self.photos.to_dict()})

    @classmethod
    def from_json(cls, text: str, params: Any, seed: int) -> PhotoBoostedTrees:
        state = parse_state(text, "trees", "photos")
        model = cls(params, seed)
        trees = BoostedTrees.from_json(state["trees"], params, seed)
        model.state, model.booster = trees.state, trees.booster
        model.photos = PhotoPCA.from_dict(state["photos"], params)
        return model
