"""Build the feature table of each domain, using only what was known at each row's as_of date.

What it builds is what lib/features/features.meta.yml lists. With --since it builds only listings
valued on or after that date, from the same evidence, into a folder of your own.

Example: python -m scripts.valuation.features --since 2025-06-01 --out recent
"""

import datetime as dt
import json
from pathlib import Path

import click
import pandas as pd

from lib.common import cli, dictionary, io, params, vocabulary
from lib.common.errors import require
from lib.common.vocabulary import DOMAINS, KEY_COLUMNS
from lib.features import build, external_series, spec

OUT = Path("data/features")
NORMALIZED = Path("data/normalize")
SCREENED = Path("data/screen")
METRICS = Path("metrics/features.json")


def hash_inputs(feed: str, settings: build.FeaturesParams) -> dict[str, str]:
    """SHA-256 of the spec with its parameters, and of the bytes that the features come from."""
    own = external_series.series_path(vocabulary.feed_folder(feed))
    files = [folder / f"{one}.parquet" for one in DOMAINS for folder in (NORMALIZED, SCREENED)]
    section = json.dumps(settings.model_dump(), sort_keys=True).encode()
    inputs = [path.read_bytes() for path in [*files, *([own] if own.is_file() else [])]]
    return {
        "reml_spec_sha256": io.sha256((dictionary.CODE / spec.META).read_bytes(), section),
        "reml_inputs_sha256": io.sha256(*inputs),
    }


@click.command(help=__doc__)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only listings valued on or after this date; goes with --out.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write here, and no metrics.")
@cli.command
def main(since: dt.datetime | None, out: Path | None) -> None:
    require(since is None or out is not None, "--since goes with --out: data/features holds all")
    base, settings = params.load_sections("features", build.FeaturesParams)
    tables, may_know = build.read_evidence(base.feed, NORMALIZED, SCREENED)
    metadata, folder, tally = hash_inputs(base.feed, settings), out or OUT, {}
    kinds: dict[str, str] = {}
    for domain in cli.show_progress(DOMAINS, "features"):
        homes = tables[domain]
        homes = homes[homes["as_of"] >= (since or pd.Timestamp.min)]
        features, near, index = build.build_features(homes, may_know[domain], settings)
        spec.enforce_spec(features, near, index, may_know[domain].available)
        io.write_parquet(folder / f"{domain}.parquet", features, ["listing_key"], metadata)
        near_path = folder / f"{domain}_comparables.parquet"
        io.write_parquet(near_path, near, ["listing_key", "rank"], metadata)
        index_path = folder / f"{domain}_index.parquet"
        io.write_parquet(index_path, index, ["postal_code", "month"], metadata)
        names = [name for name in features if name not in KEY_COLUMNS]
        kinds |= spec.feature_kinds(features)
        tally[domain] = {
            "rows": len(features),
            "evidence": len(may_know[domain].sales),
            "features": len(names),
            "without_comparables": int((features["comp_count"] == 0).sum()),
            "missing_share": {
                name: round(float(features[name].isna().mean()), 4)
                for name in names
                if features[name].isna().any()
            },
        }
    # the settings travel with the features, so that new homes are built exactly like these
    io.write_json(folder / "spec.json", {"settings": settings.model_dump(), "kinds": kinds})
    if out is None:
        io.write_json(METRICS, tally)
    cli.log.info("features.complete", out=str(folder), **{d: t["rows"] for d, t in tally.items()})


if __name__ == "__main__":
    main()
