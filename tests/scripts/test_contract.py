"""The command that drafts and checks contracts: what it prints, writes and refuses."""

import json

import pytest
from click.testing import CliRunner

from lib.common.vocabulary import FEEDS
from lib.listings.contract import contract
from scripts.ops import contract as command
from tests.support import exports
from tests.support.commands import run_command
from tests.support.dag import ROOT


def lay(folder):
    """An empty workspace with the shipped contracts and a brokerage's export."""
    (folder / "configs/feeds").mkdir(parents=True)
    for path in (ROOT / FEEDS).iterdir():
        (folder / "configs/feeds" / path.name).symlink_to(path)
    exports.brokerage().to_csv(folder / "brokerage.csv", sep=";", index=False)
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lay(tmp_path)


@pytest.fixture(scope="module")
def inferred(tmp_path_factory):
    """(what `infer` says of the brokerage's export, the folder); tests leave it."""
    folder = lay(tmp_path_factory.mktemp("inferred"))
    arguments = ("infer", "brokerage.csv", "--feed", "mine")
    return run_command(command.main, *arguments, folder=folder, code=0).output, folder


def run(*arguments):
    return CliRunner().invoke(command.main, list(arguments))


def test_infer_prints_a_table_and_writes_a_contract_that_loads(inferred, monkeypatch):
    output, folder = inferred
    for line in (
        r"Sold For          close_price             0.55   name 45% alike, 100% of the values fit",
        r"Y                 latitude?               0.45   by content, 100% of the values fit",
        r"Road              -                              text, ",
        "configs/feeds/mine/contract.yaml: 19 of 24 columns matched, 1",
    ):
        assert line in output
    monkeypatch.chdir(folder)
    assert contract.read_contract("mine").title == "Listings of brokerage.csv"


def test_the_number_of_lines_to_check_is_that_of_grep(inferred):
    output, folder = inferred
    text = (folder / "configs/feeds/mine/contract.yaml").read_text()
    marked = [line for line in text.splitlines()[2:] if "CHECK" in line]
    assert f"matched, {len(marked)} lines to check" in output


def test_infer_never_overwrites_unless_told(here):
    path = here / "configs/feeds/brokerage/contract.yaml"
    path.parent.mkdir()
    path.write_text("mine")
    again = run("infer", "brokerage.csv")
    assert again.exit_code == 2 and "--force overwrites it" in again.output
    assert path.read_text() == "mine"
    assert run("infer", "brokerage.csv", "--force").exit_code == 0
    assert path.read_text() != "mine"


def test_statuses_are_counted_over_the_whole_file(here):
    run("infer", "brokerage.csv", "--rows", "200", "--out", "short.yaml")
    table = exports.brokerage()
    text = (here / "short.yaml").read_text()
    assert "(200 rows looked at)" in text
    for word, rows in table["Stage"].value_counts().items():
        assert f"{word}" in text and f"{rows:,} rows" in text


def test_a_file_without_price_leaves_a_draft_and_says_what_it_lacks(here):
    exports.brokerage().drop(columns=["Sold For", "Asked"]).to_csv("poor.csv", index=False)
    done = run("infer", "poor.csv", "--out", "poor.yaml")
    assert done.exit_code == 2
    assert "error: poor.yaml: not found in poor.csv: close_price, the price that was" in done.output
    assert "# CHECK: not found: close_price" in (here / "poor.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["infer", "nowhere.csv"], "error: nowhere.csv: no such file"),
        (["infer", "brokerage.csv", "--feed", "../x"], "made of lower-case letters"),
        (["infer", "bare.csv"], "error: bare.csv: a header and no rows"),
        (["infer", "ragged.csv"], "error: ragged.csv: no row has as many fields as the header"),
        (["infer", "binary.csv"], "error: binary.csv: this is a binary file"),
        (["infer", "brokerage.csv", "--out", "/dev/null/x.yaml"], "error: /dev/null"),
        (["check", "nosuch"], "no contract for feed 'nosuch'"),
        (["check", "demo", "nowhere.csv"], "error: nowhere.csv: no such file"),
        (["check", "faulty"], "error: configs/feeds/faulty/contract.yaml: columns.a"),
    ],
)
def test_faults_are_one_line_that_names_the_file(here, arguments, told):
    (here / "bare.csv").write_text("a,b\n")
    (here / "ragged.csv").write_text("a,b\n1,2,3\n")
    (here / "binary.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256)))
    (here / "configs/feeds/faulty").mkdir()
    (here / "configs/feeds/faulty/contract.yaml").write_text("title: T\nkey: [a]\ncolumns: {a: {}}")
    done = run(*arguments)
    assert done.exit_code == 2 and "Traceback" not in done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert told in line


@pytest.mark.parametrize("rows", ["0", "-1"])
@pytest.mark.parametrize("words", [["infer", "brokerage.csv"], ["check", "demo", "brokerage.csv"]])
def test_fewer_rows_than_one_are_refused(here, words, rows):
    done = run(*words, "--rows", rows)
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert f"'--rows': {rows} is not in the range x>=1" in done.output


@pytest.mark.parametrize("family", exports.FAMILIES)
def test_check_shows_each_header_and_what_nobody_claims(here, family):
    truth, make = exports.FAMILIES[family]
    make().assign(Odd="x").to_csv("export.csv", index=False)
    done = run("check", "har", "export.csv")
    assert done.exit_code == 0, done.output
    assert "claimed by no column: Odd" in done.output
    for header, field in truth.items():
        assert any(
            line.startswith(f"{field} ") and f" {header} " in line
            for line in done.output.splitlines()
        ), header


def test_check_reads_the_raw_files_of_the_feed(here):
    assert "no files yet" in run("check", "har").output
    (here / "data/raw/har").mkdir(parents=True)
    exports.labels().to_csv(here / "data/raw/har/a.csv", index=False)
    assert "data/raw/har/a.csv: 1,255 rows read" in run("check", "har").output


def test_check_names_what_a_file_lacks_and_what_does_not_read(here):
    table = exports.demo()
    table.drop(columns="ClosePrice").assign(CloseDate="13.01.2024").to_csv("bad.csv", index=False)
    done = run("check", "demo", "bad.csv")
    assert done.exit_code == 2
    assert "bad.csv: the header lacks close_price" in done.output
    assert "no value of 'CloseDate' reads as close_date; mend its type, unit or" in done.output


def test_a_header_that_comes_twice_counts_once(here):
    (here / "twice.csv").write_text("ML#,ML#,Sale Price,Close Date\n1,2,200000,01/02/2024\n")
    done = run("infer", "twice.csv", "--out", "twice.yaml")
    assert done.exit_code == 0, done.output
    assert "3 of 3 columns matched" in done.output


@pytest.mark.parametrize(
    ("group", "warned"),
    [
        (["street_number", "street_name", "postal_code"], True),
        (["street_number", "street_name", "unit_number", "postal_code"], False),
        (["parcel_number"], False),
    ],
)
def test_check_warns_where_all_flats_of_a_building_would_be_one_home(here, group, warned):
    names = {"close_price": {}, "listing_key": {}, **{name: {} for name in group}}
    content = {"title": "T", "property_key": [group], "columns": names}
    (here / "configs/feeds/flats").mkdir()
    (here / "configs/feeds/flats/contract.yaml").write_text(json.dumps(content))
    done = run("check", "flats")
    assert done.exit_code == 0, done.output
    assert ("warning: property_key: [street_number" in done.output) == warned
