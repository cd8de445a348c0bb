"""Run dvc so that a `kill -9` at any point can be recovered from by running it again.

The command dies when its caller does: a killed make would otherwise leave dvc and its stage
running, and the next run would race them. Locks that a killed dvc left behind are forgotten first.
dvc itself runs in this process: a plain `dvc repro` says at each stage how many there are and what
is left to do, its lock is written by a faster library, and stages start from a process that has
the libraries in memory.

Example: python -m scripts.ops.guarded dvc repro
"""

import json
import logging
import os
import sys
from pathlib import Path

import click

from lib.common import cli, params
from lib.common.errors import RemlError
from lib.common.processes import RUNNER, has_ended
from lib.ops.run.fast_hashes import use_fast_hashes
from lib.ops.run.fast_lock import use_fast_lock
from lib.ops.run.repro_progress import ProgressFilter, list_stages
from lib.ops.run.warm_start import use_warm_server

LOCKS = Path(".dvc/tmp/rwlock")


def forget_dead_locks() -> None:
    """Remove dvc's lock file if every process that it names has ended."""
    try:
        held = json.loads(LOCKS.read_text(encoding="utf-8"))
        holders = [
            *held["write"].values(),
            *(one for many in held["read"].values() for one in many),
        ]
        if all(has_ended(int(holder["pid"])) for holder in holders):
            LOCKS.unlink()
    except (OSError, ValueError, KeyError):
        return  # no locks, or dvc is just writing them: its own checks follow


def run_dvc(arguments: list[str]) -> int:
    """Run dvc in this process, its lock written fast; a plain `dvc repro` with a line of progress
    at each stage. Returns the exit code."""
    from dvc.cli import main as dvc

    if arguments == ["repro"]:
        pipeline = params.read_yaml(Path("dvc.yaml"))
        progress = ProgressFilter(list_stages(pipeline, params.read_yaml(params.PARAMS_FILE)))
        for name in ("dvc.stage", "dvc.stage.run", "dvc.stage.cache"):  # a filter is not inherited
            logging.getLogger(name).addFilter(progress)
    with use_fast_lock(), use_fast_hashes(), use_warm_server():
        return dvc(arguments)


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@cli.command
def main(command: tuple[str, ...]) -> None:
    forget_dead_locks()
    os.environ[RUNNER] = str(os.getpid())  # exec keeps the process id: it will be dvc's
    if command[0] == "dvc":
        sys.exit(run_dvc(list(command[1:])))
    try:
        os.execvp(command[0], list(command))  # the tie to the parent outlives exec
    except FileNotFoundError as error:
        raise RemlError(f"{command[0]}: not found on PATH; run `make init`") from error


if __name__ == "__main__":
    main()
