"""The sample stage: samples show every planted fault, are feeds of their own, and those committed
are fresh."""

import csv
import io
import json
import random
from dataclasses import replace

import pandas as pd
import pytest

from lib.demo.faults import BLEMISHES, ODD_DEALS
from scripts.valuation import sample, staging
from tests.support import gold_samples as kit
from tests.support.dag import ROOT

COMMITTED = ROOT / "data/samples"
DOMAINS = ("sale", "rental")
REPEATS = {"exact_duplicate", "duplicate_across_files"}


@pytest.fixture(scope="module")
def demo_feed():
    return kit.committed_feed()


@pytest.fixture(scope="module")
def fresh(demo_feed, tmp_path_factory):
    """What the stage makes now of the demo feed at the committed parameters."""
    return kit.sampled(tmp_path_factory.mktemp("fresh"), demo_feed)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    feed = kit.small_feed(11)
    return feed, kit.sampled(tmp_path_factory.mktemp("small"), feed)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_committed_samples_are_what_the_stage_makes_now(fresh):
    stale = [
        name
        for name in {*contents(fresh), *contents(COMMITTED)}
        if contents(fresh).get(name) != contents(COMMITTED).get(name)
    ]
    assert stale == [], "data/samples is stale: run `make samples` and commit it"


def test_the_committed_samples_show_every_planted_fault(demo_feed):
    kinds = kit.shown(demo_feed)
    assert set(kinds["sale"]) == {*ODD_DEALS, *BLEMISHES, *REPEATS}
    assert set(kinds["rental"]) == {*BLEMISHES, *REPEATS}
    assert kit.missing(demo_feed, COMMITTED) == {"sale": [], "rental": []}


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.rest) for seed in (2, 3))]
)
def test_samples_of_other_feeds_show_every_planted_fault(seed, tmp_path):
    feed = kit.small_feed(seed)
    assert set(ODD_DEALS) <= set(kit.shown(feed)["sale"])
    assert kit.missing(feed, kit.sampled(tmp_path, feed)) == {"sale": [], "rental": []}


@pytest.mark.parametrize("rows", [20, 33, 50])
def test_a_sample_has_as_many_rows_as_asked(rows, small, tmp_path):
    feed, _ = small
    out = kit.sampled(tmp_path, feed, rows=rows)
    for domain in DOMAINS:
        assert len(kit.csv_rows(out / f"{domain}.csv")) == rows + 1
        assert len(kit.records(out, domain)) == rows


@pytest.mark.parametrize("rows", [19, 51])
def test_other_sizes_are_refused(rows, tmp_path):
    kit.lay(tmp_path, {}, rows=rows)
    assert "section sample: rows" in kit.invoke(sample.main, tmp_path, code=2)


def test_a_sample_too_small_for_its_traits_says_which_it_leaves_out(small, tmp_path):
    feed, whole = small
    told = json.loads((kit.sampled(tmp_path, feed, rows=20) / "statistics.json").read_text())
    left = told["domains"]["sale"]["not_covered"]
    assert left
    assert all(told["domains"]["sale"]["traits"][name]["sample"] == 0 for name in left)
    assert (
        json.loads((whole / "statistics.json").read_text())["domains"]["sale"]["not_covered"] == []
    )
    metrics = json.loads((tmp_path / "metrics/sample.json").read_text())
    assert metrics["feed"] == "demo"
    assert metrics["domains"]["sale"]["not_covered"] == left


def test_the_same_feed_gives_the_same_bytes(small, tmp_path):
    feed, out = small
    assert contents(kit.sampled(tmp_path, feed)) == contents(out)


def shuffled(feed, seed):
    """The same feed with the rows of each export in another order."""
    chance, files = random.Random(seed), dict(feed.files)
    for path, (header, *rows) in kit.tables(feed).items():
        chance.shuffle(rows)
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows])
        files[path] = text.getvalue().encode()
    return replace(feed, files=files)


def test_the_order_of_rows_does_not_matter(small, tmp_path):
    feed, out = small
    other = kit.sampled(tmp_path, shuffled(feed, 5))
    for name in ("sale.csv", "rental.csv", "statistics.json"):
        assert (other / name).read_bytes() == (out / name).read_bytes(), name
    for domain in DOMAINS:
        rows = [
            [{**row, "source_row": None} for row in kit.records(folder, domain)]
            for folder in (out, other)
        ]
        assert rows[0] == rows[1]


def test_another_seed_draws_another_sample(small, tmp_path):
    feed, out = small
    files = {name: raw for name, raw in feed.files.items() if name.endswith(".csv")}
    kit.lay(tmp_path, files)
    settings = tmp_path / "params.yaml"
    settings.write_text(settings.read_text().replace("seed: 20260101", "seed: 20260102"))
    kit.invoke(staging.main, tmp_path)
    kit.invoke(sample.main, tmp_path)
    assert contents(tmp_path / "data/sample")["sale.csv"] != contents(out)["sale.csv"]


