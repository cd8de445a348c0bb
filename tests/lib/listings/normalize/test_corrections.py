"""Corrections of a source's known errors: they fit, fail once it is mended, and are told."""

import pandas as pd
import pytest
import yaml

from lib.common import vocabulary
from lib.common.errors import RemlError
from lib.common.params import validate
from lib.listings.contract import contract
from lib.listings.contract.contract import Contract
from lib.listings.normalize import corrections
from lib.listings.normalize.corrections import Correction

AGREED = validate(
    Contract,
    {"title": "T", "key": ["parcel"], "columns": {
        "parcel": {"aliases": []}, "bedrooms_total": {"type": "number"}, "city": {},
        "standard_status": {}, "close_date": {"type": "date"}, "for_lease": {},
        "bathrooms": {"type": "baths_full_half"}},
     "lookups": {"standard_status": {"S": "Closed"}},
     "domain": {"column": "for_lease", "values": {"Y": "rental", "N": "sale"}}},
    "contract.yaml",
)  # fmt: skip
ENTRY = {
    "listing_key": "k1", "domain": "sale", "column": "bedrooms_total", "expected": "33",
    "corrected": "3", "reason": "1,620 square feet", "source": "the county", "date": "2024-01-31",
}  # fmt: skip
ROWS = pd.DataFrame(
    {"listing_key": ["k0", "k1", "k1"], "domain": ["sale", "rental", "sale"],
     "bedrooms_total": ["33", "33", " 33"], "_source_file": "a.csv", "_source_row": [1, 2, 3]},
    index=[5, 6, 7],
).astype({"bedrooms_total": "str"})  # fmt: skip


def entry(**changes):
    return Correction.model_validate(ENTRY | changes)


def read(tmp_path, monkeypatch, *entries, text=None):
    monkeypatch.setattr(vocabulary, "FEEDS", tmp_path)
    (tmp_path / "f").mkdir(exist_ok=True)
    content = yaml.safe_dump({"corrections": list(entries)}) if text is None else text
    (tmp_path / "f/corrections.yml").write_text(content)
    return corrections.read_corrections("f", AGREED)


def test_only_the_named_cell_changes_and_it_is_told():
    rows, told, idle = corrections.apply_corrections(ROWS, [entry()], "f.yml")
    assert rows["bedrooms_total"].tolist() == ["33", "33", "3"] and idle == {}
    assert ROWS["bedrooms_total"].tolist() == ["33", "33", " 33"]
    assert told.iloc[0].tolist() == [
        "k1", "sale", "a.csv", 3, "bedrooms_total", " 33", "3", "1,620 square feet",
        "the county, 2024-01-31",
    ]  # fmt: skip


def test_a_value_known_to_be_wrong_may_become_missing():
    rows, told, _ = corrections.apply_corrections(ROWS, [entry(corrected=None)], "f.yml")
    assert rows["bedrooms_total"].isna().tolist() == [False, False, True]
    assert told["corrected"].isna().all()
    issue = corrections.blanked_issues(told)
    assert issue.iloc[0].tolist() == [
        "k1", "sale", "a.csv", 3, "bedrooms_total", " 33", corrections.BLANKED, True,
    ]  # fmt: skip
    assert corrections.blanked_issues(
        corrections.apply_corrections(ROWS, [entry()], "f.yml")[1]
    ).empty


@pytest.mark.parametrize(("now", "told"), [("3", "'3'"), (None, "blank")])
def test_a_source_that_was_mended_stops_the_run(now, told):
    rows = ROWS.assign(bedrooms_total=pd.Series(now, index=ROWS.index, dtype="str"))
    with pytest.raises(RemlError) as caught:
        corrections.apply_corrections(rows, [entry()], "configs/f/corrections.yml")
    assert str(caught.value) == (
        "configs/f/corrections.yml, entry 1: a.csv, data row 3 (listing k1) has bedrooms_total "
        f"{told}, not '33': the source was mended; remove the entry"
    )


