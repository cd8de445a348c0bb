"""Thresholds are judged by the whole interval, never by the point."""

import pytest

from lib.evaluation.scoring import thresholds

LIMITS = thresholds.Thresholds(
    gain=0.0, coverage_90=0.03, cod=15.0, bias=0.03, hit_rate=0.9, area_level=0.05
)


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def score(**parts):
    whole = {
        "accuracy": {"bias": figure(0.0, -0.01, 0.01), "hit_rate": figure(1.0, 1.0, 1.0)},
        "interval_90": {"coverage": figure(0.9, 0.89, 0.91)},
        "ratio_study": {"untrimmed": {"cod": figure(10.0, 9.0, 11.0)}},
    }
    return whole | parts


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.88, 0.92, "pass"),
        (0.87, 0.93, "pass"),  # the ends are allowed
        (0.86, 0.92, "inconclusive"),
        (0.88, 0.94, "inconclusive"),
        (0.80, 0.99, "inconclusive"),
        (0.93, 0.95, "inconclusive"),  # it touches what is allowed
        (0.9301, 0.95, "fail"),
        (0.80, 0.8699, "fail"),
        (None, None, "not measured"),
    ],
)
def test_the_verdict_goes_by_the_whole_interval(low, high, said):
    assert thresholds.judge_interval(figure(0.9, low, high), 0.87, 0.93) == said


def test_open_ends():
    assert thresholds.judge_interval(figure(1, 0, 2), None, 2) == "pass"
    assert thresholds.judge_interval(figure(3, 2.5, 4), None, 2) == "fail"
    assert thresholds.judge_interval(figure(1, 0.5, 2), 1, None) == "inconclusive"


def test_a_gain_must_be_more_than_chance():
    for low, high, said in ((-0.02, -0.01, "pass"), (-0.02, 0.01, "inconclusive"),
                            (0.01, 0.02, "fail")):  # fmt: skip
        checks = thresholds.check_thresholds(score(), figure(0, low, high), LIMITS)
        assert checks["gain"]["verdict"] == said
    wanted = LIMITS.model_copy(update={"gain": 0.005})
    assert (
        thresholds.check_thresholds(score(), figure(0, -0.004, -0.001), wanted)["gain"]["verdict"]
        == "fail"
    )


def test_the_baseline_has_no_gain_and_the_others_are_told():
    checks = thresholds.check_thresholds(score(), None, LIMITS)
    assert {name: one["verdict"] for name, one in checks.items()} == {
        "coverage_90": "pass",
        "cod": "pass",
        "bias": "pass",
        "hit_rate": "pass",
    }
    assert (checks["coverage_90"]["floor"], checks["coverage_90"]["ceiling"]) == (0.87, 0.93)


def test_what_was_not_measured_is_said_to_be_so():
    bare = {"accuracy": score()["accuracy"]}
    checks = thresholds.check_thresholds(bare, None, LIMITS)
    assert checks["cod"]["verdict"] == checks["coverage_90"]["verdict"] == "not measured"
    assert checks["cod"]["value"] is None
