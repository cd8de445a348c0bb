"""docs/guides/experiments-howto.md: every command of it, in its order, in a copy of the project."""

import json
import re
import time

import pytest

from tests.support.dag import ROOT

PAGE = (ROOT / "docs/guides/experiments-howto.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
PLOTS = ("learning curve", "error by price band", "ratio by price band", "error by month")
WAIT = 600  # seconds for the queue, on a machine with much else to do


def wait_for_the_queue(clone):
    """Until no task of the queue waits or runs; it must have come to a good end."""
    for _ in range(WAIT // 2):
        told = clone.run("dvc", "queue", "status").stdout
        if not re.search("Queued|Running", told):
            assert told.count("Success") == 1 and "Failed" not in told, told
            return
        time.sleep(2)
    pytest.fail(f"the queue is not done: {told}")


@pytest.fixture(scope="module")
def told(reproduced, tmp_path_factory):
    """The copy, (block, what it printed) in order, and what the pictures held when they were."""
    clone = reproduced.copy(tmp_path_factory.mktemp("howto") / "copy")
    out = {"clone": clone, "blocks": []}
    try:
        for block in BLOCKS:
            done = clone.run("bash", "-euo", "pipefail", "-c", block)
            assert done.returncode == 0, block + done.stdout + done.stderr
            out["blocks"].append((block, done.stdout))
            if "plots diff" in block:
                out["drawn"] = json.loads(
                    clone.run("dvc", "plots", "diff", "HEAD", "--json").stdout
                )
            if "queue start" in block:
                wait_for_the_queue(clone)
    finally:
        clone.run("dvc", "queue", "stop", "--kill")
    return out


def said(told, words):
    """What the first block with these words printed."""
    return next(printed for block, printed in told["blocks"] if words in block)


def test_every_block_of_the_page_is_found():
    assert len(BLOCKS) == PAGE.count("```") // 2 >= 9


@pytest.mark.rest
def test_an_experiment_runs_what_it_must_and_stands_in_the_table(told):
    ran = said(told, "dvc exp run")
    assert "Running stage 'blend'" in ran and "Running stage 'train@" not in ran
    head, *rows = [line for line in said(told, "dvc exp show").splitlines() if line.startswith("|")]
    assert "sale_blend.fold_mdape" in head and "blend.weighting.shrink" in head
    assert "screened" not in head and "rental" not in head
    assert any("shrink30" in row for row in rows)


@pytest.mark.rest
def test_it_is_compared_with_where_it_came_from(told):
    diffs = said(told, "dvc metrics diff")
    assert "sale_blend.fold_mape" in diffs and "blend.weighting.shrink" in diffs
    comment = said(told, "pr_comment")
    assert "| `blend.weighting.shrink` | `300` | `30` |" in comment
    assert re.search(r"`sale_blend` MdAPE: .* points, 95 % interval", comment)


@pytest.mark.rest
def test_pictures_hold_both_revisions(told):
    """In the page, and in what is drawn: the error by band differs, a curve of a model that was not
    trained again is the same."""
    clone = told["clone"]
    page = (clone.folder / "dvc_plots/index.html").read_text()
    for title in ("MAPE by number of trees", "Median error by price band", "Median ratio"):
        assert title in page
    rows = {
        name: [json.dumps(part) for part in parts] for name, parts in told["drawn"]["data"].items()
    }
    for name in PLOTS:
        drawn = " ".join(text for plot, texts in rows.items() if name in plot for text in texts)
        assert '"rev": "HEAD"' in drawn and '"rev": "workspace"' in drawn, name
    values = {"HEAD": [], "workspace": []}
    (plot,) = told["drawn"]["data"]["error by price band"]
    for row in plot["content"]["data"]["values"]:
        values[row["rev"]].append(row["mdape"])
    assert len(values["HEAD"]) == len(values["workspace"]) == 5
    assert values["HEAD"] != values["workspace"]


@pytest.mark.rest
def test_a_queue_is_worked_off_and_one_is_kept(told):
    listed = said(told, "dvc exp list")
    assert listed.count("Success") == 1
    assert "[shrink30]" in listed and "[days60]" in listed
    assert "params.yaml" in said(told, "dvc exp apply")


@pytest.mark.rest
def test_in_the_end_all_is_as_it_was(told):
    clone = told["clone"]
    assert clone.run("dvc", "exp", "list").stdout.strip() == ""
    assert clone.git("status", "--porcelain") == ""
    assert "up to date" in clone.run("dvc", "status").stdout
    assert clone.git("branch", "--list", "try-shrink30").strip() == "try-shrink30"
