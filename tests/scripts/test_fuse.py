"""`fuse`: variants that see photos, from vectors to valuations, explanations and cards."""

import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from lib.common import io
from lib.common.artifacts import Skipped, read_model
from lib.evaluation.explanation.contributions import contribution_centres, log_contributions
from lib.models.variants.photo import pooling
from lib.models.variants.predict import add_missing_photo_inputs, log_estimates_before_level
from lib.models.variants.training.training_table import join_training_table
from scripts.ops import value
from tests.support import stage_runner
from tests.support.small_feed import feed, lay

VARIANTS = ("sale_photo_trees", "sale_photo_net", "sale_late_fusion")
QUALITY = np.random.default_rng(7).normal(size=305)
ENCODER = {"encoder": "made_up", "library": "none", "model": "none", "weights": None, "dims": 6,
           "texts": False, "photos_per_second": 100}  # fmt: skip
SECTIONS = {
    "split": {"minimum_train": 60, "folds": 2},
    "train": {"variants": {"sale_linear": {"domain": "sale", "model": "linear", "level": False}}},
    "blend": {
        "variants": {"sale_blend": {"domain": "sale", "members": ["sale_linear", *VARIANTS]}}
    },
    "predict": {"variants": {"sale": "sale_blend"}},
    "explain": {"worst": 10, "homes": 40, "inputs": 2, "bins": 4, "draws": 10},
}


def priced():
    """The small feed, its prices moved by what only the photos show."""
    table = feed(300)
    return table.assign(price=(table["price"] * np.exp(0.3 * QUALITY)).round())


def vectors(share=0.8):
    """What `embed` would write: up to three photos of most listings, one picture twice."""
    rng = np.random.default_rng(3)
    rows = []
    for number, quality in enumerate(QUALITY):
        for order in range(1, rng.integers(1, 4) + 1):
            point = rng.normal(0, 0.5, 6) + quality * np.array([1, -1, 0.5, 0, 0, 0])
            name = f"{number:04d}{order}"
            rows.append((f"k{number:04d}", name, order, point.astype("float32")))
    table = pd.DataFrame(rows, columns=["listing_key", "sha1", "order", "vector"])
    kept = table["listing_key"].isin(table["listing_key"].drop_duplicates().sample(
        frac=share, random_state=1))  # fmt: skip
    table = table[kept].assign(domain="sale", file="x.jpg", room_by="", picture=table["sha1"])
    table["room"] = np.where(table["order"] == 1, "kitchen", "unknown")
    one, other = table["sha1"].iloc[[0, -1]]
    table.loc[table.index[-1], "picture"] = one
    mates = {one: [other], other: [one]}
    table["alike"] = [mates.get(name, []) for name in table["sha1"]]
    nothing = dict.fromkeys(("quality_renovated", "quality_dated", "quality_damaged"), np.nan)
    return table.assign(**nothing)


def embedded(folder, table):
    """Write data/embed in the place of the stage."""
    io.write_parquet(
        folder / "data/embed/vectors.parquet", table, ["domain", "listing_key", "order", "sha1"]
    )
    io.write_json(folder / "data/embed/encoder.json", ENCODER)


def run(folder, first, last, table):
    """The stages of the spine from `first` to `last`, `embed` and `ablate` apart."""
    between = stage_runner.SPINE[
        stage_runner.SPINE.index(first) : stage_runner.SPINE.index(last) + 1
    ]
    for name in between:
        if name == "embed":
            embedded(folder, table)
            continue
        if name == "ablate":  # tests/scripts/test_ablate.py looks after it
            io.write_json(folder / "metrics/ablate.json", {"variants": {}, "photos": {}})
            continue
        mine = {"train": ["sale_linear"], "fuse": VARIANTS}.get(name)
        for arguments in [[one] for one in mine] if mine else [[]]:
            done = stage_runner.stage(folder, name, *arguments)
            assert done.exit_code == 0, f"{name}: {done.output}"


@pytest.fixture(scope="module")
def spine(tmp_path_factory):
    folder = lay(tmp_path_factory.mktemp("fuse"), priced(), **SECTIONS)
    run(folder, "staging", "cards", vectors())
    return folder


def lies(folder, name):
    """The folder of a variant or blend."""
    (path,) = (path for path in folder.glob(f"data/*/{name}") if path.parts[-2] != "calibrate")
    return path


def saved(folder, name):
    return read_model(lies(folder, name))


def seen(folder):
    """The table that the variants learnt from."""
    files = [folder / f"data/{name}/sale.parquet" for name in ("features", "split", "screen")]
    table, _ = join_training_table(*map(pd.read_parquet, files))
    return pooling.add_photo_columns(table, pd.read_parquet(folder / "data/embed/vectors.parquet"))


def test_each_variant_sees_photos_and_errs_less_on_the_folds(spine):
    summary = stage_runner.metrics(spine, "evaluate")["variants"]
    plain = summary["sale_linear"]["folds"]["mape"]
    for name in VARIANTS:
        told = saved(spine, name)
        assert {"living_area", "img_missing", "img_vector", "img_vector_kitchen"} <= set(
            told.inputs
        )
        assert told.encoder == ENCODER and len(told.vectors_sha256) == 64
        assert told.view == "blind" and told.level
        assert (spine / f"plots/fuse/{name}/metrics.json").is_file()
        assert summary[name]["folds"]["mape"] < plain
    weights = saved(spine, "sale_blend").weights
    assert sum(weights[name] for name in VARIANTS) > 0.5
    stage_runner.assert_sane(spine)


