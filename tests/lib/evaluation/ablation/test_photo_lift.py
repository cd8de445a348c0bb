"""The lift of photos: what is planted is found and explained, what is not there is not."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.ablation import photo_lift
from lib.evaluation.ablation.ablation import ComparisonSettings, measure_gain
from tests.support.photo_market import INPUTS, PLAN, measure_lift, photo_market


def test_a_lift_worked_by_hand():
    """Errors 10, 20, 30, 40 % without photos and 10, 10, 10, 50 % with them."""
    sold = pd.DataFrame({"close_price": [100.0] * 4, "property_key": list("abcd")})
    without, seen = np.array([110.0, 80, 130, 60]), np.array([90.0, 110, 90, 150])
    got = measure_gain(without, seen, sold, PLAN, tested=True)
    assert got["mape"]["value"] == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4 - 0.2)
    assert got["mape"]["relative"] == pytest.approx(0.05 / 0.25)
    assert got["mdape"]["value"] == pytest.approx(0.25 - 0.1)
    assert got["mdape"]["relative"] == pytest.approx(0.6)
    # differences of 0, 10, 20 and -10 points: of their 16 signed sums 12 are as far out as 20
    many = measure_gain(without, seen, sold, ComparisonSettings(10, 40_000, 1), tested=True)
    assert many["mape"]["p"] == pytest.approx(12 / 16, abs=0.02)


def test_planted_quality_is_found_goes_when_shuffled_and_is_no_leak():
    part = measure_lift(*photo_market())
    assert part["verdict"] == photo_lift.HELP
    mape, control = part["lift"]["mape"], part["control"]["mape"]
    assert mape["low"] > 0 and mape["p"] < 0.01 and control["low"] <= 0
    assert part["guard"]["fired"] and part["guard"]["relative"] > 0.1
    assert len(part["checks"]) == 5
    assert all(one["passed"] is not False for one in part["checks"])
    errors = part["errors"]
    assert errors["with"]["mape"] < errors["without"]["mape"]
    assert mape["value"] == pytest.approx(errors["without"]["mape"] - errors["with"]["mape"])


def test_the_planted_quality_explains_the_lift():
    """With the true quality among the inputs hardly anything is left for photos to tell."""
    table, vectors = photo_market()
    whole = measure_lift(table, vectors)["lift"]["mape"]["value"]
    rest = measure_lift(table, vectors, [*INPUTS, "quality"])
    assert rest["lift"]["mape"]["value"] < 0.1 * whole and rest["verdict"] != photo_lift.HELP


def test_a_lift_that_another_variant_has_without_photos_is_weak():
    """The rival that errs least counts; photos that help a poor model beat no good one."""
    table, vectors = photo_market()
    sold = table[table["fold"] > 0]
    price = sold["close_price"].to_numpy(float)
    rivals = {"good": price * 1.01, "poor": price * 2.0}
    part = measure_lift(table, vectors, rivals=rivals)
    assert part["verdict"] == photo_lift.WEAK and part["best_blind"]["variant"] == "good"
    assert part["best_blind"]["mape"] == pytest.approx(0.01)
    with_photos = part["errors"]["with"]["mape"]
    gained = part["best_blind"]["gain"]["mape"]
    assert gained["value"] == pytest.approx(0.01 - with_photos) and gained["high"] < 0
    poor = measure_lift(table, vectors, rivals={"poor": price * 2.0})
    assert poor["verdict"] == photo_lift.HELP and poor["best_blind"]["gain"]["mape"]["low"] > 0


def test_photos_that_say_nothing_bring_no_significant_lift():
    part = measure_lift(*photo_market(worth=0.0))
    assert part["verdict"] == photo_lift.NONE
    assert not part["guard"]["fired"] and part["checks"] == []


def test_slices_hold_every_sale_once_by_the_photos_that_count():
    table, vectors = photo_market()
    part = measure_lift(table, vectors)
    for kind in ("price band", "photo coverage"):
        of_kind = [one for one in part["slices"] if one["kind"] == kind]
        assert sum(one["sales"] for one in of_kind) == part["sales"] == (table["fold"] > 0).sum()
        assert all(one["thin"] == (one["sales"] < 30) for one in of_kind)
        whole = sum(one["sales"] * one["mape"]["value"] for one in of_kind) / part["sales"]
        assert whole == pytest.approx(part["lift"]["mape"]["value"])
    words = [one["slice"] for one in part["slices"] if one["kind"] == "photo coverage"]
    assert words == photo_lift.COUNT_WORDS
    assert [one["slice"] for one in part["slices"]][:5] == ["1 low", "2", "3", "4", "5 high"]
    blind = next(one for one in part["slices"] if one["slice"] == "no photo")
    best = next(one for one in part["slices"] if one["slice"] == "10 photos or more")
    assert abs(blind["mape"]["value"]) < best["mape"]["value"] / 3


@pytest.mark.parametrize(
    "count, word",
    [(0, "no photo"), (1, "1-2 photos"), (2, "1-2 photos"), (3, "3-9 photos"), (9, "3-9 photos"),
     (10, "10 photos or more"), (np.nan, "no photo")],
)  # fmt: skip
def test_bands_of_photos(count, word):
    sold = pd.DataFrame({"close_price": [1.0], "property_key": ["a"], "img_count": [count]})
    one = np.array([1.1])
    assert photo_lift.lift_by_slice(sold, one, one, PLAN)[-1]["slice"] == word


def test_homes_without_dates_are_measured_too():
    table, vectors = photo_market()
    table["fold"] = np.where(table["role"] == "train", np.arange(len(table)) % 4 + 1, 0)
    part = measure_lift(table, vectors, edges=[])
    assert part["verdict"] == photo_lift.HELP and part["sales"] == (table["role"] == "train").sum()


def test_the_test_and_what_closes_in_it_change_nothing():
    table, vectors = photo_market()
    later = table["role"].isin(["test", "purged", "subject"])
    other = table.assign(close_price=table["close_price"].where(~later, 1.0))
    assert measure_lift(table, vectors) == measure_lift(other, vectors)


def test_what_cannot_be_measured_says_why():
    table, vectors = photo_market()
    only = measure_lift(table, vectors, ["img_count", "img_vector"])
    assert only["skipped"] == "nothing is left to learn from (no input)"
    assert measure_lift(table, vectors.head(0))["skipped"] == "no sale of the folds has a photo"
    nowhere = measure_lift(table.assign(fold=0), vectors)
    assert nowhere["skipped"] == "no sale lies in a fold"


def told(value, low, high, p=0.001):
    return {"mape": {"value": value, "low": low, "high": high, "p": p}}


@pytest.mark.parametrize(
    "photos, control, failed, wanted",
    [
        (told(2, 1, 3), told(0, -1, 1), False, photo_lift.HELP),
        (told(2, 1, 3), told(-2, -3, -1), False, photo_lift.HELP),
        (told(2, 1, 3), told(2, 1, 3), False, photo_lift.DOUBT),
        (told(2, 1, 3), told(0.5, 0.1, 1), False, photo_lift.HELP),
        (told(2, 1, 3), told(0, -1, 1), True, photo_lift.DOUBT),
        (told(2, 1, 3, p=0.06), told(0, -1, 1), False, photo_lift.NONE),
        (told(2, -1, 3), told(2, 1, 3), True, photo_lift.NONE),
        (told(-2, -3, -1), told(0, -1, 1), False, photo_lift.HURT),
        (told(0, 0, 0, p=1.0), told(0, 0, 0, p=1.0), False, photo_lift.NONE),
    ],
)
def test_the_rules_of_the_verdict(photos, control, failed, wanted):
    checks = [{"passed": not failed}, {"passed": None}]
    assert photo_lift.judge_lift(photos, control, checks, None) == wanted
    better, equal = ({"gain": told(1, low, 3)} for low in (0.5, -0.5))
    assert photo_lift.judge_lift(photos, control, checks, better) == wanted
    no_better = photo_lift.WEAK if wanted == photo_lift.HELP else wanted
    assert photo_lift.judge_lift(photos, control, checks, equal) == no_better


def test_errors_without_an_effect_seldom_give_a_lift():
    """200 made-up pairs of models of equal worth: some 2.5 % may be told to help by chance."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        price = np.exp(rng.normal(12, 0.3, 80))
        sold = pd.DataFrame({"close_price": price, "property_key": np.arange(80)})
        without, seen = (price * np.exp(rng.normal(0, 0.15, 80)) for _ in range(2))
        one = measure_gain(without, seen, sold, ComparisonSettings(100, 199, seed), tested=True)
        found.append(photo_lift.judge_lift(one, told(0, -1, 1), [], None))
    assert found.count(photo_lift.HELP) <= 12 and found.count(photo_lift.NONE) >= 180


def test_runtime_and_cost_worked_by_hand():
    """1,000 listings of 7.2 photos at 20 a second take 360 s: a tenth of an hour."""
    got = photo_lift.encoding_cost_per_thousand(7.2, 20.0, 0.5)
    assert got["seconds"] == pytest.approx(360) and got["dollars"] == pytest.approx(0.05)
