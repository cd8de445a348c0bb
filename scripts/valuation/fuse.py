"""Fit one named variant that sees photos beside the features, as `train` fits those that do not.

A listing's photos enter as vectors and counts (`lib.models.variants.photo.pooling`), and what
has to be learnt of them, principal components above all, is learnt inside the fit. Where no listing
of the past has a usable photo, the variant is skipped with that reason.

Example: python -m scripts.valuation.fuse sale_photo_trees
"""

from pathlib import Path

import click

from lib.common import cli, dictionary, io, params
from lib.models.variants.fuse_params import FuseParams
from lib.models.variants.photo import pooling
from lib.models.variants.photo.photo_pca import MISSING
from lib.models.variants.training import fit_variant
from lib.models.variants.training.fit_variant import (
    VariantJob,
    find_variant,
    read_split,
    read_training_table,
    skip_variant,
)

OUT = Path("data/fuse")
META = Path("lib/models/variants/fuse.meta.yml")
EMBEDDED = Path("data/embed")


@click.command(help=__doc__)
@click.argument("variant")
@cli.command
def main(variant: str) -> None:
    base, settings = params.load_sections("fuse", FuseParams)
    chosen = find_variant(variant, settings.variants)
    cut, folder = read_split(chosen.domain), OUT / variant
    if "skipped" in cut:
        skip_variant(folder, cut["skipped"])
        return
    table, inputs = read_training_table(chosen.domain, chosen.view)
    vectors = io.read_parquet(EMBEDDED / "vectors.parquet")
    table = pooling.add_photo_columns(table, vectors[vectors["domain"] == chosen.domain])
    past = (table["role"] == "train") & table["usable"]
    if table.loc[past, MISSING].eq(1).all():
        skip_variant(folder, f"no {chosen.domain} of the past has a usable photo")
        return
    extra = {
        "encoder": io.read_json(EMBEDDED / "encoder.json"),
        "vectors_sha256": io.file_sha256(EMBEDDED / "vectors.parquet"),
    }
    section = getattr(settings, chosen.model)
    names = [*inputs, *pooling.photo_columns(table)]
    job = VariantJob(folder, chosen, section, settings.level, base.seed)
    fit_variant.fit_variant(job, table, names, extra)
    dictionary.enforce_ranges(META, folder)


if __name__ == "__main__":
    main()
