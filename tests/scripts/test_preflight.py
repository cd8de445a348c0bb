"""scripts/ops/preflight.py: which sections and which of the demo's files it knows."""

import datetime as dt
import importlib
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lib import demo
from lib.common.errors import RemlError
from lib.ops import sections
from scripts.ops import import_file, preflight
from tests.support.dag import ROOT, STAGES

FILES = demo.generate_feed(1, 100, 20, 10, dt.date(2022, 1, 1), 1, 1).files


def test_each_section_is_checked_as_its_stage_reads_it():
    models = sections.stage_sections()
    assert list(models) == ["base", *STAGES]
    for stage in STAGES:
        module = importlib.import_module(f"scripts.valuation.{stage}")
        text = (ROOT / f"scripts/valuation/{stage}.py").read_text()
        section, name = re.search(r'params\.load_sections\(\s*"(\w+)", ([\w.]+)', text).groups()
        read = module
        for part in name.split("."):
            read = getattr(read, part)
        assert (section, models[stage]) == (stage, read)


def lay(raw, names):
    for name in names:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(b"x")


@pytest.mark.parametrize("last", range(1, len(FILES)))
def test_what_a_killed_demo_stage_leaves_does_not_block_the_next_run(tmp_path, last):
    names = list(FILES)[:last]  # in the order in which the stage writes them
    lay(tmp_path, names)
    if "manifest.txt" in names:
        (tmp_path / "manifest.txt").write_bytes(FILES["manifest.txt"])
    half = (tmp_path / list(FILES)[last]).with_name(".x.zip.part")
    lay(tmp_path, [half.relative_to(tmp_path), "exports/.DmJZvvTdiJ6ZpaWlwGMQ2A.tmp"])
    preflight.check_demo_folder(tmp_path)


@pytest.mark.parametrize("name", ["homes.csv", "sale/images/mine.zip", "exports/sales.csv", ".env"])
def test_a_file_of_somebody_else_is_named(tmp_path, name):
    lay(tmp_path, ["README.txt", name])
    with pytest.raises(RemlError, match=re.escape(name)):
        preflight.check_demo_folder(tmp_path)


def test_a_link_of_somebody_else_is_named(tmp_path):
    (tmp_path / "sales").symlink_to(tmp_path.parent)
    with pytest.raises(RemlError, match="sales: the demo stage owns"):
        preflight.check_demo_folder(tmp_path)


SALE = b"id,date,price,sqft_living,zipcode\n7129300520,20141013T000000,221900,1180,98178\n"


