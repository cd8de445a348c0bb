"""Run a command that dies when its caller does.

`kill -9` of make would otherwise leave dvc, and its stage, running: the next run would race them.

Example: python -m scripts.ops.tied dvc repro
"""

import os

import click

from lib.common import cli
from lib.common.checks import RemlError


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def main(command: tuple[str, ...]) -> None:
    cli.die_with_parent()  # the request outlives exec
    try:
        os.execvp(command[0], list(command))
    except FileNotFoundError as error:
        raise RemlError(f"{command[0]}: not found on PATH") from error


if __name__ == "__main__":
    main()
