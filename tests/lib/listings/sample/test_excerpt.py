"""Raw rows under one header: as the export wrote them, and read alike by the contract."""

import csv
import io
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.common.params import validate
from lib.listings.contract.contract import Contract, match_headers
from lib.listings.sample import excerpt
from lib.listings.staging import parse_export
from tests.support.hypothesis_profiles import examples

CONTRACT = validate(
    Contract,
    {
        "title": "T",
        "columns": {
            "listing_key": {"aliases": ["ML#", "Key"]},
            "list_price": {"aliases": ["List Price", "ListPrice"], "type": "number"},
            "close_price": {"aliases": ["Sold"], "type": "number", "instead": "list_price"},
        },
    },
    "contract.yaml",
)


def read(cells, header):
    """What the contract reads from a row."""
    row = dict(zip(reversed(header), reversed(cells), strict=True))
    return {name: row[found] for name, found in match_headers(CONTRACT, header).items()}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_raw_rows_are_the_cells_as_written(encoding, tmp_path):
    rows = [["1", " a ", ""], ["2", 'li"ne\nbreak', "é"], ["3", "short"], ["4", "b", "c", "d"]]
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([["Key", "Note", "X"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = excerpt.read_raw_rows(path, [4, 2, 1, 3], tmp_path)
    assert found == dict(enumerate(rows, 1))
    assert excerpt.read_raw_rows(path, [2], tmp_path) == {2: rows[1]}
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


LINES = [
    '1,a,b,c,d,e', '2,"a\nb",b,c,d,e', '3,"stray,b,c,d,e', '4,a,b,c,d,e', '5,stray",b,c,d,e',
    "6,a,b", "7,a,b,c,d,e,f", "", "8,é,b,c,d,e", '9,"""a""",b,c,d,e', '10,a"b,b,c,d,e',
]  # fmt: skip


@examples(25)
@example([LINES[2], LINES[3], LINES[4]])  # two stray quotes with a whole row between them
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=7))
def test_rows_have_the_numbers_that_staging_gave_them(lines):
    """Whatever reader staging took for the file: a sample would else show rows nobody meant."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.csv").write_text("\n".join(["Key,N1,N2,N3,N4,N5", *lines]) + "\n")
        done = parse_export.parse_export(folder / "a.csv", CONTRACT, folder)
        rows = pd.read_parquet(done)
        found = excerpt.read_raw_rows(folder / "a.csv", [0, *rows["_source_row"]], folder)
        assert sorted(found) == sorted(rows["_source_row"])
        for number, key, reason, cells in rows[
            ["_source_row", "listing_key", "_reason", "_row"]
        ].itertuples(index=False):
            if pd.isna(reason):
                assert found[number][0] == key
            else:
                told = json.loads(cells)
                assert found[number] == (list(told.values()) if isinstance(told, dict) else told)


HEADERS = ["ML#", "Key", "List Price", "ListPrice", "Sold", "Note", "X"]
headers = st.lists(st.sampled_from(HEADERS), min_size=1, max_size=6, unique=True)


@given(st.lists(headers, min_size=1, max_size=3))
def test_rows_of_several_files_read_alike_under_one_header(several):
    files = {f"{i}.csv": names for i, names in enumerate(several)}
    shape = excerpt.CommonHeader(CONTRACT, files)
    assert len(set(shape.header)) == len(shape.header)
    for file, names in files.items():
        fields = [f"{file} {name}" for name in names]
        placed = shape.place(file, fields)
        assert len(placed) == len(shape.header)
        assert set(fields) <= set(placed)
        now = read(placed, shape.header)
        assert {name: now[name] for name in read(fields, names)} == read(fields, names)
        for longer in (fields[:-1], [*fields, "more"]):
            assert len(shape.place(file, longer)) - len(shape.header) == len(longer) - len(names)


@given(headers)
def test_one_file_keeps_its_header_and_rows(names):
    shape = excerpt.CommonHeader(CONTRACT, {"a.csv": names})
    assert shape.place("a.csv", names) == names


def test_a_header_that_comes_twice_keeps_both_columns():
    shape = excerpt.CommonHeader(CONTRACT, {"a.csv": ["Key", "Note", "Note"]})
    assert shape.header == ["Key", "Note", "Note"]
    assert shape.place("a.csv", ["1", "x", "y"]) == ["1", "x", "y"]


def test_lines_are_ordered_by_cells_and_the_place_is_the_first_of_equals():
    shape = excerpt.CommonHeader(CONTRACT, {"a.csv": ["Key", "Note"]})
    fields = {"a.csv": {1: ["2", "x"], 2: ["1", "y"], 3: ["1", "y"]}}
    picks = [
        excerpt.ExcerptPick([("a.csv", 1)], "clean", "", []),
        excerpt.ExcerptPick([("a.csv", 3), ("a.csv", 2)], "duplicate", "copy", ["t"]),
    ]
    found = excerpt.arrange_lines(picks, shape, fields)
    assert [line.place for line in found] == [("a.csv", 2), ("a.csv", 1)]
    assert excerpt.format_csv(shape.header, found) == "Key,Note\n1,y\n2,x\n"
    assert excerpt.line_records(shape.header, found)[0] == {
        "source_file": "a.csv", "source_row": 2, "fate": "duplicate", "reason": "copy",
        "traits": ["t"], "cells": {"Key": "1", "Note": "y"},
    }  # fmt: skip