@pytest.fixture
def feed(tmp_path, monkeypatch):
    """The raw folder of a feed with one sound file."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data/raw/king_county"
    raw.mkdir(parents=True)
    (raw / "a.csv").write_bytes(SALE)
    return raw


def check():
    return CliRunner().invoke(preflight.main, ["--feed", "king_county"])


def test_what_has_passed_is_asked_again_where_a_setting_changed(feed, tmp_path):
    assert check().exit_code == 0
    settings = tmp_path / "configs/feeds/king_county"
    elsewhere = settings.rename(tmp_path / "elsewhere")
    settings.symlink_to(elsewhere)
    assert check().exit_code == 0
    (elsewhere / "overrides.csv").write_text("nonsense\n")
    done = check()
    assert done.exit_code == 2 and "overrides.csv" in done.output


def test_files_that_no_stage_reads_are_named_in_one_line(feed):
    assert "ignored" not in check().output
    lay(feed, ["b.txt", "more/d.csv.gz", "images/e.png", ".hidden", "sale/images/f.zip"])
    (feed / "imports.jsonl").touch()
    done = check()
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if "preflight.ignored" in line]
    assert "['b.txt', 'images/e.png', 'more/d.csv.gz']" in line


def test_a_cut_receipt_is_told_before_staging_reads_it(feed):
    (feed / "imports.jsonl").write_text('{"file": "a.csv", "sha256": "0", "imp')
    done = check()
    assert done.exit_code == 2
    assert "imports.jsonl, line 1: no receipt of an import; delete that line" in done.output


def test_a_name_that_is_not_utf8_is_told(feed):
    (feed / "a.csv").rename(feed / os.fsdecode(b"caf\xe9.csv"))
    done = check()
    assert done.exit_code == 2
    assert "caf\\xe9.csv: the name is not UTF-8; rename the file" in done.output


AXIS = "features.kriging.axes.living_area"


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("train.variants.sale_kriged.domain", "sales", "'sale' or 'rental'"),
        ("train.variants.sale_kriged.model", "krigged", "unknown model 'krigged' (known: linear"),
        ("blend.variants.sale_blend.domain", "sales", "'sale' or 'rental'"),
        ("train.kriged.objective", "hubber", "'huber'"),
        ("train.kriged.objective", "poisson", "'huber'"),  # a premium may be below zero
        ("train.kriged.without", [""], "at least 1 character"),
        ("train.linear.without", [""], "at least 1 character"),
        ("features.windows", [-30, 365], "windows.0: Input should be greater than 0"),
        ("features.windows", [30, 0], "windows.1: Input should be greater than 0"),
        ("features.windows", [], "at least 1 item"),
        ("features.yield_days", -5, "greater than 0"),
        (AXIS, {"typical": 0, "scale": 1, "log": True}, "typical must lie above 0"),
        (AXIS, {"typical": float("nan"), "scale": 1}, "finite number"),
        ("train.linear.alpha", -1000, "greater than or equal to 0"),
        ("train.linear.alpha", float("inf"), "finite number"),
        ("train.kriged.alpha", 0, "greater than 0"),
        ("train.kriged.monotone", {"living_area": 5}, "Input should be -1, 0 or 1"),
        ("train.kriged.start", ["comp_krigged_log_price"], "is no input that holds numbers"),
        (
            "tune.ranges.boosting.num_leaves",
            {"low": 7, "high": 99.8},
            "num_leaves.high: num_leaves",
        ),
        ("tune.ranges.boosting.bagging_fraction", {"low": 0, "high": 1}, "fraction.low: bagging_"),
        ("tune.ranges.random_forest.bagging_fraction", {"low": 0.5, "high": 1}, "fraction.high"),
        ("tune.ranges.boosting.objective", {"low": 1, "high": 2}, "objective.low: objective"),
        ("tune.ranges.boosting.learning_rate", {"low": 0.1, "high": float("inf")}, "finite number"),
        ("tune.ranges.krigged", {}, "no such model (there are: linear"),
        ("train.comparables.shrink", -1, "greater than or equal to 0"),
        ("evaluate.draws", 0, "greater than or equal to 1"),
        ("evaluate.places", 0, "greater than or equal to 1"),
        ("predict.comparables", -1, "greater than or equal to 0"),
        ("report.listings", -1, "greater than or equal to 0"),
    ],
)
def test_a_setting_that_no_stage_could_use_is_told_before_any_runs(feed, where, value, said):
    content = json.loads(json.dumps(yaml.safe_load(Path("params.yaml").read_text())))  # no aliases
    *path, name = where.split(".")
    inside = content
    for part in path:
        inside = inside[part]
    inside[name] = value
    Path("params.yaml").write_text(yaml.safe_dump(content))
    done = check()
    assert done.exit_code == 2, done.output
    assert where.partition(".")[2] in done.output and said in done.output, done.output


def test_tune_can_search_around_every_variant(feed):
    content = yaml.safe_load(Path("params.yaml").read_text())
    for variant in content["train"]["variants"]:
        content["tune"]["variant"] = variant
        Path("params.yaml").write_text(yaml.safe_dump(content))
        done = check()
        assert done.exit_code == 0, done.output
    content["tune"]["ranges"] |= {"linear": {}, "kriged": {"alpha": {"low": 0.1, "high": 0.2}}}
    content["tune"]["variant"] = "sale_linear"
    Path("params.yaml").write_text(yaml.safe_dump(content))
    assert "tune.ranges: nothing to search for sale_linear" in check().output


def test_an_import_is_a_whole_copy(feed):
    Path("b.csv").write_bytes(SALE + SALE[34:] * 9)
    done = CliRunner().invoke(import_file.main, ["--feed", "king_county", "--from", "b.csv"])
    assert done.exit_code == 0, done.output
    assert (feed / "b.csv").read_bytes() == Path("b.csv").read_bytes()
    assert sorted(path.name for path in feed.iterdir()) == ["a.csv", "b.csv", "imports.jsonl"]
