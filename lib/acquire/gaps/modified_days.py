"""On which day each listing was modified, from parsed or staged rows."""

from __future__ import annotations

from functools import partial

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.contract.contract import Contract

STAMP = "modification_timestamp"
ROW_COLUMNS = ["listing_key", "domain", "_row_sha256"]  # every table of rows has these
FEED_COLUMNS = ["listing_id", STAMP, "postal_code", "photos_count"]
COLUMNS = ["listing_key", "domain", "listing_id", "postal_code", "photos_count", "day", "newest"]


def needed_columns(contract: Contract) -> list[str]:
    """The columns that `find_modified_days` needs, of those that rows by this contract have."""
    has = {*contract.columns, *contract.constants} - set(ROW_COLUMNS)
    return [*ROW_COLUMNS, *(name for name in FEED_COLUMNS if name in has)]


def find_modified_days(table: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Find the day of modification of each row, and the newest row of each listing.

    Parameters
    ----------
    table
        (n, columns) text, `needed_columns` of it; n may be 0.
    contract
        How dates are written.

    Returns
    -------
    (n, 7) COLUMNS. `day` (datetime64[us], missing where no stamp can be read) is the calendar day
    as the stamp is written: an offset does not move it, because a portal is asked for its own days.
    `listing_id` is the key where it is blank or no column, `photos_count` a whole number (float64,
    missing where it is none), `postal_code` five digits or missing. `newest` marks one row of each
    domain and key: the latest stamp, of equal ones the greater hash.
    """
    out = table.reindex(columns=ROW_COLUMNS).astype("str").reset_index(drop=True)
    out["listing_key"] = out["listing_key"].str.strip()
    text = table.reindex(columns=FEED_COLUMNS).astype("str").reset_index(drop=True)
    moment = parse_values.parse_distinct(
        text[STAMP],
        partial(
            parse_values.parse_moments,
            formats=contract.date_formats_of(STAMP),
            zone=contract.time_zone,
        ),
    )
    out["day"] = parse_values.parse_distinct(
        text[STAMP], partial(parse_values.parse_days, formats=contract.date_formats_of(STAMP))
    )
    out["day"] = out["day"].astype("datetime64[us]")
    out["listing_id"] = parse_values.parse_code(text["listing_id"]).fillna(out["listing_key"])
    out["postal_code"] = parse_values.parse_distinct(
        text["postal_code"], parse_values.parse_postal_code
    )
    count = parse_values.parse_distinct(text["photos_count"], parse_values.parse_number)
    out["photos_count"] = count.where((count >= 0) & (count % 1 == 0))
    order = out.assign(moment=moment).sort_values(
        ["moment", "_row_sha256"], ascending=False, kind="stable", na_position="last"
    )
    out["newest"] = ~order.duplicated(["domain", "listing_key"]).sort_index()
    return out[COLUMNS]
