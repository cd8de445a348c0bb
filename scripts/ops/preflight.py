"""Check parameters, contract and raw files before DVC touches anything.

Says in one line what is wrong and how to mend it; reads only headers, so it is quick.

Example: python -m scripts.ops.preflight --feed king_county
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from lib.cache.entries import find_or_build
from lib.cache.keys import key_of
from lib.common import cli, io, params
from lib.common.errors import require
from lib.common.vocabulary import DEMO, FEEDS, RAW, feed_folder
from lib.ops import workspace
from lib.ops.run.raw_folder import (
    RECEIPTS,
    TABLES,
    check_demo_folder,
    check_export,
    check_regular_files,
    list_ignored,
)
from lib.ops.sections import stage_sections

CODE = Path(__file__).resolve().parents[2]


def check_sections() -> None:
    """Raise where params.yaml or any section of it is wrong."""
    from lib.ops import check_params

    name, models = params.PARAMS_FILE, stage_sections()
    content = params.read_yaml(name)
    faults = [f"no `{section}` section" for section in models if section not in content]
    faults += [
        f"no stage reads a `{section}` section; remove it or mend its name"
        for section in content
        if section not in models
    ]
    require(not faults, f"{name}: {'; '.join(faults)}")
    for section, model in models.items():
        params.validate(model, content[section], f"{name}, section {section}")
    check_params.check_params(content, str(name))


def check_settings(feed: str | None) -> None:
    """Raise where params.yaml or what a user set of a feed (by default base.feed) is wrong."""
    from lib.features import external_series
    from lib.listings.contract import contract
    from lib.listings.normalize import corrections
    from lib.listings.screening import overrides

    check_sections()
    feed = read_base().feed if feed is None else feed
    agreed = contract.read_contract(feed)
    corrections.read_corrections(feed, agreed)
    folder = feed_folder(feed)
    overrides.read_overrides(overrides.overrides_path(folder))
    external_series.read_series(external_series.series_path(folder))


def read_base() -> params.Base:
    """The `base` section of params.yaml."""
    name = params.PARAMS_FILE
    content = params.read_yaml(name)
    require("base" in content, f"{name}: no `base` section")
    return params.validate(params.Base, content["base"], f"{name}, section base")


def settings_key(feed: str | None) -> str:
    """One key of all that `check_settings` depends on: settings, code and pinned versions."""
    code = [path for room in ("lib", "scripts") for path in (CODE / room).rglob("*.*")]
    pins = sorted(CODE.glob("requirements*.txt"))
    walked = os.walk(FEEDS, followlinks=True)  # a feed's settings may lie elsewhere
    files = [Path(folder, name) for folder, _, names in walked for name in names]
    return key_of(
        feed or "",
        *(
            part
            for path in sorted([params.PARAMS_FILE, *files, *pins, *code])
            if path.is_file() and "__pycache__" not in path.parts
            for part in (str(path), io.file_sha256(path))
        ),
    )


def check_raw(feed: str) -> None:
    """Raise where the raw files of a feed are not what its contract says; print how many fit."""
    from lib.listings.contract import contract
    from lib.listings.staging import csv_reader, receipts

    raw, agreed = RAW / feed, contract.read_contract(feed)
    require(
        raw.is_dir(),
        f"{raw}: no such folder; bring a file in with `make import FEED={feed} FROM=path.csv`",
    )
    check_regular_files(raw)
    paths = csv_reader.find_csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files in it; bring one in with `make import FEED={feed} FROM=path.csv`",
    )
    for path in paths:
        check_export(path, feed, agreed)
    receipts.read_receipts(raw / RECEIPTS)
    if left := list_ignored(raw, paths):
        cli.log.warning("preflight.ignored", folder=str(raw), files=left, read=TABLES)
    click.echo(f"preflight: feed {feed}, {len(paths)} file(s), contract and headers fit")


@click.command(help=__doc__)
@click.option("--feed", help="Check this feed instead of base.feed.")
@cli.command
def main(feed: str | None) -> None:
    workspace.restore_params()  # what a killed `make run` left in params.yaml
    require(params.PARAMS_FILE.is_file(), f"{params.PARAMS_FILE}: no such file")
    # what has passed once passes again: looking takes seconds
    find_or_build("preflight", settings_key(feed), lambda _: check_settings(feed))
    feed = read_base().feed if feed is None else feed
    check_demo_folder(RAW / DEMO)
    if feed != DEMO:  # whatever else is wrong in there, DVC's demo stage writes it anew
        check_raw(feed)


if __name__ == "__main__":
    main()
