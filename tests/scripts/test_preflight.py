"""scripts/ops/preflight.py: which sections and which of the demo's files it knows."""

import datetime as dt
import importlib
import re

import pytest

from lib import demo
from lib.common.checks import RemlError
from scripts.ops import preflight
from tests.dag import ROOT, STAGES

FILES = demo.generate(1, 100, 20, 10, dt.date(2022, 1, 1), 1, 1).files


def test_each_section_is_checked_as_its_stage_reads_it():
    assert list(preflight.SECTIONS) == ["base", *STAGES]
    for stage in STAGES:
        module = importlib.import_module(f"scripts.valuation.{stage}")
        text = (ROOT / f"scripts/valuation/{stage}.py").read_text()
        section, name = re.search(r'params\.load\(\s*"(\w+)", ([\w.]+)', text).groups()
        read = module
        for part in name.split("."):
            read = getattr(read, part)
        assert (section, preflight.SECTIONS[stage]) == (stage, read)


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
