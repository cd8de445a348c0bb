"""The page about what moved: two folders of results, and two revisions through DVC's cache."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from lib.common import io
from scripts.ops import changes, run
from tests.support.commands import run_command
from tests.support.dag import ROOT

SHARES = {"baseline": ("baseline", 12.0), "living_area": ("size", 0.4), "level": ("level", 0.01)}


def lay(folder, step, feed="demo"):
    """Results of a run on six listings; each `step` adds to the size's contribution."""
    keys = [str(100 + i) for i in range(6)]
    rows = []
    for i, key in enumerate(keys):
        for name, (group, share) in SHARES.items():
            more = step * (i + 1) if name == "living_area" else 0.0
            value = f"{1800 + 500 * (step > 0) * (i == 5):.1f}" if name == "living_area" else None
            rows.append((key, "sale", "sale_blend", name, group, value, share + more))
    columns = ["listing_key", "domain", "variant", "input", "group", "value", "log_contribution"]
    contributions = pd.DataFrame(rows, columns=columns)
    total = contributions.groupby("listing_key")["log_contribution"].sum()
    valued = pd.DataFrame(
        {
            "listing_key": keys,
            "domain": "sale",
            "as_of": "2025-12-31",
            "pred_close_price": np.exp(total.loc[keys].to_numpy()).round(),
            "unparsed_address": "1 <b>Some</b> Street",
        }
    )
    homes = pd.DataFrame(
        {
            "listing_key": keys,
            "standard_status": "Active",
            "close_price": np.nan,
            "living_area": [1800.0] * 5 + [2300.0 if step else 1800.0],
        }
    )
    io.write_csv(folder / "data/predict/valuations.csv", valued)
    io.write_parquet(folder / "data/explain/contributions.parquet", contributions, ["listing_key"])
    io.write_parquet(folder / "data/normalize/sale.parquet", homes, ["listing_key"])
    io.write_json(folder / "metrics/predict.json", {"feed": feed})
    io.write_text(folder / "params.yaml", f"blend:\n  level: {{days: {14 + (step > 0)}}}\n")
    return folder


@pytest.fixture
def tree(tmp_path):
    """runs/demo and the run before it, in a folder that is no git repository."""
    shutil.copytree(ROOT / "configs/feeds/demo", tmp_path / "configs/feeds/demo")
    lay(tmp_path / "runs/demo.previous", 0.0)
    lay(tmp_path / "runs/demo", 0.02)
    return tmp_path


def run_changes(tree, *arguments, code=0):
    return run_command(changes.main, *arguments, folder=tree, code=code).output


def test_a_run_keeps_the_results_that_it_replaces(tmp_path):
    """Of three runs the last two are there."""
    for number in range(3):
        fresh = tmp_path / ".mine.part"
        fresh.mkdir()
        (fresh / "number").write_text(str(number))
        run.replace_results(fresh, tmp_path / "mine")
    kept = {path.parent.name: path.read_text() for path in tmp_path.glob("*/number")}
    assert kept == {"mine": "2", "mine.previous": "1"}


def words(page):
    """The text of a page, tags as spaces."""
    text = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_feeds_last_run_against_the_one_before(tree):
    said = run_changes(tree, "--feed", "demo")
    path = tree / "runs/demo/data/changes/index.html"
    assert str(path) in said
    page = path.read_text()
    text = words(page)
    assert "6 of the 6 listings valued in both runs moved by 1 % or more" in text
    assert "living_area (1800.0 → 2300.0): +12.7 %" in text
    assert "living_area: 1,800 → 2,300" in text, "what changed in its record"
    assert "blend.level.days 14 15" in text
    assert "do not add up" not in text and "not told" not in text
    assert "<b>Some" not in page, "text of a listing is no HTML"
    assert not re.search(r'(?:src|href)="https?:', page)
    table = pd.read_csv(path.with_name("changes.csv"), dtype={"listing_key": str})
    assert table["listing_key"].tolist() == ["105", "104", "103", "102", "101", "100"]
    first = path.read_bytes()
    run_changes(tree, "--feed", "demo")
    assert path.read_bytes() == first


def test_without_contributions_it_says_so_and_tells_the_rest(tree):
    (tree / "runs/demo.previous/data/explain/contributions.parquet").unlink()
    run_changes(tree, "--feed", "demo")
    text = words((tree / "runs/demo/data/changes/index.html").read_text())
    assert "not told: no data/explain/contributions.parquet in runs/demo.previous" in text
    assert "6 of the 6 listings" in text and "Pushes multiply" not in text
    assert "Changed in its record: living_area: 1,800 → 2,300" in text


def test_contributions_of_another_run_are_told(tree):
    path = tree / "runs/demo.previous/data/explain/contributions.parquet"
    frame = pd.read_parquet(path)
    io.write_parquet(path, frame.assign(log_contribution=frame["log_contribution"] * 0.99), [])
    run_changes(tree, "--feed", "demo")
    text = words((tree / "runs/demo/data/changes/index.html").read_text())
    assert "The contributions of 6 listings do not add up to their change" in text


def test_a_file_of_valuations_alone_is_enough(tree):
    bare = tree / "older"
    bare.mkdir()
    shutil.copy(tree / "runs/demo.previous/data/predict/valuations.csv", bare)
    run_changes(tree, "--feed", "demo", "--from", "older")
    text = words((tree / "runs/demo/data/changes/index.html").read_text())
    assert "6 of the 6 listings" in text and "Not known: the base has no params.yaml" in text


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--feed", "nosuch"], "runs/nosuch: no results; make run FEED=nosuch"),
        (["--feed", "demo", "--from", "x"], "FROM=x: no data/predict/valuations.csv"),
        (["--base", "main"], "data/predict/valuations.csv: no such file; make repro"),
        (["--feed", "lone"], "runs/lone.previous: no earlier run is kept"),
        (["--feed", "demo", "--from", "runs/other"], "values feed 'other' and runs/demo feed"),
    ],
)
def test_what_is_missing_is_told_with_its_mend(tree, arguments, told):
    lay(tree / "runs/lone", 0.0)
    lay(tree / "runs/other", 0.0, feed="other")
    said = run_changes(tree, *arguments, code=2)
    assert said.strip().splitlines()[-1].startswith("error: ") and told in said


def test_two_revisions_through_the_cache(revised, tmp_path):
    revised = revised.copy(tmp_path / "copy")
    done = revised.call(changes.main, "--base", "HEAD^")
    assert done.exit_code == 0, done.output
    page = revised.folder / "data/changes/index.html"
    text = words(page.read_text())
    assert "blend.level.days 14 60" in text
    assert "None changed in lib/, scripts/ and configs/" in text
    assert "Both runs value the same listings" in text
    assert "Synthetic data" in text
    table = pd.read_csv(page.with_name("changes.csv"), dtype={"listing_key": str})
    now = pd.read_csv(
        revised.folder / "data/predict/valuations.csv", dtype={"listing_key": str}
    ).set_index("listing_key")["pred_close_price"]
    assert len(table) == len(now) and (table["change"] != 0).any()
    assert (table.set_index("listing_key")["new"] == now.loc[table["listing_key"]]).all()
    assert revised.git("status", "--porcelain") == "", "the page is no part of git"


def test_a_base_that_is_not_in_the_cache_is_told_with_its_mend(revised, tmp_path):
    copied = revised.copy(tmp_path / "copy")
    shutil.rmtree(copied.folder / ".dvc/cache")
    done = copied.call(changes.main, "--base", "HEAD^")
    assert done.exit_code == 2
    assert "neither DVC's cache nor a remote holds its data/predict/valuations.csv" in done.stderr
