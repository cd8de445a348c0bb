"""Run the whole pipeline on another feed, beside the workspace, and say where its report is.

The run is a DVC experiment in a temporary tree: the workspace, params.yaml and dvc.lock stay as
they are. A feed's own settings go into configs/feeds/<feed>/params.yaml, laid out like params.yaml.
Report, metrics, models and valuations are copied to runs/<feed>/, laid out like the workspace, so
that `scripts.ops.value --run runs/<feed> --subjects homes.csv` values a file with them.

Example: python -m scripts.ops.run --feed king_county
"""

import os
import re
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import click

from lib.common import cli, io, params
from lib.common.errors import RemlError, require
from lib.common.params import flatten_params
from lib.common.vocabulary import DEMO, RAW, RUNS, feed_folder
from lib.ops import workspace

OUTS = (
    "eda",
    "normalize",
    "screen",
    "features",
    "embed",
    "train",
    "fuse",
    "tune",
    "blend",
    "calibrate",
    "evaluate",
    "predict",
    "explain",
    "report",
)
IN_GIT = (
    "docs/eda",
    "docs/analysis.md",
    "docs/model_cards",
    "metrics",
    "plots",
    "params.yaml",
)  # small files that the experiment's commit holds
FIGURES = ("mdape", "mape", "r2", "ppe10", "bias", "coverage_90")


def split_changes(text: str) -> list[str]:
    """The changes in the text of one --set. A new one begins where NAME= follows a space, so that
    values may hold spaces: "a.b=1 c=[2, 3]" -> ["a.b=1", "c=[2, 3]"]."""
    name = r"\+{0,2}[\w.]+="  # DVC adds a key that is not there yet after a +
    changes = [change for change in re.split(rf"\s+(?={name})", text.strip()) if change]
    for change in changes:
        require(
            re.match(name, change) is not None,
            f"{change!r}: no NAME=VALUE; for instance "
            'SET="split.folds=3 calibrate.coverages=[0.8, 0.9]"',
        )
    return changes


def git_environment() -> dict[str, str]:
    """The environment, with a git identity for the experiment's commit where none is set."""
    name = subprocess.run(["git", "config", "user.email"], capture_output=True, check=False)
    if name.returncode == 0:
        return dict(os.environ)
    own = {"NAME": "reml", "EMAIL": "reml@localhost"}
    return dict(os.environ) | {
        f"GIT_{who}_{key}": value for key, value in own.items() for who in ("AUTHOR", "COMMITTER")
    }


def git_files(*options: str) -> list[str]:
    """What `git ls-files` prints with these options."""
    done = subprocess.run(["git", "ls-files", *options], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def unknown_to_git(feed: str) -> list[str]:
    """The paths that the temporary tree would lack: the raw files, and what of the contract's
    folder git does not track. (DVC refuses to copy a folder onto one that is there.)"""
    folder = str(feed_folder(feed))
    return [str(RAW / feed), *(git_files("--others", folder) if git_files(folder) else [folder])]


def run_command(feed: str, name: str, changes: list[str]) -> list[str]:
    """The `dvc exp run` for a feed: temporary tree, what git does not track brought along."""
    args = [
        "python",
        "-m",
        "scripts.ops.guarded",
        "dvc",
        "exp",
        "run",
        "--temp",
        "--force",
        "--name",
        name,
    ]
    for path in unknown_to_git(feed):
        args += ["--copy-paths", path]
    for change in [f"base.feed={feed}", *changes]:
        args += ["--set-param", change]
    return [*args, "eda", "tune", "cards", "report"]


def commit_of(ref: str) -> str:
    """The commit that a git reference points at; empty where there is no such reference."""
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", ref],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def experiment_commit(name: str, base: str) -> str:
    """The commit of the experiment called `name` that was started on the commit `base`."""
    found = commit_of(f"refs/exps/{base[:2]}/{base[2:]}/{name}")
    require(found != "", f"DVC kept no experiment {name}; run it again")
    return found


def replace_results(fresh: Path, folder: Path) -> None:
    """Rename `fresh` to `folder`; what was there becomes <folder>.previous, and that of before is
    deleted. No feed is called so: names have no dot."""
    if folder.is_dir():
        previous = folder.with_name(f"{folder.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
    fresh.rename(folder)


def collect_results(feed: str, commit: str) -> Path:
    """Copy the experiment's results to runs/<feed>/; those of the run before go to
    runs/<feed>.previous/, and older ones go."""
    from dvc.api import DVCFileSystem  # a second that no message of an error is to wait for

    fresh = RUNS / f".{feed}.part"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(feed_folder(feed), fresh / feed_folder(feed))
    (fresh / "data").mkdir()
    tree = DVCFileSystem(".", rev=commit)
    for out in OUTS:
        tree.get(f"data/{out}", str(fresh / "data" / out), recursive=True)
    archive = subprocess.run(["git", "archive", commit, *IN_GIT], capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(fresh, filter="data")
    io.write_text(fresh / "revision.txt", f"{commit}\n")  # `make changes` compares the code
    replace_results(fresh, RUNS / feed)
    return RUNS / feed


def refuse_shared(changes: list[str]) -> None:
    """Raise `RemlError` for a change of what models refer to by YAML aliases: DVC writes their keys
    out before it changes one, so that it would reach no model, without a word."""
    for change in changes:
        require(
            not change.lstrip("+~").startswith(("train.boosting", "train.feature_sets")),
            f"{change}: models share that by YAML aliases, and a change for one run reaches none; "
            "name a model's own key, such as train.kriged.learning_rate, or edit params.yaml",
        )


@click.command(help=__doc__)
@click.option("--feed", required=True, help="A feed with data/raw/<feed>/ and a contract.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter for this run, as `dvc exp run -S` does. Several may stand in one "
    "text, spaces between them, and values may hold spaces: a new change begins at NAME=.",
)
@cli.command
def main(feed: str, changes: tuple[str, ...]) -> None:
    require(feed != "", "which feed? make run FEED=name")
    require(feed != DEMO, "feed demo: `make repro` runs it; make run FEED=name is for other feeds")
    wanted = [change for text in changes for change in split_changes(text)]
    workspace.restore_params()  # a run before may have been killed
    checked = subprocess.run(["python", "-m", "scripts.ops.preflight", "--feed", feed], check=False)
    if checked.returncode:
        raise SystemExit(checked.returncode)
    own = feed_folder(feed) / "params.yaml"
    settings = flatten_params(params.read_yaml(own)) if own.is_file() else {}
    wanted = [*(f"{key}={value}" for key, value in settings.items()), *wanted]
    refuse_shared(wanted)
    name = f"feed-{feed.replace('_', '-')}"
    base = commit_of("HEAD")  # somebody may commit while the run goes on
    workspace.keep_params()
    run = subprocess.run(run_command(feed, name, wanted), env=git_environment(), check=False)
    workspace.restore_params()
    if run.returncode:
        raise RemlError(f"the run on {feed} failed; the lines above say where")
    folder = collect_results(feed, experiment_commit(name, base))
    for variant, figures in io.read_json(folder / "metrics/summary.json").items():
        click.echo(
            f"{variant}: "
            + ", ".join(
                f"{key} {figures[key]:.4f}" for key in FIGURES if figures.get(key) is not None
            )
        )
    click.echo(f"report:     {(folder / 'data/report/index.html').resolve()}")
    click.echo(f"metrics:    {(folder / 'metrics/summary.json').resolve()}")
    click.echo(f"valuations: {(folder / 'data/predict/valuations.csv').resolve()}")


if __name__ == "__main__":
    main()
