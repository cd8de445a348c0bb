"""The ledger on SQLite and on a real Postgres server: what is written, by whom, and where."""

import dataclasses
import datetime as dt
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import sqlalchemy as sa

from lib.ops.ledger import database, ledger
from tests.support.dag import ROOT
from tests.support.ledger import BEGAN, LOAD, NAMES, make_load, stored

# ---- what is written ------------------------------------------------------------------------


def test_a_run_and_its_loads_are_stored_as_given(url, tmp_path, capsys):
    loads = [LOAD, make_load(file="rental/b.csv", file_sha256="b" * 64)]
    where = ledger.record_loads([*loads, ledger.total_of_loads(loads)], url, tmp_path)
    assert where == (ledger.SERVER if url else str(tmp_path / ledger.SQLITE))
    rows = {row["file"]: row for row in stored(url, tmp_path)}
    assert set(rows) == {"sale/a.csv", "rental/b.csv", None}
    for one in loads:
        row = rows[one.file]
        assert row["kind"] == "load"
        for name, value in dataclasses.asdict(one).items():
            if name in ledger.MOMENTS:  # SQLite keeps no zone
                assert row[name].replace(tzinfo=dt.UTC) == value
            else:
                assert row[name] == value, name
    assert rows[None]["kind"] == "run"
    assert [rows[None][name] for name in NAMES if name.startswith("rows_")] == [20, 14, 4, 2]
    assert capsys.readouterr() == ("", "")  # nothing to warn of
    assert not (tmp_path / ledger.JSONL).exists()


def test_the_same_file_again_adds_no_second_load(url, tmp_path, capsys):
    ledger.record_loads([LOAD], url, tmp_path)
    before = stored(url, tmp_path)
    renamed = make_load(run_id="run-2", file="sale/copy.csv", ended_at=BEGAN + dt.timedelta(days=1))
    ledger.record_loads([renamed], url, tmp_path)
    assert stored(url, tmp_path) == before
    assert capsys.readouterr() == ("", "")  # not even refused: it is no fault
    assert not (tmp_path / ledger.JSONL).exists()


@pytest.mark.parametrize(
    "change",
    [{"feed": "other"}, {"file_sha256": "f" * 64}, {"contract_sha256": "e" * 64}],
    ids=lambda change: next(iter(change)),
)
def test_another_feed_content_or_contract_is_another_load(change, url, tmp_path):
    ledger.record_loads([LOAD, make_load(**change)], url, tmp_path)
    assert len(stored(url, tmp_path)) == 2


def test_a_failed_load_does_not_hide_the_one_that_succeeds_later(url, tmp_path):
    unknown = dict.fromkeys(["rows_in", "rows_clean", "rows_duplicate", "rows_quarantined"])
    failed = make_load(status="failed", **unknown)
    for one in (failed, failed, LOAD):
        ledger.record_loads([one], url, tmp_path)
    assert sorted(row["status"] for row in stored(url, tmp_path)) == ["failed", "loaded"]


def test_every_run_is_a_row(url, tmp_path):
    runs = [ledger.total_of_loads([make_load(run_id=ledger.new_run_id())]) for _ in range(3)]
    for run in runs:
        ledger.record_loads([run, run], url, tmp_path)
    assert {row["run_id"] for row in stored(url, tmp_path)} == {run.run_id for run in runs}


def test_the_table_itself_keeps_the_rules(url, tmp_path):
    """Whoever else writes to it."""
    ledger.record_loads([LOAD], url, tmp_path)
    engine = database.make_engine(url, tmp_path / ledger.SQLITE)
    for change in (
        {"entry_id": "x"},  # the same load under another id
        {"file_sha256": "x"},  # the same id
        {"entry_id": "x", "file_sha256": "x", "rows_clean": 8},
        {"entry_id": "x", "file_sha256": "x", "status": "maybe"},
        {"entry_id": "x", "file_sha256": "x", "kind": "run"},
        {"entry_id": "x", "file_sha256": None},
        {"entry_id": "x", "file_sha256": "x", "ended_at": None},
    ):
        with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
            connection.execute(ledger.TABLE.insert(), [LOAD.row() | change])
    assert len(stored(url, tmp_path)) == 1


