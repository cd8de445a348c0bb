"""Names of streets that people write in several ways, one form each: roads that go by numbers,
ordinals in words, persons. All of them work on text of `streets.clean_address`."""

from __future__ import annotations

import re
from functools import cache

# a road's kind as people write it -> the form that stands for all of them, where no town has two
# roads of one number; a number follows. HWY alone stays: it may be the state's or the country's.
ROADS = {
    r"F ?M|FARM[ -]TO[ -]MARKET": "FM",
    r"R ?M|RANCH[ -]TO[ -]MARKET": "RM",
    r"RR|RANCH (?:ROAD|RD)": "RNCH RD",
    r"S ?[HR]|(?:STATE|ST) (?:HIGHWAY|HWY|ROAD|RD|ROUTE|RTE|RT)": "STATE HWY",
    r"U ?S(?: (?:HIGHWAY|HWY|ROUTE|RTE|RT))?": "US HWY",
    r"(?:INTERSTATE|IH|I)(?: (?:HIGHWAY|HWY))?": "INTERSTATE",
    r"CR|CO RD|COUNTY (?:ROAD|RD)": "COUNTY RD",
    r"P ?R|(?:PVT|PRIVATE) (?:ROAD|RD)": "PRIVATE RD",
    r"HIGHWAY|HWY": "HWY",
}
MARKET_ROADS = {"FM", "RM"}  # also called FM Road 1960, and FM 1960 Road
NUMBERED = re.compile(rf"(?:{'|'.join([*ROADS.values(), 'LOOP'])}) [0-9]+[A-Z]?")
UNITS = {
    "FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH",
    "SIXTH": "6TH", "SEVENTH": "7TH", "EIGHTH": "8TH", "NINTH": "9TH",
}  # fmt: skip
TEENS = {
    "TENTH": "10TH", "ELEVENTH": "11TH", "TWELFTH": "12TH", "THIRTEENTH": "13TH",
    "FOURTEENTH": "14TH", "FIFTEENTH": "15TH", "SIXTEENTH": "16TH", "SEVENTEENTH": "17TH",
    "EIGHTEENTH": "18TH", "NINETEENTH": "19TH", "TWENTIETH": "20TH", "THIRTIETH": "30TH",
    "FORTIETH": "40TH", "FIFTIETH": "50TH", "SIXTIETH": "60TH", "SEVENTIETH": "70TH",
    "EIGHTIETH": "80TH", "NINETIETH": "90TH",
}  # fmt: skip
TENS = {
    "TWENTY": "2", "THIRTY": "3", "FORTY": "4", "FOURTY": "4", "FIFTY": "5", "SIXTY": "6",
    "SEVENTY": "7", "EIGHTY": "8", "NINETY": "9",
}  # fmt: skip
ORDINALS = UNITS | TEENS
PERSONS = {
    r"(?:(?:DR|REV) )?(?:MARTIN L(?:UTHER)?|M ?L) ?KING(?: JR)?|(?:DR )?MLK(?: JR)?": (
        "MARTIN LUTHER KING"
    ),
    r"(?:JOHN F|J ?F) KENNEDY|JFK": "JOHN F KENNEDY",
    r"(?:LYNDON B(?:AINES)?|L ?B) JOHNSON|LBJ": "LYNDON B JOHNSON",
}


@cache
def _pattern(directions: frozenset[str], suffixes: frozenset[str]) -> re.Pattern[str]:
    """What a street begins with, a direction perhaps before it. Group `d` is the direction, `r0`,
    `r1`.. the kinds of roads, `p0`.. the persons, `tens` and `units` an ordinal in two words."""
    before, after = (
        "|".join(sorted(words, key=len, reverse=True)) for words in (directions, suffixes)
    )
    roads = [
        rf"(?P<r{at}>{written}){'(?: (?:ROAD|RD))?' if road in MARKET_ROADS else ''}"
        rf"[ -]?(?:# )?(?P<n{at}>[0-9]+[A-Z]?)\b"
        + (r"(?: (?:ROAD|RD)\b)?" if road in MARKET_ROADS else "")
        for at, (written, road) in enumerate(ROADS.items())
    ]
    named = [rf"(?P<p{at}>{written})" for at, written in enumerate(PERSONS)]
    ordinal = rf"(?P<tens>{'|'.join(TENS)})[ -]?(?P<units>{'|'.join(UNITS)})"
    named = [rf"(?:{'|'.join([*named, ordinal])})(?= (?:{after})\b)"]
    return re.compile(rf"\A(?P<d>(?:{before}) )?(?:{'|'.join([*roads, *named])})")


def standardize_name(street: str, directions: frozenset[str], suffixes: frozenset[str]) -> str:
    """Bring the name that a street begins with, a direction before it perhaps, into its one form.

    `directions` and `suffixes` are the words of USPS for them, long and short.
    """
    found = _pattern(directions, suffixes).match(street)
    if found is None:
        return street
    if found["tens"]:
        name = TENS[found["tens"]] + UNITS[found["units"]]
    else:
        group = next(key for key in found.groupdict() if key[0] in "rp" and found[key])
        forms = list((ROADS if group[0] == "r" else PERSONS).values())
        name = forms[int(group[1:])]
        name += f" {found['n' + group[1:]]}" if group[0] == "r" else ""
    return (found["d"] or "") + name + street[found.end() :]


def move_direction(parts: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """(direction before, name, suffix, direction after, unit), with the direction of a numbered
    road behind it: N Highway 6 is Highway 6 N, while N Main St is not Main St N."""
    before, name, suffix, after, unit = parts
    if before and not after and not suffix and name and NUMBERED.fullmatch(name):
        return None, name, suffix, before, unit
    return parts
