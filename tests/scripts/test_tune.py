"""tune as it is run: off by default, repeatable, resumable, and its trials as DVC experiments."""

import json
from contextlib import chdir

import pytest
import yaml
from click.testing import CliRunner

from scripts.ops import tune_experiments
from scripts.valuation import tune
from tests.support import finished_runs
from tests.support.dag import ROOT

RANGES = {"linear": {"alpha": {"low": 0.01, "high": 100.0, "log": True}}}
ON = {"variant": "sale_linear", "trials": 6, "startup": 3, "ranges": RANGES}


def run(folder, code=0, cache="cache", **changes):
    """Run tune in `folder` with some of its params changed; returns what it said."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["tune"].update(changes)
    path.write_text(yaml.safe_dump(params))
    own = {"REML_CACHE_DIR": str(folder / cache)}
    with chdir(folder):
        result = CliRunner().invoke(tune.main, [], catch_exceptions=False, env=own)
    assert result.exit_code == code, result.output
    return result.output


def copied(plain, folder):
    """A small feed whose spine has run."""
    return finished_runs.copied(plain, folder / "tree")


def outs(folder):
    names = ("data/tune/best_params.json", "data/tune/trials.json", "metrics/tune.json",
             "plots/tune/history.svg")  # fmt: skip
    return {name: (folder / name).read_bytes() for name in names}


def test_it_is_off_by_default_and_says_so(plain, tmp_path):
    folder = copied(plain, tmp_path)
    run(folder)
    best = json.loads((folder / "data/tune/best_params.json").read_text())
    assert best == {"variant": "sale_kriged", "off": "tune.trials is 0, so nothing was searched"}
    assert json.loads((folder / "data/tune/trials.json").read_text()) == []
    assert "no trials; tune is off" in (folder / "plots/tune/history.svg").read_text()
    assert not (folder / "cache/tune").exists()


def test_a_search_ends_in_settings_that_can_be_typed(plain, tmp_path):
    folder = copied(plain, tmp_path)
    said = run(folder, **ON)
    best = json.loads((folder / "data/tune/best_params.json").read_text())
    trials = json.loads((folder / "data/tune/trials.json").read_text())
    assert len(trials) == best["trials"] == 6
    assert trials[0] == {"trial": 0, "value": best["present"], "params": {"alpha": 1.0}}
    assert best["best"] == min(one["value"] for one in trials) <= best["present"]
    alpha = best["params"]["alpha"]
    assert best["set"] == [f"train.linear.alpha={alpha}"]
    assert f"dvc exp run -S train.linear.alpha={alpha}" in said
    told = json.loads((folder / "metrics/tune.json").read_text())
    assert told["best"] == best["best"] and told["feed"] == "small"
    # the present settings score what evaluate said of the folds
    scored = json.loads((folder / "metrics/evaluate.json").read_text())["variants"]["sale_linear"]
    assert best["present"] == pytest.approx(scored["folds"]["mape"], rel=1e-5)


def test_the_same_search_gives_the_same_bytes_from_an_empty_cache_or_a_half_full_one(
    plain, tmp_path
):
    folder = copied(plain, tmp_path)
    run(folder, **ON)
    first = outs(folder)
    run(folder, **ON, cache="other")
    assert outs(folder) == first
    run(folder, **ON | {"trials": 2}, cache="third")
    assert outs(folder) != first
    run(folder, **ON, cache="third")
    assert outs(folder) == first
    assert len(list((folder / "third/tune").glob("*.sqlite"))) == 1


def test_a_search_ends_when_its_seconds_are_up(plain, tmp_path):
    folder = copied(plain, tmp_path)
    run(folder, **ON | {"trials": 100000, "seconds": 1})
    best = json.loads((folder / "data/tune/best_params.json").read_text())
    assert 1 <= best["trials"] < 100000


def test_a_variant_that_was_not_trained_is_not_searched(plain, tmp_path):
    folder = copied(plain, tmp_path)
    run(folder, **ON | {"variant": "rental_linear"})
    best = json.loads((folder / "data/tune/best_params.json").read_text())
    assert best["off"].startswith("rental_linear was not trained: rental listings: no closed rows")


@pytest.mark.rest
def test_trials_stand_in_dvc_exp_show_when_asked(reproduced, tmp_path):
    """On a small demo feed: repro with a search, then its best trial as an experiment."""
    clone = reproduced.copy(tmp_path / "copy")
    clone.params(lambda params: params["tune"].update(variant="sale_linear", trials=3))
    path = clone.folder / "params.yaml"
    text = path.read_text()
    done = clone.run("dvc", "repro", "tune", "evaluate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Running stage 'tune'" in done.stdout and "Running stage 'train@" not in done.stdout
    clone.git("add", "-A")
    clone.git("commit", "-qm", "searched")
    before = clone.git("status", "--porcelain")
    done = clone.call(tune_experiments.main, "--experiments", "1")
    assert done.exit_code == 0, done.output
    trials = json.loads((clone.folder / "data/tune/trials.json").read_text())
    best = min(trials, key=lambda one: one["value"])
    shown = clone.run("dvc", "exp", "show", "--json")
    assert f"tune-sale-linear-{best['trial']}" in shown.stdout
    assert clone.git("status", "--porcelain") == before == ""
    assert path.read_text() == text and (ROOT / "params.yaml").read_text() != text