def test_odd_values_are_stored_too(url, tmp_path, capsys):
    odd = make_load(
        file="sale/\udcff 'x\"; DROP TABLE etl_ledger; -- %s :a é.csv",
        rows_in=np.int64(10),
        started_at=BEGAN.astimezone(dt.timezone(dt.timedelta(hours=-6))),
        git_revision=None,
    )
    ledger.record_loads([odd], url, tmp_path)
    (row,) = stored(url, tmp_path)
    assert row["file"] == "sale/\\udcff 'x\"; DROP TABLE etl_ledger; -- %s :a é.csv"
    assert row["rows_in"] == 10 and row["started_at"].replace(tzinfo=dt.UTC) == BEGAN
    assert capsys.readouterr() == ("", "")


def test_nothing_to_record_is_nothing_written(tmp_path):
    ledger.record_loads([], None, tmp_path / "new")
    assert not (tmp_path / "new").exists()


# ---- the table is what lib/ops/ledger/schema.sql says ------------------------------------------


def described(text: str) -> dict[str, tuple[str, bool]]:
    """Columns of the DDL: type and whether NOT NULL, read by a slow and obvious form."""
    body = re.sub(r"--.*", "", text).split("(", 1)[1]
    columns = {}
    for line in body.splitlines():
        found = re.match(r"\s{4}([a-z_0-9]+) +((?:TEXT|BIGINT|TIMESTAMP WITH TIME ZONE))(.*)", line)
        if found:
            columns[found[1]] = (found[2], "NOT NULL" in found[3])
    return columns


def test_the_table_that_is_created_equals_the_ddl_file(url, tmp_path):
    ledger.record_loads([LOAD], url, tmp_path)
    engine = database.make_engine(url, tmp_path / ledger.SQLITE)
    inspector = sa.inspect(engine)
    wanted = described(ledger.SCHEMA.read_text())
    assert inspector.get_table_names() == ["etl_ledger"]
    columns = inspector.get_columns("etl_ledger")
    assert [column["name"] for column in columns] == list(wanted) == NAMES
    assert {column["name"]: not column["nullable"] for column in columns} == {
        name: required for name, (_, required) in wanted.items()
    }
    with engine.connect() as connection:
        if url is None:
            query = "SELECT sql FROM sqlite_master WHERE type = 'table'"
            made = connection.exec_driver_sql(query).scalar_one()
            kept = ledger.SCHEMA.read_text().split("etl_ledger (", 1)[1].rstrip().rstrip(";")
            assert made.split("etl_ledger (", 1)[1] == kept  # SQLite keeps the very text
        else:
            query = (
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_name = 'etl_ledger'"
            )
            types = {name: kind.upper() for name, kind in connection.exec_driver_sql(query)}
            assert types == {name: kind for name, (kind, _) in wanted.items()}
    (unique,) = inspector.get_unique_constraints("etl_ledger")
    assert unique["column_names"] == ["feed", "file_sha256", "contract_sha256", "status"]
    assert inspector.get_pk_constraint("etl_ledger")["constrained_columns"] == ["entry_id"]
    assert len(inspector.get_check_constraints("etl_ledger")) == 4


def test_stages_write_the_ledger_and_read_nothing_from_it():
    """Who imports the module calls no more of it than writing needs, nor SQLAlchemy himself."""
    for path in [*(ROOT / "scripts/valuation").glob("*.py"), *(ROOT / "lib").rglob("*.py")]:
        text = path.read_text()
        if path.parent == ROOT / "lib/ops/ledger" and path.name in ("ledger.py", "database.py"):
            continue
        if path.name == "vector_cache.py":  # its SQLite file is a cache, no ledger
            text = text.replace("sqlite3", "")
        assert not re.search(r"sqlalchemy|pg8000|sqlite3|lib.ops.ledger.database", text), path
        assert "lib.ops.ledger.ledger" not in text, f"{path}: import the module, not what is in it"
        if re.search(r"from lib.common import .*\bledger\b", text):
            used = set(re.findall(r"(?<![\w.])ledger\.(\w+)", text))
            own = {name for name in used if hasattr(ledger, name)}  # not a local of that name
            assert own <= {"run"}, path


@pytest.mark.rest
def test_options_that_hosts_of_databases_put_into_their_urls(postgres, tmp_path):
    at = postgres.url(postgres.database())
    for option in ("?sslmode=disable", "?sslmode=prefer&connect_timeout=3&application_name=x"):
        assert ledger.record_loads([LOAD], at + option, tmp_path) == ledger.SERVER
    short = at.replace("postgresql://", "postgres://")
    assert ledger.record_loads([LOAD], short, tmp_path) == ledger.SERVER
    assert database.make_engine("postgresql://u:p@h/d?sslmode=verify-full", tmp_path)


