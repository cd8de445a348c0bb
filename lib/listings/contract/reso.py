"""The RESO Data Dictionary fields that REML knows: type, unit, range and the headers they go by.

The data is `reso.yaml` beside this module, which says what each key means; and
`property_classes.yaml`, what the words of property types mean: a home, land, a farm, parking ...
"""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from pathlib import Path
from typing import Literal, get_args

from lib.common.errors import require
from lib.common.params import Section, read_yaml, validate
from lib.common.vocabulary import DOMAINS

RESO_FILE = Path(__file__).with_name("reso.yaml")
# signs that only part or adorn the words of a header; any other (% / + * $ ...) changes its meaning
ADORNING = frozenset("_.,:;'\"`()[]{}?!\u00b4\u2018\u2019\u201c\u201d")
CURRENCY_SIGNS = frozenset("$€£¥")

WORDS_FILE = Path(__file__).with_name("property_classes.yaml")
PropertyClass = Literal[
    "residential",  # a home for one household, or its lease
    "income",  # a building of several homes
    "manufactured",  # on wheels once, or in a park
    "land",
    "farm",
    "commercial",
    "business",
    "parking",  # and boat slips, storage
    "other",  # parts of property: timeshares, rights
]
CLASSES: tuple[str, ...] = get_args(PropertyClass)
HOME = "residential"
UNSTATED = "unstated"  # the feed says nothing of the kind: valued as any other row
UNKNOWN = "unknown"  # the feed says something that nobody has explained: stands apart
MUTE, TORN = "mute", "torn"  # words without any hint, and words whose hints disagree
TYPE, SUB_TYPE, CLASS = "property_type", "property_sub_type", "property_class"

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
    unit_from: str | None = None  # the field that says its unit row by row
    frequency_from: str | None = None  # the field that says how often it is paid, row by row
    changed_by: list[str] = []  # fields that it is wrong without, where an export has them

    @property
    def companions(self) -> list[str]:
        """The fields that change its meaning."""
        return [name for name in (self.unit_from, self.frequency_from) if name] + self.changed_by

    @property
    def is_money(self) -> bool:
        """Whether a currency sign in its header says nothing new."""
        return (self.unit or "").startswith("currency")


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


def _words_of(name: str) -> tuple[str, ...]:
    """The only words that REML acts upon in a coded column, as RESO writes them; none where any
    word will do."""
    book = load_dictionary()
    if name == "domain":
        return DOMAINS
    if name == "standard_status":
        return tuple(book.statuses)
    if name in book.fields and name.endswith("_frequency"):
        return tuple(dict.fromkeys([*book.payments, *book.payment_words]))
    return tuple(book.areas) if name in book.fields and name.endswith("_units") else ()


def unknown_word_message(name: str, word: str) -> str:
    """What is wrong with a word of a coded column, with the nearest of RESO's; "" where nothing."""
    words = _words_of(name)
    if not words or word in words:
        return ""
    book = load_dictionary()
    local = {**book.statuses, **book.payment_words, **book.area_words}  # of each, what others say
    meant = {other.casefold(): one for one in words for other in (*local.get(one, ()), one)}
    near = difflib.get_close_matches(word.casefold(), meant, n=1)
    hint = f"; {meant[near[0]]} is meant?" if near else ""
    whose = "" if name == "domain" else " of RESO's"
    return f"{word!r} is no {name}{whose} ({', '.join(words)}){hint}"


