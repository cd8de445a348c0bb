"""Which listing an entry of a bundle belongs to. An entry that fits none, or two, stays unmatched
and is reported; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd


@dataclass(frozen=True)
class ListingMatch:
    """The listing of an entry, and what the entry's file name tells.

    Parameters
    ----------
    domain
        `sale` or `rental`.
    listing_key
        None where no listing, or more than one, fits.
    listing_id
        The listing's id, or what the bundle calls it where none fits.
    number
        The number in the file's name after the listing's id.
    name
        The last part of the entry's name, in lower case.
    """

    domain: str
    listing_key: str | None
    listing_id: str | None
    number: int | None
    name: str


class ListingIndex:
    """The staged listings, to be found by key or id."""

    def __init__(self, listings: pd.DataFrame) -> None:
        """`listings` has `domain` and `listing_key`, and may have `listing_id`; all text."""
        self.by_name: dict[tuple[str, str], tuple[str, str | None] | None] = {}
        keys = [str(key).strip() for key in listings["listing_key"]]
        domains = [str(domain) for domain in listings["domain"]]
        ids: list[str | None] = [None] * len(keys)
        if "listing_id" in listings:
            ids = [None if pd.isna(one) else str(one).strip() for one in listings["listing_id"]]
        for domain, key, other in zip(domains, keys, ids, strict=True):
            if other:
                # an id that two listings share names neither
                first = self.by_name.get((domain, other), (key, other))
                same = first is not None and first[0] == key
                self.by_name[domain, other] = (key, other) if same else None
        for domain, key, other in zip(domains, keys, ids, strict=True):
            self.by_name[domain, key] = (key, other)
        self.by_casefold: dict[tuple[str, str], tuple[str, str | None] | None] = {}
        for (domain, name), hit in self.by_name.items():
            fold = domain, name.casefold()
            self.by_casefold[fold] = hit if self.by_casefold.get(fold, hit) == hit else None

    def find(self, domain: str, name: str) -> tuple[str, str, str | None] | None:
        """(domain, listing_key, listing_id) of the listing called `name`: in `domain`, else in the
        other one, for a bundle that was put into the wrong folder. A name that differs in case
        alone is the same, unless there are two such."""
        for index, wanted in ((self.by_name, name), (self.by_casefold, name.casefold())):
            for one in (domain, *sorted({"sale", "rental"} - {domain})):
                if (one, wanted) in index:
                    hit = index[one, wanted]
                    return (one, *hit) if hit else None
        return None


def match_listing(entry: str, bundle: str, domain: str, listings: ListingIndex) -> ListingMatch:
    """The listing of an entry: the topmost folder that is a listing's key or id, else the leading
    token of the file name (`<id>_2.jpg`, `<id>-2.jpg`), else the bundle's own name (without
    `.zip`), else the whole file name.

    Unknown stays: a folder with a digit in its name that no listing has (an id of another
    extract); and a token and a bundle name that are two listings.
    """
    path = PurePosixPath(entry)
    stem = path.stem
    folders = [part for part in path.parts[:-1] if part not in ("/", ".", "..")]
    for folder in folders:
        if hit := listings.find(domain, folder):
            return ListingMatch(*hit, _number(stem), path.name.lower())
    foreign = next((folder for folder in folders if re.search(r"\d", folder)), None)
    if foreign:
        return ListingMatch(domain, None, foreign, _number(stem), path.name.lower())
    token, rest = _token(stem, domain, listings)
    named = listings.find(domain, bundle)
    by_token = listings.find(domain, token) if token else None
    if by_token and named and by_token != named:
        return ListingMatch(domain, None, token, _number(rest), path.name.lower())
    if by_token:
        return ListingMatch(*by_token, _number(rest), path.name.lower())
    if named:
        return ListingMatch(*named, _number(stem), path.name.lower())
    if hit := listings.find(domain, stem):
        return ListingMatch(*hit, None, path.name.lower())
    unknown = folders[0] if folders else token or bundle
    return ListingMatch(domain, None, unknown, _number(rest if token else stem), path.name.lower())


def _token(stem: str, domain: str, listings: ListingIndex) -> tuple[str, str]:
    """(leading token, what follows it): the longest that is a listing, as keys may hold `-` or
    `_` themselves; else the shortest."""
    cuts = [match.start() for match in re.finditer(r"[-_]", stem) if match.start()]
    for cut in reversed(cuts):
        if listings.find(domain, stem[:cut]):
            return stem[:cut], stem[cut + 1 :]
    return (stem[: cuts[0]], stem[cuts[0] + 1 :]) if cuts else ("", stem)


def _number(text: str) -> int | None:
    """The first number in a file name, of six digits at most."""
    digits = re.search(r"(?<![0-9])[0-9]{1,6}(?![0-9])", text)
    return int(digits[0]) if digits else None
