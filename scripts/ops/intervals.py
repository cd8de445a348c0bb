"""Print how the intervals of a run did on its test sales, beside plain split conformal ones.

Both are of the same model, sales and out-of-fold errors. On real sales this is a look at the test:
write it down in docs/test-looks.md.

Example: python -m scripts.ops.intervals --run runs/king_county --variant sale_blend
"""

from pathlib import Path

import click

from lib.common import cli, io
from lib.common.checks import require
from lib.models.interval_study import beside_split


@click.command(help=__doc__)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="The workspace, or the results of another feed (runs/<feed>).",
)
@click.option("--variant", default="sale_blend", show_default=True, help="A variant or a blend.")
@cli.command
def main(folder: Path, variant: str) -> None:
    scores = folder / "data/calibrate" / variant / "scores.parquet"
    tested = folder / "data/evaluate/predictions.parquet"
    for path in (scores, tested):
        require(
            path.is_file(),
            f"{path}: no such file; run the pipeline first (make repro, or make run FEED=name and "
            "--run runs/name), or name a variant that it calibrated",
        )
    known, test = io.read_parquet(scores), io.read_parquet(tested)
    test = test[test["variant"] == variant].reset_index(drop=True)
    names = [n.removeprefix("pred_low_") for n in test if n.startswith("pred_low_")]
    errors = known.loc[known["past"], "error"].to_numpy(float)
    click.echo(f"{variant}: {len(test)} test sales, {len(errors)} errors of the past")
    for one in beside_split(test, errors, names).itertuples():
        click.echo(
            f"{one.coverage} % {one.intervals:<5} held {one.held:.1%} (below {one.below:.1%}, "
            f"above {one.above:.1%})  median width {one.median_width:.1%}  interval score "
            f"{one.interval_score:.4f}  fifths {one.fifth_least:.1%} to {one.fifth_most:.1%}  "
            f"months {one.month_least:.1%} to {one.month_most:.1%}"
        )


if __name__ == "__main__":
    main()
