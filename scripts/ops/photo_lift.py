"""Print what photos are worth in a run: verdict, intervals, slices, leakage checks, runtime, cost.

Reads metrics/ablate.json, which the stage `ablate` writes for the variants in ablate.photos. All
figures are of the folds of the past; the test is not looked at.

Example: python -m scripts.ops.photo_lift --run runs/houses
"""

from pathlib import Path

import click

from lib.common import cli, io
from lib.common.errors import require
from lib.evaluation.ablation import photo_lift_text

METRICS = Path("metrics/ablate.json")


@click.command(help=__doc__)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default=True,
    help="The workspace, or the results of another feed (runs/<feed>).",
)
@cli.command
def main(folder: Path) -> None:
    path = folder / METRICS
    require(
        path.is_file(),
        f"{path}: no such file; run the pipeline first (make repro, or make run FEED=name and "
        "--run runs/name)",
    )
    found = io.read_json(path)
    require(
        bool(found.get("photos")),
        f"{path}: no lift of photos in it; name variants in ablate.photos.variants of params.yaml "
        "and run again",
    )
    for variant, part in found["photos"].items():
        click.echo("\n".join(photo_lift_text.lift_report_lines(variant, part)))


if __name__ == "__main__":
    main()
