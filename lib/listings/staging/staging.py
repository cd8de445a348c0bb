"""Parsed files to one staged feed: every row is clean, a duplicate or quarantined, and carries its
file and row. Worked in DuckDB, so that a feed larger than memory passes too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
from pydantic import Field

from lib.cache.entries import find_or_build
from lib.cache.keys import code_hash, key_of, room_files
from lib.common import cli, io, params
from lib.common.errors import require
from lib.common.vocabulary import LINEAGE, ON_MARKET
from lib.listings.contract import contract, row_rules, spreadsheets
from lib.listings.contract.contract import (
    Contract,
    RowRule,
    header_faults,
    missing_column_phrases,
)
from lib.listings.staging import csv_reader, newest_state, parse_export, receipts
from lib.listings.staging.duckdb_sql import open_session, sql_code, sql_name, sql_path, sql_text

DAYS = "days.parquet"  # listing_key, domain, _day, for `coverage.coverage`
REASONS = "reasons.parquet"  # of `_write_reasons`, for `throughout.broad_reasons`
ROOMS = (contract, parse_export)  # all that decides how a file is parsed
RAGGED = "ragged row: "  # how the reason of rows with too few or too many fields begins
NAMES = ("reason", "rule", "column", "mend")
EXAMPLES, LONGEST = 3, 60  # cells that a reason shows, and letters of each
COUNTED = ("rows_in", "clean", "duplicates", "quarantined")


@dataclass(frozen=True)
class ParsedFile:
    """One raw file: its name in the feed, SHA-256, import time (None if dropped in by hand), the
    Parquet that `parse_export` made of it, and its place among the imports, from 1 (0 if dropped in
    by hand)."""

    file: str
    sha256: str
    load_ts: str | None
    rows: Path
    import_no: int = 0


def parse_cache_key(sha256: str, agreed: Contract) -> str:
    """What the parse of a file depends on: its bytes, the contract, the code."""
    return key_of(
        sha256,
        agreed.model_dump_json(),
        code_hash(room_files(*ROOMS)),
        f"duckdb {duckdb.__version__}, pandas {pd.__version__}",
    )


def check_headers(paths: list[Path], agreed: Contract) -> list[str]:
    """Raise `RemlError` where a header lacks a column that the contract requires, or would be
    misread; returns a sentence for each that comes twice over equal cells."""
    notes: list[str] = []
    for path in paths:
        names = csv_reader.read_header_for(path, agreed).names
        missing = missing_column_phrases(agreed, names)
        require(not missing, f"{path}: the header lacks {'; '.join(missing)}")
        faults = header_faults(agreed, names)
        require(not faults, f"{path}, read by the feed's contract.yaml: {'; '.join(faults)}")
        notes += csv_reader.compare_repeated_headers(path, agreed)
    return notes


def parse_files(paths: list[Path], agreed: Contract, raw: Path) -> list[ParsedFile]:
    """Each file as Parquet, from the cache where it was parsed before."""
    loaded = receipts.list_imports(raw)
    numbers = {file: number for number, file in enumerate(loaded, 1)}
    parsed = []
    for path in cli.show_progress(paths, "staging"):
        sha256 = io.file_sha256(path)

        def parse(part: Path, path: Path = path) -> None:
            parse_export.parse_export(path, agreed, part)

        folder = find_or_build("staging", parse_cache_key(sha256, agreed), parse)
        name = path.relative_to(raw).as_posix()
        rows = folder / "rows.parquet"
        parsed.append(ParsedFile(name, sha256, loaded.get(name), rows, numbers.get(name, 0)))
    return parsed


def stage_feed(
    parsed: list[ParsedFile], contract: Contract, folder: Path, scratch: Path
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Write a feed's staged tables into `folder` and into `scratch` each listing's day and what
    reasons took (DAYS, REASONS); `scratch` also takes what does not fit in memory. Returns counts
    per file, and of listings by what told their newest state (`newest_state.count_newest_states`).

    Of rows with one (listing_key, domain) the newest stays, as `newest_state.order_rows` has it.
    Raises `RemlError` where stamps cannot be compared, `AssertionError` if a row were lost.
    """
    with open_session(scratch) as con:
        _gather(con, parsed)
        newest_state.require_whole_keys(con, contract)
        newest_state.quarantine_shared_keys(con, contract)
        newest_state.require_one_time_scale(con, contract)
        newest_state.order_rows(con)
        newest_state.drop_ended_listings(con)
        con.execute("""CREATE VIEW place AS
            SELECT file_no, _source_row, place, same, unread FROM ranked""")
        columns = [
            column for column in [*contract.columns, *contract.constants] if column != "listing_key"
        ]
        listed = ", ".join(["listing_key", "domain", *map(sql_name, columns), *LINEAGE])
        listings = folder / "listings.parquet"
        _write_query(
            con,
            f"""SELECT {listed} FROM rows JOIN place USING (file_no, _source_row)
            WHERE place = 1 ORDER BY domain, listing_key""",
            listings,
        )
        # what each listing was before, each state once, the oldest first: prices asked and statuses
        # that are history
        _write_query(
            con,
            f"""SELECT {listed} FROM rows JOIN place USING (file_no, _source_row)
            WHERE place > 1 AND NOT same AND NOT unread QUALIFY 1 = row_number() OVER (
                PARTITION BY domain, listing_key, _row_sha256
                ORDER BY import_no, _source_file, _source_row)
            ORDER BY domain, listing_key, place DESC""",
            folder / "superseded_listings.parquet",
        )
        days = "SELECT listing_key, domain, _day FROM rows JOIN place USING (file_no, _source_row)"
        _write_query(con, f"{days} WHERE place = 1", scratch / DAYS)
        con.execute(f"CREATE VIEW clean AS SELECT * FROM read_parquet({sql_path(listings)})")
        _write_query(con, "SELECT * FROM clean", folder / "clean_listings.csv")
        _write_query(con, _selected(contract), folder / "selected_listings.csv")
        _write_query(con, DUPLICATES, folder / "duplicates.csv")
        _write_query(con, QUARANTINED, folder / "quarantine_rows.csv")
        _write_query(con, EXTRA, folder / "extra_columns.parquet")
        _write_query(con, _reasons(con, contract), scratch / REASONS)
        return _counts(con, parsed), newest_state.count_newest_states(con)


