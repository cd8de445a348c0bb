"""Say which days of a feed are missing, and of which listings photos are.

A day without listings is a gap unless such days usually hold none in this feed (Sundays, holidays),
or the portal said that there are none. Writes gaps.csv, photo_gaps.csv and the calendar gaps.svg
into data/acq/<feed>/. Ends with 0 where there are gaps, too, but with --fail-on-gaps.

Example: python -m scripts.acquire.gaps --feed har --until 2025-03-31
"""

import datetime as dt
import sys
from typing import Any

import click

from lib.acquire.download import manifest, store
from lib.acquire.gaps import feed_survey, gap_calendar, gap_text, gaps, photo_gaps
from lib.common import cli, io

COLUMNS = ["date", "domain", "listings", "state", "kind", "usual", "history", "fetch"]


@click.command(help=__doc__)
@feed_survey.feed_options
@click.option("--fail-on-gaps", is_flag=True, help="End with exit code 1 where a day is a gap.")
@cli.command
def main(fail_on_gaps: bool, **options: Any) -> None:
    survey = feed_survey.survey_feed(**options, moment=dt.datetime.now(dt.UTC))
    for line in survey.notes:
        click.echo(line)
    for line in survey.warnings:
        click.echo(line, err=True)
    table = gaps.count_days(survey.rows, survey.first, survey.last)
    states = manifest.day_states(survey.entries, survey.acquisition.portal.zips)
    judged = gaps.judge_days(table, states, survey.acquisition.gaps)
    by_day = gaps.days_to_request(judged)
    listings = photo_gaps.photo_statuses(survey.rows, survey.photos)
    title = f"{survey.folder.name}: {survey.first} to {survey.last}"
    written = (
        io.write_csv(
            survey.folder / store.GAPS,
            judged.round({"usual": 3}).merge(by_day[["date", "fetch"]], on="date")[COLUMNS],
        ),
        io.write_csv(survey.folder / "photo_gaps.csv", photo_gaps.missing_by_zip(listings)),
        io.write_text(survey.folder / "gaps.svg", gap_calendar.calendars_svg(judged, title)),
    )
    to_fetch = f"to fetch: {int(by_day['fetch'].sum()):,} of {len(by_day):,} days"
    for line in (title, *gap_text.day_lines(judged), to_fetch, *gap_text.photo_lines(listings)):
        click.echo(line)
    for path in written:
        click.echo(str(path))
    if fail_on_gaps and (judged["state"] == "gap").any():
        sys.exit(1)


if __name__ == "__main__":
    main()
