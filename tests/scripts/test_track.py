"""`track`: off by default; on, against a real MLflow store in a file."""

import importlib.util
import json
import sys

import pytest
import yaml

from lib.common import io
from scripts.valuation import track
from tests.support.commands import run_command
from tests.support.dag import ROOT

SUMMARY = {"sale_kriged": {"mdape": 0.0712, "r2": None}, "sale_linear": {"mdape": 0.1}}
installed = importlib.util.find_spec("mlflow") is not None
real = pytest.mark.skipif(not installed, reason="requirements-mlflow.txt is not installed")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A run of two variants, one of them skipped."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    io.write_json(tmp_path / "metrics/summary.json", SUMMARY)
    kriged = {"variant": "sale_kriged", "params": {"num_leaves": 63, "without": ["txt_"]}}
    io.write_json(tmp_path / "data/train/sale_kriged/model.json", kriged)
    io.write_json(tmp_path / "data/train/rental_linear/model.json", {"skipped": "no rentals"})
    return tmp_path


def run(tree, uri=None, code=0):
    path = tree / "params.yaml"
    if uri is not None:
        params = yaml.safe_load(path.read_text())
        params["track"]["uri"] = uri
        path.write_text(yaml.safe_dump(params))
    return run_command(track.main, code=code).output


def receipt(tree):
    return json.loads((tree / "data/track/receipt.json").read_text())


def test_it_is_off_by_default_and_does_not_even_look_for_mlflow(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    run(tree)
    assert receipt(tree) == {"off": track.OFF}


def test_without_the_package_it_says_what_to_install(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)  # as where it is not installed
    said = run(tree, "sqlite:///mlflow.db", code=2)
    assert said.splitlines()[-1] == (
        "error: params.yaml, track.uri is set and mlflow-skinny is not installed; "
        "pip install -r requirements-mlflow.txt, or set track.uri to nothing"
    )


@real
def test_a_run_is_logged_once_with_settings_figures_and_hashes(tree):
    from mlflow import MlflowClient

    uri = f"sqlite:///{tree}/mlflow.db"
    run(tree, uri)
    first = receipt(tree)
    assert first["uri"] == uri and first["experiment"] == "reml-demo"
    run(tree)
    assert receipt(tree) == first
    client = MlflowClient(tracking_uri=uri)
    place = client.get_experiment_by_name("reml-demo").experiment_id
    (logged,) = client.search_runs([place])
    assert logged.data.params == {
        "sale_kriged.num_leaves": "63",
        "sale_kriged.without": '["txt_"]',
    }
    assert logged.data.metrics == {"sale_kriged.mdape": 0.0712, "sale_linear.mdape": 0.1}
    model = (tree / "data/train/sale_kriged/model.json").read_bytes()
    assert logged.data.tags["model_sha256.sale_kriged"] == io.sha256(model)
    assert logged.data.tags[track.TAG] == first[track.TAG]
    assert logged.info.status == "FINISHED"
    io.write_json(tree / "metrics/summary.json", SUMMARY | {"sale_linear": {"mdape": 0.2}})
    run(tree)
    assert len(client.search_runs([place])) == 2 and receipt(tree) != first


@real
def test_a_store_that_cannot_be_used_is_told_in_one_line(tree):
    said = run(tree, "nosuch://somewhere", code=2)
    assert said.splitlines()[-1].startswith("error: params.yaml, track.uri nosuch://somewhere: ")
