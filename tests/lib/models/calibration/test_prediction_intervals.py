"""Intervals of each home: difficulty that is learnt from other sales' errors, groups, abstention,
and one path for test sales and newcomers."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.models.calibration import error_models, prediction_intervals
from lib.models.calibration.abstention import (
    AbstentionSettings,
    abstention_reasons,
    reason_kind,
    training_ranges,
)
from lib.models.calibration.prediction_intervals import (
    GroupSettings,
    fit_intervals,
    make_mondrian_groups,
)
from tests.support.noisy_sales import HARD, SEEN_INPUTS, SPEC, noisy_sales

COVERAGES = [0.8, 0.9]


def made(table, **change):
    """(intervals of the later rows beside the rows, what serving needs, the scored rows)."""
    spec = SPEC.model_copy(update=change)
    state, known = fit_intervals(
        table, SEEN_INPUTS, table[table["role"] == "train"], COVERAGES, spec, 1
    )
    state = json.loads(json.dumps(state))
    later = table[table["role"] != "train"].reset_index(drop=True)
    return (
        later.join(prediction_intervals.predict_intervals(later, known, state, newcomers=False)),
        state,
        known,
    )


def inside(told, name="90"):
    """Whether each test sale's price lies in its interval."""
    told = told[told["role"] == "test"]
    return told["close_price"].between(told[f"pred_low_{name}"], told[f"pred_high_{name}"])


@pytest.fixture(scope="module")
def plain():
    return noisy_sales()


@pytest.fixture(scope="module")
def made_plain(plain):
    """`made` of the plain sales, once for all that ask for the same change."""
    kept = {}

    def give(**change):
        key = repr(sorted(change.items()))
        if key not in kept:
            kept[key] = made(plain[0], **change)
        return kept[key]

    return give


@pytest.mark.parametrize("method", ["normalized", "cqr"])
def test_difficulty_makes_intervals_hold_for_easy_and_hard_homes_alike(made_plain, method):
    """One width for all holds nearly always for new homes and too seldom for old ones."""
    told, *_ = made_plain(method=method)
    old = told.loc[told["role"] == "test", "own_age"] > 80
    new = told.loc[told["role"] == "test", "own_age"] < 20
    one, *_ = made_plain(method="split", groups=GroupSettings(by="none", count=1, minimum=1))
    assert inside(one)[new].mean() > 0.97 and inside(one)[old].mean() < 0.82
    for name, share in (("80", 0.8), ("90", 0.9)):
        held = inside(told, name)
        assert abs(held.mean() - share) < 0.035  # some 4 standard errors of 1,480 sales
        assert abs(held[new].mean() - share) < 0.09 and abs(held[old].mean() - share) < 0.09
    width = told["pred_high_90"] - told["pred_low_90"]
    rival = one["pred_high_90"] - one["pred_low_90"]
    assert (width / told["pred_close_price"]).median() < (rival / told["pred_close_price"]).median()


def test_difficulty_is_near_the_noise_that_was_planted(plain, made_plain):
    scale = plain[1]
    _, _, known = made_plain(method="normalized")
    mean = scale * 2 / np.e  # of |E - 1|, E exponential
    assert np.corrcoef(known["scale"], mean)[0, 1] > 0.9
    ratio = known["scale"] / mean
    assert 0.85 < ratio.median() < 1.15


def test_a_past_row_s_difficulty_does_not_know_its_own_error(plain):
    """One price twenty times as high moves the difficulty of other parts' rows, and of none in its
    own part; the model that serves looks at no price of the home."""
    table, _ = plain
    free = HARD.model_copy(update={"floor": 0.0})
    _, state, before = made(table, difficulty=free)
    changed = table.copy()
    changed.loc[100, "close_price"] *= 20
    _, _, after = made(changed, difficulty=free)
    assert after.loc[100, "error"] > before.loc[100, "error"] + 2
    part = error_models.assign_cross_fit_parts(3000, 4)
    moved = (after["scale"] != before["scale"])[:3000].to_numpy()
    assert not moved[part == part[100]].any() and moved[part != part[100]].all()
    raw = [prediction_intervals.interval_basis(t, state)["scale"] for t in (table, changed)]
    np.testing.assert_array_equal(*raw)


