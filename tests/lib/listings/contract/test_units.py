"""Areas and rents come in one unit each, and the source's own unit is recorded."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.common.vocabulary import LINEAGE
from lib.listings.contract import contract, reso, units
from lib.listings.contract.contract import Contract
from lib.listings.normalize import typed_cells


def made(**columns):
    spec = {"title": "T", "columns": {"listing_key": {"aliases": []}, **columns}}
    return contract.resolve_contract(validate(Contract, spec, "c.yaml"), "c.yaml")


ROWS = made(
    living_area={"unit_from": "living_area_units", "range": [100, 50000]},
    living_area_units={},
    lot_size_square_feet={},
    lot_size_acres={},
    lot_size_area={"aliases": ["LotSizeArea"], "unit_from": "lot_size_units"},
    lot_size_units={},
    close_price={"range": [100, 1000000]},
    list_price={},
    lease_amount_frequency={},
)


def typed(*rows, agreed=ROWS, domain="rental"):
    names = dict.fromkeys(["listing_key", "domain", *agreed.columns, *LINEAGE])
    base = {"listing_key": "k", "domain": domain, "_source_row": 1}
    frame = pd.DataFrame([base | row for row in rows]).reindex(columns=list(names))
    return typed_cells.type_cells(frame.astype("str"), agreed)


@pytest.mark.parametrize(
    ("amount", "unit", "feet", "told"),
    [
        ("2,000", None, 2000, "square feet"),
        ("2000", "Square Feet", 2000, "square feet"),
        ("100", "Square Meters", 1076.391041671, "square meters"),
        ("100", " sq m ", 1076.391041671, "square meters"),
        ("100", "Tatami", None, None),
        (None, "Square Meters", None, None),
        ("5", "Square Meters", None, None),  # 54 square feet: out of range as square feet
    ],
)
def test_living_area_by_the_rows_own_unit(amount, unit, feet, told):
    table, issues = typed({"living_area": amount, "living_area_units": unit})
    found = table["living_area"][0]
    assert found == pytest.approx(feet) if feet else pd.isna(found)
    assert table[units.LIVING_UNIT].fillna("")[0] == (told or "")
    assert "living_area_units" not in table
    lost = amount is not None and feet is None
    reason = "its unit is not known" if unit == "Tatami" else "outside 100 to 50000"
    assert issues["reason"].tolist() == ([reason] if lost else [])


@pytest.mark.parametrize(
    ("row", "feet", "told"),
    [
        ({"lot_size_square_feet": "5000", "lot_size_acres": "9"}, 5000, "square feet"),
        ({"lot_size_acres": "0.5", "lot_size_area": "9"}, 21780, "acres"),
        ({"lot_size_area": "0.5", "lot_size_units": "Acres"}, 21780, "acres"),
        ({"lot_size_area": "100", "lot_size_units": "m2"}, 1076.391041671, "square meters"),
        ({"lot_size_area": "7000"}, 7000, "square feet"),
        ({"lot_size_square_feet": "?", "lot_size_area": "7000"}, 7000, "square feet"),
        ({"lot_size_area": "3", "lot_size_units": "Rods"}, None, None),
        ({}, None, None),
    ],
)
def test_lots_by_the_first_column_that_has_one(row, feet, told):
    table, _ = typed(row)
    found = table["lot_size_square_feet"][0]
    assert found == pytest.approx(feet) if feet else pd.isna(found)
    assert table[units.LOT_UNIT].fillna("")[0] == (told or "")
    assert not {"lot_size_area", "lot_size_units"} & set(table)


@pytest.mark.parametrize(
    ("often", "month", "told"),
    [
        (None, 1200, "monthly"), ("Monthly", 1200, "monthly"), ("annually", 100, "annually"),
        ("Per Week", 1200 * 365 / 7 / 12, "weekly"), ("Daily", 1200 * 365 / 12, "daily"),
        ("Quarterly", 400, "quarterly"), ("Seasonal", None, ""),
    ],
)  # fmt: skip
def test_rents_are_brought_to_a_month(often, month, told):
    table, issues = typed({"close_price": "1,200", "lease_amount_frequency": often})
    found = table["close_price"][0]
    assert found == pytest.approx(month) if month else pd.isna(found)
    assert table[units.RENT_FREQUENCY].fillna("")[0] == told
    assert issues["reason"].tolist() == ([] if month else ["how often rent is paid is not known"])
    assert "lease_amount_frequency" not in table


def test_a_sales_price_is_nobodys_rent():
    row = {"close_price": "500000", "lease_amount_frequency": "Seasonal"}
    table, issues = typed(row, domain="sale")
    assert table["close_price"][0] == 500000 and not len(issues)
    assert table[units.RENT_FREQUENCY].isna().all()


def test_a_unit_of_the_contract_is_recorded_and_a_bare_factor_told():
    acres = made(lot_size_square_feet={"aliases": ["Acres"], "unit": "acres"})
    times = made(lot_size_square_feet={"aliases": ["Acres"], "multiply": 2})
    assert typed({"lot_size_square_feet": "1"}, agreed=acres)[0][units.LOT_UNIT][0] == "acres"
    assert typed({"lot_size_square_feet": "900"}, agreed=times)[0][units.LOT_UNIT][0] == "times 2"


@given(st.sampled_from([(w, n) for n, ws in reso.load_dictionary().area_words.items() for w in ws]))
def test_every_word_for_a_unit_and_the_unit_itself_is_known_whatever_its_case(pair):
    word, name = pair
    texts = pd.Series([word.upper(), f" {word.lower()}", name], dtype="str")
    assert units.match_words(texts, reso.load_dictionary().area_words).tolist() == [name] * 3


def test_each_unit_and_frequency_has_words():
    book = reso.load_dictionary()
    assert set(book.areas) == set(book.area_words)
    assert set(book.payments) | {"seasonal", "one time"} == set(book.payment_words)


def test_a_column_that_says_the_unit_must_be_there():
    with pytest.raises(RemlError, match="unit_from names `nowhere`"):
        made(living_area={"unit_from": "nowhere"})
