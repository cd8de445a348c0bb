"""Download listings and their photos from an MLS portal, in a real browser, with your own account.

Asks for the days that `gaps` found missing (or for --since and --until), slice by slice, no faster
and no more than configs/acq.yaml allows. What was fetched before is not fetched again. It ends in
files that `make import` takes: data/acq/<feed>/listings/*.csv and ready/<domain>/*.zip.

Exit code: 0 all was fetched; 3 something is left or failed, and is named; 4 the portal wants a
person (401, 403, CAPTCHA, a code, a wrong password); 2 the call or the configuration is wrong.

Example: python -m scripts.acquire.har --since 2026-11-01 --until 2026-11-07 --dry-run
"""

import datetime as dt
import functools
import importlib.util
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from lib.acquire.download import manifest, plan, store, verify
from lib.acquire.download.download import DownloadRun, RunTools
from lib.acquire.download.lock import hold_lock
from lib.acquire.download.plan import photos_to_fetch
from lib.acquire.gaps import feed_survey, modified_days
from lib.acquire.portal import browser, rate_limit, settings
from lib.acquire.portal.errors import NeedsPersonError, RetryLaterError
from lib.acquire.portal.portal import Portal
from lib.acquire.portal.redact import Redactor
from lib.acquire.portal.windows import Window
from lib.common import cli
from lib.common.errors import RemlError, require
from lib.listings.contract import contract

SHOWN = 20  # of what is left, which the next run asks for
DATE = click.DateTime(["%Y-%m-%d"])


def export_fault(path: Path, count: int, window: Window, agreed: contract.Contract) -> str:
    """What is wrong with an export, by its contract, the page's count and the window; or ""."""
    try:
        rows = feed_survey.parse_exports([path], agreed, path.parent)
    except RemlError as error:
        return str(error)
    return verify.export_fault(
        rows.assign(day=modified_days.find_modified_days(rows, agreed)["day"]), count, window
    )


def judge_leftovers(agreed: contract.Contract) -> Callable[[Path, manifest.ManifestEntry], str]:
    """What judges the files that a killed run left: as they would have been when they came."""

    def fault(path: Path, entry: manifest.ManifestEntry) -> str:
        if entry.kind == "photos":
            return verify.zip_fault(path, None)
        first, last = entry.days()[0], entry.days()[-1]
        return export_fault(path, entry.expected, Window(first, last, entry.zips), agreed)

    return fault


def photos_wanted(
    folder: Path, entries: list[manifest.ManifestEntry], agreed: contract.Contract,
    config: settings.Acquisition,
) -> list[manifest.ManifestEntry]:  # fmt: skip
    """The listings of all exports whose photos were not fetched."""
    rows = feed_survey.parse_exports(store.list_exports(folder, entries), agreed, folder)
    return photos_to_fetch(rows, config.portal.photos_changed, entries, config.portal.zips)


@contextmanager
def start_run(
    config: settings.Acquisition, folder: Path, allowed: list[str], headed: bool,
    secrets: tuple[str, str], agreed: contract.Contract,
) -> Iterator[DownloadRun]:  # fmt: skip
    """A run with a browser of its own."""
    chromium = browser.find_chromium()
    require(chromium is not None, "no Chromium on PATH; on Debian: apt-get install chromium")
    require(
        importlib.util.find_spec("playwright") is not None,
        "Playwright is not installed; `make acquire` does it",
    )
    for name in [*os.environ]:  # Playwright would log what is typed; a proxy would see it
        if name in ("DEBUG", "PWDEBUG") or name.lower().endswith("_proxy"):
            del os.environ[name]
    origin, storage = store.read_session(folder, allowed)
    rng = random.Random()  # jitter alone: no result depends on it
    floor = 0.0 if settings.are_local_hosts(allowed) else rate_limit.FLOOR
    pacer = rate_limit.Pacer(config.pace, floor, rng, time.monotonic, time.sleep)
    entries = manifest.read_manifest(folder / manifest.NAME)
    now = functools.partial(dt.datetime.now, dt.UTC)
    with store.scratch_folder(folder) as scratch:
        os.environ["TMPDIR"] = str(scratch)  # the browser's driver puts its profile there
        with browser.open_browser(chromium, allowed, storage, headed) as context:
            portal = Portal(context, config, pacer, Redactor(secrets), secrets, allowed, origin)
            tools = RunTools(
                now, time.sleep, rng,
                lambda name: store.save_failed_page(folder, portal, name, now()),
                lambda path, count, window: export_fault(path, count, window, agreed),
                verify.zip_fault,
            )  # fmt: skip
            before = store.count_fetched_on(entries, now().date())
            yield DownloadRun(folder, config, tools, portal, *before)


