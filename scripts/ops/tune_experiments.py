"""Run the best trials of the last search (`tune`) through the pipeline as DVC experiments.

Nothing is searched. Each experiment runs in a temporary tree, and stands in `dvc exp show`.

Example: python -m scripts.ops.tune_experiments --experiments 3
"""

import subprocess
from pathlib import Path

import click

from lib.common import cli, io
from lib.common.errors import RemlError, require
from lib.models.tuning import param_changes

TUNED = Path("data/tune")


def run_experiments(count: int) -> None:
    """Run the best `count` trials of data/tune through the pipeline as DVC experiments."""
    search = io.read_json(TUNED / "best_params.json")
    why = f"{TUNED}/best_params.json: {search.get('off')}; set tune.trials in params.yaml first"
    require("off" not in search, why)
    trials = sorted(io.read_json(TUNED / "trials.json"), key=lambda trial: trial["value"])
    for trial in trials[:count]:
        name = f"tune-{search['variant'].replace('_', '-')}-{trial['trial']}"
        command = ["dvc", "exp", "run", "--temp", "--force", "--name", name]
        for change in param_changes(search["model"], trial):
            command += ["--set-param", change]
        if subprocess.run([*command, "evaluate"], check=False).returncode:
            raise RemlError(f"experiment {name} failed; the lines above say where")
    click.echo("see them with: dvc exp show")


@click.command(help=__doc__)
@click.option(
    "--experiments",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many of the best trials to run.",
)
@cli.command
def main(experiments: int) -> None:
    run_experiments(experiments)


if __name__ == "__main__":
    main()
