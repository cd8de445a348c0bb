"""Staging: no row is lost, the newest wins, and neither file order nor file count matters."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.contract import row_rules
from lib.listings.staging import parse_export, staging
from tests.support.hypothesis_profiles import examples
from tests.support.staged_rows import CONTRACT, GOOD, HEADERS, SPEC, made, row, staged, where

fine = st.tuples(  # of so few kinds that most are versions or copies of each other
    st.sampled_from(["1", "2"]),
    st.sampled_from(["2024-01-01", ""]),
    st.just("Sold"),
    st.sampled_from(["5000", "$9,000"]),
    st.just("False"),
    st.just(""),
).map(list)
odd = st.one_of(
    st.tuples(
        st.sampled_from(["1", "2", "3 ", "", "B3"]),
        st.sampled_from(["2024-01-01", "2024-01-02", "2023-12-31", "", "soon"]),
        st.sampled_from(["Sold", "sold ", "Closed", "A", "", "Bought"]),
        st.sampled_from(["5000", "$9,000", "10", "", "many"]),
        st.sampled_from(["False", "True", "true", "", "let"]),
        st.sampled_from(["", "x", "y"]),
    ),
    st.lists(st.sampled_from(["1", "2024-01-01", ""]), min_size=1, max_size=8),
).map(list)
rows = st.tuples(st.lists(fine, max_size=8), st.lists(odd, max_size=8)).flatmap(
    lambda both: st.permutations(both[0] + both[1])
)


@examples(8)
@given(st.lists(rows, min_size=1, max_size=3))
def test_every_row_ends_in_exactly_one_place(files):
    out = staged(*files)
    assert [c["rows_in"] for c in out.counts.values()] == [len(file) for file in files]
    total = sum(len(file) for file in files)
    assert len(out.clean) + len(out.duplicates) + sum(out.quarantined["_copies"]) == total
    named = [*where(out.clean), *where(out.duplicates), *where(out.quarantined)]
    assert len(set(named)) == len(named)
    assert not out.clean.duplicated(["listing_key", "domain"]).any()
    for part in (out.duplicates, out.quarantined):
        assert (part["_reason"].str.len() > 0).all()


def content(out):
    """What staging said, without the lineage of rows."""
    columns = [*CONTRACT.columns, "domain", "_row_sha256"]
    return (
        sorted(map(tuple, out.clean[columns].fillna("").astype(str).to_numpy())),
        sorted(map(tuple, out.duplicates[["listing_key", "domain", "_reason"]].to_numpy())),
        sorted(map(tuple, out.quarantined[["_reason", "_row", "_copies"]].to_numpy())),
        sorted(out.extra["cells"]),
    )


@examples(8)
@given(file=rows, data=st.data())
def test_order_and_spread_of_rows_over_files_change_nothing(file, data):
    shuffled = data.draw(st.permutations(file))
    home = data.draw(st.lists(st.integers(0, 2), min_size=len(file), max_size=len(file)))
    spread = [[r for r, h in zip(shuffled, home, strict=True) if h == i] for i in range(3)]
    once = {number: 1 for number in range(3)}  # the files of one import
    assert content(staged(file, imports=once)) == content(staged(*spread, imports=once))


@examples(3)
@given(files=st.lists(rows, min_size=2, max_size=3))
def test_the_order_in_which_files_come_changes_no_byte(files):
    last = len(files) - 1
    backward = staged(*files[::-1], names={i: f"{last - i}.csv" for i in range(last + 1)})
    forward = staged(*files)
    for name in ("duplicates", "quarantined"):
        assert getattr(forward, name).equals(getattr(backward, name))
    assert where(forward.clean) == where(backward.clean)
    assert staged(*files).bytes == forward.bytes


def test_newest_modification_wins_and_beside_a_missing_stamp_the_status():
    stamps = ["2024-01-02", "2024-03-01", "", "2023-12-31"]
    states = ["A", "Sold", "A", "Sold"]
    pairs = enumerate(zip(stamps, states, strict=True))
    out = staged([row(stamp=at, status=state, price=f"{2000 + i}") for i, (at, state) in pairs])
    assert out.clean["close_price"].tolist() == ["2001"]
    assert set(out.duplicates["_reason"]) == {"older version of the listing"}
    assert where(out.duplicates) == [("0.csv", 1), ("0.csv", 3), ("0.csv", 4)]


def test_a_stamp_that_cannot_be_read_is_no_older_one():
    out = staged([row(), row(stamp="3/5/2024 15:04", price="9000")])
    assert out.clean["close_price"].tolist() == ["5000"]
    assert out.quarantined["_reason"].tolist() == [parse_export.UNREAD]
    assert not len(out.duplicates)


def test_equal_bad_rows_are_one_line_whatever_the_order_of_columns():
    bad = row(price="1")
    out = staged([bad], [bad[::-1]], headers=[HEADERS, HEADERS[::-1]])
    assert out.quarantined["_copies"].tolist() == [2]


def test_reasons_count_rows_and_not_the_lines_that_equal_ones_share(tmp_path):
    bad, other = row(price="1"), row(key="2", price="call")
    out = staged([bad, bad, other], [bad, row()])
    (tmp_path / "quarantine_rows.csv").write_bytes(out.bytes["quarantine_rows.csv"])
    told = staging.sum_file_counts(out.counts, tmp_path)
    assert told["reasons"] == {"no price": 1, "nominal": 3}
    assert sum(told["reasons"].values()) == told["quarantined"] == 4


def test_newest_is_by_date_not_by_text():
    contract = made(date_formats=["%m/%d/%Y"])
    out = staged(
        [row(stamp="12/31/2023"), row(stamp="01/01/2024", price="7000")], contract=contract
    )
    assert out.clean["close_price"].tolist() == ["7000"]


def test_ties_of_one_stamp_go_the_same_way_whatever_the_order():
    pair = [row(price="2000"), row(price="3000")]
    first, second = staged(pair), staged(pair[::-1])
    assert first.clean["close_price"].tolist() == second.clean["close_price"].tolist()


def test_exact_copies_are_called_so_and_the_first_file_stays():
    out = staged([row()], [row()], [row(price="6000", stamp="2020-01-01")])
    assert where(out.clean) == [("0.csv", 1)]
    assert out.duplicates["_reason"].tolist() == [
        "exact copy of the row kept",
        "older version of the listing",
    ]
    assert out.duplicates["_kept_file"].tolist() == ["0.csv", "0.csv"]
    assert out.duplicates["_kept_row"].tolist() == [1, 1]


def test_order_of_columns_does_not_hide_a_copy():
    order = [3, 1, 0, 5, 4, 2]
    moved = [HEADERS[i] for i in order]
    out = staged([GOOD], [[GOOD[i] for i in order]], headers=[HEADERS, moved])
    assert out.duplicates["_reason"].tolist() == ["exact copy of the row kept"]


def test_one_key_may_stand_in_each_domain():
    out = staged([row(), row(lease="TRUE ")])
    assert sorted(out.clean["domain"]) == ["rental", "sale"]


def test_each_bad_row_has_its_reason():
    bad = {
        "no listing key": row(key="  "),
        "neither a sale nor a rental by the contract's domain rule": row(lease="let"),
        "status is not in the contract's lookup": row(status="Bought"),
        "a quote is not closed": ['1,2,"x'],
        "no price": row(price="call"),
        "nominal": row(price="$999"),
        "ragged row: 2 fields where the header has 6": ["1", "2"],
        "ragged row: 7 fields where the header has 6": [*GOOD, ""],
        "no listing key; no price": row(key="", price=""),
    }
    out = staged([*bad.values(), row(price="call")])
    assert out.quarantined["_reason"].tolist() == list(bad)  # in file order
    copies = [2 if reason == "no price" else 1 for reason in bad]  # equal rows, one line
    assert out.quarantined["_copies"].tolist() == copies
    assert json.loads(out.quarantined["_row"][copies.index(2)])["Price"] == "call"
    assert json.loads(out.quarantined["_row"][copies.index(2) + 2]) == ["1", "2"]
    assert not len(out.clean)


@pytest.mark.parametrize(
    "fine",
    [
        row(price="1000"),  # the minimum itself
        row(status="A", price=""),  # the rules hold for closed listings alone
        row(lease="True", price="900"),  # nominal is said of sales alone
        row(status=" SOLD "),
        row(status="Closed"),  # what a lookup leads to counts as known
        row(status="", price=""),  # a blank status is no unknown status
    ],
)
def test_rules_quarantine_nothing_beyond_their_when(fine):
    assert len(staged([fine]).clean) == 1


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ({"check": "present"}, [False, False, False, True]),
        ({"check": "is_date"}, [True, False, True, True]),
        ({"check": "is_number"}, [False, True, True, True]),
        ({"check": "minimum", "value": 10}, [True, False, False, False]),
        ({"check": "maximum", "value": 8}, [True, False, False, False]),
        ({"check": "maximum", "value": 9}, [False, False, False, False]),
    ],
)
def test_checks(rule, broken):
    contract = made(
        row_rules=[rule | {"name": "r", "column": "close_price", "reason": "r"}],
        lookups={},
    )
    frame = pd.DataFrame({"close_price": ["9", "2024-01-01", "?", " "]}, dtype="str")
    assert row_rules.breaks_rule(frame, contract.row_rules[0], contract).tolist() == broken


def test_two_rules_may_share_their_reason():
    rules = [
        {"name": lease, "column": "close_price", "check": "minimum", "value": least,
         "when": {"for_lease": lease}, "reason": "nominal"}
        for lease, least in (("False", 1000), ("True", 100))
    ]  # fmt: skip
    out = staged(
        [row(price="500"), row(key="2", lease="True", price="50"), row(key="3", price="2000")],
        contract=made(row_rules=rules),
    )
    assert out.quarantined["_reason"].tolist() == ["nominal", "nominal"]


def test_a_key_may_be_made_of_padded_columns():
    spec = {
        "columns": {"parcel": {"aliases": [], "pad": 4},
                    "close_date": {"aliases": [], "type": "date"}},
        "key": ["parcel", "close_date"], "property_key": [["parcel"]], "domain": {},
        "lookups": {}, "row_rules": [],
    }  # fmt: skip
    out = staged(
        [["7", "2024-01-01"], ["0007", "2024-01-01 "], ["7", "2024-05-01"], ["", "2024-01-01"]],
        contract=made(**spec),
        headers=["parcel", "close_date"],
    )
    assert out.clean["listing_key"].tolist() == ["0007-2024-01-01", "0007-2024-05-01"]
    assert out.quarantined["_reason"].tolist() == ["no listing key"]


def test_a_listing_key_with_lost_zeros_is_one_listing():
    columns = SPEC["columns"] | {"listing_key": {"aliases": ["ML#"], "pad": 6}}
    out = staged([row(key="123"), row(key="000123")], contract=made(columns=columns))
    assert out.clean["listing_key"].tolist() == ["000123"]


def test_constants_and_absent_columns_are_there_for_every_row():
    contract = made(constants={"state": "WA"})
    out = staged([GOOD[:2]], contract=contract, headers=HEADERS[:2])
    assert out.clean["state"].tolist() == ["WA"]
    assert out.clean["close_price"].isna().all()
    assert out.clean["domain"].tolist() == ["sale"]  # the default


def test_files_without_rows_are_fine():
    out = staged([], [GOOD], [])
    assert (len(out.clean), len(out.duplicates), len(out.quarantined)) == (1, 0, 0)
    assert not len(staged([]).clean)


def test_lineage_says_file_row_and_hashes():
    line = staged([], [row(key="9"), GOOD]).clean.iloc[0]
    assert line["listing_key"] == "1"
    assert (line["_source_file"], line["_source_row"], line["_file_sha256"]) == ("1.csv", 2, "sha1")
    assert len(line["_row_sha256"]) == 64


def test_a_feed_without_a_stamp_column_still_keeps_one_row_a_listing():
    columns = {k: v for k, v in SPEC["columns"].items() if k != "modification_timestamp"}
    out = staged([row(price="2000"), row(price="3000")], contract=made(columns=columns))
    assert len(out.clean) == len(out.duplicates) == 1


def test_selected_listings_say_what_goes_on_and_why_the_others_do_not():
    out = staged([row(), row(key="2", status="A", price=""), row(key="3", status="")])
    chosen = out.selected.set_index("listing_key")
    assert chosen["used_as"].to_dict() == {"1": "", "2": "subject", "3": ""}
    assert chosen.loc["1", "gap"] == "closed without a date"  # this feed has no close dates
    assert chosen.loc["3", "gap"] == "no status"
    assert out.text["listing_key"].tolist() == out.clean["listing_key"].tolist()
