"""Excel's first line `sep=;`: the file is read by it, or the line is named."""

import pytest

from lib.common.errors import RemlError
from lib.listings.staging.csv_reader import read_header, read_rows
from lib.listings.staging.parse_export import read_rows_unjudged
from tests.support.staged_rows import CONTRACT, GOOD, row, written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("sep=;", ";"), ("SEP=,", ","), ('"sep=,"', ","), ("sep=\t", "\t"), ("sep=\\t", "\t"),
        ("sep = |", "|"), ('sep="^"', "^"), ("sep=;;;;;;;", ";"), ("sep=:\r", ":"),
    ],
)  # fmt: skip
def test_a_file_is_read_by_the_separator_that_it_declares(tmp_path, line, mark, encoding):
    path = tmp_path / "x.csv"
    body = f"Key{mark}City{mark}Ünit\n1{mark}A{mark}2\n2{mark}B, C; D{mark}\n"
    if mark in ",;":
        body = body.replace("B, C; D", '"B, C; D"')
    path.write_bytes(f"{line}\n{body}".encode(encoding))
    header = read_header(path)
    assert (header.names, header.delimiter) == (["Key", "City", "Ünit"], mark)
    assert list(read_rows(path)) == [(1, ["1", "A", "2"]), (2, ["2", "B, C; D", ""])]


def test_staging_gives_the_rows_and_numbers_of_the_file_without_the_line(tmp_path):
    plain = written(tmp_path / "plain.csv", [GOOD, row(key="2", note="x; y")], delimiter=";")
    lined = tmp_path / "lined.csv"
    lined.write_text("sep=;\n" + plain.read_text())
    with_line, without = (read_rows_unjudged(path, CONTRACT) for path in (lined, plain))
    assert with_line.equals(without)
    assert with_line["_source_row"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("sep=;\na,b\n1,2\n", "the header below it is not split by ';'; remove that line"),
        ("sep=\na,b\n1,2\n", "names no separator; remove that line"),
        ('"sep="\r\na;b\r\n1;2\r\n', "names no separator; remove that line"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path, text, fault):
    path = tmp_path / "x.csv"
    path.write_text(text, newline="")
    with pytest.raises(RemlError, match=fault):
        read_header(path)


@pytest.mark.parametrize("header", ["sepal,petal", "sep=a,b", "a,sep=;", "Sep,Oct"])
def test_other_first_lines_are_headers(tmp_path, header):
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\n1,2\n")
    assert read_header(path).names == header.split(",")
