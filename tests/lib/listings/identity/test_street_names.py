"""Streets whose names people write in several ways: one form each, and others stay apart."""

import pandas as pd
import pytest

from lib.listings.identity import property_keys
from lib.listings.identity.addresses import parse_address


def read(street):
    parts = parse_address(f"12 {street}, Humble, TX 77338")
    assert parts is not None, street
    return parts.line().split(",")[0]


@pytest.mark.parametrize(
    "ways",
    [
        ["Highway 6 N", "N Highway 6", "Hwy 6 North", "North Hwy 6", "HWY-6 N"],
        ["FM 1960", "F.M. 1960", "FM1960", "FM-1960", "Farm to Market 1960", "FM Road 1960",
         "Farm-to-Market Rd 1960", "FM 1960 Rd"],
        ["FM 1960 W", "W FM 1960", "Farm to Market Road 1960 West", "FM 1960 Rd W"],
        ["RM 620", "Ranch to Market 620", "Ranch-to-Market Road 620"],
        ["RR 620", "Ranch Road 620", "Ranch Rd 620"],
        ["SH 71", "State Highway 71", "State Hwy 71", "St Hwy 71", "SR 71", "State Route 71"],
        ["State Highway 71 E Apt 4", "SH 71 E #4", "E State Hwy 71 Unit 4"],
        ["US Highway 90", "US Hwy 90", "U.S. 90", "US-90", "US Route 90"],
        ["I-10", "IH 10", "IH-10", "Interstate 10", "Interstate Highway 10"],
        ["CR 12", "County Road 12", "Co Rd 12", "CR-12"],
        ["Private Road 7", "PR 7", "Pvt Rd 7"],
        ["Rock & Roll Ln", "Rock and Roll Ln", "Rock And Roll Lane"],
        ["21st St", "Twenty First St", "Twenty-First Street", "TWENTYFIRST ST"],
        ["W 34th Ave", "West Thirty-Fourth Avenue", "W Thirty Fourth Ave"],
        ["12th St", "Twelfth Street"],
        ["MLK Blvd", "Martin Luther King Blvd", "Martin Luther King Jr Blvd", "M.L.K. Blvd",
         "Dr Martin Luther King Jr Blvd", "M L King Jr Boulevard", "Dr. MLK Jr. Blvd"],
        ["JFK Dr", "John F. Kennedy Dr", "J F Kennedy Drive"],
    ],
)  # fmt: skip
def test_one_street_however_it_is_written(ways):
    assert len({read(way) for way in ways}) == 1
    streets = pd.DataFrame({"street_number": "12", "street_name": ways, "postal_code": "77338"})
    table = property_keys.standardize_addresses(streets.astype("str"))
    assert property_keys.address_key(table).nunique() == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Highway 6 N", "Highway 6 S"), ("Highway 6 N", "Highway 6"), ("FM 1960", "FM 1961"),
        ("N Main St", "Main St N"), ("Highway 90", "US Highway 90"), ("21st St", "20th St"),
        ("21st St", "First St"), ("Twenty First Century Ln", "21st Ln"), ("CR 12", "CR 12A"),
        ("Martin Luther King Blvd", "King Blvd"), ("MLK Blvd", "MLK Dr"), ("I-35", "I-35E"),
        ("Rock & Roll Ln", "Rock Roll Ln"), ("Ranch Rd", "RR 620"),
    ],
)  # fmt: skip
def test_other_streets_stay_apart(one, two):
    assert read(one) != read(two)


def test_two_house_numbers_are_no_street_with_an_and():
    assert parse_address("12 & 14 Elm St, Humble, TX 77338") is None
