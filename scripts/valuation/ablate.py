"""Take feature groups out one at a time, and say what each is worth on the folds of the past.

Each variant named is fitted again with its own settings, on the same folds, sales and seeds. The
differences have paired bootstrap intervals. No variant named: nothing is ablated.

Example: python -m scripts.valuation.ablate
"""

from pathlib import Path

import click
import pandas as pd
from pydantic import Field

from lib.common import cli, io, params
from lib.common.checks import require
from lib.models.ablation import ablate
from lib.models.estimators import MODELS
from lib.models.level import Level
from lib.models.table import joined

METRICS = Path("metrics/ablate.json")
TRAIN = Path("data/train")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")
PLACES = 6  # digits behind the point in the metrics


class Params(params.Section):
    """The `ablate` section of params.yaml."""

    variants: list[str]
    draws: int = Field(ge=1)


def ablated(saved: dict, draws: int, seed: int) -> dict:
    """What each group is worth to the variant that `train` saved."""
    domain = saved["domain"]
    files = [root / f"{domain}.parquet" for root in (FEATURES, SPLIT, SCREENED)]
    table, _ = joined(*(io.read_parquet(path) for path in files), saved["view"])
    estimator, section = MODELS[saved["model"]]
    chosen = section.model_validate(saved["params"])
    return ablate(
        table,
        saved["inputs"],
        [pd.Timestamp(edge) for edge in io.read_json(SPLIT / "split.json")[domain]["fold_edges"]],
        lambda: estimator(chosen, saved["seed"]),
        Level(**saved["level"]) if saved["level"] else None,
        saved["params"],
        draws,
        seed,
    )


def rounded(content: object) -> object:
    """Numbers of a nested structure to `PLACES`."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    return round(content, PLACES) if isinstance(content, float) else content


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load("ablate", Params)
    found = {}
    for variant in cli.progress(settings.variants, "ablate"):
        known = sorted(folder.name for folder in TRAIN.iterdir())
        require(
            variant in known,
            f"params.yaml, ablate.variants: no trained variant {variant!r} (trained: "
            f"{', '.join(known)})",
        )
        saved = io.read_json(TRAIN / variant / "model.json")
        if "skipped" in saved:
            found[variant] = {"skipped": saved["skipped"]}
            continue
        found[variant] = {"domain": saved["domain"]} | ablated(saved, settings.draws, base.seed)
    io.write_json(METRICS, rounded({"feed": base.feed, "variants": found}))
    cli.log.info("ablate.complete", out=str(METRICS), variants=list(found))


if __name__ == "__main__":
    main()
