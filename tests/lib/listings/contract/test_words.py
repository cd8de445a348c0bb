"""Words of a contract that stages look for letter by letter are RESO's, or the run stops."""

import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.listings.contract.contract import Contract

RULE = {"name": "price", "column": "close_price", "check": "present", "reason": "no price"}


def contract(**parts):
    names = ("listing_key", "close_price", "standard_status", "lease_amount_frequency",
             "living_area_units", "property_type")  # fmt: skip
    columns = {name: {} for name in names}
    return validate(Contract, {"title": "T", "columns": columns} | parts, "contract.yaml")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"lookups": {"standard_status": {"Sold": "closed"}}},
         "lookups.standard_status: 'closed' is no standard_status of RESO's .*; Closed is meant"),
        ({"lookups": {"standard_status": {"Sold": "Sold"}}}, "'Sold' is no standard_status"),
        ({"lookups": {"standard_status": {"Active": "Active", "OP": "Active Under Contrct"}}},
         "Active Under Contract is meant"),
        ({"lookups": {"standard_status": {"T": "Cancelled"}}}, "; Canceled is meant"),
        ({"constants": {"standard_status": "Closd"}}, "constants.standard_status: 'Closd'"),
        ({"row_rules": [RULE | {"when": {"standard_status": "Sold"}}]}, "row_rules.price.*Closed"),
        ({"row_rules": [RULE | {"when": {"domain": "sales"}}]},
         r"row_rules.price.when: 'sales' is no domain \(sale, rental\); sale is meant"),
        ({"lookups": {"lease_amount_frequency": {"pm": "per month"}}}, "'per month' is no lea"),
        ({"lookups": {"lease_amount_frequency": {"pm": "Monthly"}}}, "monthly is meant"),
        ({"lookups": {"living_area_units": {"qm": "sqm"}}}, "'sqm' is no living_area_units"),
    ],
)  # fmt: skip
def test_a_word_that_no_stage_knows_stops_the_run_with_the_nearest(parts, message):
    if "constants" in parts:
        parts |= {"columns": {"listing_key": {}, "close_price": {}}}
    with pytest.raises(RemlError, match=message):
        contract(**parts)


def test_reso_words_and_words_of_other_columns_are_accepted():
    lookups = {
        "standard_status": {"S": "Closed", "CS": "Coming Soon", "D": "Delete"},
        "lease_amount_frequency": {"pw": "weekly"},
        "living_area_units": {"qm": "square meters"},
        "property_type": {"SF": "Single Family"},
    }
    assert contract(lookups=lookups, row_rules=[RULE | {"when": {"standard_status": "Closed"}}])
