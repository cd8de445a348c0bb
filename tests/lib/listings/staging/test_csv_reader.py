"""Raw exports: whatever the encoding, delimiter or damage, rows come out and none is lost."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.listings.staging.csv_reader import decode_lines, find_csv_files, read_header, read_rows
from tests.support.hypothesis_profiles import examples

TEXT = 'Key,City\n1,"Cañon, West"\n2,Café\n'
ROWS = [(1, ["1", "Cañon, West"]), (2, ["2", "Café"])]


@pytest.fixture
def raw(tmp_path):
    """A file of these bytes."""

    def write(content):
        path = tmp_path / "x.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"], ids=lambda name: name
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_encodings_and_line_ends(raw, encoding, end):
    path = raw(TEXT.replace("\n", end).encode(encoding))
    assert read_header(path).names == ["Key", "City"]
    assert list(read_rows(path)) == ROWS


def test_utf16_of_either_byte_order(raw):
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert list(read_rows(raw(mark + TEXT.encode(encoding)))) == ROWS


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_accents_in_the_header_survive(raw, encoding):
    path = raw("Clé;Année\n1;1990\n".encode(encoding))
    assert read_header(path).names == ["Clé", "Année"]


def test_one_cp1252_line_does_not_spoil_the_utf8_lines(raw):
    content = "Key,City\n1,Café\n".encode() + "2,Naïve “quote” €\n".encode("cp1252")
    path = raw(content + "3,Zoë\n".encode())
    assert [row[1] for _, row in read_rows(path)] == ["Café", "Naïve “quote” €", "Zoë"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(raw, delimiter):
    path = raw(f"a{delimiter}b{delimiter}c\n1{delimiter}2, 3{delimiter}4\n".encode())
    header = read_header(path)
    assert (header.names, header.delimiter) == (["a", "b", "c"], delimiter)
    if delimiter != ",":
        assert list(read_rows(path)) == [(1, ["1", "2, 3", "4"])]


def test_quoted_delimiters_in_the_header_do_not_mislead(raw):
    assert read_header(raw(b'"a, b, c";d\n1;2\n')).names == ["a, b, c", "d"]


def test_quoted_newlines_and_doubled_quotes_stay_in_their_field(raw):
    path = raw(b'Key,Remarks\r\n1,"two\r\nlines, ""quoted"""\r\n2,\r\n')
    assert list(read_rows(path)) == [(1, ["1", 'two\r\nlines, "quoted"']), (2, ["2", ""])]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_cr_and_lf_end_a_line(raw, mark):
    """str.splitlines would cut at each of these."""
    path = raw(f"Key,Remarks\n1,one{mark}two\n2,x\n".encode())
    assert list(read_rows(path)) == [(1, ["1", f"one{mark}two"]), (2, ["2", "x"])]


def test_nuls_among_the_rows_are_dropped(raw):
    path = raw(b"Key,City\n" + b"1,Houston\n" * 200 + b"2,Hou\x00ston\n")
    assert list(read_rows(path))[-1] == (201, ["2", "Houston"])


def test_a_nul_in_the_first_row_makes_no_binary_file(raw):
    path = raw(b"Key,City\n1,Hou\x00ston\n2,Katy\n")
    assert [row for _, row in read_rows(path)] == [["1", "Houston"], ["2", "Katy"]]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_told_by_its_nuls(raw, encoding):
    path = raw(TEXT.encode(encoding))
    assert read_header(path).names == ["Key", "City"]
    assert list(read_rows(path)) == ROWS


def test_reading_holds_a_line_and_not_the_file(raw):
    """A pass over the rows may not need more than a part of the file's size."""
    path = raw(b"a,b\n" + (b"1," + b"caf\xe9 and tea " * 15 + b"\n") * 30_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_rows(path)) == 30_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 4
    finally:
        tracemalloc.stop()


def test_ragged_rows_come_out_as_they_are(raw):
    path = raw(b"a,b\n1\n1,2,3\n1,2\n")
    assert [row for _, row in read_rows(path)] == [["1"], ["1", "2", "3"], ["1", "2"]]


def test_blank_lines_neither_count_nor_come_out(raw):
    path = raw(b"\r\n\na,b\n\n1,2\n\r\n\n3,4\n\n")
    assert list(read_rows(path)) == [(1, ["1", "2"]), (2, ["3", "4"])]


