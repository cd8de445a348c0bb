"""Estimators that see photos beside the features (`PHOTO`), and all there are (`MODELS`)."""

from __future__ import annotations

from typing import Any

from lib.common.params import Section
from lib.models.variants.photo.late_fusion import LateFusion, LateFusionParams
from lib.models.variants.photo.photo_boosting import PhotoBoostedTrees, PhotoBoostedTreesParams
from lib.models.variants.photo.photo_mlp import PhotoMLP, PhotoMLPParams
from lib.models.variants.training.estimators.registry import TABULAR

PHOTO: dict[str, tuple[Any, type[Section]]] = {
    "photo_trees": (PhotoBoostedTrees, PhotoBoostedTreesParams),
    "photo_net": (PhotoMLP, PhotoMLPParams),
    "late_fusion": (LateFusion, LateFusionParams),
}


MODELS = TABULAR | PHOTO
