"""The page of the explanation: steps multiply to the value, and no look is missed."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.explanation import narrative
from lib.evaluation.feature_groups import GROUPS
from lib.report.pages import explanation, site

AT = np.linspace(0, 10, 11)
CURVE = pd.DataFrame(
    {
        "input": "own_age",
        "at": AT,
        "ale": 0.1 * AT,
        "low": 0.1 * AT - 0.01,
        "high": 0.1 * AT + 0.01,
        "pdp": 0.1 * AT,
    }
)
CONTRIBUTIONS = pd.DataFrame(
    [
        ("k1", "baseline", "baseline", None, np.log(300_000)),
        ("k1", "own_log_living_area", "size", "7.6009025", 0.2),
        ("k1", "living_area", "size", "2000.25", 0.1),
        ("k1", "comp_log_price", "market", f"{np.log(310_000):.8g}", -0.05),
        ("k1", "level", "level", None, 0.02),
    ],
    columns=["listing_key", "input", "group", "value", "log_contribution"],
).assign(domain="sale")
VALUED = pd.DataFrame(
    {
        "listing_key": ["k1", "k2"], "domain": ["sale", "sale"], "postal_code": ["123", "123"],
        "pred_close_price": [round(300_000 * np.exp(0.27)), 1.0], "unparsed_address": [None, "x"],
    }
)  # fmt: skip
NEAR = pd.DataFrame(
    {
        "listing_key": "k1", "domain": "sale", "rank": [1, 1, 2, 2],
        "comparable": ["a", "a", "b", "b"], "close_price": [1e5, 1e5, 2e5, 2e5],
        "close_date": pd.Timestamp("2024-05-01"), "adjusted_close_price": [110000.0] * 4,
        "group": ["size", "lot", "size", "lot"], "log_adjustment": [0.1, 0.0, -0.2, 0.0],
    }
)  # fmt: skip


def test_the_steps_of_a_home_lead_from_the_baseline_to_its_value():
    (home,) = explanation.explained_home_rows(VALUED, CONTRIBUTIONS, NEAR)
    steps = home["steps"]
    assert [step["title"] for step in steps] == [
        "Baseline", GROUPS["size"].title, GROUPS["market"].title, GROUPS["level"].title,
    ]  # fmt: skip
    assert steps[0]["value"] == "300,000" and steps[-1]["value"] == home["value"] == "392,989"
    assert steps[1]["percent"] == "+35.0 %" and steps[1]["by"] == "living_area 2,000 (+35.0 %)"
    assert steps[2]["by"] == "comp_log_price 310,000 (-4.9 %)"  # a log price is told as money
    assert home["near"]["rows"] == [{"title": "Size and rooms", "cells": ["+10.5 %", "-18.1 %"]}]
    assert [one["key"] for one in home["near"]["heads"]] == ["a", "b"]
    assert home["place"] == "123"


@pytest.mark.parametrize("near", [NEAR, NEAR.iloc[:0]])
def test_the_page_and_the_analysis_hold_every_look(near):
    sizes = pd.DataFrame(
        {"kind": ["group", "input"], "name": ["size", "living_area"], "group": "size",
         "importance": [0.1, 0.1]}
    )  # fmt: skip
    looks = narrative.effect_findings("sale", sizes, CURVE)
    assert [one["plot"] for one in looks] == [
        "sale_groups.svg", "sale_inputs.svg", "sale_effect_own_age.svg",
    ]  # fmt: skip
    looks += narrative.ablation_findings({"rental_x": {"skipped": "too few <sales>"}})
    looks = narrative.draw_pictures(looks)
    homes = explanation.explained_home_rows(VALUED, CONTRIBUTIONS, near)
    drawn = [one for one in looks if one["svg"]]
    shared = {"feed": "f", "source": {"title": "T", "currency": "USD", "synthetic": False},
              "as_of": "2024-06-01"}  # fmt: skip
    page = site.render_pages(
        {"explanation": explanation.explanation_context(looks, drawn, homes)}, shared
    )
    html = page["explanation"]
    assert html.count("<figure>") == 3 and "rental_x was not trained: too few &lt;sales&gt;" in html
    assert "392,989" in html and ("110,000" in html) == bool(len(near))
    text = narrative.analysis_markdown("f", True, looks, "../plots/explain")
    assert "synthetic" in text and text.count("![") == 3
    for one in looks:
        assert one["sentence"] in text
    empty = narrative.analysis_markdown("f", False, [], "x")
    assert "No domain has a model to explain." in empty
    bare = site.render_pages({"explanation": explanation.explanation_context([], [], [])}, shared)[
        "explanation"
    ]
    assert "No domain" in bare and "on the market" in bare
