"""Small and odd feeds through the whole spine: a report, or one line that says what is missing.

Never a traceback, a missing valuation or an infinity."""

import json
import shutil

import pandas as pd
import pytest
import yaml

from lib.models.variants.training import training_table
from tests.support import finished_runs, stage_runner
from tests.support.exports import HOUSES
from tests.support.photos import zipped
from tests.support.small_feed import FEW, blank, feed, lay

WORKS = {
    "one ZIP": lambda table: table.assign(zip="98101"),
    "a constant price": lambda table: table.assign(
        price=table["price"].where(table["price"].isna(), 300000)
    ),
    "no sizes, rooms or years": blank("sqft", "beds", "built"),
    "no coordinates": blank("lat", "lon"),
    "no ZIPs": blank("zip"),
    "no places at all": blank("zip", "lat", "lon"),
    "no list prices": blank("asked"),
    "one home in each ZIP": lambda table: table.assign(zip=[str(10000 + i) for i in table.index]),
    "no listing on the market": lambda table: table[table["status"] == "Closed"],
    "all homes alike": lambda table: table.assign(sqft=1500, beds=3, lat=47.5, lon=-122.3),
}  # fmt: skip


# what others hold as well: `make fuzz`, `make test-all`
MORE = dict.fromkeys(
    ("one ZIP", "a constant price", "no ZIPs", "no coordinates", "no list prices"), pytest.mark.fuzz
) | dict.fromkeys(
    ("one home in each ZIP", "all homes alike", "no places at all", "no sizes, rooms or years"),
    pytest.mark.rest,
)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[MORE[one]] if one in MORE else []) for one in WORKS]
)
def test_a_small_feed_ends_in_a_report(name, tmp_path):
    lay(tmp_path, WORKS[name](feed()))
    assert stage_runner.run(tmp_path) == ""
    assert_reported(tmp_path)


def test_the_plain_feed_ends_in_a_report(plain):
    assert_reported(plain)


def test_a_feed_of_nothing_but_prices_and_dates_ends_in_a_report(bare):
    assert_reported(bare)


def assert_reported(folder):
    stage_runner.assert_sane(folder)
    page = (folder / "data/report/index.html").read_text()
    assert "Half of the" in page and "No rental valuations: rental listings: no closed rows" in page


def test_open_listings_are_not_valued_on_a_day_whose_future_the_model_knows(plain, tmp_path):
    tmp_path = finished_runs.copied(plain, tmp_path / "copy")
    shutil.rmtree(tmp_path / "data/predict")
    path = tmp_path / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["base"]["as_of"] = "2023-06-01"
    path.write_text(yaml.safe_dump(params))
    until = ("staging", "normalize", "screen", "features", "split", "predict")
    told = stage_runner.run(tmp_path, until)
    assert told.startswith(
        "predict: error: params.yaml, `as_of` of base: 2023-06-01: the model has"
    )
    assert "would know its future" in told
    assert not (tmp_path / "data/predict/valuations.csv").exists()


@pytest.mark.parametrize("listed", [True, False])
def test_aware_figures_stand_beside_the_blind_ones_and_never_win(listed, plain, bare):
    """Of a feed without list prices there are none."""
    folder = plain if listed else bare
    page = (folder / "data/report/index.html").read_text()
    scores = stage_runner.metrics(folder, "evaluate")["variants"]
    reason = "sale_aware was not trained: no sale of the past has a list price."
    assert (reason in page) != listed and ("sale_aware sees the list price" in page) == listed
    if not listed:
        assert "sale_aware" not in scores
        return
    assert {name: one["view"] for name, one in scores.items()} == {
        "sale_aware": "aware", "sale_blend": "blind", "sale_district": "blind",
        "sale_kriged": "blind", "sale_lightgbm": "blind", "sale_linear": "blind",
    }  # fmt: skip
    error = {name: one["accuracy"]["mdape"]["value"] for name, one in scores.items()}
    assert error["sale_aware"] == min(error.values())  # list prices are nearly the answer here
    row = page[page.index("<td>MdAPE</td>") :].split("</tr>")[0].split("<td>")[2:]
    assert 'class="best"' not in row[-1] and sum('class="best"' in cell for cell in row) == 1
    assert page.index("<th>sale_blend</th>") < page.index("<th>sale_aware</th>")
    # what values homes has not seen them: another list price, the same value
    saved = json.loads((folder / "data/blend/sale_blend/model.json").read_text())
    assert "own_log_list_price" not in json.dumps(saved)


