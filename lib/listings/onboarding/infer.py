"""Guess which RESO field each column of an unknown export is, how surely, and why."""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass, replace

import pandas as pd

from lib.listings.contract import parse_values, reso
from lib.listings.contract.reso import ResoDictionary, ResoField, fold_header
from lib.listings.onboarding import column_profile
from lib.listings.onboarding.column_profile import ColumnProfile

CLAIM = 0.5  # from this score on a column goes into the drafted contract
MAYBE = 0.3  # from this score on it is named there as a question
BY_CONTENT = 0.6  # the most that values alone can score
NEEDED = ("close_price", "close_date")  # they win where several fields fit equally
PLACE = ("latitude", "longitude")
BATHS = ("bathrooms", "bathrooms_slash")

# what headers abbreviate; a word of several parts is one idea
WORDS = {
    word: idea
    for idea, words in {
        "area": "sqft sf footage size sqm gla",
        "bed": "beds bedrooms bedroom br bdrms",
        "bath": "baths bathrooms bathroom ba",
        "year": "yr",
        "built": "constructed construction",
        "zip": "zipcode postcode postal",
        "close": "sold sale sales closed closing selling purchase settled settlement",
        "list": "listed listing asking asked",
        "price": "cost amt amount",
        "modification": "changed modified updated update last",
        "stories": "floors levels storeys story",
        "id": "no number num # key ref mls reference identifier",
        "latitude": "lat",
        "longitude": "lon lng long",
        "street": "st",
        "address": "addr",
        "remarks": "desc description comments",
        "photos": "pics pictures photo",
        "sub": "dwelling",
        "garage": "parking car cars",
        "acres": "acreage",
        "city": "town municipality",
        "state": "province",
        "subdivision": "neighborhood neighbourhood",
        "association": "hoa",
        "date": "dt day",
    }.items()
    for word in words.split()
}
FILLER = {"of", "the", "in", "for", "on", "at", "total", "count", "yn", "and", "a", "code", "cnt"}


@dataclass(frozen=True)
class Guess:
    """One header and the field it was taken for (None: nothing fits), with a score 0 to 1.

    `type` and `unit` stand where they differ from the dictionary's.
    """

    header: str
    field: str | None
    score: float
    why: str
    profile: ColumnProfile
    type: str | None = None
    unit: str | None = None

    @property
    def claimed(self) -> bool:
        """Whether it goes into the contract."""
        return self.field is not None and self.score >= CLAIM


@functools.cache
def header_ideas(header: str) -> frozenset[str]:
    """The ideas that a header names: LotSqFt, lot_size and "Lot Sq. Ft." are all {lot, area}."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])", " ", header).lower()
    text = re.sub(r"sq(uare)?[ ._]*f(ee)?t\b\.?", "sqft ", text.replace("_", " "))
    parts = re.findall(r"[a-z]+|[0-9]+|#", text)
    return frozenset(WORDS.get(word, word) for word in parts if word not in FILLER)


def _spelt(one: str, other: str) -> float:
    """The share of letters in common, in order; 0 below 0.8, which the upper bounds of the ratio
    show at once."""
    match = difflib.SequenceMatcher(None, one, other)
    if match.real_quick_ratio() < 0.8 or match.quick_ratio() < 0.8:
        return 0.0
    return ratio if (ratio := match.ratio()) >= 0.8 else 0.0


def header_similarity(header: str, field: str, reso_field: ResoField) -> float:
    """How alike a header and a field's names are, 0 to 1: shared ideas, or close spelling."""
    ideas, letters, best = header_ideas(header), fold_header(header), 0.0
    for name in (field, *reso_field.aliases):
        other = header_ideas(name)
        shared = len(ideas & other) / len(ideas | other) if ideas | other else 0.0
        spelt = _spelt(letters, fold_header(name)) if len(letters) > 5 else 0.0
        best = max(best, 0.9 * shared, 0.95 * spelt)
    return best


def content_weight(profile: ColumnProfile, field: str, reso_field: ResoField) -> float:
    """How much values that fit say by themselves: much for dates and ZIPs, little for numbers."""
    if reso_field.type in ("date", "timestamp"):
        return 0.25
    if reso_field.looks == "status":
        return 0.5 if profile.distinct > 2 else 0.0
    if reso_field.looks == "lease":  # yes and no may be the answer to any question
        answers = parse_values.parse_yes_no(profile.texts.astype("str")).notna().any()
        return 0.1 if answers else 0.5 if profile.distinct > 1 else 0.0
    if reso_field.type == "postal_code":
        return 0.35
    if field in PLACE and profile.filled:
        fine = profile.numbers.dropna()
        sign = fine.lt(0).mean() if field == "longitude" else fine.gt(0).mean()
        return 0.35 if len(fine) and (fine % 1 != 0).mean() > 0.8 and sign > 0.9 else 0.0
    if reso_field.type == "text":
        return 0.2
    return 0.1


