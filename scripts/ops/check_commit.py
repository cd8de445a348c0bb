"""Refuse a commit that would bring data, real listings or another feed's figures into git.

Git hooks call it (.pre-commit-config.yaml). It reads what is staged, not the working tree. Figures
must be those that the staged dvc.lock records, and that one must come from the demo feed; figures
of other feeds belong to runs/<feed>/, which git ignores.

Example: python -m scripts.ops.check_commit metrics/evaluate.json
"""

import json
import subprocess
from pathlib import PurePosixPath

import click
import yaml

from lib.common import cli
from lib.common.errors import require
from lib.common.vocabulary import DEMO
from lib.evaluation.cards.facts import file_md5, folder_md5

LARGEST = 500_000  # bytes
OUTSIDE = ("data", "runs")  # top folders whose files are DVC's or the user's
SAMPLES = PurePosixPath("data/samples")
TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".zip")  # what exports come as
TABLE_FOLDERS = ("configs", "docs", "plots", "tests")  # where a small table may lie in git
FIGURES = (
    "metrics",
    "plots",
    "docs/analysis.md",
    "docs/eda",
    "docs/model_cards",
)  # what the pipeline alone writes
ANEW = f"set base.feed to {DEMO}, `make repro`, and add dvc.lock and what it wrote together"


def run_git(*arguments: str) -> bytes:
    """What a git command prints."""
    return subprocess.run(["git", *arguments], capture_output=True, check=True).stdout


def staged_files(*paths: str) -> list[str]:
    """The files that the commit would hold, or those of them that `paths` name."""
    names = run_git("ls-files", "-z", "--cached", "--", *paths).decode(errors="surrogateescape")
    return [name for name in names.split("\0") if name]


def staged_content(name: str) -> bytes:
    """A file as it is staged."""
    return run_git("show", f":{name}")


def staged_mapping(name: str, faults: list[str]) -> dict:
    """A staged YAML or JSON file as a mapping; empty, and a fault more, where it is none."""
    if not staged_files(name):
        return {}
    parse = json.loads if name.endswith(".json") else yaml.safe_load
    try:
        read = parse(staged_content(name))
    except (yaml.YAMLError, ValueError) as error:
        faults.append(f"{name}: cannot be read ({' '.join(str(error).split())})")
        return {}
    if isinstance(read, dict):
        return read
    faults.append(f"{name}: holds no `key: value` lines")
    return {}


def file_faults(name: str, size: int) -> list[str]:
    """Why a file, named relative to the root, must not be committed; empty where it may."""
    faults = []
    path = PurePosixPath(name)
    sample = SAMPLES in path.parents
    if path.parts[0] in OUTSIDE and not sample:
        faults.append(f"{path}: files in {path.parts[0]}/ are never committed")
    elif path.suffix.lower() in TABLES and path.parts[0] not in TABLE_FOLDERS and not sample:
        faults.append(
            f"{path}: looks like an export; bring it in with `make import` and keep it out of git"
        )
    if size > LARGEST:
        faults.append(f"{path}: {size:,} bytes, over {LARGEST:,}; large files go to DVC")
    return [f"{fault} (git restore --staged {path})" for fault in faults]


def feeds_of(stage: dict) -> set[str]:
    """The feeds that a stage of dvc.lock was run on: by its parameters and by what it read."""
    base = {(stage.get("params") or {}).get("params.yaml", {}).get("base.feed", DEMO)}
    raw = [dep["path"].split("/") for dep in stage.get("deps", []) if "data/raw/" in dep["path"]]
    return base | {parts[2] for parts in raw}


def figure_faults(outs: dict[str, str | None]) -> list[str]:
    """Which staged metrics and plots are not the outs (path -> hash) that dvc.lock records."""
    faults = []
    names = staged_files(*FIGURES)
    for out, recorded in outs.items():
        inside = {name for name in names if PurePosixPath(out) in PurePosixPath(name).parents}
        if inside:
            real = folder_md5(
                {name.removeprefix(f"{out}/"): staged_content(name) for name in inside}
            )
        elif out in names:
            inside = {out}
            real = file_md5(staged_content(out))
        else:
            continue
        names = [name for name in names if name not in inside]
        if real != recorded:
            faults.append(f"{out}: not the figures of the run that dvc.lock records; {ANEW}")
    return faults + [f"{name}: no stage in dvc.lock writes it; {ANEW}" for name in names]


def feed_faults() -> list[str]:
    """What in the staged settings and figures comes from a feed other than the demo."""
    faults: list[str] = []
    base = staged_mapping("params.yaml", faults).get("base") or {}
    if base.get("feed") != DEMO:
        faults.append(
            f"params.yaml: base.feed is {base.get('feed')!r}; commit it as {DEMO!r} and "
            "run other feeds with `make run FEED=name`"
        )
    for name in staged_files("metrics/*.json"):
        feed = staged_mapping(name, faults).get("feed", DEMO)
        if feed != DEMO:
            faults.append(f"{name}: figures of feed {feed!r}; {ANEW}")
    stages = staged_mapping("dvc.lock", faults).get("stages") or {}
    feeds = set().union(*(feeds_of(stage) for stage in stages.values())) - {DEMO}
    faults += [f"dvc.lock: from feed {feed!r}; {ANEW}" for feed in sorted(feeds)]
    outs = {
        out["path"]: out.get("md5") for stage in stages.values() for out in stage.get("outs", [])
    }
    return faults + figure_faults(outs)


@click.command(help=__doc__)
@click.argument("files", nargs=-1)
@cli.command
def main(files: tuple[str, ...]) -> None:
    faults = feed_faults()
    for name in (
        staged_files(*files) if files else []
    ):  # a file that the commit deletes may always go
        faults += file_faults(name, int(run_git("cat-file", "-s", f":{name}")))
    require(not faults, "\n       ".join(faults))


if __name__ == "__main__":
    main()
