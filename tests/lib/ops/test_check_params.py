"""Variants that params.yaml names: members, what values homes, what tune searches around."""

import re

import pytest

from lib.common.errors import RemlError
from lib.ops import check_params

ENDS = {"low": 1, "high": 2}


def content(**changes):
    """The variants of a small line-up, with changes to blend members or what values homes."""
    trained = {
        "a": {"domain": "sale", "model": "linear", "level": False},
        "b": {"domain": "rental", "model": "linear", "level": False},
        "c": {"domain": "sale", "model": "linear", "level": False, "view": "aware"},
    }
    mix = {"domain": "sale", "members": changes.get("members", ["a"])}
    return {
        "train": {
            "variants": trained,
            "linear": {"alpha": 1.0, "without": []},
            **changes.get("models", {}),
        },
        "fuse": {
            "variants": {changes.get("fuse", "p"): {"domain": "sale", "model": "photo_trees"}},
            **changes.get("seeing", {}),
        },
        "tune": {
            "variant": changes.get("tune", "a"),
            "ranges": {changes.get("of", "linear"): {changes.get("range", "alpha"): ENDS}},
        },
        "blend": {"variants": {changes.get("blend", "mix"): mix}},
        "ablate": {
            "variants": changes.get("ablate", ["a", "c"]),
            "photos": {"variants": changes.get("lifted", [])},
        },
        "predict": {
            "variants": changes.get("served", {"sale": changes.get("sale", "a"), "rental": "b"})
        },
        **changes.get("sections", {}),
    }


def test_a_sane_lineup_passes():
    check_params.check_params(content(), "params.yaml")
    lightgbm = {
        "start": ["mkt_zip_log_price_365d", "own_log_list_price"],
        "encode": ["property_sub_type"],
        "monotone": {"living_area": 1, "local_grade": 1, "waterfront_yn": 1},
    }
    check_params.check_params(content(models={"lightgbm": lightgbm}), "params.yaml")
    check_params.check_params(content(sale="mix"), "params.yaml")
    check_params.check_params(content(members=["a", "p"], sale="p", ablate=["p"]), "params.yaml")
    without = ["comp_", "mkt_zip_log_price_30d", "txt_hash_", "local_gr", "ext_", "postal_code"]
    seeing = {"photo_net": {"without": [*without, "img_"]}}
    sections = {
        "features": {"windows": [30], "kriging": {"axes": {"local_grade": {}, "living_area": {}}}},
        "screen": {"outliers": {"area": "mls_area_major"}},
        "calibrate": {"abstention": {"beyond": {"living_area": 0, "geo_sales_near": 1}}},
    }
    models = {"kriged": {"without": without}, "feature_sets": {"any": ["own_previous_"]}}
    check_params.check_params(
        content(models=models, seeing=seeing, sections=sections), "params.yaml"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"members": ["z"]}, "blend.variants.mix.members: no variant 'z' (there are: a, b, c, p)"),
        ({"members": ["a", "b"]}, "b values the domain 'rental', not 'sale'"),
        ({"members": ["a", "c"]}, "c sees list prices"),
        ({"sale": "c"}, "predict.variants.sale: c sees list prices"),
        ({"sale": "b"}, "predict.variants.sale: b values the domain 'rental'"),
        ({"sale": "nobody"}, "predict.variants.sale: no variant 'nobody'"),
        ({"tune": "z"}, "tune.variant: no variant 'z'"),
        ({"ablate": ["a", "mix"]}, "ablate.variants: no trained variant 'mix'"),
        ({"lifted": ["x"]}, "ablate.photos.variants: no trained variant 'x'"),
        ({"range": "alfa"}, "tune.ranges.linear: no such setting: alfa"),
        (
            {"models": {"kriged": {"start": ["comp_log_price", "comp_krigged_log_price"]}}},
            "train.kriged.start: comp_krigged_log_price is no input that holds numbers",
        ),
        ({"models": {"district": {"start": ["postal_code"]}}}, "train.district.start: postal_code"),
        ({"models": {"comparables": {"start": ["close_price"]}}}, "comparables.start: close_price"),
        (
            {"models": {"kriged": {"encode": ["living_area"]}}},
            "train.kriged.encode: living_area is no input that holds text",
        ),
        ({"models": {"kriged": {"encode": ["listing_key"]}}}, "train.kriged.encode: listing_key"),
        ({"models": {"lightgbm": {"monotone": {"living_aera": 1}}}}, "monotone: living_aera"),
        ({"of": "lightgbm"}, "tune.ranges: nothing to search for a; give linear its ranges"),
        ({"range": "without"}, "tune.ranges.linear.without.low: without"),
        ({"of": "boosting"}, "tune.ranges: nothing to search for a; give linear its ranges"),
        ({"of": "boosted"}, "tune.ranges: nothing to search for a; give linear its ranges"),
        ({"blend": "a"}, "blend.variants: a is in train.variants too"),
        ({"blend": "p"}, "blend.variants: p is in fuse.variants too"),
        ({"fuse": "a"}, "fuse.variants: a is in train.variants too"),
        ({"tune": "p"}, "tune.variant: no variant 'p'"),
        ({"of": "photo_trees"}, "tune.ranges: nothing to search for a"),
        (
            {"seeing": {"photo_net": {"start": ["comp_krigged_log_price"]}}},
            "fuse.photo_net.start: comp_krigged_log_price is no input that holds numbers",
        ),
        ({"seeing": {"late_fusion": {"encode": ["living_area"]}}}, "fuse.late_fusion.encode"),
        (
            {"models": {"kriged": {"without": ["cmop_"]}}},
            "train.kriged.without: no input begins with 'cmop_' (nearest: comp_count)",
        ),
        ({"models": {"linear": {"without": ["img_"]}}}, "train.linear.without: no input begins"),
        ({"seeing": {"photo_net": {"without": ["phto_"]}}}, "fuse.photo_net.without: no input"),
        ({"seeing": {"photo_net": {"without": ["close_price"]}}}, "fuse.photo_net.without: no inp"),
        (
            {"models": {"feature_sets": {"raw": ["comp_", "txt_hsh_"]}}},
            "feature_sets.raw: no",
        ),
        (
            {
                "models": {"kriged": {"without": ["mkt_zip_sales_45d"]}},
                "sections": {"features": {"windows": [30, 90]}},
            },
            "train.kriged.without: no input begins with 'mkt_zip_sales_45d'",
        ),
        (
            {"sections": {"features": {"comparables": {"axes": {"living_aera": {}}}}}},
            "features.comparables.axes: no column 'living_aera' (nearest: living_area)",
        ),
        ({"sections": {"features": {"kriging": {"axes": {"grade": {}}}}}}, "kriging.axes: no colu"),
        (
            {"sections": {"screen": {"outliers": {"area": "postal"}}}},
            "screen.outliers.area: no column 'postal'",
        ),
        (
            {"sections": {"calibrate": {"abstention": {"beyond": {"latitud": 0.02}}}}},
            "calibrate.abstention.beyond: no column 'latitud' (nearest: latitude)",
        ),
        ({"served": {"sale": "a"}}, "predict.variants: sale; give a variant for each of sale, ren"),
        (
            {"served": {"sale": "a", "land": "a"}},
            "predict.variants.land: a values",
        ),
    ],
)
def test_a_lineup_that_cannot_be_is_named_in_one_line(changes, said):
    with pytest.raises(RemlError, match=re.escape(said)):
        check_params.check_params(content(**changes), "params.yaml")
