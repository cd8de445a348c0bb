"""Score every variant on every closed sale of the test, with bootstrap intervals.

The headline counts every sale; the same figures on the sales that `screen` calls usable stand
beside it. `python -m scripts.ops.score` scores a table from elsewhere in the same way.

Example: python -m scripts.valuation.evaluate
"""

from functools import partial
from pathlib import Path

import click
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import artifacts, cli, dictionary, io, params
from lib.common.processes import map_processes
from lib.evaluation.scoring import score, strata, tables, verdicts, worst_errors

OUT = Path("data/evaluate")
META = Path("lib/evaluation/scoring/evaluate.meta.yml")
PLOTS = Path("plots/evaluate")
CALIBRATED = Path("data/calibrate")
FLAGS = Path("data/screen/flags.parquet")
METRICS = Path("metrics/evaluate.json")
SUMMARY = Path("metrics/summary.json")
PLACE = ["postal_code", "latitude", "longitude", "property_sub_type", "own_age"]


def write_plots(test: pd.DataFrame, by_slice: pd.DataFrame, folder: Path, places: int) -> None:
    """Write the small tables of one variant that `dvc plots` draws.

    Parameters
    ----------
    test : DataFrame
        Test sales: close_price and pred_close_price (currency).
    by_slice : DataFrame
        The variant's rows of slices.parquet.
    folder : Path
        Where they go.
    places : int
        Digits behind the point.
    """
    io.write_csv(
        folder / "actual_predicted.csv", test[["close_price", "pred_close_price"]].round(-2)
    )
    columns = ["slice", "sales", "mdape", "bias", "coverage_90"]
    for kind in ("price band", "month"):
        part = by_slice.loc[by_slice["kind"] == kind, columns].round(places)
        io.write_csv(folder / f"by_{kind.replace(' ', '_')}.csv", part)


@threadpool_limits.wrap(limits=1, user_api="blas")  # products are small: threads mostly wait
def score_variant(
    variant: str, flags: pd.DataFrame, settings: score.EvaluateParams, seed: int
) -> tuple[dict, pd.DataFrame, dict[str, pd.DataFrame]]:
    """The score of one variant, its test predictions, and its tables.

    Parameters
    ----------
    variant : str
        The variant.
    flags : DataFrame
        flags.parquet of `screen`.
    settings : EvaluateParams
        The `evaluate` section of params.yaml.
    seed : int
        Seed of every bootstrap.

    Returns
    -------
    scored : dict
        Its part of metrics/evaluate.json.
    test : DataFrame
        Its test predictions, with variant, domain and model.
    tables : dict of str to DataFrame
        What `lib.evaluation.scoring.tables.make_evaluation_tables` gives.
    """
    folder = artifacts.model_folders()[variant]
    saved = artifacts.read_fitted(folder)
    homes = io.read_parquet(Path(f"data/features/{saved.domain}.parquet"))
    if "property_sub_type" not in homes and "property_type" in homes:  # which tells the kind then
        homes["property_sub_type"] = homes["property_type"]
    homes = homes.reindex(
        columns=list(dict.fromkeys(["listing_key", *PLACE, *worst_errors.NEEDED]))
    )
    predicted = io.read_parquet(folder / "predictions.parquet")
    test = predicted[predicted["role"] == "test"].reset_index(drop=True)
    ranges = io.read_parquet(CALIBRATED / variant / "intervals.parquet")
    test = test.merge(ranges.drop(columns="role"), on="listing_key", validate="one_to_one")
    names = [*test, *PLACE]
    test = test.merge(homes, on="listing_key").assign(
        variant=variant, domain=saved.domain, model=saved.model
    )
    folds, aware = score.score_folds(predicted), saved.view == "aware"
    usable = test[test["usable"]].reset_index(drop=True)
    folds_screened = score.score_folds(predicted[predicted["usable"]])
    scored = {
        "domain": saved.domain,
        "view": saved.view,
        **score.score_sales(test, settings, seed, folds["cod"], aware),
        "screened": score.score_sales(usable, settings, seed, folds_screened["cod"], aware),
        "folds": folds,
        "folds_screened": folds_screened,
    }
    past = predicted.loc[predicted["role"] == "train", ["listing_key"]].merge(homes)
    against = worst_errors.flag_reasons_by_key(flags[flags["domain"] == saved.domain])
    parts = tables.make_evaluation_tables(test, past, against, settings, seed)
    all_sales = [
        strata.ratio_study_to_long(part["ratio_study"], kind, "all", part["sales"])
        for kind, part in (("all", scored), ("screened", scored["screened"]))
    ]
    parts["ratio_study"] = pd.concat([*all_sales, parts["ratio_study"]], ignore_index=True)
    return scored, test[[*names, "variant", "domain", "model"]], parts


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("evaluate", score.EvaluateParams)
    names = sorted(one.name for one in CALIBRATED.iterdir())
    work = partial(score_variant, flags=io.read_parquet(FLAGS), settings=settings, seed=base.seed)
    scores, tests, parts = {}, [], []
    for variant, (scored, test, found) in zip(
        names, map_processes(work, names, label="evaluate"), strict=True
    ):
        scores[variant] = scored
        tests.append(test)
        parts.append({name: part.assign(variant=variant) for name, part in found.items()})
        write_plots(test, found["slices"], PLOTS / variant, settings.places)
    every = {
        name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]
    }
    predictions = pd.concat(tests, ignore_index=True)
    io.write_parquet(OUT / "predictions.parquet", predictions, ["variant", "listing_key"])
    io.write_parquet(OUT / "slices.parquet", every["slices"], ["variant", "kind", "slice"])
    for name in ("ratio_study", "calibration", "worst"):
        io.write_csv(OUT / f"{name}.csv", score.round_table(every[name], settings.places))
    acceptable = verdicts.acceptable_ranges(settings.ratio_study.cod)
    content = {"feed": base.feed, "acceptable": acceptable, "variants": scores}
    io.write_json(METRICS, score.round_nested(content, settings.places))
    io.write_json(SUMMARY, score.round_nested(score.summarize_scores(scores), settings.places))
    dictionary.enforce_ranges(META, OUT)
    dictionary.enforce_ranges(META, PLOTS)
    cli.log.info(
        "evaluate.complete",
        out=str(METRICS),
        **{
            variant: f"MdAPE {part['accuracy']['mdape']['value']:.2%} on {part['sales']} sales"
            for variant, part in scores.items()
        },
    )


if __name__ == "__main__":
    main()