def fetch_everything(
    run: DownloadRun, todo: list[Window], photos: bool, agreed: contract.Contract
) -> int:
    """Fetch windows, then photos; bundle what came, also where the portal ends it early. Says what
    is left or failed; returns the exit code."""
    code, quiet = 0, not sys.stderr.isatty()
    try:
        with tqdm(total=sum(one.days() for one in todo), desc="days", disable=quiet) as days:
            run.fetch_windows(todo, lambda window: days.update(window.days()))
        if photos:
            albums = photos_wanted(run.folder, run.entries(), agreed, run.settings)
            with tqdm(total=len(albums), desc="photos", disable=quiet) as listings:
                run.fetch_photos(albums, lambda _: listings.update())
    except RetryLaterError as error:
        run.left.append(str(error))
    except NeedsPersonError as error:
        run.tools.save_failed_page("stopped")
        cli.log.error("har.stopped", why=str(error), see=str(run.folder / store.FAILURES))
        code = 4
    finally:
        store.save_session(run.folder, run.portal, refused=code == 4)
        most = store.MOST_ENTRIES // run.settings.limits.photos_per_listing
        store.bundle_photos(run.folder, run, most)
    for line in run.failed:
        cli.log.error("har.failed", what=line)
    for line in run.left[:SHOWN]:
        cli.log.warning("har.left", what=line)
    click.echo(
        f"{run.fetched:,} listings fetched, {len(run.failed)} failed, {len(run.left)} left: "
        f"{run.folder}"
    )
    return code or (3 if run.failed or run.left else 0)


# parameters: the options of the command
@click.command(help=__doc__)
@click.option("--since", type=DATE, help="First day of modification to ask for.")
@click.option("--until", type=DATE, help="Last one; by default yesterday.")
@click.option("--zip", "zips", multiple=True, help="Only this ZIP code; may be repeated.")
@click.option("--today", "partial", is_flag=True, help="Fetch today so far, marked as partial.")
@click.option("--photos/--no-photos", default=True, show_default=True, help="Fetch photos as well.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked for; nothing is.")
@click.option(
    "--permitted-host",
    "permitted",
    multiple=True,
    help="A host of the portal whose terms permit automated downloads with your own account; "
    "without it only a portal on this machine is asked. Several "
    "may stand in one text, spaces between them.",
)
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option("--date", "date", type=DATE, help="The day it is; else by the clock.")
@cli.command
# parameters: one an option
def main(
    since: dt.datetime | None, until: dt.datetime | None, zips: tuple[str, ...], partial: bool,
    photos: bool, dry_run: bool, permitted: tuple[str, ...], headed: bool,
    date: dt.datetime | None,
) -> None:  # fmt: skip
    config = settings.read_settings()
    if zips:
        config = settings.restrict_zips(config, zips)
    agreed = contract.read_contract(config.feed)
    folder = store.ACQ / config.feed
    today = date.date() if date else config.day(dt.datetime.now(dt.UTC))
    first, last = since and since.date(), until and until.date()
    with hold_lock(folder / "har.lock", "a download"):
        path = folder / manifest.NAME
        store.recover_files(folder, manifest.read_manifest(path), judge_leftovers(agreed))
        entries = manifest.read_manifest(path)
        listed = store.read_days_to_fetch(folder)
        if partial:
            listed = []  # today alone, unless the call names days
        days = plan.days_wanted(first, last, today, listed)
        todo = plan.plan_windows(days, today if partial else None, entries, config)
        albums = photos_wanted(folder, entries, agreed, config) if photos else []
        if dry_run:
            click.echo(plan.describe_plan(todo, len(albums), config))
            return
        if not (todo or albums):
            click.echo(f"nothing to fetch: {folder}")
            return
        allowed = settings.allowed_hosts(config.portal, permitted)
        secrets = plan.take_credentials(os.environ, config.credentials)
        redact = Redactor(secrets)
        try:
            with start_run(config, folder, allowed, headed, secrets, agreed) as run:
                code = fetch_everything(run, todo, photos, agreed)
        except RemlError:
            raise
        except Exception:  # Playwright's messages may hold what was typed
            text = traceback.format_exc()
            if redact(text) == text:
                raise
            raise RemlError(redact(text)) from None
    sys.exit(code)


if __name__ == "__main__":
    main()