def test_each_row_is_the_raw_row_that_the_json_names(small):
    feed, out = small
    raw = kit.tables(feed)
    for domain in DOMAINS:
        header, *rows = kit.csv_rows(out / f"{domain}.csv")
        told = kit.records(out, domain)
        for row, record in zip(rows, told, strict=True):
            cells = record["cells"]
            assert row == (list(cells.values()) if isinstance(cells, dict) else cells)
            assert row == raw[record["source_file"]][record["source_row"]]
        places = [(record["source_file"], record["source_row"]) for record in told]
        assert len(set(places)) == len(places)
        assert header == raw["exports/active.csv"][0]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_sample_is_a_feed_that_stages_as_its_json_says(domain, fresh, tmp_path):
    kit.lay(tmp_path, {"a.csv": (fresh / f"{domain}.csv").read_bytes()})
    kit.invoke(staging.main, tmp_path)
    staged, told = tmp_path / "data/staging", kit.records(fresh, domain)
    fates = {}
    for name, fate in (("duplicates", "duplicate"), ("quarantine_rows", "quarantined")):
        found = pd.read_csv(staged / f"{name}.csv", keep_default_na=False)
        fates |= {
            int(row): (fate, why)
            for row, why in zip(found["_source_row"], found["_reason"], strict=True)
        }
    clean = pd.read_parquet(staged / "listings.parquet")
    assert (clean["domain"] == domain).all()
    fates |= {int(row): ("clean", "") for row in clean["_source_row"]}
    expected = {number: (row["fate"], row["reason"]) for number, row in enumerate(told, 1)}
    alike = [row["cells"] for row in told]
    for number, (fate, why) in expected.items():
        if alike.count(alike[number - 1]) == 1:  # which of two equal rows is the copy is a toss
            assert fates[number] == (fate, why), number
    assert sorted(fates.values()) == sorted(expected.values())


def test_statistics_are_those_of_a_plain_recount(fresh):
    told = json.loads((fresh / "statistics.json").read_text())
    assert told["feed"] == "demo"
    for domain in DOMAINS:
        stats, rows = told["domains"][domain], kit.records(fresh, domain)
        fates = [row["fate"] for row in rows]
        assert stats["rows"] == len(rows)
        for fate in ("clean", "duplicate", "quarantined"):
            assert stats[fate] == fates.count(fate) > 0 or (domain, fate) == (
                "rental",
                "quarantined",
            )
        whys = [row["reason"] for row in rows if row["fate"] == "quarantined"]
        assert stats["reasons"] == {why: whys.count(why) for why in set(whys)}
        clean = [row["cells"] for row in rows if row["fate"] == "clean"]
        sizes = [float(row["SqFtTotal"]) for row in clean if row["SqFtTotal"].strip()]
        area = stats["columns"]["living_area"]
        assert (area["filled"], area["distinct"]) == (len(sizes), len(set(sizes)))
        assert (area["min"], area["max"], area["unreadable"]) == (min(sizes), max(sizes), 0)
        assert area["median"] == pd.Series(sizes).median()
        pending = [row["PendingDate"] for row in clean if row["PendingDate"]]
        bad = {"02/30/2023", "not a date"}
        assert stats["columns"]["purchase_contract_date"]["unreadable"] == sum(
            text in bad for text in pending
        )
        for trait, test in {
            "living_area: zero": lambda row: row["SqFtTotal"] == "0",
            "latitude: blank": lambda row: row["Latitude"] == "",
            "postal_code: space around": lambda row: row["PostalCode"] != row["PostalCode"].strip(),
            "public_remarks: line break": lambda row: "\n" in row["RemarksPublic"],
            "standard_status: is Active": lambda row: row["Status"] == "Active",
        }.items():
            assert stats["traits"][trait]["sample"] == sum(map(test, clean)), trait
        for trait, seen in stats["traits"].items():
            listed = sum(trait in row["traits"] for row in rows if row["fate"] != "duplicate")
            assert seen["sample"] <= seen["feed"]
            assert listed in (0, seen["sample"]), trait  # common traits are not listed row by row


def test_traits_are_counted_over_the_whole_feed(small):
    feed, out = small
    told = json.loads((out / "statistics.json").read_text())["domains"]["sale"]["traits"]
    newest = {}
    for table in kit.tables(feed).values():
        for row in table[1:]:
            cells = dict(zip(table[0], row, strict=False))
            whole = len(row) == len(table[0]) and row[0] and cells["ForLease"] == "False"
            if whole and row[2] >= newest.get(row[0], ["", "", ""])[2]:
                newest[row[0]] = row
    header = kit.tables(feed)["exports/active.csv"][0]
    zero = [row for row in newest.values() if row[header.index("YearBuilt")] == "0"]
    assert told["year_built: zero"]["feed"] == len(zero)


def test_a_feed_of_one_domain_has_one_sample(small, tmp_path):
    feed, _ = small
    files = {"a.csv": feed.files["exports/sales_2023.csv"]}
    kit.lay(tmp_path, files)
    kit.invoke(staging.main, tmp_path)
    kit.invoke(sample.main, tmp_path)
    assert sorted(contents(tmp_path / "data/sample")) == [
        "sale.csv",
        "sale.json",
        "statistics.json",
    ]


def test_a_feed_smaller_than_the_sample_is_taken_whole(small, tmp_path):
    feed, _ = small
    header, *rows = kit.tables(feed)["exports/sales_2023.csv"]
    text = io.StringIO()
    some = list({row[0]: row for row in rows if len(row) == len(header) and row[0]}.values())[:7]
    csv.writer(text).writerows([header, *some])
    kit.lay(tmp_path, {"a.csv": text.getvalue().encode()})
    kit.invoke(staging.main, tmp_path)
    kit.invoke(sample.main, tmp_path)
    assert sorted(kit.csv_rows(tmp_path / "data/sample/sale.csv")[1:]) == sorted(some)
