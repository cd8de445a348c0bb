"""What a header says in words and signs: ideas, likeness to a field's names, ratios."""

from __future__ import annotations

import difflib
import functools
import itertools
import re

from lib.listings.contract import reso
from lib.listings.contract.reso import ResoField, fold_header

BY_SIGN = 0.45  # the most of a header with a sign that may change its meaning: a question
BY_SLASH = 0.6  # and of one that names two things
# words of measures that are neither a price nor a size
RATIOS = frozenset({
    "ratio", "rate", "pct", "percent", "percentage", "per", "psf", "ppsf", "ppsqft", "diff",
    "difference", "variance",
})  # fmt: skip
PERIODS = frozenset(["day", "week", "month", "quarter", "year", "annum", "mo", "yr", "wk"])
SIZES = frozenset({"area", "acres", "acre", "hectares"})

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
        "lot": "land",
        "date": "dt day",
    }.items()
    for word in words.split()
}
FILLER = {"of", "the", "in", "for", "on", "at", "total", "count", "yn", "and", "a", "code", "cnt"}


@functools.cache
def _header_ideas(header: str) -> frozenset[str]:
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
    ideas, letters, best = _header_ideas(header), fold_header(header), 0.0
    for name in (field, *reso_field.aliases):
        other = _header_ideas(name)
        shared = len(ideas & other) / len(ideas | other) if ideas | other else 0.0
        spelt = _spelt(letters, fold_header(name)) if len(letters) > 5 else 0.0
        best = max(best, 0.9 * shared, 0.95 * spelt)
    return best


def is_ratio(header: str) -> bool:
    """Whether a header names a ratio or a difference, which no price, size or count is.

    `Price/SF`, `$ per SqFt`, `Sold Price SqFt`, `SP % LP`, `List to Sale Ratio`; a price per month
    is an amount.
    """
    if "%" in header:
        return True
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header).lower())
    after = dict(itertools.pairwise(words))
    if any(word in RATIOS and after.get(word) not in PERIODS for word in words):
        return True
    ideas = _header_ideas(header)
    if ideas & {"price", "rent"} and ideas & SIZES:
        return True
    left, _, right = header.partition("/")
    if not right:
        return False
    sides = [_header_ideas(part) for part in (left, right)]
    return bool(sides[1] & SIZES and not sides[0] & (SIZES | {"lot"})) or (
        {"list", "close"} <= ideas or {"sp", "lp"} <= ideas
    )


def sign_limit(header: str, reso_field: ResoField) -> float:
    """The most that a header which is no alias may score for a field, by its signs."""
    signs = reso.meaningful_signs(header)
    if is_ratio(header):
        return 0.0
    if signs & reso.CURRENCY_SIGNS and not reso_field.is_money:
        return 0.0
    signs -= reso.CURRENCY_SIGNS
    if not signs:
        return 1.0
    return BY_SLASH if signs <= {"/", "&"} else BY_SIGN
