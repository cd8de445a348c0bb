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


def test_a_blank_frequency_is_a_month_only_where_other_leases_say_so():
    blank, year = {"close_price": "1200"}, {"close_price": "14400"}
    year |= {"lease_amount_frequency": "Annually"}
    table, issues = typed(year, blank)
    assert table["close_price"].fillna(0).tolist() == [1200, 0] and len(issues) == 1
    month = blank | {"lease_amount_frequency": "Monthly"}
    assert typed(*[month] * 30, year, blank)[0]["close_price"].tolist() == [1200] * 32


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
    assert units.replace_synonyms(texts, reso.load_dictionary().area_words).tolist() == [name] * 3


def test_each_unit_and_frequency_has_words():
    book = reso.load_dictionary()
    assert set(book.areas) == set(book.area_words)
    assert set(book.payments) | {"seasonal", "one time"} == set(book.payment_words)


def test_a_column_that_says_the_unit_must_be_there():
    with pytest.raises(RemlError, match="unit_from names `nowhere`"):
        made(living_area={"unit_from": "nowhere"})


FEES = made(
    association_fee={"range": [0, 100000]},
    association_fee_frequency={},
    association_fee2={},
    association_fee2_frequency={},
    building_area_total={},
    building_area_units={},
)


@pytest.mark.parametrize(
    ("often", "year"),
    [
        ("Monthly", 1200), ("Quarterly", 400), ("Semi-Annually", 200), ("Annually", 100),
        ("Bi-Monthly", 600), ("Semi-Monthly", 2400), ("Weekly", 100 * 365 / 7), ("Daily", 36500),
        ("per month", 1200), ("M", 1200), ("Seasonal", None), ("One Time", None), ("Dues", None),
        (None, None),
    ],
)  # fmt: skip
def test_fees_are_brought_to_a_year(often, year):
    rows = [
        {f"association_fee{n}": "100", f"association_fee{n}_frequency": often} for n in ("", "2")
    ]
    known = dict.fromkeys(["association_fee", "association_fee2"], "7")
    known |= {f"{name}_frequency": "Yearly" for name in known}
    table, issues = typed(*rows, known, agreed=FEES)
    got = [table["association_fee"][0], table["association_fee2"][1]]
    assert got == pytest.approx([year, year]) if year else pd.isna(got).all()
    assert table["association_fee"][2] == table["association_fee2"][2] == 7
    assert issues["reason"].tolist() == ([] if year else [typed_cells.NO_YEAR] * 2)
    assert not {"association_fee_frequency", "association_fee2_frequency"} & set(table)


def test_no_fee_is_none_however_often_and_a_feed_without_frequencies_is_of_years():
    free = {"association_fee": "0", "association_fee_frequency": "None"}
    assert typed(free, agreed=FEES)[0]["association_fee"][0] == 0
    assert typed({"association_fee": "96"}, agreed=FEES)[0]["association_fee"][0] == 96


@pytest.mark.parametrize(
    ("unit", "feet"),
    [("SqMt", 1076.391041671), ("Sq. Meters", 1076.391041671), ("Hectares", 10763910.41671),
     ("Square Yards", 900), ("sq. ft.", 100)],
)  # fmt: skip
def test_the_area_of_a_building_has_its_own_unit(unit, feet):
    table, _ = typed({"building_area_total": "100", "building_area_units": unit}, agreed=FEES)
    got = table["building_area_total"][0]
    assert got == pytest.approx(feet) if feet < 100000 else pd.isna(got)  # out of any range


def test_a_blank_unit_is_the_usual_one_only_where_the_others_say_so():
    row, blank = {"living_area": "150"}, {"living_area": "150", "living_area_units": ""}
    meters = row | {"living_area_units": "Square Meters"}
    table, issues = typed(meters, blank)
    assert table["living_area"].round().fillna(0).tolist() == [1615, 0]
    assert issues["reason"].tolist() == ["its unit is not known"]
    feet = row | {"living_area_units": "Square Feet"}
    assert typed(*[feet] * 30, meters, blank)[0]["living_area"].iloc[-1] == 150
    agreed = made(living_area={"unit": "square feet"}, living_area_units={})
    assert typed(meters, blank, agreed=agreed)[0]["living_area"][1] == 150


@pytest.mark.parametrize(
    ("column", "words"), [("living_area_units", "Tatami"), ("association_fee_frequency", "Dues")]
)
def test_words_that_are_mostly_unknown_stop_the_run_and_a_lookup_mends_it(column, words):
    name = {"living_area_units": "living_area"}.get(column, "association_fee")
    spec, rows = {name: {}, column: {}}, [{name: "150", column: words}] * 25
    with pytest.raises(RemlError, match=rf"data row 1: {column} is '{words}'.*lookups"):
        typed(*rows, agreed=made(**spec))
    assert len(typed(*rows[:10], agreed=made(**spec))[1]) == 10  # of a few rows each is listed
    meaning = "square meters" if column == "living_area_units" else "monthly"
    agreed = made(**spec).model_copy(update={"lookups": {column: {words: meaning}}})
    table, issues = typed(*rows, agreed=agreed)
    factor = 10.76391041671 if name == "living_area" else 12
    assert table[name].tolist() == pytest.approx([150 * factor] * 25) and not len(issues)


@pytest.mark.parametrize(
    ("header", "beside", "column"),
    [
        ("LivingArea", "LivingAreaUnits", "living_area_units"),
        ("AssociationFee", "AssociationFeeFrequency", "association_fee_frequency"),
        ("BathroomsFull", "BathroomsThreeQuarter", "bathrooms_three_quarter"),
        ("BuildingAreaTotal", "BuildingAreaUnits", "building_area_units"),
    ],
)
def test_an_export_that_says_a_unit_which_no_column_reads_is_refused(header, beside, column):
    name = reso.find_field(header)
    (clause,) = contract.header_faults(made(**{name: {}}), [header, beside])
    assert repr(beside) in clause and f"add `{column}: {{}}`" in clause
    assert contract.header_faults(made(**{name: {}, column: {}}), [header, beside]) == []
    assert contract.header_faults(made(**{name: {}}), [header]) == []


def test_how_often_rent_is_paid_matters_where_there_are_rents():
    headers = ["ClosePrice", "LeaseAmountFrequency"]
    assert contract.header_faults(made(close_price={}), headers) == []
    rents = made(close_price={}).model_copy(
        update={"domain": contract.DomainRule(default="rental")}
    )
    assert len(contract.header_faults(rents, headers)) == 1
