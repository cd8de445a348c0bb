"""The lift in words: each verdict says what it rests on, and what it costs."""

import pytest

from lib.evaluation.ablation import photo_lift, photo_lift_text
from lib.evaluation.explanation import narrative
from tests.support.photo_market import measure_lift, photo_market

COST = {"encoder": "descriptor"} | photo_lift.encoding_cost_per_thousand(3.0, 200.0, 0.1)


@pytest.fixture(scope="module")
def found():
    """What is measured of a market with planted quality, as `ablate` writes it."""
    part = measure_lift(*photo_market()) | {"cost": COST}
    return part | {"told": photo_lift_text.describe_lift(part)}


def test_a_lift_says_its_interval_the_control_and_the_checks(found):
    told = found["told"]
    mape = found["lift"]["mape"]
    assert told.startswith("photos help: MAPE is ")
    assert f"{100 * mape['low']:+.2f} to {100 * mape['high']:+.2f}" in told
    assert "p = 0.0025" in told and "photos shuffled between listings give" in told
    assert "is above 10 %, so the leakage checks ran and passed: shuffled photos," in told


@pytest.mark.parametrize(
    "verdict, words",
    [("none", "no significant lift: "), ("hurt", "photos hurt: "),
     ("doubt", "not to be believed: ")],
)  # fmt: skip
def test_each_verdict_has_its_words(found, verdict, words):
    assert photo_lift_text.describe_lift(found | {"verdict": verdict}).startswith(words)


def test_what_is_best_without_photos_is_told(found):
    assert "there is no other variant without photos" in found["told"]
    gained = found["lift"] | {"mape": found["lift"]["mape"] | {"value": -0.021, "low": -0.03}}
    rival = {"best_blind": {"variant": "sale_linear", "mape": 0.376, "gain": gained}}
    told = photo_lift_text.describe_lift(found | rival | {"verdict": "weak"})
    assert told.startswith(
        "no significant lift over the best without photos: sale_linear, the best single variant "
        "without photos, has MAPE 37.60 % on the same sales, -2.10 points (95 % interval -3.00 to "
    )
    assert "Within this variant MAPE is " in told
    rival["best_blind"]["gain"]["mape"]["high"] = -0.01
    told = photo_lift_text.describe_lift(found | rival | {"verdict": "weak"})
    assert told.startswith("no significant lift over the best without photos, which is better: ")


def test_a_lift_below_the_guard_says_nothing_of_checks(found):
    small = found | {
        "guard": {"limit": 0.9, "metric": "mape", "relative": 0.4, "fired": False},
        "checks": [],
    }
    assert "leakage" not in photo_lift_text.describe_lift(small)


def test_failed_checks_are_told_in_full(found):
    checks = [
        {"name": "a", "figure": 1.0, "passed": False, "told": "It leaks."},
        {"name": "b", "figure": None, "passed": None, "told": "Nothing to see."},
        {"name": "c", "figure": 0.0, "passed": True, "told": "Fine."},
    ]
    told = photo_lift_text.describe_lift(found | {"verdict": "doubt", "checks": checks})
    assert told.endswith("so the leakage checks ran, and 1 of 2 failed: It leaks.")


def test_the_lines_hold_all_that_was_measured(found):
    lines = photo_lift_text.lift_report_lines("sale_photo_trees", found)
    text = "\n".join(lines)
    assert lines[0] == f"sale_photo_trees: {found['told']}"
    for one in found["slices"]:
        assert f"{one['kind']}, {one['slice']}: {one['sales']:,} sales" in text
    assert text.count("  check, ") == 5 and "the test was not looked at" in text
    assert "take 15 s and $0.0004" in lines[-1] and "make bench ONLY=embed" in lines[-1]
    assert "declared 200 photos a second" in lines[-1]
    why = {"skipped": "no sale lies in a fold"}
    why["told"] = photo_lift_text.describe_lift(why)
    assert photo_lift_text.lift_report_lines("x", why) == [
        "x: not measured: no sale lies in a fold"
    ]


def test_the_analysis_gets_a_look_with_a_picture(found):
    skipped = {"skipped": "too few sales", "told": "not measured: too few sales"}
    looks = narrative.draw_pictures(
        narrative.photo_findings({"sale_x": found, "rental_x": skipped})
    )
    assert [one["plot"] for one in looks] == ["photos_sale_x.svg", ""]
    assert looks[0]["svg"].startswith("<?xml") or "<svg" in looks[0]["svg"]
    assert looks[0]["sentence"] == f"Photos in sale_x: {found['told']}"
    assert "10 photos or more" in looks[0]["svg"] and "shuffled" in looks[0]["svg"]
    assert looks[1]["sentence"] == "Photos in rental_x: not measured: too few sales."
    assert narrative.photo_findings({}) == []
