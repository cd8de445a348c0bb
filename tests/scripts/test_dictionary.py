"""The data dictionary: complete for every table that the pipeline writes, and never stale."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from lib.common import dictionary
from lib.common.params import read_yaml
from lib.listings.contract import contract, reso
from scripts.ops.dictionary import PAGE, WORDS, dictionary_page, main
from tests.support.dag import ROOT, STAGES

METAS = sorted(path for path in (ROOT / "lib").rglob("*.meta.yml") if path.name != WORDS.name)
RAW = ("data/raw/", "data/samples/")
# dtypes as pandas names them (Parquet); what a CSV holds of text may look like a number
KINDS = {
    "text": "str",
    "number": "if",
    "count": "ifI",
    "flag": "ifb",
    "date": "M",
    "timestamp": "M",
}


def test_the_page_is_what_the_files_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert PAGE.read_text() == dictionary_page(), "run `make dictionary`"


def test_a_stale_page_is_told(tmp_path, monkeypatch):
    for name in ("lib", "dvc.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / PAGE).write_text("old")
    done = CliRunner().invoke(main, ["--check"])
    assert done.exit_code == 2 and "stale; run `make dictionary`" in done.output
    assert (tmp_path / PAGE).read_text() == "old"
    assert CliRunner().invoke(main).exit_code == 0
    assert CliRunner().invoke(main, ["--check"]).exit_code == 0


def test_every_field_of_reso_is_described_and_no_other():
    assert set(read_yaml(ROOT / WORDS)["fields"]) == set(reso.load_dictionary().fields)


@pytest.mark.parametrize("path", METAS, ids=lambda path: path.name)
def test_a_dictionary_file_is_of_a_stage_and_each_entry_says_all(path):
    assert path.name.split(".")[0] in STAGES
    for name, table in dictionary.read_spec(path).tables.items():
        for column, entry in table.columns.items():
            assert entry.description.endswith("."), f"{name}: {column}"
            assert entry.source or table.source, f"{name}: {column} has no source"
            assert entry.as_of or table.as_of, f"{name}: {column} has no as_of"


def described(folder):
    """Path of a table that the pipeline wrote -> its entry in the dictionary."""
    with contextlib.chdir(folder):
        return {
            path.as_posix(): table
            for meta in METAS
            for path, table in dictionary.find_tables(dictionary.read_spec(meta), Path())
        }


def test_every_column_of_every_table_has_an_entry(finished):
    known = described(finished.folder)
    written = [
        path.relative_to(finished.folder).as_posix()
        for where in ("data", "plots")
        for kind in ("parquet", "csv")
        for path in (finished.folder / where).rglob(f"*.{kind}")
    ]
    written = [name for name in written if not name.startswith(RAW)]
    assert set(written) == set(known), "a table without an entry in a *.meta.yml"
    agreed = contract.read_contract("demo")
    parts = {"bathrooms_full", "bathrooms_half", "bathrooms_total"}
    reso_names = set(reso.load_dictionary().fields)
    for name in written:
        table = known[name]
        for column in dictionary.columns_of(finished.folder / name):
            claimed = column in {*agreed.columns, *agreed.constants} | reso_names | parts
            entry = table.entry(column)
            assert entry is not None or (table.contract and claimed), f"{name}: {column}"


def test_columns_have_the_type_that_their_entry_says(finished):
    for name, table in described(finished.folder).items():
        if not name.endswith(".parquet"):
            continue
        frame = pd.read_parquet(finished.folder / name)
        for column, entry in table.columns.items():
            if column in frame and len(frame):
                first = frame[column].iloc[0]  # of a column of vectors, their numbers' type counts
                kind = first.dtype if isinstance(first, np.ndarray) else frame[column].dtype
                if entry.type == "text":
                    fits = kind.kind == "O"
                else:
                    fits = kind.kind in KINDS[entry.type].replace("I", "iu")
                assert fits, f"{name}: {column} is {kind}"
