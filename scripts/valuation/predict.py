"""Value every listing on the market, with intervals and the comparables closest to it.

A file of properties is valued by `python -m scripts.ops.value`.

Example: python -m scripts.valuation.predict
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, dictionary, io, params
from lib.common.artifacts import Skipped
from lib.common.errors import require
from lib.common.vocabulary import DOMAINS
from lib.models.serving import valuations
from lib.models.serving.served_variants import (
    FEATURES,
    PredictParams,
    read_model_features,
    read_served_model,
    require_no_future,
    value_homes,
)

OUT = Path("data/predict")
META = Path("lib/models/serving/predict.meta.yml")
NORMALIZED = Path("data/normalize")
FEED = NORMALIZED / "feed.json"
METRICS = Path("metrics/predict.json")


def _value_open_listings(domain: str, settings: PredictParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Valuations of the domain's listings on the market, and the comparables shown."""
    saved = read_served_model(domain, settings)
    near = io.read_parquet(FEATURES / f"{domain}_comparables.parquet")
    roles = io.read_parquet(Path(f"data/split/{domain}.parquet"))
    keys = roles.loc[roles["role"] == "subject", "listing_key"]
    if isinstance(saved, Skipped) or not len(keys):
        none = near.iloc[:0].assign(domain=domain, adjusted_close_price=0.0, similarity=0.0)
        valued = pd.DataFrame(columns=["listing_key", "domain", "as_of", "pred_close_price"])
        return valued, none.assign(time_adjusted_close_price=0.0)
    past = read_model_features(saved)
    features = past[past["listing_key"].isin(keys)]
    require_no_future(f"{features['as_of'].min():%Y-%m-%d}", saved, "params.yaml, `as_of` of base:")
    homes = io.read_parquet(NORMALIZED / f"{domain}.parquet")
    return value_homes(features, homes, near, past, saved, settings)


def read_not_valued() -> pd.DataFrame:
    """Listings on the market of classes of property that the feed does not value."""
    classes = io.read_json(FEED)["valued_classes"]
    tables = [io.read_parquet(NORMALIZED / f"{domain}.parquet") for domain in DOMAINS]
    parts = [valuations.list_not_valued(table, classes) for table in tables]
    return pd.concat(parts, ignore_index=True)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("predict", PredictParams)
    kept = io.read_json(FEATURES / "spec.json")["settings"]["comparables"]["k"]
    require(
        settings.comparables <= kept,
        f"params.yaml, predict.comparables: {settings.comparables} are to be shown, but "
        f"features.comparables.k keeps {kept}",
    )
    parts = [_value_open_listings(domain, settings) for domain in settings.variants]
    valued = pd.concat([part for part, _ in parts], ignore_index=True)
    near = pd.concat([part for _, part in parts], ignore_index=True)
    apart = read_not_valued()
    io.write_csv(OUT / "valuations.csv", valued)
    io.write_csv(OUT / "not_valued.csv", apart)
    io.write_parquet(OUT / "comparables.parquet", near, ["domain", "listing_key", "rank"])
    counts = valued["domain"].value_counts().to_dict() if len(valued) else {}
    io.write_json(
        METRICS,
        {
            "feed": base.feed,
            "variants": settings.variants,
            "comparables": settings.comparables,
            "valued": {domain: counts.get(domain, 0) for domain in settings.variants},
            "not_valued": {
                domain: {str(k): int(n) for k, n in part.value_counts().sort_index().items()}
                for domain, part in apart.groupby("domain")["property_class"]
            },
        },
    )
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "predict.complete",
        valued=len(valued),
        not_valued=len(apart),
        out=str(OUT / "valuations.csv"),
    )


if __name__ == "__main__":
    main()
