"""Presence of values per column and day: how much of what an export could hold it does hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib.common.vocabulary import NEWEST_STATE_DOUBTS
from lib.listings.contract.contract import Contract
from lib.listings.contract.row_rules import UNKNOWN_DOMAIN, UNKNOWN_STATUS
from lib.listings.staging.duckdb_sql import open_session, sql_code, sql_name, sql_path, sql_text
from lib.listings.staging.staging import ParsedFile

Coverage = dict[str, dict[str, dict[str, int]]]
SHOWN, LONG = 20, 40  # values of a column that are listed, and letters of each


def count_coverage(listings: Path, days: Path, contract: Contract, folder: Path) -> Coverage:
    """domain -> day -> {"rows": n, column: cells that are not blank}, of staged listings.

    The day (of `days`, as `staging.stage_feed` writes it) is that of `modification_timestamp` in
    UTC, else of `close_date`, else "no date". Presence only: whether a value makes sense is not
    checked.
    """
    columns = sorted({*contract.columns, *contract.constants} - {"listing_key"})
    # a cell that begins with a visible ASCII character is not blank: no need to trim it
    counts = ", ".join(
        f"count(CASE WHEN {sql_name(column)} BETWEEN '!' AND '~' THEN true "
        f"ELSE {sql_code(sql_name(column))} IS NOT NULL OR NULL END)"
        for column in columns
    )
    with open_session(folder) as con:
        query = f"""SELECT domain, coalesce(strftime(_day, '%Y-%m-%d'), 'no date') AS day, count(*),
                {counts} FROM read_parquet({sql_path(listings)}) l
                JOIN read_parquet({sql_path(days)}) d USING (listing_key, domain)
                GROUP BY domain, day ORDER BY domain, day"""
        rows = con.execute(query).fetchall()
    out: Coverage = {}
    for domain, date, total, *numbers in rows:
        out.setdefault(domain, {})[date] = {
            "rows": total,
            **{c: n for c, n in zip(columns, numbers, strict=True) if n},
        }
    return out


def count_unknown_values(
    parsed: list[ParsedFile], contract: Contract, folder: Path
) -> dict[str, dict[str, int]]:
    """column -> value -> rows, of statuses and domains that quarantine a row because the contract
    does not know them: most first, the first LONG letters of each, and "(others)" after SHOWN."""
    columns = {UNKNOWN_STATUS: "standard_status", UNKNOWN_DOMAIN: contract.domain.column}
    files = ", ".join(sql_path(one.rows) for one in parsed)
    out: dict[str, dict[str, int]] = {}
    with open_session(folder) as con:
        for reason, column in columns.items():
            if column not in contract.columns:
                continue
            rows = con.execute(f"""SELECT left(trim({sql_name(column)}), {LONG}) AS value, count(*)
                FROM read_parquet([{files}], union_by_name=true)
                WHERE contains(_reason, {sql_text(reason)}) GROUP BY value ORDER BY 2 DESC, 1""")
            counts = dict(rows.fetchall())
            shown = dict(list(counts.items())[:SHOWN])
            if len(counts) > SHOWN:
                shown["(others)"] = sum(counts.values()) - sum(shown.values())
            if shown:
                out[column] = shown
    return out


def sum_coverage(days: dict[str, dict[str, int]]) -> dict[str, int]:
    """Counts over all days of one domain."""
    out: dict[str, int] = {}
    for day in days.values():
        for column, count in day.items():
            out[column] = out.get(column, 0) + count
    return out


def render_coverage(counts: Coverage, tally: dict[str, Any]) -> str:
    """The coverage as Markdown: rows and where they went, span of days, presence by column."""
    lines = [
        "# Coverage",
        "",
        f"{tally['rows_in']:,} rows in: {tally['clean']:,} clean, "
        f"{tally['duplicates']:,} duplicates, {tally['quarantined']:,} quarantined.",
        "",
    ]
    for reason, count in tally["reasons"].items():
        lines.append(f"- {count:,}: {reason}")
    for name, why in NEWEST_STATE_DOUBTS.items():
        if listings := tally.get("newest_state_by", {}).get(name):
            lines += ["", f"{listings:,} listings: {why}."]
    for column, values in tally.get("unknown_values", {}).items():
        shown = ", ".join(f"{value!r} ({count:,})" for value, count in values.items())
        lines += ["", f"Not known of `{column}`, add them to the contract: {shown}"]
    for domain, days in counts.items():
        all_days = sum_coverage(days)
        dated = sorted(day for day in days if day != "no date")
        span = f"{dated[0]} to {dated[-1]}, {len(dated):,} days" if dated else "no dates"
        lines += [
            "",
            f"## {domain}: {all_days['rows']:,} listings, {span}",
            "",
            "| column | filled | share |",
            "|---|---:|---:|",
        ]
        lines += [
            f"| {column} | {count:,} | {count / all_days['rows']:.1%} |"
            for column, count in sorted(all_days.items())
            if column != "rows"
        ]
    return "\n".join(lines) + "\n"
