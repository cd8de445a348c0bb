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
