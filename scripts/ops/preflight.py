"""Check parameters, contract and raw files before DVC touches anything.

Says in one line what is wrong and how to mend it; reads only headers, so it is quick.

Example: python -m scripts.ops.preflight --feed king_county
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lib.common import cache, cli, params, workspace
from lib.common.checks import RemlError, require

if TYPE_CHECKING:
    from lib.listings.contract import Contract

RAW = Path("data/raw")
DEMO = "demo"
CODE = Path(__file__).resolve().parents[2]
SETTINGS = Path("configs/feeds")  # contracts, corrections, overrides and the like
# a killed demo stage, or a killed copy out of DVC's cache, leaves such files and no manifest
DEMO_FILES = re.compile(
    r"""README\.txt | manifest\.txt | truth\.json
    | exports/(active | (leases | mixed_refresh | sales)_[0-9_]+)\.csv
    | (sale | rental)/images/\d{4}-\d{2}\.zip""",
    re.VERBOSE,
)
RECEIPTS = "imports.jsonl"
TABLES = (".csv", ".tsv")
HALF_FILES = re.compile(r"(.*/)?\.[^/]+\.(part|tmp)")  # of lib.common.io and of DVC


def sections() -> dict[str, type[params.Section]]:
    """What `base` and each stage read their section of params.yaml as, in the order of the stages.

    DVC deletes a stage's outs before the stage can complain, so they are checked before. The
    stages are imported here, since all of them together take seconds.
    """
    from lib.features.build import Features
    from lib.listings.screen import Screen
    from lib.models.folds import Split
    from lib.photos.encoders import Embed
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
        predict,
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
        "features": Features,
        "split": Split,
        "embed": Embed,
        "train": train.Params,
        "fuse": fuse.Params,
        "tune": tune.Params,
        "blend": blend.Params,
        "calibrate": calibrate.Params,
        "evaluate": evaluate.Params,
        "predict": predict.Params,
        "ablate": ablate.Params,
        "explain": explain.Params,
        "cards": cards.Params,
        "report": report.Params,
        "track": track.Params,
    }


def check_params() -> None:
    """Raise where params.yaml or any section of it is wrong."""
    from lib.models import lineup

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
    lineup.check(content, str(name))


def check_settings(feed: str | None) -> None:
    """Raise where params.yaml or what a user set of a feed (by default base.feed) is wrong."""
    from lib.features import series
    from lib.listings import contract, corrections, overrides

    check_params()
    feed = read_base().feed if feed is None else feed
    agreed = contract.read(feed)
    corrections.read(feed, agreed)
    folder = contract.path_of(feed).parent
    overrides.read(overrides.path_of(folder))
    series.read(series.path_of(folder))


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
    files = [path for path in SETTINGS.rglob("*") if path.is_file()]
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
    from lib.listings import contract, reading

    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise RemlError(f"{name}: the name is not UTF-8; rename the file") from error
    header = reading.read_header(path)
    missing = contract.missing_required(agreed, header.names)
    if missing:
        others = [
            folder.name
            for folder in sorted(contract.ROOT.iterdir())
            if folder.name != feed
            and contract.path_of(folder.name).is_file()
            and not contract.missing_required(contract.read(folder.name), header.names)
        ]
        if others:
            raise RemlError(
                f"{path}: this file fits feed {others[0]!r}, not {feed!r}: two feeds "
                f"are mixed; move it to {RAW / others[0]}/"
            )
        raise RemlError(
            f"{path}: the header lacks {'; '.join(missing)}; export it again with that "
            f"column, or add its header to the aliases in {contract.path_of(feed)}"
        )
    require(
        next(reading.read_rows(path), None) is not None,
        f"{path}: a header and no rows; export it again or remove the file",
    )


def check_demo_folder(raw: Path) -> None:
    """Raise if somebody put a file of their own where the demo stage rewrites everything."""
    manifest = raw / "manifest.txt"
    listed = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else None
    for path in sorted(raw.rglob("*")):
        name = path.relative_to(raw).as_posix()
        own = DEMO_FILES.fullmatch(name) if listed is None else name in listed
        folder = path.is_dir() and not path.is_symlink()
        if not (folder or own or HALF_FILES.fullmatch(name)):
            raise RemlError(
                f"{path}: the demo stage owns this folder and would delete your file; move it "
                "elsewhere and bring it in as a feed: make import FEED=name FROM=path.csv"
            )


def check_links(raw: Path) -> None:
    """Raise if something in a feed's folder looks like a file and is none."""
    for path in sorted(raw.rglob("*")):
        if path.is_symlink() and not path.exists():
            raise RemlError(
                f"{path}: a link to {path.readlink()}, which is not there; put the file itself "
                "here, or remove the link"
            )
        require(
            not (path.is_dir() and path.suffix.lower() in TABLES),
            f"{path}: a folder with the name of a CSV file; rename it or remove it",
        )


def ignored(raw: Path, paths: list[Path]) -> list[str]:
    """The files of a feed that no stage reads: neither CSV nor photos nor receipts nor hidden."""
    read = {*paths, raw / RECEIPTS}
    names = [path.relative_to(raw) for path in sorted(raw.rglob("*")) if path.is_file()]
    return [
        name.as_posix()
        for name in names
        if raw / name not in read and name.parts[1:2] != ("images",) and name.name[0] != "."
    ]


def check_raw(feed: str) -> None:
    """Raise where the raw files of a feed are not what its contract says; print how many fit."""
    from lib.listings import contract, reading, receipts

    raw, agreed = RAW / feed, contract.read(feed)
    require(
        raw.is_dir(),
        f"{raw}: no such folder; bring a file in with `make import FEED={feed} FROM=path.csv`",
    )
    check_links(raw)
    paths = reading.csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files in it; bring one in with `make import FEED={feed} FROM=path.csv`",
    )
    for path in paths:
        check_file(path, feed, agreed)
    receipts.read(raw / RECEIPTS)
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
