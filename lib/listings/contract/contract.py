"""The contract of a feed: which columns it has under which names, their types and row rules.

A contract lives in `configs/feeds/<feed>/contract.yaml` and is itself validated: an unknown
key, type or check is an error that names it.
"""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import model_validator

from lib.common import vocabulary
from lib.common.errors import require
from lib.common.params import Section, read_yaml, validate
from lib.listings.contract import reso
from lib.listings.contract.reso import (
    CLASS,
    SUB_TYPE,
    TYPE,
    ColumnType,
    PropertyClass,
    fold_header,
)

INTERCHANGEABLE = {"number", "count"}  # types that one header may be read as
LEASE_RATE = "lease_amount_frequency"  # of leases alone
HEADERS_LISTED = 4  # headers that a message lists before it says how many others there are
NUMBERS = ("number", "count", "baths")  # how the types begin that a range goes with
DIRECTIVES = "YymdbBHIMSfpzZjaA%"  # of strptime, in date_formats
# dates that are written as one number, in date_formats: days since 1899-12-30 with the time as a
# fraction, as spreadsheets count them, and seconds or milliseconds since 1970 in UTC
SERIALS = ("excel serial", "unix seconds", "unix milliseconds")
# what the later stages count on, whatever the feed
TYPES_NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("close_price", "list_price", "original_list_price"), ("number",)),
    **dict.fromkeys(("living_area", "latitude", "longitude"), ("number",)),
    "year_built": ("count", "number"),
    **dict.fromkeys(("lot_size_square_feet", "lot_size_acres", "lot_size_area"), ("number",)),
    **dict.fromkeys(("close_date", "listing_contract_date", "purchase_contract_date"), ("date",)),
    "modification_timestamp": ("timestamp", "date"),
    "postal_code": ("postal_code",),
}


def _check_date_formats(formats: list[str]) -> None:
    """Raise `ValueError` unless each is one of SERIALS or made of strptime's directives."""
    for form in formats:
        if form in SERIALS:
            continue
        unknown = set(re.findall(r"%(.?)", form)) - set(DIRECTIVES)
        if unknown or "%" not in form:
            raise ValueError(
                f"date format {form!r} is not made of strptime's % directives, nor one of "
                f"{', '.join(SERIALS)}"
            )
        try:
            pd.to_datetime(pd.Series([""]), format=form, errors="coerce")
        except (ValueError, re.error) as error:
            raise ValueError(f"date format {form!r}: {error}") from error
    if not formats:
        raise ValueError("date_formats is empty; leave it out, or name the formats")


class Column(Section):
    """One canonical column: the headers it goes by, its type and its plausible range.

    What is left out of `aliases` and `type` comes from the RESO dictionary; see `resolve`.
    """

    aliases: list[str] = []
    type: ColumnType = "code"
    required: bool = False
    instead: str | None = None  # the column to read where the export has no header for this one
    pad: int = 0  # restore leading zeros of codes to this many characters
    unit: str | None = None  # what the export writes areas in: acres, square feet, square meters
    unit_from: str | None = None  # the column that says it row by row; where blank, `unit` counts
    multiply: float = 1.0  # to the canonical unit, e.g. 12 for a monthly fee -> a year
    # the column that says how often the amount is paid, row by row: it is brought to a year. Where
    # that column is empty throughout, `multiply` counts
    frequency_from: str | None = None
    date_formats: list[str] | None = None  # instead of the contract's, for this column alone
    range: tuple[float, float] | None = None  # values outside are impossible: null, with a reason

    @model_validator(mode="after")
    def _formats_are_of_dates(self) -> Column:
        if self.date_formats is not None:
            _check_date_formats(self.date_formats)
        return self

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


