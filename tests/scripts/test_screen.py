"""The screen stage, preflight and fault_recall, run for real on small synthetic feeds."""

import json

import pandas as pd
import pytest

from lib.listings.screening import overrides
from lib.ops import fault_recall
from scripts.ops import fault_recall as command

SIZE = {"sales": 1000, "rentals": 120, "actives": 40, "start": "2022-01-01", "years": 3, "zips": 6}
HEAD = "listing_key,domain,usable,reason,by,date\n"


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """(folder, truth) of a feed on which staging, normalize and screen have run."""
    import datetime as dt

    folder = tmp_path_factory.mktemp("feed")
    arguments = SIZE | {"start": dt.date.fromisoformat(SIZE["start"]), "photos": False}
    return folder, command.run_stages(folder, arguments | {"seed": 101})


def test_every_planted_fault_is_found_and_screen_is_precise(staged):
    folder, truth = staged
    got = fault_recall.score_recall(truth, command.read_results(folder))
    assert {kind: count for kind, count in got["kinds"].items() if count[0] < count[1]} == {}
    assert got["recall"] >= 0.9 and got["precision"] >= 0.9
    assert got["planted"] >= 60


def test_the_measure_would_see_a_screen_that_finds_nothing_or_everything(staged):
    folder, truth = staged
    results = command.read_results(folder)
    blind = fault_recall.StageResults(
        **{**vars(results), "flags": results.flags.iloc[:0],
           "screened": results.screened.assign(usable=True)}
    )  # fmt: skip
    got = fault_recall.score_recall(truth, blind)
    assert got["recall"] == 0 and got["kinds"]["family_transfer"][0] == 0
    wild = fault_recall.StageResults(
        **{**vars(results), "screened": results.screened.assign(usable=False)}
    )
    got = fault_recall.score_recall(truth, wild)
    assert got["recall"] == 1 and got["precision"] < 0.2
    assert len(fault_recall.format_recall(truth, wild, misses=False)) == 2


def test_the_tables_and_counts_agree(staged):
    folder, _ = staged
    told = json.loads((folder / "metrics/screen.json").read_text())
    flags = pd.read_parquet(folder / "data/screen/flags.parquet")
    assert list(flags) == ["listing_key", "domain", "code", "severity", "reason", "by"]
    for domain in ("sale", "rental"):
        table = pd.read_parquet(folder / f"data/screen/{domain}.parquet")
        closed = pd.read_parquet(folder / f"data/normalize/{domain}.parquet")
        assert len(table) == (closed["standard_status"] == "Closed").sum()
        counts = told["domains"][domain]
        assert counts["closed"] == len(table) == counts["usable"] + counts["excluded"]
        own = flags[flags["domain"] == domain]
        assert {code: one["sales"] for code, one in counts["codes"].items()} == (
            own.groupby("code")["listing_key"].nunique().to_dict()
        )


def test_overrides_reach_the_stage_and_bad_ones_stop_it(staged, monkeypatch):
    from click.testing import CliRunner

    from scripts.ops import preflight
    from scripts.valuation import screen

    folder, _ = staged
    monkeypatch.chdir(folder)
    monkeypatch.setattr("lib.common.cli.die_with_parent", lambda: None)
    path = folder / "configs/feeds/demo/overrides.csv"
    aside = folder / "data/normalize/repeated_sales.parquet"
    content = aside.read_bytes()
    before = pd.read_parquet("data/screen/sale.parquet")
    bad = before.loc[~before["usable"], "listing_key"].iloc[0]
    try:
        path.write_text(HEAD + f"{bad},sale,yes,seen the deed,ann,2026-01-31\n")
        assert CliRunner().invoke(screen.main).exit_code == 0
        after = pd.read_parquet("data/screen/sale.parquet")
        assert after.loc[after["listing_key"] == bad, "usable"].all()
        assert after["usable"].sum() == before["usable"].sum() + 1
        path.write_text(HEAD + "404,sale,no,unknown key,ann,2026-01-31\n")
        done = CliRunner().invoke(screen.main)
        assert done.exit_code == 2
        assert "overrides.csv, data row 1: no closed sale has the listing_key 404" in done.stderr
        # a sale that normalize set aside as a copy of `bad`
        rows = pd.DataFrame([["404", "sale", bad]], columns=overrides.ASIDE)
        rows.to_parquet("data/normalize/repeated_sales.parquet")
        path.write_text(HEAD + "404,sale,no,a copy,ann,2026-01-31\n")
        done = CliRunner().invoke(screen.main)
        assert done.exit_code == 2 and f"set aside as a copy of {bad}" in done.stderr
        path.write_text(HEAD + "404,sale,perhaps,unknown key,ann,2026-01-31\n")
        done = CliRunner().invoke(preflight.main)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1
        assert "overrides.csv, data row 1: usable 'perhaps'" in done.stderr
    finally:
        path.unlink()
        aside.write_bytes(content)
        assert CliRunner().invoke(screen.main).exit_code == 0
