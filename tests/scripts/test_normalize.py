"""The `normalize` stage as it is run: what the demo feed planted, and King County's faults."""

import datetime as dt
import json
import shutil

import pandas as pd
import pytest
import yaml

from lib import demo
from lib.listings.contract import contract
from lib.listings.normalize import corrections, normalize
from tests.support import stage_runner
from tests.support.dag import ROOT

MADE = demo.generate_feed(11, 300, 60, 40, dt.date(2022, 1, 1), 1, 3, photos=False)


def run_stages(folder, feed, *names):
    """Run stages of this code on a folder's own data."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["base"]["feed"] = feed
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    for stage in names:
        done = stage_runner.stage(folder, stage)
        if done.exit_code:
            return done.stderr
    return ""


def outs(folder):
    return {
        path.stem: pd.read_parquet(path) for path in (folder / "data/normalize").glob("*.parquet")
    }


def with_raw(folder, feed, files):
    for name, content in files.items():
        path = folder / "data/raw" / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copytree(ROOT / "configs", folder / "configs")
    return folder


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory):
    exports = {name: content for name, content in MADE.files.items() if name.endswith(".csv")}
    folder = with_raw(tmp_path_factory.mktemp("demo"), "demo", exports)
    assert run_stages(folder, "demo", "staging", "normalize") == ""
    return folder


def listings(tables):
    """Both domains in one table, with what the truth says of each listing."""
    both = pd.concat([tables["sale"], tables["rental"]])
    truth = pd.DataFrame(MADE.truth["listings"]).set_index("matrix_unique_id")
    return both.join(truth[["home", "kind"]], on="listing_key")


def test_listings_of_one_home_share_a_key_and_others_do_not(demo_run):
    table = listings(outs(demo_run))
    assert (table.groupby("home")["property_key"].nunique() == 1).all()
    assert (table.groupby("property_key")["home"].nunique() == 1).all()
    assert table["home"].duplicated().sum() > 20


def test_homes_are_told_by_their_address_alone_too(demo_run):
    staged = pd.read_parquet(demo_run / "data/staging/listings.parquet")
    bare = contract.read_contract("demo").model_copy(update={"property_key": []})
    table = normalize.normalize(staged, bare, None)[0].set_index("listing_key")
    truth = pd.DataFrame(MADE.truth["listings"]).set_index("matrix_unique_id")
    table = table.join(truth["home"])
    assert table["property_key"].str.startswith("address:").all()
    assert (table.groupby("home")["property_key"].nunique() == 1).all()
    assert table["property_key"].nunique() >= table["home"].nunique() - 3
    # two invented homes may have been given one address, as far as it goes
    street = ["street_number", "street_name", "unit_number", "postal_code"]
    same = table.groupby(street, dropna=False)["property_key"].nunique()
    assert (same == 1).all()


def test_every_planted_fault_of_a_value_is_found_at_its_cell(demo_run):
    issues = outs(demo_run)["normalize_issues"]
    found = set(zip(issues["listing_key"], issues["column"], strict=True))
    columns = {
        "zero_square_feet": "living_area", "year_built_zero": "year_built",
        "year_built_future": "year_built", "acres_hold_square_feet": "lot_size_square_feet",
        "unparseable_pending_date": "purchase_contract_date",
    }  # fmt: skip
    table = listings(outs(demo_run)).set_index("listing_key")
    planted = [fault for fault in MADE.truth["faults"] if fault["kind"] in columns]
    assert {fault["kind"] for fault in planted} == set(columns)
    for fault in planted:
        cell = fault["matrix_unique_id"], columns[fault["kind"]]
        # a lot of an acre and more, written in square feet, is under the largest lot
        assert cell in found or fault["kind"] == "acres_hold_square_feet", fault
        if fault["kind"] != "acres_hold_square_feet":
            assert pd.isna(table.loc[cell]), fault
    for fault in MADE.truth["faults"]:
        if fault["kind"].startswith("postal_"):
            assert table.loc[fault["matrix_unique_id"], "postal_code"] == fault["right"]
        if fault["kind"] == "postal_plus_four":
            plus4 = table.loc[fault["matrix_unique_id"], "postal_code_plus4"]
            assert plus4 == fault["written"][-4:]


def test_listings_in_vain_are_the_relists_of_those_that_came_after(demo_run):
    table = listings(outs(demo_run))
    vain = table[table["kind"] == "failed"]
    assert len(vain) > 5
    assert int((table["hist_relists"] > 0).sum()) == len(vain)
    again = table[table["hist_relists"] > 0]
    assert set(again["home"]) == set(vain["home"])
    alone = (again["as_of"] - again["listing_contract_date"]).dt.days
    assert (again["hist_cumulative_days_on_market"] > alone).all()


def test_duplicates_by_rule_are_those_planted(demo_run):
    """Exact copies by the truth file; every other state of a listing is an older version, once in
    the superseded listings."""
    aside = pd.read_csv(demo_run / "data/staging/duplicates.csv", dtype={"listing_key": "str"})
    rule = aside["_reason"].value_counts().to_dict()
    older = pd.read_parquet(demo_run / "data/staging/superseded_listings.parquet")
    newest = pd.read_parquet(demo_run / "data/staging/listings.parquet")
    seen, copies = set(), 0
    rows = {}
    for name, content in MADE.files.items():
        if name.endswith(".csv"):
            delimiter = ";" if "mixed" in name else ","
            text = content.decode("cp1252" if "2022" in name and "sales" in name else "utf-8-sig")
            frame = pd.read_csv(
                pd.io.common.StringIO(text), sep=delimiter, dtype="str", keep_default_na=False,
                on_bad_lines="skip",
            )  # fmt: skip
            for cells in frame.itertuples(index=False):
                rows.setdefault(cells[0], []).append(tuple(cells))
    kept = set(newest["listing_key"])
    for key, states in rows.items():
        if key in kept:
            distinct = set(states)
            seen |= distinct
            copies += len(states) - len(distinct)
    assert len(older) + len(newest) == len(seen)
    assert not older.duplicated(["listing_key", "domain", "_row_sha256"]).any()
    newest_copies = rule.get("exact copy of the row kept", 0)
    older_copies = rule["older version of the listing"] - len(older)
    assert newest_copies + older_copies == copies


def test_rows_in_are_rows_out_and_the_history_is_of_all_states(demo_run):
    tables = outs(demo_run)
    metrics = json.loads((demo_run / "metrics/normalize.json").read_text())
    staged = pd.read_parquet(demo_run / "data/staging/listings.parquet")
    assert metrics["rows_in"] == len(staged) == len(tables["sale"]) + len(tables["rental"])
    assert len(tables["repeated_sales"]) == metrics["sales_exported_twice"] == 0
    seen = tables["list_price_history"]
    assert set(seen["listing_key"]) == set(staged["listing_key"])
    assert metrics["source_units"]["_source_lot_size_unit"].keys() == {"acres"}


def test_twice_the_same_bytes(demo_run):
    folder = demo_run / "data/normalize"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run_stages(demo_run, "demo", "normalize") == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_sale_that_was_exported_under_two_keys_is_kept_aside(tmp_path, demo_run):
    raw = demo_run / "data/raw/demo/exports/sales_2022.csv"
    lines = raw.read_bytes().decode("cp1252").splitlines(keepends=True)
    sold = next(line for line in lines if ",Sold," in line)
    again = sold.replace(sold.split(",")[0], "999", 1)
    files = {"exports/a.csv": "".join([lines[0], sold, again]).encode("cp1252")}
    folder = with_raw(tmp_path, "demo", files)
    assert run_stages(folder, "demo", "staging", "normalize") == ""
    tables = outs(folder)
    aside = tables["repeated_sales"]
    assert len(tables["sale"]) == len(aside) == 1
    assert aside["_kept_listing_key"].tolist() == tables["sale"]["listing_key"].tolist()


def test_a_correction_that_the_source_has_overtaken_stops_the_stage(tmp_path, demo_run):
    exports = {name: content for name, content in MADE.files.items() if name.endswith(".csv")}
    folder = with_raw(tmp_path, "demo", exports)
    sale = pd.read_parquet(demo_run / "data/staging/listings.parquet").iloc[-1]
    entry = {
        "listing_key": sale["listing_key"], "domain": sale["domain"], "column": "bedrooms_total",
        "expected": sale["bedrooms_total"], "corrected": "7", "reason": "seen", "source": "me",
        "date": "2024-01-01",
    }  # fmt: skip
    path = folder / "configs/feeds/demo/corrections.yml"
    path.write_text(yaml.safe_dump({"corrections": [entry]}))
    assert run_stages(folder, "demo", "staging", "normalize") == ""
    tables = outs(folder)
    table = tables[sale["domain"]].set_index("listing_key")
    assert table.loc[sale["listing_key"], "bedrooms_total"] == 7
    assert tables["corrections"]["value"].tolist() == [sale["bedrooms_total"]]
    path.write_text(yaml.safe_dump({"corrections": [entry | {"expected": "99"}]}))
    told = run_stages(folder, "demo", "normalize")
    assert "corrections.yml, entry 1: " in told and "remove the entry" in told
    assert "Traceback" not in told


def test_a_correction_that_reaches_no_listing_says_so(tmp_path, demo_run):
    bad = pd.read_csv(demo_run / "data/staging/quarantine_rows.csv", dtype="str")
    staged = pd.read_parquet(demo_run / "data/staging/listings.parquet")
    sold = staged[staged["close_price"].notna() & ~staged["listing_key"].isin(bad["listing_key"])]
    keys = bad.loc[~bad["listing_key"].isin([None, *staged["listing_key"]]), "listing_key"]
    entry = {"domain": sold["domain"].iloc[0], "column": "close_price", "expected": "1",
             "corrected": None, "reason": "seen", "source": "me", "date": "2024-01-01"}  # fmt: skip
    wrong = sold["close_price"].iloc[0].strip()
    entries = [entry | {"listing_key": key} for key in (keys.dropna().iloc[0], "mistyped")]
    entries.append(entry | {"listing_key": sold["listing_key"].iloc[0], "expected": wrong})
    shutil.copytree(demo_run / "data", tmp_path / "data")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    path = tmp_path / "configs/feeds/demo/corrections.yml"
    path.write_text(yaml.safe_dump({"corrections": entries}))
    assert run_stages(tmp_path, "demo", "normalize") == ""
    counts = json.loads((tmp_path / "metrics/normalize.json").read_text())["corrections"]
    assert counts["listing_in_quarantine"] == counts["listing_not_in_feed"] == 1
    issues = outs(tmp_path)["normalize_issues"]
    gone = issues[issues["reason"] == corrections.BLANKED]
    assert gone[["listing_key", "column", "value"]].to_numpy().tolist() == [
        [sold["listing_key"].iloc[0], "close_price", wrong]
    ]


@pytest.mark.real
def test_king_county_resales_and_faults_are_each_found(tmp_path, real_data):
    source = (real_data / "king_county.csv").read_bytes()
    folder = with_raw(tmp_path, "king_county", {"king_county.csv": source})
    assert run_stages(folder, "king_county", "staging", "normalize") == ""
    tables = outs(folder)
    table, raw = tables["sale"], pd.read_csv(real_data / "king_county.csv", dtype="str")
    assert len(table) == len(raw) == 21613 and not len(tables["repeated_sales"])
    homes_of = raw["id"].str.zfill(10)
    assert table["property_key"].nunique() == homes_of.nunique()
    assert table["property_key"].duplicated().sum() == homes_of.duplicated().sum() == 177
    issues = tables["normalize_issues"]
    told = issues.groupby(["column", "reason", "set_missing"]).size().to_dict()
    assert told == {
        ("bedrooms_total", "outside 1 to 20", True): 14,  # one with 33, 13 with none
        ("bathrooms", "outside 0.25 to 20", True): 10,
        ("year_built", "after the year of the valuation", False): 12,
        # sold in 2014, renovated in 2015: not known when they were sold
        ("local_year_renovated", "done after the year that the listing is valued in", True): 6,
    }
    assert sorted(issues.loc[issues["column"] == "bedrooms_total", "value"]) == ["0"] * 13 + ["33"]
    assert table["bedrooms_total"].isna().sum() == 14 and table["year_built"].notna().all()
    lineage = table[["_source_file", "_source_row", "_file_sha256", "_row_sha256"]]
    assert lineage.notna().all(axis=None) and not lineage.duplicated().any()
