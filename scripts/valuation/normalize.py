"""Turn staged text into one typed table per domain: types, units, statuses, keys, as_of dates.

A value that cannot be is set missing and listed with its reason; no row is dropped.

Example: python -m scripts.valuation.normalize
"""

from pathlib import Path

import click

from lib.common import cli, io, params
from lib.listings import contract, normalize

OUT = Path("data/normalize")
STAGED = Path("data/staging/listings.parquet")
METRICS = Path("metrics/normalize.json")
DOMAINS = ("sale", "rental")


class Params(params.Section):
    """The `normalize` section of params.yaml."""

    latest_date_slack_days: int


@click.command(help=__doc__)
@cli.command
def main() -> None:
    from lib.listings import schema  # here, since preflight imports every stage and has to be quick

    base, settings = params.load("normalize", Params)
    agreed = contract.read(base.feed)
    staged = io.read_parquet(STAGED)
    table, issues = normalize.normalize(staged, agreed, base.as_of, settings.latest_date_slack_days)
    assert len(table) == len(staged)
    schema.enforce(table, schema.typed(agreed))
    tally = {}
    for domain in DOMAINS:
        part = table[table["domain"] == domain]
        io.write_parquet(OUT / f"{domain}.parquet", part, ["listing_key"])
        tally[domain] = {
            "rows": len(part),
            "statuses": part["standard_status"]
            .fillna("unknown")
            .value_counts()
            .sort_index()
            .to_dict(),
        }
    io.write_parquet(
        OUT / "normalize_issues.parquet",
        issues,
        ["_source_file", "_source_row", "column", "reason"],
    )
    reasons = (issues["column"] + ": " + issues["reason"]).value_counts().sort_index().to_dict()
    today = normalize.valuation_date(table, base.as_of, settings.latest_date_slack_days)
    io.write_json(
        METRICS,
        {
            "feed": base.feed,
            "as_of": f"{today:%Y-%m-%d}",
            "domains": tally,
            "cells_set_missing": reasons,
        },
    )
    cli.log.info(
        "normalize.complete",
        rows=len(table),
        cells_set_missing=len(issues),
        as_of=f"{today:%Y-%m-%d}",
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
