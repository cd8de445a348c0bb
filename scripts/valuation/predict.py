"""Value every listing on the market, or any file of properties, with intervals and comparables.

Without options it writes data/predict/. With --subjects it reads a CSV in the feed's own format
and writes one CSV; the pipeline's own outputs stay as they are. After `make run FEED=name`, add
--run runs/name to value with that feed's models.

Example: python -m scripts.valuation.predict --subjects homes.csv --out valued.csv
"""

import datetime as dt
import os
from pathlib import Path

import click
import pandas as pd
from pydantic import Field

from lib.common import artifacts, cli, io, params, table_spec
from lib.common.errors import require
from lib.features import build
from lib.listings.contract import contract
from lib.models.serving import predict, similar_sales
from lib.models.serving.predict import photographed
from lib.models.serving.valuations import valuations
from lib.serve import subjects
from scripts.valuation import features as stage

OUT = Path("data/predict")
META = Path("lib/models/serving/predict.meta.yml")
NORMALIZED = Path("data/normalize")
FEATURES = Path("data/features")
VECTORS = Path("data/embed/vectors.parquet")
METRICS = Path("metrics/predict.json")


class Params(params.Section):
    """The `predict` section of params.yaml."""

    variants: dict[str, str]
    comparables: int = Field(ge=0)
    leaf_weight: float = Field(ge=0, le=1)


def model_of(domain: str, settings: Params) -> dict:
    """What `train` saved of the variant that values a domain, or why it was skipped."""
    variant = settings.variants[domain]
    known = artifacts.folders()
    require(
        variant in known,
        f"params.yaml, predict.variants.{domain}: no trained variant "
        f"{variant!r} (trained: {', '.join(known)})",
    )
    return io.read_json(known[variant] / "model.json")


def known_to(saved: dict) -> pd.DataFrame:
    """Every feature row of the domain that a saved model values, as the model sees it."""
    whole = io.read_parquet(FEATURES / f"{saved['domain']}.parquet")
    return photographed(whole, saved, VECTORS)


