"""Classes of property that a feed values together: each is compared with its own alone."""

import numpy as np
import pandas as pd

from lib.features import build
from tests.support.market import SPEC, TABLE, evidence_of

LAND = pd.Series(TABLE.index % 4 == 2, index=TABLE.index)
MIXED = TABLE.assign(property_class=np.where(LAND, "land", "residential"))


def test_each_class_has_the_features_that_it_has_without_the_other():
    homes = MIXED[MIXED["as_of"].notna()]
    features, near, _ = build.build_features(homes, evidence_of(MIXED), SPEC)
    assert features["listing_key"].to_list() == homes["listing_key"].to_list()
    for name in ("land", "residential"):
        rows, market = (some[some["property_class"] == name] for some in (homes, MIXED))
        alone = build.build_features(rows, evidence_of(market.reset_index(drop=True)), SPEC)
        mine = features["listing_key"].isin(rows["listing_key"])
        pd.testing.assert_frame_equal(features[mine].reset_index(drop=True), alone[0])
        shown = near[near["listing_key"].isin(rows["listing_key"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(shown, alone[1])
        assert set(shown["comparable"]) <= set(market["listing_key"])


def test_a_class_of_which_nothing_was_sold_has_no_comparables():
    homes = MIXED[MIXED["as_of"].notna()].copy()
    evidence = evidence_of(MIXED[~LAND].reset_index(drop=True))
    features, near, _ = build.build_features(homes, evidence, SPEC)
    land = homes.loc[homes["property_class"] == "land", "listing_key"]
    rows = features[features["listing_key"].isin(land)]
    assert len(rows) == len(land) and (rows["comp_count"] == 0).all()
    assert not near["listing_key"].isin(land).any()


def test_what_states_no_class_goes_with_the_homes():
    mute = MIXED.assign(property_class=np.where(MIXED.index % 3 == 0, "unstated", "residential"))
    homes = mute[mute["as_of"].notna()]
    same = build.build_features(homes, evidence_of(mute), SPEC)
    plain = build.build_features(homes.drop(columns="property_class"), evidence_of(TABLE), SPEC)
    for one, other in zip(same, plain, strict=True):
        pd.testing.assert_frame_equal(one, other)
