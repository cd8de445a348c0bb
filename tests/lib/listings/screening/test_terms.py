"""Words against a sale: whole phrases, not denied, and never the innocent ones."""

import pandas as pd
import pytest

from lib.listings.screening import terms
from lib.listings.screening.terms import (
    ConditionWords,
    compile_phrases,
    flag_conditions,
    flag_remarks,
)

SPEC = ConditionWords(
    exclude=["Real Estate Owned", "Short Sale"], warn=["Probate Listing"], ordinary=["Standard"]
)


def codes(text):
    return flag_remarks(pd.DataFrame({"public_remarks": [text]}))["code"].tolist()


@pytest.mark.parametrize(
    "code, text",
    [
        ("family_terms", "Family transfer."),
        ("family_terms", "Sold to the current tenant, no showings"),
        ("family_terms", "SOLD TO A RELATIVE"),
        ("family_terms", "Inter-family sale"),
        ("family_terms", "an intrafamily deal"),
        ("family_terms", "Transfer between relatives."),
        ("family_terms", "House conveyed within family"),
        ("family_terms", "Estate transfer, entered for the record"),
        ("family_terms", "sale with gift of equity"),
        ("family_terms", "Non-arm\u2019s length transaction"),
        ("family_terms", "not an arms length sale"),
        ("family_terms", "Purchased by seller's daughter"),
        ("family_terms", "Buyer is related to the seller"),
        ("family_terms", "Quitclaim deed"),
        ("family_terms", "Sold to child"),
        ("family_terms", "Sold to the children"),
        ("family_terms", "Sold to grandson"),
        ("family_terms", "Sold to their grandchildren"),
        ("family_terms", "Sold to in-laws"),
        ("family_terms", "Sold to uncle"),
        ("family_terms", "sold to seller's aunt"),
        ("family_terms", "Sold to wife"),
        ("family_terms", "Sold to ex-husband"),
        ("family_terms", "Sold to ex-wife"),
        ("family_terms", "Parents selling to children"),
        ("family_terms", "Buyer is seller's son"),
        ("family_terms", "Buyer related to seller"),
        ("family_terms", "purchased by sellers' son"),
        ("family_terms", "Deed between relatives"),
        ("family_terms", "Spousal buyout"),
        ("family_terms", "Seller is buyer's mother"),
        ("family_terms", "Buyer is the tenant"),
        ("distress_terms", "This is a bank-owned home"),
        ("distress_terms", "REO, sold as is"),
        ("distress_terms", "Foreclosure! Bring offers"),
        ("distress_terms", "possible short  sale"),
        ("distress_terms", "No HOA. Bank owned"),
        ("distress_terms", "no carpet, lender owned"),
        ("distress_terms", "to be sold at auction"),
        ("distress_terms", "In foreclosure, seller motivated"),
        ("distress_terms", "Pre-foreclosure."),
        ("distress_terms", "Foreclosure sale. Former rental"),
        ("distress_terms", "A HUD home"),
        ("distress_terms", "Once in a lifetime bank owned home"),
        ("unsure_terms", "In a street with foreclosures"),
        ("unsure_terms", "Buy before foreclosure proceedings end"),
        ("unsure_terms", "Divorce settlement"),
        ("unexposed_terms", "Listed for comp purposes only"),
        ("unexposed_terms", "Comps only"),
        ("unexposed_terms", "Sold before processing"),
        ("unexposed_terms", "Off-market sale"),
    ],
)
def test_words_that_speak_against_a_sale(code, text):
    assert codes(text) == [code] or code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "Large family room with fireplace",
        "Perfect for a growing family",
        "Single family home in a family neighborhood",
        "Family-owned since 1950, multi family possible",
        "Room for relatives in the guest suite, and your mother in law",
        "Transfer switch, transferable warranty",
        "Real estate transfer tax paid by the seller",
        "Real-estate transfer fee applies",
        "Tenant in place, tenants pay utilities, renters welcome",
        "Sold as is. Sold with furniture",
        "Not a short sale",
        "This is not a foreclosure or short sale",
        "NOT bank owned",
        "Estate sized lot in the Oaks Estates",
        "Recently reopened trail, areola, stereo, video room",
        "Former auction barn at the end of the road",
        "Walk to banks, owned solar panels",
        "Sale to family room of your dreams",
        "Compare the comparable homes",
        "Unlike the foreclosures nearby",
        "Foreclosures nearby are long gone",
        "Tired of short sales and foreclosures? This one is ready",
        "Previously bank owned, now fully renovated",
        "Foreclosure avoided",
        "Real  estate transfer disclosure",
        "Real\nestate transfer tax",
        "Conveyed to the parents' master suite",
        "Sold to a husband and wife team",
        "Family transfer forces sale",
        "Buyers are family oriented",
        "The buyer's family is relocating",
        "In-law suite for parents or children",
        "Sale to child care center welcome",
        "",
        None,
    ],
)
def test_innocent_words(text):
    assert codes(text) == []


