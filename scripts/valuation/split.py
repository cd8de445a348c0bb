"""Part each domain in time: the past, the test after a boundary, folds inside the past.

Sales agreed before the boundary and closed after it are purged; listings on the market become
subjects to value.

Example: python -m scripts.valuation.split
"""

from pathlib import Path

import click

from lib.common import cli, dictionary, io, params
from lib.common.checks import RemlError, require
from lib.models import folds

OUT = Path("data/split")
META = Path("lib/models/split.meta.yml")
FEATURES = Path("data/features")
METRICS = Path("metrics/split.json")
DOMAINS = ("sale", "rental")


@click.command(help=__doc__)
@cli.command
def main() -> None:
    _, spec = params.load("split", folds.Split)
    tally: dict[str, dict] = {}
    for domain in DOMAINS:
        table = io.read_parquet(FEATURES / f"{domain}.parquet")
        try:
            cut = folds.plan(table[folds.sold(table)], spec, f"{domain} listings")
        except RemlError as reason:  # too little to learn from: say so, value the other domain
            tally[domain] = {"skipped": str(reason)}
            roles = table[["listing_key"]].assign(role="unused", fold=0)
        else:
            roles = folds.roles(table, cut)
            trained = table["property_key"][roles["role"] == "train"]
            both = table["property_key"][roles["role"] == "test"].isin(trained)
            tally[domain] = {
                "boundary": f"{cut.boundary:%Y-%m-%d}",
                "fold_edges": [f"{edge:%Y-%m-%d}" for edge in cut.edges],
                **{role: int((roles["role"] == role).sum()) for role in folds.ROLES},
                "test_homes_sold_before": int(both.sum()),
            }
        io.write_parquet(OUT / f"{domain}.parquet", roles, ["listing_key"])
    require(
        any("skipped" not in part for part in tally.values()),
        "; ".join(part.get("skipped", "") for part in tally.values()),
    )
    io.write_json(OUT / "split.json", tally)
    io.write_json(METRICS, tally)
    dictionary.enforce(META, OUT)
    cli.log.info(
        "split.complete",
        out=str(OUT),
        **{d: t.get("boundary", "skipped") for d, t in tally.items()},
    )


if __name__ == "__main__":
    main()
