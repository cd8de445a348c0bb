"""Model cards of real runs: figures as in the metrics, hashes as in dvc.lock, the same bytes."""

import hashlib
import json
import re

import pytest
import yaml

from tests.support import finished_runs, stage_runner


def pages(clone):
    """Name -> card."""
    return {path.stem: path.read_text() for path in (clone.folder / "docs/model_cards").iterdir()}


@pytest.fixture(scope="module")
def cards(finished):
    return pages(finished)


def read(finished, name):
    return json.loads((finished.folder / f"metrics/{name}.json").read_text())


def test_each_variant_has_a_card_and_the_index_links_them_all(finished, cards):
    names = set(read(finished, "evaluate")["variants"])
    assert set(cards) == names | {"README"}
    assert set(re.findall(r"\]\((\w+)\.md\)", cards["README"])) == names
    assert cards["README"].count("values homes") == 2


def test_a_card_tells_the_figures_of_the_metrics(finished, cards):
    for name, part in read(finished, "evaluate")["variants"].items():
        one = part["accuracy"]["mdape"]
        shown = f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%})".replace("%", " %")
        assert f"| MdAPE | {shown} |" in cards[name]
        assert f"Every test sale ({part['sales']:,})" in cards[name]


def test_the_hash_on_a_card_is_that_of_the_lock(reproduced):
    """So that `git log -S` finds the commits of the run, as the card says."""
    cards = pages(reproduced)
    stages = yaml.safe_load((reproduced.folder / "dvc.lock").read_text())["stages"]
    outs = {out["path"]: out["md5"] for one in stages.values() for out in one["outs"]}
    for name in set(cards) - {"README"}:
        out, told = re.search(r"`(data/\S+)` has the hash `(\S+)`", cards[name]).groups()
        assert outs[out] == told
    found = reproduced.git("log", "--all", "--oneline", f"-S{told}", "--", "dvc.lock")
    assert found.strip()


def test_raw_files_have_the_hash_that_sha256sum_gives(finished, cards):
    rows = re.findall(r"^\| `(exports/\S+)` \| `(\w{64})` \|$", cards["README"], re.M)
    assert len(rows) >= 5
    for file, told in rows:
        content = (finished.folder / "data/raw/demo" / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told


def test_verdicts_stand_in_the_metrics_and_on_the_cards(finished, cards):
    told = read(finished, "cards")
    assert told["feed"] == "demo"
    served = {name for name, part in told["variants"].items() if part["served"]}
    assert served == set(read(finished, "predict")["variants"].values())
    for name, part in told["variants"].items():
        section = cards[name].split("## Thresholds")[1].split("\n## ")[0]
        verdicts = [line.split("|")[4].strip(" *").lower() for line in section.splitlines()
                    if line.startswith("| ") and "Threshold" not in line]  # fmt: skip
        assert verdicts == [one["verdict"] for one in part["checks"].values()], name
        assert ("gain" in part["checks"]) == (not name.endswith(("linear", "aware")))
        assert bool(part["checks"]) == (not name.endswith("aware"))


def test_every_card_says_what_it_must(cards):
    for name, text in cards.items():
        assert "Synthetic data" in text
        if name == "README":
            assert text.split("## Quality-control")[1].split("\n## ")[0].count("\n| ") == 6
        else:
            for part in ("Intended use", "Data", "Features", "Accuracy", "By slice", "Limits",
                         "Fairness", "Quality-control factors", "How to reproduce"):  # fmt: skip
                assert f"\n## {part}" in text, (name, part)
            factors = text.split("## Quality-control")[1].split("\n## ")[0]
            served = "values this feed's homes" in text
            assert factors.count("\n| ") == (6 if served else 0)  # five and the heading
            assert served or re.search(r"see \[`\w+_blend`\]\(\w+_blend\.md\)", factors)
            assert not re.search(r"\bnan\b|\bNone\b", text), name
            tables = re.findall(r"(?:^\|.*\|\n)+", text, re.M)
            for table in tables:
                widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
                assert len(widths) == 1, (name, table[:200])


def test_a_failed_threshold_is_loud_and_stops_nothing(plain, tmp_path):
    """Limits that no model can hold, on a feed that has no rentals."""
    limits = {"gain": 0.9, "coverage_90": 0.0001, "cod": 0.01, "bias": 0.00001, "hit_rate": 0.9,
              "area_level": 0.05}  # fmt: skip
    tmp_path = finished_runs.copied(plain, tmp_path / "copy")
    path = tmp_path / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["cards"].update(thresholds=limits, draws=50)
    path.write_text(yaml.safe_dump(params))
    assert stage_runner.run(tmp_path, ["cards", "report"]) == ""
    text = (tmp_path / "docs/model_cards/sale_blend.md").read_text()
    assert "**1 threshold failed:** MdAPE less that of the linear baseline" in text or (
        "thresholds failed:** MdAPE less that of the linear baseline" in text
    )
    assert "| **FAIL** |" in text and "Synthetic" not in text
    told = stage_runner.metrics(tmp_path, "cards")["variants"]
    assert "gain" in told["sale_blend"]["failed"] and told["sale_blend"]["served"]
    assert "FAILED" in (tmp_path / "docs/model_cards/README.md").read_text()
    skipped = (tmp_path / "docs/model_cards/rental_blend.md").read_text()
    assert "Not trained" in skipped and "rental listings: no closed rows" in skipped
    first = {p.name: p.read_bytes() for p in (tmp_path / "docs/model_cards").iterdir()}
    again = stage_runner.stage(tmp_path, "cards")
    assert "cards.threshold_failed" in again.output and "sale_blend" in again.output
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "docs/model_cards").iterdir()}
    figures = stage_runner.metrics(tmp_path, "evaluate")
    share = {"value": 0.8, "low": 0.75, "high": 0.85}
    figures["variants"]["sale_blend"]["accuracy"]["hit_rate"] = share
    (tmp_path / "metrics/evaluate.json").write_text(json.dumps(figures))
    assert stage_runner.stage(tmp_path, "cards").exit_code == 0
    text = (tmp_path / "docs/model_cards/sale_blend.md").read_text()
    assert "| Stood by (80.0 %) |" in text
    assert (
        "| homes that got a value | 80.0 % (75.0 % to 85.0 %) | at least 90.0 % | **FAIL** |"
        in text
    )


def test_a_feed_without_dates_or_zips_has_cards(undated):
    text = (undated / "docs/model_cards/sale_blend.md").read_text()
    assert "held out by groups (no sale has a close date)" in text
    assert "The feed has no ZIPs" in text
