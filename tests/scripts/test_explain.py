"""`ablate` and `explain` as they are run, on a small feed: every model of a spine run is explained
exactly, and what is shown agrees with what is served."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.common.artifacts import Skipped, read_model
from lib.evaluation.explanation.contributions import contribution_centres, log_contributions
from lib.models.variants.training.training_table import join_training_table
from scripts.valuation import ablate, explain
from tests.support import finished_runs, stage_runner
from tests.support.commands import run_command

SMALL = {"bins": 4, "draws": 10, "worst": 7, "homes": 40}


@pytest.fixture(scope="module")
def spine(plain, tmp_path_factory):
    """A folder in which the whole spine ran, remarks and photos apart."""
    folder = finished_runs.copied(plain, tmp_path_factory.mktemp("spine") / "copy")
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["explain"].update(SMALL)
    path.write_text(yaml.safe_dump(params))
    for name in ("data", "plots"):
        shutil.rmtree(folder / name / "explain")
    assert stage_runner.run(folder, ["explain", "cards", "report"]) == ""
    return folder


def models(folder):
    """(what was saved, its predictions) of each model that was trained."""
    roots = ("train", "fuse", "blend")
    paths = [path for root in roots for path in folder.glob(f"data/{root}/*/model.json")]
    for path in sorted(paths):
        saved = read_model(path.parent)
        if not isinstance(saved, Skipped):
            yield saved, pd.read_parquet(path.with_name("predictions.parquet"))


def test_every_model_of_the_run_multiplies_back_to_its_estimates(spine):
    files = [spine / f"data/{name}/sale.parquet" for name in ("features", "split", "screen")]
    table, _ = join_training_table(*map(pd.read_parquet, files), "aware")
    past = table[(table["role"] == "train") & table["usable"]]
    named = []
    for saved, predictions in models(spine):
        later = predictions[predictions["role"] != "train"].set_index("listing_key")
        rows = table[table["listing_key"].isin(later.index)]
        base, parts = log_contributions(rows, saved, contribution_centres(past, saved))
        later = later.loc[rows["listing_key"]]
        value = np.exp(base) * (1 + np.expm1(parts)).prod(axis=1).to_numpy()
        value *= np.exp(later["level"].to_numpy())
        np.testing.assert_allclose(value, np.exp(later["log_estimate"]), rtol=1e-9)
        named.append(saved.variant)
    assert {"sale_blend", "sale_aware", "sale_linear", "sale_district"} <= set(named)


def test_the_contributions_on_file_multiply_back_to_the_valuations(spine):
    told = pd.read_parquet(spine / "data/explain/contributions.parquet")
    value = np.exp(told.groupby("listing_key")["log_contribution"].sum())
    valued = pd.read_csv(spine / "data/predict/valuations.csv").set_index("listing_key")
    assert (value[valued.index].round() == valued["pred_close_price"]).all()
    predictions = pd.read_parquet(spine / "data/blend/sale_blend/predictions.parquet")
    test = predictions[predictions["role"] == "test"].set_index("listing_key")
    worst = told.loc[told["role"] == "test", "listing_key"].unique()
    np.testing.assert_allclose(value[worst], np.exp(test.loc[worst, "log_estimate"]), rtol=1e-9)
    miss = (np.log(test["close_price"]) - test["log_estimate"]).abs()
    assert set(worst) == set(miss.nlargest(SMALL["worst"]).index)
    baseline = told.loc[told["input"] == "baseline", "log_contribution"]
    assert baseline.nunique() == 1 and len(baseline) == len(valued) + len(worst)


def test_a_comparables_price_times_its_adjustments_is_the_adjusted_price_that_is_shown(spine):
    told = pd.read_parquet(spine / "data/explain/comparables.parquet")
    valued = pd.read_csv(spine / "data/predict/valuations.csv").set_index("listing_key")
    pairs = told.groupby(["listing_key", "rank"])
    step = np.exp(pairs["log_adjustment"].sum())
    first = pairs.first()
    np.testing.assert_allclose(
        first["close_price"] * step, first["adjusted_close_price"], rtol=1e-9
    )
    assert len(first) == 3 * len(valued)
    for (key, rank), row in first.iterrows():
        shown = valued.loc[key]
        assert shown[f"comp_{rank}_listing_key"] == row["comparable"]
        assert shown[f"comp_{rank}_adjusted_close_price"] == round(row["adjusted_close_price"], 2)
    assert (told["close_date"] < pd.Timestamp(valued["as_of"].max())).all()


def test_the_report_tells_the_same(spine):
    page = (spine / "data/report/explanation.html").read_text()
    valued = pd.read_csv(spine / "data/predict/valuations.csv")
    for price in valued["pred_close_price"]:
        assert f"{price:,.0f}" in page
    looks = json.loads((spine / "data/explain/looks.json").read_text())
    text = (spine / "docs/analysis.md").read_text()
    assert looks and all(one["sentence"] in text for one in looks)
    assert {one["plot"] for one in looks if one["plot"]} == {
        path.name for path in (spine / "plots/explain").iterdir()
    }
    assert 'href="explanation.html"' in (spine / "data/report/index.html").read_text()


def outs(folder: Path) -> dict[str, bytes]:
    found = [*(folder / "data/explain").iterdir(), *(folder / "plots/explain").iterdir()]
    found += [folder / "docs/analysis.md", folder / "metrics/ablate.json"]
    return {path.name: path.read_bytes() for path in found}


def again(folder, command, *changes):
    """Run one stage once more, with text of params.yaml replaced."""
    file = folder / "params.yaml"
    kept = text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    result = run_command(command, folder=folder)
    file.write_text(kept)
    return result


def test_a_second_run_gives_the_same_bytes(spine):
    before = outs(spine)
    assert again(spine, ablate.main).exit_code == again(spine, explain.main).exit_code == 0
    assert outs(spine) == before


def test_ablation_says_what_was_tried_and_can_be_off(spine):
    found = stage_runner.metrics(spine, "ablate")["variants"]
    assert set(found) == {"sale_district", "sale_linear", "rental_district"}
    assert "skipped" in found["rental_district"]
    size = found["sale_linear"]["groups"]["size"]
    assert size["verdict"].startswith("worse") and size["mape"]["low"] > 0
    assert found["sale_linear"]["groups"]["market"]["skipped"] == "this model does not look at it"
    before = (spine / "metrics/ablate.json").read_bytes()
    listed = "- sale_district\n  - sale_linear\n  - rental_district"
    done = again(spine, ablate.main, (f"variants:\n  {listed}", "variants: []"))
    assert done.exit_code == 0 and stage_runner.metrics(spine, "ablate")["variants"] == {}
    assert again(spine, explain.main).exit_code == 0
    wrong = again(spine, ablate.main, ("- sale_linear\n  - rental_d", "- sale_none\n  - rental_d"))
    assert wrong.exit_code == 2 and "no trained variant 'sale_none'" in wrong.output
    (spine / "metrics/ablate.json").write_bytes(before)
    assert again(spine, explain.main).exit_code == 0
