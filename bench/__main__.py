"""Measure the stages on large synthetic exports, as ratios against a peer in the same run.

Seconds differ between machines, ratios much less; a machine that does other work spoils both.

Example: python -m bench --rows 1000000 staging
"""

import os
import tempfile
from pathlib import Path

import click
import duckdb

from bench import embed, evaluate, features, growth, pipeline, staging

BENCHES = {
    "embed": embed.run,
    "evaluate": evaluate.run,
    "features": features.run,
    "growth": growth.run,
    "pipeline": pipeline.run,
    "staging": staging.run,
}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHES)))
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the large export.")
@click.option("--rounds", default=3, show_default=True, help="Measurements; the best counts.")
def main(names: tuple[str, ...], rows: int, rounds: int) -> None:
    click.echo(f"{os.cpu_count()} cores, DuckDB {duckdb.__version__}; synthetic rows")
    for name in names or sorted(BENCHES):
        with tempfile.TemporaryDirectory() as folder:
            for finding in BENCHES[name](Path(folder), rows, rounds):
                click.echo(str(finding))


if __name__ == "__main__":
    main()
