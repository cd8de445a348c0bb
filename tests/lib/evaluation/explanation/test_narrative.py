"""The explanation in words: bends are found, and what is told is what was measured."""

import numpy as np
import pandas as pd

from lib.evaluation.explanation import narrative

AT = np.linspace(0, 10, 11)


def curve(ale, half=0.01):
    return pd.DataFrame(
        {
            "input": "own_age",
            "at": AT,
            "ale": ale,
            "low": ale - half,
            "high": ale + half,
            "pdp": ale,
        }
    )


def test_a_planted_bend_is_found_and_a_line_has_none():
    hinge = 0.1 * np.minimum(AT, 4)
    assert narrative.bend_index(AT, hinge) == 4
    assert narrative.bend_index(AT, 0.3 * AT) is None
    rng = np.random.default_rng(0)
    assert narrative.bend_index(AT, 0.3 * AT + rng.normal(0, 0.01, 11)) is None
    assert narrative.bend_index(AT[:4], hinge[:4]) is None
    # up and down all along: no single bend tells of it
    assert narrative.bend_index(AT, 0.1 * (np.arange(11) % 2)) is None


def test_an_effect_is_told_with_its_bend_or_as_none():
    told = narrative.effect_sentence(curve(0.1 * np.minimum(AT, 4)))
    assert told == (
        "From 0 to 10, own_age by itself moves the value by +49.2 %. The effect bends at 4: "
        "+49.2 % up to there, +0.0 % beyond."
    )
    assert "can be told from none" in narrative.effect_sentence(curve(0.001 * AT))
    assert "bends" not in narrative.effect_sentence(curve(0.1 * AT))


def test_what_moves_values_the_most_is_told_in_order():
    sizes = pd.Series({"Lot": 0.02, "Size and rooms": 0.1, "Location": 0.05, "Time": 0.01})
    assert narrative.importance_sentence(sizes) == (
        "Size and rooms (10.5 %), Location (5.1 %) and Lot (2.0 %) move a value the most, up or "
        "down, on average."
    )
    assert narrative.importance_sentence(sizes[:1]).startswith("Lot (2.0 %) moves a value")


def part(low, high, **more):
    gap = {"value": (low + high) / 2, "low": low, "high": high}
    return {"title": more.pop("title"), "mape": gap, "mdape": gap} | more


def test_ablation_in_words():
    said = {
        "sales": 1490, "mape": 0.1475, "mdape": 0.1,
        "groups": {
            "size": part(0.01, 0.03, title="Size and rooms", verdict="worse without it (MAPE)"),
            "lot": part(-0.01, 0.03, title="Lot", verdict="no significant loss without it"),
            "time": {"title": "Time", "inputs": 0, "skipped": "this model does not look at it"},
        },
    }  # fmt: skip
    said["groups"]["remarks"] = part(-0.03, 0.01, title="Remarks", verdict="better without it (x)")
    said["groups"]["remarks"]["mape"] = {"value": -0.02, "low": -0.03, "high": -0.01}
    assert narrative.ablation_sentences("sale_x", said) == (
        "On 1,490 sales of the folds, sale_x (MAPE 14.8 %) is worse without Size and rooms "
        "(+2.00 points of MAPE, 95 % interval +1.000 to +3.000; +2.00 points of MdAPE, 95 % "
        "interval +1.000 to +3.000). It is better without Remarks (-2.00 points of MAPE, 95 % "
        "interval -3.000 to -1.000; -1.00 points of MdAPE, 95 % interval -3.000 to +1.000). No "
        "significant loss without Lot. Not tried: Time (this model does not look at it). One "
        "interval in twenty misses by chance."
    )
    skipped = narrative.ablation_sentences("sale_x", {"skipped": "too few sales"})
    assert skipped == "sale_x was not trained: too few sales."
    looks = narrative.ablation_findings({"sale_x": said, "rental_x": {"skipped": "too few"}})
    looks = narrative.draw_pictures(looks)
    assert [bool(one["svg"]) for one in looks] == [True, False]
