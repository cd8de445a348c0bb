"""Flag which closed sales are usable evidence of market value, each flag with a reason.

No sale is removed. Overrides of an analyst stand in configs/feeds/<feed>/overrides.csv.

Example: python -m scripts.valuation.screen
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, dictionary, io, params, vocabulary
from lib.common.vocabulary import DOMAINS
from lib.listings.contract import contract
from lib.listings.screening import overrides, screen

OUT = Path("data/screen")
NORMALIZED = Path("data/normalize")
METRICS = Path("metrics/screen.json")
META = Path("lib/listings/screening/screen.meta.yml")


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, spec = params.load_sections("screen", screen.ScreenParams)
    agreed = contract.read_contract(base.feed)
    path = overrides.overrides_path(vocabulary.feed_folder(base.feed))
    overridden = overrides.read_overrides(path)
    tables = {domain: io.read_parquet(NORMALIZED / f"{domain}.parquet") for domain in DOMAINS}
    sales = pd.concat([screen.closed_rows(table) for table in tables.values()])
    aside = io.read_parquet(NORMALIZED / "repeated_sales.parquet", overrides.ASIDE)
    overrides.check_overrides(overridden, sales, aside, path)
    tally, flagged = {}, []
    for domain in cli.show_progress(DOMAINS, "screen"):
        of_domain = overridden[overridden["domain"] == domain]
        verdicts, flags = screen.screen_sales(
            tables[domain], spec, of_domain, agreed.property_key, agreed.valued_classes
        )
        assert len(verdicts) == len(screen.closed_rows(tables[domain]))
        io.write_parquet(OUT / f"{domain}.parquet", verdicts, ["listing_key"])
        tally[domain] = screen.count_verdicts(verdicts, flags, of_domain)
        flagged.append(flags)
        for code in tally[domain]["too_broad"]:
            cli.log.warning(
                "screen.rule_too_broad",
                domain=domain,
                code=code,
                why="it would exclude most sales, so it excludes none",
                mend=f"look at the column behind it, or set screen.severity.{code} to ignore",
            )
    everything = pd.concat(flagged, ignore_index=True)
    io.write_parquet(OUT / "flags.parquet", everything, screen.FLAGS)
    dictionary.enforce_ranges(META, OUT)
    io.write_json(METRICS, {"feed": base.feed, "domains": tally})
    cli.log.info(
        "screen.complete",
        out=str(OUT),
        overrides=len(overridden),
        **{domain: f"{t['excluded']} of {t['closed']} no evidence" for domain, t in tally.items()},
    )


if __name__ == "__main__":
    main()
