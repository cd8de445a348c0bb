"""Which row of a listing is its newest state: by stamp, then by import, then by how far the listing
has gone; and what of that nothing in the export tells."""

from __future__ import annotations

import duckdb
import pandas as pd

from lib.common.errors import RemlError
from lib.common.vocabulary import STATUS_PROGRESS
from lib.listings.contract import parse_values, row_rules
from lib.listings.contract.contract import Contract
from lib.listings.staging.duckdb_sql import sql_key, sql_name, sql_text

COPY = "exact copy of the row kept"
OLDER = "older version of the listing"
UNREAD = "on the market, but a newer row of the listing that may have ended it is quarantined"
CONFLICT = "another state of the listing, and nothing tells which is newer"
SHARED = "one listing key for several homes; were the keys rounded or used again?"
ADDRESS = {"unparsed_address"}
SIGNS = r"[^\p{L}\p{N}.]"  # of a key, which one file may write and another not
FAR = 0.005  # degrees, some 500 metres
FIRST_YEAR, LAST_YEAR = 1971, 2099  # of stamps; 1900, 1970 and 9999 stand for none
LEAST_TRAITS = 3  # a mistyped number that is mended moves the point too


def _differs(value: str) -> str:
    """SQL: whether rows have different values of something; blanks are none."""
    return f"count(DISTINCT nullif({value}, '')) > 1"


def _span(column: str) -> str:
    """SQL: how far numbers of rows lie apart."""
    return f"max(TRY_CAST({column} AS DOUBLE)) - min(TRY_CAST({column} AS DOUBLE))"


# what rows of several homes differ in: trait -> SQL whether they do and the columns needed
HOME = {
    "number": (_differs("regexp_extract(street_number, '[0-9]+')"), {"street_number"}),
    "street": (_differs("upper(regexp_extract(street_name, '[A-Za-z]{3,}'))"), {"street_name"}),
    "address number": (_differs("regexp_extract(unparsed_address, '[0-9]+')"), ADDRESS),
    "address street": (
        _differs("upper(regexp_extract(unparsed_address, '[A-Za-z]{3,}'))"),
        ADDRESS,
    ),
    "parcel": (
        _differs("regexp_replace(parcel_number, '[^0-9A-Za-z]', '', 'g')"),
        {"parcel_number"},
    ),
    "place": (
        f"coalesce(greatest({_span('latitude')}, {_span('longitude')}) > {FAR}, false)",
        {"latitude", "longitude"},
    ),
    "year": (_differs("trim(year_built)"), {"year_built"}),
    "area": (_differs("trim(living_area)"), {"living_area"}),
}
# what tells two rows of one listing apart, the newest first. A stamp counts to the day on days for
# which a row of the listing has no hour. Files without a receipt are of unknown order: among them
# what is sold is newer than what has ended, and that newer than what is on the market; then names
# decide
NEWEST = {
    "day": "stamp",
    "moment": "stamp",
    "import_no": "import",
    "stage": "status",
    "file": "file_name",
    "progress": "status",
}
BY = tuple(dict.fromkeys([*NEWEST.values(), "nothing"]))
ORDER = ", ".join(f"{name} DESC NULLS LAST" for name in NEWEST)
LISTING = "PARTITION BY fine, listing_key, domain"


