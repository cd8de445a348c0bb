"""Commands of scripts/ run in this process, which starts once."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import click
from click.testing import CliRunner, Result


def run_command(
    command: click.Command,
    *arguments: str,
    folder: Path | str = ".",
    code: int | None = None,
    **environment: str,
) -> Result:
    """The result of a command run in `folder`, with variables of the environment of its own; where
    `code` is given, the command has to end with it. A traceback passes and fails the test."""
    with chdir(folder):
        result = CliRunner().invoke(command, arguments, catch_exceptions=False, env=environment)
    assert code is None or result.exit_code == code, result.output
    return result
