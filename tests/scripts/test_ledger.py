"""scripts/ops/ledger.py: what it shows, from which ledger, and what it does without one."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from lib.ops.ledger import database, ledger
from scripts.ops.ledger import main
from tests.support.ledger import BAD_URLS, CANARY, LOAD, listener, make_load, no_names
from tests.support.postgres import ESCAPED

UNREACHABLE = f"postgresql://u:{ESCAPED}@127.0.0.1:1/db"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger's folder, empty."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("REML_STATE_DIR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(database, "WAIT", 10)  # a busy machine is no dead server
    monkeypatch.setattr(ledger, "DEADLINE", 20)
    return folder


def show(*options: str, code: int = 0) -> Result:
    """Run the command."""
    result = CliRunner().invoke(main, options)
    assert result.exit_code == code, result.output
    assert CANARY not in result.output
    return result


def shown(*options: str) -> list[dict]:
    """The entries that it prints as JSON."""
    return [json.loads(line) for line in show("--json", *options).stdout.splitlines()]


def at(day: int, **changes: object) -> ledger.Load:
    """A load of its own that ended on a day of January."""
    ended = dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)
    digest = f"{day:064d}"
    fields = {"run_id": f"run-{day}", "file_sha256": digest, "file": f"sale/{day}.csv"}
    return make_load(**(fields | {"started_at": ended, "ended_at": ended} | changes))


def test_it_says_plainly_that_there_are_none_and_makes_no_file(home):
    assert "no loads in the ledger" in show().stdout
    assert list(home.iterdir()) == []
    ledger.record_loads([LOAD], None, home)
    assert "no loads of feed other in the ledger" in show("--feed", "other").stdout
    assert shown("--feed", "other") == []


def test_it_shows_the_last_loads_newest_first(home):
    ledger.record_loads(
        [at(2), at(3), ledger.total_of_loads([at(3)]), at(1, feed="other")], None, home
    )
    lines = show().stdout.splitlines()
    assert lines[0].split()[:5] == ["ended", "(UTC)", "feed", "file", "status"]
    assert [line.split()[3] for line in lines[1:]] == ["(the", "sale/3.csv", "sale/2.csv",
                                                       "sale/1.csv"]  # fmt: skip
    assert lines[2].split() == [
        "2026-01-03", "12:00:00", "demo", "sale/3.csv", "loaded", "10", "7", "2", "1",
        "9" * 12, "c" * 12, "run-3",
    ]  # fmt: skip
    assert len({line.index("loaded") for line in lines[1:]}) == 1  # in columns
    assert [row["file"] for row in shown("--limit", "2")] == [None, "sale/3.csv"]
    assert [row["file"] for row in shown("--feed", "other")] == ["sale/1.csv"]


def test_json_gives_every_column_whole(home):
    ledger.record_loads([LOAD], None, home)
    (row,) = shown()
    assert list(row) == [column.name for column in ledger.TABLE.columns]
    for name, value in dataclasses.asdict(LOAD).items():
        assert row[name] == (value.isoformat() if name in ledger.MOMENTS else value)


def test_unknown_counts_and_letters_that_move_the_cursor(home):
    ledger.record_loads(
        [at(1, file="sale/\x1b[2J\n.csv", rows_in=None, rows_clean=None)], None, home
    )
    text = show().stdout
    assert "sale/?[2J?.csv  loaded        -      -          2" in text
    assert len(text.splitlines()) == 2


def test_it_reads_the_jsonl_ledger_too_each_entry_once(home, monkeypatch):
    ledger.record_loads([at(1)], None, home)
    ledger.record_loads([at(1), at(2)], UNREACHABLE, home)
    with (home / ledger.JSONL).open("a") as file:
        file.write('{"entry_id": "cut sho\n[]\n{}\n')
    result = show()
    assert [line.split()[3] for line in result.stdout.splitlines()[1:]] == [
        "sale/2.csv",
        "sale/1.csv",
    ]
    assert "ledger.lines_skipped" in result.stderr and "lines=3" in result.stderr


def test_no_database_shows_the_jsonl_ledger_with_a_warning(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", UNREACHABLE)
    ledger.record_loads([at(1)], UNREACHABLE, home)
    result = show()
    assert "sale/1.csv" in result.stdout
    assert "ledger.unreadable" in result.stderr and "ConnectionRefusedError" in result.stderr


@pytest.mark.parametrize("name", sorted(set(BAD_URLS) - {"a NUL"}))  # no environment holds it
def test_no_database_and_nothing_to_show_is_an_error_without_secrets(name, home, monkeypatch):
    no_names(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", BAD_URLS[name][0])
    assert "DATABASE_URL cannot be read: " in show(code=2).stderr
    ledger.record_loads([LOAD], None, home)
    assert "nothing sent" in show("--send", code=2).stderr


def test_a_silent_server_is_given_up(home, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.3)
    with listener() as port:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{ESCAPED}@127.0.0.1:{port}/d")
        assert "TimeoutError" in show(code=2).stderr


def test_a_corrupt_file_is_named(home):
    (home / ledger.SQLITE).write_bytes(b"no database at all " * 99)
    error = show(code=2).stderr
    assert f"{home / ledger.SQLITE} cannot be read: file is not a database" in error


def test_a_database_without_the_table_has_no_loads(home, postgres, monkeypatch):
    with database.make_engine(None, home / ledger.SQLITE).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE other (x TEXT)")
    assert "no loads" in show().stdout
    monkeypatch.setenv("DATABASE_URL", postgres.url(postgres.database()))
    assert "no loads in the ledger (the database named in DATABASE_URL)" in show().stdout


def test_moving_to_postgres(home, postgres, monkeypatch):
    """What SQLite and the JSONL ledger hold is sent once, however often it is sent."""
    assert "DATABASE_URL is not set" in show("--send", code=2).stderr
    url = postgres.url(postgres.database())
    ledger.record_loads([at(1), ledger.total_of_loads([at(1)])], None, home)
    ledger.record_loads([at(2)], UNREACHABLE, home)
    before = shown()
    monkeypatch.setenv("DATABASE_URL", url)
    ledger.record_loads([at(3)], url, home)
    for _ in range(2):
        rows = shown("--send")
        assert [row["file"] for row in rows] == ["sale/3.csv", "sale/2.csv", None, "sale/1.csv"]
        assert rows[1:] == before
    with database.make_engine(url, home).connect() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(ledger.TABLE))
    assert count == 4


def test_make_ledger_shows_it(clone, home):
    ledger.record_loads([at(1), at(2, feed="other")], None, home)
    done = clone.run("make", "--no-print-directory", "ledger", "FEED=other")
    assert done.returncode == 0, done.stderr
    assert "sale/2.csv" in done.stdout and "sale/1.csv" not in done.stdout
    assert "sale/1.csv" in clone.run("make", "ledger").stdout
