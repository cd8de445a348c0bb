"""The features stage, run for real: the spec's table, its hashes, and a part of it on demand."""

import datetime as dt
import shutil

import pandas as pd
import pytest

from lib.common import io
from lib.features import spec
from tests.support import stage_runner

FEED = {"seed": 5, "sales": 500, "rentals": 90, "actives": 40, "years": 2, "zips": 4}
SERIES = "series_id,geo,period,release_date,value\nrate,US,2022-01-01,2022-01-20,5.5\n"


def run(folder, *options):
    return stage_runner.stage(folder, "features", *options)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder in which features has run on a small synthetic feed, with an external series."""
    folder = tmp_path_factory.mktemp("feed")
    start = dt.date(2022, 1, 1)
    stages = ("staging", "normalize", "screen")
    stage_runner.stage_demo_feed(folder, stages, **FEED, start=start, photos=False)
    (folder / "configs/feeds/demo/series.csv").write_text(SERIES)
    done = run(folder)
    assert done.exit_code == 0, done.stderr
    return folder


def hashes(folder, domain="sale"):
    return io.parquet_metadata(folder / f"{domain}.parquet", "reml_")


def test_the_table_names_spec_and_inputs_it_comes_from(built):
    table = pd.read_parquet(built / "data/features/sale.parquet")
    assert set(spec.available_inputs(table, None, None)) >= {
        "mkt_yield_zip",
        "ext_rate",
        "txt_hash_31",
    }
    found = hashes(built / "data/features")
    assert list(found) == ["reml_inputs_sha256", "reml_spec_sha256"]
    assert all(len(value) == 64 for value in found.values())
    assert hashes(built / "data/features", "rental") == found


def test_the_same_again_is_the_same_bytes(built, tmp_path):
    assert run(built, "--out", str(tmp_path)).exit_code == 0
    names = ["sale.parquet", "rental.parquet", "sale_comparables.parquet", "spec.json"]
    for name in names:
        assert (tmp_path / name).read_bytes() == (built / "data/features" / name).read_bytes()


def test_since_builds_the_rows_of_the_whole_table_from_a_date(built, tmp_path):
    before = (built / "metrics/features.json").read_bytes()
    done = run(built, "--since", "2023-06-01", "--out", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    for domain in ("sale", "rental"):
        whole = pd.read_parquet(built / f"data/features/{domain}.parquet")
        wanted = whole[whole["as_of"] >= "2023-06-01"].reset_index(drop=True)
        assert 0 < len(wanted) < len(whole)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{domain}.parquet"), wanted)
    assert hashes(tmp_path) == hashes(built / "data/features")
    assert (built / "metrics/features.json").read_bytes() == before


def test_since_alone_would_replace_what_later_stages_read(built):
    done = run(built, "--since", "2023-06-01")
    assert done.exit_code == 2
    assert done.stderr.strip() == "error: --since goes with --out: data/features holds all"


def test_the_hashes_follow_parameters_and_inputs(built, tmp_path):
    folder = tmp_path / "feed"
    shutil.copytree(built, folder, symlinks=True)
    old = hashes(folder / "data/features")
    series = folder / "configs/feeds/demo/series.csv"
    series.write_text(SERIES.replace("5.5", "5.6"))
    assert run(folder).exit_code == 0
    other = hashes(folder / "data/features")
    assert other["reml_inputs_sha256"] != old["reml_inputs_sha256"]
    assert other["reml_spec_sha256"] == old["reml_spec_sha256"]
    series.write_text(SERIES)
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("yield_days: 365", "yield_days: 300"))
    assert run(folder).exit_code == 0
    third = hashes(folder / "data/features")
    assert third["reml_inputs_sha256"] == old["reml_inputs_sha256"]
    assert third["reml_spec_sha256"] != old["reml_spec_sha256"]


def test_a_series_that_cannot_be_read_is_one_line(built, tmp_path):
    folder = tmp_path / "feed"
    shutil.copytree(built, folder, symlinks=True)
    (folder / "configs/feeds/demo/series.csv").write_text(SERIES.replace("2022-01-20", "soon"))
    done = run(folder)
    assert done.exit_code == 2
    told = "error: configs/feeds/demo/series.csv, data row 1: release_date is no date"
    assert done.stderr.startswith(told) and done.stderr.count("\n") == 1
