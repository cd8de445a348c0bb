"""What a tester looks for in a listing row: shapes of its cells, from the data and its contract
alone. A trait is a name and, row by row, whether the row has it.

Rows come in a seeded order, so that "the first so many" is a fair draw of them.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd

from lib.listings.contract import baths, parse_values
from lib.listings.contract.contract import Column, Contract

Traits = dict[str, np.ndarray]
NAMED = ("standard_status", "property_type", "property_sub_type")  # each value counts as a trait
VALUES = 20  # values or notations of one column that count, the most common ones
DATES = ("listing_contract_date", "purchase_contract_date", "close_date")  # as they follow
STEPS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0, 5.0, 20.0)  # close to list price
ORDINARY = (0.9, 1.1)  # nothing to explain between these
WORDS = 8  # distinctive words that count
READ = 20_000  # remarks read on each side to find them


def parse_amounts(text: pd.Series, column: Column, formats: list[str]) -> pd.Series | None:
    """Parse a column by its contract type.

    Parameters
    ----------
    text : Series of str, shape (n,)
    column : Column
    formats : list of str
        The contract's date formats.

    Returns
    -------
    Series or None, shape (n,)
        Numbers or dates (total baths for baths); None where any text will do.
    """
    if column.type in ("code", "text"):
        return None
    if column.type.startswith("baths"):
        return baths.parse_baths_notation(column.type, text)["bathrooms_total"]
    return parse_values.parse_column(text, column, formats)


def column_traits(name: str, text: pd.Series, contract: Contract) -> Traits:
    """Find the traits of one column, judged once a distinct value.

    Parameters
    ----------
    name : str
    text : Series of str, shape (n,)
    contract : Contract

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Trait -> the rows that have it; those that no row has are left out.
    """
    column = contract.columns.get(name, Column())
    codes, distinct = pd.factorize(text, use_na_sentinel=False)
    often = np.bincount(codes, minlength=len(distinct))
    cells = pd.Series(distinct, dtype="str")
    shapes = _of_text(cells)
    amount = parse_amounts(cells, column, contract.date_formats)
    if amount is not None:
        shapes[f"not a {column.type}"] = shapes["filled"] & amount.isna()
    if column.type == "text":  # a place name may hold one letter; an encoding has to keep each
        shapes |= _letters(cells, often)
    elif column.type == "postal_code":
        notation = cells.str.strip().str.replace(r"[0-9]", "9", regex=True)
        shapes |= _each("written", notation, often)
    elif column.type == "yes_no" and amount is not None:
        shapes |= {"yes": amount == 1, "no": amount == 0}
    elif name in NAMED or name in contract.lookups:
        shapes |= _each("is", cells.str.strip(), often)
    elif amount is not None and amount.dtype == "float64":
        shapes |= _of_number(name, amount, column, amount.repeat(often).median())
    return {
        f"{name}: {shape}": held.fillna(False).to_numpy(bool)[codes]
        for shape, held in shapes.items()
        if held.any()
    }


def _of_text(cells: pd.Series) -> dict[str, pd.Series]:
    blank = parse_values.is_blank(cells)
    return {
        "blank": blank,
        "filled": ~blank,
        "space around": ~blank & (cells.str.strip() != cells),
        "not ASCII": ~cells.fillna("").str.isascii(),
        "line break": cells.str.contains(r"[\r\n]"),
        "quotation mark": cells.str.contains('"', regex=False),
    }


def _each(verb: str, cells: pd.Series, often: np.ndarray) -> dict[str, pd.Series]:
    """One trait for each of the most common values."""
    counts = pd.Series(often).groupby(cells.where(cells != "")).sum().sort_index()
    common = counts.sort_values(ascending=False, kind="stable").index[:VALUES]
    return {f"{verb} {value}": cells == value for value in common}


def _letters(cells: pd.Series, often: np.ndarray) -> dict[str, pd.Series]:
    """One trait for each of the most common letters beyond ASCII."""
    counts: Counter[str] = Counter()
    foreign = cells[~cells.fillna("").str.isascii()]
    for place, text in foreign.items():
        for letter in {letter for letter in text if ord(letter) > 127}:
            counts[letter] += int(often[place])
    common = sorted(counts, key=lambda letter: (-counts[letter], letter))[:VALUES]
    return {f"has {letter}": cells.str.contains(letter, regex=False) for letter in common}


def _of_number(name: str, amount: pd.Series, column: Column, median: float) -> dict[str, pd.Series]:
    size = np.log10(amount.abs().where(amount != 0))
    shapes = {
        f"about 10^{power:.0f}": np.floor(size) == power
        for power in np.unique(np.floor(size.dropna()))
    }
    shapes |= {"zero": amount == 0, "negative": amount < 0}
    if column.range:
        low, high = column.range
        shapes |= {"below its range": amount < low, "above its range": amount > high}
    if name.startswith("year_"):
        shapes["far future"] = amount > median + 100
    return shapes


def cross_column_traits(cells: pd.DataFrame, contract: Contract) -> Traits:
    """Find the traits between columns.

    These are dates out of order, prices far from the list price, and whether the remarks say why.

    Parameters
    ----------
    cells : DataFrame, shape (n, k)
        Text of dates, prices, remarks and the columns of `property_key`, as far as the feed has
        them.
    contract : Contract

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Trait -> the rows that have it; those that no row has are left out.
    """
    traits = {}
    typed = {
        name: parse_values.parse_column(cells[name], contract.columns[name], contract.date_formats)
        for name in (*DATES, "list_price", "close_price")
        if name in cells and name in contract.columns
    }
    dates = [name for name in DATES if name in typed]
    for i, first in enumerate(dates):
        for then in dates[i + 1 :]:
            traits[f"{then} before {first}"] = (typed[then] < typed[first]).to_numpy(bool)
    if {"close_date", "close_price"} <= typed.keys():
        traits |= _of_deals(cells, typed["close_date"], typed["close_price"], contract)
    if "list_price" in typed and "close_price" in typed:
        list_price = typed["list_price"].to_numpy("float64")
        ratio = typed["close_price"].to_numpy("float64") / np.where(
            list_price > 0, list_price, np.nan
        )
        traits |= _of_ratio(ratio, _remarks(cells, contract))
    return {name: held for name, held in traits.items() if held.any()}


def _of_deals(cells: pd.DataFrame, day: pd.Series, price: pd.Series, contract: Contract) -> Traits:
    """What several sales show together: three at one price on one day, and a home that comes back
    within a year at another price."""
    together = day.groupby([day, price]).transform("size")
    traits = {"sold at one price with two others that day": (together > 2).to_numpy(bool)}
    group = next((some for some in contract.property_key if set(some) <= set(cells)), None)
    if group:
        home = cells[group].apply(tuple, axis=1).where(cells[group].notna().all(axis=1))
        deals = pd.DataFrame({"home": home, "day": day, "price": price}).dropna()
        deals = deals.sort_values(["home", "day"], kind="stable")
        before = deals.groupby("home")[["day", "price"]].shift()
        soon = (deals["day"] - before["day"]).dt.days.between(1, 365)
        ratio = deals["price"] / before["price"]
        back = deals.index[soon & ((ratio < 0.8) | (ratio > 1.25))]
        traits["sold again within a year at another price"] = cells.index.isin(back)
    return traits


def _remarks(cells: pd.DataFrame, contract: Contract) -> pd.Series | None:
    names = [name for name, column in contract.columns.items() if column.type == "text"]
    return next((cells[name] for name in names if name in cells), None)


def _of_ratio(ratio: np.ndarray, remarks: pd.Series | None) -> Traits:
    odd = (ratio < ORDINARY[0]) | (ratio > ORDINARY[1])
    traits = {}
    explained = np.zeros(len(ratio), dtype=bool)
    if remarks is not None:
        ordinary = ~np.isnan(ratio) & ~odd
        for words, rows in distinctive_words(remarks, odd, ordinary).items():
            traits[f"price far from list, remarks say {words}"] = rows
            explained |= rows
    step = np.where(np.isnan(ratio), -1, np.digitize(ratio, STEPS))
    edges = (0.0, *STEPS, np.inf)
    for number in np.unique(step[step >= 0]):
        name = f"close_price {edges[number]:g} to {edges[number + 1]:g} of list_price"
        traits[name] = step == number
        # a price that the remarks explain is another case than one that nothing explains
        traits[f"{name}, unexplained"] = (step == number) & odd & ~explained
    return traits


def distinctive_words(remarks: pd.Series, odd: np.ndarray, ordinary: np.ndarray) -> Traits:
    """Find words that are rare in remarks of ordinary rows and frequent in those of odd ones.

    Found in the data rather than listed, so that each market's words for a family sale or a
    foreclosure come up. At most READ rows of each side are read; words that always come together
    count once, under the first of them.

    Parameters
    ----------
    remarks : Series of str, shape (n,)
    odd : ndarray of bool, shape (n,)
        Rows whose price is far from the list price.
    ordinary : ndarray of bool, shape (n,)
        Rows to compare with.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Word -> the odd rows that have it, WORDS at most.
    """
    sides = [np.flatnonzero(side)[:READ] for side in (odd, ordinary)]
    words = [[_words(text) for text in remarks.iloc[side]] for side in sides]
    often, usual = (Counter(word for some in side for word in some) for side in words)
    lift = {}
    for word, count in often.items():
        share, other = count / len(words[0]), usual[word] / max(len(words[1]), 1)
        if count > 1 and share >= 5 * other:
            lift[word] = share - other
    by_rows: dict[bytes, tuple[str, np.ndarray]] = {}
    for word in sorted(lift, key=lambda word: (-lift[word], word)):
        rows = np.zeros(len(odd), dtype=bool)
        rows[sides[0][[word in some for some in words[0]]]] = True
        by_rows.setdefault(np.packbits(rows).tobytes(), (word, rows))
        if len(by_rows) == WORDS:
            break
    return dict(by_rows.values())


def _words(text: object) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text.lower())) if isinstance(text, str) else set()
