"""Addresses in one standard form: each distinct text is read once, never row by row.

Plain forms ("123 North Main Street #4, Houston, TX 77001") are read by rules on the tables of
USPS Publication 28 that `scourgify` carries; whatever else is left to that library, whose model
is slow. A reading counts only if its standard form reads the same again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

import pandas as pd

SIMPLE = {"#", "APT", "APARTMENT", "UNIT", "STE", "SUITE"}  # say no more than that a unit follows
INSIDE = {
    "BLDG": "BLDG", "BUILDING": "BLDG", "FL": "FL", "FLOOR": "FL", "LOT": "LOT", "RM": "RM",
    "ROOM": "RM", "SPC": "SPC", "SPACE": "SPC", "TRLR": "TRLR", "TRAILER": "TRLR",
}  # fmt: skip
ROUTES = {"FM", "RM", "RR", "CR", "SH", "US", "IH", "HWY", "RD", "RTE"}  # a bare number follows
NO_UNIT = {"", "N/A", "NA", "NONE", "-"}
NUMBER = r"[A-Z]*[0-9][A-Z0-9]*(?:-[A-Z0-9]+)?(?: [0-9]/[0-9])?"
ORDINAL = r"[0-9]*(?:1ST|2ND|3RD|[0-9]TH)"
TAIL = (
    r"(?:(?P<city>[A-Z][A-Z -]*?)\s)??(?P<state>{states})?\s*(?P<zip>[0-9]{{5}}(?:-[0-9]{{4}})?)?"
)


class Parts(NamedTuple):
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
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Directions, street suffixes and states, each in long and short form -> the short one."""
    from scourgify import address_constants as usps  # here, since its model takes a while to load

    def both(names: dict[str, str]) -> dict[str, str]:
        return {short: short for short in names.values()} | names

    return (
        both(usps.DIRECTIONAL_REPLACEMENTS),
        both(usps.STREET_TYPE_ABBREVIATIONS),
        both(usps.STATE_ABBREVIATIONS),
    )


def states() -> dict[str, str]:
    """US states in long and short form -> the two letters."""
    return _tables()[2]


@cache
def _tail() -> re.Pattern[str]:
    longest = sorted(states(), key=len, reverse=True)  # WEST VIRGINIA before VIRGINIA
    return re.compile(TAIL.format(states="|".join(longest)))


def clean(text: str) -> str:
    """Upper case ASCII, accents and points dropped, one space between words, ", " for breaks."""
    text = re.sub(r"[\r\n;]+", ",", text)
    for _ in range(2):  # some characters come apart only once they are capitals
        text = unicodedata.normalize("NFKD", text).upper()
    text = text.replace("\u2044", "/").encode("ascii", "ignore").decode()
    text = re.sub(r"[.'`\"]", "", text)
    text = re.sub(r"[^A-Z0-9#,/&-]+", " ", text).replace("#", " # ")
    text = re.sub(r"\s*,[\s,]*", ", ", text)
    return re.sub(r"\s+", " ", text).strip(" ,")


def unit(text: str) -> str | None:
    """The unit alone: "Apt #4", "# 4" and "4" are one, "Bldg 2 Unit 4" is BLDG 2 4."""
    words = [INSIDE.get(word, word) for word in clean(text).replace(",", "").split()]
    plain = " ".join(word for word in words if word not in SIMPLE)
    return None if plain in NO_UNIT else plain


def street(text: str) -> tuple[str | None, ...]:
    """(direction before, name, suffix, direction after, unit) of a street without its number.

    Words whose parts would read as others the next time are a name as they stand.
    """
    words = clean(text).replace(",", "").split()
    parts = _split(words)
    again = [
        *" ".join(filter(None, parts[:4])).split(),
        *(f"UNIT {parts[4]}".split() if parts[4] else []),
    ]
    return parts if _split(again) == parts else (None, " ".join(words) or None, None, None, None)


def _split(words: list[str]) -> tuple[str | None, ...]:
    """What `street` returns, of words that a second reading may read differently."""
    at = _unit_at(words)
    found = unit(" ".join(words[at:]))
    directions, suffixes, _ = _tables()
    words, before, after, suffix = words[:at], None, None, None
    named = len(words) == 2 and words[1] in suffixes  # the name of North Street is North
    if len(words) > 1 and words[0] in directions and not named:
        before, words = directions[words[0]], words[1:]
    if len(words) > 1 and words[-1] in directions:
        after, words = directions[words[-1]], words[:-1]
    if len(words) > 1 and words[-1] in suffixes:
        suffix, words = suffixes[words[-1]], words[:-1]
        if len(words) == 1 and words[0].isdigit():
            words = [_ordinal(words[0])]
    elif words and (len(words) > 1 or after) and words[0] in suffixes:  # Avenue Q
        words = [suffixes[words[0]], *words[1:]]
    return before, " ".join(_routes(words)) or None, suffix, after, found


def _routes(words: list[str]) -> list[str]:
    """The words of a name with roads that go by numbers in one form: County Rd 12, FM 1960."""
    suffixes, out = _tables()[1], list(words)
    for index, word in enumerate(words[1:], start=1):
        if out[index - 1] in suffixes and word[0].isdigit():
            out[index - 1] = suffixes[out[index - 1]]
        if out[index - 1] in ROUTES and re.fullmatch(ORDINAL, word):  # 1960TH, as the library says
            out[index] = word[:-2]
    return out