def test_nothing_counts_as_easier_than_the_floor(plain):
    table, _ = plain
    high = HARD.model_copy(update={"floor": 1.0})
    _, state, known = made(table, difficulty=high)
    assert known["scale"].min() == state["floor"]
    assert (known.loc[known["past"], "scale"] == state["floor"]).mean() == pytest.approx(
        0.5, abs=0.01
    )


def test_groups_by_value_hold_in_each_third_where_noise_depends_on_it():
    table, _ = noisy_sales(seed=4)
    rng = np.random.default_rng(9)
    dear = table["log_estimate"] > 13.2
    noise = rng.normal(0, np.where(dear, 0.2, 0.05))
    table["close_price"] = np.exp(table["log_estimate"] + noise).where(table["role"] != "subject")
    told, state, _ = made(table, method="split")
    assert len(state["groups"]["edges"]) == 2
    none, *_ = made(table, method="split", groups=GroupSettings(by="none", count=3, minimum=100))
    top = told.loc[told["role"] == "test", "log_estimate"] > 13.25
    assert inside(told)[top].mean() > 0.86 and inside(none)[top].mean() < 0.84


@pytest.mark.parametrize(
    ("by", "minimum", "weight", "groups"),
    [("value", 100, 350, 2), ("value", 100, 99, 0), ("difficulty", 10, 999, 4), ("none", 1, 9, 0)],
)
def test_there_are_as_many_groups_as_scores_can_carry(by, minimum, weight, groups):
    past = pd.DataFrame({"log_estimate": np.arange(100.0)})
    got = make_mondrian_groups(
        past, past["log_estimate"], weight, GroupSettings(by=by, count=5, minimum=minimum)
    )
    assert got["by"] == by and len(got["edges"]) == groups


def test_areas_with_few_scores_share_a_group(plain):
    table, _ = plain
    told, state, known = made(table, groups=GroupSettings(by="area", count=5, minimum=60))
    assert state["groups"] == {"by": "area", "edges": ["98001"]}
    assert known.groupby(table["postal_code"])["group"].unique().map(list).to_dict() == {
        "98001": [1], "98002": [0],
    }  # fmt: skip
    assert told["pred_low_90"].notna().all()


@pytest.mark.parametrize("method", ["split", "normalized", "cqr"])
@pytest.mark.parametrize("way", ["none", "recency", "aci"])
def test_a_newcomer_gets_what_the_same_home_got_as_an_open_listing(plain, made_plain, method, way):
    table, _ = plain
    other = {} if way == SPEC.adaptive.way else {"way": way}
    changed = {"adaptive": SPEC.adaptive.model_copy(update=other)} if other else {}
    told, state, known = made_plain(method=method, **changed)
    homes = table[table["role"] == "subject"].reset_index(drop=True)
    own = known[~known["listing_key"].isin(homes["listing_key"])].reset_index(drop=True)
    got = prediction_intervals.predict_intervals(homes, own, state, newcomers=True)
    wanted = told[told["role"] == "subject"].reset_index(drop=True)[got.columns]
    pd.testing.assert_frame_equal(got, wanted)
    assert not len(prediction_intervals.predict_intervals(homes[:0], own, state, newcomers=True))


@pytest.mark.parametrize("method", ["split", "normalized", "cqr"])
def test_intervals_hold_the_estimate_and_each_other(made_plain, method):
    told, *_ = made_plain(method=method)
    names = ["pred_low_90", "pred_low_80", "pred_close_price", "pred_high_80", "pred_high_90"]
    assert (np.diff(told[names].to_numpy(), axis=1) >= 0).all()
    assert (told["pred_fsd"] > 0).all()
    np.testing.assert_allclose(told["pred_confidence"], 100 * (1 - told["pred_fsd"]))


