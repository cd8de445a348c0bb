"""One raw export to one Parquet of rows under canonical names, each row judged.

DuckDB reads files that are plain UTF-8 and well formed; any other goes through the tolerant reader
of `lib.listings.staging.csv_reader` row by row. Both give the same rows (tested), so the choice is
only speed.
Rules are judged in pandas once per distinct combination of the cells they read, by the functions
that type the values later, and joined back: one meaning, and quick on a million rows.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib.listings.contract import parse_values, row_rules, spreadsheets
from lib.listings.contract.contract import Contract, match_headers
from lib.listings.staging import csv_reader, newest_state
from lib.listings.staging.duckdb_sql import (
    open_session,
    sql_code,
    sql_key,
    sql_name,
    sql_path,
    sql_text,
)

UNREAD = "modification_timestamp cannot be read; see date_formats in the contract"
UNTOLD = {  # what orders the rows of a key, and a row's day, where the contract has no such column
    "_stamp": "NULL::TIMESTAMP",
    "_offset": "NULL::DOUBLE",
    "_whole_day": "false",
    "_progress": "NULL::DOUBLE",
    "_day": "NULL::DATE",
}
CHUNK = 1 << 24  # bytes read at a time while a file's encoding is checked
BATCH = 20_000  # rows held in Python at a time on the tolerant path


def _count_delimiters(path: Path, delimiter: str) -> int | None:
    """How often the delimiter stands in a file; None unless it is UTF-8 throughout, without NUL."""
    decoder, count = codecs.getincrementaldecoder("utf-8")(), 0
    between_characters = decoder.getstate()
    with path.open("rb") as file:
        try:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                if b"\x00" in chunk:
                    return None
                if (
                    decoder.getstate() != between_characters or not chunk.isascii()
                ):  # ASCII needs no decoding
                    decoder.decode(chunk)
                count += chunk.count(delimiter.encode())
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return count


def _read_with_duckdb(
    con: duckdb.DuckDBPyConnection, path: Path, header: csv_reader.Header
) -> None:
    """Table `quick`: the rows of a well-formed file in their order, as columns c0, c1 ...

    A table of the session, which spills where it is large, and not a Parquet: to number and pack
    rows on one core took three times as long as to read them. Raises `duckdb.Error` at the first
    row that is not well formed.
    """
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header.names)))
    con.execute(f"""
        CREATE OR REPLACE TABLE quick AS SELECT * FROM read_csv(
            {sql_path(path)}, auto_detect=false, header=true, delim={sql_text(header.delimiter)},
            quote='"', escape='"', columns={{{columns}}}, null_padding=false, strict_mode=true,
            nullstr='', max_line_size={csv_reader.FIELD_LIMIT})""")


def _holds_every_row(
    con: duckdb.DuckDBPyConnection, header: csv_reader.Header, delimiters: int
) -> bool:
    """Whether `quick` holds every row of a file with so many delimiters, each for itself.

    DuckDB takes an empty first line for the header and overlooks a field too many if it is empty:
    then the delimiters of rows and cells do not add up to those of the file. And a pair of stray
    quotes makes one cell of the rows in between: then some line inside a cell has as many
    delimiters as a row.
    """
    width, mark = len(header.names), header.delimiter
    cells = [f"c{i}" for i in range(width)]

    def marks(held: str) -> str:
        return f"strlen({held}) - strlen(replace({held}, {sql_text(mark)}, ''))"

    def broken(held: str) -> str:
        return f"contains({held}, chr(10)) OR contains({held}, chr(13))"

    rows, in_cells, suspects = con.execute(f"""
        SELECT count(*), sum({marks("whole")}),
               count(*) FILTER (({broken("whole")}) AND {marks("whole")} >= {width - 1})
        FROM (SELECT concat({", ".join(cells)}) AS whole FROM quick)""").fetchall()[0]
    in_header = header.line.count(mark)
    if rows * (width - 1) + int(in_cells or 0) + in_header != delimiters:
        return False
    if width < csv_reader.WIDE or not suspects:
        return True
    several = " OR ".join(f"(({broken(c)}) AND {marks(c)} >= {width - 1})" for c in cells)
    suspicious = con.execute(f"SELECT {', '.join(cells)} FROM quick WHERE {several}")
    while batch := suspicious.fetchmany(BATCH):
        if any(
            line.count(mark) >= width - 1
            for row in batch
            for cell in filter(None, row)
            if "\n" in cell or "\r" in cell
            for line in re.split(r"[\r\n]", cell)
        ):
            return False
    return True


def write_tolerant_parquet(path: Path, header: csv_reader.Header, out: Path) -> None:
    """The same through Python's reader, for any encoding; a row whose field count differs from the
    header's has only `_ragged`, its fields as one JSON text."""
    width = len(header.names)
    schema = pa.schema(
        [
            ("_source_row", pa.int64()),
            ("_ragged", pa.string()),
            *((f"c{i}", pa.string()) for i in range(width)),
        ]
    )
    with pq.ParquetWriter(out, schema, compression="lz4") as writer:
        rows = csv_reader.read_rows(path)
        while batch := list(itertools.islice(rows, BATCH)):
            complete = [row if len(row) == width else [None] * width for _, row in batch]
            ragged = [None if len(row) == width else json.dumps(row) for _, row in batch]
            cells = [[row[i] or None for row in complete] for i in range(width)]
            writer.write_table(
                pa.table([[number for number, _ in batch], ragged, *cells], schema=schema)
            )


