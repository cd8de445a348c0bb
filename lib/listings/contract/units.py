"""Areas and rents in one unit each, with the unit that the source wrote recorded row by row."""

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
LOTS = ("lot_size_square_feet", "lot_size_acres", "lot_size_area")  # the first that is filled wins


def match_words(text: pd.Series, words: dict[str, list[str]]) -> pd.Series:
    """The name in `words` that each text goes by; missing where it is blank or unknown."""
    by_plain = {
        reso.fold_header(word): name for name, some in words.items() for word in (name, *some)
    }
    distinct = pd.Series(text.dropna().unique(), dtype="str")
    known = {raw: by_plain.get(reso.fold_header(raw)) for raw in distinct}
    return text.map({raw: name for raw, name in known.items() if name}).astype("str")


def area_units(rows: pd.DataFrame, name: str, contract: Contract) -> tuple[pd.Series, pd.Series]:
    """(unit of each row's area, whether the row names a unit that is unknown).

    The unit is the contract's, or the row's own where the contract names a column for it; a factor
    that the contract gives instead of a unit is told as "times 43560".
    """
    column, own = contract.columns[name], reso.load_dictionary().fields.get(name)
    usual = column.unit or (str(own.unit) if own else "")
    if not column.unit and column.multiply != 1:
        usual = f"times {column.multiply:g}"
    unit = pd.Series(usual, index=rows.index, dtype="str")
    if not column.unit_from:
        return unit, pd.Series(False, index=rows.index)
    text = rows[column.unit_from]
    word, blank = match_words(text, reso.load_dictionary().area_words), parse_values.is_blank(text)
    return unit.where(blank, word), ~blank & word.isna()


def area_factors(rows: pd.DataFrame, name: str, contract: Contract) -> pd.Series:
    """What each row's parsed area is multiplied with beside the contract's own factor: 1 but where
    the row names its unit (square feet is 1 there)."""
    column, one = contract.columns[name], pd.Series(1.0, index=rows.index)
    if not column.unit_from:
        return one
    book = reso.load_dictionary()
    to = book.areas[str(book.fields[name].unit)] * column.multiply
    unit, _ = area_units(rows, name, contract)
    return (unit.map(book.areas).astype("float64") / to).mask(
        parse_values.is_blank(rows[column.unit_from]), one
    )


def rent_frequencies(rows: pd.DataFrame, contract: Contract) -> tuple[pd.Series, pd.Series]:
    """(how often each lease's rent is paid, whether the row names a frequency that is unknown);
    missing for sales. A blank one is a month."""
    lease = rows["domain"] == "rental"
    if FREQUENCY not in contract.columns:
        return pd.Series("monthly", index=rows.index, dtype="str").where(lease), lease & False
    text = rows[FREQUENCY]
    word, blank = (
        match_words(text, reso.load_dictionary().payment_words),
        parse_values.is_blank(text),
    )
    return word.mask(blank, "monthly").where(lease), lease & ~blank & word.isna()


def monthly_factors(often: pd.Series) -> pd.Series:
    """What a rent paid so often is multiplied with to be a month's; 1 where nothing is known."""
    return (often.map(reso.load_dictionary().payments).astype("float64") / 12).fillna(1.0)
