"""Fit one named variant on the past, and predict the folds, the test and the open listings.

The served model is fitted on all sales of the past that `screen` calls usable; what it and its fold
models predict lies beside it. How the error falls with the number of trees goes to plots/train/.

Example: python -m scripts.valuation.train sale_lightgbm
"""

from pathlib import Path

import click

from lib.common import cli, dictionary, params
from lib.models.variants.training.fit_variant import (
    TrainParams,
    VariantJob,
    find_variant,
    fit_variant,
    read_split,
    read_training_table,
    skip_variant,
)
from lib.models.variants.training.training_table import LISTED, start_from_list_price

OUT = Path("data/train")
META = Path("lib/models/variants/training/train.meta.yml")


@click.command(help=__doc__)
@click.argument("variant")
@cli.command
def main(variant: str) -> None:
    base, settings = params.load_sections("train", TrainParams)
    chosen = find_variant(variant, settings.variants)
    cut, folder = read_split(chosen.domain), OUT / variant
    if "skipped" in cut:
        skip_variant(folder, cut["skipped"])
        return
    section = getattr(settings, chosen.model)
    table, inputs = read_training_table(chosen.domain, chosen.view)
    if chosen.view == "aware":
        section = start_from_list_price(section)
        if not table.loc[(table["role"] == "train") & table["usable"], LISTED].notna().any():
            skip_variant(folder, f"no {chosen.domain} of the past has a list price")
            return
    job = VariantJob(folder, chosen, section, settings.level, base.seed)
    fit_variant(job, table, inputs, {})
    dictionary.enforce_ranges(META, folder)


if __name__ == "__main__":
    main()
