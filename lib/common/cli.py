"""What every command shares: logs, one-line errors, and dying with its parent."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import click
import structlog

from lib.common.errors import RemlError
from lib.common.processes import die_with_parent, keep_freed_memory

log = structlog.get_logger()


def _set_up_logs(as_json: bool) -> None:
    """Log to stderr: readable by default, one JSON object per line with `--log-json`."""
    shape: list[Any] = [structlog.processors.JSONRenderer()]
    if not as_json:
        shape = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap the body of a Click command: adds `--log-json`, turns `RemlError` and a path that cannot
    be read or written into one line and exit code 2, and ties the process to its parent's life."""

    @click.option("--log-json", is_flag=True, help="Log one JSON object per line.")
    @functools.wraps(function)
    def run(log_json: bool, **options: Any) -> None:
        die_with_parent()
        keep_freed_memory()
        _set_up_logs(log_json)
        try:
            function(**options)
        except RemlError as error:
            click.secho(f"error: {error}", fg="red", err=True)
            sys.exit(2)
        except OSError as error:
            if not isinstance(error.filename, str | bytes | os.PathLike):
                raise  # no path that anybody could mend
            click.secho(f"error: {_path_error(error)}", fg="red", err=True)
            sys.exit(2)

    return run


def _path_error(error: OSError) -> str:
    """What is wrong with which path, in one line."""
    blocked = isinstance(error, FileExistsError | NotADirectoryError)
    reason = "a file where a folder is needed" if blocked else error.strerror
    return f"{os.fsdecode(error.filename)}: {reason}"


def show_progress(items: Any, label: str, total: int | None = None) -> Any:
    """`items`, with a progress bar on a terminal and silently elsewhere; `total` is their number
    where they cannot tell it."""
    from tqdm import tqdm

    return tqdm(items, desc=label, total=total, disable=not sys.stderr.isatty())