def score_field(
    header: str, profile: ColumnProfile, field: str, book: ResoDictionary
) -> tuple[float, str]:
    """(score, reason) for taking a column for a field."""
    reso_field = book.fields[field]
    exact = reso.fields_by_header().get(fold_header(header)) == field
    alike = 1.0 if exact else header_similarity(header, field, reso_field)
    by_content = (
        reso_field.type == "postal_code"
        or reso_field.looks in ("status", "lease")
        or field in PLACE
    )
    if (alike < 0.4 and not by_content) or (reso_field.by_name and not exact):
        return 0.0, ""  # numbers and texts say nothing by themselves
    fits = column_profile.share_that_fits(profile, reso_field, book)
    share = "no values to check" if fits is None else f"{fits:.0%} of the values fit"
    if exact:
        if fits is not None and fits < 0.5 and reso_field.looks not in ("identity", "words"):
            partly = reso_field.looks == "status" and fits > 0  # local words, to be looked up
            return (0.6 if partly else 0.45), f"exact alias, but only {share}"
        return 1.0, f"exact alias, {share}"
    content = 0.7 if fits is None else fits
    enough = 0.6 if reso_field.looks == "status" else 0.9
    extra = (
        content_weight(profile, field, reso_field) if fits is not None and fits > enough else 0.0
    )
    if alike < 0.4:
        return (min(BY_CONTENT, 0.1 + extra) if extra > 0.1 else 0.0), f"by content, {share}"
    return min(0.95, alike * (0.3 + 0.7 * content) + extra), f"name {alike:.0%} alike, {share}"


def guess_columns(table: pd.DataFrame) -> list[Guess]:
    """Guess the field of each column of an export; no field is given twice.

    Parameters
    ----------
    table : DataFrame of str, shape (n, k)

    Returns
    -------
    list of Guess
        In the order of the columns.
    """
    book = reso.load_dictionary()
    profiles = {header: column_profile.profile_column(table[header]) for header in table}
    offers = []
    for header in table:
        for field in book.fields:
            points, why = score_field(header, profiles[header], field, book)
            if points >= MAYBE:
                offers.append((points, header, field, why))
    taken: dict[str, Guess] = {}
    used: set[str] = set()
    for points, header, field, why in sorted(offers, key=lambda o: (-o[0], o[2] not in NEEDED)):
        # the two notations of one baths column are one idea
        names = set(BATHS) if field in BATHS else {field}
        if header not in taken and not names & used:
            taken[header] = Guess(header, field, points, why, profiles[header])
            used |= names
    guesses = [taken.get(h) or Guess(h, None, 0.0, "nothing like it", profiles[h]) for h in table]
    return _once([_in_detail(one, book) for one in _lone_price(guesses)])


def _once(guesses: list[Guess]) -> list[Guess]:
    """Each field given once: two columns of lots may both turn out to be acres."""
    used: set[str] = set()
    out = []
    for one in guesses:
        if one.field in used:
            one = replace(one, field=None, score=0.0, why=f"{one.field} is another column already")
        out.append(one)
        used |= {one.field} if one.field else set()
    return out


def _lone_price(guesses: list[Guess]) -> list[Guess]:
    """The only price of an export that has closing dates is what was paid, not what was asked."""
    by_field = {one.field: one for one in guesses if one.claimed}
    if "close_price" in by_field or "close_date" not in by_field or "list_price" not in by_field:
        return guesses
    why = "the only price, beside closing dates"
    return [
        replace(one, field="close_price", score=0.7, why=why) if one.field == "list_price" else one
        for one in guesses
    ]


def _in_detail(one: Guess, book: ResoDictionary) -> Guess:
    """The guess with the notation of baths and the unit of areas."""
    if one.field in BATHS:
        kind = column_profile.bath_notation(one.profile)
        if kind == "baths_full_slash_half":
            return replace(one, field="bathrooms_slash")
        if kind is None and fold_header(one.header) not in reso.fields_by_header():
            kind = "baths_decimal"  # whole numbers read the same in both notations
        ambiguous = fold_header(one.header) in reso.ambiguous_headers()
        differs = kind not in (None, book.fields["bathrooms"].type)
        return replace(one, field="bathrooms", type=kind if differs or ambiguous else None)
    if one.field and book.fields[one.field].unit in book.areas:
        return _with_unit(one, book)
    return one


def _with_unit(one: Guess, book: ResoDictionary) -> Guess:
    """The unit that the header says, or that the sizes suggest."""
    usual = str(book.fields[str(one.field)].unit)
    name, middle = one.header.lower(), one.profile.numbers.median()
    unit = usual
    if re.search(r"acre|\bac\b", name):
        unit = "acres"
    elif re.search(r"sq\.? ?m\b|sqm|m2|m²|meter|metre", name):
        unit = "square meters"
    elif one.field in ("lot_size_square_feet", "lot_size_acres") and "ft" not in name:
        unit = "acres" if middle < 50 else "square feet"
    if one.field == "lot_size_acres" and unit != "acres":
        return replace(one, field="lot_size_square_feet", unit=unit)
    if one.field == "lot_size_square_feet" and unit == "acres":
        return replace(one, field="lot_size_acres", unit=unit)
    ambiguous = fold_header(one.header) in reso.ambiguous_headers()
    return replace(one, unit=unit) if unit != usual or ambiguous else one
