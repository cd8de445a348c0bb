"""Value any file of properties, in the feed's own format, with intervals and comparables.

Writes one CSV, and names every row that is left out and every cell that could not be used; the
pipeline's own outputs stay as they are. After `make run FEED=name`, add --run runs/name to value
with that feed's models.

Example: python -m scripts.ops.value --subjects homes.csv --out valued.csv
"""

import datetime as dt
import os
from pathlib import Path

import click

from lib.common import cli, io, params
from lib.features import build
from lib.listings.contract import contract
from lib.models.serving.served_variants import FEATURES, PredictParams
from lib.serve.subjects import read_subjects
from lib.serve.value_homes import ValuedFile, value_subjects

NORMALIZED, SCREENED = Path("data/normalize"), Path("data/screen")


def print_result(path: Path, result: ValuedFile) -> None:
    """Name on stderr each row that was left out, and each that was valued without something."""
    for row in result.rejected.itertuples():
        click.echo(f"{path}, data row {row._2}: not valued: {row._3}", err=True)
    for row in result.issues.itertuples():
        where = f"{path}, data row {row._4}"
        click.echo(f"{where}: valued without {row.column} {row.value!r}: {row.reason}", err=True)
    if result.without_photos:
        names = ", ".join(result.without_photos)
        click.echo(
            f"{path}: valued without photos: {names} looks at photos, and a file of properties "
            "brings none; intervals are those of homes with as many photos as the past had, so "
            "they are somewhat too narrow",
            err=True,
        )


@click.command(help=__doc__)
@click.option(
    "--subjects",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV of the properties to value.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="valuations.csv",
    show_default=True,
    help="Where the valuations go.",
)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take contract and models from this run of another feed (runs/<feed>).",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Value on this date; by default the feed's latest.",
)
@cli.command
def main(file: Path, out: Path, folder: Path | None, as_of: dt.datetime | None) -> None:
    if folder:
        file, out = file.absolute(), out.absolute()
        os.chdir(folder)  # a run's folder is laid out like the workspace
    base, settings = params.load_sections("predict", PredictParams)
    latest = dt.date.fromisoformat(io.read_json(Path("metrics/normalize.json"))["as_of"])
    date = as_of.date() if as_of else latest
    subjects = read_subjects(file, contract.read_contract(base.feed), date)
    spec = build.FeaturesParams(**io.read_json(FEATURES / "spec.json")["settings"])
    _, evidence = build.read_evidence(base.feed, NORMALIZED, SCREENED)
    result = value_subjects(subjects, date, spec, evidence, settings)
    io.write_csv(out, result.valued)
    print_result(file, result)
    click.echo(f"{len(result.valued)} valued as of {date}, {len(result.rejected)} left out: {out}")


if __name__ == "__main__":
    main()