def create_raw_view(
    con: duckdb.DuckDBPyConnection, path: Path, header: csv_reader.Header, folder: Path
) -> None:
    """View `raw`: every row of a file as `write_tolerant_parquet` writes it, by the quick reader
    where that may be trusted. `folder` takes what does not fit in memory and must outlast the view.
    Whoever needs the row numbers that staging gave must read through this function."""
    count = None if header.separator_line else _count_delimiters(path, header.delimiter)
    try:  # behind a header with a broken quote DuckDB drops rows and says nothing
        if count is not None and csv_reader.has_proper_quotes([header.line], header.delimiter):
            _read_with_duckdb(con, path, header)
            if _holds_every_row(con, header, count):
                con.execute("""CREATE VIEW raw AS
                    SELECT rowid + 1 AS _source_row, NULL::VARCHAR AS _ragged, * FROM quick""")
                return
    except duckdb.Error:
        pass  # not well formed: the tolerant reader says where and why
    con.execute("DROP TABLE IF EXISTS quick")
    out = folder / "raw.parquet"
    write_tolerant_parquet(path, header, out)
    con.execute(f"CREATE VIEW raw AS SELECT * FROM read_parquet({sql_path(out)})")


def parse_export(path: Path, contract: Contract, folder: Path, judged: bool = True) -> Path:
    """Write `rows.parquet` into `folder` and return its path.

    One row for each data row of `path`: the contract's columns as text, the row's number from 1,
    its key and domain, the hash of its cells and that of the claimed ones, what tells which of a
    key's rows is newest, its day, its unclaimed cells (JSON), and for a row that
    must not pass the reason and all its cells (JSON).
    With `judged=False` only rows that cannot be read at all get a reason.
    """
    header = csv_reader.read_header_for(path, contract)
    out = folder / "rows.parquet"
    with open_session(folder) as con:
        create_raw_view(con, path, header, folder)
        _map_columns(con, header.names, contract)
        joins, tests, made = row_judgement_sql(con, contract, judged)
        made_columns = ", ".join(f"{how} AS {column}" for column, how in made.items())
        width = len(header.names)
        raw_columns = ", ".join(f"c{index}" for index in range(width))
        reasons = ", ".join(
            [
                f"""CASE WHEN json_array_length(m._ragged) = 1 AND contains(m._ragged, '\\"')
                THEN 'a quote is not closed' WHEN m._ragged IS NOT NULL THEN 'ragged row: ' ||
                json_array_length(m._ragged) || ' fields where the header has {width}' END""",
                *(
                    f"CASE WHEN m._ragged IS NULL AND ({test}) THEN {sql_text(why)} END"
                    for why, test in tests.items()
                ),
            ]
        )
        all_cells = _cells_as_json(header.names, range(width))
        con.execute(f"""
            COPY (SELECT * EXCLUDE (_ragged, {raw_columns}), CASE WHEN _reason IS NOT NULL
                         THEN coalesce(_ragged, {all_cells}) END AS _row
                  FROM (SELECT m.*, {made_columns},
                               nullif(concat_ws('; ', {reasons}), '') AS _reason
                        FROM mapped m {" ".join(joins)}))
            TO {sql_text(str(out))} (FORMAT parquet, COMPRESSION lz4_raw)""")
    (folder / "raw.parquet").unlink(missing_ok=True)
    return out