def test_fsd_is_half_of_what_holds_the_central_68_percent():
    """Normal errors of 5 % have an FSD of about 5 %."""
    table, _ = noisy_sales(seed=2)
    noise = np.random.default_rng(1).normal(0, 0.05, len(table))
    table["close_price"] = np.exp(table["log_estimate"] + noise).where(table["role"] != "subject")
    told, *_ = made(table, method="split", groups=GroupSettings(by="none", count=1, minimum=1))
    assert told["pred_fsd"].median() == pytest.approx(0.05, rel=0.06)


def test_no_later_price_moves_an_interval(plain, made_plain):
    table, _ = plain
    told, *_ = made_plain(method="normalized")
    cut = table["as_of"].iloc[-300]
    changed = table.copy()
    changed.loc[changed["close_date"] >= cut, "close_price"] *= 3
    again, *_ = made(changed)
    names = [name for name in told if name.startswith("pred_")]
    early = told["as_of"] <= cut
    pd.testing.assert_frame_equal(
        told.loc[early, names], again.loc[early, names], check_dtype=False
    )
    assert (told.loc[~early, names] != again.loc[~early, names]).any(axis=None)


def test_few_errors_fall_back_to_one_width_and_too_few_are_refused():
    table, _ = noisy_sales(150, 50)
    told, state, _ = made(table)
    assert state["method"] == "split" and not state["models"]
    assert told["pred_high_90"].notna().all()
    with pytest.raises(RemlError, match="15 out-of-fold errors are too few for 90%"):
        made(noisy_sales(15, 25)[0])


def test_undated_sales_share_the_scores_of_the_past(plain):
    table, _ = plain
    table = table.assign(as_of=pd.NaT, close_date=pd.NaT).astype(
        {"as_of": "datetime64[us]", "close_date": "datetime64[us]"}
    )
    told, state, _ = made(table)
    assert state["half_life"] is None
    assert abs(inside(told).mean() - 0.9) < 0.03


def test_reasons_name_what_is_wrong_and_by_how_much():
    learnt = pd.DataFrame({"living_area": [500.0, 4000.0], "latitude": [47.0, 48.0]})
    spec = AbstentionSettings(
        minimum_comparables=5, maximum_distance=4, maximum_width=1,
        beyond={"living_area": 0, "latitude": 0.5, "missing": 1},
    )  # fmt: skip
    homes = pd.DataFrame(
        {
            "living_area": [4001.0, 4000, np.nan, 499], "latitude": [48.5, 46.4, 47, 47],
            "comp_count": [5, 4, 12, np.nan], "comp_distance": [4.0, np.nan, 4.1, 1],
        }
    )  # fmt: skip
    width = np.array([1.0, 0.5, 0.2, 1.5])
    got = abstention_reasons(homes, width, training_ranges(learnt, spec), True, spec).tolist()
    assert got == [
        "living_area 4001 lies above the 4000 of all past sales",
        "4 comparables, under 5; latitude 46.4 lies below the 47 of all past sales",
        "comparables 4.1 unlike, over 4",
        "0 comparables, under 5; living_area 499 lies below the 500 of all past sales; "
        "interval 150% of the value wide, over 100%",
    ]
    assert [reason_kind(one) for text in got for one in text.split("; ")] == [
        "living_area beyond all past sales",
        "too few comparables", "latitude beyond all past sales",
        "comparables too unlike", "too few comparables", "living_area beyond all past sales",
        "interval too wide",
    ]  # fmt: skip
    blind = abstention_reasons(homes, width, {}, False, spec).tolist()
    assert blind == [None, None, None, "interval 150% of the value wide, over 100%"]