def test_header_only_gives_no_rows(raw):
    for content in (b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n\r\n"):
        assert read_header(raw(content)).names == ["a", "b"]
        assert list(read_rows(raw(content))) == []


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        # never closed: the rest of the file would be one cell
        ('1,2\n3,"4\n5,6\n7,8\n', [["1", "2"], ['3,"4'], ["5", "6"], ["7", "8"]]),
        # every field quoted: the next row would close it
        ('"1","2\n"3","4"\n"5","6"\n', [['"1","2'], ["3", "4"], ["5", "6"]]),
        # closed by the next stray quote, in the next row but one, with all fields there
        ('1,2\n3,"4\n5,"6\n7,8\n', [["1", "2"], ['3,"4'], ['5,"6'], ["7", "8"]]),
        # a remark of several lines stays one cell
        ('1,"x\ny, z\n"\n2,3\n', [["1", "x\ny, z\n"], ["2", "3"]]),
    ],
)
def test_a_stray_quote_costs_its_own_row_and_no_other(raw, body, rows):
    assert [row for _, row in read_rows(raw(f"a,b\n{body}".encode()))] == rows


def test_a_wide_row_inside_a_cell_gives_the_stray_quote_away(raw):
    """Two stray quotes whose rows in between would make one row of the right width."""
    body = '1,2,3,4,"5\na,b,c,d,e\nf,g,h,i,"j\n'
    rows = [row for _, row in read_rows(raw(f"v,w,x,y,z\n{body}".encode()))]
    assert rows == [['1,2,3,4,"5'], ["a", "b", "c", "d", "e"], ['f,g,h,i,"j']]


def test_a_row_inside_a_cell_may_hold_quotes_of_its_own(raw):
    body = '1,2,3,4,"5\na,"",c,d,e\nf,g,h,i,"\n'
    rows = [row for _, row in read_rows(raw(f"v,w,x,y,z\n{body}".encode()))]
    assert rows == [['1,2,3,4,"5'], ["a", "", "c", "d", "e"], ['f,g,h,i,"']]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_behind_a_stray_quote_a_row_of_several_lines_stays_whole(raw, end):
    body = ["a,b,c", '1,"x,2', f'3,"two{end}lines, ""so""",4', '5,"6",7', ""]
    rows = [row for _, row in read_rows(raw(end.join(body).encode()))]
    assert rows == [['1,"x,2'], ["3", f'two{end}lines, "so"', "4"], ["5", "6", "7"]]


def test_a_broken_row_of_several_lines_never_passes_for_whole_rows(raw):
    """Its lines may by chance have as many fields as the header; their quotes do not pair."""
    path = raw(b'a,b,c\n1,"x"y,two\nl"ines,2,3\n4,5,6\n')
    assert [row for _, row in read_rows(path)][-1] == ["4", "5", "6"]
    path = raw(b'a,b,c\n1,"two\nlines",2,3\n4,5,6\n')
    assert [row for _, row in read_rows(path)] == [['1,"two'], ['lines",2,3'], ["4", "5", "6"]]


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ('1,2,3,"two\nlines",5,6', ["1", "2", "3", "two\nlines", "5", "6"]),  # one too many
        ('1,"two\nlines, ""so""",3', ["1", 'two\nlines, "so"', "3"]),  # two too few
        ('"1\n2","3\n4"', ["1\n2", "3\n4"]),
    ],
)
def test_a_ragged_row_of_several_lines_is_one_row(raw, row, fields):
    path = raw(f"v,w,x,y,z\na,b,c,d,e\n{row}\nf,g,h,i,j\n".encode())
    assert [row for _, row in read_rows(path)] == [list("abcde"), fields, list("fghij")]


@pytest.mark.parametrize(
    "body",
    [
        ['1,2,3,4,"5', 'a,b,"",d'],  # the whole row comes first
        ['1,"2,3', 'a,b,c,d,"e"'],  # or last
        ['1,"2,3', 'a,", b",c'],  # the quote that closes would open the next row's cell
        ['1,"2', "a,b,c,d,e", 'f,"'],  # or in between
    ],
)
def test_rows_behind_a_stray_quote_are_not_taken_for_one_ragged_row(raw, body):
    text = "\n".join(["v,w,x,y,z", *body, "f,g,h,i,j", ""])
    rows = [row for _, row in read_rows(raw(text.encode()))]
    assert len(rows) == len(body) + 1 and rows[-1] == list("fghij")


