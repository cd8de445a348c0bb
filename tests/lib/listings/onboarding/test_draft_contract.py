"""Drafted contracts load as they stand, say every doubt, and quote no listing."""

import re

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.common.params import validate
from lib.listings.contract import contract
from lib.listings.contract.contract import Contract
from lib.listings.onboarding import infer
from lib.listings.onboarding.column_profile import profile_column
from lib.listings.onboarding.draft_contract import describe_values, draft_contract
from tests.support import exports
from tests.support.exports import FAMILIES
from tests.support.hypothesis_profiles import examples

SALE = {"Ref No": ["1", "2", "3"], "Sold For": ["200000", "310000", "150000"],
        "Sold On": ["13.01.2024", "14.02.2024", "15.03.2024"]}  # fmt: skip


def drafted(table, source="some.csv", guesses=None):
    """(text, missing, contract or None) of a table."""
    guesses = guesses or infer.guess_columns(table)
    status = [one for one in guesses if one.claimed and one.field == "standard_status"]
    counts = status[0].profile.counts if status else {}
    made = draft_contract(source, table, guesses, {str(k): int(n) for k, n in counts.items()})
    if made.missing:
        return made.text, made.missing, None
    content = yaml.safe_load(made.text)
    return made.text, [], contract.resolve_contract(validate(Contract, content, "draft"), "draft")


def sales(**columns):
    """A table of SALE and more columns, repeated to 30 rows."""
    table = pd.DataFrame(SALE | {name.replace("_", " "): cells for name, cells in columns.items()})
    out = pd.concat([table] * 10, ignore_index=True).astype("str")
    return out.assign(**{"Ref No": [f"{i:05}" for i in range(30)]})


@pytest.mark.parametrize("family", FAMILIES)
def test_the_draft_of_every_family_loads_and_claims_every_header(family):
    truth, make = FAMILIES[family]
    _, missing, agreed = drafted(make(), guesses=exports.guesses(family))
    assert missing == []
    found = contract.match_headers(agreed, list(truth))
    assert {header: field for field, header in found.items()} == truth
    assert contract.missing_column_phrases(agreed, list(truth)) == []


def test_the_draft_of_a_brokerage():
    text, _, agreed = drafted(exports.brokerage(), guesses=exports.guesses("brokerage"))
    assert agreed.key == ["listing_id"]  # repeats are versions: there is a stamp
    assert agreed.domain.column == "for_lease"
    assert agreed.domain.values == {"False": "sale", "True": "rental"}
    assert agreed.date_formats == ["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"]
    assert agreed.lookups["standard_status"]["Option Pending"] == "Active Under Contract"
    for word in ("Settled", "Let"):
        assert f"# CHECK: {word} is unknown; its " in text
        assert word not in agreed.lookups["standard_status"]
    for header in ("Swimming", "Road", "Next Appraisal"):
        assert f"# not matched: {header}   #" in text
    assert "# longitude: {aliases: [X]}   # CHECK: 0.45 by content" in text
    assert len(agreed.row_rules) == 3


@pytest.mark.real
def test_the_draft_of_king_county(real_data):
    table = pd.read_csv(real_data / "king_county.csv", dtype="str", keep_default_na=False)
    text, _, agreed = drafted(table)
    assert agreed.key == ["listing_id", "close_date"]
    assert agreed.property_key == [["listing_id"]]
    assert agreed.constants == {"standard_status": "Closed"}
    assert agreed.date_formats == ["%Y%m%dT%H%M%S"]
    assert agreed.columns["bathrooms"].type == "baths_decimal"
    assert "`pad: 10`" in text and "alone it repeats in 177 rows, with the date in 0" in text


def test_what_is_missing_is_told():
    for lost, told in (("Ref No", "listing_key or listing_id"), ("Sold For", "close_price"),
                       ("Sold On", "close_date")):  # fmt: skip
        text, missing, _ = drafted(sales().drop(columns=lost))
        assert len(missing) == 1 and missing[0].startswith(told)
        assert f"# CHECK: not found: {told}" in text
        yaml.safe_load(text)


