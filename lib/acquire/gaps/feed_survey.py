"""What is in a feed: its rows by day, the exports and photos that were fetched, and what to say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd
import pyarrow.parquet as pq

from lib.acquire.download import manifest, store
from lib.acquire.gaps import gap_text, modified_days, photo_gaps
from lib.acquire.portal import settings
from lib.common import io
from lib.common.errors import require, require_columns
from lib.common.vocabulary import RAW, contract_path
from lib.listings.contract import contract
from lib.listings.staging import csv_reader, receipts, staging

STAGING, METRICS = Path("data/staging"), Path("metrics/staging.json")
STAGED = ("listings.parquet", "superseded_listings.parquet")
DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True)
class FeedSurvey:
    """What is in a feed: settings, its folder, rows of `modified_days.find_modified_days`, the
    manifest's entries, photos of `photo_gaps.fetched_photos`, the span that is asked about, the day
    it is, and what there is to say of it: `notes` and `warnings`, a line each.
    """

    acquisition: settings.Acquisition
    folder: Path
    rows: pd.DataFrame
    entries: list[manifest.ManifestEntry]
    photos: pd.DataFrame
    first: dt.date
    last: dt.date
    today: dt.date
    notes: list[str]
    warnings: list[str]


def feed_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of what is read, which `status` and `gaps` share."""
    for option in reversed([
        click.option("--feed", help="Feed to look at. [default: that of configs/acq.yaml]"),
        click.option("--source", type=click.Choice(["raw", "staged"]), default="raw",
                     show_default=True, help="Exports in data/raw, or a staged feed."),
        click.option("--staging", "staged", type=click.Path(path_type=Path), default=STAGING,
                     show_default=True, help="Folder of the staged feed, for --source staged."),
        click.option("--until", type=DAY, help="Last day of the span. [default: yesterday]"),
        click.option("--date", type=DAY, help="The day it is; else by the clock."),
    ]):  # fmt: skip
        command = option(command)
    return command


def parse_exports(paths: list[Path], agreed: contract.Contract, folder: Path) -> pd.DataFrame:
    """Parse exports in a folder as staging does.

    Parameters
    ----------
    paths
        CSV files.
    agreed
        The feed's contract.
    folder
        That they lie in.

    Returns
    -------
    (n, columns) `modified_days.needed_columns`, and `_stamp`, `_reason` and `_extra`.

    Raises
    ------
    RemlError
        Where a header does not fit the contract.
    """
    staging.check_headers(paths, agreed)
    names = [*modified_days.needed_columns(agreed), "_stamp", "_reason", "_extra"]
    tables = [
        pd.read_parquet(one.rows, columns=names)
        for one in staging.parse_files(paths, agreed, folder)
    ] or [pd.DataFrame(columns=names, dtype="str")]
    return pd.concat(tables, ignore_index=True)


def raw_rows(raw: Path, agreed: contract.Contract) -> tuple[pd.DataFrame, int]:
    """Read all exports in a folder.

    Parameters
    ----------
    raw
        The folder.
    agreed
        The feed's contract.

    Returns
    -------
    rows
        (n, columns) of `parse_exports` that the contract lets pass.
    quarantined
        How many it does not.
    """
    rows = parse_exports(csv_reader.find_csv_files(raw), agreed, raw)
    fine = rows["_reason"].isna()
    return rows[fine], int((~fine).sum())


