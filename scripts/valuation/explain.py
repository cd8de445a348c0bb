"""Explain the models that value homes: contributions, importance, effects, adjustments.

A home's value is the baseline times (1 + percentage) of each input, exactly. Writes data/explain/,
plots/explain/ and docs/analysis.md, which also tells what `ablate` found.

Example: python -m scripts.valuation.explain
"""

import shutil
from pathlib import Path

import click
import numpy as np
import pandas as pd

from lib.common import artifacts, cli, dictionary, io, params
from lib.common.artifacts import Model, Skipped
from lib.evaluation.explanation import contributions, importance, narrative
from lib.evaluation.explanation.importance import ExplainParams
from lib.models.variants.predict import add_photo_inputs
from lib.models.variants.training.training_table import join_training_table

OUT = Path("data/explain")
META = Path("lib/evaluation/explanation/explain.meta.yml")
PLOTS = Path("plots/explain")
ANALYSIS = Path("docs/analysis.md")
FEED = Path("data/normalize/feed.json")
FEATURES = Path("data/features")
SPLIT = Path("data/split")
SCREENED = Path("data/screen")
VECTORS = Path("data/embed/vectors.parquet")
SHOWN = Path("data/predict/comparables.parquet")
KEYS = {
    "contributions": ["domain", "listing_key", "input"],
    "importance": ["domain", "kind", "name"],
    "effects": ["domain", "input", "at"],
    "comparables": ["domain", "listing_key", "rank", "group"],
}


def homes_to_explain(predictions: pd.DataFrame, worst: int) -> pd.Series:
    """The listings to explain one by one: those on the market and the worst errors of the test.

    Parameters
    ----------
    predictions : DataFrame
        predictions.parquet: role, listing_key, close_price (currency), log_estimate (log currency).
    worst : int
        How many of the worst errors to explain.

    Returns
    -------
    Series of str
        Listing keys.
    """
    test = predictions[predictions["role"] == "test"]
    miss = (np.log(test["close_price"]) - test["log_estimate"]).abs()
    order = miss.sort_values(ascending=False, kind="stable").index[:worst]
    return pd.concat(
        [
            predictions.loc[predictions["role"] == "subject", "listing_key"],
            test.loc[order, "listing_key"],
        ]
    )


def explain_domain(
    saved: Model, folder: Path, settings: ExplainParams, seed: int
) -> dict[str, pd.DataFrame]:
    """The four tables of KEYS of the domain that a model values.

    Parameters
    ----------
    saved : Model
        The fitted variant or blend.
    folder : Path
        Where its predictions lie.
    settings : ExplainParams
        The `explain` section of params.yaml.
    seed : int
        Seed of samples and bootstrap.

    Returns
    -------
    dict of str to DataFrame
        Name to table.
    """
    domain = saved.domain
    files = [root / f"{domain}.parquet" for root in (FEATURES, SPLIT, SCREENED)]
    table, _ = join_training_table(*(io.read_parquet(path) for path in files))
    table = add_photo_inputs(table, saved, VECTORS).set_index("listing_key", drop=False)
    predictions = io.read_parquet(folder / "predictions.parquet")
    near = io.read_parquet(SHOWN)
    near = near[near["domain"] == domain].reset_index(drop=True)
    past = table[(table["role"] == "train") & table["usable"]]
    later = table[table["role"].isin(["test", "subject"])]
    sample = later.sample(min(settings.homes, len(later)), random_state=seed)["listing_key"]
    shown = homes_to_explain(predictions, settings.worst)
    keys = list(dict.fromkeys([*shown, *sample, *near["comparable"]]))
    base, added = importance.contributions_with_level(
        table.loc[keys], saved, predictions, contributions.contribution_centres(past, saved)
    )
    rng = np.random.default_rng(seed)
    names = importance.most_important_inputs(added.loc[sample], past, settings.inputs)
    learnt = past.sample(min(settings.homes, len(past)), random_state=seed)
    by_group = contributions.contributions_by_group(added)
    gaps = importance.comparable_adjustments(near, by_group, by_group)
    steps = contributions.contributions_to_long(table.loc[shown], saved, base, added.loc[shown])
    return {
        "contributions": steps.merge(table[["role"]], left_on="listing_key", right_index=True),
        "importance": importance.mean_importance(added.loc[sample]),
        "effects": importance.input_effects(
            learnt, saved, names, settings.bins, settings.draws, rng
        ),
        "comparables": near.merge(gaps, on=["listing_key", "rank", "comparable"]),
    }


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("explain", ExplainParams)
    source = io.read_json(FEED)
    shutil.rmtree(PLOTS, ignore_errors=True)
    PLOTS.mkdir(parents=True)
    parts_by_name: dict[str, list[pd.DataFrame]] = {name: [] for name in KEYS}
    looks = []
    for domain, variant in io.read_json(Path("metrics/predict.json"))["variants"].items():
        folder = artifacts.model_folders()[variant]
        saved = artifacts.read_model(folder)
        if isinstance(saved, Skipped):
            continue
        tables = explain_domain(saved, folder, settings, base.seed)
        for name, table in tables.items():
            parts_by_name[name].append(table.assign(domain=domain, variant=variant))
        looks += narrative.effect_findings(domain, tables["importance"], tables["effects"])
    ablated = io.read_json(Path("metrics/ablate.json"))
    looks += narrative.ablation_findings(ablated["variants"])
    looks += narrative.photo_findings(ablated["photos"])
    # workers are forked after LightGBM has run here, but they draw and do nothing else
    looks = narrative.draw_pictures(looks)
    for name, parts in parts_by_name.items():
        if parts:
            io.write_parquet(OUT / f"{name}.parquet", pd.concat(parts), KEYS[name])
    for one in looks:
        if one["svg"]:
            io.write_text(PLOTS / one["plot"], one["svg"])
    texts = [{name: text for name, text in one.items() if name != "svg"} for one in looks]
    io.write_json(OUT / "looks.json", texts)
    io.write_text(
        ANALYSIS,
        narrative.analysis_markdown(base.feed, source["synthetic"], looks, "../plots/explain"),
    )
    dictionary.enforce_ranges(META, OUT)
    cli.log.info("explain.complete", out=str(OUT), looks=len(looks), summary=str(ANALYSIS))


if __name__ == "__main__":
    main()
