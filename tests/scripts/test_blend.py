"""`blend`: what params.yaml may say of members, and what a skipped domain leaves."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from lib.common import io
from lib.common.artifacts import Skipped, write_model
from lib.common.errors import RemlError
from lib.models.stacking import BlendVariant
from scripts.valuation.blend import main, read_member
from tests.support.saved_models import make_variant


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A workspace with two trained variants, one a domain."""
    monkeypatch.chdir(tmp_path)
    for name, domain in (("sale_linear", "sale"), ("rental_linear", "rental")):
        write_model(tmp_path / "data/train" / name, make_variant(variant=name, domain=domain))
    return tmp_path


def test_a_member_is_read(trained):
    chosen = BlendVariant(domain="sale", members=["sale_linear"])
    assert read_member("sale_linear", chosen, "sale_blend").variant == "sale_linear"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sale_forest", "no trained variant 'sale_forest' (trained: rental_linear, sale_linear)"),
        ("rental_linear", "rental_linear values the domain 'rental', not 'sale'"),
    ],
)
def test_a_wrong_member_is_told_in_one_line(trained, name, told):
    with pytest.raises(RemlError) as error:
        read_member(name, BlendVariant(domain="sale", members=[name]), "sale_blend")
    assert str(error.value) == f"params.yaml, blend.variants.sale_blend.members: {told}"


SPEC = {"weighting": {"shrink": 10}, "level": {"days": 14, "shrink": 5}}
NO_PHOTOS = "no sale of the past has a usable photo"


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """A workspace with two fitted variants of `train` and one of `fuse` that was skipped."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(90), unit="D")
    price = np.exp(rng.normal(12, 0.3, 90))
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:02d}" for i in range(90)], "property_key": "p", "usable": True,
            "role": "train", "as_of": day, "close_date": day, "close_price": price,
        }
    )  # fmt: skip
    for name in ("a", "b"):
        raw = np.log(price) + rng.normal(0, 0.1, 90)
        said = table.assign(log_raw=raw, level=0.0, log_estimate=raw)
        io.write_parquet(Path(f"data/train/{name}/predictions.parquet"), said, ["listing_key"])
        saved = make_variant(variant=name, trained_on=90, importances={"x": 1.0})
        write_model(Path("data/train", name), saved)
    write_model(Path("data/fuse/seeing"), Skipped(variant="seeing", skipped=NO_PHOTOS))
    roles = table[["listing_key", "role"]].assign(fold=np.arange(90) // 30 + 1)
    io.write_parquet(Path("data/split/sale.parquet"), roles, ["listing_key"])
    io.write_json(Path("data/split/split.json"), {"sale": {}})
    return tmp_path


def blended(folder, members):
    """(the files of data/blend, metrics/blend.json) of a blend of these members."""
    base = {"feed": "small", "as_of": None, "seed": 1}
    variants = {"mix": {"domain": "sale", "members": members}}
    params = {"base": base, "blend": {"variants": variants, **SPEC}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    done = CliRunner().invoke(main, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    files = sorted(path for path in (folder / "data/blend").rglob("*") if path.is_file())
    told = json.loads((folder / "metrics/blend.json").read_text())
    return {path.name: path.read_bytes() for path in files}, told


def test_a_member_that_was_skipped_is_left_out_and_named(fitted):
    """The blend is byte for byte that of the others."""
    alone, plain = blended(fitted, ["a", "b"])
    assert set(plain) == {"feed", "weights"}
    for members in (["a", "b", "seeing"], ["seeing", "a", "b"]):
        got, told = blended(fitted, members)
        assert got == alone
        assert told == plain | {"left_out": {"mix": {"seeing": NO_PHOTOS}}}


def test_a_blend_none_of_whose_members_is_left_is_skipped(fitted):
    got, told = blended(fitted, ["seeing"])
    assert json.loads(got["model.json"]) == {"variant": "mix", "skipped": NO_PHOTOS}
    assert told == {"feed": "small", "weights": {"mix": {"skipped": NO_PHOTOS}}}


def test_the_blend_of_the_demo_feed_is_the_weighted_mean_of_its_members(finished):
    """And each member is the variant as it was trained."""
    folder = finished.folder / "data"
    for domain in ("sale", "rental"):
        saved = json.loads((folder / f"blend/{domain}_blend/model.json").read_text())
        assert sum(saved["weights"].values()) == pytest.approx(1)
        blended = pd.read_parquet(folder / f"blend/{domain}_blend/predictions.parquet")
        later = blended["role"] != "train"
        mean = 0.0
        for name, weight in saved["weights"].items():
            (lies,) = (
                one for one in folder.glob(f"*/{name}") if one.parts[-2] in ("train", "fuse")
            )
            own = json.loads((lies / "model.json").read_text())
            assert own == saved["members"][name]
            table = pd.read_parquet(lies / "predictions.parquet")
            assert table["listing_key"].tolist() == blended["listing_key"].tolist()
            mean = mean + weight * table["log_raw"]
        pd.testing.assert_series_equal(blended["log_raw"][later], mean[later], check_names=False)