def value(
    features: pd.DataFrame,
    homes: pd.DataFrame,
    near: pd.DataFrame,
    past: pd.DataFrame,
    saved: dict,
    settings: Params,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(valuations of homes by a saved model, the comparables shown beside them); `near` are the
    candidates that `features` found among those of `past`."""
    predictions = io.read_parquet(artifacts.folders()[saved["variant"]] / "predictions.parquet")
    calibrated = Path("data/calibrate") / saved["variant"]
    calibration = (
        io.read_json(calibrated / "model.json"),
        io.read_parquet(calibrated / "scores.parquet"),
    )
    count, weight = settings.comparables, settings.leaf_weight
    near = similar_sales.closest(features, near, past, saved, predictions, weight, count)
    shown = near.round({"adjusted_close_price": 2, "similarity": 4})
    valued = valuations(features, homes, shown, saved, predictions, calibration, count)
    return valued, near.assign(domain=saved["domain"])


def require_no_future(as_of: str, saved: dict, where: str) -> None:
    """Stop where a home is to be valued on a day (ISO date) before the model stopped learning;
    `where` is what set the day."""
    require(
        as_of >= saved["trained_before"],
        f"{where} {as_of}: the model has learnt from sales up to {saved['trained_before']}, "
        "so a valuation on an earlier day would know its future; choose a later day, or set "
        "split.boundary in params.yaml to an earlier one",
    )


def open_listings(domain: str, settings: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Valuations of the domain's listings on the market, and the comparables shown."""
    saved = model_of(domain, settings)
    near = io.read_parquet(FEATURES / f"{domain}_comparables.parquet")
    roles = io.read_parquet(Path(f"data/split/{domain}.parquet"))
    keys = roles.loc[roles["role"] == "subject", "listing_key"]
    if "skipped" in saved or not len(keys):
        none = near.iloc[:0].assign(domain=domain, adjusted_close_price=0.0, similarity=0.0)
        valued = pd.DataFrame(columns=["listing_key", "domain", "as_of", "pred_close_price"])
        return valued, none.assign(time_adjusted_close_price=0.0)
    whole = known_to(saved)
    features = whole[whole["listing_key"].isin(keys)]
    require_no_future(f"{features['as_of'].min():%Y-%m-%d}", saved, "params.yaml, `as_of` of base:")
    homes = io.read_parquet(NORMALIZED / f"{domain}.parquet")
    return value(features, homes, near, whole, saved, settings)


def from_file(path: Path, out: Path, as_of: dt.date, feed: str, settings: Params) -> None:
    """Value the properties of a CSV file and write them, naming every row that is left out and
    every cell that could not be used."""
    homes, rejected, issues = subjects.read(path, contract.read(feed), as_of)
    count = len(homes) + len(rejected)
    spec = build.Features(**io.read_json(FEATURES / "spec.json")["settings"])
    _, known = stage.known(feed)
    valued, blind = [], []
    for domain, rows in homes.groupby("domain"):
        saved = model_of(str(domain), settings)
        if "skipped" in saved:
            left = rows[["_source_file", "_source_row"]].assign(_reason=saved["skipped"])
            rejected = pd.concat([rejected, left])
            continue
        require_no_future(f"{as_of}", saved, "--as-of")
        features, near, _ = build.build(rows, known[str(domain)], spec)
        features = predict.photos_missing(features, saved)  # a file of properties has none
        blind += [saved["variant"]] if predict.sees_photos(saved) else []
        valued.append(value(features, rows, near, known_to(saved), saved, settings)[0])
    done = pd.concat(valued) if valued else pd.DataFrame(columns=["listing_key", "domain"])
    assert len(done) + len(rejected) == count
    order = homes[["listing_key", "domain", "_source_row"]]  # the file's own
    done = done.merge(order).sort_values("_source_row").drop(columns="_source_row")
    io.write_csv(out, done)
    for row in rejected.sort_values("_source_row").itertuples():
        click.echo(f"{path}, data row {row._2}: not valued: {row._3}", err=True)
    for row in issues[issues["listing_key"].isin(done["listing_key"])].itertuples():
        where = f"{path}, data row {row._4}"
        click.echo(f"{where}: valued without {row.column} {row.value!r}: {row.reason}", err=True)
    if blind:
        told = f"{', '.join(blind)} looks at photos, and a file of properties brings none"
        click.echo(
            f"{path}: valued without photos: {told}; intervals are those of homes with as many "
            "photos as the past had, so they are somewhat too narrow",
            err=True,
        )
    click.echo(f"{len(done)} valued as of {as_of}, {len(rejected)} left out: {out}")


@click.command(help=__doc__)
@click.option("--subjects", "file", type=click.Path(path_type=Path), help="CSV to value instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="valuations.csv",
    show_default=True,
    help="Where --subjects writes.",
)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take contract and models from this run of another feed (runs/<feed>).",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Value --subjects on this date; by default the feed's latest.",
)
@cli.command
def main(file: Path | None, out: Path, folder: Path | None, as_of: dt.datetime | None) -> None:
    require(
        file is not None or (as_of is None and folder is None),
        "--as-of and --run go with --subjects; for open listings set `as_of` in params.yaml",
    )
    if folder and file:
        file, out = file.absolute(), out.absolute()
        os.chdir(folder)  # a run's folder is laid out like the workspace
    base, settings = params.load("predict", Params)
    if file:
        latest = dt.date.fromisoformat(io.read_json(Path("metrics/normalize.json"))["as_of"])
        from_file(file, out, as_of.date() if as_of else latest, base.feed, settings)
        return
    spec = build.Features(**io.read_json(FEATURES / "spec.json")["settings"])
    require(
        settings.comparables <= spec.comparables.k,
        f"params.yaml, predict.comparables: {settings.comparables} are to be shown, but "
        f"features.comparables.k keeps {spec.comparables.k}",
    )
    parts = [open_listings(domain, settings) for domain in settings.variants]
    valued = pd.concat([part for part, _ in parts], ignore_index=True)
    near = pd.concat([part for _, part in parts], ignore_index=True)
    io.write_csv(OUT / "valuations.csv", valued)
    io.write_parquet(OUT / "comparables.parquet", near, ["domain", "listing_key", "rank"])
    counts = valued["domain"].value_counts().to_dict() if len(valued) else {}
    io.write_json(
        METRICS,
        {
            "feed": base.feed,
            "variants": settings.variants,
            "comparables": settings.comparables,
            "valued": {domain: counts.get(domain, 0) for domain in settings.variants},
        },
    )
    table_spec.enforce(META, OUT)
    cli.log.info("predict.complete", valued=len(valued), out=str(OUT / "valuations.csv"))


if __name__ == "__main__":
    main()
