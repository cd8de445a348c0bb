"""Keys that differ in zeros on the left alone: one listing whose zeros a tool has lost, unless the
rows are of two homes or the contract says `pad`."""

import pytest

from lib.common.errors import RemlError
from tests.support.staged_rows import HEADERS as PLAIN
from tests.support.staged_rows import SPEC, made, row, staged

HEADERS = ["ML#", "Modified", "Status", "Price", "Address", "Parcel", "Built", "Area"]
COLUMNS = {name: c for name, c in SPEC["columns"].items() if name != "for_lease"} | {
    "unparsed_address": {"aliases": ["Address"]},
    "parcel_number": {"aliases": ["Parcel"]},
    "year_built": {"aliases": ["Built"], "type": "count"},
    "living_area": {"aliases": ["Area"], "type": "number"},
}
HOMES = {"domain": {}, "row_rules": [], "columns": COLUMNS}


def home(key, number=1, status="Sold", **changes):
    cells = {"address": f"{number} Oak{'abc'[number % 3] * 3} St", "parcel": f"10-{number}",
             "built": str(1950 + number), "area": str(1000 + number)}  # fmt: skip
    return [key, "2024-01-01", status, str(300000 + number), *(cells | changes).values()]


def stop(*files, **changes):
    with pytest.raises(RemlError) as caught:
        staged(*files, contract=made(**HOMES | changes), headers=HEADERS)
    return str(caught.value)


@pytest.mark.parametrize("key", ["00123", "0007", "0000000123456789"])
def test_a_listing_whose_zeros_one_file_has_lost_is_named(key):
    short = key.lstrip("0")
    files = [home("99999", 2), home(key, status="A")], [home("88888", 3), home(short)]
    assert stop(*files) == (
        f"1.csv, data row 2: key {short!r} is {key!r} of 0.csv, data row 2, but for its zeros "
        f"(such pairs in the feed: 1); say in the contract how long `listing_key` is, such as "
        f"`pad: {len(key)}`, or say `pad: 0` of `listing_key` if they are two"
    )


@pytest.mark.parametrize(
    "changes",
    [{"area": ""}, {"area": "1999", "built": "1980"}, dict.fromkeys(["parcel", "built"], "")],
)
def test_mended_facts_make_no_other_home_of_it(changes):
    assert "'12' is '0012'" in stop([home("0012", status="A")], [home("12", **changes)])
    assert "'12' is '0012'" in stop([home("12.0", **changes), home("0012", status="A")])


@pytest.mark.parametrize("keys", [("ab12", "AB12"), ("24-117", "24117"), ("MLS 9", "mls_9")])
def test_keys_that_differ_in_case_and_signs_alone_are_one_listing(keys):
    first, second = keys
    assert "but for case and signs" in stop([home(first, status="A")], [home(second)])
    assert (
        len(staged([home(first)], [home(second, 2)], contract=made(**HOMES), headers=HEADERS).clean)
        == 2
    )


@pytest.mark.parametrize("key", ['="00123"', "'00123", ' ="00123" '])
def test_marks_that_keep_a_key_text_in_a_spreadsheet_are_no_part_of_it(key):
    out = staged([home("00123", status="A")], [home(key)], contract=made(**HOMES), headers=HEADERS)
    assert out.clean["listing_key"].tolist() == ["00123"]
    assert out.clean["standard_status"].tolist() == ["Sold"]


def test_where_nothing_tells_homes_apart_the_run_asks():
    with pytest.raises(RemlError, match=r"'5' is '005' of 0\.csv"):
        staged([row(key="005")], [row(key="5", price="9000")])


def test_a_part_of_a_key_is_judged_by_itself():
    columns = {n: c for n, c in SPEC["columns"].items() if n != "listing_key"} | {
        "parcel_number": {"aliases": ["Note"]}}  # fmt: skip
    files = [row(note="00123", price="5000")], [row(note="123", price="5000")]
    contract = made(columns=columns, key=["parcel_number", "close_price"], property_key=[])
    with pytest.raises(RemlError, match=r"key '123-5000' is '00123-5000'.*`parcel_number`"):
        staged(*files, contract=contract)
    other = [row(note="123", price="6000")]
    assert len(staged(files[0], other, contract=contract).clean) == 2


@pytest.mark.parametrize(
    ("pad", "keys"), [(5, ["00123"]), (0, ["00123", "123"])], ids=["padded", "as they stand"]
)
def test_the_contract_says_what_zeros_mean(pad, keys):
    columns = COLUMNS | {"listing_key": {"aliases": ["ML#"], "pad": pad}}
    contract = made(**HOMES | {"columns": columns})
    out = staged([home("00123", status="A")], [home("123")], contract=contract, headers=HEADERS)
    assert sorted(out.clean["listing_key"]) == keys


@pytest.mark.parametrize(
    "files",
    [
        ([home("0012", 1)], [home("12", 2)]),  # two homes
        ([home("12", 1), home("120", 2), home("1200", 3)], [home("12", 1, "A")]),
        ([home("A012", 1)], [home("A12", 1)]),  # letters, so no tool took it for a number
        ([home("0", 1)], [home("00", 1)]),
        ([home(f"{n:07d}", n) for n in range(1, 40)],),
        ([home(str(n), n) for n in range(1, 40)],),
    ],
)
def test_honest_keys_stop_nothing(files):
    out = staged(*files, contract=made(**HOMES), headers=HEADERS)
    assert not len(out.quarantined)


def test_one_key_in_two_domains_is_two_listings():
    assert len(staged([row(key="05")], [row(key="5", lease="True")], headers=PLAIN).clean) == 2
