"""Streets and units in one standard form, by the words of USPS Publication 28."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from lib.listings.identity.street_names import ORDINALS, move_direction, standardize_name

SIMPLE = {"#", "APT", "APARTMENT", "UNIT", "STE", "SUITE"}  # say no more than that a unit follows
INSIDE = {
    "BLDG": "BLDG", "BUILDING": "BLDG", "FL": "FL", "FLOOR": "FL", "LOT": "LOT", "RM": "RM",
    "ROOM": "RM", "SPC": "SPC", "SPACE": "SPC", "TRLR": "TRLR", "TRAILER": "TRLR",
}  # fmt: skip
PLACES = {
    "UPPER": "UPPR", "UPPR": "UPPR", "UPSTAIRS": "UPPR", "LOWER": "LOWR", "LOWR": "LOWR",
    "DOWNSTAIRS": "LOWR", "FRONT": "FRNT", "FRNT": "FRNT", "REAR": "REAR", "SIDE": "SIDE",
    "LEFT": "LEFT", "RIGHT": "RIGHT", "BASEMENT": "BSMT", "BSMT": "BSMT", "PENTHOUSE": "PH",
    "PH": "PH",
}  # units by where they lie in the house, which need no word before them  # fmt: skip
ROUTES = {"FM", "RM", "RR", "CR", "SH", "US", "IH", "HWY", "RD", "RTE"}  # a bare number follows
NO_UNIT = {"", "N/A", "NA", "NONE", "-"}
SHORT = {"SAINT": "ST", "MOUNT": "MT", "FORT": "FT"}  # before another word of a name
LETTERED = {"ST", "AVE"}  # towns name such by letters: N St is not North St
SILENT = {"Mn", "Me", "Cf", "Cc", "Pi", "Pf", "Pd", "Zs"}  # accents, marks, quotes, dashes, spaces
BLANK = {"Po", "Ps", "Pe", "Pc", "Sm", "Sc", "Sk", "So", "Zl", "Zp"}  # bullets, stars: a space
APOSTROPHES = "[\u02b9-\u02bf\u2032]"  # the okina among them
TRADE = "[\u2120\u2122]"  # marks that would come apart into the letters SM and TM
HIDDEN = "\ufffd\u00b0"  # a letter that was lost, and a raised o
RAISED = ("<super>", "<sub>", "<fraction>", "<circle>")  # 100\u00b2 is no 1002
ORDINAL = r"[0-9]*(?:1ST|2ND|3RD|[0-9]TH)"


@cache
def usps_tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Directions, street suffixes and states, each in long and short form -> the short one."""
    from scourgify import address_constants as usps  # here, since its model takes a while to load

    def both(names: dict[str, str]) -> dict[str, str]:
        return {short: short for short in names.values()} | names

    return (
        both(usps.DIRECTIONAL_REPLACEMENTS),
        both(usps.STREET_TYPE_ABBREVIATIONS),
        both(usps.STATE_ABBREVIATIONS),
    )


def standardize_street(street: str) -> str:
    """A cleaned street without its number, with the name it begins with in its one form."""
    return standardize_name(street, *_usps_words())


@cache
def _usps_words() -> tuple[frozenset[str], frozenset[str]]:
    """Directions and street suffixes, long and short: one object each, whose hash is kept."""
    directions, suffixes, _ = usps_tables()
    return frozenset(directions), frozenset(suffixes)


def state_codes() -> dict[str, str]:
    """US states in long and short form -> the two letters."""
    return usps_tables()[2]


def clean_address(text: str) -> str:
    """Upper case ASCII (see `is_legible`), accents and points dropped, one space between
    words, ", " for breaks.

    A number as spreadsheets write it is the whole one (123.0 is 123); the point of any other
    decimal stays, or 12.5 would be number 125.
    """
    text = re.sub(r"[\r\n;]+", ",", re.sub("[\u2010-\u2015\u2212]", "-", text))
    text = re.sub(TRADE, " ", re.sub(APOSTROPHES, "", text))
    for _ in range(2):  # some characters come apart only once they are capitals
        text = unicodedata.normalize("NFKD", text).upper()
    text = re.sub(r"[^\x00-\x7f]", _plain_sign, text.replace("\u2044", "/"))
    text = re.sub(r"\.{2,}", " ", re.sub(r"['`\"]", "", text))
    text = re.sub(r"(?<![0-9.])([0-9]+)\.0+(?![0-9A-Z.])", r"\1", text)
    text = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "", text)
    text = re.sub(r"[^A-Z0-9#,/&.-]+", " ", text).replace("#", " # ")
    text = re.sub(r"(?<=[A-Z]) ?& ?(?=[A-Z])", " AND ", text)  # Rock & Roll Ln, but 12 & 14 Elm St
    text = re.sub(r"\s*,[\s,]*", ", ", text)
    return re.sub(r"\s+", " ", text).strip(" ,")


def _plain_sign(found: re.Match[str]) -> str:
    """What stands for a character that is not ASCII: nothing, or a space for a sign of BLANK."""
    return " " if unicodedata.category(found[0]) in BLANK else ""


def is_legible(text: str) -> bool:
    """Whether `clean_address` loses no letter or digit that tells one address from another:
    accents, apostrophes and bullets are none; a superscript, a letter of another alphabet or one in
    a sign (a squared A) is."""
    for letter in re.sub(rf"[\x00-\x7f]|{APOSTROPHES}|{TRADE}", "", text):
        form = unicodedata.decomposition(letter)
        apart = unicodedata.normalize("NFKD", letter).upper()
        if form.startswith(RAISED) or any(map(_lost, unicodedata.normalize("NFKD", apart))):
            return False
    return True