def _ordinal(number: str) -> str:
    last = {"1": "ST", "2": "ND", "3": "RD"}.get(number[-1], "TH")
    return number + ("TH" if number[-2:] in ("11", "12", "13") else last)


def _unit_at(words: list[str]) -> int:
    """Where the unit begins: at a word such as APT that something like a unit's name follows."""
    for index in range(1, len(words) - 1):
        after = words[index + 1]
        named = after in SIMPLE or len(after) == 1 or any(map(str.isdigit, after))
        if words[index] == "#" or (words[index] in SIMPLE | INSIDE.keys() and named):
            return index
        if words[index] in SIMPLE and after in INSIDE:
            return index
    return len(words)


def _number_first(text: str) -> Parts | None:
    """Number, street and unit of a first line; None where it does not begin with a number."""
    found = re.fullmatch(rf"({NUMBER}) (.+)", text)
    if not found or re.fullmatch(ORDINAL, found[1]):
        return None
    before, name, suffix, after, inside = street(found[2])
    return Parts(found[1], before, name, suffix, after, inside) if name else None


def by_rules(text: str) -> Parts | None:
    """The parts of a cleaned address of a plain form; None where the form is any other."""
    first, *rest = text.split(", ")
    parts = _number_first(first)
    if parts is None or not parts.street_suffix or not _plain(str(parts.street_name)):
        return None
    named = (parts.unit_number or "").split()
    if not all(len(word) == 1 or word in INSIDE or re.search("[0-9]", word) for word in named):
        return None  # a town without a comma before it
    if rest and rest[0].split()[0] in SIMPLE | INSIDE.keys() and not parts.unit_number:
        parts = parts._replace(unit_number=unit(rest.pop(0)))
    if not rest:
        return parts
    last = _tail().fullmatch(rest[-1])
    if last is None or len(rest) > 2 or (len(rest) == 2 and last["city"]):
        city = rest[-1] if len(rest) == 1 and re.fullmatch("[A-Z][A-Z -]*", rest[-1]) else None
        return parts._replace(city=city) if city else None
    city = rest[0] if len(rest) == 2 else last["city"]
    if city and not re.fullmatch("[A-Z][A-Z -]*", city):
        return None
    code, _, plus4 = (last["zip"] or "").partition("-")
    state = states().get(last["state"] or "")
    return parts._replace(
        city=city,
        state_or_province=state,
        postal_code=code or None,
        postal_code_plus4=plus4 or None,
    )


def _plain(name: str) -> bool:
    """Whether a street's name is up to three words that mean nothing else in an address."""
    directions, suffixes, _ = _tables()
    odd = directions.keys() | suffixes.keys() | SIMPLE | INSIDE.keys()
    words = name.split()
    return len(words) <= 3 and all(
        re.fullmatch(rf"[A-Z]{{2,}}|{ORDINAL}", word) and word not in odd for word in words
    )


def by_library(text: str) -> Parts | None:
    """The same by usaddress-scourgify, for any form that it can read."""
    from scourgify import normalize_address_record
    from scourgify.exceptions import AddressNormalizationError

    try:
        found = normalize_address_record(text)
    except AddressNormalizationError:
        return None
    parts = _number_first(clean(found["address_line_1"] or ""))
    if parts is None:
        return None
    code = re.fullmatch("([0-9]{5})(?:-([0-9]{4}))?", found["postal_code"] or "")
    state = clean(found["state"] or "")
    return parts._replace(
        unit_number=unit(found["address_line_2"] or "") or parts.unit_number,
        city=clean(found["city"] or "").replace(",", "") or None,
        state_or_province=states().get(state, state) or None,
        postal_code=code[1] if code else None,
        postal_code_plus4=code[2] if code else None,
    )


def parse(text: str) -> Parts | None:
    """The parts of an address as somebody wrote it; None where it cannot be read, or where its
    standard form would read as something else."""
    text = clean(text)
    parts = by_rules(text) or by_library(text)
    if parts is None or parts.line() == text:
        return parts
    again = by_rules(parts.line()) or by_library(parts.line())
    return parts if again == parts else None


def parse_all(texts: pd.Series) -> pd.DataFrame:
    """`parse` of each text (missing: no parts), one column for each of `Parts`."""
    codes, distinct = pd.factorize(texts.str.strip().mask(lambda text: text == ""))
    read = [parse(text) or Parts() for text in distinct]
    return _spread(pd.DataFrame(read, columns=Parts._fields), codes, texts.index)


def street_all(texts: pd.Series) -> pd.DataFrame:
    """`street` of each text: the columns of `Parts` from the direction before to the unit."""
    codes, distinct = pd.factorize(texts)
    read = [street(text) for text in distinct]
    return _spread(pd.DataFrame(read, columns=Parts._fields[1:6]), codes, texts.index)


def _spread(distinct: pd.DataFrame, codes: object, index: pd.Index) -> pd.DataFrame:
    """The rows of `distinct` at `codes`; -1 is a row of missing values."""
    return distinct.astype("str").reindex(codes).set_axis(index)
