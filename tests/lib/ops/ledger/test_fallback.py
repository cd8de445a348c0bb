"""Where no database takes the entries: the JSONL ledger does, in time, once, with no secret."""

import contextlib
import json
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.ops.ledger import database, ledger
from tests.support.ledger import BAD_URLS, CANARY, LOAD, NAMES, lines, listener, make_load, no_names
from tests.support.postgres import ESCAPED

WAITS = (database.WAIT, ledger.DEADLINE)


def falls_back(url: str | None, home: Path, capsys: pytest.CaptureFixture, why: str) -> None:
    """One warning that says `why`, the entries in the JSONL ledger, no long wait, no secret."""
    began = time.monotonic()
    where = ledger.record_loads([LOAD, ledger.total_of_loads([LOAD])], url, home)
    assert time.monotonic() - began < 8
    assert where == str(home / ledger.JSONL)
    said = capsys.readouterr()
    assert said.out.count("\n") + said.err.count("\n") == 1
    assert "ledger.fallback" in said.out and why in said.out and where in said.out
    assert [row["kind"] for row in lines(home)] == ["load", "run"]
    assert list(lines(home)[0]) == NAMES
    secret_is_safe(home, said.out + said.err)


def secret_is_safe(home: Path, said: str) -> None:
    """The password stands neither in what was said nor in any file."""
    assert CANARY not in said
    for path in home.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_a_name_that_takes_long_to_look_up(tmp_path, capsys, monkeypatch):
    no_names(monkeypatch, seconds=10)
    monkeypatch.setattr(ledger, "DEADLINE", 0.5)
    falls_back(f"postgresql://u:{ESCAPED}@h/db", tmp_path, capsys, "TimeoutError")


@pytest.mark.parametrize("name", BAD_URLS)
def test_a_url_that_leads_nowhere(name, tmp_path, capsys, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    no_names(monkeypatch)
    bad, why = BAD_URLS[name]
    falls_back(bad, tmp_path, capsys, why)
    assert CANARY not in caplog.text


@pytest.mark.rest
def test_refusals_of_a_server(postgres, tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    name = postgres.database()
    ledger.record_loads([LOAD], postgres.url(name), tmp_path / "fine")
    postgres.run(
        name,
        f"CREATE ROLE {name}_reader LOGIN PASSWORD 'CANARY1@CANARY2/CANARY3'",
        f"GRANT SELECT ON etl_ledger TO {name}_reader",
    )
    other = postgres.database()
    postgres.run(other, "CREATE TABLE etl_ledger (entry_id TEXT)")
    for at, why in {
        postgres.url(name, password="CANARY-wrong"): "refused the user or password",
        postgres.url(name, user="CANARY"): "refused the user or password",
        postgres.url("nothing"): "no such database",
        postgres.url(name, user=f"{name}_reader"): "lacks a right",
        postgres.url(other): "other columns",
        postgres.url(name) + "?sslmode=require": "InterfaceError",
    }.items():
        falls_back(at, Path(tempfile.mkdtemp(dir=tmp_path)), capsys, why)
    assert CANARY not in caplog.text


def test_counts_that_do_not_add_up_are_kept_aside_with_the_reason(url, tmp_path, capsys):
    ledger.record_loads([make_load(rows_clean=99)], url, tmp_path)
    said = capsys.readouterr().out
    assert ("CHECK constraint failed" if url is None else "refused the counts") in said
    assert lines(tmp_path)[0]["rows_clean"] == 99


def test_a_silent_server_makes_a_run_wait_no_longer_than_a_few_seconds(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(database, "WAIT", WAITS[0])
    monkeypatch.setattr(ledger, "DEADLINE", WAITS[1])
    with listener() as port:
        falls_back(f"postgresql://u:{ESCAPED}@127.0.0.1:{port}/d", tmp_path, capsys, "TimeoutError")


def test_a_server_that_is_no_postgres(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.3)
    with listener(b"HTTP/1.1 400 CANARY\r\n\r\n") as port:
        falls_back(f"postgresql://u:{ESCAPED}@127.0.0.1:{port}/d", tmp_path, capsys, "server")


def test_a_server_that_never_comes_to_the_end(tmp_path, capsys, monkeypatch):
    """Each byte comes in time, so that only the deadline over all ends it."""
    monkeypatch.setattr(ledger, "DEADLINE", 0.7)
    with listener(b"N\0\xff\xff\xff", drip=True) as port:
        at = f"postgresql://u:{ESCAPED}@127.0.0.1:{port}/d?sslmode=disable"
        falls_back(at, tmp_path, capsys, "TimeoutError")


@pytest.mark.rest
def test_a_table_that_somebody_holds_locked(postgres, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.5)
    at = postgres.url(postgres.database())
    ledger.record_loads([LOAD], at, tmp_path / "fine")
    with database.make_engine(at, tmp_path).begin() as holder:
        holder.exec_driver_sql("LOCK TABLE etl_ledger")
        falls_back(at, tmp_path, capsys, "TimeoutError")


def test_a_locked_sqlite_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.2)
    ledger.record_loads([LOAD], None, tmp_path)
    holder = sqlite3.connect(tmp_path / ledger.SQLITE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    falls_back(None, tmp_path, capsys, "database is locked")
    holder.close()


def test_a_corrupt_sqlite_file(tmp_path, capsys):
    (tmp_path / ledger.SQLITE).write_bytes(b"no database at all " * 99)
    falls_back(None, tmp_path, capsys, "file is not a database")


def test_a_folder_in_place_of_the_sqlite_file(tmp_path, capsys):
    (tmp_path / ledger.SQLITE).mkdir()
    falls_back(None, tmp_path, capsys, "unable to open database file")


def test_a_missing_ddl_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ledger, "SCHEMA", tmp_path / "gone.sql")
    falls_back(None, tmp_path, capsys, "FileNotFoundError")


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Act as `nobody` where the tests run as root, who may write everywhere."""
    if os.getuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_sqlite_file_and_then_a_read_only_folder(capsys):
    with tempfile.TemporaryDirectory(prefix="reml-ledger-") as name:  # others may enter it
        home = Path(name)
        ledger.record_loads([LOAD], None, home)
        (home / ledger.SQLITE).chmod(0o444)
        home.chmod(0o777)
        with unprivileged():
            falls_back(None, home, capsys, "readonly database")
        (home / ledger.JSONL).chmod(0o444)
        home.chmod(0o555)
        with unprivileged():
            for at in (None, f"postgresql://u:{ESCAPED}@127.0.0.1:1/db"):
                assert ledger.record_loads([LOAD], at, home) == "nowhere"
                said = capsys.readouterr().out
                assert said.count("\n") == 1 and "ledger.lost" in said and "Permission" in said
                secret_is_safe(home, said)
            assert ledger.record_loads([LOAD], None, home / "below") == "nowhere"
        home.chmod(0o755)


def test_the_same_loads_go_into_the_jsonl_ledger_once_and_after_a_cut_line(tmp_path):
    bad = "postgresql://u:p@127.0.0.1:1/db"
    ledger.record_loads([LOAD], bad, tmp_path)
    with (tmp_path / ledger.JSONL).open("a") as file:
        file.write('{"entry_id": "cut sho')
    ledger.record_loads([LOAD, make_load(file_sha256="b" * 64)], bad, tmp_path)
    read = (tmp_path / ledger.JSONL).read_text().splitlines()
    assert len(read) == 3
    assert json.loads(read[0])["file_sha256"] == "a" * 64
    assert json.loads(read[2])["file_sha256"] == "b" * 64