@pytest.mark.parametrize("expected", ["", None])
@pytest.mark.parametrize("cell", [None, "", " "])
def test_a_cell_that_should_not_be_blank_is_filled(expected, cell):
    rows = ROWS.assign(bedrooms_total=pd.Series(["33", "33", cell], index=ROWS.index, dtype="str"))
    fill = entry(expected=expected)
    assert corrections.apply_corrections(rows, [fill], "f.yml")[0]["bedrooms_total"].iloc[2] == "3"
    assert corrections.correct_older_states(rows, [fill])["bedrooms_total"].iloc[2] == "3"
    with pytest.raises(RemlError, match="has bedrooms_total ' 33', not blank: the source was mend"):
        corrections.apply_corrections(ROWS, [fill], "f.yml")
    with pytest.raises(ValueError, match="is what `expected` says"):
        entry(expected=expected, corrected=None)


def test_a_listing_that_the_feed_lacks_is_counted():
    rows, told, idle = corrections.apply_corrections(
        ROWS, [entry(listing_key="k9"), entry()], "f.yml"
    )
    assert (len(rows), len(told), idle) == (3, 1, {1: "k9"})
    assert told["_source_row"].dtype == "int64"


def test_older_states_are_put_right_where_they_are_wrong_too():
    states = pd.concat([ROWS, ROWS.assign(bedrooms_total="4")], ignore_index=True)
    states["bedrooms_total"] = states["bedrooms_total"].astype("str")
    mended = corrections.correct_older_states(states, [entry(), entry(column="city")])
    assert mended["bedrooms_total"].tolist() == ["33", "33", "3", "4", "4", "4"]


def test_without_a_file_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(vocabulary, "FEEDS", tmp_path)
    assert corrections.read_corrections("f", AGREED) == []


def test_a_file_is_read(tmp_path, monkeypatch):
    assert read(tmp_path, monkeypatch, ENTRY) == [entry()]
    more = [{"corrected": None}, {"column": "standard_status", "corrected": "s"},
            {"column": "close_date", "corrected": "2024-02-29"},
            {"column": "bathrooms", "corrected": "2.1"}]  # fmt: skip
    assert len(read(tmp_path, monkeypatch, *(ENTRY | one for one in more))) == len(more)


@pytest.mark.parametrize(
    ("entries", "text", "told"),
    [
        ([ENTRY | {"colour": "x"}], None, "corrections.0.colour: unknown key"),
        ([{"column": "city"}], None, "corrections.0.listing_key: Field required"),
        ([ENTRY | {"column": "beds"}], None, "entry 1: 'beds' is no column of the contract"),
        ([ENTRY | {"column": "parcel"}], None, "makes the row's key"),
        ([ENTRY | {"corrected": "33"}], None, "`corrected` is what `expected` says"),
        ([ENTRY | {"domain": "lease"}], None, "corrections.0.domain"),
        ([ENTRY, ENTRY | {"corrected": "4"}], None, "entry 2: corrects the same cell as entry 1"),
        ([ENTRY | {"column": "for_lease"}], None, "entry 1: 'for_lease' tells sales from rentals"),
        ([ENTRY, ENTRY | {"domain": "rental", "corrected": "banana"}], None,
         "entry 2: 'banana' is no bedrooms_total: not a number"),
        ([ENTRY | {"corrected": " "}], None, "it is blank"),
        ([ENTRY | {"column": "standard_status", "corrected": "Gone"}], None,
         "'Gone' is no standard_status: not in the contract's lookup"),
        ([ENTRY | {"column": "close_date", "corrected": "2024-02-30"}], None, "not a date"),
        ([ENTRY | {"column": "bathrooms", "corrected": "two"}], None, "not a number of baths"),
        ([], "- a\n", "expected `key: value` lines"),
        ([], "corrections: [", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_names_the_entry(tmp_path, monkeypatch, entries, text, told):
    with pytest.raises(RemlError) as caught:
        read(tmp_path, monkeypatch, *entries, text=text)
    assert told in str(caught.value) and "corrections.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("feed", ["demo", "har", "king_county"])
def test_what_is_shipped_is_valid(feed):
    corrections.read_corrections(feed, contract.read_contract(feed))
