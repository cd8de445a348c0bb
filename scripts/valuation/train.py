"""Fit one named variant on the past, and predict the folds, the test and the open listings.

The served model is fitted on all sales of the past that `screen` calls usable; what it and its fold
models predict lies beside it.

Example: python -m scripts.valuation.train sale_lightgbm
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, dictionary, io, params
from lib.common.checks import require
from lib.features.build import names
from lib.models.estimators import MODELS, LightGBMParams, LinearParams
from lib.models.level import Level
from lib.models.training import predictions

OUT = Path("data/train")
META = Path("lib/models/train.meta.yml")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")


class Variant(params.Section):
    """One entry of `train.variants`."""

    domain: str
    model: str
    level: bool


class Params(params.Section):
    """The `train` section of params.yaml."""

    variants: dict[str, Variant]
    linear: LinearParams
    lightgbm: LightGBMParams
    kriged: LightGBMParams
    district: LightGBMParams
    level: Level


@click.command(help=__doc__)
@click.argument("variant")
@cli.command
def main(variant: str) -> None:
    base, settings = params.load("train", Params)
    known = ", ".join(settings.variants)
    require(variant in settings.variants, f"no variant {variant!r} in params.yaml (known: {known})")
    chosen = settings.variants[variant]
    require(
        chosen.model in MODELS,
        f"params.yaml, train.variants.{variant}.model: unknown model "
        f"{chosen.model!r} (known: {', '.join(MODELS)})",
    )
    cut = io.read_json(SPLIT / "split.json")[chosen.domain]
    folder = OUT / variant
    if "skipped" in cut:
        io.write_json(folder / "model.json", {"variant": variant, "skipped": cut["skipped"]})
        io.write_parquet(folder / "predictions.parquet", pd.DataFrame({"listing_key": []}), [])
        cli.log.warning("train.skipped", variant=variant, reason=cut["skipped"])
        return
    table = io.read_parquet(FEATURES / f"{chosen.domain}.parquet")
    table = table.merge(
        io.read_parquet(SPLIT / f"{chosen.domain}.parquet"), on="listing_key", validate="one_to_one"
    )
    inputs = names(table.drop(columns=["role", "fold"]))
    screened = io.read_parquet(SCREENED / f"{chosen.domain}.parquet", ["listing_key", "usable"])
    table = table.merge(screened, on="listing_key", how="left", validate="one_to_one")
    table["usable"] = table["usable"].eq(True)  # a listing on the market is no evidence yet
    estimator, section = MODELS[chosen.model][0], getattr(settings, chosen.model)
    model, predicted = predictions(
        table,
        inputs,
        [pd.Timestamp(edge) for edge in cut["fold_edges"]],
        lambda: estimator(section, base.seed),
        settings.level if chosen.level else None,
    )
    learnt = int(((table["role"] == "train") & table["usable"]).sum())
    io.write_parquet(folder / "predictions.parquet", predicted, ["listing_key"])
    io.write_json(
        folder / "model.json",
        {
            "variant": variant,
            "domain": chosen.domain,
            "model": chosen.model,
            "seed": base.seed,
            "params": section.model_dump(),
            "level": settings.level.model_dump() if chosen.level else None,
            "inputs": inputs,
            "trained_before": cut["boundary"],
            "trained_on": learnt,
            "importances": model.importances(),
            "state": model.dump(),
        },
    )
    dictionary.enforce(META, folder)
    cli.log.info(
        "train.complete",
        variant=variant,
        trained_on=learnt,
        inputs=len(inputs),
        out=str(folder),
    )


if __name__ == "__main__":
    main()
