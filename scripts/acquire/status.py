"""Say which days a feed holds listings of, and what became of each listing's photos.

Reads the feed's raw exports by its contract (or a staged feed) and the manifest of what was
fetched. Writes data/acq/<feed>/acq_daily_status.csv (date, domain, COMPLETE or MISSING: presence
only, `gaps` judges) and photo_status.csv (one row per listing).

Example: python -m scripts.acquire.status --feed har
"""

import datetime as dt
from pathlib import Path
from typing import Any

import click

from lib.acquire.download import manifest
from lib.acquire.gaps import feed_survey, gap_text, gaps, photo_gaps
from lib.common import cli, io


def mark_partial(day: dt.date, folder: Path) -> None:
    """Note that what the feed holds of a day is not all of it: it is fetched again."""
    text, at = day.isoformat(), dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    entry = manifest.ManifestEntry("listings", "partial", at, since=text, until=text)
    manifest.add_entries(folder / manifest.NAME, entry)
    click.echo(f"{day}: marked as partial in {folder / manifest.NAME}")


@click.command(help=__doc__)
@feed_survey.feed_options
@click.option(
    "--mark-today-partial",
    is_flag=True,
    help="Note that today was exported by hand before it was over, so that it is fetched again.",
)
@cli.command
def main(mark_today_partial: bool, **options: Any) -> None:
    survey = feed_survey.survey_feed(**options, moment=dt.datetime.now(dt.UTC))
    for line in survey.notes:
        click.echo(line)
    for line in survey.warnings:
        click.echo(line, err=True)
    if mark_today_partial:
        mark_partial(survey.today, survey.folder)
    table = gaps.count_days(survey.rows, survey.first, survey.last)
    listings = photo_gaps.photo_statuses(survey.rows, survey.photos)
    written = (
        io.write_csv(
            survey.folder / "acq_daily_status.csv", table[["date", "domain", "status"]]
        ),
        io.write_csv(survey.folder / "photo_status.csv", listings.rename(columns={"day": "date"})),
    )  # fmt: skip
    click.echo(f"{survey.folder.name}: {survey.first} to {survey.last}")
    for domain, part in table.groupby("domain", sort=False):
        click.echo(
            f"{domain}: {gap_text.count_by_name_text(part['status'], ('COMPLETE', 'MISSING'))}"
        )
    click.echo(gap_text.photo_lines(listings)[0])
    for path in written:
        click.echo(str(path))


if __name__ == "__main__":
    main()