@pytest.mark.rest
def test_a_user_who_may_only_insert_is_enough(postgres, tmp_path):
    name = postgres.database()
    ledger.record_loads([LOAD], postgres.url(name), tmp_path)
    postgres.run(
        name,
        f"CREATE ROLE {name}_writer LOGIN PASSWORD 'CANARY1@CANARY2/CANARY3'",
        f"GRANT INSERT ON etl_ledger TO {name}_writer",
    )
    again = [LOAD, make_load(file_sha256="b" * 64)]
    where = ledger.record_loads(again, postgres.url(name, user=f"{name}_writer"), tmp_path)
    assert where == ledger.SERVER
    assert len(stored(postgres.url(name), tmp_path)) == 2


# ---- at once --------------------------------------------------------------------------------

WRITER = """
import dataclasses, pathlib, sys
from lib.ops.ledger import database, ledger
from tests.support.ledger import make_load
database.WAIT, ledger.DEADLINE = 30, 60
home, url, run = pathlib.Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3]
for number in range(10):
    one = make_load(run_id=f"{run}-{number}", file_sha256=f"{number:064d}")
    where = ledger.record_loads([one, ledger.total_of_loads([one])], url, home)
    assert where == (ledger.SERVER if url else str(home / ledger.SQLITE)), where
"""


def test_processes_that_write_at_once(url, tmp_path):
    """All make the table, all write the same loads; each load is there once, each run too."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), url or "", f"process-{number}"],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.wait(timeout=60) == 0, process.stderr.read()
        process.stderr.close()
    kinds = [row["kind"] for row in stored(url, tmp_path)]
    assert (kinds.count("load"), kinds.count("run")) == (10, 30)
    assert not (tmp_path / ledger.JSONL).exists()


@pytest.mark.rest
def test_two_that_make_the_table_at_once(postgres, tmp_path):
    """The second comes while the first has not committed; IF NOT EXISTS alone would fail."""
    at = postgres.url(postgres.database())
    raised: list[Exception] = []

    def second() -> None:
        try:
            ledger.insert_into(database.make_engine(at, tmp_path), [LOAD.row()])
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=second)
    with database.make_engine(at, tmp_path).begin() as first:
        first.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ledger.CREATING})")
        first.exec_driver_sql(ledger.SCHEMA.read_text())
        thread.start()
        time.sleep(0.3)
    thread.join()
    assert not raised
    assert len(stored(at, tmp_path)) == 1


# ---- where and which ------------------------------------------------------------------------


def test_the_folder_is_the_named_one_else_the_users_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REML_STATE_DIR", str(tmp_path / "mine"))
    assert ledger.ledger_folder() == tmp_path / "mine"
    monkeypatch.setenv("REML_STATE_DIR", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert ledger.ledger_folder() == tmp_path / "state/reml"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ledger.ledger_folder() == tmp_path / ".local/state/reml"


@pytest.mark.parametrize("inside", ["data/staging", "data/../metrics", "."])
def test_the_ledger_never_lies_among_the_outs(inside, tmp_path, monkeypatch, capsys):
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in (inside, str(project / inside)):
        monkeypatch.setenv("REML_STATE_DIR", name)
        assert ledger.ledger_folder() == tmp_path / "state/reml"
        assert "state_dir_ignored" in capsys.readouterr().out


def test_an_empty_database_url_is_none(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    assert ledger.database_url() is None
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    assert ledger.database_url() == "postgresql://u:p@h/d"


def test_run_ids_are_unique_and_sort_by_time():
    ids = {ledger.new_run_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", one) for one in ids)


def test_git_revision_in_a_repository_and_outside_of_one(tmp_path, monkeypatch):
    assert re.fullmatch("[0-9a-f]{40}", ledger.git_revision() or "")
    monkeypatch.setattr(ledger, "__file__", str(tmp_path / "ledger.py"))
    for name in ("GIT_DIR", "GIT_WORK_TREE"):  # set where a commit hook runs the tests
        monkeypatch.delenv(name, raising=False)
    assert ledger.git_revision() is None
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert ledger.git_revision() is None  # no commit yet
    author = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    commit = ["git", "-C", str(tmp_path), *author, "commit", "-qm", "x", "--allow-empty"]
    subprocess.run(commit, check=True)
    first = ledger.git_revision()
    assert first is not None
    tree = tmp_path / ".dvc/tmp/exps/tmp1"  # as DVC makes its temporary trees: clones below it
    subprocess.run(["git", "clone", "-q", str(tmp_path), str(tree)], check=True)
    monkeypatch.setattr(ledger, "__file__", str(tree / "ledger.py"))
    assert ledger.git_revision() == first
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ledger.git_revision() is None  # no git at all
