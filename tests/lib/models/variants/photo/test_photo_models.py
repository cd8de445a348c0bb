"""Models that see photos: they find what photos show, say it exactly, and do without."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.explanation.contributions import (
    contribution_centres,
    contributions_by_group,
    contributions_to_long,
    log_contributions,
)
from lib.models.serving.similar_sales import leaf_similarity
from lib.models.variants.photo.registry import PHOTO
from lib.models.variants.predict import log_estimates_before_level
from lib.models.variants.training.out_of_fold import fit_and_predict
from tests.support.saved_models import make_blend
from tests.support.vectors import homes, make, saved, shuffled

INPUTS, PRICE, DATES = homes(600)
NEW, NEW_PRICE, _ = homes(300, seed=1)
TABULAR = [name for name in INPUTS if not name.startswith("img_")]
each = pytest.mark.parametrize("name", sorted(PHOTO))


def fit(name, inputs=INPUTS, **changes):
    return make(name, start=[], **changes).fit(inputs, PRICE, DATES)


def error(model, inputs):
    """Root mean squared error on homes with photos that were never seen."""
    has = NEW["img_missing"].eq(0)
    return np.sqrt(((model.predict(inputs) - NEW_PRICE)[has] ** 2).mean())


@each
def test_a_planted_photo_effect_is_found_and_not_in_the_photos_of_others(name):
    without = error(fit(name, INPUTS[TABULAR]), NEW[TABULAR])
    told = error(fit(name), NEW)
    control = error(fit(name, shuffled(INPUTS)), shuffled(NEW))
    assert told < 0.65 * without
    assert control > 0.97 * without


@each
def test_two_fits_save_the_same_and_a_loaded_model_says_the_same(name):
    model = fit(name)
    assert fit(name, homes(600)[0]).to_json() == model.to_json()
    again = type(model).from_json(model.to_json(), model.params, 7)
    assert again.to_json() == model.to_json()
    assert again.predict(NEW).tolist() == model.predict(NEW).tolist()
    assert again.feature_importances() == model.feature_importances()


@each
def test_importances_name_vectors_not_their_components(name):
    said = fit(name).feature_importances()
    assert set(said) == set(INPUTS) - {"img_vector_pool"}
    assert said["img_vector"] + said["img_vector_kitchen"] > 5 * said["img_count"] >= 0


@each
def test_contributions_add_up_and_photos_are_a_group(name):
    told = saved(name, fit(name), INPUTS)
    base, parts = log_contributions(NEW, told, contribution_centres(INPUTS, told))
    whole = log_estimates_before_level(NEW, told)
    np.testing.assert_allclose(base + parts.sum(axis=1), whole, rtol=0, atol=1e-9)
    assert set(parts) <= set(INPUTS)
    photos = contributions_by_group(parts)["photos"]
    has = NEW["img_missing"].eq(0)
    assert photos[has].std() > 4 * photos[~has].std()
    shown = contributions_to_long(NEW.assign(listing_key="k", list_price=1.0), told, base, parts)
    assert shown.loc[shown["input"].str.startswith("img_vector"), "value"].isna().all()
    assert shown.loc[shown["input"] == "img_count", "value"].notna().all()


@each
def test_a_blend_with_a_photo_member_adds_up(name):
    plain = make("lightgbm", start=[]).fit(INPUTS[TABULAR], PRICE)
    members = {
        "seeing": saved(name, fit(name), INPUTS),
        "plain": saved("lightgbm", plain, INPUTS[TABULAR]),
    }
    mixed = make_blend({"seeing": 0.6, "plain": 0.4}, members)
    base, parts = log_contributions(NEW, mixed, contribution_centres(INPUTS, mixed))
    got = base + parts.sum(axis=1)
    np.testing.assert_allclose(got, log_estimates_before_level(NEW, mixed), rtol=0, atol=1e-9)
    assert "img_vector" in parts
    share = leaf_similarity(NEW, mixed, np.array([0, 5]), np.array([0, 6]))
    assert share[0] == pytest.approx(1) and share[1] < 1


@each
@pytest.mark.parametrize("column", ["img_vector", "img_vector_kitchen", None])
def test_homes_without_photos_are_valued(name, column):
    """One column of photos missing throughout, or all; and where no training home has any."""
    names = [column] if column else [n for n in INPUTS if n.startswith("img_vector")]
    hollow = NEW.assign(**dict.fromkeys(names))
    if column is None:
        hollow = hollow.assign(img_missing=1.0, img_count=0.0)
    model = fit(name)
    assert np.isfinite(model.predict(hollow)).all()
    told = saved(name, model, INPUTS)
    base, parts = log_contributions(hollow, told, contribution_centres(INPUTS, told))
    np.testing.assert_allclose(base + parts.sum(axis=1), model.predict(hollow), atol=1e-9)
    nothing = INPUTS.assign(**dict.fromkeys(names))
    nothing = nothing.assign(img_missing=1.0) if column is None else nothing
    assert np.isfinite(fit(name, nothing).predict(NEW)).all()


@each
def test_later_photos_change_no_model_of_the_past(name):
    """The served model, and what it says of the past, rest on the training rows alone."""
    table = pd.concat([INPUTS, DATES], axis=1).assign(
        listing_key=[f"k{i:03d}" for i in range(600)], property_key="p",
        close_price=np.exp(PRICE), usable=True,
    )  # fmt: skip
    edges = [DATES["as_of"].iloc[at] for at in (300, 400, 500)]
    day = np.arange(600)
    table["role"] = np.where(day + 7 < 500, "train", np.where(day < 500, "purged", "test"))
    fold = np.searchsorted([300, 400, 500], day, side="right")
    table["fold"] = np.where((table["role"] == "train") & (fold < 3), fold, 0)
    one, said = fit_and_predict(table, list(INPUTS), edges, lambda: make(name, start=[]), None)
    other = table.copy()
    other["img_vector"] = [
        cell if row < 493 or cell is None else cell * 5 + 1
        for row, cell in enumerate(other["img_vector"])
    ]
    two, again = fit_and_predict(other, list(INPUTS), edges, lambda: make(name, start=[]), None)
    assert two.to_json() == one.to_json()
    past = said["role"] == "train"
    assert again.loc[past, "log_raw"].tolist() == said.loc[past, "log_raw"].tolist()
    assert again.loc[~past, "log_raw"].tolist() != said.loc[~past, "log_raw"].tolist()


@each
def test_what_a_model_is_to_do_without_it_does_not_see(name):
    """Vectors by their own name, too, not by that of their components."""
    blind = fit(name, without=["img_vector"])
    others = NEW.assign(**{n: shuffled(NEW)[n] for n in NEW if n.startswith("img_vector")})
    assert not others["img_vector"].equals(NEW["img_vector"])
    assert blind.predict(others).tolist() == blind.predict(NEW).tolist()
    none = fit(name, without=["img_"])
    assert none.predict(shuffled(NEW)).tolist() == none.predict(NEW).tolist()