def test_a_stray_quote_in_the_header_swallows_no_row(raw):
    for content in (
        b'a,"b,c\n1,2,3\n4,"5",6\n',
        b'a,"b,c\n1,2,3\n',
        b'a,b,"c\n1,2",3\n4,5,6\n',
    ):
        with pytest.raises(RemlError, match=r"x\.csv: the header goes on .*stray quote"):
            read_header(raw(content))


def test_a_column_name_may_have_two_lines(raw):
    path = raw(b'a,"List\nPrice",c\n1,2,3\n')
    assert read_header(path).names == ["a", "List\nPrice", "c"]
    assert list(read_rows(path)) == [(1, ["1", "2", "3"])]


def test_a_mark_of_encoding_that_comes_twice_is_no_part_of_a_name(raw):
    for content in (
        b"\xef\xbb\xbf" * 2 + b'"a",b\n1,2\n',
        "\ufeff\ufeffa,b\n1,2\n".encode("utf-16"),
    ):
        assert read_header(raw(content)).names == ["a", "b"]
        assert list(read_rows(raw(content))) == [(1, ["1", "2"])]


def test_field_beyond_any_export_names_file_and_row(raw):
    path = raw(b'a,b\n1,2\n3,"' + b"x" * (16 * 1024 * 1024 + 1))
    with pytest.raises(RemlError, match=r"x\.csv, after data row 1: .*stray quote"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t \n", "empty"),
        (b"\xef\xbb\xbf", "empty|no column names"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08", "binary file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary file"),
        (bytes(range(1, 32)) * 9, "binary file"),
        (b"a,b\n1,2\n" * 20 + b"\x00\x01\x02" * 8, "binary file"),  # a NUL makes it suspect
        ((TEXT * 20).encode("utf-32-le"), "binary file, not CSV text in UTF-8, UTF-16 or cp1252"),
        (b"just a sentence\nand one more\n", "no column names"),
        (b"a,b," + b"c" * 70_000 + b"\n1,2,3\n", "first line is longer"),
        (b"a," * 2001 + b"b\n", "2,002 columns"),
    ],
)
def test_what_is_no_table_is_refused_by_name(raw, content, words):
    with pytest.raises(RemlError, match=rf"x\.csv: .*({words})"):
        read_header(raw(content))


def test_csv_files_are_found_at_any_depth_in_order_whatever_their_case(tmp_path):
    for name in ("b/z.CSV", "b/a.csv", "a.tsv", "photos/x.zip", "b/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [str(path.relative_to(tmp_path)) for path in find_csv_files(tmp_path)]
    assert names == ["a.tsv", "b/a.csv", "b/z.CSV"]


# every character that the encoding can say, but for NUL (dropped) and, in the narrow ones,
# nothing more: what is valid UTF-8 by accident cannot be told from UTF-8
CELLS = {
    "utf-8": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
    "utf-8-sig": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
    "utf-16": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
    "cp1252": st.text("aZ09 ,;|\t\"'\r\nàéîõüßÇ", max_size=6),
}


@examples(80)
@given(
    data=st.data(),
    encoding=st.sampled_from(sorted(CELLS)),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    width=st.integers(2, 4),
)
def test_what_csv_writes_comes_back(
    tmp_path_factory, data, encoding, delimiter, end, quoting, width
):
    header = [f"Column {i}" for i in range(width)]
    cell = CELLS[encoding]
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=5))
    text = io.StringIO(newline="")
    # before 3.13 csv.writer leaves the line ends that are not its own unquoted
    quoting = quoting if end == "\r\n" else csv.QUOTE_ALL
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([header, *rows])
    content = text.getvalue().encode(encoding)
    control = sum(byte < 9 or 13 < byte < 32 for byte in content)
    assume(encoding == "utf-16" or control * 10 <= len(content))  # else rightly called binary
    path = tmp_path_factory.getbasetemp() / "roundtrip.csv"
    path.write_bytes(content)
    assert read_header(path).names == header
    assert list(read_rows(path)) == list(enumerate(rows, start=1))


@given(st.binary(max_size=300))
@examples(100)
def test_any_bytes_at_all_end_in_rows_or_a_named_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "noise.csv"
    path.write_bytes(content)
    for form in (None, "utf-16-le", "utf-16-be"):
        text = "".join(decode_lines(io.BytesIO(content), form))
        assert "\x00" not in text and not text.startswith("\ufeff")
    try:
        for number, row in read_rows(path):
            assert number >= 1 and row
    except RemlError as error:
        assert "noise.csv" in str(error)
