"""`score` on a table from anywhere: a summary that can be read, and files that can be used."""

import json
import shutil
from contextlib import chdir

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from scripts.ops import score
from tests.support.dag import ROOT


def run(folder, *arguments):
    shutil.copy(ROOT / "params.yaml", folder)
    with chdir(folder):
        return CliRunner().invoke(score.main, arguments, catch_exceptions=False)


def sales(n=120):
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.4, n)).round()
    return pd.DataFrame(
        {
            "listing_key": [f"{i:04d}" for i in range(n)],
            "postal_code": rng.choice(["02134", "02135"], n),
            "sale_price": price,
            "estimate": (price * np.exp(rng.normal(0, 0.1, n))).round(),
        }
    )


def test_a_table_of_two_columns_is_enough(tmp_path):
    sales()[["estimate", "sale_price"]].to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv")
    assert result.exit_code == 0
    said = result.output
    assert "any.csv: 120 sales scored" in said and "median ratio" in said
    assert "sales chasing: no sign" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["any.csv", "params.yaml"]


def test_the_order_of_the_rows_changes_no_figure_and_no_interval(tmp_path):
    """Four prices, so that most sales tie."""
    rng = np.random.default_rng(1)
    table = sales().assign(sale_price=rng.choice([3e5, 4e5, 5e5, 7e5], 120))
    table["estimate"] = table["sale_price"] * rng.choice([0.9, 1.0, 1.1, 1.3], 120)
    said = []
    for rows in (table, table.sort_values("estimate"), table.iloc[rng.permutation(120)]):
        rows[["estimate", "sale_price"]].to_csv(tmp_path / "any.csv", index=False)
        said.append(run(tmp_path, "--predictions", "any.csv").output)
    assert "mki" in said[0] and said[0] == said[1] == said[2]


def test_a_table_with_a_sale_in_twice_is_refused_by_its_key(tmp_path):
    pd.concat([sales(), sales().head(3)]).to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv")
    assert result.exit_code == 2
    assert "rows 1, 121: listing_key '0000' repeats, as do 0001, 0002 (3 keys in 6 rows)" in (
        result.output
    )


def test_with_a_folder_the_tables_are_written_and_nothing_is_lost(tmp_path):
    table = sales()
    table.loc[3, "sale_price"] = 0
    table.to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv", "--out", "scored")
    assert result.exit_code == 0
    assert "1 row(s), price is zero or negative: row 4" in result.output
    out = tmp_path / "scored"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["sales"] == 119 and summary["left_out"] == {"price is zero or negative": 1}
    left_out = pd.read_csv(out / "left_out.csv", dtype="str")
    assert left_out.to_dict("records") == [
        {"row": "4", "listing_key": "0003", "reason": "price is zero or negative"}
    ]
    slices = pd.read_csv(out / "slices.csv")
    assert slices.loc[slices["kind"] == "ZIP", "sales"].sum() == 119
    ratios = pd.read_csv(out / "ratio_study.csv")
    assert set(ratios["kind"]) == {"all", "proxy band", "ZIP"}
    assert len(pd.read_csv(out / "worst.csv")) == 50
    assert pd.read_csv(out / "calibration.csv")["sales"].sum() == 119


def test_the_same_table_gives_the_same_bytes(tmp_path):
    sales().to_csv(tmp_path / "any.csv", index=False)
    for name in ("one", "two"):
        run(tmp_path, "--predictions", "any.csv", "--out", name)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("n", [1, 2])
def test_a_sale_or_two_are_scored(tmp_path, n):
    sales(n).to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv", "--out", "scored")
    assert result.exit_code == 0 and "sales chasing: cannot tell" in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("estimate,price\n1,2\n", "error: any.csv: no column close_price or sale_price"),
        ("estimate,sale_price\n1,x\n", "error: any.csv, row 1: sale_price 'x' is no number"),
        ("estimate,sale_price\n", "error: any.csv: no row below the header"),
        (None, "error: any.csv: No such file"),
    ],
)
def test_a_table_that_cannot_be_scored_is_one_line(tmp_path, content, message):
    if content is not None:
        (tmp_path / "any.csv").write_text(content)
    result = run(tmp_path, "--predictions", "any.csv", "--out", "scored")
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "scored").exists()


@pytest.mark.real
def test_the_standards_own_tables_are_scored(tmp_path, real_data):
    table = str(real_data / "iaao/table_1_1.csv")
    said = run(tmp_path, "--predictions", table).output
    assert "36 sales scored" in said and "29.8" in said


@pytest.mark.parametrize("missing", [["7"], ["7", "9"], "all"])
@pytest.mark.parametrize("cell", ["", "0", "-5"])
def test_missing_estimates_lower_the_hit_rate_and_the_tables_are_written(tmp_path, missing, cell):
    table = sales(60).astype({"estimate": "str"})
    rows = slice(None) if missing == "all" else [int(one) for one in missing]
    table.loc[rows, "estimate"] = cell
    table.to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv", "--out", "scored")
    assert result.exit_code == 0, result.output
    gone = 60 if missing == "all" else len(missing)
    summary = json.loads((tmp_path / "scored/summary.json").read_text())
    assert summary["accuracy"]["hit_rate"]["value"] == pytest.approx(1 - gone / 60, abs=1e-5)
    slices = pd.read_csv(tmp_path / "scored/slices.csv")
    value = slices[slices["kind"] == "value band"].set_index("slice")["sales"]
    assert value["none"] == gone and value.sum() == 60


def test_how_many_sales_have_an_interval_is_told(tmp_path):
    table = sales(60)
    table["pred_low_90"], table["pred_high_90"] = table["sale_price"] * 0.9, table["sale_price"] * 2
    table.loc[5:, "pred_low_90"] = np.nan
    table.to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv", "--out", "scored")
    assert "only 5 of the sales have a 90 % interval" in result.output
    assert json.loads((tmp_path / "scored/summary.json").read_text())["with_interval"] == {"90": 5}
    assert "left_out.csv" in result.output.splitlines()[-1]


def test_a_folder_without_a_table_is_refused(tmp_path):
    result = run(tmp_path, "--out", "scored")
    assert result.exit_code == 2 and "Missing option '--predictions'" in result.output


def test_one_home_proves_nothing(tmp_path):
    sales(1).to_csv(tmp_path / "any.csv", index=False)
    result = run(tmp_path, "--predictions", "any.csv")
    study = result.output.split("ratio study, untrimmed")[1].split("ratio study")[0]
    assert study.count("inconclusive") == 6
