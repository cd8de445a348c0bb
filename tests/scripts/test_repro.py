"""`make repro` as a newcomer and an analyst run it: real DVC, the demo feed."""

import json
import re
import shutil

import pytest
import yaml

from tests.conftest import Clone
from tests.dag import ROOT, STAGES

pytestmark = pytest.mark.slow


def will_run(clone: Clone) -> set[str]:
    """The stages that a repro would run now."""
    status = clone.run("dvc", "status", "--json")
    return {name.split("@")[0] for name in json.loads(status.stdout) if name != "data/raw"}


def test_every_stage_has_run_and_the_report_is_there(reproduced):
    locked = yaml.safe_load((reproduced.folder / "dvc.lock").read_text())["stages"]
    assert {name.split("@")[0] for name in locked} == set(STAGES)
    page = (reproduced.folder / "data/report/index.html").read_text()
    assert "Synthetic data" in page
    assert not re.search(r'(?:src|href)="https?:', page), "the page must not need the network"


def test_the_committed_lock_and_metrics_are_those_of_this_code(reproduced):
    """Code and params in dvc.lock are this code, and the committed figures are what it finds."""
    fresh, committed = (
        yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
        for folder in (reproduced.folder, ROOT)
    )
    for name, stage in fresh.items():
        code = [dep for dep in stage["deps"] if dep["path"].startswith(("lib/", "scripts/"))]
        old = [
            dep for dep in committed[name]["deps"] if dep["path"].startswith(("lib/", "scripts/"))
        ]
        assert code == old, f"{name}: run `make repro` and commit dvc.lock"
        assert stage.get("params") == committed[name].get("params"), name
    found, told = (
        json.loads((folder / "metrics/summary.json").read_text())
        for folder in (reproduced.folder, ROOT)
    )
    assert set(found) == set(told)
    for variant, figures in found.items():
        # another processor may round otherwise, which moves a figure by less than 0.002
        assert told[variant] == pytest.approx(figures, abs=0.002, rel=0), f"{variant}: `make repro`"


def test_a_second_repro_does_no_work(reproduced):
    again = reproduced.run("make", "repro")
    assert again.returncode == 0
    assert "up to date" in again.stdout
    assert "Running stage" not in again.stdout
    assert "report: " in again.stdout


@pytest.mark.parametrize(
    "old, new, first",
    [
        ("coverages: [0.8, 0.9]", "coverages: [0.5, 0.9]", "calibrate"),
        ("places: 6 ", "places: 5 ", "evaluate"),
        ("num_leaves: 31", "num_leaves: 15", "train"),
        ("listings: 25", "listings: 5", "report"),
    ],
)
def test_a_changed_param_reruns_its_stage_and_nothing_above(reproduced, old, new, first):
    params = reproduced.folder / "params.yaml"
    before = params.read_text()
    assert old in before
    params.write_text(before.replace(old, new))
    try:
        assert will_run(reproduced) == {first}  # the stages below follow when it has changed
    finally:
        params.write_text(before)


def test_experiments_and_their_metrics_can_be_compared(reproduced, tmp_path):
    """dvc exp run -S, exp show, metrics diff, plots show: each prints what its users look for."""
    folder = tmp_path / "copy"
    shutil.copytree(reproduced.folder, folder, symlinks=True)
    clone = Clone(folder)
    run = clone.run("dvc", "exp", "run", "-S", "train.linear.alpha=50", "-n", "ridge50", "evaluate")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Running stage 'train@sale_linear'" in run.stdout
    assert "Running stage 'train@sale_lightgbm'" not in run.stdout
    show = clone.run("dvc", "exp", "show", "--csv", "--drop", ".*rental.*")
    assert "ridge50" in show.stdout and "sale_linear.mdape" in show.stdout.splitlines()[0]
    diff = json.loads(clone.run("dvc", "metrics", "diff", "--json").stdout)
    assert set(diff) == {"metrics/summary.json"}, "one summary file holds what can be compared"
    assert "sale_linear.mape" in diff["metrics/summary.json"]
    plots = clone.run("dvc", "plots", "show", "--out", str(tmp_path / "plots"))
    assert plots.returncode == 0
    page = (tmp_path / "plots/index.html").read_text()
    for title in ("actual against predicted", "Median error by month"):
        assert title in page


def test_the_pipeline_finds_what_the_generator_planted(reproduced):
    """Against the truth file, which the pipeline itself never reads."""
    truth = json.loads((reproduced.folder / "data/raw/demo/truth.json").read_text())
    counts = truth["counts"]
    staged = json.loads((reproduced.folder / "metrics/staging.json").read_text())
    assert staged["rows_in"] == sum(counts["rows"].values())
    assert staged["rows_in"] == staged["clean"] + staged["duplicates"] + staged["quarantined"]
    quarantined = (reproduced.folder / "data/staging/quarantine_rows.csv").read_text()
    # equal rows are one line, of the first of them
    copies = [fault["rows"] for fault in truth["faults"] if "duplicate" in fault["kind"]]
    for fault in truth["faults"]:
        if fault["effect"] == "quarantine":
            for at in fault["rows"]:
                same = [at, *(other for rows in copies if at in rows for other in rows)]
                assert any(f"{file},{row}," in quarantined for file, row in same), fault
    assert set(truth["leak_columns"]) <= set(staged["extra_columns"])
    split = json.loads((reproduced.folder / "metrics/split.json").read_text())
    assert split["sale"]["subject"] == counts["actives_for_sale"]
    assert split["rental"]["subject"] == counts["actives_for_lease"]
