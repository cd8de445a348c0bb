"""Addresses: one standard form for one home, another for every other; reading twice is reading
once; the rules say what the library says."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.identity import addresses, streets
from tests.support.hypothesis_profiles import examples

FOUR = "123 N MAIN ST UNIT 4"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("123 N Main St Apt 4", FOUR),
        ("123 North Main Street #4", FOUR),
        ("  123 n. main st., unit # 4 ", FOUR),
        ("123 North Main Street\nSuite 4", FOUR),
        ("123 N Main St Apt 4, Houston, TX 77001-1234", f"{FOUR}, HOUSTON, TX 77001-1234"),
        ("123 N Main St Apt 4, Houston Texas 77001", f"{FOUR}, HOUSTON, TX 77001"),
        ("123 N Main St Apt 4 Houston TX 77001", f"{FOUR}, HOUSTON, TX 77001"),
        ("12 Elm St, Houston, TX 00000-1234", "12 ELM ST, HOUSTON, TX"),
        ("12 Elm St, Charleston, West Virginia 25301", "12 ELM ST, CHARLESTON, WV 25301"),
        ("123.0 N. Main St. Apt 4.0", FOUR),  # as spreadsheets write numbers
        ("0123 N Main St, Unit 4.00", FOUR),
        ("000 Elm St", "0 ELM ST"),
        ("100 North St", "100 NORTH ST"),  # not the direction
        ("77 Massachusetts Avenue Northwest", "77 MASSACHUSETTS AVE NW"),
        ("500 56 St", "500 56TH ST"),
        ("500 11 St", "500 11TH ST"),
        ("12 1/2 Oak Ave", "12 1/2 OAK AVE"),
        ("5 Avenue Q", "5 AVE Q"),
        ("0 County Road 12", "0 COUNTY RD 12"),
        ("1234 FM 1960 Rd W", "1234 FM 1960 W"),
        ("123 Main St Bldg 2 Unit 4", "123 MAIN ST UNIT BLDG 2 4"),
        ("10 Fifth Ave", "10 5TH AVE"),
        ("10 Saint Charles Ave", "10 ST CHARLES AVE"),
        ("10 St. Charles Ave", "10 ST CHARLES AVE"),
        ("10 Mount Vernon Rd", "10 MT VERNON RD"),
        ("10 Mount St", "10 MOUNT ST"),
        ("10 CR 12", "10 COUNTY RD 12"),
        ("10 Co. Rd. 12", "10 COUNTY RD 12"),
        ("10 County Rd 12 #4", "10 COUNTY RD 12 UNIT 4"),
        ("10 Oak St #4-B", "10 OAK ST UNIT 4B"),
        ("10 Oak St Apt 4 B", "10 OAK ST UNIT 4B"),
        ("10 Oak St #04", "10 OAK ST UNIT 4"),
        ("10 Oak St No. 4", "10 OAK ST UNIT 4"),
        ("10 Oak St Apt No 4", "10 OAK ST UNIT 4"),
        ("10 Oak St Bldg 2 Apt B", "10 OAK ST UNIT BLDG 2 B"),  # not building 2B
        ("10 Oak St #1-4", "10 OAK ST UNIT 1-4"),
        ("10 Oak St St", "10 OAK ST"),
        ("10 Oak Ct St", "10 OAK CT ST"),
        ("10 Oak St Upper", "10 OAK ST UNIT UPPR"),
        ("10 Oak St, Upstairs", "10 OAK ST UNIT UPPR"),
        ("10 Oak St LOWR, Houston, TX 77001", "10 OAK ST UNIT LOWR, HOUSTON, TX 77001"),
        ("10 N Oak St NW Downstairs", "10 N OAK ST NW UNIT LOWR"),
        ("10 Oak St, Front, Houston", "10 OAK ST UNIT FRNT, HOUSTON"),
        ("10 Oak St (left)", "10 OAK ST UNIT LEFT"),
        ("10 Oak St Unit Right", "10 OAK ST UNIT RIGHT"),
        ("10 Oak St Apt 2 Rear", "10 OAK ST UNIT 2 REAR"),
        ("10 Oak St Upper Unit", "10 OAK ST UNIT UPPR"),
        ("10 Oak St Basement", "10 OAK ST UNIT BSMT"),
        ("10 Oak St Penthouse 3", "10 OAK ST UNIT PH 3"),
        ("10 Oak St, PH 3, Houston", "10 OAK ST UNIT PH 3, HOUSTON"),
        ("10 Lower St", "10 LOWER ST"),
        ("10 Lake Front Dr", "10 LAKE FRONT DR"),
        ("10 Oak St, Upper Marlboro, MD 20772", "10 OAK ST, UPPER MARLBORO, MD 20772"),
        ("123 Ñandú St", "123 NANDU ST"),
        ("123 O\u2019Brien St", "123 OBRIEN ST"),
        ("12\u201314 Elm St", "12-14 ELM ST"),
        ("100 South St NW", "100 SOUTH ST NW"),  # not the letter street, S St NW
        ("100 S St NW", "100 S ST NW"),
        ("100 East Street NE, Washington, DC 20003", "100 EAST ST NE, WASHINGTON, DC 20003"),
        ("12 Elm St, Houston, TX 77001, USA", "12 ELM ST, HOUSTON, TX 77001"),
        ("12 Elm St, Unit #4, Houston, TX, 77001, US", "12 ELM ST UNIT 4, HOUSTON, TX 77001"),
        ("12 Elm St, Houston, TX 77001, Harris County", "12 ELM ST, HOUSTON, TX 77001"),
        ("12 Elm St, Houston, Harris County, TX 77001", "12 ELM ST, HOUSTON, TX 77001"),
        ("12 Elm St, Harris County, TX", "12 ELM ST, HARRIS COUNTY, TX"),
        ("12 Elm St, Houston, TX 770011234", "12 ELM ST, HOUSTON, TX 77001-1234"),
        ("12 Elm St, Houston, TX, 770011234, US", "12 ELM ST, HOUSTON, TX 77001-1234"),
        ("12 Elm St, Houston Texas 77001 - 1234", "12 ELM ST, HOUSTON, TX 77001-1234"),
        ("12 Lili\u02bbuokalani Ave", "12 LILIUOKALANI AVE"),  # the okina, however it is typed
        ("12 Lili\u02bcuokalani Ave", "12 LILIUOKALANI AVE"),
        ("12 Lili'uokalani Ave", "12 LILIUOKALANI AVE"),
        ("12 Elm St \u2022 Unit 4", "12 ELM ST UNIT 4"),
        ("12 Elm St\u00b7Apt 4", "12 ELM ST UNIT 4"),
        ("12 Elm Place\u00ae, Houston", "12 ELM PL, HOUSTON"),
        ("12 Elm Place\u2122, Houston", "12 ELM PL, HOUSTON"),
        ("12 Elm St, Unit 4 \u2605", "12 ELM ST UNIT 4"),
        ("12 Elm St, Houston, TX 77001\ufffd", "12 ELM ST, HOUSTON, TX 77001"),
    ],
)
def test_standard_form(text, line):
    assert addresses.parse_address(text).line() == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PO Box 12",
        "Lot 4 Blk 3",
        "Main Street",
        "56th Ave",
        "to be announced",
        "# 4",
        "123.5 Main St",
        "123 Main St # 4.5",
        "12 & 14 Elm St, Houston, TX 77001",  # of which the library keeps 12 & ST
        "12 & 16 Oak St #3, Houston, TX 77001",
        "12 And 14 Elm Ave, Houston, TX 77001",
        "100 South Lot 1960 St #4, Houston, TX 77001",
        "100\u00b2 Elm St",  # not number 1002
        "100 Kingston \u0423\u043b\u0438\u0446\u0430 Dr",
        "123\u00bd Elm St",
        "123 \u0141\u00f3d\u017a St",
        "123 Pe\ufffda St",
        "123 Elm St Apt 4\ufffd",  # of 4\u00bd perhaps
        "123 Elm St \U0001f170",  # flat A, in a sign
    ],
)
def test_what_is_no_street_address_is_not_read(text):
    assert addresses.parse_address(text) is None


@pytest.mark.parametrize("text", ["Apt 4", "#4", " # 4", "unit 4", "Ste. 4", "APARTMENT #4", "4"])
def test_a_unit_is_its_name(text):
    assert streets.parse_unit(text) == "4"


@pytest.mark.parametrize("text", ["", " ", "#", "N/A", "none"])
def test_no_unit(text):
    assert streets.parse_unit(text) is None


def test_a_unit_that_cannot_be_read_stays_and_is_no_other():
    assert streets.parse_unit("4\u00b2") == "4\u00b2" != streets.parse_unit("42")
    assert streets.parse_unit("\u0414") == "\u0414"
    assert streets.parse_unit("4\u00b0") == "4\u00b0"
    assert streets.parse_unit("4 \u2605") == "4"
    assert streets.parse_street("Kingston \u0423 Dr") == (None,) * 5
    assert streets.parse_street("Ku\u02bbuna St") == (None, "KUUNA", "ST", None, None)
    assert streets.parse_house_number("100\u00b2") is None


@pytest.mark.parametrize("road", ["Loop W", "Parkway N", "Fwy", "Freeway", "Rd"])
def test_a_road_named_by_a_direction_is_one_however_the_direction_is_written(road):
    """In a column of its own as in a whole address; only streets and avenues go by letters."""
    ways = [f"{way} {road}" for way in ("North", "N", "NORTH")]
    columns = {streets.parse_street(way) for way in ways}
    assert columns == {addresses.parse_address(f"12 {way}, Houston, TX")[1:6] for way in ways}
    assert len(columns) == 1


@pytest.mark.parametrize("road", ["St NW", "Street", "Ave", "Avenue NE"])
def test_letter_streets_and_those_named_by_a_direction_are_two(road):
    assert streets.parse_street(f"North {road}") != streets.parse_street(f"N {road}")
    assert streets.parse_street(f"North {road}")[:2] == (None, "NORTH")


def test_buildings_and_floors_stay_in_the_unit():
    assert streets.parse_unit("Building 2, Unit 4") == "BLDG 2 4" != streets.parse_unit("4")


# names as streets have them, none of which is a direction, a suffix or a place by itself
WORDS = (
    "Main Elm Oak Maple Cedar Washington Lincoln Jefferson Westheimer Fannin Milam Travis Bissonnet"
    " Kirby Shepherd Yale Studewood Heights Montrose Alabama Richmond Memorial Dunlavy Woodhead"
    " Hazard Sunset Rice Bellaire Holcombe 5th 21st 102nd 43rd"
)
LONG = ["Post Oak", "Martin Luther King", "San Jacinto", "Old Spanish", "Buffalo Speedway"]
NAMES = [*WORDS.split(), *LONG]
SUFFIX = "St Street Ave Avenue Rd Road Dr Drive Ln Lane Ct Court Blvd Boulevard Way Cir"
WAYS = ["", "N ", "south ", "NW ", "East "]
UNITS = ["", " Apt 4", " #12B", " Unit A-3", ", Ste 400", " Unit 7"]
TOWNS = ["", ", Houston", ", Houston, TX", ", Sugar Land, Texas 77479", ", Alvin TX 77511-0042"]
plain = st.builds(
    lambda number, way, name, suffix, unit, town: f"{number} {way}{name} {suffix}{unit}{town}",
    st.integers(1, 99999), *map(st.sampled_from, (WAYS, NAMES, SUFFIX.split(), UNITS, TOWNS)),
)  # fmt: skip


@examples(300)
@given(plain)
def test_the_rules_say_what_the_library_says(text):
    """Of plain forms; where the library cannot read one, the rules may."""
    cleaned = streets.clean_address(text)
    by_rules, by_library = addresses.parse_by_rules(cleaned), addresses.parse_by_library(cleaned)
    assert by_library is None or by_rules is None or by_rules == by_library


def test_plain_forms_go_by_the_rules():
    for name in NAMES:
        rule = addresses.parse_by_rules(
            streets.clean_address(f"12 N {name} Street #4, Sugar Land, TX 77479")
        )
        assert (rule is None) == (name in ("Heights", "Sunset")) or rule.street_name == name.upper()


PIECES = (
    "12 7B N North S NE Main Oak Street St Ave Avenue Apt Unit # 4 B Bldg Floor 56 5th FM Hwy 1960"
    " County Road Park , Houston TX 77001 Texas PO Box Lot Upper Rear Left PH 4.0 4.5 No 04"
    " Saint Mount Fifth CR Co Rd US 770011234 -1234 \u2022 \u02bb \u2122 \ufffd"
)
anything = st.one_of(
    plain,
    st.text(max_size=40),
    st.text(alphabet="0123456789 #,-/ABENSTUWaeinstu.\n", max_size=30),
    st.lists(
        st.sampled_from(PIECES.split()),
        max_size=9,
    ).map(" ".join),
)


@examples(400)
@given(anything)
def test_reading_the_standard_form_changes_nothing(text):
    parts = addresses.parse_address(text)
    if parts is not None:
        assert addresses.parse_address(parts.line()) == parts


@examples(400)
@given(anything)
def test_each_part_in_standard_form_stays(text):
    unit = streets.parse_unit(text)
    assert unit is None or streets.parse_unit(unit) == unit
    assert streets.clean_address(streets.clean_address(text)) == streets.clean_address(text)
    parts = streets.parse_street(text)
    again = " ".join(filter(None, parts[:4])) + (f" UNIT {parts[4]}" if parts[4] else "")
    assert streets.parse_street(again) == parts


def test_each_distinct_text_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(addresses, "parse_address", lambda text: read.append(text))
    texts = pd.Series(["1 Elm St", "1 Elm St", None, " ", "2 Elm St"], index=[5, 3, 1, 8, 9])
    assert addresses.parse_addresses(texts.astype("str")).index.tolist() == [5, 3, 1, 8, 9]
    assert read == ["1 Elm St", "2 Elm St"]