def test_a_second_fit_writes_the_same_bytes(spine, tmp_path):
    folder = shutil.copytree(spine, tmp_path / "again")
    for name in VARIANTS:
        shutil.rmtree(folder / f"data/fuse/{name}")
        assert stage_runner.stage(folder, "fuse", name).exit_code == 0
        for file in ("model.json", "predictions.parquet"):
            path = f"data/fuse/{name}/{file}"
            assert (folder / path).read_bytes() == (spine / path).read_bytes()


def test_open_listings_are_valued_as_they_were_predicted(spine):
    """What is served has seen their photos, as the model's own predictions have."""
    predicted = pd.read_parquet(spine / "data/blend/sale_blend/predictions.parquet")
    subjects = predicted[predicted["role"] == "subject"].set_index("listing_key")
    valued = pd.read_csv(spine / "data/predict/valuations.csv").set_index("listing_key")
    assert len(valued) == len(subjects) == 5
    wanted = np.exp(subjects["log_estimate"][valued.index])
    np.testing.assert_allclose(valued["pred_close_price"], wanted, rtol=1e-4)


def test_a_file_of_properties_is_valued_without_photos_and_says_so_once(spine, tmp_path):
    table = priced()
    homes = table[table["status"] == "Active"]
    homes.to_csv(tmp_path / "homes.csv", index=False)
    out = tmp_path / "valued.csv"
    options = ["--subjects", str(tmp_path / "homes.csv"), "--out", str(out)]
    with chdir(spine):
        done = CliRunner().invoke(value.main, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("valued without photos") == 1
    valued = pd.read_csv(out).set_index("listing_key")
    rows = seen(spine).set_index("listing_key", drop=False).loc[valued.index]
    hidden = rows[[name for name in rows if not name.startswith("img_")]]
    blend = saved(spine, "sale_blend")
    hidden = add_missing_photo_inputs(hidden, blend)
    level = pd.read_parquet(spine / "data/blend/sale_blend/predictions.parquet")
    level = level.set_index("listing_key")["level"][valued.index]
    wanted = np.exp(log_estimates_before_level(hidden, blend) + level.to_numpy())
    np.testing.assert_allclose(valued["pred_close_price"], wanted, rtol=1e-4)
    with_photos = np.exp(log_estimates_before_level(rows, blend) + level.to_numpy())
    assert np.abs(with_photos / wanted - 1).max() > 0.02


@pytest.mark.parametrize("name", [*VARIANTS, "sale_blend"])
def test_contributions_multiply_back_to_the_estimates(spine, name):
    table, told = seen(spine), saved(spine, name)
    past = table[(table["role"] == "train") & table["usable"]]
    said = pd.read_parquet(lies(spine, name) / "predictions.parquet")
    later = said[said["role"] != "train"].set_index("listing_key")
    rows = table[table["listing_key"].isin(later.index)]
    base, parts = log_contributions(rows, told, contribution_centres(past, told))
    wanted = later.loc[rows["listing_key"], "log_raw"]
    np.testing.assert_allclose(base + parts.sum(axis=1), wanted, rtol=0, atol=1e-9)


def test_explanations_and_cards_know_photos(spine):
    told = pd.read_parquet(spine / "data/explain/contributions.parquet")
    photos = told[told["group"] == "photos"]
    assert photos["log_contribution"].abs().max() > 0.05
    assert not told["input"].str.contains("_pca_").any()
    importance = pd.read_parquet(spine / "data/explain/importance.parquet")
    groups = importance[importance["kind"] == "group"].set_index("name")["importance"]
    assert groups["photos"] > 0.02
    for name in (*VARIANTS, "sale_blend"):
        page = (spine / f"docs/model_cards/{name}.md").read_text()
        (line,) = [row for row in page.splitlines() if "img_vector" in row]
        assert line.startswith("| photos, as principal components of their vectors | 8 |")
        assert "photo vectors (SHA-256)" in page and "they may show people" in page
        assert "| other |" not in page
    plain = (spine / "docs/model_cards/sale_linear.md").read_text()
    assert "img_" not in plain and "they may show people" not in plain


def test_without_a_usable_photo_each_variant_is_skipped_and_the_blend_does_without(spine, tmp_path):
    folder = shutil.copytree(spine, tmp_path / "none")
    for stage in ("fuse", "calibrate"):  # as dvc does
        shutil.rmtree(folder / "data" / stage)
    run(folder, "embed", "cards", vectors().iloc[:0])
    reason = "no sale of the past has a usable photo"
    for name in VARIANTS:
        assert saved(folder, name) == Skipped(variant=name, skipped=reason)
        assert reason in (folder / f"docs/model_cards/{name}.md").read_text()
    assert saved(folder, "sale_blend").weights == {"sale_linear": 1.0}
    left = stage_runner.metrics(folder, "blend")["left_out"]["sale_blend"]
    assert left == dict.fromkeys(VARIANTS, reason)
    assert len(pd.read_csv(folder / "data/predict/valuations.csv")) == 5


def test_a_variant_that_nobody_named_is_told_in_one_line(spine):
    done = stage_runner.stage(spine, "fuse", "sale_nothing")
    assert done.exit_code == 2 and "no variant 'sale_nothing' in params.yaml" in done.output


def test_a_domain_without_enough_sales_is_skipped(spine, tmp_path):
    folder = shutil.copytree(spine, tmp_path / "few")
    with chdir(folder):
        io.write_json(Path("data/split/split.json"), {"sale": {"skipped": "too few"}})
    assert stage_runner.stage(folder, "fuse", "sale_photo_net").exit_code == 0
    assert saved(folder, "sale_photo_net").skipped == "too few"
