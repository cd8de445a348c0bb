"""Another feed by configuration alone: King County's real sales through the same DAG."""

import json
import re
import shutil

import pandas as pd
import pytest

from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.models.calibration.interval_study import compare_with_split_conformal
from tests.support import stage_runner
from tests.support.dag import ROOT

pytestmark = [pytest.mark.rest, pytest.mark.real]


@pytest.fixture(scope="module")
def king_county(tmp_path_factory, real_data):
    """A fresh copy, never reproduced, in which King County was imported and run."""
    from tests.support.project_copy import copy_project

    clone = copy_project(tmp_path_factory.mktemp("king_county"))
    source = real_data / "king_county.csv"
    done = clone.run("make", "import", "FEED=king_county", f"FROM={source}")
    assert done.returncode == 0, done.stderr
    clone.before = {
        name: (clone.folder / name).read_bytes()
        for name in ("params.yaml", "dvc.lock", "metrics/summary.json")
    }
    clone.output = clone.run("make", "run", "FEED=king_county")
    assert clone.output.returncode == 0, clone.output.stdout + clone.output.stderr
    return clone


def test_it_says_where_the_results_are(king_county):
    folder = king_county.folder / "runs/king_county"
    for name in ("data/report/index.html", "metrics/summary.json", "data/predict/valuations.csv"):
        assert (folder / name).is_file()
        assert str(folder / name) in king_county.output.stdout


def test_the_workspace_stays_as_it_was(king_county):
    assert king_county.git("status", "--porcelain") == ""
    for name, content in king_county.before.items():
        assert (king_county.folder / name).read_bytes() == content
    assert not (king_county.folder / "data/staging").exists()


def test_the_import_left_a_receipt_and_a_second_import_does_nothing(king_county, real_data):
    ledger = king_county.folder / "data/raw/king_county/imports.jsonl"
    lines = ledger.read_text().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["file"] == "king_county.csv"
    again = king_county.run(
        "make", "import", "FEED=king_county", f"FROM={real_data / 'king_county.csv'}"
    )
    assert again.returncode == 0 and "already imported" in again.stdout
    assert ledger.read_text().splitlines() == lines


def test_every_sale_is_kept_and_missing_parts_are_reported(king_county):
    metrics = king_county.folder / "runs/king_county/metrics"
    staged = json.loads((metrics / "staging.json").read_text())
    assert (staged["rows_in"], staged["clean"], staged["quarantined"]) == (21613, 21613, 0)
    cells = json.loads((metrics / "normalize.json").read_text())["cells_set_missing"]
    assert cells["bedrooms_total: outside 1 to 20"] == 1 + 13  # the 33-bedroom house, and none
    assert cells["bathrooms: outside 0.25 to 20"] == 10
    stage_runner.assert_missing_parts_are_told(king_county.folder / "runs/king_county")


def test_as_many_sales_are_excluded_as_ever_and_for_the_same_reasons(king_county):
    """A rule that sees another number of sales has changed, and the change is to be explained."""
    screened = king_county.folder / "runs/king_county/metrics/screen.json"
    sale = json.loads(screened.read_text())["domains"]["sale"]
    assert (sale["closed"], sale["usable"], sale["excluded"]) == (21613, 21568, 45)
    assert {code: told["sales"] for code, told in sale["codes"].items()} == {
        "built_after_sale": 12,
        "bulk_sale": 3,
        "price_outlier_low": 25,
        "price_per_square_foot_outlier": 4,
        "price_unusual": 315,
        "quick_resale": 16,
        "quick_resale_usual": 43,
        "rooms_against_size": 1,
    }


def test_the_ratio_study_is_that_of_the_valuations(king_county):
    """Its level, COD and PRD worked out again from the table of valuations."""
    run = king_county.folder / "runs/king_county"
    table = pd.read_parquet(run / "data/evaluate/predictions.parquet")
    studied = json.loads((run / "metrics/evaluate.json").read_text())["variants"]
    for variant, homes in table.groupby("variant"):
        ratio = homes["pred_close_price"] / homes["close_price"]
        told = studied[variant]["ratio_study"]["untrimmed"]
        assert told["median_ratio"]["value"] == pytest.approx(ratio.median(), rel=1e-5)
        cod = 100 * (ratio - ratio.median()).abs().mean() / ratio.median()
        assert told["cod"]["value"] == pytest.approx(cod, rel=1e-5)
        prd = ratio.mean() * homes["close_price"].sum() / homes["pred_close_price"].sum()
        assert told["prd"]["value"] == pytest.approx(prd, rel=1e-5)


