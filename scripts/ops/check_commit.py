"""Refuse a commit that would bring data, real listings or another feed's figures into git.

Git hooks call it with the files to be committed (.pre-commit-config.yaml). Figures of other feeds
belong to runs/<feed>/, which git ignores.

Example: python -m scripts.ops.check_commit metrics/evaluate.json
"""

import json
import re
from pathlib import Path

import click

from lib.common import cli, params
from lib.common.checks import require

DEMO = "demo"
LARGEST = 500_000  # bytes
OUTSIDE = ("data", "runs")  # top folders whose files are DVC's or the user's
SAMPLES = Path("data/samples")
TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".zip")  # what exports come as
TABLE_FOLDERS = ("configs", "docs", "plots", "tests")  # where a small table may lie in git


def file_faults(path: Path, size: int) -> list[str]:
    """Why a file, named relative to the root, must not be committed; empty where it may."""
    faults = []
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


def feed_faults(root: Path) -> list[str]:
    """What in the committed settings and figures comes from a feed other than the demo."""
    faults = []
    base = params.read_yaml(root / params.PARAMS_FILE).get("base") or {}
    if base.get("feed") != DEMO:
        faults.append(
            f"{params.PARAMS_FILE}: base.feed is {base.get('feed')!r}; commit it as {DEMO!r} and "
            "run other feeds with `make run FEED=name`"
        )
    for path in sorted((root / "metrics").rglob("*.json")):
        name = path.relative_to(root)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            faults.append(f"{name}: not valid JSON ({error}); `make repro` writes it anew")
            continue
        feed = content.get("feed", DEMO) if isinstance(content, dict) else DEMO
        if feed != DEMO:
            faults.append(
                f"{name}: figures of feed {feed!r}; set base.feed to {DEMO} and `make repro`"
            )
    lock = root / "dvc.lock"
    if lock.is_file():
        feeds = set(re.findall(r"data/raw/([^/\s]+)", lock.read_text(encoding="utf-8"))) - {DEMO}
        faults += [
            f"dvc.lock: from feed {feed!r}; set base.feed to {DEMO} and `make repro`"
            for feed in sorted(feeds)
        ]
    return faults


@click.command(help=__doc__)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@cli.command
def main(files: tuple[Path, ...]) -> None:
    faults = feed_faults(Path())
    for path in files:
        if path.is_file():  # a file that the commit deletes may always go
            faults += file_faults(path, path.stat().st_size)
    require(not faults, "\n       ".join(faults))


if __name__ == "__main__":
    main()
