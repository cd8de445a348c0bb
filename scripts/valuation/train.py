"""Fit one named variant on the past, and predict the folds, the test and the open listings.

The served model is fitted on all sales of the past that `screen` calls usable; what it and its fold
models predict lies beside it. How the error falls with the number of trees goes to plots/train/.

Example: python -m scripts.valuation.train sale_lightgbm
"""

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar, Literal

import click
import pandas as pd
from dvclive import Live
from pydantic import field_validator

from lib.common import cli, io, params, table_spec
from lib.common.errors import require
from lib.models.estimators.photo.registry import MODELS
from lib.models.estimators.tabular.boosting import LightGBMParams, RandomForestParams
from lib.models.estimators.tabular.comparables_regressor import ComparablesParams
from lib.models.estimators.tabular.linear import LinearParams
from lib.models.estimators.tabular.registry import TABULAR
from lib.models.split import group_folds
from lib.models.training.learning_curves import KINDS, CurveParams, Curves
from lib.models.training.level_correction import Level
from lib.models.training.out_of_fold import predictions
from lib.models.training.training_table import LISTED, View, joined, starting

OUT = Path("data/train")
META = Path("lib/models/training/train.meta.yml")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")


class Variant(params.Section):
    """One entry of `train.variants`."""

    models: ClassVar = TABULAR

    domain: Literal["sale", "rental"]
    model: str
    level: bool
    view: View = "blind"

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in cls.models:
            raise ValueError(f"unknown model {name!r} (known: {', '.join(cls.models)})")
        return name


class Params(params.Section):
    """The `train` section of params.yaml. `feature_sets` and `boosting` are what models there refer
    to by YAML aliases; no code reads them."""

    variants: dict[str, Variant]
    feature_sets: dict[str, list[str]]
    boosting: dict[str, Any]
    linear: LinearParams
    lightgbm: LightGBMParams
    kriged: LightGBMParams
    random_forest: RandomForestParams
    comparables: ComparablesParams
    district: LightGBMParams
    level: Level
    curves: CurveParams


def plots_of(folder: Path) -> Path:
    """Where the curves of the variant in `folder` go: data/train/x -> plots/train/x."""
    return Path("plots", *folder.parts[-2:])


def skip(folder: Path, reason: str) -> None:
    """Write why a variant is not trained in place of a model."""
    io.write_json(folder / "model.json", {"variant": folder.name, "skipped": reason})
    io.write_parquet(folder / "predictions.parquet", pd.DataFrame({"listing_key": []}), [])
    io.write_json(plots_of(folder) / "metrics.json", {"skipped": reason})
    cli.log.warning(f"{folder.parent.name}.skipped", variant=folder.name, reason=reason)


def write_curves(curves: pd.DataFrame, folder: Path) -> None:
    """Log a learning curve with DVCLive: a table a kind in `folder`, and the last point. No clock,
    no report and no experiment of its own; six digits, as in metrics files."""
    shutil.rmtree(folder, ignore_errors=True)  # DVCLIVE_RESUME would add to what is there
    os.environ["DVC_STUDIO_OFFLINE"] = "true"  # else it would send them to whom a token belongs
    with Live(str(folder), report=None, save_dvc_exp=False, dvcyaml=None) as live:
        for row in curves.to_dict("records"):
            live.step = int(row["step"])
            for kind in KINDS:
                if pd.notna(row[kind]):
                    live.log_metric(f"mape/{kind}", float(f"{row[kind]:.6g}"))


def named(variant: str, known: dict[str, Any]) -> Any:
    """The entry of params.yaml that a variant has among the `known` ones."""
    told = ", ".join(known)
    require(variant in known, f"no variant {variant!r} in params.yaml (known: {told})")
    return known[variant]


def read(domain: str, view: View) -> tuple[pd.DataFrame, list[str]]:
    """What `lib.models.training.training_table.joined` makes of a domain's files."""
    files = [root / f"{domain}.parquet" for root in (FEATURES, SPLIT, SCREENED)]
    return joined(*(io.read_parquet(path) for path in files), view)


def fit(
    folder: Path,
    chosen: Any,
    section: Any,
    settings: Any,
    seed: int,
    table: pd.DataFrame,
    inputs: list[str],
    seen: dict[str, Any],
) -> None:
    """Fit a variant, predict, and write its folder and its curves.

    `chosen` is its entry of params.yaml and `section` its model's; `settings` has `level` and
    `curves`; `table` and `inputs` are those of `lib.models.training.out_of_fold`; `seen` is what
    model.json says more.
    """
    cut = io.read_json(SPLIT / "split.json")[chosen.domain]
    estimator, grouped = MODELS[chosen.model][0], "grouped" in cut
    inputs = group_folds.inputs(inputs) if grouped else inputs
    correction = settings.level if chosen.level and not grouped else None
    curves = Curves(inputs, settings.curves.points)
    model, predicted = predictions(
        table,
        inputs,
        [pd.Timestamp(edge) for edge in cut["fold_edges"]],
        lambda: estimator(section, seed),
        correction,
        curves,
    )
    learnt = int(((table["role"] == "train") & table["usable"]).sum())
    io.write_parquet(folder / "predictions.parquet", predicted, ["listing_key"])
    io.write_json(
        folder / "model.json",
        {
            "variant": folder.name,
            "domain": chosen.domain,
            "model": chosen.model,
            "view": chosen.view,
            "seed": seed,
            "params": section.model_dump(),
            "level": correction.model_dump() if correction else None,
            "inputs": inputs,
            "features": io.parquet_metadata(FEATURES / f"{chosen.domain}.parquet", "reml_"),
            **seen,
            "trained_before": cut["boundary"],
            "trained_on": learnt,
            "importances": model.importances(),
            "state": model.dump(),
        },
    )
    write_curves(curves.table(), plots_of(folder))
    cli.log.info(
        f"{folder.parent.name}.complete",
        variant=folder.name,
        trained_on=learnt,
        inputs=len(inputs),
        out=str(folder),
    )


@click.command(help=__doc__)
@click.argument("variant")
@cli.command
def main(variant: str) -> None:
    base, settings = params.load("train", Params)
    chosen = named(variant, settings.variants)
    cut, folder = io.read_json(SPLIT / "split.json")[chosen.domain], OUT / variant
    if "skipped" in cut:
        skip(folder, cut["skipped"])
        return
    section = getattr(settings, chosen.model)
    table, inputs = read(chosen.domain, chosen.view)
    if chosen.view == "aware":
        section = starting(section)
        if not table.loc[(table["role"] == "train") & table["usable"], LISTED].notna().any():
            skip(folder, f"no {chosen.domain} of the past has a list price")
            return
    fit(folder, chosen, section, settings, base.seed, table, inputs, {})
    table_spec.enforce(META, folder)


if __name__ == "__main__":
    main()
