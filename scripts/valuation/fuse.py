"""Fit one named variant that sees photos beside the features, as `train` fits those that do not.

A listing's photos enter as vectors and counts (`lib.photos.pooled.pooling`), and what has to be
learnt of them, principal components above all, is learnt inside the fit. Where no listing of the
past has a usable photo, the variant is skipped with that reason.

Example: python -m scripts.valuation.fuse sale_photo_trees
"""

from pathlib import Path
from typing import Any, ClassVar, Literal

import click
from pydantic import Field

from lib.common import cache, cli, io, params, table_spec
from lib.common.artifacts import LevelSettings
from lib.models.estimators.photo.late_fusion import LateFusionParams
from lib.models.estimators.photo.photo_boosting import PhotoTreesParams
from lib.models.estimators.photo.photo_mlp import PhotoNetParams
from lib.models.estimators.photo.photo_pca import MISSING
from lib.models.estimators.photo.registry import PHOTO
from lib.models.training import fit_variant
from lib.models.training.fit_variant import (
    VariantFit,
    find_variant,
    read_cut,
    read_training_table,
    skip_variant,
)
from lib.models.training.learning_curves import CurveParams
from lib.photos.pooled import pooling

OUT = Path("data/fuse")
META = Path("lib/models/estimators/photo/fuse.meta.yml")
EMBEDDED = Path("data/embed")


class Variant(fit_variant.Variant):
    """One entry of `fuse.variants`."""

    models: ClassVar[dict[str, tuple[Any, type[params.Section]]]] = PHOTO

    view: Literal["blind"] = "blind"


class Params(params.Section):
    """The `fuse` section of params.yaml."""

    variants: dict[str, Variant] = Field(min_length=1)  # DVC has no data/fuse without any
    photo_trees: PhotoTreesParams
    photo_net: PhotoNetParams
    late_fusion: LateFusionParams
    level: LevelSettings
    curves: CurveParams


@click.command(help=__doc__)
@click.argument("variant")
@cli.command
def main(variant: str) -> None:
    base, settings = params.load("fuse", Params)
    chosen = find_variant(variant, settings.variants)
    cut, folder = read_cut(chosen.domain), OUT / variant
    if "skipped" in cut:
        skip_variant(folder, cut["skipped"])
        return
    table, inputs = read_training_table(chosen.domain, chosen.view)
    vectors = io.read_parquet(EMBEDDED / "vectors.parquet")
    table = pooling.beside(table, vectors[vectors["domain"] == chosen.domain])
    past = (table["role"] == "train") & table["usable"]
    if table.loc[past, MISSING].eq(1).all():
        skip_variant(folder, f"no {chosen.domain} of the past has a usable photo")
        return
    extra = {
        "encoder": io.read_json(EMBEDDED / "encoder.json"),
        "vectors_sha256": cache.file_sha256(EMBEDDED / "vectors.parquet"),
    }
    section = getattr(settings, chosen.model)
    names = [*inputs, *pooling.names(table)]
    job = VariantFit(folder, chosen, section, settings.level, settings.curves, base.seed)
    fit_variant.fit_variant(job, table, names, extra)
    table_spec.enforce(META, folder)


if __name__ == "__main__":
    main()
