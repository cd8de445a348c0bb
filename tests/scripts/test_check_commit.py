"""scripts/ops/check_commit.py on small trees made by the tests."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts.ops import check_commit


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that may be committed, as the working directory."""
    monkeypatch.chdir(tmp_path)
    write("params.yaml", "base: {feed: demo}\n")
    write("metrics/evaluate.json", json.dumps({"feed": "demo", "variants": {}}))
    write("metrics/summary.json", json.dumps({"sale_linear": {"mape": 1}}))
    write("dvc.lock", "stages:\n  staging:\n    deps:\n    - path: data/raw/demo\n")
    return tmp_path


def write(name: str, content: str = "x\n") -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return name


def check(*files: str) -> Result:
    return CliRunner().invoke(check_commit.main, ["--", *files])


GOOD = [
    "lib/models/metrics.py",
    "plots/evaluate/by_month.csv",
    "configs/feeds/king_county/overrides.csv",
    "tests/lib/table.csv",
    "data/samples/demo/sale.csv",
    "database.md",
]
BAD = [
    ("data/raw/mls/export.csv", "files in data/ are never committed"),
    ("data/train/sale_linear/model.json", "files in data/ are never committed"),
    ("runs/king_county/report/index.html", "files in runs/ are never committed"),
    ("king_county.csv", "looks like an export"),
    ("lib/photos.ZIP", "looks like an export"),
]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("name", GOOD)
def test_lets_pass(name: str) -> None:
    result = check(write(name))
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("name", "fault"), BAD)
def test_refuses_files(name: str, fault: str) -> None:
    result = check(write(name))
    assert result.exit_code == 2
    assert f"{name}: {fault}" in result.output
    assert f"git restore --staged {name}" in result.output


@pytest.mark.usefixtures("tree")
def test_size_limit_is_500_kb() -> None:
    most = write("docs/picture.svg", "x" * 500_000)
    assert check(most).exit_code == 0
    result = check(write("docs/picture.svg", "x" * 500_001))
    assert result.exit_code == 2
    assert "docs/picture.svg: 500,001 bytes, over 500,000" in result.output


@pytest.mark.usefixtures("tree")
def test_a_deleted_file_may_go() -> None:
    assert check("data/raw/mls/gone.csv").exit_code == 0


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("params.yaml", "base: {feed: king_county}\n", "base.feed is 'king_county'"),
        ("params.yaml", "train: {}\n", "base.feed is None"),
        ("metrics/evaluate.json", '{"feed": "king_county"}', "figures of feed 'king_county'"),
        ("metrics/deep/x.json", '{"feed": "mls"}', "metrics/deep/x.json: figures of feed 'mls'"),
        ("metrics/evaluate.json", '{"feed": ', "metrics/evaluate.json: not valid JSON"),
        ("dvc.lock", "deps:\n- path: data/raw/mls\n", "dvc.lock: from feed 'mls'"),
    ],
)
def test_refuses_other_feeds_whatever_is_staged(name: str, content: str, fault: str) -> None:
    write(name, content)
    for files in ((), (write("README.md"),)):
        result = check(*files)
        assert result.exit_code == 2
        assert fault in result.output


def test_names_every_fault_at_once(tree: Path) -> None:
    (tree / "params.yaml").write_text("base: {feed: mls}\n")
    result = check(write("data/a.csv"), write("homes.xlsx"))
    for part in ("base.feed is 'mls'", "data/a.csv", "homes.xlsx"):
        assert part in result.output


@pytest.mark.usefixtures("tree")
def test_a_tree_that_never_ran_passes() -> None:
    for path in (*Path("metrics").rglob("*.json"), Path("dvc.lock")):
        path.unlink()
    assert check().exit_code == 0
