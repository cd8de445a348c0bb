"""The terms of a contract: its columns, domains, keys and row rules, each validated by itself.

What a column leaves out is settled later, by `lib.listings.contract.resolve`.
"""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd
from pydantic import model_validator

from lib.common.params import Section
from lib.listings.reso import Kind, plain

NUMBERS = ("number", "count", "baths")  # how the types begin that a range goes with
DIRECTIVES = "YymdbBHIMSfpzZjaA%"  # of strptime, in date_formats
# RESO StandardStatus of listings that are on the market now
ON_MARKET = ("Active", "Active Under Contract", "Coming Soon", "Pending")
# what the later stages count on, whatever the feed
TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("close_price", "list_price", "original_list_price"), ("number",)),
    **dict.fromkeys(("living_area", "latitude", "longitude"), ("number",)),
    "year_built": ("count", "number"),
    **dict.fromkeys(("lot_size_square_feet", "lot_size_acres", "lot_size_area"), ("number",)),
    **dict.fromkeys(("close_date", "listing_contract_date", "purchase_contract_date"), ("date",)),
    "modification_timestamp": ("timestamp", "date"),
    "postal_code": ("postal_code",),
}


class Column(Section):
    """One canonical column: the headers it goes by, its type and its plausible range.

    What is left out of `aliases` and `type` comes from the RESO dictionary; see `resolve`.
    """

    aliases: list[str] = []
    type: Kind = "code"
    required: bool = False
    instead: str | None = None  # the column to read where the export has no header for this one
    pad: int = 0  # restore leading zeros of codes to this many characters
    unit: str | None = None  # what the export writes areas in: acres, square feet, square meters
    unit_from: str | None = None  # the column that says it row by row; where blank, `unit` counts
    multiply: float = 1.0  # to the canonical unit, e.g. 12 for a monthly fee -> a year
    range: tuple[float, float] | None = None  # values outside are impossible: null, with a reason

    @model_validator(mode="after")
    def _range_is_of_numbers(self) -> Column:
        if self.range and "type" in self.model_fields_set and not self.type.startswith(NUMBERS):
            raise ValueError(f"a range goes with numbers, not with type {self.type}")
        return self


class RowRule(Section):
    """A rule that quarantines rows: `check` of `column`, only where `when` holds."""

    name: str
    column: str
    check: Literal["present", "is_date", "is_number", "minimum", "maximum"]
    value: float | None = None
    when: dict[str, str] = {}
    reason: str

    @model_validator(mode="after")
    def _bound_has_a_value(self) -> RowRule:
        if self.check in ("minimum", "maximum") and self.value is None:
            raise ValueError(f"check {self.check} needs a value")
        return self


class Domain(Section):
    """Which domain a row belongs to: by the values of a column, or one for the whole feed."""

    column: str | None = None
    values: dict[str, Literal["sale", "rental"]] = {}
    default: Literal["sale", "rental"] = "sale"
    others: Literal["sale", "rental"] | None = None  # values not listed; None: quarantined


class Contract(Section):
    """A whole contract. `key` joins several columns into `listing_key` where none exists."""

    title: str
    synthetic: bool = False
    currency: str = "USD"
    notes: list[str] = []  # caveats of the source that the report repeats
    domain: Domain = Domain()
    key: list[str] = []
    property_key: list[list[str]] = []  # groups of columns; the first that is complete wins
    date_formats: list[str] = ["%Y-%m-%d"]
    constants: dict[str, str] = {}
    columns: dict[str, Column]
    lookups: dict[str, dict[str, str]] = {}
    row_rules: list[RowRule] = []

    @model_validator(mode="after")
    def _names_fit_together(self) -> Contract:
        known = {*self.columns, *self.constants, "listing_key", "domain"}
        named = {
            "property_key": [name for group in self.property_key for name in group],
            "lookups": list(self.lookups),
            "row_rules": [n for rule in self.row_rules for n in (rule.column, *rule.when)],
            "domain.column": [self.domain.column] if self.domain.column else [],
            "instead": [c.instead for c in self.columns.values() if c.instead],
            "unit_from": [c.unit_from for c in self.columns.values() if c.unit_from],
        }
        for place, names in named.items():
            for name in names:
                if name not in known:
                    raise ValueError(f"{place} names `{name}`, which is not among the columns")
        for name in self.key:  # neither constants nor what is itself made of the key
            if name not in self.columns:
                raise ValueError(f"key names `{name}`, which is not among the columns")
        for name, column in self.columns.items():
            if name.startswith("_") or name == "domain":
                raise ValueError(f"column `{name}`: that name is REML's own")
            wanted = TYPES.get(name)
            if wanted and "type" in column.model_fields_set and column.type not in wanted:
                raise ValueError(f"column `{name}` must be of type {' or '.join(wanted)}")
        if not all(self.property_key):
            raise ValueError("property_key holds an empty group of columns")
        for form in self.date_formats:
            unknown = set(re.findall(r"%(.?)", form)) - set(DIRECTIVES)
            if unknown or "%" not in form:
                raise ValueError(f"date format {form!r} is not made of strptime's % directives")
            try:
                pd.to_datetime(pd.Series([""]), format=form, errors="coerce")
            except (ValueError, re.error) as error:
                raise ValueError(f"date format {form!r}: {error}") from error
        if not self.date_formats:
            raise ValueError("date_formats is empty; leave it out, or name the formats")
        if "listing_key" not in self.columns and not self.key:
            raise ValueError("give a `listing_key` column or a `key` made of other columns")
        seen: dict[str, str] = {}
        for name, column in self.columns.items():
            for alias in (*column.aliases, name):
                other = seen.setdefault(plain(alias), name)
                if other != name:
                    raise ValueError(f"alias {alias!r} belongs to both {other} and {name}")
        return self