class DomainRule(Section):
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
    domain: DomainRule = DomainRule()
    key: list[str] = []
    property_key: list[list[str]] = []  # groups of columns; the first that is complete wins
    date_formats: list[str] = ["%Y-%m-%d"]
    time_zone: str | None = None  # IANA name: where stamps without an offset from UTC were made
    constants: dict[str, str] = {}
    columns: dict[str, Column]
    lookups: dict[str, dict[str, str]] = {}
    row_rules: list[RowRule] = []
    property_classes: dict[str, PropertyClass] = {}  # words of the property types -> their class
    valued_classes: list[PropertyClass] = ["residential"]  # evidence, and valued; no other is

    @model_validator(mode="after")
    def _classes_have_a_source(self) -> Contract:
        if not self.valued_classes:
            raise ValueError("valued_classes is empty; leave it out, or name the classes to value")
        if self.property_classes and not {TYPE, SUB_TYPE} & {*self.columns, *self.constants}:
            raise ValueError(f"property_classes goes with a column {TYPE} or {SUB_TYPE}")
        return self

    def date_formats_of(self, name: str) -> list[str]:
        """The formats that a column's dates are read by, the column's own before the feed's."""
        column = self.columns.get(name)
        return (column.date_formats if column else None) or self.date_formats

    @model_validator(mode="after")
    def _names_fit_together(self) -> Contract:
        names_there = {*self.columns, *self.constants, "listing_key", "domain"}
        named = {
            "property_key": [name for group in self.property_key for name in group],
            "lookups": list(self.lookups),
            "row_rules": [n for rule in self.row_rules for n in (rule.column, *rule.when)],
            "domain.column": [self.domain.column] if self.domain.column else [],
            "instead": [c.instead for c in self.columns.values() if c.instead],
            "unit_from": [c.unit_from for c in self.columns.values() if c.unit_from],
            "frequency_from": [c.frequency_from for c in self.columns.values() if c.frequency_from],
        }
        for place, names in named.items():
            for name in names:
                if name not in names_there:
                    raise ValueError(f"{place} names `{name}`, which is not among the columns")
        coded = [
            *((f"lookups.{n}", n, w) for n, codes in self.lookups.items() for w in codes.values()),
            *((f"constants.{n}", n, word) for n, word in self.constants.items()),
            *(
                (f"row_rules.{r.name}.when", n, w)
                for r in self.row_rules
                for n, w in r.when.items()
            ),
        ]
        for place, name, word in coded:  # stages look for RESO's words, letter by letter
            if wrong := reso.unknown_word_message(name, word):
                raise ValueError(f"{place}: {wrong}")
        for name in self.key:  # neither constants nor what is itself made of the key
            if name not in self.columns:
                raise ValueError(f"key names `{name}`, which is not among the columns")
        for name, column in self.columns.items():
            if name.startswith("_") or name in ("domain", CLASS):
                raise ValueError(f"column `{name}`: that name is REML's own")
            wanted = TYPES_NEEDED.get(name)
            if wanted and "type" in column.model_fields_set and column.type not in wanted:
                raise ValueError(f"column `{name}` must be of type {' or '.join(wanted)}")
        if not all(self.property_key):
            raise ValueError("property_key holds an empty group of columns")
        _check_date_formats(self.date_formats)
        if self.time_zone and self.time_zone not in zoneinfo.available_timezones():
            near = difflib.get_close_matches(self.time_zone, zoneinfo.available_timezones(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ", such as America/Chicago"
            raise ValueError(f"time_zone {self.time_zone!r} is no IANA name{hint}")
        if "listing_key" not in self.columns and not self.key:
            raise ValueError("give a `listing_key` column or a `key` made of other columns")
        owners: dict[str, str] = {}
        for name, column in self.columns.items():
            for alias in (*column.aliases, name):
                other = owners.setdefault(fold_header(alias), name)
                if other != name:
                    raise ValueError(f"alias {alias!r} belongs to both {other} and {name}")
        return self


def read_contract(feed: str) -> Contract:
    """The validated and resolved contract of a feed.

    Raises `RemlError` naming the file and the fault.
    """
    vocabulary.check_feed_name(feed)
    path = vocabulary.contract_path(feed)
    feeds = (
        ", ".join(sorted(p.parent.name for p in vocabulary.FEEDS.glob("*/contract.yaml"))) or "none"
    )
    require(path.is_file(), f"{path}: no contract for feed {feed!r} (feeds with one: {feeds})")
    return load_contract(path)


def load_contract(path: Path) -> Contract:
    """The validated and resolved contract in a file; raises as `read_contract` does."""
    return resolve_contract(validate(Contract, read_yaml(path), str(path)), str(path))


def resolve_contract(contract: Contract, where: str) -> Contract:
    """The contract with what its columns leave out taken from the RESO dictionary.

    A column gets the dictionary's type and range, and behind its own aliases those of the
    dictionary, but for those that the contract gives to another column. One with a type, unit or
    factor of its own means something else by its headers, so it keeps to its own; a number and a
    count are one kind here. Raises `RemlError` naming `where` and the column where the dictionary
    does not know it, or a header needs a unit or notation. RESO's words of a status need no line.
    """
    book = reso.load_dictionary()
    claimed = {
        fold_header(alias): name
        for name, column in contract.columns.items()
        for alias in (name, *column.aliases)
    }
    columns = {}
    for name, column in contract.columns.items():
        place, stated = f"{where}: columns.{name}", column.model_fields_set
        field = book.fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, book.fields, n=1)
            require(
                "aliases" in stated or name.startswith("local_"),
                f"{place}: no field of the RESO dictionary"
                f"{f' (nearest: {near[0]})' if near else ''}; give its `aliases`, [] for none, "
                "or call it local_*",
            )
            field = reso.ResoField(type=column.type)
        for alias in column.aliases:
            need = reso.ambiguous_headers().get(fold_header(alias))
            require(
                need is None
                or need in stated
                or (need == "unit" and not stated.isdisjoint({"multiply", "unit_from"}))
                or (need == "unit" and field.unit_from in contract.columns),
                f"{place}: {alias!r} means different things in different exports; add `{need}`",
            )
        changes: dict[str, object] = {}
        for role in ("unit_from", "frequency_from"):  # a contract that reads a unit means it
            if role not in stated and getattr(field, role) in contract.columns:
                changes[role] = getattr(field, role)
        if "type" not in stated:
            changes["type"] = field.type
            fits = column.range is None or field.type.startswith(NUMBERS)
            require(fits, f"{place}: a range goes with numbers, not with type {field.type}")
        factor = column.multiply
        if column.range is None and str(changes.get("type", column.type)).startswith(NUMBERS):
            changes["range"] = field.range
        if column.unit:
            require("multiply" not in stated, f"{place}: give `unit` or `multiply`, not both")
            changes["multiply"] = factor = reso.unit_factor(column.unit, field.unit, place)
        kinds = {str(changes.get("type", column.type)), field.type}
        if factor == 1 and (len(kinds) == 1 or kinds == INTERCHANGEABLE):
            inherited = [a for a in field.aliases if claimed.get(fold_header(a), name) == name]
            named = [name] if _counts(name, factor) else []
            changes["aliases"] = list(dict.fromkeys([*column.aliases, *named, *inherited]))
        columns[name] = column.model_copy(update=changes)
    lookups = dict(contract.lookups)
    if statuses := lookups.get("standard_status"):  # RESO's own words stand for themselves
        stated = {word.strip().lower() for word in statuses}
        more = {word: word for word in book.statuses if word.lower() not in stated}
        lookups["standard_status"] = {**statuses, **more}
    return contract.model_copy(update={"columns": columns, "lookups": lookups})


def _counts(name: str, factor: float) -> bool:
    """Whether a column's canonical name is a header of it: not if the column is in another unit
    than the name says, or the name means different things in different exports."""
    return factor == 1 and fold_header(name) not in reso.ambiguous_headers()


def match_headers(contract: Contract, headers: Iterable[str]) -> dict[str, str]:
    """Canonical name -> header, for each contract column that `headers` carries.

    A header as an alias writes it goes before one that differs in case, spaces or hyphens. A column
    without a header of its own takes that of its `instead`; the two then share it. Raises
    `RemlError` where several headers are one to a column, and none is written as its alias is.
    """
    matches, clashes = _match(contract, headers)
    require(not clashes, "; ".join(clashes))
    return matches


def header_faults(contract: Contract, headers: Iterable[str]) -> list[str]:
    """One clause for each reason why `headers` would be misread: headers that are one to a column,
    and columns left out that change the meaning of one that is read."""
    headers = list(headers)
    matches, clashes = _match(contract, headers)
    free = {reso.find_field(header): header for header in headers if header not in matches.values()}
    leases = "rental" in (contract.domain.default, contract.domain.others)
    leases = leases or "rental" in contract.domain.values.values()
    for name in matches:
        for other in _companions(contract, name):
            if other in free and other not in contract.columns and (leases or other != LEASE_RATE):
                clashes.append(
                    f"{free[other]!r} changes what {matches[name]!r} means and no column reads it; "
                    f"add `{other}: {{}}` to `columns`"
                )
    return list(dict.fromkeys(clashes))


def _companions(contract: Contract, name: str) -> list[str]:
    """The fields that change a column's meaning, but for those that the contract takes no notice of
    by `unit_from: null` or `frequency_from: null`."""
    field, column = reso.load_dictionary().fields.get(name), contract.columns[name]
    if field is None:
        return []
    unread = {
        getattr(field, role)
        for role in ("unit_from", "frequency_from")
        if role in column.model_fields_set and getattr(column, role) is None
    }
    return [other for other in field.companions if other not in unread]


def _match(contract: Contract, headers: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """(canonical name -> header, a clause for each column with several headers for one alias)."""
    headers = list(dict.fromkeys(headers))
    folded: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
    for header in headers:
        for money, fold in ((True, reso.fold_money), (False, fold_header)):
            if plain := fold(header):  # nothing but signs that count for nothing names nothing
                folded[money].setdefault(plain, []).append(header)
    fields = reso.load_dictionary().fields
    matches, clashes = {}, []
    for name, column in contract.columns.items():
        money = name in fields and fields[name].is_money
        fold = reso.fold_money if money else fold_header
        for alias in [*column.aliases, *([name] if _counts(name, column.multiply) else [])]:
            alike = [alias] if alias in headers else folded[money].get(fold(alias), [])
            if not alike:
                continue
            matches[name] = alike[0]
            if len(alike) > 1:
                clashes.append(
                    f"{' and '.join(map(repr, alike))} are one header to column {name}; write the "
                    "one that is meant among its aliases, or take the others out of the export"
                )
            break
    shared = {
        name: matches[column.instead]
        for name, column in contract.columns.items()
        if name not in matches and column.instead in matches
    }
    return matches | shared, clashes


def missing_column_phrases(contract: Contract, headers: list[str]) -> list[str]:
    """One clause per required column that `headers` lack, naming the nearest header."""
    matches, _ = _match(contract, headers)
    free = [header for header in headers if header not in matches.values()]
    clauses = []
    for name, column in contract.columns.items():
        if column.required and name not in matches:
            aliases = [alias for alias in column.aliases if alias != name] or [name]
            shown = " or ".join(map(repr, aliases[:HEADERS_LISTED]))
            more = (
                f" or {len(aliases) - HEADERS_LISTED} others"
                if len(aliases) > HEADERS_LISTED
                else ""
            )
            near = difflib.get_close_matches(aliases[0], free, n=1, cutoff=0.6)
            hint = f"; the nearest header is {near[0]!r}" if near else ""
            clauses.append(f"{name} (as {shown}{more}{hint})")
    return clauses
