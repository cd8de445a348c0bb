"""Estimators that see photos beside the features (`PHOTO`), and all there are (`MODELS`)."""

from __future__ import annotations

from typing import Any

from lib.common.params import Section
from lib.models.estimators.photo.late_fusion import LateFusion, LateFusionParams
from lib.models.estimators.photo.photo_boosting import PhotoBoostedTrees, PhotoBoostedTreesParams
from lib.models.estimators.photo.photo_mlp import PhotoMLP, PhotoMLPParams
from lib.models.estimators.tabular.registry import TABULAR

PHOTO: dict[str, tuple[Any, type[Section]]] = {
    "photo_trees": (PhotoBoostedTrees, PhotoBoostedTreesParams),
    "photo_net": (PhotoMLP, PhotoMLPParams),
    "late_fusion": (LateFusion, LateFusionParams),
}


MODELS = TABULAR | PHOTO
