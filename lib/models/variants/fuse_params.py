"""The `fuse` section of params.yaml: variants that see photos. Apart from `fit_variant`, so that
`train` does not import the photo estimators."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from lib.common.artifacts import LevelSettings
from lib.common.params import Section
from lib.models.variants.photo.late_fusion import LateFusionParams
from lib.models.variants.photo.photo_boosting import PhotoBoostedTreesParams
from lib.models.variants.photo.photo_mlp import PhotoMLPParams
from lib.models.variants.photo.registry import PHOTO
from lib.models.variants.training.fit_variant import Variant


class FuseVariant(Variant):
    """One entry of `fuse.variants`."""

    models: ClassVar[dict[str, tuple[Any, type[Section]]]] = PHOTO

    view: Literal["blind"] = "blind"


class FuseParams(Section):
    """The `fuse` section of params.yaml."""

    variants: dict[str, FuseVariant] = Field(min_length=1)  # DVC has no data/fuse without any
    photo_trees: PhotoBoostedTreesParams
    photo_net: PhotoMLPParams
    late_fusion: LateFusionParams
    level: LevelSettings