def _lost(letter: str) -> bool:
    if ord(letter) < 128 or unicodedata.category(letter) in SILENT:
        return False
    signs = unicodedata.category(letter) in BLANK and letter not in HIDDEN
    return not signs or " LETTER " in unicodedata.name(letter, "")


def parse_house_number(text: str) -> str | None:
    """A house number without the zeros before it; None for a blank one, a decimal, and one that is
    not `is_legible`."""
    plain = clean_address(text) if is_legible(text) else ""
    return None if "." in plain else re.sub(r"\A0+(?=[0-9])", "", plain) or None


def parse_unit(text: str) -> str | None:
    """The unit alone: "Apt #4", "# 4" and "4" are one, "Bldg 2 Unit 4" is BLDG 2 4. One that is not
    `is_legible` stays as it is written: without it the flat would be the house."""
    if not is_legible(text):
        return " ".join(text.split())
    words = [
        (INSIDE | PLACES).get(word, word) for word in clean_address(text).replace(",", "").split()
    ]
    plain = " ".join(word for word in words if word not in SIMPLE)
    plain = re.sub(r"\b(?:NO )+(?=[0-9])", "", plain)  # No. 4
    one = re.fullmatch(r"0*([0-9]+)[- ]?([A-Z]?)|([A-Z])[- ]?0*([0-9]+)", plain)
    plain = "".join(filter(None, one.groups())) if one else plain  # 4-B, 4 B, #04
    return None if plain in NO_UNIT else plain


def is_unit(text: str) -> bool:
    """Whether a cleaned text between commas is a unit and no town (Upper Marlboro is one)."""
    words = text.split()
    begins = words[0] in SIMPLE | INSIDE.keys() or PLACES.get(words[0]) == "PH"
    return begins or PLACES.keys() | SIMPLE >= set(words)


def parse_street(text: str) -> tuple[str | None, ...]:
    """(direction before, name, suffix, direction after, unit) of a street without its number.

    Words whose parts would read as others the next time are a name as they stand. What is not
    `is_legible` has no parts.
    """
    text = text if is_legible(text) else ""
    words = standardize_street(clean_address(text).replace(",", "")).split()
    parts = _split(words)
    again = [
        *" ".join(filter(None, parts[:4])).split(),
        *(f"UNIT {parts[4]}".split() if parts[4] else []),
    ]
    same = _split(again) == parts
    return move_direction(parts) if same else (None, " ".join(words) or None, None, None, None)


def _split(words: list[str]) -> tuple[str | None, ...]:
    """What `street` returns, of words that a second reading may read differently."""
    at = _unit_at(words)
    unit_found = parse_unit(" ".join(words[at:]))
    directions, suffixes, _ = usps_tables()
    words, before, after, suffix = words[:at], None, None, None
    core = words[:-1] if len(words) > 2 and words[-1] in directions else words
    named = len(core) == 2 and core[1] in suffixes  # the name of North Street NW is North
    if named and suffixes[core[1]] not in LETTERED:  # N Loop is no other road than North Loop
        words = [directions.get(words[0], words[0]), *words[1:]]
    elif len(words) > 1 and words[0] in directions and not named:
        before, words = directions[words[0]], words[1:]
    if len(words) > 1 and words[-1] in directions:
        after, words = directions[words[-1]], words[:-1]
    if len(words) > 1 and words[-1] in suffixes:
        suffix, words = suffixes[words[-1]], words[:-1]
        while len(words) > 1 and suffixes.get(words[-1]) == suffix:  # Oak St, and St again
            words = words[:-1]
        if len(words) == 1:
            words = [_ordinal(words[0]) if words[0].isdigit() else ORDINALS.get(words[0], words[0])]
        else:
            words = [SHORT.get(words[0], words[0]), *words[1:]]
    elif words and (len(words) > 1 or after) and words[0] in suffixes:  # Avenue Q
        words = [suffixes[words[0]], *words[1:]]
    return before, " ".join(_routes(words)) or None, suffix, after, unit_found


def _routes(words: list[str]) -> list[str]:
    """The words of a name with roads that go by numbers in one form: County Rd 12, FM 1960."""
    suffixes, out = usps_tables()[1], list(words)
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
    """Where the unit begins: at a word such as APT that something like a unit's name follows, or
    at one of PLACES behind a whole street."""
    for index, word in enumerate(words):
        rest = words[index + 1 :]
        if word in PLACES and _whole(words[:index]) and all(map(_names_unit, rest)):
            return index
    for index in range(1, len(words) - 1):
        after = words[index + 1]
        if words[index] == "#" or (words[index] in SIMPLE | INSIDE.keys() and _names_unit(after)):
            return index
        if words[index] in SIMPLE and (after in INSIDE or after == "NO"):
            return index
        if words[index] == "NO" and index == len(words) - 2 and after[0].isdigit():
            return index
    return len(words)


def _names_unit(word: str) -> bool:
    """Whether a word may stand in a unit behind one such as APT."""
    short = len(word) == 1 or any(map(str.isdigit, word))
    return short or word in SIMPLE or word in PLACES


def _whole(words: list[str]) -> bool:
    """Whether the words are a street's name and suffix, with directions or without."""
    directions, suffixes, _ = usps_tables()
    words = words[words[0] in directions :] if words else words
    words = words[:-1] if words and words[-1] in directions else words
    return len(words) > 1 and words[-1] in suffixes
