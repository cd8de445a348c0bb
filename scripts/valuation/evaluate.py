"""Score every variant on every closed sale of the test, with bootstrap intervals.

The headline counts every sale; the same figures on the sales that `screen` calls usable stand
beside it.

Example: python -m scripts.valuation.evaluate
"""

from pathlib import Path

import click
import numpy as np
import pandas as pd
from pydantic import Field

from lib.common import cli, dictionary, io, params, variants
from lib.models import metrics, slices

OUT = Path("data/evaluate")
META = Path("lib/models/evaluate.meta.yml")
PLOTS = Path("plots/evaluate")
CALIBRATED = Path("data/calibrate")
METRICS = Path("metrics/evaluate.json")
SUMMARY = Path("metrics/summary.json")
PLACE = ["listing_key", "postal_code", "latitude", "longitude"]


class Params(params.Section):
    """The `evaluate` section of params.yaml."""

    draws: int = Field(ge=1)
    places: int = Field(ge=1)


def rounded(content: object, places: int) -> object:
    """Numbers of a nested structure to `places` significant digits; nan becomes null."""
    if isinstance(content, dict):
        return {key: rounded(value, places) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value, places) for value in content]
    if isinstance(content, float):
        return float(f"{content:.{places}g}") if np.isfinite(content) else None
    return content


def score(test: pd.DataFrame, names: list[str], settings: Params, seed: int) -> dict:
    """Accuracy and coverage of one variant's test predictions, each with its interval."""
    columns = tuple(test[name].to_numpy() for name in ("pred_close_price", "close_price"))
    rng = np.random.default_rng(seed)
    out = {
        "sales": len(test),
        "accuracy": metrics.bootstrap(metrics.accuracy, columns, settings.draws, rng),
    }
    for name in names:
        low, high = (test[f"pred_{side}_{name}"].to_numpy() for side in ("low", "high"))
        out[f"interval_{name}"] = metrics.bootstrap(
            metrics.coverage, (columns[1], low, high, columns[0]), settings.draws, rng
        )
    return out


def on_folds(predictions: pd.DataFrame) -> dict[str, float]:
    """Accuracy out of fold, in the past: the figures to choose by, as often as one likes."""
    past = predictions[predictions["role"] == "train"]
    return metrics.accuracy(np.exp(past["log_estimate"].to_numpy()), past["close_price"].to_numpy())


def summary(scores: dict) -> dict:
    """The few figures per variant that `dvc exp show` has room for; folds first. All are on every
    closed sale but for those called screened, which are on the sales that `screen` calls usable."""
    out = {}
    for variant, part in scores.items():
        value = {name: one["value"] for name, one in part["accuracy"].items()}
        out[variant] = {
            "fold_mdape": part["folds"]["mdape"],
            "fold_mape": part["folds"]["mape"],
            "mdape": value["mdape"],
            "mdape_low": part["accuracy"]["mdape"]["low"],
            "mdape_high": part["accuracy"]["mdape"]["high"],
            **{name: value[name] for name in ("mape", "r2", "ppe10", "bias")},
            **{
                f"screened_{name}": part["screened"]["accuracy"][name]["value"]
                for name in ("mdape", "mape")
            },
            **{
                name.replace("interval", "coverage"): part[name]["coverage"]["value"]
                for name in part
                if name.startswith("interval_")
            },
        }
    return out


def write_plots(test: pd.DataFrame, by_slice: pd.DataFrame, folder: Path, places: int) -> None:
    """The small tables of one variant that `dvc plots` draws."""
    io.write_csv(
        folder / "actual_predicted.csv", test[["close_price", "pred_close_price"]].round(-2)
    )
    columns = ["slice", "sales", "mdape", "bias", "coverage_90"]
    for kind in ("price band", "month"):
        part = by_slice.loc[by_slice["kind"] == kind, columns].round(places)
        io.write_csv(folder / f"by_{kind.replace(' ', '_')}.csv", part)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load("evaluate", Params)
    scores, tables, sliced = {}, [], []
    for variant in cli.progress(sorted(one.name for one in CALIBRATED.iterdir()), "evaluate"):
        folder = variants.folders()[variant]
        saved = io.read_json(folder / "model.json")
        place = io.read_parquet(Path(f"data/features/{saved['domain']}.parquet"))
        predicted = io.read_parquet(folder / "predictions.parquet")
        test = predicted[predicted["role"] == "test"].reset_index(drop=True)
        ranges = io.read_parquet(CALIBRATED / variant / "intervals.parquet")
        test = test.merge(ranges.drop(columns="role"), on="listing_key", validate="one_to_one")
        test = test.merge(place.reindex(columns=PLACE), on="listing_key").assign(
            variant=variant, domain=saved["domain"], model=saved["model"]
        )
        names = [name.removeprefix("pred_low_") for name in ranges if name.startswith("pred_low_")]
        scores[variant] = score(test, names, settings, base.seed)
        usable = test[test["usable"]].reset_index(drop=True)
        scores[variant]["view"] = saved.get("view", "blind")
        scores[variant]["screened"] = score(usable, names, settings, base.seed)
        scores[variant]["folds"] = on_folds(predicted)
        scores[variant]["folds_screened"] = on_folds(predicted[predicted["usable"]])
        parts = []
        for kind, column in (
            ("price band", slices.bands(test["close_price"])),
            ("value band", slices.bands(test["pred_close_price"])),
            ("ZIP", test["postal_code"].fillna("none")),
            ("month", test["as_of"].dt.strftime("%Y-%m")),
        ):
            parts.append(slices.by(test, column, names).assign(variant=variant, kind=kind))
        sliced.append(pd.concat(parts, ignore_index=True))
        tables.append(test)
        write_plots(test, sliced[-1], PLOTS / variant, settings.places)
    predictions = pd.concat(tables, ignore_index=True)
    by_slice = pd.concat(sliced, ignore_index=True)
    io.write_parquet(OUT / "predictions.parquet", predictions, ["variant", "listing_key"])
    io.write_parquet(OUT / "slices.parquet", by_slice, ["variant", "kind", "slice"])
    io.write_json(METRICS, rounded({"feed": base.feed, "variants": scores}, settings.places))
    io.write_json(SUMMARY, rounded(summary(scores), settings.places))
    dictionary.enforce(META, OUT)
    dictionary.enforce(META, PLOTS)
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
