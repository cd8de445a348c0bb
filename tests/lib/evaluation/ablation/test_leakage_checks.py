"""Leakage checks: each catches the leak that is planted for it, and lets honest photos pass."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.ablation import leakage_checks, photo_lift, photo_lift_text
from lib.evaluation.ablation.ablation import measure_gain
from lib.models.variants.photo import pooling
from lib.models.variants.training.out_of_fold import predict_out_of_fold
from tests.support.daily_sales import EDGES
from tests.support.photo_market import (
    PLAN,
    Ridge,
    add_photos,
    checks_by_name,
    make_refit,
    measure_lift,
    photo_market,
)


def test_albums_are_dealt_out_whole_among_the_listings_that_have_one():
    _, vectors = photo_market(90)
    got = leakage_checks.shuffle_albums(vectors, 5)
    assert set(got["listing_key"]) == set(vectors["listing_key"])
    moved = pd.DataFrame({"was": vectors["listing_key"], "now": got["listing_key"]})
    assert (moved.groupby("was")["now"].nunique() == 1).all()  # no album is torn
    assert (moved["was"] != moved["now"]).mean() > 0.9
    pd.testing.assert_frame_equal(
        got.drop(columns="listing_key"), vectors.drop(columns="listing_key")
    )
    assert got.equals(leakage_checks.shuffle_albums(vectors, 5))
    assert not got.equals(leakage_checks.shuffle_albums(vectors, 6))
    back = leakage_checks.shuffle_albums(vectors.sample(frac=1, random_state=1), 5).sort_index()
    assert back.equals(got)  # the order of the rows does not matter
    assert not len(leakage_checks.shuffle_albums(vectors.head(0), 5))


@pytest.mark.parametrize("edges", [EDGES, []])
def test_the_sides_of_a_fold_are_those_of_training(edges):
    table, _ = photo_market(300)
    table["usable"] = np.arange(len(table)) % 7 > 0
    asked = {}  # rows that a model predicted -> those that had taught it; models come in any order

    class Watched(Ridge):
        def fit(self, inputs, log_price, dates=None):
            self.taught = list(inputs.index)
            return super().fit(inputs, log_price, dates)

        def predict(self, inputs):
            asked[tuple(inputs.index)] = self.taught
            return super().predict(inputs)

    predict_out_of_fold(table, ["living_area"], edges, Watched)
    sides = list(leakage_checks.fold_test_and_training(table, edges))
    assert {tuple(held.index): list(teaching.index) for held, teaching in sides} == asked
    held = [row for held, _ in sides for row in held.index]
    assert sorted(held) == list(table.index[table["fold"] > 0])


def test_a_vector_that_holds_the_price_is_caught():
    table, vectors = photo_market()
    price = table.set_index("listing_key")["close_price"]
    leaked = [
        np.append(row.vector[:3], np.log(price[row.listing_key])) for row in vectors.itertuples()
    ]
    part = measure_lift(table, vectors.assign(vector=leaked))
    found = checks_by_name(part)["one number gives it away"]
    assert part["guard"]["fired"] and found["passed"] is False and found["figure"] > 0.95
    assert "img_vector" in found["told"] and part["verdict"] == photo_lift.DOUBT
    words = photo_lift_text.describe_lift(part)
    assert words.startswith("not to be believed") and "holds the price" in words


def test_a_price_that_is_spread_over_a_vector_is_caught_too():
    """No place of the vector tells it alone; all together do."""
    table, vectors = photo_market()
    rng = np.random.default_rng(2)
    price = np.log(table.set_index("listing_key")["close_price"])
    noise = rng.normal(0, 3, (len(table), 1))
    hidden = dict(zip(table["listing_key"], noise[:, 0], strict=True))
    leaked = [
        np.array([price[key] + hidden[key], price[key] - hidden[key], 0.0, row[0]])
        for key, row in zip(vectors["listing_key"], vectors["vector"], strict=True)
    ]
    part = measure_lift(table, vectors.assign(vector=leaked))
    found = checks_by_name(part)["one number gives it away"]
    assert found["passed"] is False and "all together" in found["told"]


def test_a_plain_number_that_holds_the_price_is_caught():
    table, vectors = photo_market()
    shown = add_photos(table, vectors).assign(img_quality_renovated=np.log(table["close_price"]))
    sold = shown.loc[shown["fold"] > 0, "close_price"].to_numpy(float)
    rough = np.full(len(sold), sold.mean())

    def checked(inputs, table=shown, without=rough):
        return leakage_checks.check_photo_numbers(table, inputs, without)

    found = checked(["living_area", "img_quality_renovated"])
    assert found["passed"] is False and "img_quality_renovated alone" in found["told"]
    honest = checked(["living_area", "img_count", "img_vector"])
    assert honest["passed"] is True and honest["figure"] < 0.85
    few = add_photos(table.head(20), vectors)
    assert checked(["img_vector"], few, rough[: (few["fold"] > 0).sum()])["passed"] is True
    some = shown["img_quality_renovated"].where(np.arange(len(shown)) % 3 == 0, 0.0)
    found = checked(["img_quality_renovated"], shown.assign(img_quality_renovated=some))
    assert found["passed"] is False and found["figure"] > 0.9  # a price in every third row


def test_a_price_for_each_square_foot_is_caught():
    """It says little of the price, and all of what is missing to who knows the size."""
    table, vectors = photo_market()
    shown = add_photos(table, vectors)
    said = make_refit().fold_estimates(shown, ["living_area"])
    sold = shown["fold"] > 0
    missing = np.log(shown.loc[sold, "close_price"] / said)
    shown.loc[sold, "img_quality_dated"] = missing
    found = leakage_checks.check_photo_numbers(shown, ["living_area", "img_quality_dated"], said)
    assert found["passed"] is False and "what of it is missing without photos" in found["told"]


def test_the_photos_that_count_are_those_of_the_first_listing_that_shows_them():
    table = pd.DataFrame(
        {
            "listing_key": ["c", "a", "b", "d"],
            "as_of": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-01", "2024-01-03"]),
            "img_count": [1.0, 2.0, 0.0, 1.0],
        }
    )
    shown = [("c", "p"), ("c", "q"), ("a", "p"), ("a", "r"), ("a", "r"), ("b", "r"), ("d", "s"),
             ("d", "u"), ("d", "v"), ("z", "q"), ("z", "t")]  # fmt: skip
    vectors = pd.DataFrame(shown, columns=["listing_key", "sha1"]).assign(order=1)
    mates = {"s": ["v"], "v": ["s"], "u": ["p"], "p": ["u"]}
    vectors["alike"] = [mates.get(one, []) for one in vectors["sha1"]]
    pairs = ["listing_key", "sha1"]
    got = leakage_checks.used_photos(table, vectors)[pairs]
    assert sorted(map(tuple, got.to_numpy())) == [("a", "p"), ("a", "r"), ("c", "q"), ("d", "s")]
    broken = table.assign(img_count=[2.0, 2.0, 0.0, 1.0])  # c counts what a has shown before
    got = leakage_checks.used_photos(broken, vectors)[pairs]
    assert ("c", "p") in set(map(tuple, got.to_numpy())) and len(got) == 5


def test_pooling_keeps_the_rule_that_is_found_anew():
    """On random albums that share photos, of which some are alike."""
    rng = np.random.default_rng(4)
    table, _ = photo_market(60)
    mates = {f"s{i}": set() for i in range(120)}
    for one, other in rng.choice(sorted(mates), (60, 2)):
        if one != other:
            mates[one].add(other)
            mates[other].add(one)
    sha1 = rng.choice(sorted(mates), 200)
    vectors = pd.DataFrame(
        {
            "listing_key": rng.choice(table["listing_key"].iloc[5:], 200),
            "order": rng.integers(1, 9, 200), "sha1": sha1,
            "alike": [sorted(mates[one]) for one in sha1],
            "room": "unknown",
            "vector": list(rng.normal(size=(200, 3)).astype("float32")),
        }
    )  # fmt: skip
    seen = pooling.add_photo_columns(table, vectors)
    got = leakage_checks.used_photos(seen, vectors)
    assert not got["sha1"].duplicated().any() and len(got) > 50
    left = set(got["sha1"])
    assert not any(mates[one] & left for one in left)
    count = table["listing_key"].map(got["listing_key"].value_counts()).fillna(0)
    np.testing.assert_array_equal(seen["img_count"], count)


@pytest.mark.parametrize("how", ["same", "alike"])
def test_the_same_picture_on_both_sides_is_counted(how):
    table, vectors = photo_market()
    counted = vectors[["listing_key", "sha1", "alike"]]

    def shared(mine, theirs):
        """`counted` where the photos `mine` are, or are alike to, those of `theirs`."""
        both = counted.copy()
        if how == "same":
            both.loc[mine.index, "sha1"] = theirs["sha1"].to_numpy()
            return both
        mates = dict(zip(mine["sha1"], theirs["sha1"], strict=True))
        mates |= {other: one for one, other in mates.items()}
        return both.assign(alike=[[mates[o]] if o in mates else [] for o in both["sha1"]])

    assert leakage_checks.check_shared_pictures(table, EDGES, counted)["figure"] == 0
    held = table.loc[table["fold"] == 2, "listing_key"]
    early = table.loc[(table["fold"] == 0) & (table["role"] == "train"), "listing_key"]
    mine = counted[counted["listing_key"].isin(held)].iloc[[0, 20]]
    theirs = counted[counted["listing_key"].isin(early)].iloc[[0, 30]]
    both = shared(mine, theirs)
    found = leakage_checks.check_shared_pictures(table, EDGES, both)
    assert found["figure"] == 2 and found["passed"] is False
    part = measure_lift(table, vectors, counted=both)
    assert part["verdict"] == photo_lift.DOUBT
    assert "pictures on both sides" in [one["name"] for one in part["checks"] if not one["passed"]]
    later = table.loc[table["role"] == "test", "listing_key"]  # nobody learns from these
    free = counted[counted["listing_key"].isin(later)].iloc[[0, 1]]
    assert leakage_checks.check_shared_pictures(table, EDGES, shared(mine, free))["figure"] == 0


def test_a_lift_that_needs_homes_seen_before_is_caught():
    """Photos that say something of homes sold before alone: they are known again."""
    table, _ = photo_market()
    sold = table["fold"] > 0
    again = sold & (np.arange(len(table)) % 2 == 0)
    first = table.index[(table["role"] == "train") & (table["fold"] == 0)]
    homes = table.loc[first[np.arange(again.sum()) % len(first)], "property_key"]
    table.loc[again, "property_key"] = homes.to_numpy()
    price = table.loc[sold, "close_price"].to_numpy()
    known = again[sold].to_numpy()
    without = price * 1.2
    cheat = {"without": without, "with": np.where(known, price, without)}
    lifted = {"mape": {"value": 0.1}}
    found = leakage_checks.check_unseen_homes(table, EDGES, cheat, lifted, PLAN, "mape")
    assert found["passed"] is False and found["figure"] == pytest.approx(0)
    honest = {"without": without, "with": price * 1.1}
    found = leakage_checks.check_unseen_homes(table, EDGES, honest, lifted, PLAN, "mape")
    assert found["passed"] is True and found["figure"] == pytest.approx(0.1)
    few = leakage_checks.check_unseen_homes(
        table.assign(property_key="p"), EDGES, honest, lifted, PLAN, "mape"
    )
    assert few["passed"] is None and few["figure"] is None


def test_photos_that_are_only_there_or_not_are_caught():
    """Dear homes have many photos, whatever these show."""
    table, vectors = photo_market(worth=0.0)
    shown = add_photos(table, vectors)
    priced = shown.assign(close_price=shown["close_price"] * np.exp(0.4 * shown["img_missing"]))
    one = make_refit()
    blind = ["living_area"]
    said = {"without": one.fold_estimates(priced, blind), "with": one.fold_estimates(priced)}
    lifted = measure_gain(said["without"], said["with"], priced[priced["fold"] > 0], PLAN)
    found = leakage_checks.check_photo_count(priced, one, said, lifted, PLAN, "mape")
    assert found["passed"] is False and found["figure"] > 0.9
    table, vectors = photo_market()
    assert checks_by_name(measure_lift(table, vectors))["presence alone"]["passed"] is True


def test_photos_of_other_homes_that_lift_as_well_are_caught():
    up = {"mape": {"value": 0.02, "low": 0.01, "high": 0.03}}
    none = {"mape": {"value": 0.0, "low": -0.01, "high": 0.01}}
    below = {"mape": {"value": -0.02, "low": -0.03, "high": -0.01}}
    large, small = ({"mape": {"value": whole}} for whole in (0.05, 0.03))
    assert leakage_checks.check_photos_of_other_homes(small, up)["passed"] is False
    assert (
        leakage_checks.check_photos_of_other_homes(large, up)["passed"] is True
    )  # less than half: that there are some
    assert "less than half" in leakage_checks.check_photos_of_other_homes(large, up)["told"]
    for other in (none, below):
        found = leakage_checks.check_photos_of_other_homes(small, other)
        assert found["passed"] is True and "do not lift" in found["told"]
