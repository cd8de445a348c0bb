"""`blend`: what params.yaml may say of members, and what a skipped domain leaves."""

import json

import pandas as pd
import pytest

from lib.common.checks import RemlError
from scripts.valuation.blend import Blend, member


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A workspace with two trained variants, one a domain."""
    monkeypatch.chdir(tmp_path)
    for name, domain in (("sale_linear", "sale"), ("rental_linear", "rental")):
        folder = tmp_path / "data/train" / name
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(json.dumps({"variant": name, "domain": domain}))
    return tmp_path


def test_a_member_is_read(trained):
    chosen = Blend(domain="sale", members=["sale_linear"])
    assert member("sale_linear", chosen, "sale_blend")["variant"] == "sale_linear"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sale_forest", "no trained variant 'sale_forest' (trained: rental_linear, sale_linear)"),
        ("rental_linear", "rental_linear values the domain 'rental', not 'sale'"),
    ],
)
def test_a_wrong_member_is_told_in_one_line(trained, name, told):
    with pytest.raises(RemlError) as error:
        member(name, Blend(domain="sale", members=[name]), "sale_blend")
    assert str(error.value) == f"params.yaml, blend.variants.sale_blend.members: {told}"


@pytest.mark.slow
def test_the_blend_of_the_demo_feed_is_the_weighted_mean_of_its_members(reproduced):
    """And each member is the variant as it was trained."""
    folder = reproduced.folder / "data"
    for domain in ("sale", "rental"):
        saved = json.loads((folder / f"blend/{domain}_blend/model.json").read_text())
        assert sum(saved["weights"].values()) == pytest.approx(1)
        blended = pd.read_parquet(folder / f"blend/{domain}_blend/predictions.parquet")
        later = blended["role"] != "train"
        mean = 0.0
        for name, weight in saved["weights"].items():
            own = json.loads((folder / f"train/{name}/model.json").read_text())
            assert own == saved["members"][name]
            table = pd.read_parquet(folder / f"train/{name}/predictions.parquet")
            assert table["listing_key"].tolist() == blended["listing_key"].tolist()
            mean = mean + weight * table["log_raw"]
        pd.testing.assert_series_equal(blended["log_raw"][later], mean[later], check_names=False)
