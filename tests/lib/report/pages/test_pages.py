"""Pages on accuracy and ratio study: findings follow the figures, pictures are the same bytes."""

import re

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics import slices
from lib.evaluation.scoring import score, strata, verdicts, worst_errors
from lib.report.pages import accuracy, ratio_study, site
from lib.report.plots import errors
from tests.support.scored_sales import SETTINGS, scored_sales

RANGES = {name: list(ends) for name, ends in verdicts.acceptable_ranges((5.0, 15.0)).items()}


def homes(n=240):
    rng = np.random.default_rng(1)
    return scored_sales(n).assign(
        latitude=47 + rng.normal(0, 0.1, n), longitude=-122 + rng.normal(0, 0.1, n), domain="sale"
    )


def contexts(test):
    """Both pages' contexts for one variant, by the functions that `evaluate` and `report` call."""
    scored = score.score_sales(test, SETTINGS, 1)
    scored |= {"domain": "sale", "view": "blind", "screened": score.score_sales(test, SETTINGS, 1)}
    evaluated = score.round_nested({"acceptable": RANGES, "variants": {"sale_x": scored}}, 6)
    tables = {
        "predictions": test,
        "slices": slices.score_slices(test, score.interval_coverages(test), 20, 1),
        "calibration": strata.calibration_by_decile(test, 20, 1),
        "worst": worst_errors.find_worst_errors(test, test.head(0), {}, 12),
    }
    tables = {name: part.assign(variant="sale_x") for name, part in tables.items()}
    ratios = strata.ratio_study_by_stratum(test, SETTINGS, 1).assign(variant="sale_x")
    return {
        "accuracy": accuracy.accuracy_context({"sale": "sale_x"}, evaluated, tables),
        "ratio_study": ratio_study.ratio_study_context(
            {"sale": "sale_x"}, evaluated, tables["predictions"], ratios
        ),
    }


def pages(test):
    source = {"title": "A feed", "currency": "USD", "synthetic": True}
    shared = {"feed": "small", "source": source, "as_of": "2025-05-05"}
    return site.render_pages(contexts(test), shared)


@pytest.fixture(scope="module")
def plain():
    """The contexts of 240 homes."""
    return contexts(homes())


@pytest.mark.parametrize("n", [1, 25, 240])
def test_tests_of_any_size_have_pages_in_the_same_bytes_twice(n):
    made = pages(homes(n))
    assert list(made) == ["accuracy", "ratio_study"]
    assert made == pages(homes(n))
    for html in made.values():
        words = re.sub(r"<svg.*?</svg>", "", html, flags=re.S)
        assert not re.search(r"\bnan\b|None|http", words)
    assert "Half of the" in made["accuracy"] and f"all {n} sales" in made["ratio_study"]


def test_homes_without_places_have_no_map(plain):
    with_map, without = (
        found["accuracy"]["domains"][0]["plots"]
        for found in (plain, contexts(homes().assign(latitude=np.nan)))
    )
    assert len(with_map) == len(without) + 1


def test_the_headline_tells_of_abstentions(plain):
    test = homes()
    test["pred_abstention"] = np.where(np.arange(240) < 60, "too wide", None)
    said = contexts(test)["accuracy"]["domains"][0]["headline"]
    assert "75.0 % of the valuations are stood by" in said
    assert "Every valuation is stood by." in plain["accuracy"]["domains"][0]["headline"]


def rows(**columns):
    return pd.DataFrame({"slice": list("abc"), "thin": False} | columns)


def test_slices_are_called_apart_only_where_their_intervals_do_not_meet():
    part = rows(mdape=[0.05, 0.07, 0.2], mdape_low=[0.04, 0.05, 0.1], mdape_high=[0.06, 0.09, 0.3])
    assert accuracy.spread_finding(part).endswith("20.0 % (c); their intervals do not meet.")
    assert "chance may have" in accuracy.spread_finding(part.assign(mdape_low=[0.04, 0.05, 0.055]))
    assert "7.0 % (b)" in accuracy.spread_finding(part.assign(thin=[False, False, True]))
    assert accuracy.spread_finding(part.assign(thin=True)).startswith("Every slice is thin")


def test_slices_are_read_from_new_to_old_and_the_unknown_last():
    given = pd.DataFrame({"slice": ["none", "60 years or more", "1-4 years", "15-29 years", "new"]})
    assert accuracy.order_slices(given)["slice"].tolist() == [
        "new", "1-4 years", "15-29 years", "60 years or more", "none",
    ]  # fmt: skip


def test_calibration_speaks_of_tenths_whose_interval_leaves_out_one():
    tenths = pd.DataFrame(
        {
            "decile": [1, 2, 3], "price_to_estimate": [1.0, 1.1, 0.8], "low": [0.9, 1.05, 0.7],
            "high": [1.1, 1.2, 0.9], "thin": False,
        }
    )  # fmt: skip
    said = accuracy.calibration_finding(tenths)
    assert said.startswith("In 2 of 3 tenths") and "tenth 3" in said and "80.0 %" in said
    assert accuracy.calibration_finding(tenths.head(1)).startswith("In none of 1 tenths")
    assert "Every tenth is thin" in accuracy.calibration_finding(tenths.assign(thin=True))


def test_neighbours_that_err_alike_are_said_to():
    test = homes()
    alike = test.assign(pred_close_price=test["close_price"] * (1 + test["latitude"] - 47))
    assert "hardly move together" in accuracy.map_finding(test)
    assert "neighbours move together" in accuracy.map_finding(alike)


def test_the_headline_of_the_ratio_study_names_each_verdict():
    study = {name: {"verdict": "within"} for name in RANGES}
    study["cod"]["verdict"], study["vei"]["verdict"] = "outside", "inconclusive"
    assert ratio_study.ratio_headline(study) == (
        "Surely within the acceptable range: median ratio, PRD, PRB, MKI; surely outside it: COD; "
        "neither surely: VEI."
    )


def test_strata_outside_are_named_and_thin_ones_are_not_judged():
    part = pd.DataFrame(
        {
            "stratum": list("aabbcc"), "statistic": ["median_ratio", "cod"] * 3,
            "verdict": ["within", "outside", "outside", "inconclusive", "outside", "outside"],
            "thin": [False] * 4 + [True] * 2,
        }
    )  # fmt: skip
    assert ratio_study.stratum_finding(part) == (
        "Of 2 strata with 30 sales or more: median ratio surely within in 1, surely outside in 1 "
        "(b); COD surely within in 0, surely outside in 1 (a). 1 more are thin."
    )


def test_a_forest_of_many_strata_keeps_those_with_the_most_sales():
    count = errors.MOST_STRATA + 5
    part = pd.DataFrame(
        {
            "kind": "ZIP", "stratum": [f"z{i}" for i in range(count)] * 2, "trimmed": "untrimmed",
            "sales": list(range(30, 30 + count)) * 2, "value": 1.0, "low": 0.9, "high": 1.1,
            "statistic": ["median_ratio"] * count + ["cod"] * count, "thin": False,
        }
    )  # fmt: skip
    level, _ = ratio_study.forest_plots(part, RANGES)
    assert "The 5 with the fewest sales are left out" in level[2]
    assert "z44 (74)" in level[1] and "z4 (34)" not in level[1]