DUPLICATES = f"""
    SELECT r.listing_key, r.domain, r._source_file, r._source_row, k._kept_file, k._kept_row,
           CASE WHEN unread THEN {sql_text(newest_state.UNREAD)}
                WHEN same THEN {sql_text(newest_state.COPY)}
                WHEN tied AND NOT same_content THEN {sql_text(newest_state.CONFLICT)}
                ELSE {sql_text(newest_state.OLDER)} END AS _reason
    FROM rows r JOIN ranked k USING (file_no, _source_row) WHERE place > 1
    ORDER BY r._source_file, r._source_row"""

# one line for equal rows, wherever they stand; `_copies` says how many there are
QUARANTINED = """
    SELECT first(_source_file ORDER BY _source_file, _source_row) AS _source_file,
           first(_source_row ORDER BY _source_file, _source_row) AS _source_row,
           count(*) AS _copies, any_value(listing_key) AS listing_key, _reason,
           first(_row ORDER BY _source_file, _source_row) AS _row
    FROM rows WHERE _reason IS NOT NULL GROUP BY _row_sha256, _reason
    ORDER BY 1, 2"""

EXTRA = """
    SELECT _source_file, _source_row, listing_key, domain, _extra AS cells FROM rows
    WHERE _extra IS NOT NULL ORDER BY _source_file, _source_row"""


def _gather(con: duckdb.DuckDBPyConnection, parsed: list[ParsedFile]) -> None:
    """View `gathered`: the rows of all files with their lineage."""
    parts = [
        f"""SELECT *, {number} AS file_no, {sql_text(one.file)} AS _source_file,
                 {sql_text(one.sha256)} AS _file_sha256,
                 {one.import_no} AS import_no,
                 {sql_text(one.load_ts) if one.load_ts else "NULL"}::TIMESTAMP AS _load_ts
                 FROM read_parquet({sql_path(one.rows)})"""
        for number, one in enumerate(parsed)
    ]
    con.execute("CREATE VIEW gathered AS " + " UNION ALL BY NAME ".join(parts))


