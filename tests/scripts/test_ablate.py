"""The lift of photos as `ablate` measures it: in a small market, and on the demo feed, whose
pictures carry planted quality (the truth file knows it)."""

import json
import shutil
from contextlib import chdir

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.common import io
from lib.common.artifacts import Skipped, read_model, write_model
from lib.evaluation.ablation.ablation import ComparisonSettings, measure_gain
from lib.evaluation.explanation.contributions import (
    contribution_centres,
    contributions_by_group,
    log_contributions,
)
from lib.models.variants.photo import pooling
from scripts.ops import photo_lift
from scripts.valuation import ablate
from tests.support.commands import run_command
from tests.support.dag import ROOT
from tests.support.daily_sales import EDGES
from tests.support.photo_market import photo_market
from tests.support.saved_models import make_variant

VARIANT = "sale_photo_trees"
PHOTOS = {
    "variants": [VARIANT], "draws": 200, "permutations": 200, "guard": 0.1,
    "dollars_per_hour": 0.1,
}  # fmt: skip


def lay(folder, worth=0.3, photos=PHOTOS, variants=()):
    """A folder with what `ablate` reads: a market whose quality is worth `worth` of log price and
    shows in its photos, and what `fuse` saved of a variant that sees them."""
    table, vectors = photo_market(worth=worth)
    table = table.assign(standard_status="Closed", list_price=np.nan)
    keys = ["listing_key", "property_key", "standard_status", "as_of", "close_date"]
    columns = {
        "features": [*keys, "close_price", "list_price", "living_area"],
        "split": ["listing_key", "role", "fold"],
        "screen": ["listing_key", "usable"],
    }
    for stage, names in columns.items():
        io.write_parquet(folder / f"data/{stage}/sale.parquet", table[names], ["listing_key"])
    cut = {"sale": {"fold_edges": [f"{edge:%Y-%m-%d}" for edge in EDGES]}}
    io.write_json(folder / "data/split/split.json", cut)
    vectors = vectors.assign(
        domain="sale", room="unknown",
        vector=[one.astype("float32") for one in vectors["vector"]],
    )  # fmt: skip
    other = vectors.head(3).assign(domain="rental")
    both = pd.concat([vectors, other])
    io.write_parquet(folder / "data/embed/vectors.parquet", both, ["domain", "listing_key"])
    encoder = {"encoder": "descriptor", "photos_per_second": 50}
    io.write_json(folder / "data/embed/encoder.json", encoder)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    small = {"num_iterations": 150, "learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 20}
    small |= {"start": [], "feature_fraction": 1.0}
    trees = params["fuse"]["photo_trees"] | small
    seen = pooling.photo_columns(pooling.add_photo_columns(table, vectors))
    saved = make_variant(
        variant=VARIANT, model="photo_trees", seed=1, params=trees, inputs=["living_area", *seen]
    )
    write_model(folder / f"data/fuse/{VARIANT}", saved)
    plain = saved.model_copy(update={"variant": "sale_plain", "inputs": ["living_area"]})
    write_model(folder / "data/train/sale_plain", plain)
    rough = table[["listing_key"]].assign(log_estimate=np.log(table["close_price"].mean()))
    rough = rough.sample(frac=1.0, random_state=1)  # its rows are found by key
    rough.to_parquet(folder / "data/train/sale_plain/predictions.parquet")
    none = Skipped(variant="rental_x", skipped="only 3 closed rentals")
    write_model(folder / "data/train/rental_x", none)
    section = {"variants": list(variants), "draws": 100, "photos": photos}
    content = {"base": params["base"], "ablate": section}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder


def run(folder, command=ablate.main, *arguments):
    return run_command(command, *arguments, folder=folder)


def measured(folder):
    """What `ablate` writes of the photos."""
    assert run(folder).exit_code == 0
    return json.loads((folder / "metrics/ablate.json").read_text())["photos"]


def test_planted_quality_lifts_and_the_same_bytes_come_out_twice(tmp_path):
    part = measured(lay(tmp_path))[VARIANT]
    assert part["verdict"] == "help" and part["told"].startswith("photos help: ")
    assert part["guard"]["fired"] and len(part["checks"]) == 5 and part["domain"] == "sale"
    photos = pd.read_parquet(tmp_path / "data/embed/vectors.parquet")
    each = (photos["domain"] == "sale").sum() / 900
    assert part["cost"]["photos_per_listing"] == pytest.approx(each, abs=1e-6)
    assert part["cost"]["seconds"] == pytest.approx(1000 * each / 50, abs=1e-5)
    before = (tmp_path / "metrics/ablate.json").read_bytes()
    measured(tmp_path)
    assert (tmp_path / "metrics/ablate.json").read_bytes() == before


def test_photos_that_say_nothing_are_told_so(tmp_path):
    part = measured(lay(tmp_path, worth=0.0))[VARIANT]
    assert part["verdict"] == "none" and part["told"].startswith("no significant lift: ")


def test_the_group_of_photos_is_ablated_with_the_others(tmp_path):
    lay(tmp_path, photos=PHOTOS | {"variants": []}, variants=[VARIANT, "rental_x"])
    assert run(tmp_path).exit_code == 0
    found = json.loads((tmp_path / "metrics/ablate.json").read_text())
    assert found["photos"] == {} and "skipped" in found["variants"]["rental_x"]
    groups = found["variants"][VARIANT]["groups"]
    assert groups["photos"]["verdict"].startswith("worse") and "size" in groups


def test_what_sees_no_photos_is_skipped_and_needs_none(tmp_path):
    names = ["sale_plain", "rental_x"]
    lay(tmp_path, photos=PHOTOS | {"variants": names}, variants=["sale_plain"])
    shutil.rmtree(tmp_path / "data/embed")
    found = measured(tmp_path)
    assert found["sale_plain"]["told"] == "not measured: this variant does not look at photos"
    assert found["rental_x"]["told"] == "not measured: only 3 closed rentals"
    said = run(tmp_path, photo_lift.main)
    assert said.output.splitlines() == [f"{name}: {found[name]['told']}" for name in names]


def test_a_variant_that_is_not_there_is_named(tmp_path):
    wrong = run(lay(tmp_path, photos=PHOTOS | {"variants": ["sale_x"]}))
    assert wrong.exit_code == 2
    assert "ablate.photos.variants: no trained variant 'sale_x' (trained: " in wrong.output
    assert VARIANT in wrong.output


def with_truth(folder):
    """(the folder of a demo run, what `fuse` saved, its table with photos and true `quality`)."""
    with chdir(folder):
        saved = read_model(folder / f"data/fuse/{VARIANT}")
        table, vectors = ablate.read_tables(saved)
    truth = json.loads((folder / "data/raw/demo/truth.json").read_text())
    homes = {one["home"]: one["quality"] for one in truth["homes"]}
    quality = {one["matrix_unique_id"]: homes[one["home"]] for one in truth["listings"]}
    table = pooling.add_photo_columns(table, vectors)
    return folder, saved, table.assign(quality=table["listing_key"].map(quality))


@pytest.fixture(scope="module")
def demo(full_demo):
    """The feed at its own size, for what a small one has too few sales to show."""
    return with_truth(full_demo.folder)


def test_in_a_small_demo_market_photos_lift_and_shuffled_ones_do_not(reproduced):
    folder = reproduced.folder
    part = json.loads((folder / "metrics/ablate.json").read_text())["photos"][VARIANT]
    assert part["lift"]["mape"]["low"] > 0 and part["lift"]["mape"]["p"] < 0.01
    for metric in ("mape", "mdape"):
        assert part["control"][metric]["low"] <= 0
    assert part["guard"]["fired"] == (part["guard"]["relative"] > 0.1)
    said = run(folder, photo_lift.main)
    assert said.exit_code == 0 and said.output.startswith(f"{VARIANT}: {part['told']}")
    for words in ("price band, 1 low: ", "photo coverage, no photo: ",
                  "the test was not looked at", "1,000 listings ("):  # fmt: skip
        assert words in said.output


@pytest.mark.rest
def test_on_demo_photos_lift_and_shuffled_ones_do_not(demo):
    folder, _, _ = demo
    part = json.loads((folder / "metrics/ablate.json").read_text())["photos"][VARIANT]
    assert part["verdict"] == "help"
    for metric in ("mape", "mdape"):
        assert part["lift"][metric]["low"] > 0 and part["lift"][metric]["p"] < 0.01
        assert part["control"][metric]["low"] <= 0
    assert part["guard"]["fired"] == (part["guard"]["relative"] > 0.1)
    assert all(one["passed"] for one in part["checks"])


@pytest.mark.rest
def test_on_demo_the_planted_quality_explains_the_lift(demo):
    """With the true quality as an input hardly anything is left for the photos to tell."""
    folder, saved, table = demo
    with chdir(folder):
        one = ablate.make_refit(saved)
    assert table["quality"].notna().all()
    blind = [name for name in one.inputs if not name.startswith("img_")]
    sold = table[table["fold"] > 0]
    said = [one.fold_estimates(table, [*names, "quality"]) for names in (blind, one.inputs)]
    rest = measure_gain(*said, sold, ComparisonSettings(200, 200, 1))
    told = json.loads((folder / "metrics/ablate.json").read_text())
    whole = told["photos"][VARIANT]["lift"]
    for metric in ("mape", "mdape"):
        assert rest[metric]["value"] < 0.1 * whole[metric]["value"]


def test_on_demo_what_photos_add_to_a_value_follows_the_planted_quality(finished):
    _, saved, table = with_truth(finished.folder)
    past = table[(table["role"] == "train") & table["usable"]]
    later = table[table["role"].isin(["test", "subject"]) & (table["img_count"] > 0)]
    _, parts = log_contributions(later, saved, contribution_centres(past, saved))
    added = contributions_by_group(parts)["photos"].to_numpy()
    assert np.corrcoef(added, later["quality"])[0, 1] > 0.5


@pytest.mark.rest
def test_on_demo_the_lift_is_printed_for_people(demo):
    said = run(demo[0], photo_lift.main)
    assert said.exit_code == 0 and said.output.startswith(f"{VARIANT}: photos help: ")
    for words in ("price band, 1 low: ", "photo coverage, no photo: ", "check, presence alone: ",
                  "the test was not looked at", "1,000 listings ("):  # fmt: skip
        assert words in said.output
