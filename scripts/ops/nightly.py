"""What cron runs: find gaps, download what is missing, import what came, run the pipeline on it.

Each step's output goes to data/acq/<feed>/nightly.log; a line a step is printed, more only where
something is wrong. Never two at once. A step that fails part of its work does not keep what came
from being imported and valued; the exit code is then the download's (3: something is left or
failed, 4: the portal wants a person).

Example: python -m scripts.ops.nightly --permitted-host mls.example.org
"""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import click

from lib.acquire.download import manifest, store
from lib.acquire.download.lock import hold_lock
from lib.acquire.portal import settings
from lib.common import cli, io
from lib.common.errors import RemlError
from lib.common.vocabulary import RAW, RUNS
from lib.listings.staging import csv_reader, receipts
from lib.ops.run.raw_folder import RECEIPTS

TAIL = 15  # lines of a failed step that are printed
LEFT, PARTLY = 3, (3, 4)  # exit codes of a download that left something


def run_step(name: str, command: list[str], log: Path, environment: dict[str, str]) -> int:
    """Run one step, its output to the log; prints its end where it failed."""
    with log.open("a+", encoding="utf-8") as file:
        file.write(f"== {name}\n")
        file.flush()
        start = file.tell()
        done = subprocess.run(
            [sys.executable, "-m", *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        file.seek(start)
        lines = file.read().splitlines()
    if done.returncode == 0:
        click.echo(f"{name}: {lines[-1] if lines else 'done'}")
    else:
        click.echo(f"{name}: exit code {done.returncode}, see {log}", err=True)
        click.echo("\n".join(lines[-TAIL:]), err=True)
    return done.returncode


def finished(folder: Path) -> list[tuple[str, Path]]:
    """(domain, file) of the exports and bundles that downloads have finished and that are there."""
    entries = manifest.read_manifest(folder / manifest.NAME)
    bundles = {one.file: one.domain for one in entries if one.file.startswith(store.READY)}
    files = [
        *(("sale", path) for path in store.list_exports(folder, entries)),
        *((domain, folder / name) for name, domain in sorted(bundles.items())),
    ]
    return [(domain, path) for domain, path in files if path.is_file()]


def imported(path: Path, ledger: Path) -> bool:
    """Whether a file of this content was imported."""
    return io.file_sha256(path) in {line["sha256"] for line in receipts.read_receipts(ledger)}


@click.command(help=__doc__)
@click.option(
    "--permitted-host",
    "permitted",
    multiple=True,
    help="Passed on to scripts.acquire.har: a host whose terms permit automated downloads. Several "
    "may stand in one text, spaces between them.",
)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day it is; else by this machine's clock.",
)
@cli.command
def main(permitted: tuple[str, ...], date: dt.datetime | None) -> None:
    config = settings.read_settings()
    folder = store.ACQ / config.feed
    log = folder / "nightly.log"
    day = [f"--date={date:%Y-%m-%d}"] if date else []
    account = (config.credentials.user, config.credentials.password)
    others = {name: value for name, value in os.environ.items() if name not in account}
    with hold_lock(folder / "nightly.lock", "a nightly run"):
        log.write_text("", encoding="utf-8")
        if run_step("gaps", ["scripts.acquire.gaps", *day], log, others):
            raise RemlError("the search for gaps failed; the lines above say why")
        hosts = [f"--permitted-host={one}" for text in permitted for one in text.split()]
        code = run_step("download", ["scripts.acquire.har", *day, *hosts], log, dict(os.environ))
        if code not in (0, *PARTLY):
            raise RemlError("the download failed; the lines above say why")
        feed = f"--feed={config.feed}"
        raw = RAW / config.feed
        for domain, path in finished(folder):
            if imported(path, raw / RECEIPTS):
                continue
            wanted = ["scripts.ops.import_file", feed, f"--from={path}", f"--domain={domain}"]
            if run_step(f"import {path.name}", wanted, log, others):
                code = code or LEFT  # what else came is imported all the same
        for _, path in finished(folder):
            if path.suffix == ".zip" and imported(path, raw / RECEIPTS):
                path.unlink()  # data/raw has it, and bundles are large
        if not csv_reader.find_csv_files(raw):
            click.echo(f"{raw}: nothing in it yet, so there is nothing to run on")
            sys.exit(code)
        if run_step("run", ["scripts.ops.run", feed], log, others):
            raise RemlError("the pipeline failed; the lines above say why")
        run_step("status", ["scripts.acquire.status", *day], log, others)
    click.echo(f"report: {(RUNS / config.feed / 'data/report/index.html').resolve()}")
    sys.exit(code)


if __name__ == "__main__":
    main()
