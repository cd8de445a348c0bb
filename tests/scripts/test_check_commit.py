"""scripts/ops/check_commit.py on small repositories made by the tests."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from scripts.ops import check_commit


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose index may be committed, as the working directory."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    write("params.yaml", "base: {feed: demo}\n")
    write("metrics/evaluate.json", json.dumps({"feed": "demo", "variants": {}}))
    write("metrics/summary.json", json.dumps({"sale_linear": {"mape": 1}}))
    write("plots/evaluate/by_month.csv", "slice,mdape\n2025-01,0.1\n")
    write("plots/evaluate/by_band.csv", "slice,mdape\n1,0.1\n")
    record()
    return tmp_path


def write(name: str, content: str = "x\n") -> str:
    """Write a file and stage it."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    git("add", "--force", name)
    return name


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def record(feed: str = "demo", raw: str = "demo") -> None:
    """Stage a dvc.lock as a run would leave it, with the figures that lie there now."""
    outs = [
        {"path": str(path), "md5": md5(path.read_bytes())}
        for path in sorted(Path("metrics").glob("*.json"))
    ]
    plots = [
        {"md5": md5(path.read_bytes()), "relpath": path.name}
        for path in sorted(Path("plots/evaluate").iterdir())
    ]
    outs.append({"path": "plots/evaluate", "md5": md5(json.dumps(plots).encode()) + ".dir"})
    stages = {
        "staging": {"deps": [{"path": f"data/raw/{raw}"}]},
        "evaluate": {"params": {"params.yaml": {"base.feed": feed}}, "outs": outs},
    }
    write("dvc.lock", yaml.safe_dump({"stages": stages}))


def check(*files: str) -> Result:
    return CliRunner().invoke(check_commit.main, ["--", *files])


GOOD = [
    "lib/evaluation/metrics/accuracy.py",
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


def test_a_deleted_file_may_go(tree: Path) -> None:
    name = write("data/raw/mls/gone.csv")
    git("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "a slip")
    git("rm", "-q", "--cached", name)
    assert (tree / name).is_file() and check(name).exit_code == 0


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("params.yaml", "base: {feed: king_county}\n", "base.feed is 'king_county'"),
        ("params.yaml", "train: {}\n", "base.feed is None"),
        ("metrics/evaluate.json", '{"feed": "king_county"}', "figures of feed 'king_county'"),
        ("metrics/deep/x.json", '{"feed": "mls"}', "metrics/deep/x.json: figures of feed 'mls'"),
        ("metrics/evaluate.json", '{"feed": ', "metrics/evaluate.json: cannot be read"),
        ("dvc.lock", "stages: {a: {deps: [{path: data/raw/mls}]}}", "dvc.lock: from feed 'mls'"),
        ("dvc.lock", "stages: [", "dvc.lock: cannot be read"),
        ("metrics/summary.json", '{"sale_linear": {"mape": 2}}', "metrics/summary.json: not the"),
        ("plots/evaluate/by_month.csv", "slice\n", "plots/evaluate: not the figures of the run"),
        ("plots/evaluate/more.csv", "slice\n", "plots/evaluate: not the figures of the run"),
        ("plots/mine.svg", "<svg/>", "plots/mine.svg: no stage in dvc.lock writes it"),
        ("docs/analysis.md", "# Mine\n", "docs/analysis.md: no stage in dvc.lock writes it"),
    ],
)
def test_refuses_other_feeds_whatever_is_staged(name: str, content: str, fault: str) -> None:
    write(name, content)
    for files in ((), (write("README.md"),)):
        result = check(*files)
        assert result.exit_code == 2
        assert fault in result.output


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("foreign", [{"feed": "mls"}, {"raw": "mls"}])
def test_refuses_a_lock_of_another_feed_with_its_own_figures(foreign: dict) -> None:
    write("metrics/summary.json", '{"sale_linear": {"mape": 2}}')
    record(**foreign)
    result = check()
    assert result.exit_code == 2 and "dvc.lock: from feed 'mls'" in result.output


def test_what_is_staged_counts_and_not_the_working_tree(tree: Path) -> None:
    write("metrics/summary.json", '{"sale_linear": {"mape": 2}}')
    (tree / "metrics/summary.json").write_text('{"sale_linear": {"mape": 1}}')
    assert check().exit_code == 2
    git("reset", "-q", "--", "metrics")
    git("add", "metrics")
    (tree / "metrics/summary.json").write_text('{"sale_linear": {"mape": 2}}')
    (tree / "params.yaml").write_text("base: {feed: mls}")
    assert check().output == ""


def test_this_project_passes_with_the_hashes_of_its_own_lock(clone) -> None:
    done = clone.call(check_commit.main)
    assert (done.exit_code, done.stderr) == (0, "")
    path = min((clone.folder / "plots/evaluate").rglob("*.csv"))
    path.write_text(path.read_text() + "\n")
    clone.git("add", "-A")
    assert clone.call(check_commit.main).exit_code == 2


@pytest.mark.usefixtures("tree")
def test_names_every_fault_at_once() -> None:
    write("params.yaml", "base: {feed: mls}\n")
    result = check(write("data/a.csv"), write("homes.xlsx"))
    for part in ("base.feed is 'mls'", "data/a.csv", "homes.xlsx"):
        assert part in result.output


@pytest.mark.usefixtures("tree")
def test_a_tree_that_never_ran_passes() -> None:
    git("rm", "-rqf", "metrics", "plots", "dvc.lock")
    assert check().exit_code == 0
