"""scripts/ops/samples.py: only the demo feed's samples go to data/samples/."""

import json

import pytest

from scripts.ops import samples
from tests.support import gold_samples as kit


@pytest.fixture
def tree(tmp_path):
    """A tree with a drawn sample."""
    kit.lay(tmp_path, {})
    folder = tmp_path / "data/sample"
    folder.mkdir(parents=True)
    for name in ("statistics.json", "sale.json"):
        (folder / name).write_text(json.dumps({"feed": "demo"}))
    (folder / "sale.csv").write_text("Key\n1\n")
    return tmp_path


def test_the_samples_are_copied_and_old_ones_removed(tree):
    kept = tree / "data/samples"
    kept.mkdir()
    (kept / "rental.csv").write_text("old")
    kit.invoke(samples.main, tree)
    names = ["sale.csv", "sale.json", "statistics.json"]
    assert sorted(path.name for path in kept.iterdir()) == names
    for name in names:
        assert (kept / name).read_bytes() == (tree / "data/sample" / name).read_bytes()


@pytest.mark.parametrize("name", ["statistics.json", "sale.json"])
def test_another_feed_is_refused_before_anything_is_copied(name, tree):
    (tree / "data/sample" / name).write_text(json.dumps({"feed": "mls"}))
    assert f"{name}: a sample of feed 'mls'" in kit.invoke(samples.main, tree, code=2)
    assert not (tree / "data/samples").exists()


def test_samples_without_statistics_are_refused(tree):
    (tree / "data/sample/statistics.json").unlink()
    assert "statistics.json: no such file" in kit.invoke(samples.main, tree, code=2)


def test_no_samples_is_said(tree):
    for path in (tree / "data/sample").iterdir():
        path.unlink()
    assert "no samples" in kit.invoke(samples.main, tree, code=2)
