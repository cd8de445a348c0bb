"""Copy the gold samples of the demo feed to data/samples/, which git tracks.

Samples of any other feed hold real listings and are refused. `make samples` runs the pipeline up
to the samples first.

Example: python -m scripts.ops.samples
"""

from pathlib import Path

import click

from lib.common import cli, io
from lib.common.errors import require
from lib.common.vocabulary import DEMO, contract_path
from lib.listings.contract import contract

DRAWN = Path("data/sample")
SAMPLES = Path("data/samples")


@click.command(help=__doc__)
@cli.command
def main() -> None:
    files = sorted(path for path in DRAWN.glob("*") if path.is_file())
    require(bool(files), f"{DRAWN}: no samples; `make samples` draws them")
    for path in (DRAWN / "statistics.json", *DRAWN.glob("*.json")):
        feed = io.read_json(path).get("feed")
        require(
            feed == DEMO,
            f"{path}: a sample of feed {feed!r}; only {DEMO!r} goes to git: set base.feed to it "
            "and `make samples`",
        )
    require(
        contract.read_contract(DEMO).synthetic,
        f"{contract_path(DEMO)}: not marked synthetic; its samples stay out of git",
    )
    for old in SAMPLES.glob("*"):
        if old.name not in {path.name for path in files}:
            old.unlink()
    for path in files:
        io.write_bytes(SAMPLES / path.name, path.read_bytes())
        click.echo(f"{SAMPLES / path.name} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
