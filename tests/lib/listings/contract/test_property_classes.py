"""What is a home: the class of property by the words of its types, asked where they do not tell."""

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.listings.contract import reso, row_rules
from lib.listings.contract.contract import Contract
from lib.listings.contract.reso import TORN, UNKNOWN, UNSTATED
from lib.listings.contract.row_rules import assign_classes

RESO_TYPES = {
    "Residential": "residential", "Residential Lease": "residential", "Land": "land",
    "Residential Income": "income", "Commercial Sale": "commercial",
    "Commercial Lease": "commercial", "Farm": "farm",
    "Business Opportunity": "business", "Manufactured In Park": "manufactured",
}  # fmt: skip


def contract_of(**more):
    content = {"title": "t", "columns": {"listing_key": {}, "property_type": {},
                                         "property_sub_type": {}}, **more}  # fmt: skip
    return validate(Contract, content, "contract.yaml")


def classes_of(pairs, domain="sale", **more):
    rows = pd.DataFrame(pairs, columns=["property_type", "property_sub_type"], dtype="str")
    rows = rows.assign(domain=domain, _source_file="a.csv", _source_row=range(1, len(rows) + 1))
    return rows, assign_classes(rows, contract_of(**more))


@pytest.mark.parametrize(("word", "name"), RESO_TYPES.items())
def test_every_property_type_of_reso_has_its_class_however_it_is_written(word, name):
    for text in (word, word.upper(), word.replace(" ", ""), f" {word.replace(' ', '-')} "):
        assert reso.classify_word(text) == (name, True), text


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Lots", "land"), ("Lots/Land", "land"), ("LND", "land"), ("Vacant Land", "land"),
        ("Residential Lots", "land"), ("Acreage", "land"), ("Country Homes/Acreage", "residential"),
        ("Farm & Ranch", "farm"), ("farms and ranches", "farm"), ("Multi-Family", "income"),
        ("MultiFamily", "income"), ("2-4 Units", "income"), ("Mobile Home", "manufactured"),
        ("Mobile Home Park", "commercial"), ("Deeded Parking", "parking"), ("Boat Slip", "parking"),
        ("Townhouse/Condo", "residential"), ("Mid/Hi-Rise Condominium", "residential"),
        ("Half Duplex", "residential"), ("Timeshare", "other"), ("Commercial Lots", "land"),
        ("Rental", UNSTATED), ("For Sale", UNSTATED), ("N/A", UNSTATED), ("", UNSTATED),
    ],
)  # fmt: skip
def test_words_of_systems_met_in_the_wild(word, name):
    assert reso.classify_word(word) == (name, True)


def test_a_word_that_no_list_has_is_told_by_its_parts_unless_they_disagree():
    assert reso.classify_word("Wooded Hillside Tract") == ("land", False)
    assert reso.classify_word("Detached Brick House") == ("residential", False)
    assert reso.classify_word("Industrial Tract")[0] == TORN
    assert reso.classify_word("Mfg Cottage")[0] == TORN
    assert reso.classify_word("Mfd. Home") == ("manufactured", True)
    for word in ("Residential w/ Acreage", "Residential Acreage"):  # a house, or none
        assert reso.classify_word(word)[0] == reso.MUTE
    assert reso.classify_word("Kavel")[0] == reso.MUTE


def test_of_a_list_all_words_have_to_agree():
    assert reso.classify_word("Condominium, Townhouse") == ("residential", True)
    assert reso.classify_word("Lots; Unimproved Land") == ("land", True)
    assert reso.classify_word("Condominium,Deeded Parking")[0] == TORN


@pytest.mark.parametrize(
    ("kind", "sub", "name"),
    [
        ("Residential", "Unimproved Land", "land"),
        ("Residential", "Deeded Parking", "parking"),
        ("Residential", "Boat Slip", "parking"),
        ("Residential", "Duplex", "income"),
        ("Residential", "Ranch", "residential"),  # a style of house
        ("Farm", "Ranch", "farm"),
        ("Residential", "Apartment", "residential"),
        ("Residential Income", "Apartment", "income"),
        ("Residential", "Kavel", "residential"),  # a style, for all that is known
        ("Lots", "Single Family Residence", "land"),  # a lot for one
        ("Commercial Sale", "Unimproved Land", "land"),
        ("A", "Single Family Residence", "residential"),
        ("", "Boat Slip", "parking"),
        ("", "", UNSTATED),
        ("Kavel", "", UNKNOWN),
        ("", "Kavel", UNKNOWN),
        ("Residential", "Industrial Tract", UNKNOWN),
        ("Residential", "Oversized Carport", UNKNOWN),  # may be what a house has
    ],
)
def test_the_narrower_of_type_and_sub_type_counts(kind, sub, name):
    assert classes_of([(kind, sub)])[1]["property_class"].to_list() == [name]