def staged_rows(feed: str, folder: Path, agreed: contract.Contract) -> tuple[pd.DataFrame, int]:
    """Read the newest and older rows of a staged feed.

    Parameters
    ----------
    feed
        Its name.
    folder
        Of its staging.
    agreed
        Its contract.

    Returns
    -------
    rows
        (n, columns) `modified_days.needed_columns`.
    quarantined
        0: staging has reported them.

    Raises
    ------
    RemlError
        Where another feed is staged, or this one by an older contract.
    """
    metrics = folder.parent.parent / METRICS
    there = io.read_json(metrics)["feed"]
    require(
        there == feed,
        f"{folder}: holds feed {there!r} (says {metrics}), not {feed!r}; run "
        f"`make run FEED={feed}` and give --staging runs/{feed}/data/staging, or leave out "
        "--source staged",
    )
    names = modified_days.needed_columns(agreed)
    for name in STAGED:
        require((folder / name).is_file(), f"{folder / name}: no such file; `make run FEED={feed}`")
        require_columns(
            pq.read_schema(folder / name).names,
            names,
            f"{folder / name}, staged by an older contract; `make run FEED={feed}`",
        )
    return pd.concat([io.read_parquet(folder / name, names) for name in STAGED]), 0


def survey_feed(
    feed: str | None,
    source: str,
    staged: Path,
    until: dt.datetime | None,
    date: dt.datetime | None,
    moment: dt.datetime,
) -> FeedSurvey:
    """Read what is in a feed, what is left out, and what to warn of: dates in the future.

    `moment` is now, with a zone; the others are options of `feed_options`.
    """
    acquisition = settings.read_settings()
    feed = feed or acquisition.feed
    agreed = contract.read_contract(feed)
    now = date.date() if date else acquisition.day(moment)
    first, last = acquisition.first_day, until.date() if until else now - dt.timedelta(days=1)
    require(last <= now, f"--until {last}: that day has not come; give one up to {now}")
    require(first <= last, f"{settings.FILE}: first_day {first} is after {last}, the last day")
    mend = "without it nothing tells on which day a listing was modified; add"
    require(
        modified_days.STAMP in agreed.columns,
        f"{contract_path(feed)}: no column {modified_days.STAMP}; {mend} it to the contract",
    )
    folder, where = store.ACQ / feed, RAW / feed if source == "raw" else staged
    table, out = raw_rows(where, agreed) if source == "raw" else staged_rows(feed, where, agreed)
    rows = modified_days.find_modified_days(table, agreed)
    dated = rows["day"].dropna().dt.date
    headers = ", ".join(agreed.columns[modified_days.STAMP].aliases[:3])
    require(
        len(rows) == 0 or len(dated) > 0,
        f"{where}: no row has a modification_timestamp; {mend} one of its headers "
        f"({headers}) to the export, and export again",
    )
    notes, warnings = [*gap_text.excluded_row_lines(rows["day"], out, first, last)], []
    if (future := int((dated > now).sum())) > 0:
        warnings.append(
            f"warning: rows modified after {now}, which is today: {future:,}, up to {max(dated)}; "
            "look at the export's dates, or at this machine's clock"
        )
    entries, waits = imported_entries(folder, feed)
    notes += waits
    photos = photo_gaps.fetched_photos(entries)
    pipeline = staged.parent / "photos/listing_photos.parquet"
    if source == "staged" and pipeline.is_file():  # what could be used, not what was fetched
        photos = photo_gaps.usable_photos(io.read_parquet(pipeline), rows, photos)
    return FeedSurvey(acquisition, folder, rows, entries, photos, first, last, now, notes, warnings)


def imported_entries(folder: Path, feed: str) -> tuple[list[manifest.ManifestEntry], list[str]]:
    """The manifest, but for exports that nobody has imported, since the feed does not hold them
    yet; and a line that says so, where there are any."""
    entries = manifest.read_manifest(folder / manifest.NAME)
    known = {line["sha256"] for line in receipts.read_receipts(RAW / feed / "imports.jsonl")}
    waits = {one.file for one in entries if one.kind == "listings" and one.sha256 not in known}
    waits.discard("")
    notes = []
    if waits:
        notes.append(
            f"{len(waits)} exports were fetched and not imported; make nightly does it, or "
            f"make import FEED={feed} FROM={folder / min(waits)}"
        )
    return [one for one in entries if one.file not in waits], notes
