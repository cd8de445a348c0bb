"""Search better settings of one variant on the rolling-origin folds of the past; off by default.

A search that was stopped goes on where it was: each finished trial lies in an SQLite file in REML's
cache, under a name made of all that the search reads. `python -m scripts.ops.tune_experiments` runs
the best trials through the pipeline.

Example: python -m scripts.valuation.tune
"""

import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pandas as pd

from lib.cache.entries import cache_root
from lib.cache.keys import code_hash, key_of, room_files
from lib.common import artifacts, cli, io, params
from lib.common.artifacts import FittedVariant, Skipped
from lib.models import tuning
from lib.models.tuning import TuneParams
from lib.report.plots.tuning import plot_search

OUT = Path("data/tune")
PLOT = Path("plots/tune/history.svg")
METRICS = Path("metrics/tune.json")
TRAIN = Path("data/train")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")


def run_search(saved: FittedVariant, settings: TuneParams, seed: int) -> list[dict]:
    """The finished trials of a search around the settings that `train` saved, in order."""
    # slow to import, and a search is off as a rule
    from lib.evaluation.metrics import accuracy
    from lib.features.asof import windows
    from lib.models.variants.training import level_correction, training_table
    from lib.models.variants.training.estimators import registry

    domain = saved.domain
    files = [root / f"{domain}.parquet" for root in (FEATURES, SPLIT, SCREENED)]
    features, roles, screened = (io.read_parquet(path) for path in files)
    table, _ = training_table.join_training_table(features, roles, screened, saved.view)
    cut = io.read_json(SPLIT / "split.json")[domain]
    edges = [pd.Timestamp(edge) for edge in cut["fold_edges"]]
    estimator, settled = registry.saved_settings(saved, registry.TABULAR)

    def objective(changed: dict[str, Any]) -> float:
        chosen = type(settled).model_validate(saved.params | changed)
        make = lambda: estimator(chosen, saved.seed)  # noqa: E731
        return tuning.score_settings(table, saved.inputs, edges, make, saved.level, settings.metric)

    rooms = (accuracy, windows, registry, level_correction)  # what a trial runs
    told = saved.model_dump(include={"model", "params", "level", "inputs", "seed", "view"})
    key = key_of(
        *(io.file_sha256(path) for path in files),
        json.dumps([cut, told, settings.model_dump(exclude={"trials", "seconds"}), seed]),
        code_hash([Path(tuning.__file__), *room_files(*rooms)]),
        *(version(name) for name in ("optuna", "lightgbm", "scikit-learn", "numpy")),
    )
    ranges = tuning.model_ranges(settings.ranges, saved.model)
    present = {name: saved.params[name] for name in ranges}
    until = time.monotonic() + (settings.seconds or float("inf"))

    def going_on(finished: int) -> bool:
        return finished < settings.trials and time.monotonic() < until

    trials = []
    storage = cache_root() / "tune" / f"{key}.sqlite"
    for one in tuning.search_settings(
        storage, present, ranges, objective, seed, settings.startup, going_on
    ):
        cli.log.info("tune.trial", **one)
        trials.append(one)
        if len(trials) == settings.trials:
            break
    return trials


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("tune", TuneParams)
    saved = artifacts.read_model(TRAIN / settings.variant)
    off, trials = "", []
    if not settings.trials:
        off = "tune.trials is 0, so nothing was searched"
    elif isinstance(saved, FittedVariant):
        trials = run_search(saved, settings, base.seed)
    elif isinstance(saved, Skipped):
        off = f"{settings.variant} was not trained: {saved.skipped}"
    head: dict[str, Any] = {"variant": settings.variant}
    if trials and isinstance(saved, FittedVariant):
        best = tuning.best_trial(trials)
        head |= {"model": saved.model, "metric": settings.metric, "trials": len(trials)}
        told = head | {"present": trials[0]["value"], "best": best["value"]}
        content = told | {
            "params": best["params"],
            "set": tuning.param_changes(saved.model, best),
        }
    else:
        content = told = head | {"off": off or "no trial ended within tune.seconds"}
    io.write_json(OUT / "best_params.json", content)
    io.write_json(OUT / "trials.json", trials)
    io.write_json(METRICS, {"feed": base.feed} | told)
    io.write_text(PLOT, plot_search(trials, settings.variant, settings.metric))
    if trials:
        line = " ".join(f"-S {change}" for change in content["set"])
        click.echo(f"best of {len(trials)} trials; apply it with: dvc exp run {line}")
    cli.log.info("tune.complete", out=str(OUT), **told)


if __name__ == "__main__":
    main()
