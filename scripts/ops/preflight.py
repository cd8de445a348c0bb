"""Check parameters, contract and raw files before DVC touches anything.

Says in one line what is wrong and how to mend it; reads only headers, so it is quick.

Example: python -m scripts.ops.preflight --feed king_county
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lib.common import cache, cli, params
from lib.common.errors import RemlError, require
from lib.common.paths import DEMO, FEEDS, RAW, contract_path, feed_folder
from lib.ops import workspace
from lib.ops.run.raw_folder import RECEIPTS, TABLES, check_demo_folder, check_links, ignored

if TYPE_CHECKING:
    from lib.listings.contract.contract import Contract

CODE = Path(__file__).resolve().parents[2]


def sections() -> dict[str, type[params.Section]]:
    """What `base` and each stage read their section of params.yaml as, in the order of the stages.

    DVC deletes a stage's outs before the stage can complain, so they are checked before. The
    stages are imported here, since all of them together take seconds.
    """
    from lib.features.build import FeatureSettings
    from lib.listings.screening.screen import Screen
    from lib.models.serving.served_variants import Serving
    from lib.models.split.time_folds import Split
    from lib.photos.vectors.encoders import Embed
    from scripts.valuation import (
        ablate,
        blend,
        calibrate,
        cards,
        demo,
        eda,
        evaluate,
        explain,
        fuse,
        normalize,
        photos,
        report,
        sample,
        staging,
        track,
        train,
        tune,
    )  # fmt: skip

    return {
        "base": params.Base,
        "demo": demo.Params,
        "staging": staging.Params,
        "sample": sample.Params,
        "photos": photos.Params,
        "eda": eda.Params,
        "normalize": normalize.Params,
        "screen": Screen,
        "features": FeatureSettings,
        "split": Split,
        "embed": Embed,
        "train": train.Params,
        "fuse": fuse.Params,
        "tune": tune.Params,
        "blend": blend.Params,
        "calibrate": calibrate.Params,
        "evaluate": evaluate.Params,
        "predict": Serving,
        "ablate": ablate.Params,
        "explain": explain.Params,
        "cards": cards.Params,
        "report": report.Params,
        "track": track.Params,
    }


def check_sections() -> None:
    """Raise where params.yaml or any section of it is wrong."""
    from lib.ops import check_params

    name, models = params.PARAMS_FILE, sections()
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
    agreed = contract.read(feed)
    corrections.read(feed, agreed)
    folder = feed_folder(feed)
    overrides.read(overrides.path_of(folder))
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
    return cache.key_of(
        feed or "",
        *(
            part
            for path in sorted([params.PARAMS_FILE, *files, *pins, *code])
            if path.is_file() and "__pycache__" not in path.parts
            for part in (str(path), cache.file_sha256(path))
        ),
    )


def check_file(path: Path, feed: str, agreed: Contract) -> None:
    """Raise unless `path` is a CSV with rows whose header fits the feed's contract."""
    from lib.listings.contract import contract
    from lib.listings.staging import csv_reader

    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise RemlError(f"{name}: the name is not UTF-8; rename the file") from error
    header = csv_reader.read_header(path)
    missing = contract.missing_required(agreed, header.names)
    if missing:
        others = [
            folder.name
            for folder in sorted(FEEDS.iterdir())
            if folder.name != feed
            and contract_path(folder.name).is_file()
            and not contract.missing_required(contract.read(folder.name), header.names)
        ]
        if others:
            raise RemlError(
                f"{path}: this file fits feed {others[0]!r}, not {feed!r}: two feeds "
                f"are mixed; move it to {RAW / others[0]}/"
            )
        raise RemlError(
            f"{path}: the header lacks {'; '.join(missing)}; export it again with that "
            f"column, or add its header to the aliases in {contract_path(feed)}"
        )
    require(
        next(csv_reader.read_rows(path), None) is not None,
        f"{path}: a header and no rows; export it again or remove the file",
    )


def check_raw(feed: str) -> None:
    """Raise where the raw files of a feed are not what its contract says; print how many fit."""
    from lib.listings.contract import contract
    from lib.listings.staging import csv_reader, imports

    raw, agreed = RAW / feed, contract.read(feed)
    require(
        raw.is_dir(),
        f"{raw}: no such folder; bring a file in with `make import FEED={feed} FROM=path.csv`",
    )
    check_links(raw)
    paths = csv_reader.csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files in it; bring one in with `make import FEED={feed} FROM=path.csv`",
    )
    for path in paths:
        check_file(path, feed, agreed)
    imports.read(raw / RECEIPTS)
    if left := ignored(raw, paths):
        cli.log.warning("preflight.ignored", folder=str(raw), files=left, read=TABLES)
    click.echo(f"preflight: feed {feed}, {len(paths)} file(s), contract and headers fit")


@click.command(help=__doc__)
@click.option("--feed", help="Check this feed instead of base.feed.")
@cli.command
def main(feed: str | None) -> None:
    workspace.put_back()  # what a killed `make run` left in params.yaml
    require(params.PARAMS_FILE.is_file(), f"{params.PARAMS_FILE}: no such file")
    # what has passed once passes again: looking takes seconds
    cache.entry("preflight", settings_key(feed), lambda _: check_settings(feed))
    feed = read_base().feed if feed is None else feed
    check_demo_folder(RAW / DEMO)
    if feed != DEMO:  # whatever else is wrong in there, DVC's demo stage writes it anew
        check_raw(feed)


if __name__ == "__main__":
    main()
