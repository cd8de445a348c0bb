"""Addresses in one standard form: each distinct text is read once, never row by row.

Plain forms ("123 North Main Street #4, Houston, TX 77001") are read by rules on the tables of
USPS Publication 28 that `scourgify` carries; whatever else is left to that library, whose model
is slow. A reading counts only if its standard form reads the same again.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

import pandas as pd

from lib.listings.identity.street_names import ORDINALS
from lib.listings.identity.streets import (
    INSIDE,
    ORDINAL,
    PLACES,
    SHORT,
    SIMPLE,
    clean_address,
    is_legible,
    is_unit,
    parse_house_number,
    parse_street,
    parse_unit,
    standardize_street,
    state_codes,
    usps_tables,
)

NUMBER = r"[A-Z]*[0-9][A-Z0-9]*(?:-[A-Z0-9]+)?(?: [0-9]/[0-9])?"
ZIP = "(?!00000)([0-9]{5})(?:-([0-9]{4}))?"  # 00000 is none
COUNTRY = ",? (?:USA|UNITED STATES(?: OF AMERICA)?)|, US|(?<=[0-9]{4}) US"
TAIL = (
    r"(?:(?P<city>[A-Z][A-Z -]*?)\s)??(?P<state>{states})?\s*"
    r"(?P<zip>[0-9]{{5}}(?:-[0-9]{{4}})?)?"
)


class AddressParts(NamedTuple):
    """An address in standard form, upper case; names are RESO's. A part it lacks is None."""

    street_number: str | None = None
    street_dir_prefix: str | None = None
    street_name: str | None = None
    street_suffix: str | None = None
    street_dir_suffix: str | None = None
    unit_number: str | None = None
    city: str | None = None
    state_or_province: str | None = None
    postal_code: str | None = None
    postal_code_plus4: str | None = None

    def line(self) -> str:
        """The address as one text, which reads as these parts again."""
        street = " ".join(filter(None, self[:5]))
        unit = f" UNIT {self.unit_number}" if self.unit_number else ""
        code = "-".join(filter(None, self[8:]))
        last = " ".join(filter(None, [self.state_or_province, code]))
        return ", ".join(filter(None, [street + unit, self.city, last]))


@cache
def _tail() -> re.Pattern[str]:
    longest = sorted(state_codes(), key=len, reverse=True)  # WEST VIRGINIA before VIRGINIA
    return re.compile(TAIL.format(states="|".join(longest)))


def _number_first(text: str) -> AddressParts | None:
    """Number, street and unit of a first line; None where it does not begin with a number."""
    match = re.fullmatch(rf"({NUMBER}) (.+)", text)
    if not match or re.fullmatch(ORDINAL, match[1]):
        return None
    before, name, suffix, after, inside = parse_street(match[2])
    return (
        AddressParts(parse_house_number(match[1]), before, name, suffix, after, inside)
        if name
        else None
    )


def parse_by_rules(text: str) -> AddressParts | None:
    """The parts of a cleaned address of a plain form; None where the form is any other."""
    first, *rest = text.split(", ")
    parts = _number_first(first)
    if parts is None or not parts.street_suffix or not _plain(str(parts.street_name)):
        return None
    named = (parts.unit_number or "").split()
    unit_words = INSIDE.keys() | PLACES
    if not all(len(word) == 1 or word in unit_words or re.search("[0-9]", word) for word in named):
        return None  # a town without a comma before it
    if rest and is_unit(rest[0]) and not parts.unit_number:
        parts = parts._replace(unit_number=parse_unit(rest.pop(0)))
    if not rest:
        return parts
    last = _tail().fullmatch(rest[-1])
    if last is None or len(rest) > 2 or (len(rest) == 2 and last["city"]):
        city = rest[-1] if len(rest) == 1 and re.fullmatch("[A-Z][A-Z -]*", rest[-1]) else None
        return parts._replace(city=city) if city else None
    city = rest[0] if len(rest) == 2 else last["city"]
    if city and not re.fullmatch("[A-Z][A-Z -]*", city):
        return None
    code = re.fullmatch(ZIP, last["zip"] or "")
    state = state_codes().get(last["state"] or "")
    return parts._replace(
        city=city,
        state_or_province=state,
        postal_code=code[1] if code else None,
        postal_code_plus4=code[2] if code else None,
    )


def _plain(name: str) -> bool:
    """Whether a street's name is up to three words that mean nothing else in an address."""
    directions, suffixes, _ = usps_tables()
    odd = directions.keys() | suffixes.keys() | SIMPLE | INSIDE.keys()
    words = name.split()
    return len(words) <= 3 and all(
        re.fullmatch(rf"[A-Z]{{2,}}|{ORDINAL}", word) and word not in odd for word in words
    )


