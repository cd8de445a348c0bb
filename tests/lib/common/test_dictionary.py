"""The data dictionary: read strictly, enforced on the tables that lie there."""

import pandas as pd
import pytest

from lib.common import dictionary
from lib.common.dictionary import Entry, Table
from lib.common.errors import RemlError

META = """
tables:
  "data/s/{a,b}.parquet":
    description: d
    columns:
      n: {description: d, type: number, range: [0, 1]}
      low_*: {description: d, type: number, range: [null, 5]}
  data/s/c.csv:
    description: d
    columns:
      n: {description: d, type: count, range: [1, null]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.meta.yml").write_text(META)
    (tmp_path / "data/s").mkdir(parents=True)
    return tmp_path


def check(folder, name, **columns):
    frame = pd.DataFrame(columns)
    path = folder / "data/s" / name
    (frame.to_csv if name.endswith("csv") else frame.to_parquet)(path, index=False)
    dictionary.enforce_ranges(folder / "s.meta.yml", (folder / "data/s").relative_to(folder))


@pytest.mark.parametrize("name", ["a.parquet", "b.parquet"])
def test_values_within_their_range_pass(folder, name):
    check(folder, name, n=[0, 1, None], low_80=[-9.0, 5.0, None], other=[-1, 7, 8])
    check(folder, "c.csv", n=[1, 99])


@pytest.mark.parametrize(
    ("name", "columns", "told"),
    [
        ("b.parquet", {"n": [0, 1.5, -1]}, "n outside 0.0 to 1.0 in 2 row"),
        ("a.parquet", {"low_80": [5.1]}, "low_80 outside None to 5.0 in 1 row"),
        ("c.csv", {"n": [0]}, "n outside 1.0 to None in 1 row"),
    ],
)
def test_a_value_outside_is_a_fault_of_ours_told_by_count(folder, name, columns, told):
    with pytest.raises(AssertionError, match=rf"data/s/{name}: {told}"):
        check(folder, name, **columns)


def test_only_the_tables_of_a_stage_are_read(folder):
    pd.DataFrame({"n": [7]}).to_parquet(folder / "data/s/a.parquet")
    dictionary.enforce_ranges(folder / "s.meta.yml", folder / "elsewhere")


def test_a_column_goes_by_its_name_before_a_pattern():
    table = Table(
        description="d",
        columns={
            "a_*": Entry(description="any", type="text"),
            "a_b": Entry(description="this", type="text"),
        },
    )
    assert table.entry("a_b").description == "this"
    assert table.entry("a_c").description == "any" and table.entry("b") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tables: {x: {columns: {}}}", "tables.x.description: Field required"),
        ("tables: {x: {description: d, colums: {}}}", "tables.x.colums: unknown key"),
        ("tables: {x: {description: d, columns: {a: {type: text}}}}", "a.description"),
        ("tables: {x: {description: d, columns: {a: {description: d, type: int}}}}", "a.type"),
    ],
)
def test_a_file_that_is_wrong_names_the_key(tmp_path, text, told):
    path = tmp_path / "x.meta.yml"
    path.write_text(text)
    with pytest.raises(RemlError, match=r"x\.meta\.yml: .*") as caught:
        dictionary.read_spec(path)
    assert told in str(caught.value)


def test_names_in_braces_stand_for_several():
    assert dictionary.expand_name("a/{b,c}.{x,y}") == ["a/b.x", "a/b.y", "a/c.x", "a/c.y"]
