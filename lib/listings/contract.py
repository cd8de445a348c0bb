"""The contract of a feed: which columns it has under which names, their types and row rules.

A contract lives in `configs/feeds/<feed>/contract.yaml` and is itself validated: an unknown
key, type or check is an error that names it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from lib.common.checks import require
from lib.common.params import Section, read_yaml, validate

ROOT = Path("configs/feeds")

Kind = Literal[
    "code",  # an identifier or category: text, never a number
    "text",  # free text
    "number",  # a decimal number; thousands separators and currency signs allowed
    "date",  # a calendar date in any of `formats`
    "timestamp",  # a date with a time of day
    "yes_no",  # True/False, Yes/No, Y/N, 1/0
    "postal_code",  # five digits, taken from 77901, 77901-1234 or "77901 "
    "baths_full_half",  # HAR's 2.1 = two full baths and one half bath
    "baths_decimal",  # 2.25 = two full baths, and a remainder counted as one half bath
]


DIRECTIVES = "YymdbBHIMSfpzZjaAT%"  # of strptime, in date_formats
# what the later stages count on, whatever the feed
TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("close_price", "list_price", "living_area", "year_built"), ("number",)),
    **dict.fromkeys(("latitude", "longitude", "lot_size_square_feet"), ("number",)),
    **dict.fromkeys(("close_date", "listing_contract_date", "purchase_contract_date"), ("date",)),
    "modification_timestamp": ("timestamp", "date"),
    "postal_code": ("postal_code",),
}


class Column(Section):
    """One canonical column: the headers it goes by, its type and its plausible range."""

    aliases: list[str]
    type: Kind = "code"
    required: bool = False
    pad: int = 0  # restore leading zeros of codes to this many characters
    multiply: float = 1.0  # to the canonical unit, e.g. 43560 for acres -> square feet
    range: tuple[float, float] | None = None  # values outside are impossible: null, with a reason

    @model_validator(mode="after")
    def _range_is_of_numbers(self) -> Column:
        if self.range and not self.type.startswith(("number", "baths")):
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
            if wanted and column.type not in wanted:
                raise ValueError(f"column `{name}` must be of type {' or '.join(wanted)}")
        if not all(self.property_key):
            raise ValueError("property_key holds an empty group of columns")
        for form in self.date_formats:
            unknown = set(re.findall(r"%(.?)", form)) - set(DIRECTIVES)
            if unknown or "%" not in form:
                raise ValueError(f"date format {form!r} is not made of strptime's % directives")
        if "listing_key" not in self.columns and not self.key:
            raise ValueError("give a `listing_key` column or a `key` made of other columns")
        seen: dict[str, str] = {}
        for name, column in self.columns.items():
            for alias in (*column.aliases, name):
                other = seen.setdefault(plain(alias), name)
                if other != name:
                    raise ValueError(f"alias {alias!r} belongs to both {other} and {name}")
        return self


def plain(header: str) -> str:
    """A header as it is compared: lower case, letters, digits and # only."""
    return re.sub(r"[^a-z0-9#]", "", header.lower())


def path_of(feed: str) -> Path:
    """Where the contract of `feed` lives."""
    return ROOT / feed / "contract.yaml"


def read(feed: str) -> Contract:
    """The validated contract of a feed. Raises `RemlError` naming the file and the fault."""
    require(
        re.fullmatch(r"[a-z0-9_]+", feed) is not None,
        f"feed {feed!r}: a feed's name is made of lower-case letters, digits and _",
    )
    path = path_of(feed)
    feeds = ", ".join(sorted(p.parent.name for p in ROOT.glob("*/contract.yaml"))) or "none"
    require(path.is_file(), f"{path}: no contract for feed {feed!r} (feeds with one: {feeds})")
    return validate(Contract, read_yaml(path), str(path))


def match(contract: Contract, headers: Iterable[str]) -> dict[str, str]:
    """Canonical name -> header, for each contract column that `headers` carries.

    The canonical name itself always counts as an alias.
    """
    by_plain: dict[str, str] = {}
    for header in headers:
        by_plain.setdefault(plain(header), header)
    found = {}
    for name, column in contract.columns.items():
        for alias in (*column.aliases, name):
            if plain(alias) in by_plain:
                found[name] = by_plain[plain(alias)]
                break
    return found


def missing_required(contract: Contract, headers: list[str]) -> list[str]:
    """One clause per required column that `headers` lack, naming the nearest header."""
    found = match(contract, headers)
    free = [header for header in headers if header not in found.values()]
    clauses = []
    for name, column in contract.columns.items():
        if column.required and name not in found:
            aliases = column.aliases or [name]
            near = difflib.get_close_matches(aliases[0], free, n=1, cutoff=0.6)
            hint = f"; the nearest header is {near[0]!r}" if near else ""
            clauses.append(f"{name} (as {' or '.join(map(repr, aliases))}{hint})")
    return clauses