def _selected(contract: Contract) -> str:
    """Which listings go on, as what, and why the others do not."""
    has = {*contract.columns, *contract.constants}

    def filled(column: str) -> str:
        return f"{sql_code(sql_name(column))} IS NOT NULL" if column in has else "false"

    lookup = contract.lookups.get("standard_status", {})
    pairs = {raw.strip().lower(): value for raw, value in lookup.items()}
    pairs |= {value.lower(): value for value in lookup.values()}
    raw = "lower(trim(standard_status))" if "standard_status" in has else "NULL"
    status = (
        "CASE "
        + "".join(
            f"WHEN {raw} = {sql_text(low)} THEN {sql_text(value)} " for low, value in pairs.items()
        )
        + f"ELSE {raw} END"
    )
    if not pairs:
        status = "standard_status" if "standard_status" in has else "NULL"
    market = ", ".join(map(sql_text, ON_MARKET))
    amount = "TRY_CAST(regexp_replace(close_price, '[$€£,[:space:]]', '', 'g') AS DOUBLE)"
    priced = f"coalesce({amount} > 0, {filled('close_price')})" if "close_price" in has else "false"
    return f"""
        SELECT listing_key, domain, status AS standard_status, CASE
                 WHEN status = 'Closed' AND priced AND dated THEN 'evidence'
                 WHEN status IN ({market}) THEN 'subject' END AS used_as,
               nullif(concat_ws('; ',
                 CASE WHEN status IS NULL THEN 'no status' END,
                 CASE WHEN status = 'Closed' AND NOT priced THEN 'closed without a price' END,
                 CASE WHEN status = 'Closed' AND NOT dated THEN 'closed without a date' END,
                 CASE WHEN status NOT IN ('Closed', {market})
                      THEN 'neither sold nor on the market' END), '') AS gap,
               _source_file, _source_row
        FROM (SELECT *, {status} AS status, {priced} AS priced,
                     {filled("close_date")} AS dated FROM clean)"""


def _judges(rule: RowRule, contract: Contract) -> str:
    """SQL: whether a row rule applies to a row, as `row_rules.breaks_rule` has it."""
    tests = ["true"]
    for name, wanted in rule.when.items():
        lookup = contract.lookups.get(name, {})
        words = {raw.strip().lower() for raw, value in lookup.items() if value == wanted}
        words |= {wanted.lower()} if wanted in lookup.values() else set()
        cell = sql_code(sql_name(name))
        if lookup:
            tests.append(f"lower({cell}) IN ({', '.join(map(sql_text, ['', *sorted(words)]))})")
        else:
            tests.append(f"{cell} = {sql_text(wanted)}")
    return f"coalesce({' AND '.join(tests)}, false)"


def _list_reasons(contract: Contract) -> list[tuple[str, str, str, str, str]]:
    """(reason, name of its row rule, column, mend, SQL of the rows that it can judge) of all that
    puts a row into quarantine."""
    status, stamp, kind = "standard_status", "modification_timestamp", contract.domain.column or ""
    filled = {name: f"{sql_code(sql_name(name))} IS NOT NULL" for name in contract.columns}
    words = "explain these words in"
    quotes = "export it again: look for stray quotes, delimiters inside cells, rows that were cut"
    out = [
        ("no listing key", "", "listing_key", "name the header of the key", "true"),
        (newest_state.SHARED, "", "listing_key", "name a key that is each home's own", "true"),
        ("a quote is not closed", "", "_row", quotes, "true"),
        (RAGGED, "", "_row", quotes, "true"),
    ]
    known = [
        (row_rules.UNKNOWN_STATUS, "", status, f"{words} `lookups.{status}`"),
        (row_rules.UNKNOWN_DOMAIN, "", kind, f"{words} `domain.values`"),
        (parse_export.UNREAD, "", stamp, "add how they are written to `date_formats`"),
    ]
    out += [(*one, filled[one[2]]) for one in known if one[2] in filled]
    for column in contract.key or ["listing_key"]:
        for damage in spreadsheets.DAMAGES:
            out.append(
                (f"{column} {damage}", "", column, "export it again, or name another key", "true")
            )
    for rule in contract.row_rules:
        mend = (
            "add how they are written to `date_formats`"
            if rule.check == "is_date"
            else f"mend the aliases, unit or rule of `{rule.column}`"
        )
        out.append((rule.reason, rule.name, rule.column, mend, _judges(rule, contract)))
    return out


