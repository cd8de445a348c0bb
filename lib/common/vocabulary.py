"""Words that several stages share: the domains, and the columns that name and date a listing."""

from __future__ import annotations

DOMAINS = ("sale", "rental")
# of a feature table: carried along for splitting and scoring, never a model input
KEY_COLUMNS = (
    "listing_key",
    "property_key",
    "standard_status",
    "as_of",
    "close_date",
    "close_price",
    "list_price",
)


LINEAGE = ["_source_file", "_source_row", "_file_sha256", "_row_sha256", "_load_ts"]


# RESO StandardStatus of listings that are on the market now
ON_MARKET = ("Active", "Active Under Contract", "Coming Soon", "Pending")
