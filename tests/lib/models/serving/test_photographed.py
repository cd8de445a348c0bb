"""Photos beside features: where the saved model looks at them, and those of its domain."""

import numpy as np
import pandas as pd

from lib.models.serving.predict import add_photos
from tests.support.saved_models import make_variant

FEATURES = pd.DataFrame({"listing_key": ["a", "b"], "as_of": pd.Timestamp("2024-01-01")})
SEEING = make_variant(inputs=["img_missing"])


def test_a_model_gets_the_photos_of_its_domain(tmp_path):
    rows = [(domain, key, f"{domain}{key}") for domain, key in (("sale", "a"), ("rental", "b"))]
    vectors = pd.DataFrame(rows, columns=["domain", "listing_key", "sha1"])
    vectors = vectors.assign(order=1, room="kitchen", alike=[[], []])
    vectors["vector"] = [np.ones(3, "float32")] * 2
    vectors.to_parquet(tmp_path / "vectors.parquet")
    got = add_photos(FEATURES, SEEING, tmp_path / "vectors.parquet")
    assert got["img_count"].tolist() == [1, 0] and got["img_missing"].tolist() == [0, 1]
    assert got["img_vector"][0].tolist() == [1, 1, 1] and got["img_vector"][1] is None


def test_a_model_that_looks_at_none_needs_no_vectors(tmp_path):
    got = add_photos(FEATURES, make_variant(inputs=["size"]), tmp_path / "none.parquet")
    assert got is FEATURES