def test_the_reason_quotes_the_words_and_the_row():
    table = pd.DataFrame({"public_remarks": ["x", None, "Bank  owned. Family transfer."]})
    found = flag_remarks(table)
    assert found["row"].tolist() == [2, 2]
    assert set(found["reason"]) == {'remarks say "bank owned"', 'remarks say "family transfer"'}


def test_a_second_mention_counts_where_the_first_is_denied():
    assert codes("Not a short sale. Correction: short sale.") == ["distress_terms"]


def test_a_forced_sale_that_is_sure_is_not_called_unsure_too():
    for text in ("Foreclosure! Bring offers", "Foreclosure sale", "Bank-owned", "Short sale"):
        assert codes(text) == ["distress_terms"]
    assert codes("Divorce buy-out") == ["family_terms"]


def test_every_phrase_compiles_and_none_takes_forever():
    long = "family sold to the " * 3000
    for pattern in compile_phrases().values():
        list(pattern.finditer(long))
    assert set(compile_phrases()) == {
        "family_terms",
        "distress_terms",
        "unsure_terms",
        "unexposed_terms",
    }


@pytest.mark.parametrize(
    "cell, wanted",
    [
        ("Standard", []), ("None", []), ("", []), (None, []), ("N/A", []), ("No", []),
        ("Real Estate Owned", ["special_condition"]), ("RealEstateOwned", ["special_condition"]),
        ("standard, SHORT SALE", ["special_condition"]),
        ('["ShortSale","ProbateListing"]', ["special_condition", "special_condition_minor"]),
        ("Probate Listing", ["special_condition_minor"]),
        ("Haunted", ["special_condition_unknown"]),
    ],
)  # fmt: skip
def test_conditions_by_list(cell, wanted):
    found = flag_conditions(pd.DataFrame({"special_listing_conditions": ["Standard", cell]}), SPEC)
    assert found["code"].tolist() == wanted and set(found["row"]) <= {1}


def test_a_feed_without_conditions_or_remarks_has_no_flags():
    table = pd.DataFrame({"listing_key": ["a"]})
    assert not len(flag_conditions(table, SPEC)) and not len(terms.flag_remarks(table))


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("Real Estate Owned/Short Sale", ["special_condition"] * 2),
        ("Standard - Short Sale", ["special_condition"]),
        ("Probate Listing / Standard", ["special_condition_minor"]),
        ("Real-Estate-Owned", ["special_condition"]),
        ("Short Sale/As Is", ["special_condition", "special_condition_unknown"]),
        ("N/A", []),
        ("-", []),
        ("0", []),
        ("No Real Estate Owned/Short Sale", ["special_condition_unknown"]),
        ("Not a Short Sale & Short Sale", ["special_condition_unknown"]),
        ("Standard; non-Short Sale - Real Estate Owned", ["special_condition_unknown"]),
        ("Notice - Short Sale", ["special_condition_unknown", "special_condition"]),
        ("\u041f\u0440\u043e\u0434\u0430\u0436\u0430", ["special_condition_unknown"]),
        ("\u2014", []),
    ],
)
def test_conditions_that_are_written_together_are_read_each(cell, wanted):
    found = flag_conditions(pd.DataFrame({"special_listing_conditions": [cell]}), SPEC)
    assert found["code"].tolist() == wanted
