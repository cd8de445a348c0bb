"""Errors a user can act on, and the checks that raise them."""

from __future__ import annotations

from collections.abc import Iterable


class RemlError(Exception):
    """Something the user can mend. The message names the file (and row) and the mend."""


def require(condition: bool, message: str) -> None:
    """Raise `RemlError(message)` unless `condition` holds."""
    if not condition:
        raise RemlError(message)


def require_columns(columns: Iterable[str], needed: Iterable[str], where: str) -> None:
    """Raise `RemlError` naming each of `needed` that `columns` lacks.

    Parameters: column names of a table, the names it must have, what to call the table.
    """
    missing = sorted(set(needed) - set(columns))
    require(not missing, f"{where}: missing column(s) {', '.join(missing)}")
