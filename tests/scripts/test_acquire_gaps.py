"""`status` and `gaps` on real CSVs through the contract of a feed: what they write and say."""

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from lib.acquire.download import manifest, store
from lib.acquire.download.manifest import ManifestEntry
from lib.common import io
from lib.common.vocabulary import RAW
from lib.listings.contract import contract
from lib.listings.staging import csv_reader, staging
from scripts.acquire import gaps, status
from tests.support.dag import ROOT

OUT = (dt.date(2024, 2, 6), dt.date(2024, 2, 7), dt.date(2024, 2, 20), dt.date(2024, 3, 5))
HEAD = "Matrix_Unique_ID,MLSNumber,MatrixModifiedDT,Status,PropertyType,ForLease,ListPrice,"
HEAD += "ClosePrice,CloseDate,SqFtTotal,PostalCode,PhotoCount"


def line(number, day, lease=False, photos=2, zip_code="77008", hour=9):
    """A row of an export under HAR's system names."""
    return (
        f"{5000 + number},{number},{day}T{hour:02}:00:00,Active,Single-Family,{lease},300000,,,"
        f"1500,{zip_code},{photos}"
    )


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A folder with the contracts and settings from 2024-01-01 on, and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REML_CACHE_DIR", str(tmp_path / "cache"))
    shutil.copytree(ROOT / "configs/feeds", tmp_path / "configs/feeds")
    shutil.copy(ROOT / "configs/acq.yaml", tmp_path / "configs/acq.yaml")
    text = (tmp_path / "configs/acq.yaml").read_text()
    assert "first_day: 2024-01-01" in text and "feed: har" in text
    return tmp_path


@pytest.fixture
def feed(workspace):
    """A quarter of sales, two a day but on Sundays and on OUT; leases on two days."""
    lines = [HEAD]
    for n, day in enumerate(pd.date_range("2024-01-01", "2024-03-31").date):
        if day.weekday() != 6 and day not in OUT:
            lines += [line(10 * n, day), line(10 * n + 1, day, photos=n % 3, zip_code="77009")]
    lines += [line(901, dt.date(2024, 1, 8), True), line(902, dt.date(2024, 3, 4), True)]
    raw = workspace / "data/raw/har"
    raw.mkdir(parents=True)
    (raw / "one.csv").write_text("\n".join(lines[:60]) + "\n")
    (raw / "two.csv").write_text("\n".join([HEAD, *lines[60:]]) + "\n")
    return raw


def invoke(command, *arguments, today="2024-04-01"):
    return CliRunner().invoke(command.main, ["--date", today, *arguments], catch_exceptions=False)


def table(name, feed="har"):
    return io.read_csv(store.ACQ / feed / name)


def gap_days(domain="sale"):
    found = table("gaps.csv").query("state == 'gap' and domain == @domain")["date"]
    return [dt.date.fromisoformat(day) for day in found]


def stage_as(feed, folder):
    """Stage data/raw/<feed> into a workspace's folder, as the stage does."""
    agreed, raw = contract.read_contract(feed), RAW / feed
    out = folder / "data/staging"
    out.mkdir(parents=True)
    scratch = folder / "scratch"
    scratch.mkdir()
    parsed = staging.parse_files(csv_reader.find_csv_files(raw), agreed, raw)
    staging.stage_feed(parsed, agreed, out, scratch)
    io.write_json(folder / "metrics/staging.json", {"feed": feed})
    return out


def test_days_that_are_missing_are_said_and_written(feed):
    result = invoke(gaps)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "har: 2024-01-01 to 2024-03-31"
    assert "sale: 74 active, 13 quiet, 4 gap" in lines
    assert "  gap 2024-02-06..2024-02-07 (2 days)" in lines
    assert "  gap 2024-03-05 (1 day)" in lines
    assert "rental: 2 active, 89 quiet" in lines  # sparse
    assert lines[-3:] == [f"data/acq/har/{n}" for n in ("gaps.csv", "photo_gaps.csv", "gaps.svg")]
    assert gap_days() == list(OUT)
    found = table("gaps.csv")
    assert list(found) == gaps.COLUMNS
    asked = set(found.loc[found["fetch"], "date"])
    assert {str(day) for day in OUT} <= asked
    assert {"2024-01-07"} <= asked and "2024-01-08" not in asked  # a Sunday nobody asked about
    assert "gap: no listings" in (store.ACQ / "har/gaps.svg").read_text()


