"""Turn staged text into one typed table per domain: types, units, addresses, keys, as_of dates.

Known errors of the source are put right first (corrections.yml of the feed). A value that cannot be
is set missing and listed with its reason; a sale that was exported twice is kept aside; no row is
dropped. Older states of the listings become list-price histories and relists.

Example: python -m scripts.valuation.normalize
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, dictionary, io, params, vocabulary
from lib.common.vocabulary import DOMAINS
from lib.listings.contract import contract, row_rules
from lib.listings.identity import same_home
from lib.listings.normalize import (
    corrections,
    counts,
    dates,
    list_price_history,
    normalize,
    repeated_sales,
)
from lib.listings.normalize.normalize import NormalizeParams
from lib.listings.throughout.wrong_columns import find_lost_columns, require_readable_columns

OUT = Path("data/normalize")
# of the contract: what later stages tell
FEED = ("title", "synthetic", "currency", "notes", "valued_classes")
META = Path("lib/listings/normalize/normalize.meta.yml")
STAGED = Path("data/staging/listings.parquet")
SUPERSEDED = Path("data/staging/superseded_listings.parquet")
QUARANTINE = Path("data/staging/quarantine_rows.csv")
METRICS = Path("metrics/normalize.json")
WHERE = ["_source_file", "_source_row", "column"]


def older_states(
    agreed: contract.Contract, entries: list[corrections.Correction]
) -> tuple[pd.DataFrame, int]:
    """Type the listings' older states.

    Parameters
    ----------
    agreed : Contract
    entries : list of Correction

    Returns
    -------
    states : DataFrame
        From `list_price_history.type_older_states`.
    unread : int
        Cells that could not be read.
    """
    raw = io.read_parquet(SUPERSEDED, list_price_history.columns_for_states(agreed))
    return list_price_history.type_older_states(
        corrections.correct_older_states(raw, entries), agreed
    )


def warn_of_idle(idle: dict[int, str], where: str) -> dict[str, int]:
    """Warn of each correction whose listing was not staged; returns how many there are by why."""
    aside = set(io.read_csv(QUARANTINE)["listing_key"]) if idle else set()
    by_reason = {"listing_in_quarantine": 0, "listing_not_in_feed": 0}
    for number, key in idle.items():
        why = "listing_in_quarantine" if key in aside else "listing_not_in_feed"
        by_reason[why] += 1
        mend = {
            "listing_in_quarantine": "loosen the contract's row rule, or mend the export: "
            "corrections work on staged rows",
            "listing_not_in_feed": "check the listing_key and the domain",
        }[why]
        cli.log.warning(
            "normalize.correction_without_listing",
            entry=f"{where}, entry {number}",
            listing_key=key,
            why=why,
            mend=mend,
        )
    return by_reason


def _warn_of_columns(issues: pd.DataFrame, table: pd.DataFrame) -> dict[str, dict]:
    """Warn of each column that lost most of its cells for one reason; returns them by domain."""
    lost = find_lost_columns(issues, table)
    for domain, columns in lost.items():
        for column, what in columns.items():
            cli.log.warning(
                "normalize.column_mostly_missing",
                domain=domain,
                column=column,
                **what,
                mend="check its type, range, unit and date_formats in contract.yaml",
            )
    return lost


def _write_domain(table: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Write the rows of one domain; returns the others."""
    here = table["domain"] == domain
    io.write_parquet(OUT / f"{domain}.parquet", table[here], ["listing_key"])
    return table[~here]


@click.command(help=__doc__)
@cli.command
def main() -> None:
    from lib.listings.contract import table_schema
    from lib.listings.normalize import (
        schema,  # here, since preflight imports every stage and has to be quick
    )

    base, settings = params.load_sections("normalize", NormalizeParams)
    agreed = contract.read_contract(base.feed)
    entries = corrections.read_corrections(base.feed, agreed)
    where = str(corrections.corrections_path(base.feed))
    rows, mended, idle = corrections.apply_corrections(io.read_parquet(STAGED), entries, where)
    row_rules.require_known_classes(rows, agreed, str(vocabulary.contract_path(base.feed)))
    table, issues = normalize.normalize(rows, agreed, base.as_of, settings.limits())
    require_readable_columns(issues, table, agreed, settings.max_lost_share)
    issues = pd.concat([issues, corrections.blanked_issues(mended)], ignore_index=True)
    count = len(rows)
    assert len(table) == count
    del rows
    as_of = dates.resolve_as_of(table, base.as_of, settings.latest_date_slack_days)
    older, unread = older_states(agreed, entries)
    history = list_price_history.price_history(older, table)
    table, repeated = repeated_sales.merge_repeated_sales(table, settings.same_sale_days)
    assert len(table) + len(repeated) == count
    home = same_home.home_keys(table, agreed.property_key)
    table = list_price_history.add_listing_history(table, history, settings.relist_gap_days, home)
    table_schema.enforce_schema(table, schema.typed_schema(agreed))
    by_reason = counts.count_normalized(table, issues, DOMAINS, agreed.valued_classes) | {
        "corrections": {
            "applied": counts.count_values(mended["column"]),
            **warn_of_idle(idle, where),
        },
        "sales_exported_twice": len(repeated),
        "columns_mostly_missing": _warn_of_columns(issues, table),
        "repeated_sales": counts.count_values(repeated["_reason"]),
        "older_states": {"rows": len(older), "cells_not_read": unread},
        "list_price_history": len(history),
    }
    kept = len(table)
    for domain in DOMAINS:  # what is written is let go: a million rows are a gigabyte
        table = _write_domain(table, domain)
    assert table.empty
    io.write_parquet(OUT / "list_price_history.parquet", history, list_price_history.STATE[:3])
    io.write_parquet(OUT / "repeated_sales.parquet", repeated, ["domain", "listing_key"])
    io.write_parquet(OUT / "normalize_issues.parquet", issues, [*WHERE, "reason"])
    io.write_parquet(OUT / "corrections.parquet", mended, WHERE)
    io.write_json(OUT / "feed.json", {name: getattr(agreed, name) for name in FEED})
    io.write_json(
        METRICS, {"feed": base.feed, "as_of": f"{as_of:%Y-%m-%d}", "rows_in": count, **by_reason}
    )
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "normalize.complete",
        rows=kept,
        sales_exported_twice=len(repeated),
        cells_set_missing=int(issues["set_missing"].sum()),
        corrected=len(mended),
        as_of=f"{as_of:%Y-%m-%d}",
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
