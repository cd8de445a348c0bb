"""Which rows a sample takes: the greedy cover, the seeded order, quarantine reasons."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.params import validate
from lib.listings.contract.contract import Contract
from lib.listings.sample import gold_sample

CONTRACT = validate(
    Contract,
    {
        "title": "T",
        "domain": {"column": "for_lease", "values": {"Y": "rental", "N": "sale"}},
        "columns": {
            "listing_key": {"aliases": ["Key"]},
            "for_lease": {"aliases": ["For Lease", "Lease"]},
        },
    },
    "contract.yaml",
)

grids = st.integers(1, 12).flatmap(
    lambda rows: st.lists(
        st.lists(st.booleans(), min_size=rows, max_size=rows), min_size=0, max_size=10
    )
)


def held_of(grid):
    return {f"t{i}": np.array(rows) for i, rows in enumerate(grid)}


def naive_cover(held, size):
    """The same choice, counted anew each time."""
    chosen, open_traits = [], set(held)
    rows = len(next(iter(held.values()))) if held else 0
    while len(chosen) < size:
        gains = [sum(bool(held[name][row]) for name in open_traits) for row in range(rows)]
        if not any(gains):
            break
        chosen.append(gains.index(max(gains)))
        open_traits -= {name for name in open_traits if held[name][chosen[-1]]}
    return chosen


@given(grids)
def test_every_trait_is_covered_when_the_size_allows(grid):
    held = held_of(grid)
    chosen = gold_sample.choose_covering_rows(held, len(held))
    assert all(rows[chosen].any() for rows in held.values() if rows.any())
    assert len(set(chosen)) == len(chosen) <= len(held)


@given(grids, st.integers(0, 6))
def test_the_cover_is_that_of_a_plain_greedy_choice(grid, size):
    held = held_of(grid)
    assert gold_sample.choose_covering_rows(held, size) == naive_cover(held, size)


@given(grids)
def test_each_row_of_a_cover_brings_a_trait(grid):
    held = held_of(grid)
    seen = set()
    for row in gold_sample.choose_covering_rows(held, 99):
        new = {name for name, rows in held.items() if rows[row]} - seen
        assert new
        seen |= new


def test_the_cover_leaves_its_input_as_it_was():
    held = held_of([[True, False], [False, True]])
    gold_sample.choose_covering_rows(held, 9)
    assert {name: rows.tolist() for name, rows in held.items()} == {
        "t0": [True, False],
        "t1": [False, True],
    }


@given(st.lists(st.text(), unique=True, max_size=20), st.randoms(use_true_random=False))
def test_the_order_is_that_of_content_wherever_rows_stand(texts, chance):
    def ordered(some):
        return [some[place] for place in gold_sample.seeded_order(pd.Series(some, dtype="str"), 5)]

    other = list(texts)
    chance.shuffle(other)
    assert ordered(other) == ordered(texts)
    assert sorted(ordered(texts)) == sorted(texts)
    assert [text for text in ordered(texts) if text != "new"] == [
        text for text in ordered([*(t for t in texts if t != "new"), "new"]) if text != "new"
    ]


def test_another_seed_gives_another_order():
    texts = pd.Series([str(number) for number in range(50)])
    assert (
        gold_sample.seeded_order(texts, 1).tolist() != gold_sample.seeded_order(texts, 2).tolist()
    )


@pytest.mark.parametrize(
    ("reason", "traits"),
    [
        ("no listing key", ["quarantined: no listing key"]),
        ("ragged row: 39 fields where the header has 40", ["ragged row, too few fields"]),
        ("ragged row: 41 fields where the header has 40", ["ragged row, too many fields"]),
        ("a; under 1,000", ["quarantined: a", "quarantined: under N,N"]),
    ],
)
def test_reasons_become_traits_without_their_numbers(reason, traits):
    assert [
        name.removeprefix("quarantined: ") for name in gold_sample.quarantine_traits(reason)
    ] == [name.removeprefix("quarantined: ") for name in traits]


def test_quarantined_rows_get_their_domain_from_their_raw_cells(tmp_path):
    path = tmp_path / "quarantine_rows.csv"
    rows = [
        ["a.csv", 1, 1, "", "no", '{"Key":"","Lease":"Y"}'],
        ["b.csv", 2, 1, "", "no", '{"Lease":"N","For Lease":"y"}'],
        ["b.csv", 3, 1, "", "no", '["1","Y","x"]'],
        ["b.csv", 4, 2, "", "no", '{"Lease":"Y","For Lease":"?"}'],
    ]
    names = ["_source_file", "_source_row", "_copies", "listing_key", "_reason", "_row"]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    headers = {"a.csv": ["Key", "Lease"], "b.csv": ["Lease", "For Lease"]}
    found = gold_sample.read_quarantined(path, CONTRACT, headers, 1).sort_values("row")
    assert found["domain"].tolist() == ["rental", "rental", "sale", "sale"]
    assert found["file"].tolist() == ["a.csv", "b.csv", "b.csv", "b.csv"]


def test_column_statistics():
    spec = {
        "listing_key": {"aliases": ["K"]},
        "living_area": {"aliases": ["A"], "type": "number"},
        "close_date": {"aliases": ["C"], "type": "date"},
        "city": {"aliases": ["T"]},
    }
    contract = validate(Contract, {"title": "T", "columns": spec}, "x")
    area = pd.Series(["10", " 30 ", "", "many", None, "10"], dtype="str")
    assert gold_sample.column_statistics("living_area", area, contract) == {
        "filled": 4, "distinct": 3, "unreadable": 1, "min": 10.0, "median": 10.0, "max": 30.0
    }  # fmt: skip
    dates = pd.Series(["2024-01-02", "2023-05-06", "soon"], dtype="str")
    assert gold_sample.column_statistics("close_date", dates, contract) == {
        "filled": 3, "distinct": 3, "unreadable": 1,
        "min": "2023-05-06T00:00:00", "max": "2024-01-02T00:00:00",
    }  # fmt: skip
    assert gold_sample.column_statistics("city", area, contract) == {"filled": 4, "distinct": 3}
    nothing = pd.Series(["", None], dtype="str")
    assert gold_sample.column_statistics("living_area", nothing, contract) == {
        "filled": 0, "distinct": 0, "unreadable": 0
    }  # fmt: skip
