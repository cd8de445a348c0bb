"""Rows of model cards: a feed's own words cannot break a table, figures come with intervals."""

import re

import pandas as pd
import pytest

from lib.evaluation.cards import facts, tables
from lib.evaluation.scoring import thresholds
from lib.report.wording import numbers, thresholds_text
from tests.support.dag import ROOT
from tests.support.saved_models import make_blend, make_variant

CARDS = ROOT / "docs/model_cards"
SPAN = {"value": 0.1, "low": 0.05, "high": 0.2}


def test_a_feeds_own_words_stay_in_their_cell():
    assert numbers.markdown_cell("9|1\n | x") == "9\\|1 \\| x"
    group = pd.Series(["a|b"] * 40)
    levels = thresholds.group_levels(pd.Series([1.0] * 40).to_numpy(), group, 0.05)
    slices = pd.DataFrame({"slice": ["c", "a|b"], "mdape": [0.5, 0.1], "coverage_90": [0.4, 0.92]})
    (row,) = tables.group_level_rows(levels, slices)
    assert row == ("a\\|b", "40", "10.0 %", "92.0 %", "1.000 (1.000 to 1.000)", "alike")
    (row,) = tables.group_level_rows(levels, slices[:1])
    assert row[2:4] == ("n/a", "n/a")


def test_groups_are_counted_by_what_can_be_said_of_them():
    none = thresholds.group_levels(pd.Series(dtype=float).to_numpy(), pd.Series(dtype=str), 0.05)
    assert tables.summarize_group_levels(none) == "0 alike, 0 differ, 0 cannot be told, 0 too thin"
    slices = pd.DataFrame({"slice": [], "mdape": [], "coverage_90": []})
    assert tables.group_level_rows(none, slices) == []


def test_a_ratio_study_is_told_with_its_verdicts_and_left_out_where_there_is_none():
    assert tables.ratio_rows({}) == []
    cod = {"value": 12.34, "low": 11.0, "high": 14.0, "verdict": "pass"}
    empty = {"value": None, "low": None, "high": None, "verdict": None}
    study = {"untrimmed": {"cod": cod, "prd": empty}, "trimmed": {"cod": cod | {"value": 9.0}}}
    assert tables.ratio_rows(study) == [
        ("COD", "12.3 (11.0 to 14.0)", "pass", "9.0 (11.0 to 14.0)"),
        ("PRD", "n/a", "not measured", "n/a"),
    ]


def test_inputs_are_counted_by_kind_and_those_of_a_blend_once():
    kinds = {"living_area": "own", "mkt_x": "market", "list_price": "key"}
    rows = tables.input_rows(["mkt_x", "living_area", "list_price", "what"], kinds)
    assert {kind: count for kind, count, _ in rows} == {
        "as-of market, from sales closed before": 1,
        "the home's own facts": 1,
        "the list price": 1,
        "other": 1,
    }
    members = {"a": make_variant(inputs=["x", "y"]), "b": make_variant(inputs=["y", "z"])}
    assert facts.visible_inputs(make_blend({"a": 0.5, "b": 0.5}, members)) == ["x", "y", "z"]
    assert facts.visible_inputs(make_variant(inputs=["x"])) == ["x"]


def test_inputs_that_no_member_looks_at_are_not_listed():
    shut = make_variant(inputs=["x", "mkt_a", "mkt_b"], params={"without": ["mkt_"]})
    opened = make_variant(inputs=["x", "mkt_a", "mkt_b"], params={"without": ["mkt_b"]})
    halves = {"a": 0.5, "b": 0.5}
    assert facts.visible_inputs(shut) == ["x"]
    assert facts.visible_inputs(make_blend(halves, {"a": shut, "b": opened})) == ["x", "mkt_a"]


