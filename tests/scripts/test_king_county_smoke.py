"""King County's real sales, a few of them, through every stage: a smoke test of what
test_run.py sees whole, by `make run`."""

import json

import pandas as pd
import pytest

from tests.support import stage_runner
from tests.support.dag import ROOT

pytestmark = pytest.mark.real
EVERY = 30  # one of so many sales


@pytest.fixture(scope="module")
def some(real_data, tmp_path_factory):
    """(the folder of the run, its rows as they came)."""
    head, *rows = (real_data / "king_county.csv").read_text().splitlines(keepends=True)
    chosen = rows[::EVERY]
    contract = (ROOT / "configs/feeds/king_county/contract.yaml").read_text()
    folder = stage_runner.lay(
        tmp_path_factory.mktemp("king_county"),
        contract,
        {"some.csv": "".join([head, *chosen]).encode()},
    )
    assert stage_runner.run(folder) == ""
    return folder, chosen


def test_every_sale_is_kept_and_what_is_missing_is_told(some):
    folder, rows = some
    staged = stage_runner.metrics(folder, "staging")
    assert (staged["rows_in"], staged["clean"], staged["quarantined"]) == (len(rows), len(rows), 0)
    stage_runner.assert_missing_parts_are_told(folder)


def test_prices_come_through_to_the_cent(some):
    folder, rows = some
    paid = sorted(float(row.split(",")[2]) for row in rows)
    table = pd.read_parquet(folder / "data/normalize/sale.parquet")
    assert sorted(table["close_price"]) == paid


def test_estimates_are_worth_something_and_intervals_hold_some(some):
    """Of so few sales nothing closer can be said than this."""
    folder, _ = some
    stage_runner.assert_sane(folder)
    variants = stage_runner.metrics(folder, "evaluate")["variants"]
    blended = {name: part["value"] for name, part in variants["sale_blend"]["accuracy"].items()}
    assert blended["mdape"] < 0.15 and blended["r2"] > 0.6
    held = stage_runner.metrics(folder, "summary")["sale_blend"]["coverage_90"]
    assert 0.8 < held <= 1 and blended["hit_rate"] > 0.5
    told = json.loads((folder / "data/blend/sale_blend/model.json").read_text())
    assert sum(told["weights"].values()) == pytest.approx(1)
