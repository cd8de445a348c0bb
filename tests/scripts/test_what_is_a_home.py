"""A feed with lots among its houses: lots are counted, told apart, and no figure rests on them."""

import json

import numpy as np
import pandas as pd
import pytest

from scripts.valuation import predict
from tests.support import small_feed, stage_runner

CONTRACT = small_feed.CONTRACT.replace(
    "  postal_code:", "  property_type: {aliases: [kind]}\n  postal_code:"
)
STAGES = ("staging", "normalize", "screen", "features")


def mixed(lots=24, open_lots=2, word="Lots"):
    """The small feed with kinds of home, and lots in its streets that sold for less."""
    homes = small_feed.feed()
    homes["kind"] = np.where(homes.index % 3 == 0, "Townhouse/Condo", "Single-Family")
    land = homes.iloc[[*range(0, 4 * lots, 4), *range(160, 160 + open_lots)]].copy()
    land = land.assign(kind=word, id="L" + land["id"], beds=0, built="", sqft=0)
    land["price"] = (land["price"] / 5).round()
    return homes, pd.concat([homes, land], ignore_index=True)


def lay(folder, table, contract=CONTRACT):
    files = {"sales.csv": table.to_csv(index=False).encode()}
    return stage_runner.lay(folder, contract, files, split=small_feed.FEW)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """(the feed with lots, the same feed without them), both up to the features."""
    base = tmp_path_factory.mktemp("kinds")
    homes, every = mixed()
    both = [lay(base / name, table) for name, table in (("mixed", every), ("homes", homes))]
    for folder in both:
        assert stage_runner.run(folder, STAGES) == ""
    return both


def test_lots_are_no_evidence_are_not_valued_and_are_counted(runs, monkeypatch):
    folder, _ = runs
    counts = stage_runner.metrics(folder, "normalize")["domains"]["sale"]
    assert counts["property_classes"] == {"land": 26, "residential": 165}
    assert counts["rows"] == 191 and counts["valued_classes"] == ["residential"]
    screened = stage_runner.metrics(folder, "screen")["domains"]["sale"]
    assert screened["codes"]["not_valued_class"] == {"severity": "exclude", "sales": 24}
    assert screened["closed"] == 184
    monkeypatch.chdir(folder)
    apart = predict.read_not_valued()
    assert apart["listing_key"].to_list() == ["Lk0160", "Lk0161"]
    assert set(apart["reason"]) == {"land, and the feed values residential alone"}


def test_everything_made_of_homes_is_what_it_is_without_the_lots(runs):
    """Flags, verdicts and features of the homes, byte by byte."""
    tables = []
    for folder in runs:
        verdicts = pd.read_parquet(folder / "data/screen/sale.parquet")
        verdicts = verdicts[~verdicts["listing_key"].str.startswith("L")].reset_index(drop=True)
        features = pd.read_parquet(folder / "data/features/sale.parquet")
        near = pd.read_parquet(folder / "data/features/sale_comparables.parquet")
        tables.append((verdicts, features, near))
    for one, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_the_type_is_an_input_and_makes_segments_where_there_is_no_sub_type(runs):
    features = pd.read_parquet(runs[0] / "data/features/sale.parquet")
    assert set(features["property_type"]) == {"Townhouse/Condo", "Single-Family"}
    assert features["mkt_segment_sales_365d"].lt(features["mkt_zip_sales_365d"]).any()
    kinds = json.loads((runs[0] / "data/features/spec.json").read_text())["kinds"]
    assert kinds["property_type"] == "category"


def test_a_word_that_nobody_explained_stops_the_run_and_the_line_it_names_mends_it(tmp_path):
    folder = lay(tmp_path, mixed(word="Kavel")[1])
    line = stage_runner.run(folder, STAGES[:2])
    assert "property_type 'Kavel' (26 rows); first in sales.csv, data row 166" in line
    assert "contract.yaml" in line and "`property_classes: {'Kavel': residential}`" in line
    mend = "property_classes: {kavel: land}\nvalued_classes: [residential, land]\n"
    (folder / "configs/feeds/small/contract.yaml").write_text(CONTRACT + mend)
    assert stage_runner.run(folder, STAGES[1:3]) == ""
    counts = stage_runner.metrics(folder, "normalize")["domains"]["sale"]
    assert counts["property_classes"] == {"land": 26, "residential": 165}
    screened = stage_runner.metrics(folder, "screen")["domains"]["sale"]["codes"]
    assert "not_valued_class" not in screened


def test_without_types_a_row_that_states_nothing_of_a_home_stands_apart(tmp_path):
    folder = lay(tmp_path, mixed()[1].drop(columns="kind"), small_feed.CONTRACT)
    assert stage_runner.run(folder, STAGES[:3]) == ""
    counts = stage_runner.metrics(folder, "normalize")
    assert counts["domains"]["sale"]["property_classes"] == {"unknown": 26, "unstated": 165}
    noted = "property_class: no type is stated, nor anything of a home; it may be land"
    assert counts["cells_noted"][noted] == 26
    screened = stage_runner.metrics(folder, "screen")["domains"]["sale"]
    assert screened["codes"]["unknown_class"]["sales"] == 24
