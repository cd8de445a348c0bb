"""Pictures of the report: small, of the demo feed only."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from scripts.ops import screenshots
from tests.dag import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/report").mkdir(parents=True)
    (tmp_path / "data/report/a.html").write_text("<h1>A page</h1>")
    return tmp_path


def run(folder, feed):
    (folder / "params.yaml").write_text(f"base: {{feed: {feed}, as_of: null, seed: 1}}\n")
    return subprocess.run(  # of its own: Playwright starts once in a process
        [sys.executable, "-m", "scripts.ops.screenshots"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("browser")  # for its loud skip where there is none
def test_each_page_is_taken_at_both_widths(folder):
    result = run(folder, "demo")
    assert result.returncode == 0, result.stderr
    for name, size in screenshots.SIZES.items():
        content = (folder / f"docs/images/report_a_{name}.png").read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.size == size and picture.mode == "P"


def test_real_listings_are_refused(folder):
    result = run(folder, "king_county")
    assert result.returncode == 2 and "pictures are of the demo feed only" in result.stderr
    assert not (folder / "docs").exists()


def test_no_report_is_told_with_its_mend(folder):
    (folder / "data/report/a.html").unlink()
    result = run(folder, "demo")
    assert result.returncode == 2 and "`make repro` writes them" in result.stderr
