"""The `eda` stage as it is run: what it finds in feeds nobody tuned on, twice the same bytes."""

import datetime as dt
import os
import re
import shutil
import subprocess
import sys

import pytest

from lib import demo
from tests.dag import ROOT


def run(folder, stage):
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.valuation.{stage}"], cwd=folder, check=False,
        capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "REML_CACHE_DIR": str(folder / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def outs(folder):
    found = [*(folder / "plots/eda").iterdir(), *(folder / "data/eda").iterdir()]
    return {path.name: path.read_bytes() for path in [*found, folder / "docs/eda/summary.md"]}


@pytest.fixture(scope="module", params=[31, 32, 33])
def looked_at(request, tmp_path_factory):
    """A folder in which a feed of another seed was staged and looked at."""
    folder = tmp_path_factory.mktemp(f"eda{request.param}")
    (folder / "configs").symlink_to(ROOT / "configs")
    shutil.copy(ROOT / "params.yaml", folder)
    files = demo.generate(
        request.param, 900, 150, 120, dt.date(2022, 1, 1), 2, 6, photos=request.param == 31
    ).files
    for name, content in files.items():
        path = folder / "data/raw/demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for stage in ("staging", "photos", "eda"):
        run(folder, stage)
    return folder


def test_the_leakage_scan_flags_what_was_planted_and_no_honest_column(looked_at):
    text = (looked_at / "docs/eda/summary.md").read_text()
    for domain in text.split("\n## ")[1:]:
        flagged = {
            re.match(r"\| `(\w+)`", line)[1]: line.split("|")[-2].strip()
            for line in domain.splitlines()
            if line.startswith("| `") and line.split("|")[-2].strip()
        }
        assert flagged == {
            "list_price": "gives the price away",
            "original_list_price": "gives the price away",
            "NextYearAppraisal": "gives the price away",
            "SellerContribution": "filled only after the sale",
        }, domain[:20]


def test_each_picture_has_one_sentence_and_each_sentence_a_picture(looked_at):
    text = (looked_at / "docs/eda/summary.md").read_text()
    named = set(re.findall(r"\(\.\./\.\./plots/eda/(\w+\.svg)\)", text))
    assert named == {path.name for path in (looked_at / "plots/eda").iterdir()}
    for block in re.findall(r"\n### (?!Columns)(.*?)\n!\[", text, re.S):
        title, sentence = block.strip().split("\n\n")
        assert re.fullmatch(r".*[.]", sentence) and "nan" not in sentence, title


def test_twice_the_same_bytes(looked_at):
    first = outs(looked_at)
    run(looked_at, "eda")
    assert outs(looked_at) == first


def test_a_feed_with_few_sales_says_so(looked_at):
    params = looked_at / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("minimum_sales: 50 ", "minimum_sales: 500000 "))
    try:
        run(looked_at, "eda")
        told = (looked_at / "docs/eda/summary.md").read_text()
        assert "`sale` has fewer than 500000 closed rows with a price and is left out" in told
        assert list((looked_at / "data/eda").iterdir()) == []  # there, since DVC asks for it
    finally:
        params.write_text(text)