def read_rows_unjudged(path: Path, contract: Contract) -> pd.DataFrame:
    """Read the rows of an export without judging them: what a file of properties to value needs.

    Parameters
    ----------
    path : Path
        The CSV.
    contract : Contract

    Returns
    -------
    DataFrame
        The rows of `parse_export`, in the order of the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        return pd.read_parquet(
            parse_export(path, contract, Path(folder), judged=False)
        ).sort_values("_source_row", ignore_index=True)


def _cells_as_json(headers: list[str], indexes: Iterable[int]) -> str:
    """SQL for some raw cells as one JSON object, header -> text; a header that comes again has
    its number behind it, since names in an object must differ."""
    pairs = []
    for i in indexes:
        times = headers[: i + 1].count(headers[i])
        pairs.append(f"{sql_text(headers[i] if times == 1 else f'{headers[i]} ({times})')}, c{i}")
    return f"json_object({', '.join(pairs)})"


def _map_columns(con: duckdb.DuckDBPyConnection, headers: list[str], contract: Contract) -> None:
    """View `mapped`: the contract's columns and constants, listing_key, hash, unclaimed cells."""
    position = {header: index for index, header in reversed(list(enumerate(headers)))}
    position_of = {
        column: position[header] for column, header in match_headers(contract, headers).items()
    }
    cells = {
        column: f"c{position_of[column]}" if column in position_of else "NULL::VARCHAR"
        for column in contract.columns
    }
    cells |= {column: sql_text(constant) for column, constant in contract.constants.items()}
    keys = contract.key or ["listing_key"]
    pads = {column: contract.columns[column].pad for column in keys if column in contract.columns}
    key = " || '-' || ".join(sql_key(cells[column], pads.get(column, 0)) for column in keys)
    order = sorted(range(len(headers)), key=lambda index: (headers[index], index))
    names = chr(30).join(headers[index] for index in order) + chr(30)
    hashed = ", ".join(f"coalesce(c{index}, '')" for index in order)

    unclaimed = [index for index in range(len(headers)) if index not in position_of.values()]
    filled = ", ".join(f"c{index}" for index in unclaimed)
    extra = (
        f"CASE WHEN concat({filled}) <> '' THEN {_cells_as_json(headers, unclaimed)} END"
        if unclaimed
        else "NULL::VARCHAR"
    )
    mapped = ", ".join(
        f"{cell} AS {sql_name(column)}" for column, cell in cells.items() if column != "listing_key"
    )
    claimed = ", ".join(f"coalesce({cell}, '')" for cell in cells.values())
    con.execute(f"""
        CREATE VIEW mapped AS SELECT {mapped}, _source_row, md5(concat_ws(chr(30), {claimed}))
            AS _content, _ragged, {key} AS listing_key,
            sha256(coalesce(_ragged, {sql_text(names)} || concat_ws(chr(30), {hashed})))
            AS _row_sha256, {extra} AS _extra, raw.* EXCLUDE (_source_row, _ragged) FROM raw""")


def _join_judged(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[str],
    judge: Callable[[pd.DataFrame], pd.Series | pd.DataFrame],
) -> str:
    """Judge each distinct combination of `columns` once, keep it as `table` and return the join
    that brings what the judge gives (a series as column `judged`) to the rows of `mapped m`."""
    names = ", ".join(sql_name(column) for column in columns)
    distinct = con.execute(f"SELECT DISTINCT {names} FROM mapped").df().astype("str")
    judged = judge(distinct)
    con.register(
        table,
        distinct.join(judged if isinstance(judged, pd.DataFrame) else judged.to_frame("judged")),
    )
    same = " AND ".join(
        f"m.{sql_name(c)} IS NOT DISTINCT FROM {table}.{sql_name(c)}" for c in columns
    )
    return f"LEFT JOIN {table} ON {same}"