def _reasons(con: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Query: of each file and reason the rows that it takes, of those that it can judge, and three
    of its cells with their first rows."""
    query = "SELECT DISTINCT _reason FROM rows WHERE _reason IS NOT NULL"
    there = "; ".join(["", *(text for (text,) in con.execute(query).fetchall()), ""])
    has, parts = {*contract.columns, *contract.constants, "listing_key", "domain", "_row"}, []
    for reason, rule, column, mend, judged in _list_reasons(contract):
        part = f"; {reason}" if reason == RAGGED else f"; {reason};"
        if column not in has or part not in there:
            continue
        hit = f"{judged} AND coalesce(contains('; ' || _reason || ';', {sql_text(part)}), false)"
        names = zip(NAMES, (reason, rule, column, mend), strict=True)
        texts = ", ".join(f"{sql_text(text)} AS {sql_name(name)}" for name, text in names)
        parts.append(f"""
            SELECT _source_file AS file, {texts}, {judged} AS judged, {hit} AS hit,
                left(coalesce({sql_name(column)}::VARCHAR, ''), {LONGEST}) AS cell, _source_row
            FROM rows""")
    nothing = ", ".join(f"'' AS {sql_name(name)}" for name in NAMES)
    parts.append(f"""
            SELECT '' AS file, {nothing}, true AS judged, true AS hit, '' AS cell, 0 AS _source_row
            FROM rows WHERE false""")
    return f"""
        WITH judged AS ({" UNION ALL ".join(parts)}),
        cells AS (
            SELECT file, reason, rule, cell, count(*) AS n, min(_source_row) AS row FROM judged
            WHERE hit GROUP BY file, reason, rule, cell QUALIFY row_number() OVER (
                PARTITION BY file, reason, rule ORDER BY n DESC, row) <= {EXAMPLES})
        SELECT file, {", ".join(map(sql_name, NAMES))}, sum(hit::INT)::BIGINT AS hit,
            sum(judged::INT)::BIGINT AS judged, any_value(examples) AS examples
        FROM judged JOIN (
            SELECT file, reason, rule, list({{'text': cell, 'row': row}} ORDER BY n DESC, row)
                AS examples FROM cells GROUP BY ALL) USING (file, reason, rule)
        GROUP BY file, reason, rule, "column", mend ORDER BY file, hit DESC, reason, rule"""


def sum_file_counts(counts: dict[str, dict[str, int]], folder: Path) -> dict:
    """Counts of `stage_feed` over all files, and how many rows were quarantined for each reason."""
    total = {part: sum(file[part] for file in counts.values()) for part in COUNTED}
    quarantined = io.read_csv(folder / "quarantine_rows.csv")
    reasons = quarantined["_reason"].str.replace(r"\d+ fields.*", "field count", regex=True)
    by_reason = quarantined["_copies"].groupby(reasons).sum().sort_index()
    return total | {"reasons": {why: int(n) for why, n in by_reason.items()}, "files": counts}


def list_extra_columns(path: Path) -> list[str]:
    """Headers that no contract column claims and that hold something (extra_columns.parquet)."""
    query = f"SELECT DISTINCT unnest(json_keys(cells)) FROM read_parquet({sql_path(path)})"
    with duckdb.connect() as con:
        return sorted(header for (header,) in con.execute(query).fetchall())


def _write_query(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a query's rows, in its order, as Parquet or CSV by the file's ending."""
    part = path.with_name(f".{path.name}.part")
    form = "parquet, COMPRESSION zstd" if path.suffix == ".parquet" else "csv, HEADER"
    con.execute(f"COPY ({query}) TO {sql_text(str(part))} (FORMAT {form})")
    part.replace(path)


def _counts(con: duckdb.DuckDBPyConnection, parsed: list[ParsedFile]) -> dict[str, dict[str, int]]:
    counted = con.execute("""
        SELECT file_no, count(*), count(*) FILTER (place = 1), count(*) FILTER (place > 1),
               count(*) FILTER (NOT fine) FROM ranked GROUP BY file_no""").fetchall()
    by_file = {number: numbers for number, *numbers in counted}
    counts = {
        one.file: dict(zip(COUNTED, by_file.get(number, [0] * 4), strict=True))
        for number, one in enumerate(parsed)
    }
    for one in counts.values():
        assert one["rows_in"] == one["clean"] + one["duplicates"] + one["quarantined"]
    return counts


class StagingParams(params.Section):
    """The `staging` section of params.yaml."""

    max_quarantined_share: float = Field(ge=0, le=1)
