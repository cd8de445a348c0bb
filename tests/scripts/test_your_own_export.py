"""docs/guides/your-own-export.md works as it stands: its own commands, on an export that no shipped
contract knows, end in a report."""

import json
import re
import shlex

import pytest
import yaml

from lib.common.vocabulary import FEEDS
from lib.listings.contract import contract
from tests.support import exports
from tests.support.dag import ROOT
from tests.support.project_copy import copy_project
from tests.support.stage_runner import shrink

PAGE = (ROOT / "docs/guides/your-own-export.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_the_page_has_every_step():
    commands = "".join(blocks("bash"))
    for step in ("contract infer", "grep", "sed", "contract check", "make import", "make run"):
        assert step in commands
    assert "runs/brokerage/data/report/index.html" in commands
    assert "(docs/guides/your-own-export.md)" in (ROOT / "README.md").read_text()


def test_the_home_is_told_by_its_standard_address():
    """And not by street columns as they are written, which leave out the unit."""
    assert "property_key" not in "".join(blocks("bash"))


def test_no_shipped_contract_knows_the_export():
    headers = list(exports.BROKERAGE)
    for path in FEEDS.glob("*/contract.yaml"):
        agreed = contract.load_contract(path)
        assert contract.missing_column_phrases(agreed, headers), path
        assert len(contract.match_headers(agreed, headers)) <= 2, path


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A copy of the project in which the page's commands have run, one shell for all."""
    clone = copy_project(tmp_path_factory.mktemp("walk"))
    path = clone.folder / "params.yaml"
    few = yaml.safe_load(path.read_text())
    trees = few["train"]["lightgbm"]["num_iterations"]
    shrink(few)  # few variants and draws: what is looked at is the way, and one model's worth
    few["train"]["lightgbm"]["num_iterations"] = trees
    path.write_text(yaml.safe_dump(few))
    clone.git("commit", "-qam", "few")
    table = exports.brokerage(900, 300)
    table.to_csv(clone.folder / "brokerage.csv", sep=";", index=False)
    clone.rows = len(table)
    script = "\n".join(f"echo {shlex.quote('>>> ' + block)}\n{block}" for block in blocks("bash"))
    clone.output = clone.run("bash", "-euo", "pipefail", "-c", script)
    assert clone.output.returncode == 0, clone.output.stdout[-4000:] + clone.output.stderr[-4000:]
    return clone


@pytest.mark.rest
def test_the_walk_ends_in_a_report(walked):
    folder = walked.folder / "runs/brokerage"
    page = (folder / "data/report/index.html").read_text()
    assert "Listings of brokerage.csv" in page and "sale_lightgbm" in page
    staged = json.loads((folder / "metrics/staging.json").read_text())
    assert staged["rows_in"] == walked.rows
    assert staged["rows_in"] == staged["clean"] + staged["duplicates"] + staged["quarantined"]
    assert staged["quarantined"] < 0.05 * staged["rows_in"], staged["reasons"]
    assert not [reason for reason in staged["reasons"] if "status" in reason]
    assert staged["extra_columns"] == ["Next Appraisal"]


@pytest.mark.rest
def test_homes_go_by_their_address(walked):
    counts = json.loads((walked.folder / "runs/brokerage/metrics/normalize.json").read_text())
    rows = sum(domain["rows"] for domain in counts["domains"].values())
    assert counts["addresses"]["read"] > 0.9 * rows


@pytest.mark.rest
def test_the_valuations_are_worth_something(walked):
    summary = json.loads((walked.folder / "runs/brokerage/metrics/summary.json").read_text())
    assert summary["sale_lightgbm"]["mdape"] < 0.15
    assert (walked.folder / "runs/brokerage/data/predict/valuations.csv").is_file()


@pytest.mark.rest
def test_what_the_page_quotes_of_the_draft_is_in_it(walked):
    draft = (walked.folder / "configs/feeds/brokerage/contract.yaml.bak").read_text()
    (quoted,) = blocks("yaml")
    for line in quoted.splitlines():
        assert line.strip() in draft, line


@pytest.mark.rest
def test_the_workspace_stays_on_the_demo_feed(walked):
    changed = walked.git("status", "--porcelain").split()
    assert [name for name in changed if name != "??"] == [
        "brokerage.csv", "configs/feeds/brokerage/"]  # fmt: skip
