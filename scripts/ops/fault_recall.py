"""Measure staging, normalize and screen against the truth of synthetic feeds nobody tuned on.

For each seed the generator writes a feed to a temporary folder, the stages run there as they are,
and two things are printed: how many of the planted faults were found, by kind, and the precision
and recall of `screen` against the planted bad sales.

Example: python -m scripts.ops.fault_recall --seed 1 --seed 2 --seed 3
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pandas as pd

from lib import demo
from lib.common import cli, io, params
from lib.common.errors import require
from lib.common.vocabulary import DEMO, RAW
from lib.demo.feed import DemoParams
from lib.ops import fault_recall

STAGES = ("staging", "normalize", "screen")


def run_stages(folder: Path, settings: dict) -> dict:
    """Generate a feed below `folder` and run STAGES on it; returns the generator's truth."""
    feed = demo.generate_feed(**settings)
    for path, content in feed.files.items():
        io.write_bytes(folder / RAW / DEMO / path, content)
    root = Path.cwd()
    shutil.copytree(root / "configs", folder / "configs")
    # what stages read beside their code; the code itself is found by PYTHONPATH
    shutil.copytree(root / "lib", folder / "lib", ignore=shutil.ignore_patterns("*.py*"))
    shutil.copy2(params.PARAMS_FILE, folder / params.PARAMS_FILE)
    environment = os.environ | {"PYTHONPATH": str(root), "REML_STATE_DIR": str(folder / "state")}
    environment.pop("DATABASE_URL", None)
    for stage in STAGES:
        done = subprocess.run(
            [sys.executable, "-m", f"scripts.valuation.{stage}"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        require(done.returncode == 0, f"{stage} failed on the generated feed: {done.stderr}")
    return feed.truth


def read_results(folder: Path) -> fault_recall.StageResults:
    """What the stages wrote below `folder`."""
    data = folder / "data"
    tables = [
        pd.concat(
            io.read_parquet(data / stage / f"{domain}.parquet") for domain in fault_recall.DOMAINS
        )
        for stage in ("normalize", "screen")
    ]
    return fault_recall.StageResults(
        staged=io.read_parquet(data / "staging/listings.parquet"),
        quarantined=io.read_csv(data / "staging/quarantine_rows.csv"),
        duplicates=io.read_csv(data / "staging/duplicates.csv"),
        normalized=tables[0],
        issues=io.read_parquet(data / "normalize/normalize_issues.parquet"),
        flags=io.read_parquet(data / "screen/flags.parquet"),
        screened=tables[1],
    )


@click.command(help=__doc__)
@click.option("--seed", "seeds", type=int, multiple=True, required=True, help="Generator's seed.")
@click.option("--sales", type=int, help="Good sales, instead of demo.sales of params.yaml.")
@click.option("--misses", is_flag=True, help="List each bad sale missed and good sale excluded.")
@cli.command
def main(seeds: tuple[int, ...], sales: int | None, misses: bool) -> None:
    _, settings = params.load_sections("demo", DemoParams)
    for seed in seeds:
        arguments = settings.model_dump() | {"seed": seed, "photos": False}
        arguments |= {"sales": sales} if sales else {}
        with tempfile.TemporaryDirectory() as scratch:
            truth = run_stages(Path(scratch), arguments)
            found = read_results(Path(scratch))
        click.echo(f"seed {seed}")
        for line in fault_recall.format_recall(truth, found, misses):
            click.echo(f"  {line}")


if __name__ == "__main__":
    main()
