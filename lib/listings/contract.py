"""The contract of a feed: which columns it has under which names, their types and row rules.

A contract lives in `configs/feeds/<feed>/contract.yaml` and is itself validated: an unknown
key, type or check is an error that names it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from lib.common.checks import require
from lib.common.params import read_yaml, validate
from lib.listings import reso
from lib.listings.reso import plain
from lib.listings.terms import NUMBERS, Column, Contract, Domain, RowRule

__all__ = ["Column", "Contract", "Domain", "RowRule", "match", "missing_required", "plain", "read"]

ROOT = Path("configs/feeds")
ALIKE = {"number", "count"}  # types that one header may be read as
SHOWN = 4  # headers that a message lists before it says how many others there are


def check_name(feed: str) -> None:
    """Raise `RemlError` unless `feed` can be the name of a feed, and so of its folders."""
    require(
        re.fullmatch(r"[a-z0-9_]+", feed) is not None,
        f"feed {feed!r}: a feed's name is made of lower-case letters, digits and _",
    )


def path_of(feed: str) -> Path:
    """Where the contract of `feed` lives."""
    return ROOT / feed / "contract.yaml"


def read(feed: str) -> Contract:
    """The validated and resolved contract of a feed.

    Raises `RemlError` naming the file and the fault.
    """
    check_name(feed)
    path = path_of(feed)
    feeds = ", ".join(sorted(p.parent.name for p in ROOT.glob("*/contract.yaml"))) or "none"
    require(path.is_file(), f"{path}: no contract for feed {feed!r} (feeds with one: {feeds})")
    return load(path)


def load(path: Path) -> Contract:
    """The validated and resolved contract in a file; raises as `read` does."""
    return resolve(validate(Contract, read_yaml(path), str(path)), str(path))


def resolve(contract: Contract, where: str) -> Contract:
    """The contract with what its columns leave out taken from the RESO dictionary.

    A column gets the dictionary's type and range, and behind its own aliases those of the
    dictionary, but for those that the contract gives to another column. One with a type, unit or
    factor of its own means something else by its headers, so it keeps to its own; a number and a
    count are one kind here. Raises `RemlError` naming `where` and the column where the dictionary
    does not know it, or a header needs a unit or notation.
    """
    book = reso.dictionary()
    own = {
        plain(alias): name
        for name, column in contract.columns.items()
        for alias in (name, *column.aliases)
    }
    columns = {}
    for name, column in contract.columns.items():
        place, given = f"{where}: columns.{name}", column.model_fields_set
        field = book.fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, book.fields, n=1)
            require(
                "aliases" in given or name.startswith("local_"),
                f"{place}: no field of the RESO dictionary"
                f"{f' (nearest: {near[0]})' if near else ''}; give its `aliases`, [] for none, "
                "or call it local_*",
            )
            field = reso.Field(type=column.type)
        for alias in column.aliases:
            need = reso.doubtful().get(plain(alias))
            require(
                need is None
                or need in given
                or (need == "unit" and not given.isdisjoint({"multiply", "unit_from"})),
                f"{place}: {alias!r} means different things in different exports; add `{need}`",
            )
        changes: dict[str, object] = {}
        if "type" not in given:
            changes["type"] = field.type
            fits = column.range is None or field.type.startswith(NUMBERS)
            require(fits, f"{place}: a range goes with numbers, not with type {field.type}")
        factor = column.multiply
        if column.range is None and str(changes.get("type", column.type)).startswith(NUMBERS):
            changes["range"] = field.range
        if column.unit:
            require("multiply" not in given, f"{place}: give `unit` or `multiply`, not both")
            changes["multiply"] = factor = reso.factor(column.unit, field.unit, place)
        kinds = {str(changes.get("type", column.type)), field.type}
        if factor == 1 and (len(kinds) == 1 or kinds == ALIKE):
            inherited = [a for a in field.aliases if own.get(plain(a), name) == name]
            named = [name] if _counts(name, factor) else []
            changes["aliases"] = list(dict.fromkeys([*column.aliases, *named, *inherited]))
        columns[name] = column.model_copy(update=changes)
    return contract.model_copy(update={"columns": columns})


def _counts(name: str, factor: float) -> bool:
    """Whether a column's canonical name is a header of it: not if the column is in another unit
    than the name says, or the name means different things in different exports."""
    return factor == 1 and plain(name) not in reso.doubtful()


def match(contract: Contract, headers: Iterable[str]) -> dict[str, str]:
    """Canonical name -> header, for each contract column that `headers` carries.

    A column without a header of its own takes that of its `instead`; the two then share it.
    """
    by_plain: dict[str, str] = {}
    for header in headers:
        by_plain.setdefault(plain(header), header)
    found = {}
    for name, column in contract.columns.items():
        names = [*column.aliases, *([name] if _counts(name, column.multiply) else [])]
        for alias in names:
            if plain(alias) in by_plain:
                found[name] = by_plain[plain(alias)]
                break
    shared = {
        name: found[column.instead]
        for name, column in contract.columns.items()
        if name not in found and column.instead in found
    }
    return found | shared


def missing_required(contract: Contract, headers: list[str]) -> list[str]:
    """One clause per required column that `headers` lack, naming the nearest header."""
    found = match(contract, headers)
    free = [header for header in headers if header not in found.values()]
    clauses = []
    for name, column in contract.columns.items():
        if column.required and name not in found:
            aliases = [alias for alias in column.aliases if alias != name] or [name]
            told = " or ".join(map(repr, aliases[:SHOWN]))
            more = f" or {len(aliases) - SHOWN} others" if len(aliases) > SHOWN else ""
            near = difflib.get_close_matches(aliases[0], free, n=1, cutoff=0.6)
            hint = f"; the nearest header is {near[0]!r}" if near else ""
            clauses.append(f"{name} (as {told}{more}{hint})")
    return clauses
