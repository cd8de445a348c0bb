"""The `eda` stage as it is run: what it finds in feeds nobody tuned on, twice the same bytes."""

import datetime as dt
import io
import re
import shutil

import pandas as pd
import pytest

from lib import demo
from tests.support import stage_runner
from tests.support.dag import ROOT


def run(folder, stage):
    done = stage_runner.stage(folder, stage)
    assert done.exit_code == 0, done.stderr


def outs(folder):
    found = [*(folder / "plots/eda").iterdir(), *(folder / "data/eda").iterdir()]
    return {path.name: path.read_bytes() for path in [*found, folder / "docs/eda/summary.md"]}


MORE = [pytest.param(seed, marks=pytest.mark.fuzz) for seed in (32, 33)]  # half a minute each


@pytest.fixture(scope="module", params=[31, *MORE])
def looked_at(request, tmp_path_factory):
    """A folder in which a feed of another seed was staged and looked at."""
    folder = tmp_path_factory.mktemp(f"eda{request.param}")
    (folder / "configs").symlink_to(ROOT / "configs")
    shutil.copy(ROOT / "params.yaml", folder)
    files = demo.generate_feed(
        request.param, 450, 150, 60, dt.date(2022, 1, 1), 2, 6, photos=request.param == 31
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


def odd_feed(folder, change):
    """A small feed whose exports `change` (frame to frame) has been at, staged and looked at."""
    (folder / "configs").symlink_to(ROOT / "configs")
    shutil.copy(ROOT / "params.yaml", folder)
    made = demo.generate_feed(34, 150, 60, 40, dt.date(2024, 1, 1), 1, 3, photos=False).files
    for name, content in made.items():
        if name.endswith(("active.csv", "sales_2024.csv")):
            read = pd.read_csv(
                io.BytesIO(content), dtype="str", on_bad_lines="skip", encoding="latin-1"
            )
            table = change(read)
            path = folder / "data/raw/demo" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            table.to_csv(path, index=False)
    for stage in ("staging", "photos", "eda"):
        run(folder, stage)
    return (folder / "docs/eda/summary.md").read_text()


def test_headers_of_the_feeds_own_stay_and_a_feed_without_sizes_has_its_outlier_policy(tmp_path):
    def change(table):
        sizes = [name for name in table if "SqFt" in name or "Area" in name]
        table = table.assign(status="x", lot_size_square_feet="7", _used_as="y")
        return table.assign(**dict.fromkeys(sizes, ""))

    text = odd_feed(tmp_path, change)
    assert "| `status` | text | 100 % | 1 |" in text
    assert "| `lot_size_square_feet (not claimed)` | number | 100 % | 1 |" in text
    assert "### Outlier policy" in text and "on price in each market area" in text


def test_a_feed_of_a_header_alone_is_no_fault(tmp_path):
    text = odd_feed(tmp_path, lambda table: table.iloc[:0])
    assert "from 0 rows: 0 listings, 0 duplicates, 0 quarantined" in text