def _judge_keys(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """Reason -> SQL test of keys that are blank or damaged by a spreadsheet: rows of several homes
    would come under one. Whether it has rounded long keys shows in all of a file's."""
    tests = {"no listing key": "m.listing_key IS NULL"}
    for column in contract.key or ["listing_key"]:
        code = sql_code(f"m.{sql_name(column)}")
        long = con.execute(f"""
            SELECT length(code), count(*),
                   count(*) FILTER (regexp_full_match(code, '{spreadsheets.ROUNDED}'))
            FROM (SELECT DISTINCT {code} AS code FROM mapped m)
            WHERE regexp_full_match(code, '{spreadsheets.LONG}') GROUP BY 1""").fetchall()
        lengths = spreadsheets.rounded_lengths({size: (codes, end) for size, codes, end in long})
        patterns = {
            spreadsheets.NOTATION: spreadsheets.SCIENTIFIC,
            spreadsheets.SEPARATORS: spreadsheets.GROUPED,
            spreadsheets.ZEROS: "|".join(f"[0-9]{{15}}0{{{n - 15}}}" for n in lengths),
        }
        for damage, pattern in patterns.items():
            if pattern:
                test = f"regexp_full_match({code}, {sql_text(pattern)})"
                tests[f"{column} {damage}"] = f"coalesce({test}, false)"
    return tests


def row_judgement_sql(
    con: duckdb.DuckDBPyConnection, contract: Contract, judged: bool
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """(joins, reason -> SQL test, SQL of the columns that order the rows of a key, of `_day` and of
    `domain`). A day is that of the modification, else of the closing."""
    joins: list[str] = []
    tests = _judge_keys(con, contract) if judged else {}

    def join(columns: list[str], judge: Callable[[pd.DataFrame], pd.Series | pd.DataFrame]) -> str:
        table = f"judged_{len(joins)}"
        joins.append(_join_judged(con, table, columns, judge))
        return table

    def add(columns: list[str], judge: Callable[[pd.DataFrame], pd.Series]) -> str:
        return f"{join(columns, judge)}.judged"

    if judged and contract.domain.column:
        tests[row_rules.UNKNOWN_DOMAIN] = add(
            [contract.domain.column], lambda rows: row_rules.has_unknown_domain(rows, contract)
        )
    if judged and "standard_status" in contract.lookups:
        tests[row_rules.UNKNOWN_STATUS] = add(
            ["standard_status"], lambda rows: row_rules.has_unknown_status(rows, contract)
        )
    for rule in contract.row_rules if judged else []:
        needed = dict.fromkeys([rule.column, *rule.when])
        if "domain" in needed and contract.domain.column:  # made of that column
            needed[contract.domain.column] = None
        columns = [column for column in needed if column != "domain"]
        test = add(columns, partial(row_rules.breaks_rule, rule=rule, contract=contract))
        tests[rule.reason] = f"{tests[rule.reason]} OR {test}" if rule.reason in tests else test
    made = UNTOLD | {"domain": sql_text(contract.domain.default)}

    def moments(column: str) -> str:
        return add(
            [column],
            lambda rows: parse_values.parse_moments(rows[column], contract.date_formats_of(column)),
        )

    if "close_date" in contract.columns:
        made["_day"] = f"{moments('close_date')}::DATE"
    if "modification_timestamp" in contract.columns:
        stamps = join(
            ["modification_timestamp"], partial(newest_state.judge_stamps, contract=contract)
        )
        made["_stamp"], made["_offset"] = f"{stamps}.moment", f"{stamps}.minutes_east"
        made["_whole_day"] = f"coalesce({stamps}.is_whole_day, false)"
        made["_day"] = f"coalesce({made['_stamp']}::DATE, {made['_day']})"
        if judged:  # which state of a listing is the newest would be unknown
            filled = sql_code("m.modification_timestamp")
            unread = f"{made['_stamp']} IS NULL AND {stamps}.is_placeholder IS NOT TRUE"
            tests[UNREAD] = f"{filled} IS NOT NULL AND {unread}"
    if "standard_status" in contract.columns:
        made["_progress"] = add(
            ["standard_status"], partial(newest_state.status_progress, contract=contract)
        )
    if contract.domain.column:
        made["domain"] = add(
            [contract.domain.column], lambda rows: row_rules.assign_domains(rows, contract)
        )
    return joins, tests, made
