"""Show the last loads of staging, newest first, as the load ledger has them.

Reads the SQLite ledger, or the database named in DATABASE_URL where that is set, and the JSONL
ledger that was written when neither could be. With --send, what the SQLite and JSONL ledgers hold
is first copied to that database; what it has already stays as it is.

Example: python -m scripts.ops.ledger --feed king_county --limit 5
"""

import datetime as dt
import json
from dataclasses import fields
from pathlib import Path

import click
import sqlalchemy as sa

from lib.common import cli
from lib.common.errors import RemlError, require
from lib.ops.ledger import database, ledger

COLUMNS = {
    "ended_at": "ended (UTC)",
    "feed": "feed",
    "file": "file",
    "status": "status",
    "rows_in": "rows in",
    "rows_clean": "clean",
    "rows_duplicate": "duplicate",
    "rows_quarantined": "quarantined",
    "git_revision": "revision",
    "contract_sha256": "contract",
    "run_id": "run",
}
RUN_LABEL = "(the whole run)"


def utc_time(value: str | dt.datetime) -> dt.datetime:
    """A time of the ledger in UTC. SQLite keeps no zone; the ledger writes UTC only."""
    read = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def from_database(url: str | None, path: Path) -> list[dict]:
    """The rows of the database; none where nobody has written one yet."""
    if url is None and not path.is_file():
        return []  # connecting would create it
    rows: list[dict] = []

    def read() -> None:
        with database.make_engine(url, path).connect() as connection:
            if sa.inspect(connection).has_table(ledger.TABLE.name):
                found = connection.execute(sa.select(ledger.TABLE))
                rows.extend(dict(row) for row in found.mappings())

    database.run_with_timeout(60, read)
    return rows


def from_jsonl(path: Path) -> list[dict]:
    """The rows of the JSONL ledger; lines that a kill cut short are left out, with a warning."""
    if not path.is_file():
        return []
    rows, cut = [], 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            row |= {name: utc_time(row[name]) for name in ledger.MOMENTS}
            rows.append({column.name: row[column.name] for column in ledger.TABLE.columns})
        except (ValueError, KeyError, TypeError):
            cut += 1
    if cut:
        cli.log.warning("ledger.lines_skipped", file=str(path), lines=cut)
    return rows


def newest_entries(rows: list[dict], feed: str | None, limit: int) -> list[dict]:
    """The last `limit` entries of a feed (of all, where None), each once, newest first; a run
    stands above its loads."""
    kept: dict[str, dict] = {}
    for row in rows:
        if feed in (None, row["feed"]):
            times = {name: utc_time(row[name]) for name in ledger.MOMENTS}
            kept.setdefault(row["entry_id"], row | times)
    ordered = sorted(kept.values(), key=lambda row: (row["kind"] == "load", row["file"] or ""))
    return sorted(ordered, key=lambda row: (row["ended_at"], row["run_id"]), reverse=True)[:limit]


def format_cell(name: str, value: object) -> str:
    """How a value is shown: digests short, unknown counts as `-`, nothing that moves a cursor."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if value is None:
        return RUN_LABEL if name == "file" else "-"
    if name.startswith("rows_"):
        return f"{value:,}"
    text = str(value)[:12] if name in ("git_revision", "contract_sha256") else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def as_table(rows: list[dict]) -> str:
    """Rows as aligned columns under their titles, numbers to the right."""
    lines = [list(COLUMNS.values())]
    lines += [[format_cell(name, row[name]) for name in COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = []
    for line in lines:
        parts = [
            text.rjust(width) if name.startswith("rows_") else text.ljust(width)
            for name, text, width in zip(COLUMNS, line, widths, strict=True)
        ]
        shown.append("  ".join(parts).rstrip())
    return "\n".join(shown)


def send_entries(rows: list[dict], url: str | None) -> None:
    """Copy rows to the database named in DATABASE_URL."""
    if url is None:
        raise RemlError("DATABASE_URL is not set, so there is no database to send to")
    names = [field.name for field in fields(ledger.Load)]
    plain = [
        ledger.Load(**{name: row[name] for name in names}).row()
        for row in newest_entries(rows, None, len(rows))
    ]
    try:
        if plain:
            ledger.insert_into(database.make_engine(url, Path()), plain)
    except Exception as error:  # its own words may quote the password
        raise RemlError(f"{ledger.SERVER}: {database.explain_error(error)}; nothing sent") from None
    cli.log.info("ledger.sent", entries=len(plain))


@click.command(help=__doc__)
@click.option("--feed", help="Only this feed.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many entries to show at most.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, whole digests.")
@click.option("--send", "sends", is_flag=True, help="First copy local entries to DATABASE_URL.")
@cli.command
def main(feed: str | None, limit: int, as_json: bool, sends: bool) -> None:
    url, home = ledger.database_url(), ledger.ledger_folder()
    local = home / ledger.SQLITE
    rows = from_jsonl(home / ledger.JSONL)
    if sends:
        send_entries(from_database(None, local) + rows, url)
    place = ledger.SERVER if url else str(local)
    try:
        rows = from_database(url, local) + rows
    except Exception as error:  # its own words may quote the password
        why = f"{place} cannot be read: {database.explain_error(error)}"
        require(bool(rows), f"{why}; docs/runbooks/etl.md says how to mend it")
        cli.log.warning("ledger.unreadable", why=why, showing=str(home / ledger.JSONL))
    shown = newest_entries(rows, feed, limit)
    if as_json:
        for row in shown:
            click.echo(json.dumps(row, default=dt.datetime.isoformat))
    elif shown:
        click.echo(as_table(shown))
    else:
        of = f" of feed {feed}" if feed else ""
        click.echo(f"no loads{of} in the ledger ({place}); `make repro` writes some")


if __name__ == "__main__":
    main()
