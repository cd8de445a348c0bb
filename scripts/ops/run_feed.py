"""Run the whole pipeline on another feed, beside the workspace, and say where its report is.

The run is a DVC experiment in a temporary tree: the workspace, params.yaml and dvc.lock stay as
they are. A feed's own settings go into configs/feeds/<feed>/params.yaml, laid out like params.yaml.
The report, metrics and valuations are copied to runs/<feed>/.

Example: python -m scripts.ops.run_feed --feed king_county
"""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import click

from lib.common import cli, params
from lib.common.checks import RemlError, require
from lib.listings import contract

RUNS = Path("runs")
OUTS = ("data/report", "data/predict")
IN_GIT = ("metrics", "plots")  # small outs that the experiment's commit holds itself


def flat(settings: dict, prefix: str = "") -> dict[str, object]:
    """Nested settings by dotted name: {"split": {"folds": 3}} -> {"split.folds": 3}."""
    out: dict[str, object] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        out |= flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return out


def identity() -> dict[str, str]:
    """The environment, with a git identity for the experiment's commit where none is set."""
    name = subprocess.run(["git", "config", "user.email"], capture_output=True, check=False)
    if name.returncode == 0:
        return dict(os.environ)
    own = {"NAME": "reml", "EMAIL": "reml@localhost"}
    return dict(os.environ) | {f"GIT_{who}_{key}": value for key, value in own.items()
                               for who in ("AUTHOR", "COMMITTER")}


def git_files(*options: str) -> list[str]:
    """What `git ls-files` prints with these options."""
    done = subprocess.run(["git", "ls-files", *options], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def unknown_to_git(feed: str) -> list[str]:
    """The paths that the temporary tree would lack: the raw files, and what of the contract's
    folder git does not track. (DVC refuses to copy a folder onto one that is there.)"""
    folder = str(contract.ROOT / feed)
    return [f"data/raw/{feed}",
            *(git_files("--others", folder) if git_files(folder) else [folder])]


def command(feed: str, name: str, settings: dict[str, object]) -> list[str]:
    """The `dvc exp run` for a feed: temporary tree, what git does not track brought along."""
    args = ["dvc", "exp", "run", "--temp", "--force", "--name", name]
    for path in unknown_to_git(feed):
        args += ["--copy-paths", path]
    for key, value in {"base.feed": feed, **settings}.items():
        args += ["--set-param", f"{key}={value}"]
    return [*args, "report"]


def revision(name: str) -> str:
    """The commit of the experiment called `name` that stands on the workspace's commit."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    base = head.stdout.strip()
    ref = f"refs/exps/{base[:2]}/{base[2:]}/{name}"
    done = subprocess.run(["git", "rev-parse", ref], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"DVC kept no experiment {name}; run it again")
    return done.stdout.strip()


def collect(feed: str, commit: str) -> Path:
    """Copy the experiment's results to runs/<feed>/, replacing those of an earlier run."""
    fresh = RUNS / f".{feed}.part"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for result in OUTS:
        subprocess.run(["dvc", "get", ".", result, "--rev", commit, "--quiet", "-o",
                        str(fresh / Path(result).name)], check=True)
    archive = subprocess.run(["git", "archive", commit, *IN_GIT], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(fresh, filter="data")
    shutil.rmtree(RUNS / feed, ignore_errors=True)
    fresh.rename(RUNS / feed)
    return RUNS / feed


@click.command(help=__doc__)
@click.option("--feed", required=True, help="A feed with data/raw/<feed>/ and a contract.")
@cli.command
def main(feed: str) -> None:
    require(feed != "", "name the feed: make run FEED=king_county")
    checked = subprocess.run(["python", "-m", "scripts.ops.preflight", "--feed", feed], check=False)
    if checked.returncode:
        raise SystemExit(checked.returncode)
    own = contract.ROOT / feed / "params.yaml"
    settings = flat(params.read_yaml(own)) if own.is_file() else {}
    name = f"feed-{feed.replace('_', '-')}"
    run = subprocess.run(command(feed, name, settings), env=identity(), check=False)
    if run.returncode:
        raise RemlError(f"the run on {feed} failed; the lines above say where")
    folder = collect(feed, revision(name))
    click.echo(f"report:     {(folder / 'report' / 'index.html').resolve()}")
    click.echo(f"metrics:    {(folder / 'metrics' / 'summary.json').resolve()}")
    click.echo(f"valuations: {(folder / 'predict' / 'valuations.csv').resolve()}")


if __name__ == "__main__":
    main()
