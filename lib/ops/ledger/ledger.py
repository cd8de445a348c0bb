"""The load ledger: which file was loaded when, by which code and contract, and how it went.

Stages write it and never read it: whatever becomes of it, their outs stay the same and their runs
succeed. It lies in SQLite, or in Postgres where DATABASE_URL is set; where neither can be written,
in a JSONL file beside. `make ledger` shows it (scripts/ops/ledger.py).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from lib.common import cli
from lib.ops.ledger import database

SCHEMA = Path(__file__).with_name("schema.sql")
SQLITE, JSONL = "ledger.sqlite", "ledger.jsonl"
SERVER = "the database named in DATABASE_URL"
DEADLINE = 5  # seconds for all of it; name look-ups know no limit of their own
CREATING = 7_365_146  # number of the Postgres advisory lock held while the table is made


@dataclass(frozen=True)
class Load:
    """The load of one file, or, where `file` is None, a run of staging as a whole."""

    run_id: str
    feed: str
    file: str | None
    file_sha256: str | None
    contract_sha256: str
    git_revision: str | None
    rows_in: int | None  # counts are None where the load failed before they were known
    rows_clean: int | None
    rows_duplicate: int | None
    rows_quarantined: int | None
    started_at: dt.datetime
    ended_at: dt.datetime
    status: str  # `loaded` or `failed`

    def row(self) -> dict:
        """What is stored: the fields, with what kind of row it is and what makes it unique."""
        kind = "run" if self.file is None else "load"
        unique = [self.run_id]
        if kind == "load":
            unique = [str(self.file_sha256), self.contract_sha256, self.status]
        digest = hashlib.sha256("\0".join([kind, self.feed, *unique]).encode()).hexdigest()
        plain: dict = {"entry_id": digest[:32], "kind": kind}
        for name, value in asdict(self).items():
            if name.startswith("rows_") and value is not None:
                value = int(value)  # numpy's integers are foreign to the drivers
            elif isinstance(value, dt.datetime):
                value = value.astimezone(dt.UTC)
            elif isinstance(value, str):  # file names may hold bytes that are no text
                value = value.encode("utf-8", "backslashreplace").decode()
            plain[name] = value
        return plain


MOMENTS = ("started_at", "ended_at")
COUNTS = {  # as staging calls them -> as the ledger does
    "rows_in": "rows_in",
    "clean": "rows_clean",
    "duplicates": "rows_duplicate",
    "quarantined": "rows_quarantined",
}
TABLE = sa.table(
    "etl_ledger",
    *(sa.column(name) for name in ("entry_id", "kind")),
    *(
        sa.column(field.name, sa.DateTime(timezone=True))
        if field.name in MOMENTS
        else sa.column(field.name)
        for field in fields(Load)
    ),
)


def ledger_folder() -> Path:
    """The folder of the SQLite and JSONL ledgers: REML_STATE_DIR, else the user's state folder.

    Runs on other feeds happen in trees that DVC throws away, so it lies outside the project; and
    what lies in the project may be an out, which the ledger must not change.
    """
    named = os.environ.get("REML_STATE_DIR")
    try:
        if named and not Path(named).expanduser().resolve().is_relative_to(Path.cwd()):
            return Path(named).expanduser()
        if named:
            cli.log.warning("ledger.state_dir_ignored", why="REML_STATE_DIR is in the project")
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return Path(home).expanduser() / "reml"
    except RuntimeError:  # a user without a home, as in some containers
        return Path(".dvc/tmp/reml")


def database_url() -> str | None:
    """DATABASE_URL, or None where it is unset or empty."""
    return os.environ.get("DATABASE_URL") or None


def new_run_id() -> str:
    """An id for a run of staging, for the ledger and logs only: outs hold none."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def git_revision() -> str | None:
    """The commit of the code that runs, or None where git or a repository is missing."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--verify", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def total_of_loads(loads: list[Load]) -> Load:
    """The row of a run from the loads of its files (at least one): counts added up."""
    counts = {name: sum(getattr(load, name) for load in loads) for name in COUNTS.values()}
    return replace(loads[0], file=None, file_sha256=None, **counts)


@contextmanager
def record_run(feed: str, contract_sha256: str) -> Iterator[Callable[[list[dict]], str]]:
    """A run of staging. The function that it gives records the loads of a run that went well and
    says where: a list of `file`, `file_sha256` and the counts named in COUNTS. Where the block
    ends in an error, the run is recorded as failed, with counts unknown."""
    begun = Load(
        run_id=new_run_id(),
        feed=feed,
        file=None,
        file_sha256=None,
        contract_sha256=contract_sha256,
        git_revision=git_revision(),
        **dict.fromkeys(COUNTS.values()),
        started_at=dt.datetime.now(dt.UTC),
        ended_at=dt.datetime.now(dt.UTC),
        status="failed",
    )

    def loaded(files: list[dict]) -> str:
        named = [{COUNTS.get(name, name): value for name, value in one.items()} for one in files]
        ended = replace(begun, ended_at=dt.datetime.now(dt.UTC), status="loaded")
        loads = [replace(ended, **one) for one in named]
        return record_loads([*loads, total_of_loads(loads)], database_url(), ledger_folder())

    try:
        yield loaded
    except Exception:
        failed = replace(begun, ended_at=dt.datetime.now(dt.UTC))
        record_loads([failed], database_url(), ledger_folder())
        raise


def insert_into(target: sa.Engine, rows: list[dict]) -> None:
    """Add rows to the table, which is made where it is missing; those it has stay as they are."""
    on_server = target.dialect.name == "postgresql"
    insert = (postgresql if on_server else sqlite).insert(TABLE).on_conflict_do_nothing()
    with target.begin() as connection:
        # asked first, so that a user who may only insert need not be allowed to create
        if not sa.inspect(connection).has_table(TABLE.name):
            if on_server:  # IF NOT EXISTS alone fails where two create at once
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CREATING})")
            connection.exec_driver_sql(SCHEMA.read_text(encoding="utf-8"))
        connection.execute(insert, rows)


def _append_rows(path: Path, rows: Iterable[dict]) -> None:
    """Add rows that a JSONL ledger does not have yet, in one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    fresh = [json.dumps(row, default=str) for row in rows if row["entry_id"] not in old]
    lead = "" if old.endswith("\n") or not old else "\n"  # after a line that a kill cut short
    with path.open("ab", buffering=0) as file:
        file.write((lead + "".join(f"{line}\n" for line in fresh)).encode())


def record_loads(loads: list[Load], url: str | None, home: Path) -> str:
    """Write loads to the ledger and say where they went; warns where it must, never raises.

    Parameters: the loads; `database_url()`; `folder()`. What the ledger has stays as it is.
    """
    rows = [load.row() for load in loads]
    if not rows:
        return "nowhere: nothing to record"

    def write() -> None:
        if url is None:
            home.mkdir(parents=True, exist_ok=True)
        insert_into(database.make_engine(url, home / SQLITE), rows)

    try:
        database.run_with_timeout(DEADLINE, write)
        return str(home / SQLITE) if url is None else SERVER
    except Exception as error:  # whatever a driver raises: a ledger is no reason to fail a run
        why = database.explain_error(error)
    try:
        _append_rows(home / JSONL, rows)
    except OSError as error:
        cli.log.warning("ledger.lost", why=why, then=type(error).__name__, folder=str(home))
        return "nowhere"
    cli.log.warning("ledger.fallback", why=why, written_to=str(home / JSONL))
    return str(home / JSONL)