def fold_header(header: str) -> str:
    """A header as it is compared: small letters and digits, and the signs that change its meaning.

    Spaces, dots, brackets, quotes, underscores and hyphens inside go; `%`, `/`, `+`, `*`, `$`, `#`
    and all other signs stay, as does a hyphen at either end, and letters of any script.

    Examples
    --------
    >>> fold_header("Sq. Ft. (Total)"), fold_header("$/SqFt"), fold_header("Beds +")
    ('sqfttotal', '$/sqft', 'beds+')
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", header).casefold())
    text = text.replace("\u2044", "/")  # of 1/2 as one character
    kept = [c for c in text if c not in ADORNING and unicodedata.category(c)[0] not in "ZC"]
    inner = kept[1:-1] if len(kept) > 1 else []
    words = [c for c in inner if unicodedata.category(c) != "Pd"]
    return "".join([*kept[:1], *words, *(kept[-1:] if len(kept) > 1 else [])])


def meaningful_signs(header: str) -> frozenset[str]:
    """The signs of a header that change its meaning; `#` is a word, "number"."""
    return frozenset(c for c in fold_header(header) if unicodedata.category(c)[0] in "PS") - {"#"}


def fold_money(header: str) -> str:
    """A header of an amount of money as it is compared: "List Price ($)" is "List Price"."""
    return "".join(c for c in fold_header(header) if c not in CURRENCY_SIGNS)


def find_field(header: str) -> str | None:
    """The field that a header names outright."""
    name = fields_by_header().get(fold_header(header))
    if name is None:
        name = fields_by_header().get(fold_money(header))
        name = name if name and load_dictionary().fields[name].is_money else None
    return name


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


class ClassWords(Section):
    """All of property_classes.yaml, which says what each key means."""

    words: dict[PropertyClass, list[str]]
    hints: dict[PropertyClass, list[str]]
    idle: list[str]
    silent: list[str]
    mute: list[str]
    let: list[str]


@functools.cache
def load_class_words() -> ClassWords:
    """The table. Raises `RemlError` if somebody edited it into nonsense."""
    return validate(ClassWords, read_yaml(WORDS_FILE), str(WORDS_FILE))


def _split_word(text: str) -> tuple[str, ...]:
    """The parts of a word: MultiFamily and "Multi-Family" are both (multi, family).

    Examples
    --------
    >>> _split_word("Lots/Land"), _split_word("UnimprovedLand"), _split_word("2-4 Units")
    (('lot', 'land'), ('unimproved', 'land'), ('2', '4', 'unit'))
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.replace("'", ""))
    parts = re.findall(r"[^\W\d_]+|\d+", spaced.lower())
    return tuple(p[:-1] if len(p) > 3 and p.endswith("s") and p[-2] != "s" else p for p in parts)


@functools.cache
def fold_word(text: str) -> str:
    """A word as it is compared: its parts in one, idle ones left out (empty: it says nothing)."""
    idle = set(load_class_words().idle)
    return "".join(part for part in _split_word(text) if part not in idle)


@functools.cache
def _classes_by_word() -> dict[str, str]:
    """Each whole word of the table in folded form -> its class, UNSTATED or MUTE."""
    book = load_class_words()
    out: dict[str, str] = {
        fold_word(word): name for name, words in book.words.items() for word in words
    }
    out |= {fold_word(word): UNSTATED for word in book.silent}
    return out | {fold_word(word): MUTE for word in book.mute}


@functools.cache
def _hint_classes(text: str) -> frozenset[str]:
    """The classes that parts of a word hint at."""
    parts = set(_split_word(text))
    return frozenset(c for c, words in load_class_words().hints.items() if parts & set(words))


def classify_word(text: str) -> tuple[str, bool]:
    """The class of one cell, and whether a whole word of the table says it.

    Beside the classes there are UNSTATED (blank, or words such as Sale alone), MUTE and TORN. Of a
    list (`Condominium, Townhouse`) all that say something have to agree.
    """
    if not fold_word(text):
        return UNSTATED, True
    whole = _classes_by_word().get(fold_word(text))
    if whole:
        return whole, True
    parts = [part for part in re.split(r"[,;|]", text) if part.strip()]
    if len(parts) > 1:
        each = {classify_word(part) for part in parts}
        names = {name for name, _ in each} - {UNSTATED, MUTE}
        if names:
            return (names.pop(), all(sure for _, sure in each)) if len(names) == 1 else (TORN, True)
    hints = _hint_classes(text)
    if len(hints) == 1:
        return next(iter(hints)), False
    return (TORN if hints else MUTE), False


def classify_pair(kind: str, sub: str, stated: dict[str, str]) -> tuple[str, str | None]:
    """The class of a property type and sub type, and the column whose word leaves it UNKNOWN.

    Parameters
    ----------
    kind, sub : str
        The two cells as the export wrote them; blank where there is none.
    stated : dict of str to str
        The contract's words, folded -> class.

    Returns
    -------
    class_name : str
    column : str or None

    Notes
    -----
    The narrower word counts: a Residential that is a Boat Slip is no home. The other way round it
    does not: a Single Family among Lots is a lot for one. A type that only parts of its word hint
    at is taken; a sub type, which may be a style of house, has to be a whole word of the table.
    """
    if fold_word(sub) in stated:
        return stated[fold_word(sub)], None
    narrow, sure = classify_word(sub)
    broad = stated.get(fold_word(kind)) or classify_word(kind)[0]
    if narrow in CLASSES and narrow != HOME and (sure or broad != HOME):
        return narrow, None
    if broad in CLASSES:
        doubtful = broad == HOME and (narrow == TORN or (narrow in CLASSES and narrow != HOME))
        return (UNKNOWN, SUB_TYPE) if doubtful else (broad, None)
    if narrow == HOME:
        return HOME, None
    if broad in (MUTE, TORN):
        return UNKNOWN, TYPE
    return (UNSTATED, None) if narrow == UNSTATED else (UNKNOWN, SUB_TYPE)
