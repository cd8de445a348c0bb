"""What is odd in a table of estimates before it is scored: repeated keys, dots, mixed units.

A table from elsewhere may have gone through a join that fanned out, or a spreadsheet of another
country. What would give a wrong figure stops the run; what may be honest is listed with its rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.errors import require

OFF = 30.0  # times that an estimate is off its price where a unit, and no model, is at fault
FAR = 300.0  # times that a price is off the median price where it is in another unit
SMALL = 1000.0  # currency: a median price below may be in thousands
SAME = 0.0005  # of estimate to price: the price paid, but for rounding
ENOUGH = 20  # rows from which a median price says anything
DOTTED = r"\d{1,3}\.\d{3}"  # 350.000: thousands in one country, decimals in another
FRACTION = r"\d*\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+|0\.\d+"  # a dot that can only begin decimals
AGAIN = "same home, date and price as another row: is one sale in twice?; scored as it stands"
OTHER_UNIT = "estimate and price are 30 times apart or more: another unit?; scored as it stands"
FAR_PRICE = "price is 300 times off the median price: another unit?; scored as it stands"
PAID = "estimate is the price paid, as in most rows: made after the sale?; scored as it stands"
SMALL_PRICE = "price below 1,000, as the median is: in thousands?; scored as it stands"


def require_single_keys(keys: pd.Series, where: str) -> None:
    """Stop where a listing stands in several rows: intervals would take them for several sales.

    Parameters
    ----------
    keys : Series of shape (n,)
        listing_key of each row; missing ones are not compared.
    where : str
        What to call the table.

    Raises
    ------
    RemlError
        Naming the first key that repeats, its rows, and how many there are.
    """
    present = keys.dropna()
    twice = present[present.duplicated(keep=False)]
    if twice.empty:
        return
    first = twice.iloc[0]
    rows = np.flatnonzero((keys == first).to_numpy()) + 1
    others = sorted(set(twice) - {first})[:4]
    named = f", as do {', '.join(map(str, others))}" if others else ""
    require(
        False,
        f"{where}, rows {', '.join(map(str, rows[:5]))}: listing_key {first!r} repeats{named} "
        f"({twice.nunique()} keys in {len(twice)} rows); keep one row a sale",
    )


def require_plain_dots(
    texts: dict[str, pd.Series], numbers: dict[str, pd.Series], where: str
) -> None:
    """Stop where the dots in a column of prices or estimates may stand for thousands.

    Parameters
    ----------
    texts : dict of str to Series of shape (n,)
        Cells of the price and of the estimate as they are written, by column.
    numbers : dict of str to Series of shape (n,)
        The same, as numbers with a decimal point.
    where : str
        What to call the table.

    Raises
    ------
    RemlError
        Where the dots of both columns are all followed by three digits (350.000), or those of one
        are and its numbers are then OFF times off the other's.
    """
    doubtful = {}
    for name, text in texts.items():
        cells = text.astype("str").str.strip()
        dotted = cells.str.fullmatch(DOTTED)
        if dotted.any() and not cells.str.fullmatch(FRACTION).any():
            doubtful[name] = dotted
    price, estimate = numbers.values()
    for name, dotted in doubtful.items():
        apart = np.abs(np.log((estimate / price).where((estimate > 0) & (price > 0))))
        wide = apart[dotted].median() > np.log(OFF)
        row = int(np.flatnonzero(dotted.to_numpy())[0]) + 1
        require(
            len(doubtful) < len(texts) and not wide,
            f"{where}, row {row}: {name} {str(texts[name].iloc[row - 1]).strip()!r} may be "
            f"thousands or a fraction ({int(dotted.sum())} such cells); write it like 350000 or "
            "350000.50",
        )


def require_one_unit(price: pd.Series, estimate: pd.Series, where: str) -> None:
    """Stop where estimates and prices are in different units throughout.

    Parameters
    ----------
    price, estimate : Series of shape (n,)
        In currency.
    where : str
        What to call the table.

    Raises
    ------
    RemlError
        Where the median of estimate over price lies OFF times from 1.
    """
    middle = (estimate / price)[(price > 0) & (estimate > 0)].median()
    require(
        not (middle > OFF or middle < 1 / OFF),
        f"{where}: estimates are {middle:.4g} times the prices in the median; give both in one "
        "unit of the same currency",
    )


def oddity_notes(table: pd.DataFrame) -> pd.Series:
    """What is odd in each row and may be honest all the same.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        close_price and pred_close_price (currency); property_key and as_of where known.

    Returns
    -------
    Series of str of shape (n,)
        One of the reasons above, "" where nothing is odd.
    """
    price, estimate = table["close_price"], table["pred_close_price"]
    positive = price[price > 0]
    middle = positive.median() if len(positive) >= ENOUGH else np.nan
    ratio = (estimate / price).where((price > 0) & (estimate > 0))
    again = pd.Series(False, index=table.index)
    if "property_key" in table:
        same = [name for name in ("property_key", "as_of", "close_price") if name in table]
        again = table.duplicated(same, keep=False) & table["property_key"].notna()
    paid = (ratio - 1).abs() < SAME
    paid &= paid.sum() > max(ENOUGH, ratio.notna().sum()) / 2
    far = (price > 0) & ((price > FAR * middle) | (price < middle / FAR))
    found = np.select(
        [
            again,
            (ratio > OFF) | (ratio < 1 / OFF),
            far,
            (price > 0) & (price < SMALL) & (middle < SMALL),
            paid,
        ],
        [AGAIN, OTHER_UNIT, FAR_PRICE, SMALL_PRICE, PAID],
        "",
    )
    return pd.Series(found, index=table.index, dtype="str")
