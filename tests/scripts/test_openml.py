"""scripts/acquire/openml.py against a local OpenML cache that the test writes: no network."""

import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lib.listings.contract import contract
from lib.ops.run.raw_folder import check_export
from scripts.acquire import openml

ROOT = Path(__file__).resolve().parents[2]
ARFF_URL = "https://www.openml.org/data/v1/download/1/house_sales.arff"
TEXT = {"id": "STRING", "date": "STRING", "zipcode": "{98178,98125,98007}"}
ROWS = [
    '"0129300520","20141013T000000",221900,3,1,1180,5650,1,0,0,3,7,1180,0,1955,0,98178,47.5112,'
    "-122.257,1340,5650",
    '"6414100192","20141209T000000",1.225E+06,3,2.25,2570,7242,2,0,0,3,7,2170,400,1951,1991,98125,'
    "47.721,-122.319,1690,7639",
    "'1736800520','20150403T000000',662500,3,2.5,3560,9796,1,0,0,3,8,?,1700,1965,0,98007,47.6007,"
    "-122.145,2210,8925",
]


def write_cache(home: Path, flags: dict[str, str] | None = None, without: str = "") -> None:
    """Write the four files that scikit-learn would have cached after downloading 42092.

    `flags`: column -> is_ignore or is_row_identifier; `without`: a column to leave out.
    """
    kept = [(i, name) for i, name in enumerate(openml.COLUMNS) if name != without]
    head = [f"@ATTRIBUTE {name} {TEXT.get(name, 'NUMERIC')}" for _, name in kept]
    cells = [next(csv.reader([row.replace("'", '"')])) for row in ROWS]
    rows = ROWS if not without else [",".join(line[i] for i, _ in kept) for line in cells]
    arff = "\n".join(["@RELATION house_sales", *head, "@DATA", *rows, ""]).encode()
    kinds = {"id": "string", "date": "string", "zipcode": "nominal"}
    features = [
        {
            "index": str(index),
            "name": name,
            "data_type": kinds.get(name, "numeric"),
            "is_target": str(name == "price").lower(),
            "is_ignore": str((flags or {}).get(name) == "is_ignore").lower(),
            "is_row_identifier": str((flags or {}).get(name) == "is_row_identifier").lower(),
            "number_of_missing_values": str(int(name == "sqft_above")),
        }
        for index, (_, name) in enumerate(kept)
    ]
    description = {
        "id": "42092",
        "name": "house_sales",
        "version": "2",
        "description": "made by the test",
        "format": "ARFF",
        "status": "active",
        "url": ARFF_URL,
        "md5_checksum": hashlib.md5(arff).hexdigest(),
    }
    api = "api/v1/json/data"
    files = {
        f"{api}/42092": {"data_set_description": description},
        f"{api}/features/42092": {"data_features": {"feature": features}},
        f"{api}/qualities/42092": {"data_qualities": {"quality": []}},
    }
    contents = {path: json.dumps(content).encode() for path, content in files.items()}
    contents["data/v1/download/1/house_sales.arff"] = arff
    for path, content in contents.items():
        target = home / "openml" / "openml.org" / f"{path}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(content))


def run(home: Path, out: Path):
    """The command's result; a test that reached for the network would fail, not download."""
    return CliRunner().invoke(openml.main, ["--data-home", str(home), "--out", str(out)])


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the test reached for the network")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)


def test_writes_the_original_columns_and_cells(tmp_path: Path) -> None:
    write_cache(tmp_path)
    out = tmp_path / "king_county.csv"
    result = run(tmp_path, out)
    assert result.exit_code == 0, result.output
    assert f"make import FEED=king_county FROM={out}" in result.output
    lines = list(csv.reader(out.read_text().splitlines()))
    assert lines[0] == openml.COLUMNS
    assert ",".join(lines[1]) == (
        "0129300520,20141013T000000,221900,3,1,1180,5650,1,0,0,3,7,1180,0,1955,0,98178,"
        "47.5112,-122.257,1340,5650"
    )
    assert lines[2][2:5] == ["1225000", "3", "2.25"]
    assert lines[3][:2] == ["1736800520", "20150403T000000"]  # single quotes are quotes too
    assert lines[3][openml.COLUMNS.index("sqft_above")] == ""
    assert len(lines) == 1 + len(ROWS)


def test_the_file_fits_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # contracts are found from the repository's root
    write_cache(tmp_path)
    out = tmp_path / "king_county.csv"
    assert run(tmp_path, out).exit_code == 0
    agreed = contract.read_contract("king_county")
    check_export(out, "king_county", agreed)
    assert set(contract.match_headers(agreed, openml.COLUMNS)) == set(agreed.columns)


@pytest.mark.parametrize("flag", ["is_ignore", "is_row_identifier"])
def test_columns_that_openml_sets_aside_come_along(tmp_path: Path, flag: str) -> None:
    plain, flagged = tmp_path / "plain", tmp_path / "flagged"
    write_cache(plain)
    write_cache(flagged, flags={"id": flag, "date": flag})
    for home in (plain, flagged):
        assert run(home, home / "out.csv").exit_code == 0
    assert (plain / "out.csv").read_bytes() == (flagged / "out.csv").read_bytes()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    write_cache(tmp_path, without="zipcode")
    result = run(tmp_path, tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "missing column(s) zipcode" in result.output
    assert not (tmp_path / "out.csv").exists()


def test_a_failed_call_leaves_the_older_file(tmp_path: Path) -> None:
    write_cache(tmp_path, without="zipcode")
    out = tmp_path / "out.csv"
    out.write_text("older\n")
    assert run(tmp_path, out).exit_code == 2
    assert out.read_text() == "older\n"
    assert not list(tmp_path.glob(".*.part"))


def test_no_network_is_one_line_with_the_mend(tmp_path: Path) -> None:
    """The real code path: a proxy where nothing listens refuses the connection."""
    closed = {name: "http://127.0.0.1:9" for name in ("https_proxy", "http_proxy")}
    kept = {k: v for k, v in os.environ.items() if k.lower() not in (*closed, "no_proxy")}
    out = tmp_path / "out.csv"
    options = ["--data-home", str(tmp_path), "--out", str(out)]
    result = subprocess.run(
        [sys.executable, "-m", "scripts.acquire.openml", *options],
        cwd=ROOT,
        env=kept | closed,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 2
    assert "cannot download OpenML data set 42092" in result.stderr
    assert "make import FEED=king_county" in result.stderr
    assert "Traceback" not in result.stderr
    assert not out.exists()
