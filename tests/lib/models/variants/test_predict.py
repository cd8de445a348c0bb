"""Serving: a saved model and the newest sales give what training gave, level included."""

import numpy as np
import pandas as pd
import pytest

from lib.common.artifacts import LevelSettings
from lib.common.errors import RemlError
from lib.models.stacking import BlendWeightSettings, blend_predictions
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.predict import (
    add_missing_photo_inputs,
    add_photo_inputs,
    log_estimates,
    model_inputs,
    rebuild_estimator,
    uses_photos,
)
from lib.models.variants.training.out_of_fold import fit_and_predict
from lib.models.variants.training.training_table import LISTED, add_log_list_price
from tests.support.daily_sales import EDGES, INPUTS, daily_sales
from tests.support.estimators import RIDGE
from tests.support.saved_models import make_blend, make_variant, through_text, train_and_save


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("level", [None, LevelSettings(days=14, shrink=5)], ids=["plain", "level"])
def test_served_estimates_are_those_of_training(name, level):
    saved, predicted, table = train_and_save(name, level)
    later = predicted[predicted["role"] != "train"]
    features = table.loc[later.index, ["as_of", "listing_key", *INPUTS]]
    got = log_estimates(features, saved, predicted)
    np.testing.assert_array_equal(got, later["log_estimate"])


def test_level_moves_an_estimate_by_the_latest_errors_alone():
    saved, predicted, table = train_and_save("linear", LevelSettings(days=14, shrink=0))
    home = table.loc[[150]].assign(as_of=predicted["close_date"].max() + pd.Timedelta(days=1))
    raw = rebuild_estimator(saved).predict(home[INPUTS])
    closed = predicted[predicted["role"] != "subject"]
    recent = closed[closed["close_date"] >= home["as_of"].iloc[0] - pd.Timedelta(days=14)]
    shift = np.median(np.log(recent["close_price"]) - recent["log_raw"])
    assert log_estimates(home, saved, predicted) - raw == pytest.approx(shift)
    # a month without sales says nothing
    idle = home.assign(as_of=home["as_of"] + pd.Timedelta(days=40))
    assert log_estimates(idle, saved, predicted) == pytest.approx(raw)


def test_a_served_blend_is_that_of_training():
    """Two members with a level of their own, blended under the blend's level."""
    spec = LevelSettings(days=14, shrink=5)
    parts = {name: train_and_save(name, spec) for name in ("linear", "lightgbm")}
    table = parts["linear"][2]
    tables = {name: predicted for name, (_, predicted, _) in parts.items()}
    fold = table.loc[tables["linear"].index, "fold"]
    share, blended = blend_predictions(tables, fold, BlendWeightSettings(shrink=10), spec)
    members = {name: saved for name, (saved, _, _) in parts.items()}
    saved = through_text(make_blend(share, members, level=spec))
    later = blended["role"] != "train"
    features = table.set_index("listing_key").loc[blended.loc[later, "listing_key"]].reset_index()
    got = log_estimates(features, saved, blended)
    np.testing.assert_allclose(got, blended.loc[later, "log_estimate"], rtol=1e-14)
    assert min(share.values()) > 0.01


def test_an_aware_model_is_served_what_it_was_trained_on():
    """From the list price of the feature table, which is a key and no input of other models."""
    table = daily_sales()
    rng = np.random.default_rng(3)
    table["list_price"] = table["close_price"] * np.exp(rng.normal(0, 0.02, len(table)))
    table.loc[::7, "list_price"] = np.nan
    table.loc[1, "list_price"] = 0
    inputs = [*INPUTS, LISTED]
    model, predicted = fit_and_predict(
        add_log_list_price(table), inputs, EDGES, lambda: MODELS["linear"][0](RIDGE, 7), None
    )
    saved = make_variant(
        params=RIDGE.model_dump(), inputs=inputs, state=model.to_json(), view="aware"
    )
    later = predicted["role"] != "train"
    features = table.loc[predicted.index[later], ["as_of", "list_price", *INPUTS]]
    got = log_estimates(features, saved, predicted)
    np.testing.assert_array_equal(got, predicted.loc[later, "log_estimate"])
    dearer = features.assign(list_price=features["list_price"] * 1.1)
    more = log_estimates(dearer, saved, predicted)
    assert (more > got).sum() == features["list_price"].notna().sum() > 30


def test_features_that_say_nothing_of_photos_are_of_homes_without_any():
    plain = make_variant(inputs=["size"])
    seeing = make_variant(inputs=["size", "img_missing", "img_count", "img_reused", "img_vector"])
    mixed = make_blend({"a": 0.5, "b": 0.5}, {"a": plain, "b": seeing})
    assert [uses_photos(one) for one in (plain, seeing, mixed)] == [False, True, True]
    features = pd.DataFrame({"size": [7.0, 8.0], "other": 1.0})
    got = model_inputs(add_missing_photo_inputs(features, seeing), seeing)
    assert list(got) == seeing.inputs
    assert got.loc[0, ["img_missing", "img_count", "img_reused"]].tolist() == [1, 0, 0]
    assert got["img_vector"].isna().all()
    both = add_missing_photo_inputs(features, mixed)
    pd.testing.assert_frame_equal(both[seeing.inputs], got)
    known = both.assign(img_missing=0.0, img_count=3.0)
    assert add_missing_photo_inputs(known, seeing)["img_count"].tolist() == [
        3,
        3,
    ]  # what is there stays
    pd.testing.assert_frame_equal(model_inputs(features, plain), features[["size"]])
    with pytest.raises(RemlError, match="has no img_missing"):  # none is taken for one by mistake
        model_inputs(features, seeing)


PHOTO_FEATURES = pd.DataFrame({"listing_key": ["a", "b"], "as_of": pd.Timestamp("2024-01-01")})
SEEING = make_variant(inputs=["img_missing"])


def test_a_model_gets_the_photos_of_its_domain(tmp_path):
    rows = [(domain, key, f"{domain}{key}") for domain, key in (("sale", "a"), ("rental", "b"))]
    vectors = pd.DataFrame(rows, columns=["domain", "listing_key", "sha1"])
    vectors = vectors.assign(order=1, room="kitchen", alike=[[], []])
    vectors["vector"] = [np.ones(3, "float32")] * 2
    vectors.to_parquet(tmp_path / "vectors.parquet")
    got = add_photo_inputs(PHOTO_FEATURES, SEEING, tmp_path / "vectors.parquet")
    assert got["img_count"].tolist() == [1, 0] and got["img_missing"].tolist() == [0, 1]
    assert got["img_vector"][0].tolist() == [1, 1, 1] and got["img_vector"][1] is None


def test_a_model_that_looks_at_none_needs_no_vectors(tmp_path):
    got = add_photo_inputs(PHOTO_FEATURES, make_variant(inputs=["size"]), tmp_path / "none.parquet")
    assert got is PHOTO_FEATURES