def test_accuracy_on_all_later_sales(king_county):
    """MdAPE <= 7.5 %, MAPE <= 11.2 %, R2 >= 0.915, every metric better than linear, coverage."""
    metrics = king_county.folder / "runs/king_county/metrics"
    split = json.loads((metrics / "split.json").read_text())["sale"]
    assert (split["boundary"], split["train"], split["test"]) == ("2015-03-01", 16861, 4752)
    variants = json.loads((metrics / "evaluate.json").read_text())["variants"]
    blended, linear = (
        {name: part["value"] for name, part in variants[variant]["accuracy"].items()}
        for variant in ("sale_blend", "sale_linear")
    )
    assert variants["sale_blend"]["sales"] == 4752
    assert blended["mdape"] <= 0.075 and blended["mape"] <= 0.112 and blended["r2"] >= 0.915
    assert 0.97 <= blended["hit_rate"] < 1
    for name, direction in DIRECTIONS.items():
        if name != "hit_rate":
            better = (
                abs(blended[name]) < abs(linear[name])
                if direction == 0
                else (blended[name] - linear[name]) * direction > 0
            )
            assert better, f"{name}: {blended[name]} against {linear[name]}"


def test_intervals_hold_everywhere_and_are_narrower_than_one_width_for_all(king_county):
    """As often as promised, in each fifth by value and in each month; the width at least 11 % and
    the score under that of plain split conformal on the same errors (12.1 and 9.9 % when built;
    11.4 and 10.1 % since six renovations after their sales are missing)."""
    data = king_county.folder / "runs/king_county/data"
    scores = pd.read_parquet(data / "calibrate/sale_blend/scores.parquet")
    test = pd.read_parquet(data / "evaluate/predictions.parquet")
    told = compare_with_split_conformal(
        test[test["variant"] == "sale_blend"], scores.loc[scores["past"], "error"], ["80", "90"]
    ).set_index(["coverage", "intervals"])
    for name, overall, parts in (
        ("80", (0.785, 0.815), (0.75, 0.85)),
        ("90", (0.885, 0.915), (0.86, 0.94)),
    ):
        own, split = told.loc[(name, "own")], told.loc[(name, "split")]
        assert overall[0] <= own["held"] <= overall[1]
        assert parts[0] <= min(own["fifth_least"], own["month_least"])
        assert max(own["fifth_most"], own["month_most"]) <= parts[1]
        assert abs(own["below"] - own["above"]) <= 0.02
        assert own["interval_score"] < split["interval_score"]
    assert own["median_width"] <= 0.89 * split["median_width"]


def test_the_readme_tells_these_figures(king_county):
    """To the tenth of a point that another processor's rounding may move."""
    summary = json.loads((king_county.folder / "runs/king_county/metrics/summary.json").read_text())
    rows = re.findall(r"^\| `(sale_\w+)`[^|]*\|(.*)\|$", (ROOT / "README.md").read_text(), re.M)
    assert [name for name, _ in rows] == [
        "sale_blend",
        "sale_district",
        "sale_kriged",
        "sale_lightgbm",
        "sale_linear",
    ]
    for name, cells in rows:
        told = [float(re.match(r"\s*(-?[\d.]+)", cell).group(1)) for cell in cells.split("|")]
        seen = summary[name]
        meant = [
            100 * seen["mdape"],
            100 * seen["mape"],
            seen["r2"],
            100 * seen["ppe10"],
            100 * seen["bias"],
            100 * seen["coverage_90"],
        ]
        for one, other, slack in zip(told, meant, (0.1, 0.1, 0.002, 0.5, 0.2, 0.5), strict=True):
            assert abs(one - other) <= slack, f"{name}: README {one}, run {other}"


def test_a_file_of_homes_can_be_valued_with_the_run(king_county):
    """177 homes sold twice; any file in the feed's format will do, prices and dates left out."""
    homes = king_county.folder / "homes.csv"
    homes.write_text(
        "id,sqft_living,zipcode,lat,long,grade\n"
        "7129300520,1180,98178,47.5112,-122.257,7\n"
        "6414100192,2570,98125,47.721,-122.319,7\n"
    )
    done = king_county.run(
        "python",
        "-m",
        "scripts.ops.value",
        "--run",
        "runs/king_county",
        "--subjects",
        "homes.csv",
        "--out",
        "valued.csv",
    )
    assert done.returncode == 0, done.stderr
    rows = (king_county.folder / "valued.csv").read_text().splitlines()
    assert len(rows) == 3 and rows[0].startswith("listing_key,domain,as_of,pred_close_price")
    homes.unlink()
    (king_county.folder / "valued.csv").unlink()


def test_a_feed_that_git_does_not_know_runs_from_its_own_folder(king_county):
    """The contract of a brokerage's own feed need not be committed."""
    contract = king_county.folder / "configs/feeds"
    shutil.copytree(contract / "king_county", contract / "mine")
    raw = king_county.folder / "data/raw"
    rows = (raw / "king_county/king_county.csv").read_text().splitlines(keepends=True)
    (raw / "mine").mkdir()
    (raw / "mine/some.csv").write_text("".join(rows[:3001]))
    few = " ".join(f"{name}.draws=20" for name in ("evaluate", "explain", "cards"))
    done = king_county.run("make", "run", "FEED=mine", f"SET=ablate.variants=[] {few}")
    assert done.returncode == 0, done.stdout + done.stderr
    staged = json.loads((king_county.folder / "runs/mine/metrics/staging.json").read_text())
    assert (staged["feed"], staged["rows_in"]) == ("mine", 3000)
    shutil.rmtree(contract / "mine")
