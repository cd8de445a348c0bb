"""Parcel numbers: which are none, and which are one number written in two ways."""

from __future__ import annotations

import re

import pandas as pd

SAME_DIGITS = 5  # so many equal digits, and no other, stand for none: 99999
NINES = 3  # of nines fewer will do
RUN = 7  # digits that only count up, from 1 or 0: 1234567
MANY = 3  # places of one number from which it tells no home
WORDS = re.compile(
    r"\b(?:TBD|TBA|NONE|SEE|REMARKS?|UNKNOWN|PENDING|VARIOUS|MULTI(?:PLE)?|UNASSIGNED|UNAVAILABLE"
    r"|ASSIGNED|DETERMINED|APPLIED|NULL|X{3,})\b"
)
SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+E[+-]?|E\+)[0-9]+")  # digits are lost: 1.2E+11
PLACEHOLDER = "a placeholder, not the number of one parcel"
AT_MANY = f"stands at {MANY} places or more, so the address tells the home"


def _written(text: str) -> str | None:
    """A parcel number in capitals and without the .0 of a spreadsheet; None where it is none."""
    plain = re.sub(r"\s+", " ", text).strip().upper()
    plain = re.sub(r"\A([0-9]+)\.0+\Z", r"\1", plain)
    digits = re.sub("[^0-9]", "", plain)
    if not re.search("[1-9]", digits) or WORDS.search(plain) or SCIENTIFIC.fullmatch(plain):
        return None
    if re.search("[A-Z]", plain):
        return plain
    alike = len(set(digits)) == 1 and len(digits) >= (NINES if digits[0] == "9" else SAME_DIGITS)
    run = len(digits) >= RUN and digits in "01234567890"
    return None if alike or run else plain


def format_parcels(text: pd.Series) -> pd.Series:
    """Bring parcel numbers into capitals, those that are none set missing.

    None are numbers without a digit from 1 to 9, of one digit alone (99-999), that only count up,
    words such as TBD and See remarks, and what a spreadsheet wrote in scientific notation. Marks
    between digits stay: 143-6 is not 14-36.

    Parameters
    ----------
    text : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)

    Examples
    --------
    >>> format_parcels(pd.Series(["12-3", "123.0", "000-000", "999 999", "TBD 2"])).tolist()
    ['12-3', '123', nan, nan, nan]
    """
    codes, distinct = pd.factorize(text)
    written = pd.Series([_written(one) for one in distinct], dtype="str")
    return written.reindex(codes).set_axis(text.index)


def parcel_digits(written: pd.Series) -> pd.Series:
    """Take letters and digits alone, without the zeros before them, which spreadsheets drop.

    Numbers that agree in these are one parcel where their address is one too.

    Parameters
    ----------
    written : Series of str, shape (n,)
        From `format_parcels`.

    Returns
    -------
    Series of str, shape (n,)

    Examples
    --------
    >>> parcel_digits(pd.Series(["012-3", "1 2.3"])).tolist()
    ['123', '123']
    """
    return written.str.replace("[^0-9A-Z]", "", regex=True).str.replace(r"\A0+", "", regex=True)


def unite_spellings(by_group: pd.Series, digits: pd.Series, by_address: pd.Series) -> pd.Series:
    """Give numbers with equal digits that stand at one address one spelling, wherever they stand.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
        Keys by the number as written.
    digits : Series of str, shape (n,)
        The same keys by `parcel_digits`.
    by_address : Series of str, shape (n,)
        Keys by address.

    Returns
    -------
    Series of str, shape (n,)
        The smallest of the spellings that some address joins, directly or through others.
    """
    there = pd.DataFrame({"key": by_group, "digits": digits, "at": by_address}).dropna()
    there = there.drop_duplicates()
    there = there[there.groupby(["digits", "at"])["key"].transform("size") > 1]
    there["one"] = there["key"]
    while True:  # as often as spellings are chained: at once, but for odd exports
        one = there.groupby(["digits", "at"])["one"].transform("min")
        one = one.groupby(there["key"]).transform("min")
        if (one == there["one"]).all():
            break
        there["one"] = one
    spelling = dict(zip(there["key"], there["one"], strict=True))
    return by_group.map(lambda key: spelling.get(key, key), na_action="ignore").astype("str")


def at_many_places(by_group: pd.Series, place: pd.DataFrame) -> pd.Series:
    """Mark rows whose number stands at MANY houses or more: several flats of one house are one.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
        Keys by parcel number.
    place : DataFrame, shape (n, k)
        As `property_keys.place_parts` gives it.

    Returns
    -------
    Series of bool, shape (n,)
    """
    if not {"street_number", "street_name"} <= set(place):
        return pd.Series(False, index=by_group.index)
    house = place["street_number"] + " " + place["street_name"]
    return by_group.map(house.groupby(by_group).nunique()).fillna(0) >= MANY
