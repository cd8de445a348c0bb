"""Build the feature table of each domain, using only what was known at each row's as_of date.

Example: python -m scripts.valuation.features
"""

from pathlib import Path

import click

from lib.common import cli, dictionary, io, params
from lib.features import build

OUT = Path("data/features")
META = Path("lib/features/features.meta.yml")
NORMALIZED = Path("data/normalize")
SCREENED = Path("data/screen")
METRICS = Path("metrics/features.json")
DOMAINS = ("sale", "rental")


@click.command(help=__doc__)
@cli.command
def main() -> None:
    _, spec = params.load("features", build.Features)
    tally = {}
    for domain in cli.progress(DOMAINS, "features"):
        table = io.read_parquet(NORMALIZED / f"{domain}.parquet")
        homes = table[table["as_of"].notna()]
        sales = build.evidence(table, io.read_parquet(SCREENED / f"{domain}.parquet"))
        features, near = build.build(homes, sales, spec)
        io.write_parquet(OUT / f"{domain}.parquet", features, ["listing_key"])
        io.write_parquet(OUT / f"{domain}_comparables.parquet", near, ["listing_key", "rank"])
        names = build.names(features)
        tally[domain] = {
            "rows": len(features),
            "evidence": len(sales),
            "features": len(names),
            "without_comparables": int((features["comp_count"] == 0).sum()),
            "missing_share": {
                name: round(float(features[name].isna().mean()), 4)
                for name in names
                if features[name].isna().any()
            },
        }
    # the spec travels with the features, so that new homes are built exactly like these
    io.write_json(OUT / "spec.json", spec.model_dump())
    io.write_json(METRICS, tally)
    dictionary.enforce(META, OUT)
    cli.log.info("features.complete", out=str(OUT), **{d: t["rows"] for d, t in tally.items()})


if __name__ == "__main__":
    main()
