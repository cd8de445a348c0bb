"""Photo inputs: principal components of the given rows, missing where there is no vector."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from lib.models.variants.photo.photo_pca import (
    PhotoPCA,
    PhotoPCAParams,
    is_vector_input,
    source_input,
    sum_components_by_source,
)
from tests.support.vectors import DIMS, homes

SETTINGS = PhotoPCAParams(without=[], components=4, room_components=2)
INPUTS = homes()[0]
PCA_NAMES = [f"img_pca_0{i}" for i in range(1, 5)]


def fitted(inputs, settings=SETTINGS):
    return PhotoPCA(settings).fit(inputs)


@pytest.mark.parametrize("column, names", [("img_vector", PCA_NAMES),
    ("img_vector_kitchen", ["img_kitchen_pca_01", "img_kitchen_pca_02"])])  # fmt: skip
def test_components_are_those_of_scikit_learn_on_standardised_vectors(column, names):
    got = fitted(INPUTS).transform(INPUTS)
    has = INPUTS[column].notna()
    vectors = np.stack(INPUTS.loc[has, column].to_list()).astype(float)
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    wanted = PCA(len(names), svd_solver="full").fit(scaled)
    sign = np.sign(wanted.components_[range(len(names)), np.abs(wanted.components_).argmax(axis=1)])
    np.testing.assert_allclose(got.loc[has, names], wanted.transform(scaled) * sign, atol=1e-8)
    assert got.loc[~has, names].isna().all(axis=None) and has.sum() < len(has)


def test_other_columns_stay_and_vectors_go():
    got = fitted(INPUTS).transform(INPUTS)
    assert list(got) == [
        "size", "postal_code", "img_missing", "img_count", *PCA_NAMES,
        "img_kitchen_pca_01", "img_kitchen_pca_02",
    ]  # fmt: skip
    assert got["size"].tolist() == INPUTS["size"].tolist()
    pd.testing.assert_frame_equal(fitted(INPUTS).transform(got), got)  # read once is read


def test_only_the_rows_given_are_learnt_from():
    photos = fitted(INPUTS[:200])
    other = INPUTS.copy()
    other.loc[200:, "img_vector"] = pd.Series([np.full(DIMS, 1e3)] * 200, index=other.index[200:])
    assert fitted(other[:200]).to_dict() == photos.to_dict()
    before = json.dumps(photos.to_dict())
    photos.transform(other)
    assert json.dumps(photos.to_dict()) == before
    assert fitted(other).to_dict() != photos.to_dict()


def test_what_a_row_gets_does_not_depend_on_the_others():
    photos = fitted(INPUTS)
    whole = photos.transform(INPUTS)
    for row in (0, 7, 399):
        alone = photos.transform(INPUTS.loc[[row]])
        np.testing.assert_allclose(
            alone[PCA_NAMES].to_numpy(), whole.loc[[row], PCA_NAMES].to_numpy(), atol=1e-12
        )


@pytest.mark.parametrize("rows, wanted", [(0, 0), (9, 0), (10, 1), (29, 2), (39, 3), (400, 4)])
def test_few_vectors_make_few_components(rows, wanted):
    has = INPUTS[INPUTS["img_vector"].notna()]
    some = pd.concat([has[:rows], INPUTS[INPUTS["img_vector"].isna()]])
    got = fitted(some).transform(some)
    assert sum(name.startswith("img_pca") for name in got) == wanted


def test_directions_without_any_spread_are_no_components():
    base = np.random.default_rng(1).normal(size=200)
    flat = [np.array([one, 2 * one, 0.1], dtype="float32") for one in base]
    got = fitted(pd.DataFrame({"img_vector": flat})).transform(pd.DataFrame({"img_vector": flat}))
    assert list(got) == ["img_pca_01"]
    equal = pd.DataFrame({"img_vector": [np.full(3, 0.1)] * 50})
    assert list(fitted(equal).transform(equal)) == []


def test_a_feed_without_vectors_is_no_obstacle():
    plain = INPUTS[["size"]]
    assert list(fitted(plain).transform(plain)) == ["size"]
    photos = fitted(INPUTS)
    assert list(photos.transform(plain)) == ["size"]  # absent, and so missing to whoever looks
    hollow = INPUTS.assign(img_vector=np.nan, img_vector_kitchen=None)
    assert photos.transform(hollow)[PCA_NAMES].isna().all(axis=None)


def test_what_was_learnt_survives_as_text():
    photos = fitted(INPUTS)
    again = PhotoPCA.from_dict(json.loads(json.dumps(photos.to_dict())), SETTINGS)
    pd.testing.assert_frame_equal(again.transform(INPUTS), photos.transform(INPUTS))


def test_a_component_counts_for_its_vector():
    assert (
        source_input("img_pca_12") == "img_vector"
        and source_input("img_bath_pca_01") == "img_vector_bath"
    )
    assert source_input("img_count") == "img_count" and source_input("living_area") == "living_area"
    assert is_vector_input("img_vector") and is_vector_input("img_vector_bath")
    assert not is_vector_input("img_count") and not is_vector_input("img_vectors")
    table = pd.DataFrame([[1.0, 2.0, 4.0, 8.0]], columns=["a", "img_pca_01", "b", "img_pca_02"])
    assert sum_components_by_source(table).iloc[0].to_dict() == {
        "a": 1.0,
        "img_vector": 10.0,
        "b": 4.0,
    }