def require_one_time_scale(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Raise where some stamps of view `rows` have an offset from UTC and others have none.

    With the contract's `time_zone` all are on one scale. Raises `RemlError` naming a file and row
    of each kind and the mend.
    """
    if contract.time_zone or "modification_timestamp" not in contract.columns:
        return
    firsts = con.execute("""
        SELECT _source_file, _source_row FROM rows WHERE _reason IS NULL AND _stamp IS NOT NULL
        QUALIFY 1 = row_number() OVER (
            PARTITION BY _offset IS NULL ORDER BY _source_file, _source_row)
        ORDER BY _offset IS NOT NULL""").fetchall()
    if len(firsts) > 1:
        (bare, bare_row), (file, row) = firsts
        raise RemlError(
            f"{bare}, data row {bare_row}: modification_timestamp has no offset from UTC, and in "
            f"{file}, data row {row}, it has one, so which is newer cannot be told; say in the "
            "contract where the former are from, such as `time_zone: America/Chicago`"
        )


def quarantine_shared_keys(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make view `rows` of view `gathered`: rows of several homes under one key are quarantined.

    They are no versions of one listing, such as keys that a spreadsheet has rounded bring together.
    Rows are of several homes where they differ in LEAST_TRAITS of HOME: a mended address or parcel
    is another state of one home.
    """
    has = {*contract.columns, *contract.constants}
    traits = ", ".join(how for how, needed in HOME.values() if needed <= has)
    cells = ", ".join(
        f"{sql_text(name)}, g.{sql_name(name)}" for name in sorted({*has, "listing_key"})
    )
    aside = "s.listing_key IS NOT NULL AND _reason IS NULL"
    con.execute(f"""
        CREATE TABLE shared AS SELECT listing_key, domain FROM gathered
        WHERE _reason IS NULL GROUP BY listing_key, domain HAVING count(DISTINCT _content) > 1
        AND len(list_filter([{traits or "false"}], lambda differ: differ)) >= {LEAST_TRAITS}""")
    con.execute(f"""
        CREATE VIEW rows AS SELECT g.* REPLACE (
            CASE WHEN {aside} THEN {sql_text(SHARED)} ELSE _reason END AS _reason,
            CASE WHEN {aside} THEN json_object({cells})::VARCHAR ELSE _row END AS _row)
        FROM gathered g LEFT JOIN shared s
            ON g.listing_key = s.listing_key AND g.domain = s.domain""")


def require_whole_keys(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Raise where two keys of view `gathered` differ in zeros on the left alone, as where a tool
    has taken the keys of one file for numbers, or in their case and signs alone, and the rows are
    not of two homes.

    Rows are of two homes as `quarantine_shared_keys` has it. A contract that says `pad` of a key
    column has said what its zeros mean. Raises `RemlError` naming both rows and the mend.
    """
    columns = [
        name
        for name in contract.key or ["listing_key"]
        if name not in contract.columns or "pad" not in contract.columns[name].model_fields_set
    ]
    if not columns:
        return
    has = {*contract.columns, *contract.constants}
    traits = ", ".join(how for how, needed in HOME.values() if needed <= has)
    parts = {name: sql_key(sql_name(name)) for name in contract.key or ["listing_key"]}
    plain = [
        f"CASE WHEN regexp_full_match({code}, '0*[1-9][0-9]*') THEN ltrim({code}, '0') "
        f"ELSE coalesce(nullif(regexp_replace(upper({code}), {sql_text(SIGNS)}, '', 'g'), ''), "
        f"{code}) END"
        if name in columns
        else code
        for name, code in parts.items()
    ]
    twins = con.execute(f"""
        WITH keyed AS (
            SELECT *, concat_ws('-', {", ".join(plain)}) AS plain FROM gathered
            WHERE listing_key IS NOT NULL),
        twins AS (
            SELECT domain, plain FROM keyed GROUP BY domain, plain
            HAVING count(DISTINCT listing_key) > 1
            AND len(list_filter([{traits or "false"}], lambda differ: differ)) < {LEAST_TRAITS})
        SELECT listing_key, first(_source_file ORDER BY _source_file, _source_row) AS file,
            first(_source_row ORDER BY _source_file, _source_row) AS row,
            count(DISTINCT (domain, plain)) OVER () AS listings
        FROM keyed JOIN twins USING (domain, plain) GROUP BY domain, plain, listing_key
        ORDER BY plain, domain, length(listing_key), listing_key LIMIT 2""").fetchall()
    if twins:
        (short, file, row, listings), (long, other, other_row, _) = twins
        zeros = short.isalnum() and long.isalnum() and short.upper() != long.upper()
        mend = (
            f"say in the contract how long `{columns[0]}` is, such as `pad: {len(long)}`,"
            if zeros
            else "write keys one way in the exports,"
        )
        raise RemlError(
            f"{file}, data row {row}: key {short!r} is {long!r} of {other}, data row {other_row}, "
            f"but for {'its zeros' if zeros else 'case and signs'} (such pairs in the feed: "
            f"{listings:,}); {mend} or say `pad: 0` of `{columns[0]}` if they are two"
        )


def order_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Make table `ranked` of view `rows`: each row's `place` among the rows of its listing.

    The newest is 1; quarantined rows (`fine` is false) have none. `tied` rows differ from the
    newest in nothing that orders them (NEWEST), `same` is its exact copy, `same_content` has its
    values wherever the contract looks. A copy is as new as the last of its kind, a row without a
    stamp as the newest of those imported before or with it, so that beside them its status decides.
    What is left goes by the row's hash, then by file and row, so that neither the order in which
    files come nor the way rows are spread over the files of an import matters.
    """
    on_market = STATUS_PROGRESS["Hold"]
    con.execute(f"""
        CREATE TABLE ranked AS WITH
        copied AS (
            SELECT file_no, _source_file, _source_row, _row_sha256, _content, listing_key, domain,
                fine, _stamp, _offset, _whole_day, _progress AS progress,
                max(import_no) OVER copies AS import_no, max(_source_file) OVER copies AS file
            FROM (SELECT *, _reason IS NULL AS fine FROM rows)
            WINDOW copies AS ({LISTING}, _row_sha256)),
        stamped AS (
            SELECT * EXCLUDE (file, _stamp, _offset),
                CASE WHEN import_no = 0 THEN file END AS file,
                CASE WHEN import_no = 0 THEN (progress > {on_market})::INT
                    + (progress >= {STATUS_PROGRESS["Closed"]})::INT END AS stage,
                coalesce(_stamp, max(_stamp) OVER ({LISTING} ORDER BY import_no
                    RANGE UNBOUNDED PRECEDING)) AS stamp,
                max(_offset) FILTER (_whole_day) OVER (PARTITION BY listing_key, domain) AS east
            FROM copied),
        dated AS (
            SELECT *, (stamp + to_minutes(coalesce(east, 0)::BIGINT))::DATE AS day FROM stamped),
        told AS (
            SELECT * EXCLUDE (stamp, east, _whole_day),
                CASE WHEN NOT bool_or(_whole_day) OVER ({LISTING}, day) THEN stamp END AS moment
            FROM dated)
        SELECT file_no, _source_file, _source_row, listing_key, domain, fine, {", ".join(NEWEST)},
            CASE WHEN fine THEN row_number() OVER newest END AS place,
            rank() OVER ({LISTING} ORDER BY {ORDER}) = 1 AS tied,
            first_value(_source_file) OVER newest AS _kept_file,
            first_value(_source_row) OVER newest AS _kept_row,
            first_value(_row_sha256) OVER newest = _row_sha256 AS same,
            first_value(_content) OVER newest = _content AS same_content
        FROM told WINDOW newest AS (
            {LISTING} ORDER BY {ORDER}, _row_sha256 DESC, _source_file, _source_row)""")


def drop_ended_listings(con: duckdb.DuckDBPyConnection) -> None:
    """Add `unread` to table `ranked`: rows of listings on the market that may have ended since.

    A row that is as new is quarantined, such as a sale without its price, and its status is not one
    of the market, or nobody knows it. Who took the row before it for the newest would value a sold
    home; so none of the listing's rows has place 1, and the quarantined one is named as kept.
    """
    hold = STATUS_PROGRESS["Hold"]
    con.execute(f"""
        CREATE TABLE ended AS SELECT w.listing_key, w.domain, q._source_file, q._source_row
        FROM ranked w JOIN ranked q ON w.listing_key = q.listing_key AND w.domain = q.domain
        WHERE w.place = 1 AND NOT q.fine AND w.progress <= {hold}
            AND coalesce(q.progress > {hold}, true)
            AND CASE WHEN q.day <> w.day THEN q.day > w.day
                     WHEN q.moment <> w.moment THEN q.moment > w.moment
                     ELSE q.import_no >= w.import_no END
        QUALIFY 1 = row_number() OVER (
            PARTITION BY w.listing_key, w.domain ORDER BY q._source_file DESC, q._source_row DESC)
        """)
    con.execute("ALTER TABLE ranked ADD COLUMN unread BOOLEAN DEFAULT false")
    con.execute("""
        UPDATE ranked SET unread = true, place = place + 1, tied = false, same = false,
            same_content = false, _kept_file = e._source_file, _kept_row = e._source_row
        FROM ended e WHERE ranked.listing_key = e.listing_key AND ranked.domain = e.domain
            AND fine""")


def count_newest_states(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count by what the newest state of listings was told from the one before it.

    Returns
    -------
    dict of str to int
        One of BY -> listings of which table `ranked` has rows that say different things; "nothing"
        are conflicts. `back_on_market`: those that an earlier import has as sold and the newest row
        as on the market, where no stamp tells which is newer. `kept_aside`: those of
        `drop_ended_listings`.
    """
    differ = " ".join(
        f"WHEN w.{name} IS DISTINCT FROM r.{name} THEN '{by}'" for name, by in NEWEST.items()
    )
    sold, hold = STATUS_PROGRESS["Closed"], STATUS_PROGRESS["Hold"]
    rows = con.execute(f"""
        SELECT told, count(*), count(*) FILTER (back AND told <> 'stamp') FROM (
            SELECT CASE {differ} ELSE 'nothing' END AS told,
                   w.progress < {hold} AND r.progress = {sold} AS back
            FROM ranked w JOIN (
                SELECT * FROM ranked WHERE fine AND place > 1 AND NOT same_content
                QUALIFY 1 = row_number() OVER (PARTITION BY listing_key, domain ORDER BY place)) r
            USING (listing_key, domain) WHERE w.place = 1) GROUP BY told""").fetchall()
    counts = {by: (listings, back) for by, listings, back in rows}
    aside = con.execute("SELECT DISTINCT listing_key, domain FROM ranked WHERE unread").fetchall()
    return {by: counts.get(by, (0, 0))[0] for by in BY} | {
        "back_on_market": sum(back for _, back in counts.values()),
        "kept_aside": len(aside),
    }


def judge_stamps(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Say when rows were modified, and how much of that their stamps tell.

    A stamp that says midnight is the day that somebody wrote without its hour, or that a tool wrote
    with an hour of its own: the whole day is meant.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs `modification_timestamp` as text.
    contract : Contract

    Returns
    -------
    DataFrame, shape (n, 3)
        `moment` (missing for a placeholder), `minutes_east` (of UTC; missing where the stamp has no
        offset and the contract no zone), `is_whole_day` and `is_placeholder` (boolean).
    """
    moment, minutes = parse_values.parse_stamps(
        rows["modification_timestamp"],
        contract.date_formats_of("modification_timestamp"),
        contract.time_zone,
    )
    year = moment.dt.year
    placeholder = (year < FIRST_YEAR) | (year > LAST_YEAR)
    as_written = moment + pd.to_timedelta(minutes.fillna(0), unit="m").astype("timedelta64[us]")
    return pd.DataFrame(
        {
            "moment": moment.mask(placeholder),
            "minutes_east": minutes,
            "is_whole_day": (as_written == as_written.dt.normalize()) & ~placeholder,
            "is_placeholder": placeholder,
        }
    )


def status_progress(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Say how far the listings of rows have gone by their status (`STATUS_PROGRESS`).

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs `standard_status` as text.
    contract : Contract
        Its lookup of statuses; without one RESO's own words count.

    Returns
    -------
    Series of float64, shape (n,)
        Missing where the status is blank or none of RESO's.
    """
    own = {status: status for status in STATUS_PROGRESS}
    status = row_rules.harmonize_by_lookup(
        rows["standard_status"], own | contract.lookups.get("standard_status", {})
    )
    return status.map(STATUS_PROGRESS).astype("float64")