def parse_by_library(text: str) -> AddressParts | None:
    """The parts of a cleaned address by usaddress-scourgify, for any form that it can read."""
    from scourgify import normalize_address_record
    from scourgify.exceptions import AddressNormalizationError

    try:
        record = normalize_address_record(text)
    except AddressNormalizationError:
        return None
    parts = _number_first(clean_address(record["address_line_1"] or ""))
    if parts is None:
        return None
    code = re.fullmatch(ZIP, record["postal_code"] or "")
    state = clean_address(record["state"] or "")
    parts = parts._replace(
        unit_number=parse_unit(record["address_line_2"] or "") or parts.unit_number,
        city=clean_address(record["city"] or "").replace(",", "") or None,
        state_or_province=state_codes().get(state, state) or None,
        postal_code=code[1] if code else None,
        postal_code_plus4=code[2] if code else None,
    )
    return parts if _letters(text) <= _letters(parts.line()) else None


def _letters(text: str) -> Counter[str]:
    """How often each letter and digit stands in a cleaned address, its words in short form: what
    the library dropped of 12 & 14 Elm St shows in it."""
    directions, suffixes, _ = usps_tables()
    short = directions | suffixes | INSIDE | PLACES | SHORT | ORDINALS
    for name in sorted(state_codes(), key=len, reverse=True):
        text = re.sub(rf"\b{name}\b", state_codes()[name], text)
    words = re.sub("[^A-Z0-9 ]", " ", re.sub(r"\b00000\b(-[0-9]{4})?", "", text)).split()
    words = [short.get(word, word) for word in words if word not in SIMPLE | {"NO"}]
    words = [word[:-2] if re.fullmatch(ORDINAL, word) else word.lstrip("0") for word in words]
    return Counter("".join(words))


def parse_address(text: str) -> AddressParts | None:
    """The parts of an address as somebody wrote it; None where it cannot be read, where it holds a
    decimal number or is not `is_legible`, or where its standard form would read as something
    else."""
    text = re.sub(r"([0-9]{5}|[^0-9])\ufffd+\s*\Z", r"\1", text)  # of no letter, at the very end
    if not is_legible(text):
        return None
    text = _ended(clean_address(text))
    if "." in text:
        return None
    text = re.sub(rf"\A({NUMBER}) (.+)\Z", _in_one_form, text)
    parts = parse_by_rules(text) or parse_by_library(text)
    if parts is None or _unit_as_city(text, parts.city or ""):
        return None
    if parts.line() == text:
        return parts
    again = parse_by_rules(parts.line()) or parse_by_library(parts.line())
    return parts if again == parts else None


def _in_one_form(found: re.Match[str]) -> str:
    """A cleaned address with its street's name in its one form; a number as in 3rd St is none."""
    if re.fullmatch(ORDINAL, found[1]):
        return found[0]
    return f"{found[1]} {standardize_street(found[2])}"


def _ended(text: str) -> str:
    """A cleaned address without country, without county behind the ZIP or between city and state,
    and with one form of ZIP+4 (770011234, 77001 - 1234)."""
    named = "|".join(state_codes())
    text = re.sub(rf"({COUNTRY})\Z", "", text)
    text = re.sub(r"(?<=[0-9]{4}), [A-Z][A-Z -]* COUNTY\Z", "", text)
    code = r"([0-9]{5})(?: ?- ?)?([0-9]{4})\Z"
    text = re.sub(rf"(\b(?:{named})|,) {code}", r"\1 \2-\3", text)
    return re.sub(rf"(, [A-Z -]+), [A-Z][A-Z -]* COUNTY(?=, (?:{named})\b[ 0-9-]*\Z)", r"\1", text)


def _unit_as_city(text: str, city: str) -> bool:
    """Whether a unit such as UPPER was read as the city, or as its first word: without a comma
    nobody can tell 5 Elm Upper, Marlboro from 5 Elm, Upper Marlboro."""
    begins = city.split(" ")[0] in PLACES
    return begins and (is_unit(city) or f", {city}" not in text)


def parse_addresses(texts: pd.Series) -> pd.DataFrame:
    """Parse addresses as `parse_address` does, each distinct text once.

    Parameters
    ----------
    texts : Series of str, shape (n,)
        Whole addresses; missing ones and blank ones have no parts.

    Returns
    -------
    DataFrame of str, shape (n, 10)
        One column for each of `AddressParts`.
    """
    codes, distinct = pd.factorize(texts.str.strip().mask(lambda text: text == ""))
    read = [parse_address(text) or AddressParts() for text in distinct]
    return _spread(pd.DataFrame(read, columns=AddressParts._fields), codes, texts.index)


def parse_streets(texts: pd.Series) -> pd.DataFrame:
    """Parse streets without their numbers as `streets.parse_street` does, each distinct text once.

    Parameters
    ----------
    texts : Series of str, shape (n,)

    Returns
    -------
    DataFrame of str, shape (n, 5)
        The columns of `AddressParts` from the direction before the name to the unit.
    """
    codes, distinct = pd.factorize(texts)
    read = [parse_street(text) for text in distinct]
    return _spread(pd.DataFrame(read, columns=AddressParts._fields[1:6]), codes, texts.index)


def _spread(distinct: pd.DataFrame, codes: object, index: pd.Index) -> pd.DataFrame:
    """The rows of `distinct` at `codes`; -1 is a row of missing values."""
    return distinct.astype("str").reindex(codes).set_axis(index)