def test_the_gain_is_taken_on_the_sales_that_both_value():
    price = [100.0] * 50
    keys = [f"k{i}" for i in range(50)]
    mine = pd.DataFrame(
        {
            "listing_key": keys,
            "property_key": keys,
            "close_price": price,
            "pred_close_price": 105.0,
        }
    )
    theirs = pd.DataFrame({"listing_key": keys[::-1], "pred_close_price": 110.0})
    theirs.loc[0, "pred_close_price"] = None
    found = facts.mdape_gap_to_baseline(mine, theirs, 20, 1)
    assert found == pytest.approx({"value": -0.05, "low": -0.05, "high": -0.05})
    assert facts.mdape_gap_to_baseline(mine, None, 20, 1) is None


def test_a_period_without_dates_is_empty():
    assert facts.date_span(pd.Series(pd.to_datetime([None, None])))["first"] == ""
    days = pd.Series(pd.to_datetime(["2024-01-03", None, "2024-01-01"]))
    assert facts.date_span(days) == {"first": "2024-01-01", "last": "2024-01-03", "days": 3}


def test_the_use_says_what_a_variant_is_there_for():
    assert "values no home and joins no blend" in thresholds_text.intended_use_sentence(
        "sale", "aware", False, False
    )
    assert "on the market" in thresholds_text.intended_use_sentence("sale", "blind", True, False)
    assert "only that the pipeline works" in thresholds_text.intended_use_sentence(
        "rental", "blind", True, True
    )


def test_limits_are_told_once_each():
    test = {"grouped": "", "first": "2024-01-01", "last": "2024-01-31", "days": 31}
    said = thresholds_text.limitation_sentences(test, ["No remarks."], 10, 2)
    assert said[0] == "No remarks." and "31 days" in said[1] and said[-1].startswith("2 of the 10")
    grouped = thresholds_text.limitation_sentences(test | {"grouped": "no dates"}, [], 10, 0)
    assert len(grouped) == 1


def test_a_kind_of_slice_is_told_by_its_ends_and_thin_slices_are_no_ends():
    slices = pd.DataFrame(
        {
            "kind": ["ZIP"] * 4 + ["age"],
            "slice": ["1|2", "3", "4", "5", "new"],
            "thin": [False, False, True, False, True],
            "mdape": [0.1, 0.08, 0.01, 0.2, 0.3],
        }
    )
    assert tables.slice_kind_rows(slices) == [
        ("ZIP", "4, 1 thin", "8.0 % (3)", "20.0 % (5)"),
        ("age", "1, 1 thin", "n/a", "n/a"),
    ]
    ends = tables.slice_kind_rows(slices.assign(mdape=0.1))[0][2:]
    assert ends == ("10.0 % (1\\|2)", "10.0 % (5)")  # equal ones by name


def test_valuations_abstained_from_have_a_column_of_their_own_where_there_are_any():
    score = {"accuracy": {name: SPAN for name in tables.DIRECTIONS}}
    score["screened"] = {"accuracy": score["accuracy"]}
    score["answered"] = {"mdape": SPAN}
    rows = {row[0]: row for row in tables.metric_rows(score)}
    assert len(rows["MdAPE"]) == 4 and rows["MAPE"][3] == "n/a" != rows["MdAPE"][3]
    score["accuracy"] = score["accuracy"] | {"hit_rate": {"value": 1.0, "low": 1.0, "high": 1.0}}
    assert {len(row) for row in tables.metric_rows(score)} == {3}


def test_columns_of_the_feeds_own_are_left_to_somebody_who_knows_them():
    assert thresholds_text.input_cautions(["living_area"]) == ""
    told = thresholds_text.input_cautions(["living_area", "local_income"])
    assert "(`local_income`) have to be judged" in told


def test_the_index_counts_what_is_not_measured():
    score = {"accuracy": {"mdape": SPAN}}
    checks = {"a": {"verdict": "pass"}, "b": {"verdict": "not measured"}}
    row = tables.card_index_row("v", score, checks, False)
    assert row["verdicts"] == "1 pass, 1 not measured"


def test_what_a_card_refers_to_is_there():
    text = (ROOT / "lib/evaluation/cards/card.md").read_text()
    targets = re.findall(r"\]\((\.\./[^)#{]+)", text)
    assert targets
    for target in targets:
        assert (CARDS / target).exists(), target
