"""Guess which RESO field each column of an unknown export is, how surely, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pandas as pd

from lib.listings.contract import parse_values, reso, units
from lib.listings.contract.reso import ResoDictionary, ResoField, fold_header
from lib.listings.onboarding import column_profile
from lib.listings.onboarding.column_profile import ColumnProfile
from lib.listings.onboarding.header_words import header_similarity, sign_limit

CLAIM = 0.5  # from this score on a column goes into the drafted contract
MAYBE = 0.3  # from this score on it is named there as a question
BY_CONTENT = 0.6  # the most that values alone can score
NEEDED = ("close_price", "close_date")  # they win where several fields fit equally
PLACE = ("latitude", "longitude")
ALIKE = 0.6  # the most of a header that differs from another in case, spaces or hyphens alone
BATHS = ("bathrooms", "bathrooms_slash")
# how often a fee is paid, as a header says it, and the payments of a year
FEE_PERIODS = {
    r"semi.?annual": 2,
    r"annual|year|yr\b": 1,
    r"quarter|qtr": 4,
    r"month|\bmo\b|mth": 12,
    r"week": 52.142857142857146,
}
# columns that say, by their values, how another is meant: field -> (the other, what their headers
# have to be about, what they may not be about)
QUALIFIERS = {
    "living_area_units": (
        "living_area",
        r"",
        r"lot|land|acre|tax|build|bldg|above|below|base|bsmt",
    ),
    "association_fee_frequency": (
        "association_fee",
        r"hoa|fee|maint|assoc|due|condo",
        r"rent|lease",
    ),
}
FEET_A_BEDROOM = 130  # homes have 300 to 900 square feet a bedroom, 30 to 90 square meters
FEET_A_HOME = 350  # and are seldom smaller in feet, or larger in meters
UNITED_STATES = {"latitude": (17.0, 72.0), "longitude": (-180.0, -64.0)}


@dataclass(frozen=True)
class ColumnGuess:
    """One header and the field it was taken for (None: nothing fits), with a score 0 to 1.

    `type`, `unit` and `multiply` stand where they differ from the dictionary's.
    """

    header: str
    field: str | None
    score: float
    why: str
    profile: ColumnProfile
    type: str | None = None
    unit: str | None = None
    multiply: float | None = None

    @property
    def claimed(self) -> bool:
        """Whether it goes into the contract."""
        return self.field is not None and self.score >= CLAIM


def _content_weight(profile: ColumnProfile, field: str, reso_field: ResoField) -> float:
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


def _score_field(
    header: str, profile: ColumnProfile, field: str, book: ResoDictionary
) -> tuple[float, str]:
    """(score, reason) for taking a column for a field."""
    reso_field = book.fields[field]
    exact = reso.find_field(header) == field
    most = 1.0 if exact else sign_limit(header, reso_field)
    if most == 0:
        return 0.0, ""
    alike = 1.0 if exact else header_similarity(header, field, reso_field)
    by_content = (
        reso_field.type == "postal_code"
        or reso_field.looks in ("status", "lease")
        or field in PLACE
    )
    if (alike < 0.4 and not by_content) or (reso_field.by_name and not exact):
        return 0.0, ""  # numbers and texts say nothing by themselves
    if not exact and profile.filled and _known_words(profile, field, book) == 0:
        return 0.0, ""  # a unit that is none
    fits = column_profile.share_that_fits(profile, reso_field, book)
    if exact and reso_field.type == "postal_code" and profile.filled:  # zeros may be lost
        whole = parse_values.parse_postal_code(profile.texts.astype("str"), pad=5)
        fits = profile.share(whole.notna())
    share = "no values to check" if fits is None else f"{fits:.0%} of the values fit"
    if exact:
        if fits is not None and fits < 0.5 and reso_field.looks not in ("identity", "words"):
            partly = reso_field.looks == "status" and fits > 0  # local words, to be looked up
            return (0.6 if partly else 0.45), f"exact alias, but only {share}"
        return 1.0, f"exact alias, {share}"
    content = 0.7 if fits is None else fits
    enough = 0.6 if reso_field.looks == "status" else 0.9
    extra = (
        _content_weight(profile, field, reso_field) if fits is not None and fits > enough else 0.0
    )
    if alike < 0.4:
        return (min(BY_CONTENT, 0.1 + extra) if extra > 0.1 else 0.0), f"by content, {share}"
    points, why = min(0.95, alike * (0.3 + 0.7 * content) + extra), f"name {alike:.0%} alike"
    if points > most:
        return most, f"{why}, but its sign may change the meaning, {share}"
    return points, f"{why}, {share}"


def _known_words(profile: ColumnProfile, field: str, book: ResoDictionary) -> float | None:
    """The share of values that are words of a unit or frequency; None for other fields."""
    roles = [(one.unit_from, one.frequency_from) for one in book.fields.values()]
    if field in {unit for unit, _ in roles}:
        words = book.area_words
    elif field in {often for _, often in roles} | {units.FREQUENCY}:
        words = book.payment_words
    else:
        return None
    return profile.share(units.replace_synonyms(profile.texts.astype("str"), words).notna())


def _qualifiers_by_words(guesses: list[ColumnGuess], book: ResoDictionary) -> list[ColumnGuess]:
    """A column of nothing but units of area or periods of payment says what a size or fee is in,
    whatever it is called."""
    by_field = {one.field: one for one in guesses if one.claimed}
    for field, (meant, about, other) in QUALIFIERS.items():
        if field in by_field or meant not in by_field:
            continue
        fits = [
            one
            for one in guesses
            if reso.find_field(one.header) is None and one.profile.filled
            and re.search(about, one.header.lower()) and not re.search(other, one.header.lower())
            and one.profile.texts.astype("str").str.contains("[A-Za-z0-9]{2}").all()
            and _known_words(one.profile, field, book) == 1
        ]  # fmt: skip
        if len(fits) == 1:
            why = f"by its words: it seems to say what {by_field[meant].header!r} is in"
            new = replace(fits[0], field=field, score=BY_CONTENT, why=why)
            guesses = [new if one is fits[0] else one for one in guesses]
    return guesses


def guess_columns(table: pd.DataFrame) -> list[ColumnGuess]:
    """Guess the field of each column of an export; no field is given twice.

    Parameters
    ----------
    table : DataFrame of str, shape (n, k)

    Returns
    -------
    list of ColumnGuess
        In the order of the columns.
    """
    book = reso.load_dictionary()
    profiles = {header: column_profile.profile_column(table[header]) for header in table}
    offers = []
    for header in table:
        for field in book.fields:
            points, why = _score_field(header, profiles[header], field, book)
            if points >= MAYBE:
                offers.append((points, header, field, why))
    taken: dict[str, ColumnGuess] = {}
    used: set[str] = set()
    for points, header, field, why in sorted(offers, key=lambda o: (-o[0], o[2] not in NEEDED)):
        # the two notations of one baths column are one idea
        names = set(BATHS) if field in BATHS else {field}
        if header not in taken and not names & used:
            taken[header] = ColumnGuess(header, field, points, why, profiles[header])
            used |= names
    guesses = [
        taken.get(h) or ColumnGuess(h, None, 0.0, "nothing like it", profiles[h]) for h in table
    ]
    guesses = _qualifiers_by_words(_doubt_twins(guesses), book)
    guesses = _lots_with_units(_lone_price(guesses))
    return _metric(_once([_in_detail(one, book) for one in guesses]))


def _doubt_twins(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Guesses that a person has to choose between: headers that differ in case, spaces or hyphens
    alone, or are two names of one field."""
    twins: dict[str, list[str]] = {}
    for one in guesses:
        name = reso.find_field(one.header)
        if one.profile.filled or name is None:
            twins.setdefault(name or reso.fold_money(one.header), []).append(one.header)
    out = []
    for one in guesses:
        name = reso.find_field(one.header) or reso.fold_money(one.header)
        others = [header for header in twins.get(name, []) if header != one.header]
        if others and one.field:
            why = f"{one.why}; {' and '.join(map(repr, others))} may be meant as well"
            one = replace(one, score=min(one.score, ALIKE), why=why)
        out.append(one)
    return out