def test_the_same_input_gives_the_same_bytes(feed):
    written = []
    for _ in range(2):
        assert invoke(gaps).exit_code == invoke(status).exit_code == 0
        files = sorted((store.ACQ / "har").iterdir())
        written.append([(path.name, path.read_bytes()) for path in files])
    assert written[0] == written[1] and len(written[0]) == 5


def test_status_is_presence_only(feed):
    result = invoke(status)
    assert result.exit_code == 0, result.output
    assert "sale: 74 COMPLETE, 17 MISSING" in result.output
    found = table("acq_daily_status.csv")
    assert list(found) == ["date", "domain", "status"]
    days = [day for day in pd.date_range("2024-01-01", "2024-03-31").date]
    wanted = ["MISSING" if d.weekday() == 6 or d in OUT else "COMPLETE" for d in days]
    assert found.loc[found["domain"] == "sale", "status"].tolist() == wanted
    rental = found.query("domain == 'rental' and status == 'COMPLETE'")
    assert rental["date"].tolist() == ["2024-01-08", "2024-03-04"]


def test_what_the_manifest_says_counts(feed):
    path = store.ACQ / "har/manifest.jsonl"
    for state, first, last in (("empty", "2024-02-06", "2024-02-06"),
                               ("partial", "2024-02-19", "2024-02-20")):  # fmt: skip
        manifest.add_entries(path, ManifestEntry("listings", state, "x", first, last))
    manifest.add_entries(
        path, ManifestEntry("photos", "done", "x", domain="sale", listing_id="0", count=2)
    )
    manifest.add_entries(
        path, ManifestEntry("photos", "done", "x", domain="sale", listing_id="10", count=1)
    )
    assert invoke(gaps).exit_code == 0
    found = table("gaps.csv").query("domain == 'sale'").set_index("date")
    assert found.loc["2024-02-06", ["state", "fetch"]].tolist() == ["empty", False]
    assert found.loc["2024-02-20", ["state", "fetch"]].tolist() == ["partial", True]
    assert invoke(status).exit_code == 0
    photos = table("photo_status.csv").astype({"listing_id": "str"}).set_index("listing_id")
    assert photos.loc[["0", "10", "1", "11"], "status"].tolist() == [
        "complete", "partial", "no_images", "failed",
    ]  # fmt: skip
    by_zip = table("photo_gaps.csv")
    first = by_zip[by_zip["date"] == "2024-01-02"]
    assert first[["postal_code", "partial", "failed", "missing"]].values.tolist() == [
        ["77008", 1, 0, 1],
        ["77009", 0, 1, 1],
    ]


def test_staged_says_what_raw_says(feed):
    text = (feed / "one.csv").read_text()  # a listing that is modified again, and copies of it
    again = line(0, dt.date(2024, 2, 7), photos=1)
    (feed / "three.csv").write_text("\n".join([HEAD, again, again, *text.splitlines()[1:3]]) + "\n")
    folder = stage_as("har", Path("runs/har"))
    outs = []
    for source in (["--source", "raw"], ["--source", "staged", "--staging", str(folder)]):
        assert invoke(gaps, *source).exit_code == 0
        assert invoke(status, *source).exit_code == 0
        outs.append({p.name: p.read_bytes() for p in (store.ACQ / "har").iterdir()})
    assert outs[0] == outs[1]
    assert dt.date(2024, 2, 7) not in gap_days()
    pipeline = pd.DataFrame({"domain": ["sale"], "listing_key": ["5000"], "photos_found": [1]})
    io.write_parquet(folder.parent / "photos/listing_photos.parquet", pipeline, ["listing_key"])
    invoke(status, "--source", "staged", "--staging", str(folder))
    photos = table("photo_status.csv")
    row = photos[photos["listing_id"] == 0].iloc[0]
    assert (row["expected"], row["found"], row["status"]) == (1, 1, "complete")