STOPS = {
    "fifty sales in one month": (lambda t: feed(50, 28), "too few for 4 folds after 100 closed"),
    "no closed sale": (lambda t: t[t["status"] == "Active"], "no closed rows with a price"),
    "one sale": (lambda t: t.iloc[[0, -1]], "too few"),
    "two sales": (lambda t: t.iloc[[0, 1, -1]], "too few"),
    "nothing but prices missing": (lambda t: t.assign(price=None), "no closed rows with a price"),
    "dates that cannot be read": (
        lambda t: t.assign(closed=t["closed"].str.replace("-", "/")), "date",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STOPS)
def test_a_feed_too_small_stops_in_one_line(name, tmp_path):
    change, said = STOPS[name]
    lay(tmp_path, change(feed()), split={}, base={"as_of": "2025-01-01"})
    line = stage_runner.run(tmp_path)
    assert line.startswith("split: error: ") and said in line
    assert line.count("\n") == 0


def test_fifty_sales_of_one_month_work_once_the_split_is_told_so(tmp_path):
    lay(tmp_path, feed(50, 28), split={"minimum_train": 10, "folds": 2})
    assert stage_runner.run(tmp_path) == ""
    stage_runner.assert_sane(tmp_path)


def test_a_domain_that_is_too_small_is_left_out_with_its_reason(tmp_path):
    table = feed()
    table.loc[table.index[::9], "lease"] = "y"
    lay(tmp_path, table)
    assert stage_runner.run(tmp_path) == ""
    stage_runner.assert_sane(tmp_path)
    page = (tmp_path / "data/report/index.html").read_text()
    assert "No rental valuations: rental listings, split.boundary" in page and "too few" in page


def test_a_feed_without_dates_is_tested_by_groups_of_homes(undated):
    """Half of the homes are listed twice; no model may look at sales of other homes."""
    stage_runner.assert_sane(undated)
    split = stage_runner.metrics(undated, "split")["sale"]
    assert split["grouped"] == "no sale has a close date"
    assert split["purged"] == split["test_homes_sold_before"] == 0
    assert split["train"] + split["test"] == 160 and 32 <= split["test"] <= 34
    for path in (undated / "data/train").glob("sale_*/model.json"):
        saved = json.loads(path.read_text())
        assert saved["level"] is None and "living_area" in saved["inputs"]
        assert not [name for name in saved["inputs"] if name.startswith(training_table.OF_OTHERS)]
    page = (undated / "data/report/index.html").read_text()
    assert "of homes held out by groups (no sale has a close date)" in page
    valued = pd.read_csv(undated / "data/predict/valuations.csv")
    assert len(valued) == 5 and valued["comp_1_listing_key"].isna().all()


def test_without_dates_a_date_to_value_on_must_be_given(tmp_path):
    lay(tmp_path, feed().drop(columns="closed"))
    assert "set as_of in params.yaml" in stage_runner.run(tmp_path)


def test_without_dates_no_date_can_part_the_sales(tmp_path):
    split = FEW | {"boundary": "2024-01-01"}
    lay(tmp_path, feed().drop(columns="closed"), split=split, base={"as_of": "2025-01-01"})
    line = stage_runner.run(tmp_path)
    assert line.startswith("split: error: ") and "choose a fraction" in line


def test_a_feed_whose_sales_all_closed_on_one_day_is_tested_by_groups(tmp_path):
    table = feed()
    table["closed"] = table["closed"].where(table["closed"].isna(), "2024-05-06")
    lay(tmp_path, table, base={"as_of": "2024-06-01"})
    assert stage_runner.run(tmp_path) == ""
    stage_runner.assert_sane(tmp_path)
    split = stage_runner.metrics(tmp_path, "split")["sale"]
    assert split["grouped"] == "all sales closed on 2024-05-06"
    assert "held out by groups" in (tmp_path / "data/report/index.html").read_text()


@pytest.mark.rest
@pytest.mark.real
def test_the_real_houses_without_dates_end_in_a_report(real_data, tmp_path):
    """160 houses and their photos; those that share one lie on one side of the split."""
    lines = (real_data / "houses/HousesInfo.txt").read_text().split("\n")
    rows = [",".join([str(n), *line.split()]) for n, line in enumerate(lines, 1) if line.strip()]
    table = "\n".join(["house,bedrooms,bathrooms,area_sqft,zip,price", *rows])
    pictures = [
        (f"{path.name.split('_')[0]}/{path.name}", path.read_bytes())
        for path in sorted((real_data / "houses").glob("*.jpg"))
    ]
    shared = [(f"{house}/again.jpg", pictures[0][1]) for house in (20, 40, 60, 80, 100, 120)]
    files = {"houses.csv": table.encode(), "sale/images/all.zip": zipped(pictures + shared)}
    stage_runner.lay(
        tmp_path, HOUSES, files, base={"as_of": "2016-01-01"}, split={"minimum_train": 50}
    )
    assert stage_runner.run(tmp_path) == ""
    stage_runner.assert_sane(tmp_path)
    split = stage_runner.metrics(tmp_path, "split")["sale"]
    assert split["train"] + split["test"] == 160 and split["test"] >= 32
    roles = pd.read_parquet(tmp_path / "data/split/sale.parquet").set_index("listing_key")
    alike = roles.loc[[pictures[0][0].split("/")[0], "20", "40", "60", "80", "100", "120"]]
    assert len(alike.drop_duplicates()) == 1
    scores = stage_runner.metrics(tmp_path, "evaluate")["variants"]["sale_blend"]["accuracy"]
    assert 0 < scores["mdape"]["value"] < 1
    # so few sales bound no price well: valuations are given and scored, and none is stood by
    assert scores["hit_rate"]["value"] == 0
