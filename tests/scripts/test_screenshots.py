"""Pictures of the report: small, of the demo feed only."""

import io
import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from scripts.ops import screenshots
from tests.support.dag import ROOT


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
    taken = json.loads((folder / "docs/images/taken.json").read_text())
    assert taken == {"a.html": screenshots.page_fingerprint("<h1>A page</h1>")}


PAGE = """<h1>Accuracy</h1><p>Half of 1,204 estimates are within -7.4 % of the price.</p>
<table><tr><th>ZIP</th><td class="n">77002</td></tr></table><svg id="a"><path d="M1 2"/></svg>"""


def test_a_fingerprint_is_of_sentences_and_structure_not_of_figures():
    same = PAGE.replace("1,204", "987").replace("77002", "none").replace("M1 2", "M3 4")
    assert screenshots.page_fingerprint(same) == screenshots.page_fingerprint(PAGE)
    for old, new in (("Half", "Most"), ("<h1>", "<h1 class=x>"), ("<th>ZIP</th>", "")):
        assert screenshots.page_fingerprint(PAGE.replace(old, new)) != screenshots.page_fingerprint(
            PAGE
        )


def test_the_committed_pictures_show_the_report_as_it_is(full_demo):
    pages = sorted((full_demo.folder / "data/report").glob("*.html"))
    taken = json.loads((ROOT / screenshots.TAKEN).read_text())
    seen = {page.name: screenshots.page_fingerprint(page.read_text()) for page in pages}
    assert seen == taken, "a page has changed since its picture was taken: `make screenshots`"
    names = {f"report_{page.stem}_{size}.png" for page in pages for size in screenshots.SIZES}
    assert {path.name for path in (ROOT / screenshots.OUT).glob("*.png")} == names


def test_real_listings_are_refused(folder):
    result = run(folder, "king_county")
    assert result.returncode == 2 and "pictures are of the demo feed only" in result.stderr
    assert not (folder / "docs").exists()


def test_no_report_is_told_with_its_mend(folder):
    (folder / "data/report/a.html").unlink()
    result = run(folder, "demo")
    assert result.returncode == 2 and "`make repro` writes them" in result.stderr