@pytest.mark.parametrize(
    ("kind", "values", "domain"),
    [
        ({"For_Lease": ["True", "False", "False"]}, {"True": "rental", "False": "sale"},
         "for_lease"),
        ({"For_Lease": ["Y", "Y", "Y"]}, {"Y": "rental", "N": "sale"}, "for_lease"),
        ({"For_Lease": ["0", "1", "0"]}, {"1": "rental", "0": "sale"}, "for_lease"),
        ({"Property_Type": ["Residential", "Residential Lease", "Land"]},
         {"Residential Lease": "rental"}, "property_type"),
        ({"Property_Type": ["Residential", "Farm", "Land"]}, {}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_the_rule_that_parts_sales_from_leases(kind, values, domain):
    text, _, agreed = drafted(sales(**kind))
    assert (agreed.domain.values, agreed.domain.column) == (values, domain)
    assert ("nothing says which rows are leases" in text) == (domain is None)
    assert agreed.domain.others == ("sale" if domain == "property_type" else None)


def test_a_word_that_is_neither_sale_nor_lease_is_left_to_a_person():
    text, _, agreed = drafted(sales(For_Lease=["Sale", "Lease", "Barter"]))
    assert agreed.domain.values == {"Sale": "sale", "Lease": "rental"}
    assert "# CHECK: sale or rental? Barter" in text


def test_a_file_of_rents_is_a_rental_feed():
    text, _, agreed = drafted(sales().assign(**{"Sold For": "1850"}))
    assert agreed.domain.default == "rental" and "half of the prices are below 20,000" in text


@pytest.mark.parametrize(
    ("paid", "listed"), [("310.5", "309000"), ("1.2", "1199000"), ("95", "98500")]
)
def test_prices_in_thousands_beside_list_prices_make_no_rental_feed(paid, listed):
    text, _, agreed = drafted(sales(List_Price=[listed] * 3).assign(**{"Sold For": paid}))
    assert agreed.domain.default == "sale" and "CHECK: prices paid are far below list" in text
    rents = drafted(sales(List_Price=["1900"] * 3).assign(**{"Sold For": "1850"}))
    assert rents[2].domain.default == "rental"


def test_a_repeated_identity_without_a_stamp_is_joined_with_the_date():
    days = [f"{1 + i:02}.03.2024" for i in range(30)]
    _, _, agreed = drafted(
        sales().assign(**{"Sold On": days, "Ref No": [str(100 + i % 20) for i in range(30)]})
    )
    assert agreed.key == ["listing_id", "close_date"]


@pytest.mark.parametrize(
    ("days", "formats", "doubt"),
    [
        (["03/04/2024", "05/06/2024", "01/02/2024"], ["%m/%d/%Y"], "is the month first?"),
        (["13/04/2024", "25/06/2024", "01/02/2024"], ["%d/%m/%Y"], None),
        (["04/13/2024", "06/25/2024", "13/01/2024"], ["%m/%d/%Y", "%d/%m/%Y"], "some only as"),
    ],
)
def test_date_formats_and_their_doubts(days, formats, doubt):
    text, _, agreed = drafted(sales().assign(**{"Sold On": days * 10}))
    assert agreed.date_formats == formats
    line = re.search("^date_formats.*", text, re.M).group()
    assert (doubt in line) if doubt else ("CHECK" not in line)


def test_close_spellings_of_a_status_are_marked():
    table = sales(Status=["Sold", "Expird", "Pendng"])
    text, _, agreed = drafted(table)
    words = yaml.safe_load(text)["lookups"]["standard_status"]
    assert words == {
        "Sold": "Closed", "Expird": "Expired", "Pendng": "Pending"}  # fmt: skip
    assert words.items() <= agreed.lookups["standard_status"].items()
    assert text.count("a close spelling") == 2


def test_lost_zeros_are_pointed_at():
    text, _, _ = drafted(sales(Zip=["2138", "02139", "10001"]))
    assert "some have four digits, `pad: 5`" in text


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["Anna Miller", "Bob Stone"] * 2, "text, 2 different"),
        (["Brick", "Wood"] * 10, "values such as Brick, Wood"),
        (["1", "2.5"], "numbers, 1 to 2.5"),
        (["01/02/2024"], "dates"),
        (["", " "], "empty"),
        ([f"remark {i}" for i in range(30)], "text, 30 different"),
    ],
)
def test_a_column_is_described_without_quoting_what_may_be_personal(cells, told):
    assert describe_values(profile_column(pd.Series(cells, dtype="str"))) == told


HEADER = st.text(max_size=15) | st.text("'\"#:{}[]-?&*!|>%@`,\n\t\x85\u2028\ufeff aY1", max_size=8)


@given(
    st.dictionaries(HEADER, st.sampled_from(["a", "1", "#: {", "'", "\n", "\x07é"]), max_size=8),
    st.text(min_size=1, max_size=10),
)
@examples(15)
def test_no_header_or_value_breaks_the_yaml(more, source):
    table = sales()
    for name, cell in more.items():
        if name not in table:
            table[name] = pd.Series([cell] * 30, dtype="str")
    _, missing, agreed = drafted(table, source)
    assert missing == []
    assert {"Ref No", "Sold For", "Sold On"} <= set(
        contract.match_headers(agreed, list(table)).values()
    )


def test_headers_that_yaml_would_read_otherwise_stay_text():
    headers = ("Yes", "1", "null", "a: b", "- x", "#1", '"', "two\nlines", "\u2028")
    text, _, agreed = drafted(sales().assign(**dict.fromkeys(headers, "x")))
    assert "listing_id" in agreed.columns, text


def test_words_of_property_that_is_no_home_are_proposed_and_unknown_ones_asked():
    kinds = ["Residential", "Kavel", "Lots/Land", "Wooded Tract", "Duplex", "Residential"]
    text, _, agreed = drafted(sales().assign(Property_Type=kinds * 5))
    assert agreed.valued_classes == ["residential"]
    assert agreed.property_classes == {
        "Lots/Land": "land", "Wooded Tract": "land", "Duplex": "income",
    }  # fmt: skip
    assert "Lots/Land: land   # CHECK: 5 rows by `property_type` stand apart" in text
    assert "# CHECK: Kavel is unknown; 5 rows by `property_type` are asked about" in text


def test_a_style_of_house_is_asked_about_only_where_no_type_stands_beside_it():
    styles = sales().assign(Property_Sub_Type=["Ranch", "Colonial", "Boat Slip"] * 10)
    text, _, agreed = drafted(styles)
    assert agreed.property_classes == {"Boat Slip": "parking"}
    assert "# CHECK: Ranch is unknown" in text and "Colonial" not in text
    text, _, _ = drafted(styles.assign(Property_Type="Residential"))
    assert "Ranch" not in text
    assert "no column tells the kind of property" in drafted(sales())[0]
