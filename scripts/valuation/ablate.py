"""Take feature groups out one at a time, and say what each is worth on the folds of the past.

Each variant named is fitted again with its own settings, on the same folds, sales and seeds. The
differences have paired bootstrap intervals. No variant named: nothing is ablated. The variants in
ablate.photos are fitted with photos, without, and with those of other homes, which says whether
photos help, for which homes, and at what cost.

Example: python -m scripts.valuation.ablate
"""

from pathlib import Path

import click
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import artifacts, cli, io, params
from lib.common.artifacts import FittedVariant, Skipped
from lib.common.errors import require
from lib.common.processes import map_threads
from lib.evaluation.ablation import leakage_checks, photo_lift, photo_lift_text
from lib.evaluation.ablation.ablation import ComparisonSettings, RefittableVariant, ablate_groups
from lib.evaluation.ablation.photo_lift import AblateParams
from lib.models.variants.photo import pooling
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.predict import uses_photos
from lib.models.variants.training.estimators.registry import saved_settings
from lib.models.variants.training.training_table import join_training_table

METRICS = Path("metrics/ablate.json")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")
EMBEDDED = Path("data/embed")
PLACES = 6  # digits behind the point in the metrics


def read_tables(saved: FittedVariant) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables that a variant learns from.

    Parameters
    ----------
    saved : FittedVariant
        The variant.

    Returns
    -------
    table : DataFrame
        Features, roles and verdicts of `screen`, without photos.
    vectors : DataFrame
        The photos of its domain; empty where the variant looks at none.
    """
    features, roles, screened = (
        io.read_parquet(root / f"{saved.domain}.parquet") for root in (FEATURES, SPLIT, SCREENED)
    )
    table, _ = join_training_table(features, roles, screened, saved.view)
    if not uses_photos(saved):
        return table, pd.DataFrame()
    vectors = io.read_parquet(EMBEDDED / "vectors.parquet")
    return table, vectors[vectors["domain"] == saved.domain].reset_index(drop=True)


def make_refit(saved: FittedVariant) -> RefittableVariant:
    """The variant that `train` or `fuse` saved, to be fitted again."""
    estimator, chosen = saved_settings(saved, MODELS)
    edges = io.read_json(SPLIT / "split.json")[saved.domain]["fold_edges"]
    return RefittableVariant(
        saved.inputs,
        [pd.Timestamp(edge) for edge in edges],
        lambda: estimator(chosen, saved.seed),
        saved.level,
    )


def ablate_variant(saved: FittedVariant, draws: int, seed: int) -> dict:
    """What each group is worth to a saved variant."""
    table, vectors = read_tables(saved)
    table = pooling.add_photo_columns(table, vectors) if len(vectors) else table
    return ablate_groups(table, make_refit(saved), saved.params, draws, seed)


def blind_estimates(domain: str, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Estimates of the domain's variants that see neither photos nor list prices.

    Parameters
    ----------
    domain : str
        The domain.
    table : DataFrame
        Sales: listing_key, fold.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Variant to its estimates in currency of the sales in folds, in the order of `table`.
    """
    sold = table.loc[table["fold"] > 0, "listing_key"]
    out = {}
    for name, folder in artifacts.model_folders(artifacts.FITTED).items():
        saved = artifacts.read_model(folder)
        if isinstance(saved, Skipped) or saved.domain != domain:
            continue
        if saved.view != "blind" or uses_photos(saved):
            continue
        predictions = io.read_parquet(folder / "predictions.parquet").set_index("listing_key")
        out[name] = np.exp(predictions["log_estimate"].loc[sold].to_numpy(float))
    return out


def measure_lift(saved: FittedVariant, settings: photo_lift.PhotoLiftParams, seed: int) -> dict:
    """What photos are worth to a saved variant, and what looking at them costs."""
    if not uses_photos(saved):
        return {"skipped": "this variant does not look at photos"}
    table, vectors = read_tables(saved)
    with_photos = pooling.add_photo_columns(table, vectors)
    sample = photo_lift.LiftSample(
        with_photos,
        pooling.add_photo_columns(table, leakage_checks.shuffle_albums(vectors, seed)),
        leakage_checks.used_photos(with_photos, vectors),
        blind_estimates(saved.domain, with_photos),
    )
    plan = ComparisonSettings(settings.draws, settings.permutations, seed)
    part = photo_lift.measure_photo_lift(sample, make_refit(saved), plan, settings.guard)
    if "skipped" in part:
        return part
    encoder = io.read_json(EMBEDDED / "encoder.json")
    photos = vectors["listing_key"].isin(table["listing_key"]).sum() / len(table)
    cost = photo_lift.encoding_cost_per_thousand(
        float(photos), encoder["photos_per_second"], settings.dollars_per_hour
    )
    return part | {"cost": {"encoder": encoder["encoder"]} | cost}


def lift_part(
    saved: FittedVariant | Skipped, settings: photo_lift.PhotoLiftParams, seed: int
) -> dict:
    """`measure_lift`, or why that was skipped, with the verdict in words."""
    if isinstance(saved, Skipped):
        part = {"skipped": saved.skipped}
    else:
        part = {"domain": saved.domain} | measure_lift(saved, settings, seed)
    return part | {"told": photo_lift_text.describe_lift(part)}


def round_decimals(content: object) -> object:
    """Numbers of a nested structure to `PLACES`."""
    if isinstance(content, dict):
        return {key: round_decimals(value) for key, value in content.items()}
    if isinstance(content, list):
        return [round_decimals(value) for value in content]
    return round(content, PLACES) if isinstance(content, float) else content


def read_variant(name: str, where: str) -> FittedVariant | Skipped:
    """What `train` or `fuse` saved of a variant; raises where there is none of that name."""
    trained = artifacts.model_folders(artifacts.FITTED)
    require(
        name in trained,
        f"params.yaml, {where}: no trained variant {name!r} (trained: {', '.join(trained)})",
    )
    saved = artifacts.read_model(trained[name])
    assert not isinstance(saved, artifacts.Blend)  # none lies below FITTED
    return saved


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("ablate", AblateParams)
    wanted = {"photos": settings.photos.variants, "variants": settings.variants}
    where = {"photos": "ablate.photos.variants", "variants": "ablate.variants"}
    jobs = {  # the longest first: they end last
        (kind, name): read_variant(name, where[kind]) for kind in wanted for name in wanted[kind]
    }

    def done(job: tuple[tuple[str, str], FittedVariant | Skipped]) -> dict:
        (kind, _), saved = job
        if kind == "photos":
            part = lift_part(saved, settings.photos, base.seed)
        elif isinstance(saved, Skipped):
            part = {"skipped": saved.skipped}
        else:
            part = {"domain": saved.domain} | ablate_variant(saved, settings.draws, base.seed)
        bar.update()
        return part

    # threads: while one weighs what it found, which holds Python's lock, others grow trees
    with threadpool_limits(1, "blas"), cli.show_progress(jobs, "ablate") as bar:
        parts = dict(zip(jobs, map_threads(done, jobs.items()), strict=True))
    photos, found = (
        {name: part for (which, name), part in parts.items() if which == kind} for kind in wanted
    )
    io.write_json(METRICS, round_decimals({"feed": base.feed, "variants": found, "photos": photos}))
    cli.log.info(
        "ablate.complete", out=str(METRICS), variants=list(found),
        photos={name: part["told"] for name, part in photos.items()},
    )  # fmt: skip


if __name__ == "__main__":
    main()