def test_a_lease_of_a_home_in_a_building_of_several_is_of_a_home():
    pairs = [("Residential Lease", "Duplex"), ("Multi-Family", ""), ("Apartment", ""),
             ("Commercial Lease", ""), ("Land", "")]  # fmt: skip
    names = classes_of(pairs, "rental")[1]["property_class"].to_list()
    assert names == ["residential"] * 3 + ["commercial", "land"]
    assert classes_of(pairs[2:3])[1]["property_class"].to_list() == [UNKNOWN]


def test_the_contract_wins_by_raw_and_by_harmonised_words():
    pairs = [("Kavel", ""), ("K2", ""), ("Farm", "Farm with house"), ("Duplex", "")]
    _, classes = classes_of(
        pairs,
        property_classes={"KAVEL": "land", "Plot of two": "land", "farm with House": "residential",
                          "Duplex": "residential"},
        lookups={"property_type": {"K2": "Plot of two"}},
    )  # fmt: skip
    assert classes["property_class"].to_list() == ["land", "land", "residential", "residential"]
    # a lookup into a word of the table explains a word of the feed's own
    lookups = {"property_type": {"Kavel": "Land", "Lots": "Residential"}}
    _, classes = classes_of([("kavel ", ""), ("Lots", "")], lookups=lookups)
    assert classes["property_class"].to_list() == ["land", "land"]


def test_a_feed_without_types_says_nothing_and_a_constant_counts():
    rows = pd.DataFrame({"listing_key": ["1"], "domain": "sale"})
    bare = validate(Contract, {"title": "t", "columns": {"listing_key": {}}}, "c")
    assert assign_classes(rows, bare)["property_class"].to_list() == [UNSTATED]
    land = bare.model_copy(update={"constants": {"property_type": "Lots"}})
    assert assign_classes(rows, land)["property_class"].to_list() == ["land"]


def test_words_that_nobody_explained_stop_a_run_unless_they_are_rare():
    rows, _ = classes_of([("Residential", "")] * 150 + [("Kavel", "")] * 3 + [("Erf", "")] * 2)
    with pytest.raises(RemlError) as error:
        row_rules.require_known_classes(rows, contract_of(), "c.yaml")
    assert str(error.value).startswith(
        "c.yaml: nothing says which class of property these words mean: property_type 'Kavel' "
        "(3 rows), 'Erf' (2 rows); first in a.csv, data row 151. "
        "Add a line such as `property_classes: {'Kavel': residential}`"
    )
    mended = contract_of(property_classes={"Kavel": "residential", "Erf": "land"})
    row_rules.require_known_classes(rows, mended, "c.yaml")
    row_rules.require_known_classes(rows.iloc[:151], contract_of(), "c.yaml")  # 1 of 151


def test_a_contract_names_only_classes_that_there_are():
    for wrong in ({"valued_classes": []}, {"valued_classes": ["houses"]},
                  {"property_classes": {"Lots": "ground"}}):  # fmt: skip
        with pytest.raises(RemlError, match=r"contract\.yaml: "):
            contract_of(**wrong)
    content = {"title": "t", "columns": {"listing_key": {}}, "property_classes": {"Lots": "land"}}
    with pytest.raises(RemlError, match="property_classes goes with a column property_type"):
        validate(Contract, content, "contract.yaml")


def test_rows_without_anything_of_a_home_are_marked_where_others_state_it():
    table = pd.DataFrame({"living_area": [1500.0, 1200, None, None],
                          "bedrooms_total": [3.0, None, 0, None],
                          "bathrooms_total": [2.0, 1, None, 2],
                          "year_built": [1990.0, 1980, None, None]})  # fmt: skip
    assert row_rules.lacks_home_facts(table).to_list() == [False, False, True, False]
    few = table[["living_area", "bedrooms_total"]]  # too little to tell
    assert not row_rules.lacks_home_facts(few).any()
