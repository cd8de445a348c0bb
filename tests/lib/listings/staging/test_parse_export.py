"""Parsing: DuckDB's reader and Python's see the same rows, and none is swallowed."""

import csv
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.staging import csv_reader, parse_export
from lib.listings.staging.duckdb_sql import open_session
from tests.support.hypothesis_profiles import examples
from tests.support.staged_rows import CONTRACT, GOOD, HEADERS, made, row, staged, written

cell = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6
) | st.sampled_from(
    ['"', '""', "a,b", "x\ny", "x\r\ny", " pad ", "", "\u2028", "\ufeff", "NULL", "\\N", "'"]
)


@examples(25)
@given(
    rows=st.lists(st.lists(cell, min_size=3, max_size=3), max_size=6),
    dialect=st.sampled_from(
        [
            {"delimiter": d, "quoting": q, "lineterminator": end}
            for d in ",;\t|"
            for q in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
            for end in ("\n", "\r\n")
        ]
    ),
)
def test_both_readers_see_the_same_rows(rows, dialect):
    """DuckDB's reader, where it takes a file at all, against Python's."""
    contract = made(
        columns={
            "listing_key": {"aliases": ["k"]},
            "b": {"aliases": ["b"]},
            "c": {"aliases": ["c"]},
        },
        domain={},
        lookups={},
        row_rules=[],
        property_key=[],
    )
    with tempfile.TemporaryDirectory() as name:
        path = written(Path(name) / "f.csv", rows, ["k", "b", "c"], **dialect)
        fast = parse_export.read_rows_unjudged(path, contract)
        header = csv_reader.read_header(path)
        parse_export.write_tolerant_parquet(path, header, Path(name) / "slow.parquet")
        slow = pd.read_parquet(Path(name) / "slow.parquet")
    assert fast["_source_row"].tolist() == slow["_source_row"].tolist()
    for mine, theirs in (("b", "c1"), ("c", "c2")):
        assert fast[mine].fillna("").tolist() == slow[theirs].fillna("").tolist()


@pytest.mark.parametrize(
    "content",
    [
        "\na,b\n1,2\n3,4\n",  # DuckDB takes the empty line for the header
        "a,b\n1,2\n3,4,\n",  # overlooks the third field
        "a,b\n,2,\n\n,4,\n",
        '""a","b"\n1\n2\n',  # drops every row
        '"a"x,b\n1,2\n3,4\n',
        'v,w,x,y,z\r1,2,3,4,"5\ra,b,c,d,e\rf,g,h,i,"\r',  # makes one row of three
        'v,w,x,y,z\n1,2,3,4,"5\na,"",c,d,e\nf,g,h,i,"\n',
    ],
)
def test_what_duckdb_reads_otherwise_is_left_to_the_tolerant_reader(content, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(content, newline="")
    header = csv_reader.read_header(path)
    with open_session(tmp_path) as con:
        parse_export.create_raw_view(con, path, header, tmp_path)
        got = con.execute("SELECT * FROM raw").df().astype(object).fillna("").to_numpy().tolist()
    width = len(header.names)
    wanted = [
        [number, "", *row] if len(row) == width else [number, json.dumps(row), *[""] * width]
        for number, row in csv_reader.read_rows(path)
    ]
    assert got == wanted


def test_a_file_of_very_many_columns(tmp_path):
    headers = [*HEADERS, *(f"Extra {i}" for i in range(1500))]
    out = staged([[*GOOD, *["x"] * 1500], [*row(key="2"), *[""] * 1500]], headers=headers)
    assert len(out.clean) == 2
    assert len(json.loads(out.extra["cells"][0])) == 1501  # the first row's, and its note


def test_remarks_of_several_lines_with_many_delimiters_stay_cells():
    text = "one, two, three\nand, four\n, five, six"
    out = staged([row(note=text), row(key="2", note="x\ny")])
    assert json.loads(out.extra["cells"][0]) == {"Note": text}


def test_a_file_whose_name_is_a_pattern_is_read_itself(tmp_path):
    """`sales[1].csv`, as browsers name a second download, is a pattern that fits sales1.csv."""
    plain = written(tmp_path / "sales1.csv", [row(key="a")])
    odd = written(tmp_path / "sales[1].csv", [row(key="b")])
    (tmp_path / "out[1]").mkdir()
    for raw, key in ((plain, "a"), (odd, "b")):
        rows = pd.read_parquet(parse_export.parse_export(raw, CONTRACT, tmp_path / "out[1]"))
        assert rows["listing_key"].tolist() == [key]


@pytest.mark.parametrize(
    "names",
    [["Note", "Other"], ["Note", "Note"], ["", ""], ["value", "column"],
     ["_source_file", "_source_row"], ["Price", "0"]],
)  # fmt: skip
def test_columns_that_nobody_claims_are_kept_whatever_their_names(names):
    out = staged(
        [[*GOOD[:5], "x", "y"], [*row(key="2")[:5], " ", "z"]], headers=HEADERS[:5] + names
    )
    assert list(out.extra["_source_row"]) == [1, 2]
    first, second = (json.loads(cells, object_pairs_hook=list) for cells in out.extra["cells"])
    told = [name if [*HEADERS[:5], *names].index(name) == i else f"{name} (2)"
            for i, name in enumerate(names, start=5)]  # fmt: skip
    assert first == list(zip(told, ["x", "y"], strict=True))
    assert second == list(zip(told, [" ", "z"], strict=True))
    assert out.clean["close_price"].tolist() == ["5000", "5000"]


def test_a_pair_of_stray_quotes_swallows_no_row():
    """DuckDB takes the rows between them for one cell; the parse must not."""
    lines = [",".join(row(key=str(i))) for i in range(1, 6)]
    lines[1], lines[3] = lines[1][:-1] + '"n', lines[3][:-1] + '"n'
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "f.csv"
        path.write_text("\n".join([",".join(HEADERS), *lines]) + "\n")
        (Path(name) / "out").mkdir()
        out = pd.read_parquet(parse_export.parse_export(path, CONTRACT, Path(name) / "out"))
    assert out["_source_row"].tolist() == [1, 2, 3, 4, 5]
    reasons = out["_reason"].fillna("").tolist()
    assert reasons == ["", "a quote is not closed", "", "a quote is not closed", ""]
