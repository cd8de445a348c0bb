"""SQL that brings a raw file's cells under canonical names and judges its rows.

Rules are judged in pandas once per distinct combination of the cells they read, by the same
functions that type the values later, and joined back: one meaning, and quick on a million rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import duckdb
import pandas as pd

from lib.listings import rules, values
from lib.listings.contract import Contract, match
from lib.listings.sql import code, name, text

UNREAD = "modification_timestamp cannot be read; see date_formats in the contract"


def cells_of(headers: list[str], indexes: Iterable[int]) -> str:
    """SQL for some raw cells as one JSON object, header -> text; a header that comes again has
    its number behind it, since names in an object must differ."""
    told = []
    for i in indexes:
        times = headers[: i + 1].count(headers[i])
        told.append(f"{text(headers[i] if times == 1 else f'{headers[i]} ({times})')}, c{i}")
    return f"json_object({', '.join(told)})"


def map_columns(con: duckdb.DuckDBPyConnection, headers: list[str], contract: Contract) -> None:
    """View `mapped`: the contract's columns and constants, listing_key, hash, unclaimed cells."""
    position = {header: index for index, header in reversed(list(enumerate(headers)))}
    found = {column: position[header] for column, header in match(contract, headers).items()}
    cells = {
        column: f"c{found[column]}" if column in found else "NULL::VARCHAR"
        for column in contract.columns
    }
    cells |= {column: text(constant) for column, constant in contract.constants.items()}
    keys = contract.key or ["listing_key"]
    pads = {column: contract.columns[column].pad for column in keys if column in contract.columns}
    key = " || '-' || ".join(code(cells[column], pads.get(column, 0)) for column in keys)
    order = sorted(range(len(headers)), key=lambda index: (headers[index], index))
    names = chr(30).join(headers[index] for index in order) + chr(30)
    hashed = ", ".join(f"coalesce(c{index}, '')" for index in order)

    unclaimed = [index for index in range(len(headers)) if index not in found.values()]
    filled = ", ".join(f"c{index}" for index in unclaimed)
    extra = (
        f"CASE WHEN concat({filled}) <> '' THEN {cells_of(headers, unclaimed)} END"
        if unclaimed
        else "NULL::VARCHAR"
    )
    mapped = ", ".join(
        f"{cell} AS {name(column)}" for column, cell in cells.items() if column != "listing_key"
    )
    con.execute(f"""
        CREATE VIEW mapped AS SELECT {mapped}, _source_row, _ragged, {key} AS listing_key,
            sha256(coalesce(_ragged, {text(names)} || concat_ws(chr(30), {hashed}))) AS _row_sha256,
            {extra} AS _extra, raw.* EXCLUDE (_source_row, _ragged) FROM raw""")


def _verdict(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[str],
    judge: Callable[[pd.DataFrame], pd.Series],
) -> str:
    """Judge each distinct combination of `columns` once, keep it as `table` and return the join
    that brings its column `verdict` to the rows of `mapped m`."""
    names = ", ".join(name(column) for column in columns)
    seen = con.execute(f"SELECT DISTINCT {names} FROM mapped").df().astype("str")
    con.register(table, seen.assign(verdict=judge(seen)))
    same = " AND ".join(f"m.{name(c)} IS NOT DISTINCT FROM {table}.{name(c)}" for c in columns)
    return f"LEFT JOIN {table} ON {same}"


def judgements(
    con: duckdb.DuckDBPyConnection, contract: Contract, judged: bool
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """(joins, reason -> SQL test, SQL of `_stamp`, `_day` and `domain`). A day is that of the
    modification, else of the closing."""
    joins: list[str] = []
    tests = {"no listing key": "m.listing_key IS NULL"} if judged else {}

    def add(columns: list[str], judge: Callable[[pd.DataFrame], pd.Series]) -> str:
        table = f"verdict_{len(joins)}"
        joins.append(_verdict(con, table, columns, judge))
        return f"{table}.verdict"

    if judged and contract.domain.column:
        tests[rules.STRANGE_DOMAIN] = add(
            [contract.domain.column], lambda rows: rules.unknown_domain(rows, contract)
        )
    if judged and "standard_status" in contract.lookups:
        tests[rules.STRANGE_STATUS] = add(
            ["standard_status"], lambda rows: rules.unknown_status(rows, contract)
        )
    for rule in contract.row_rules if judged else []:
        needed = dict.fromkeys([rule.column, *rule.when])
        if "domain" in needed and contract.domain.column:  # made of that column
            needed[contract.domain.column] = None
        columns = [column for column in needed if column != "domain"]
        test = add(columns, partial(rules.broken, rule=rule, contract=contract))
        tests[rule.reason] = f"{tests[rule.reason]} OR {test}" if rule.reason in tests else test
    made = {
        "_stamp": "NULL::TIMESTAMP",
        "_day": "NULL::DATE",
        "domain": text(contract.domain.default),
    }

    def moments(column: str) -> str:
        return add([column], lambda rows: values.date(rows[column], contract.date_formats))

    if "close_date" in contract.columns:
        made["_day"] = f"{moments('close_date')}::DATE"
    if "modification_timestamp" in contract.columns:
        made["_stamp"] = moments("modification_timestamp")
        made["_day"] = f"coalesce({made['_stamp']}::DATE, {made['_day']})"
        if judged:  # which state of a listing is the newest could not be told
            filled = code("m.modification_timestamp")
            tests[UNREAD] = f"{filled} IS NOT NULL AND {made['_stamp']} IS NULL"
    if contract.domain.column:
        made["domain"] = add([contract.domain.column], lambda rows: rules.domain(rows, contract))
    return joins, tests, made
