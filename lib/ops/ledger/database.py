"""Connecting to the ledger's database without waiting long and without naming secrets.

DATABASE_URL holds a password, and drivers quote parts of a URL in their errors: no message of
theirs is passed on.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

WAIT = 2  # seconds for a lock, or for a server to answer
FORM = "DATABASE_URL is not of the form postgresql://user:password@host/database"
MODES = {"disable": False, "allow": None, "prefer": None, "require": True}  # libpq's, for pg8000
IGNORED = {"application_name", "connect_timeout", "channel_binding"}  # pg8000 sees to these itself
REFUSALS = {
    "28P01": "the server refused the user or password",
    "28000": "the server refused the user",
    "3D000": "the server has no such database",
    "42501": "the user lacks a right on the database",
    "42703": "the table etl_ledger has other columns than lib/ops/ledger/schema.sql",
    "23514": "the table refused the counts: rows in = clean + duplicate + quarantined",
}


class UnusableUrlError(Exception):
    """DATABASE_URL cannot be used. The message quotes no part of it."""


def make_engine(url: str | None, path: Path) -> sa.Engine:
    """The Postgres server of `url`, or else the SQLite file `path`; connects to nothing yet."""
    if url is None:
        arguments: dict = {"timeout": WAIT, "isolation_level": "IMMEDIATE"}  # no late lock upgrade
        location = sa.URL.create("sqlite", database=str(path))
    else:
        location, arguments = _server(url)
    return sa.create_engine(location, connect_args=arguments, poolclass=sa.NullPool)


def _server(text: str) -> tuple[sa.URL, dict]:
    """SQLAlchemy's URL and pg8000's arguments for a URL in libpq's form.

    Raises `UnusableUrlError` for another form, and for options that would be lost.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise UnusableUrlError(FORM) from None
    if url.drivername not in ("postgresql", "postgres", "postgresql+pg8000") or not url.username:
        raise UnusableUrlError(FORM)
    query = dict(url.query)
    mode = str(query.pop("sslmode", "prefer"))
    authority = query.pop("sslrootcert", None)
    if set(query) - IGNORED:
        raise UnusableUrlError("DATABASE_URL ends in ?options that REML does not know")
    arguments: dict = {"timeout": WAIT, "application_name": "reml"}
    if mode in ("verify-ca", "verify-full"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=str(authority or "") or None)
    elif mode in MODES:
        arguments["ssl_context"] = MODES[mode]
    else:
        raise UnusableUrlError("DATABASE_URL has an sslmode that REML does not know")
    return url.set(drivername="postgresql+pg8000", query={}), arguments


def explain_error(error: BaseException) -> str:
    """Why a ledger cannot be used, in words that hold no part of DATABASE_URL."""
    if isinstance(error, UnusableUrlError):
        return str(error)
    cause = getattr(error, "orig", None) or error
    if type(cause).__module__ == "sqlite3":
        return str(cause)  # SQLite's own words; it knows no secret
    if cause.args and isinstance(cause.args[0], dict) and "C" in cause.args[0]:
        state = cause.args[0]["C"]
        return REFUSALS.get(state, "the server refused") + f" (SQLSTATE {state})"
    root = cause.__cause__ or cause
    if isinstance(root, socket.gaierror):
        return "the server's host name is not known"
    return f"the server cannot be used ({type(root).__name__})"


def run_with_timeout(seconds: float, work: Callable[[], None]) -> None:
    """Do `work`, or raise TimeoutError when it takes longer; it then goes on unheeded."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # raised again below, in the thread that asked
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if raised:
        raise raised[0]
