"""Areas, rents and fees in one unit each, with the unit that the source wrote recorded row by row.

A contract may say what a feed's own words mean: `lookups: {living_area_units: {Tatami: ...}}`.
"""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values, reso
from lib.listings.contract.contract import Contract

FREQUENCY = "lease_amount_frequency"
RENTS = ("list_price", "original_list_price", "previous_list_price", "close_price", "lease_amount")
LIVING_UNIT = "_source_living_area_unit"
LOT_UNIT = "_source_lot_size_unit"
RENT_FREQUENCY = "_source_rent_frequency"
UNIT_COLUMNS = (LIVING_UNIT, LOT_UNIT, RENT_FREQUENCY)
MOSTLY = 0.95  # where so many rows name the usual unit, a blank means it too
LOTS = ("lot_size_square_feet", "lot_size_acres", "lot_size_area")  # the first that is filled wins


def replace_synonyms(text: pd.Series, words: dict[str, list[str]]) -> pd.Series:
    """Find the name that each text goes by.

    Parameters
    ----------
    text : Series of str, shape (n,)
    words : dict of str to list of str
        Name -> the words for it; a name stands for itself.

    Returns
    -------
    Series of str, shape (n,)
        Missing where the text is blank or no word of the list.
    """
    by_plain = {
        reso.fold_header(word): name
        for name, synonyms in words.items()
        for word in (name, *synonyms)
    }
    distinct = pd.Series(text.dropna().unique(), dtype="str")
    names = {raw: by_plain.get(reso.fold_header(raw)) for raw in distinct}
    return text.map({raw: name for raw, name in names.items() if name}).astype("str")


def read_unit_words(
    rows: pd.DataFrame, name: str, words: dict[str, list[str]], contract: Contract
) -> tuple[pd.Series, pd.Series]:
    """Find what the words of a column that says a unit or a frequency mean.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it; needs `name`.
    name : str
        The column that holds the words; the contract's lookup for it counts first.
    words : dict of str to list of str
        As `replace_synonyms` takes them.
    contract : Contract

    Returns
    -------
    word : Series of str, shape (n,)
        Missing where blank or unknown.
    blank : Series of bool, shape (n,)
    """
    text, blank = rows[name], parse_values.is_blank(rows[name])
    lookup = {raw.strip().lower(): word for raw, word in contract.lookups.get(name, {}).items()}
    if lookup:
        text = text.str.strip().str.lower().map(lookup).astype("str").fillna(text)
    return replace_synonyms(text, words).mask(blank), blank


def area_units(rows: pd.DataFrame, name: str, contract: Contract) -> tuple[pd.Series, pd.Series]:
    """Find the unit of each row's area.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it; needs the column's `unit_from`, if it has one.
    name : str
        The column that holds the area.
    contract : Contract

    Returns
    -------
    unit : Series of str, shape (n,)
        The contract's unit, or the row's where the contract names a column for it; "times 43560"
        where the contract gives a factor instead of a unit.
    unknown : Series of bool, shape (n,)
        Where the row names a unit that nobody knows, or none though others name another than the
        usual one, which the contract does not name either.
    """
    column, field = contract.columns[name], reso.load_dictionary().fields.get(name)
    usual = column.unit or (str(field.unit) if field and field.unit else "")
    if not column.unit and column.multiply != 1:
        usual = f"times {column.multiply:g}"
    unit = pd.Series(usual, index=rows.index, dtype="str")
    if not column.unit_from:
        return unit, pd.Series(False, index=rows.index)
    word, blank = read_unit_words(
        rows, column.unit_from, reso.load_dictionary().area_words, contract
    )
    stated = column.unit is not None or column.multiply != 1
    mostly = blank.all() or (word[~blank] == usual).mean() >= MOSTLY
    doubtful = blank & (not stated and not mostly)
    return unit.where(blank, word).mask(doubtful), doubtful | (~blank & word.isna())


def area_factors(rows: pd.DataFrame, name: str, contract: Contract) -> pd.Series:
    """Find what each row's parsed area is multiplied with, after the contract's factor.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it; needs the column's `unit_from`, if it has one.
    name : str
        The column that holds the area.
    contract : Contract

    Returns
    -------
    Series of float64, shape (n,)
        1 except where the row names its unit (1 for square feet there too).
    """
    column, one = contract.columns[name], pd.Series(1.0, index=rows.index)
    if not column.unit_from:
        return one
    book = reso.load_dictionary()
    field = book.fields.get(name)
    to = book.areas.get(str(field.unit) if field else "", 1.0) * column.multiply
    unit, _ = area_units(rows, name, contract)
    return (unit.map(book.areas).astype("float64") / to).mask(
        parse_values.is_blank(rows[column.unit_from]), one
    )


def rent_frequencies(rows: pd.DataFrame, contract: Contract) -> tuple[pd.Series, pd.Series]:
    """Find how often each lease's rent is paid.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs `domain`, and `lease_amount_frequency` where the contract has it.
    contract : Contract

    Returns
    -------
    frequency : Series of str, shape (n,)
        Missing for sales; a blank cell of a lease is monthly, if nearly all filled ones are.
    unknown : Series of bool, shape (n,)
        Where the row names a frequency that nobody knows.
    """
    lease = rows["domain"] == "rental"
    if FREQUENCY not in contract.columns:
        return pd.Series("monthly", index=rows.index, dtype="str").where(lease), lease & False
    book = reso.load_dictionary()
    word, blank = read_unit_words(rows, FREQUENCY, book.payment_words, contract)
    word = word.where(word.isin(list(book.payments)))  # nothing monthly follows from the others
    filled = word[lease & ~blank]
    if filled.size and (filled == "monthly").mean() < MOSTLY:
        blank &= False  # among rents of other periods, nothing is usual
    return word.mask(blank, "monthly").where(lease), lease & ~blank & word.isna()


def monthly_factors(often: pd.Series) -> pd.Series:
    """Find what a rent is multiplied with to be a month's.

    Parameters
    ----------
    often : Series of str, shape (n,)
        Frequencies as `rent_frequencies` gives them.

    Returns
    -------
    Series of float64, shape (n,)
        1 where the frequency is missing.
    """
    return (often.map(reso.load_dictionary().payments).astype("float64") / 12).fillna(1.0)


def yearly_factors(rows: pd.DataFrame, name: str, contract: Contract) -> pd.Series:
    """Find what each row's parsed amount is multiplied with to be a year's.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it; needs the column's `frequency_from`, if it has one.
    name : str
        The column that holds the amount.
    contract : Contract

    Returns
    -------
    Series of float64, shape (n,)
        1 where the export has no column of frequencies, or an empty one; missing where the row
        names none, one that nobody knows, or one from which nothing follows for a year.
    """
    column, one = contract.columns[name], pd.Series(1.0, index=rows.index)
    if not column.frequency_from or parse_values.is_blank(rows[column.frequency_from]).all():
        return one
    book = reso.load_dictionary()
    word, _ = read_unit_words(rows, column.frequency_from, book.payment_words, contract)
    return word.map(book.payments).astype("float64") / column.multiply
