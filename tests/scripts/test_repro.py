"""`make repro` as a newcomer and an analyst run it: real DVC, the demo feed."""

import json
import re

import pytest
import yaml

from tests.support.dag import ROOT, STAGES
from tests.support.project_copy import Clone


@pytest.fixture(scope="module")
def copied(reproduced, tmp_path_factory):
    """A copy for commands, which leave files of their own; tests put back what they change."""
    return reproduced.copy(tmp_path_factory.mktemp("reproduced") / "copy")


def test_every_stage_has_run_and_the_report_is_there(finished):
    locked = yaml.safe_load((finished.folder / "dvc.lock").read_text())["stages"]
    assert {name.split("@")[0] for name in locked} == set(STAGES)
    page = (finished.folder / "data/report/index.html").read_text()
    assert "Synthetic data" in page
    assert not re.search(r'(?:src|href)="https?:', page), "the page must not need the network"


def code(stage):
    """What a stage of a lock depends on in lib/ and scripts/."""
    return [dep for dep in stage["deps"] if dep["path"].startswith(("lib/", "scripts/"))]


def test_the_committed_lock_is_that_of_this_code(reproduced, clone):
    """Code and params in dvc.lock are this code's: those of the small run, and, of what its params
    leave out or change, what DVC says."""
    fresh, committed = (
        yaml.load((folder / "dvc.lock").read_text(), yaml.CSafeLoader)["stages"]
        for folder in (reproduced.folder, ROOT)
    )
    for name, stage in fresh.items():
        assert code(stage) == code(committed[name]), f"{name}: run `make repro`, commit dvc.lock"
    told = json.loads(clone.run("dvc", "status", "--json").stdout)
    changed = {
        (name, dep)
        for name, why in told.items()
        for part in why
        if isinstance(part, dict)  # else a word or two, as of another command
        for dep in part.get("changed deps", {})
        if dep.startswith(("lib/", "scripts/", "configs/", "params.yaml"))
    }
    assert changed == set(), "run `make repro` and commit dvc.lock"
    assert [name for name, why in told.items() if "changed command" in why] == []


@pytest.mark.rest
def test_the_committed_metrics_are_those_of_this_code(full_demo):
    """The committed figures are what the code finds."""
    committed = Clone(ROOT).git("show", "HEAD:metrics/summary.json")
    found = json.loads((full_demo.folder / "metrics/summary.json").read_text())
    told = json.loads(committed)
    assert set(found) == set(told)
    for variant, figures in found.items():
        # another processor may round otherwise, which moves a figure by less than 0.002
        assert told[variant] == pytest.approx(figures, abs=0.002, rel=0), f"{variant}: `make repro`"


def test_a_second_repro_does_no_work(copied):
    again = copied.run("make", "repro")
    assert again.returncode == 0
    assert "up to date" in again.stdout
    assert "Running stage" not in again.stdout
    assert "report: " in again.stdout


CHANGED = {
    "calibrate": ("calibrate.coverages", [0.5, 0.9]),
    "evaluate": ("evaluate.places", 5),
    "train": ("train.lightgbm.num_leaves", 15),
    "report": ("report.listings", 5),
}


@pytest.fixture(scope="module")
def rerun(copied):
    """Stage -> the parts of params.yaml for which DVC would run it again, once all of CHANGED are
    other. It is asked once: each part has its stages."""
    path = copied.folder / "params.yaml"
    before = path.read_text()

    def change(content):
        for place, new in CHANGED.values():
            *above, name = place.split(".")
            part = content
            for key in above:
                part = part[key]
            assert part[name] != new
            part[name] = new

    copied.params(change)
    try:
        told = json.loads(copied.run("dvc", "status", "--json").stdout)
    finally:
        path.write_text(before)
    found = {}
    for name, why in told.items():
        if name != "data/raw":
            (deps,) = [part["changed deps"] for part in why]  # and nothing else is changed
            assert set(deps) == {"params.yaml"}, (name, deps)
            found.setdefault(name.split("@")[0], set()).update(deps["params.yaml"])
    return found


def test_no_other_stage_reruns(rerun):
    assert set(rerun) == set(CHANGED)  # the stages below follow when one has changed


@pytest.mark.parametrize("stage", CHANGED)
def test_a_changed_param_reruns_its_stage_and_nothing_above(rerun, stage):
    place, _ = CHANGED[stage]
    found = {name for name, parts in rerun.items() if place.startswith(tuple(parts))}
    assert found == {stage}


@pytest.mark.rest
def test_experiments_and_their_metrics_can_be_compared(reproduced, tmp_path):
    """dvc exp run -S, exp show, metrics diff, plots show: each prints what its users look for."""
    clone = reproduced.copy(tmp_path / "copy")
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


def test_the_pipeline_finds_what_the_generator_planted(finished):
    """Against the truth file, which the pipeline itself never reads."""
    truth = json.loads((finished.folder / "data/raw/demo/truth.json").read_text())
    counts = truth["counts"]
    staged = json.loads((finished.folder / "metrics/staging.json").read_text())
    assert staged["rows_in"] == sum(counts["rows"].values())
    assert staged["rows_in"] == staged["clean"] + staged["duplicates"] + staged["quarantined"]
    quarantined = (finished.folder / "data/staging/quarantine_rows.csv").read_text()
    # equal rows are one line, of the first of them
    copies = [fault["rows"] for fault in truth["faults"] if "duplicate" in fault["kind"]]
    for fault in truth["faults"]:
        if fault["effect"] == "quarantine":
            for at in fault["rows"]:
                same = [at, *(other for rows in copies if at in rows for other in rows)]
                assert any(f"{file},{row}," in quarantined for file, row in same), fault
    assert set(truth["leak_columns"]) <= set(staged["extra_columns"])
    split = json.loads((finished.folder / "metrics/split.json").read_text())
    assert split["sale"]["subject"] == counts["actives_for_sale"]
    assert split["rental"]["subject"] == counts["actives_for_lease"]
