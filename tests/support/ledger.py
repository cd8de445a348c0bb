"""Loads for tests of the ledger, servers and names that are none, and URLs that lead nowhere."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lib.ops.ledger import database, ledger
from tests.support.postgres import ESCAPED

CANARY = "CANARY"  # in every part of the password, however a URL is taken apart
BEGAN = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
LOAD = ledger.Load(
    run_id="run-1",
    feed="demo",
    file="sale/a.csv",
    file_sha256="a" * 64,
    contract_sha256="c" * 64,
    git_revision="9" * 40,
    rows_in=10,
    rows_clean=7,
    rows_duplicate=2,
    rows_quarantined=1,
    started_at=BEGAN,
    ended_at=BEGAN + dt.timedelta(seconds=4),
    status="loaded",
)

NAMES = [column.name for column in ledger.TABLE.columns]


def stored(url: str | None, home: Path) -> list[dict]:
    """What the database holds, in order of the entry ids."""
    with database.make_engine(url, home / ledger.SQLITE).connect() as connection:
        query = sa.select(ledger.TABLE).order_by(sa.column("entry_id"))
        return [dict(row) for row in connection.execute(query).mappings()]


def lines(home: Path) -> list[dict]:
    """What the JSONL ledger holds."""
    return [json.loads(line) for line in (home / ledger.JSONL).read_text().splitlines()]


def make_load(**changes: object) -> ledger.Load:
    """A load like the others but for `changes`."""
    return dataclasses.replace(LOAD, **changes)


@contextlib.contextmanager
def listener(answer: bytes = b"", drip: bool = False) -> Iterator[int]:
    """A server on loopback that is no Postgres: silent, or it answers, at once or byte by byte."""
    stop = threading.Event()

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer, _ = listening.accept()
            until = time.monotonic() + 12  # no test should hang where the deadline is broken
            while not stop.wait(0.1) and time.monotonic() < until:
                if answer:
                    peer.sendall(answer)
                if not drip:
                    break
            stop.wait(12)
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()


BAD_URLS = {
    "no port": (f"postgresql://u:{ESCAPED}@127.0.0.1:1/db", "ConnectionRefusedError"),
    "no host": (f"postgresql://u:{ESCAPED}@nowhere.invalid/db", "host name is not known"),
    "@ and / unescaped": ("postgresql://u:CANARY1@CANARY2/CANARY3@h/db", "server"),
    "? unescaped": ("postgresql://u:CANARY1?CANARY2=CANARY3@h/db", "server"),
    ": unescaped": ("postgresql://u:CANARY1:CANARY2@127.0.0.1:1/db", "ConnectionRefusedError"),
    "port in words": (f"postgresql://u:{ESCAPED}@h:CANARY/db", "form"),
    "password as host": ("postgresql://CANARY1:5432/CANARY2", "form"),
    "another database": (f"mysql://u:{ESCAPED}@h/db", "form"),
    "an unknown driver": (f"postgresql+CANARY://u:{ESCAPED}@h/db", "form"),
    "an unknown option": (f"postgresql://u:{ESCAPED}@h/db?CANARY=1", "option"),
    "an unknown sslmode": (f"postgresql://u:{ESCAPED}@h/db?sslmode=CANARY", "sslmode"),
    "no such certificate": (
        f"postgresql://u:{ESCAPED}@h/db?sslmode=verify-full&sslrootcert=/CANARY",
        "FileNotFoundError",
    ),
    "no URL": ("CANARY", "form"),
    "no user": ("postgresql:///CANARY", "form"),
    "a NUL": (f"postgresql://u:{ESCAPED}@h\0CANARY/db", "server"),
    "a long host": (f"postgresql://u:{ESCAPED}@{'CANARY' * 100}/db", "server"),
}


def no_names(monkeypatch: pytest.MonkeyPatch, seconds: float = 0) -> None:
    """Let every host name be unknown, as seen by a machine that has to ask for it."""
    look_up = socket.getaddrinfo

    def asked(host: str, *rest: object, **named: object) -> list:
        if re.fullmatch(r"[\d.]+", host):
            return look_up(host, *rest, **named)
        host.encode("idna")  # raises what a name raises that cannot be one
        time.sleep(seconds)
        raise socket.gaierror(f"{host} is not known")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