def test_another_feed_in_staging_is_an_error_that_names_the_mend(feed):
    folder = stage_as("har", Path())
    io.write_json(Path("metrics/staging.json"), {"feed": "demo"})
    result = invoke(gaps, "--source", "staged")
    assert result.exit_code == 2
    assert "data/staging: holds feed 'demo'" in result.output
    assert "--staging runs/har/data/staging" in result.output
    assert not store.ACQ.exists()
    io.write_json(Path("metrics/staging.json"), {"feed": "har"})
    older = pd.read_parquet(folder / "listings.parquet").drop(columns="photos_count")
    io.write_parquet(folder / "listings.parquet", older, ["listing_key"])
    result = invoke(gaps, "--source", "staged")
    assert result.exit_code == 2
    assert "older contract" in result.output and "photos_count" in result.output


def test_without_any_file_every_day_is_a_gap(workspace):
    result = invoke(gaps, today="2024-01-11")
    assert result.exit_code == 0, result.output
    assert "sale: 10 gap" in result.output and "to fetch: 10 of 10 days" in result.output
    assert "photos: none; 0 missing" in result.output
    assert invoke(status, today="2024-01-11").exit_code == 0
    assert table("photo_status.csv").empty and table("photo_gaps.csv").empty


def test_fail_on_gaps(feed):
    assert invoke(gaps, "--fail-on-gaps", "--until", "2024-02-03").exit_code == 1
    done = ManifestEntry("listings", "done", "x", "2024-01-01", "2024-02-03")
    manifest.add_entries(store.ACQ / "har/manifest.jsonl", done)
    assert invoke(gaps, "--fail-on-gaps", "--until", "2024-02-03").exit_code == 0
    assert invoke(gaps, "--fail-on-gaps").exit_code == 1


def test_rows_that_do_not_count_are_said(feed):
    odd = [
        line(801, dt.date(2023, 12, 31)),
        line(802, dt.date(2024, 4, 1)),
        line(803, dt.date(2024, 4, 9)),
        line(804, dt.date(2024, 2, 6)).replace("2024-02-06T09:00:00", "soon"),
        line(805, dt.date(2024, 2, 6)).replace("2024-02-06T09:00:00", ""),
    ]
    (feed / "odd.csv").write_text("\n".join([HEAD, *odd]) + "\n")
    result = invoke(gaps)
    assert result.exit_code == 0
    for said in (
        "rows quarantined, which do not count: 1",
        "rows without a day of modification: 1",
        "rows modified before 2024-01-01 (first_day), outside the span: 1",
        "rows modified after 2024-03-31, outside the span: 2",
        "warning: rows modified after 2024-04-01, which is today: 1, up to 2024-04-09",
    ):
        assert said in result.output
    assert gap_days() == list(OUT)


def test_a_feed_without_stamps_is_an_error(workspace):
    result = invoke(gaps, "--feed", "king_county")
    assert result.exit_code == 2
    assert "configs/feeds/king_county/contract.yaml: no column modification_timestamp" in (
        result.output
    )
    raw = workspace / "data/raw/har"
    raw.mkdir(parents=True)
    text = "\n".join([HEAD, line(1, dt.date(2024, 1, 1))]).replace("MatrixModifiedDT", "Other")
    (raw / "one.csv").write_text(text + "\n")
    result = invoke(status)
    assert result.exit_code == 2
    assert "no row has a modification_timestamp" in result.output
    assert "MatrixModifiedDT" in result.output and "export again" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--until", "2024-04-02"], "that day has not come"),
        (["--until", "2023-12-31"], "first_day 2024-01-01 is after 2023-12-31"),
        (["--feed", "nobody"], "no contract for feed 'nobody'"),
        (["--source", "staged"], "metrics/staging.json: no such file"),
    ],
)
def test_errors_name_the_mend(workspace, arguments, said):
    result = invoke(gaps, *arguments)
    assert result.exit_code == 2 and said in result.output


def test_today_marked_as_partial_is_fetched_when_it_is_over(feed):
    """A hand export of 2024-02-05 in the morning makes the day look complete."""
    assert invoke(gaps).exit_code == 0
    before = table("gaps.csv").query("date == '2024-02-05' and domain == 'sale'").iloc[0]
    assert (before["state"], before["fetch"]) == ("active", False)
    marked = invoke(status, "--mark-today-partial", "--until", "2024-02-04", "--date", "2024-02-05")
    assert marked.exit_code == 0 and "2024-02-05: marked as partial" in marked.output
    assert invoke(gaps).exit_code == 0
    after = table("gaps.csv").query("date == '2024-02-05' and domain == 'sale'").iloc[0]
    assert (after["state"], after["fetch"]) == ("partial", True)
