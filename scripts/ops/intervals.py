"""Print how the intervals of a run do, beside plain split conformal ones.

Both are of the same model, sales and out-of-fold errors. On the test sales of real data this is a
look at the test: write it down in docs/guides/test-looks.md. With --folds each fold of the past is
valued with what the folds before it teach, by the `calibrate` section of params.yaml: choose by
that.

Example: python -m scripts.ops.intervals --run runs/king_county --folds
"""

import os
from pathlib import Path

import click
import numpy as np
import pandas as pd

from lib.common import artifacts, cli, io, params
from lib.common.errors import require
from lib.models.calibration import prediction_intervals
from lib.models.calibration.interval_study import compare_with_split_conformal, fold_intervals


def print_figures(title: str, test: pd.DataFrame, errors: np.ndarray) -> None:
    """Print the figures of intervals on test sales.

    Parameters
    ----------
    title
        What to call the sales.
    test
        Prices, estimates and interval ends (currency), as `evaluate` writes them.
    errors
        Log errors of the past, from which split intervals are made, shape (m,).
    """
    click.echo(f"{title}: {len(test)} sales, {len(errors)} errors of the past")
    names = [n.removeprefix("pred_low_") for n in test if n.startswith("pred_low_")]
    for one in compare_with_split_conformal(test, errors, names).itertuples():
        click.echo(
            f"{one.coverage} % {one.intervals:<5} held {one.held:.1%} (below {one.below:.1%}, "
            f"above {one.above:.1%})  median width {one.median_width:.1%}  interval score "
            f"{one.interval_score:.4f}  fifths {one.fifth_least:.1%} to {one.fifth_most:.1%}  "
            f"months {one.month_least:.1%} to {one.month_most:.1%}"
        )


def print_folds(variant: str) -> None:
    """Print them for each fold from the second on."""
    base, settings = params.load_sections("calibrate", prediction_intervals.CalibrateParams)
    folder = artifacts.model_folders()[variant]
    saved = artifacts.read_fitted(folder)
    cut = io.read_json(Path("metrics/split.json"))[saved.domain]
    require(
        "grouped" not in cut, f"{variant}: its sales have no dates, so no fold is the later one"
    )
    features = io.read_parquet(Path(f"data/features/{saved.domain}.parquet"))
    table = prediction_intervals.join_features(
        io.read_parquet(folder / "predictions.parquet"), features
    )
    table = table[table["role"] == "train"].reset_index(drop=True)
    edges = np.array(cut["fold_edges"], "datetime64[D]")
    fold = np.searchsorted(edges, table["as_of"].to_numpy("datetime64[D]"), side="right")
    found = fold_intervals(table, saved.inputs, fold, settings.coverages, settings, base.seed)
    for number, test, errors in found:
        print_figures(f"{variant}, fold {number}", test, errors)


@click.command(help=__doc__)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default=True,
    help="The workspace, or the results of another feed (runs/<feed>).",
)
@click.option("--variant", default="sale_blend", show_default=True, help="A variant or a blend.")
@click.option("--folds", is_flag=True, help="On the folds of the past instead of the test.")
@cli.command
def main(folder: Path, variant: str, folds: bool) -> None:
    os.chdir(folder)  # a run's folder is laid out like the workspace
    scores = Path("data/calibrate") / variant / "scores.parquet"
    tested = Path("data/evaluate/predictions.parquet")
    for path in (scores, tested):
        require(
            path.is_file(),
            f"{folder / path}: no such file; run the pipeline first (make repro, or make run "
            "FEED=name and --run runs/name), or name a variant that it calibrated",
        )
    if folds:
        print_folds(variant)
        return
    known, test = io.read_parquet(scores), io.read_parquet(tested)
    errors = known.loc[known["past"], "error"].to_numpy(float)
    print_figures(
        f"{variant}, test", test[test["variant"] == variant].reset_index(drop=True), errors
    )


if __name__ == "__main__":
    main()
