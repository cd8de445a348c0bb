"""Flags from a listing's text: special listing conditions, and phrases of the remarks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd

from lib.common.params import Section, read_yaml

TERMS = Path(__file__).with_name("terms.yaml")
DENIAL = re.compile(
    r"\b(?:not|no|never|isn't|neither|nor|without|avoid|avoids|unlike|tired of|instead of)\b"
    r"[^.,!?;:]{0,30}$|\b(?:previously|formerly|former|once)(?: an?| in| listed as)? $"
)
DENIED_AFTER = re.compile(r"[^.,!?;:]{0,15}\b(?:avoided|averted|prevented|nearby|next door)\b")
NOTHING = (
    "",
    "0",
    "no",
    "n",
    "none",
    "false",
    "na",
)  # here, since YAML reads a bare no as a boolean
DENIES = re.compile(r"(?:no|not|non)\b", re.IGNORECASE)
CODES = {
    "exclude": "special_condition",
    "warn": "special_condition_minor",
}
UNKNOWN = "special_condition_unknown"


class ConditionWords(Section):
    """Words of `special_listing_conditions` (RESO's lookup and local ones) by what they mean."""

    exclude: list[str]
    warn: list[str]
    ordinary: list[str]


def _fold_condition(word: str) -> str:
    """A condition without case, spaces and punctuation: RealEstateOwned is real estate owned."""
    return re.sub(r"[^a-z0-9]", "", word.lower())


def flag_conditions(sales: pd.DataFrame, spec: ConditionWords) -> pd.DataFrame:
    """Flag every special condition that a sale names.

    A cell may hold several, parted by , ; or |, and where that is no known word by / or " - ". A
    word in none of the lists is a flag too, so that a feed's local words are noticed; so is what
    begins with a no or not, which is not parted: it denies all that follows.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        `special_listing_conditions` as text, where the feed has it.
    spec : ConditionWords

    Returns
    -------
    DataFrame
        `row` (position), `code`, `reason`.
    """
    flags: list[tuple[int, str, str]] = []
    if "special_listing_conditions" not in sales:
        return pd.DataFrame(flags, columns=["row", "code", "reason"])
    codes = {_fold_condition(word): "" for word in (*NOTHING, *spec.ordinary)}
    codes |= {_fold_condition(word): CODES["warn"] for word in spec.warn}
    codes |= {_fold_condition(word): CODES["exclude"] for word in spec.exclude}
    cells = sales["special_listing_conditions"].fillna("").astype("category")
    positions = pd.Series(range(len(sales))).groupby(cells.cat.codes.to_numpy()).indices
    for number, cell in enumerate(cells.cat.categories):
        parts = filter(None, (part.strip() for part in re.split(r"[,;|\[\]\"]", cell)))
        for word in dict.fromkeys(
            word
            for part in parts
            for word in ([part] if _fold_condition(part) in codes else _apart(part))
        ):
            code = codes.get(_fold_condition(word), UNKNOWN)
            if not _fold_condition(word) and any(
                map(str.isalpha, word)
            ):  # letters that `plain` drops
                code = UNKNOWN
            if code:
                reason = f"special listing condition: {word}"
                flags += [(row, code, reason) for row in positions[number]]
    return pd.DataFrame(flags, columns=["row", "code", "reason"])


def _apart(words: str) -> list[str]:
    """The words of "REO/Bank Owned" and "Foreclosure - REO"; "No REO/Short Sale" is one."""
    if DENIES.match(words):
        return [words]
    return [word.strip() for word in re.split(r"/|\s[-\u2013\u2014&]\s", words)]


@cache
def compile_phrases(path: Path = TERMS) -> dict[str, re.Pattern]:
    """A compiled pattern for each reason code of the phrase file."""
    content = read_yaml(path)
    names = sorted(content["words"], key=lambda name: name == "owner")  # others are made of it

    def filled(phrase: str) -> str:
        for name in names:
            phrase = phrase.replace(f"[{name}]", content["words"][name])
        return phrase.replace(" ", r"[\s-]+").replace(r"[\s-]+?", r"[\s-]*")

    return {
        code: re.compile(rf"(?<!\w)(?:{'|'.join(map(filled, phrases))})(?!\w)")
        for code, phrases in content["phrases"].items()
    }


def _find_phrase(text: str, pattern: re.Pattern) -> str | None:
    """The first words of `text` (lower case, single spaces) that fit and that nothing in their
    clause denies or moves to the past or to other homes."""
    for match in pattern.finditer(text):
        before = DENIAL.search(text[max(0, match.start() - 45) : match.start()])
        if not before and not DENIED_AFTER.match(text, match.end()):
            return match.group().strip()
    return None


def flag_remarks(sales: pd.DataFrame) -> pd.DataFrame:
    """Flag phrases of a sale's public remarks.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        `public_remarks` as text, where the feed has it.

    Returns
    -------
    DataFrame
        `row` (position), `code`, `reason`.
    """
    flags: list[tuple[int, str, str]] = []
    if "public_remarks" in sales:
        for row, text in enumerate(sales["public_remarks"].fillna("")):
            lower = " ".join(text.lower().replace("\u2019", "'").split())
            for code, pattern in compile_phrases().items():
                words = _find_phrase(lower, pattern)
                if words:
                    flags.append((row, code, f'remarks say "{words}"'))
    return pd.DataFrame(flags, columns=["row", "code", "reason"])
