"""Baths: notations of one number, and counts of each kind put together.

A full bath counts 1, a three-quarter bath 0.75, a half bath 0.5, a quarter bath 0.25.
"""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values

# RESO's counts of each kind, and what a bath of it counts; `bathrooms_partial` is half and quarter
# baths together and stands in for a blank count of half baths
WEIGHTS = {
    "bathrooms_full": 1.0,
    "bathrooms_three_quarter": 0.75,
    "bathrooms_half": 0.5,
    "bathrooms_one_quarter": 0.25,
}
MAIN = ("bathrooms_full", "bathrooms_half")
PARTIAL = "bathrooms_partial"
ROOMS = "bathrooms_total_integer"  # rooms with a bath of any kind
FEWEST_JUDGED = 20  # rows from which on a column of totals may be called wrong throughout
DISAGREE = "full and partial baths are not as many as bathrooms_total_integer says"
UNSAID = "half baths are blank, and no total says how many there are"
UNUSED = "not the sum of full and partial baths in most rows: not used"


def parse_baths(text: pd.Series, decimal: bool) -> pd.DataFrame:
    """Parse counts of baths in one number.

    HAR writes 2.1 for two full baths and one half bath: 2.5 in total; 2.25 is not its way. Decimal
    feeds write 2.25 or 2.5, which is the total as it stands, any remainder counted as one half
    bath.

    Parameters
    ----------
    text : Series of str, shape (n,)
    decimal : bool
        Whether the number is the total, and not HAR's notation.

    Returns
    -------
    DataFrame, shape (n, 3)
        `bathrooms_full`, `bathrooms_half` (counts) and `bathrooms_total` (float64).

    Examples
    --------
    >>> parse_baths(pd.Series(["2.1"]), decimal=False).iloc[0].tolist()
    [2.0, 1.0, 2.5]
    """
    if not decimal:  # one digit after the point: 2.25 is no count of half baths
        text = text.where(text.str.fullmatch(r"\s*[0-9]+(\.[0-9])?\s*").fillna(False).astype(bool))
    value = parse_values.parse_number(text)
    value = value.where(value >= 0)
    full = value // 1
    part = (value - full).round(6)
    half = (part > 0).astype("float64").where(value.notna()) if decimal else (part * 10).round()
    total = value if decimal else full + half / 2
    return pd.DataFrame({"bathrooms_full": full, "bathrooms_half": half, "bathrooms_total": total})


def parse_baths_notation(kind: str, text: pd.Series) -> pd.DataFrame:
    """Parse counts of baths in the notation that a contract names.

    Parameters
    ----------
    kind : str
        The column's type: `baths_full_half`, `baths_decimal` or `baths_full_slash_half` (2/1 is two
        full baths and one half bath).
    text : Series of str, shape (n,)

    Returns
    -------
    DataFrame, shape (n, 3)
        The columns of `parse_baths`.
    """
    if kind != "baths_full_slash_half":
        return parse_baths(text, kind == "baths_decimal")
    parts = text.str.extract(r"\A\s*([0-9]{1,3})\s*/\s*([0-9]{1,3})\s*\Z")
    return bath_columns(parse_values.parse_number(parts[0]), parse_values.parse_number(parts[1]))


def bath_columns(full: pd.Series, half: pd.Series) -> pd.DataFrame:
    """Put two counts of baths together; a total only where both are there.

    Parameters
    ----------
    full : Series of float64, shape (n,)
        Full baths.
    half : Series of float64, shape (n,)
        Half baths.

    Returns
    -------
    DataFrame, shape (n, 3)
        The columns of `parse_baths`.
    """
    return pd.DataFrame(
        {"bathrooms_full": full, "bathrooms_half": half, "bathrooms_total": full + half / 2}
    )


def combine_baths(counts: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Put counts of each kind of bath together.

    Where one count of a row is blank and the rooms are known, it is what the others leave of them;
    where they leave nothing, all blank counts are none. A blank count of three-quarter or quarter
    baths is none as well where full and half baths are known and no rooms are. Counts that are not
    as many as the rooms give no total; but where that is so in most rows, the column of rooms means
    something else and is not used.

    Parameters
    ----------
    counts : DataFrame, shape (n, k)
        Any of WEIGHTS, PARTIAL and ROOMS: counts, missing where blank. A column that is blank
        throughout counts as one that the export does not have.

    Returns
    -------
    parts : DataFrame, shape (n, 3)
        `bathrooms_full`, `bathrooms_half` (counts) and `bathrooms_total` (float64).
    reason : Series of str, shape (n,)
        DISAGREE or UNSAID where that leaves the total missing; UNUSED, which does not.
    """
    nothing = pd.Series(float("nan"), index=counts.index)
    counts = counts.dropna(axis=1, how="all")
    parts = pd.DataFrame({name: counts.get(name, nothing) for name in WEIGHTS})
    parts["bathrooms_half"] = parts["bathrooms_half"].fillna(counts.get(PARTIAL, nothing))
    kinds = [name for name in WEIGHTS if name in MAIN or parts[name].notna().any()]
    parts, rooms = parts[kinds], counts.get(ROOMS, nothing)

    judged = parts[list(MAIN)].notna().all(axis=1) & rooms.notna()
    wrong = judged & _disagrees(parts, rooms)
    unused = judged.sum() >= FEWEST_JUDGED and wrong.sum() > judged.sum() / 2
    reason = pd.Series(UNUSED if unused else None, index=counts.index, dtype="str")
    reason, rooms = reason.where(rooms.notna()), nothing if unused else rooms

    wrong, left = _disagrees(parts, rooms), rooms - parts.sum(axis=1)
    fits = parts.notna().any(axis=1) & (
        (left == 0) | ((left > 0) & (parts.isna().sum(axis=1) == 1))
    )
    parts = parts.apply(lambda part: part.mask(fits & part.isna(), left))
    known = parts[list(MAIN)].notna().all(axis=1) & ~wrong
    total = parts.fillna(0) @ pd.Series(WEIGHTS)[kinds]
    reason = reason.mask(wrong, DISAGREE)
    if parts["bathrooms_half"].notna().any():
        reason = reason.mask(parts["bathrooms_full"].notna() & ~known & ~wrong, UNSAID)
    return parts[list(MAIN)].assign(bathrooms_total=total.where(known)), reason


def _disagrees(parts: pd.DataFrame, rooms: pd.Series) -> pd.Series:
    """Where counts are more than the rooms, or fewer though none, or several, are blank."""
    left = rooms - parts.sum(axis=1)
    main = parts[list(MAIN)].notna().all(axis=1)
    return (left < 0) | ((left > 0) & main & (parts.isna().sum(axis=1) != 1))