def _once(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Each field given once: two columns of lots may both turn out to be acres."""
    used: set[str] = set()
    out = []
    for one in guesses:
        if one.field in used:
            one = replace(one, field=None, score=0.0, why=f"{one.field} is another column already")
        out.append(one)
        used |= {one.field} if one.field else set()
    return out


def _lone_price(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """The only price of an export that has closing dates is what was paid, not what was asked."""
    by_field = {one.field: one for one in guesses if one.claimed}
    if "close_price" in by_field or "close_date" not in by_field or "list_price" not in by_field:
        return guesses
    why = "the only price, beside closing dates"
    return [
        replace(one, field="close_price", score=0.7, why=why) if one.field == "list_price" else one
        for one in guesses
    ]


def _lots_with_units(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """A lot whose unit stands in a column of its own is RESO's LotSizeArea."""
    units = [one for one in guesses if one.field == "lot_size_units" and one.claimed]
    lots = [
        one for one in guesses if reso.ambiguous_headers().get(fold_header(one.header)) == "unit"
    ]
    if not units or not lots or not units[0].profile.filled:
        return guesses
    why = f"a lot, its unit in {units[0].header!r}"
    return [
        replace(one, field="lot_size_area", score=1.0, why=why) if one is lots[0] else one
        for one in guesses
    ]


def _metric(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Sizes in square meters where no header says a unit and homes would be tiny in feet."""
    by_field = {one.field: one for one in guesses if one.claimed}
    home, beds = by_field.get("living_area"), by_field.get("bedrooms_total")
    if home is None or home.unit or "living_area_units" in by_field or _says_feet(home.header):
        return guesses
    size = home.profile.numbers.where(home.profile.numbers > 0).median()
    rooms = beds.profile.numbers.median() if beds else float("nan")
    tiny = size / rooms < FEET_A_BEDROOM if rooms > 0 else size < FEET_A_HOME
    if not tiny:
        return guesses
    abroad = any(
        name in by_field and not by_field[name].profile.numbers.between(*span).mean() > 0.5
        for name, span in UNITED_STATES.items()
    )
    where = ", and the homes lie outside the US" if abroad else ""
    why = f"no unit named: a median of {size:g} is small for feet{where}"
    out = []
    for one in guesses:
        lot = one.field == "lot_size_square_feet" and not _says_feet(one.header)
        if one is home or (lot and one.claimed and one.unit in (None, "square feet")):
            one = replace(
                one, unit="square meters", score=min(one.score, ALIKE), why=f"{one.why}; {why}"
            )
        out.append(one)
    return out


def _says_feet(header: str) -> bool:
    return re.search(r"ft|feet|foot|\bsf\b", header.lower()) is not None


def _with_period(one: ColumnGuess) -> ColumnGuess:
    """A fee by what its header says of how often it is paid."""
    for words, times in FEE_PERIODS.items():
        if re.search(words, one.header.lower()):
            if times == 1:
                return one
            return replace(
                one, multiply=times, why=f"{one.why}; {times:g} times a year by its header"
            )
    return one


def _in_detail(one: ColumnGuess, book: ResoDictionary) -> ColumnGuess:
    """The guess with the notation of baths and the unit of areas."""
    if one.field in BATHS:
        kind = column_profile.bath_notation(one.profile)
        ambiguous = fold_header(one.header) in reso.ambiguous_headers()
        if kind == "baths_full_slash_half":
            return replace(one, field="bathrooms_slash", type=kind if ambiguous else None)
        if kind is None and reso.find_field(one.header) is None:
            kind = "baths_decimal"  # whole numbers read the same in both notations
        differs = kind not in (None, book.fields["bathrooms"].type)
        return replace(one, field="bathrooms", type=kind if differs or ambiguous else None)
    if one.field and book.fields[one.field].frequency_from:
        return _with_period(one)
    if one.field == "lot_size_area":
        return one
    if one.field and book.fields[one.field].unit in book.areas:
        return _with_unit(one, book)
    return one


def _with_unit(one: ColumnGuess, book: ResoDictionary) -> ColumnGuess:
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
