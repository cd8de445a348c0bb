"""The RESO Data Dictionary fields that REML knows: type, unit, range and the headers they go by.

The data is `reso.yaml` beside this module, which says what each key means.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Literal

from lib.common.errors import require
from lib.common.params import Section, read_yaml, validate

RESO_FILE = Path(__file__).with_name("reso.yaml")

ColumnType = Literal[
    "code",  # an identifier or category: text, never a number
    "text",  # free text
    "number",  # a decimal number; thousands separators and currency signs allowed
    "count",  # a whole number from 0
    "date",  # a calendar date in any of `formats`
    "timestamp",  # a date with a time of day
    "yes_no",  # True/False, Yes/No, Y/N, 1/0
    "postal_code",  # five digits, taken from 77901, 77901-1234 or "77901 "
    "baths_full_half",  # HAR's 2.1 = two full baths and one half bath
    "baths_full_slash_half",  # 2/1 = two full baths and one half bath
    "baths_decimal",  # 2.25 = two full baths, and a remainder counted as one half bath
]


class ResoField(Section):
    """One field of the dictionary. Its RESO name is its own name in CamelCase."""

    type: ColumnType = "code"
    unit: str | None = None
    range: tuple[float, float] | None = None
    aliases: list[str] = []
    looks: Literal["identity", "status", "lease", "words"] | None = None
    by_name: bool = False  # guessed by its name alone, not by likeness


class ResoDictionary(Section):
    """All of reso.yaml. `ambiguous`: header -> what a contract must say that claims it."""

    fields: dict[str, ResoField]
    ambiguous: dict[str, Literal["unit", "type"]]
    areas: dict[str, float]
    area_words: dict[str, list[str]]
    payments: dict[str, float]
    payment_words: dict[str, list[str]]
    statuses: dict[str, list[str]]
    leases: dict[Literal["rental", "sale"], list[str]]


@functools.cache
def load_dictionary() -> ResoDictionary:
    """The dictionary. Raises `RemlError` if somebody edited reso.yaml into nonsense."""
    return validate(ResoDictionary, read_yaml(RESO_FILE), str(RESO_FILE))


@functools.cache
def fields_by_header() -> dict[str, str]:
    """Each header that names a field outright, in plain form -> the field's name."""
    return {
        fold_header(header): name
        for name, field in load_dictionary().fields.items()
        for header in (name, *field.aliases)
        if fold_header(header) not in ambiguous_headers()
    }


@functools.cache
def ambiguous_headers() -> dict[str, str]:
    """Ambiguous headers in plain form -> `unit` or `type`."""
    return {fold_header(header): need for header, need in load_dictionary().ambiguous.items()}


def fold_header(header: str) -> str:
    """A header as it is compared: lower case, letters, digits and # only."""
    return re.sub(r"[^a-z0-9#]", "", header.lower())


def unit_factor(unit: str, to: str | None, where: str) -> float:
    """What a value in `unit` is multiplied with to be in the unit `to`.

    Raises `RemlError` naming `where` if one of the two is no unit of area and they differ.
    """
    areas = load_dictionary().areas
    if unit == to:
        return 1.0
    require(
        unit in areas and to in areas,
        f"{where}: unit {unit!r} cannot be turned into {to or 'anything'}; "
        f"units are {', '.join(areas)}, for anything else give `multiply`",
    )
    return areas[unit] / areas[str(to)]
