"""`make nightly` against the portal of tests/support: from an empty folder to a report."""

import json

import pytest
import yaml

from lib.acquire.download.lock import hold_lock
from tests.support.acquire import album
from tests.support.exports import demo
from tests.support.portal import PASSWORD, USER, Portal
from tests.support.project_copy import copy_project
from tests.support.stage_runner import shrink

pytestmark = [pytest.mark.rest, pytest.mark.usefixtures("chromium")]
PHOTOGRAPHED = 12  # listings; each costs two requests


def market() -> list[dict[str, str]]:
    """The newest state of each listing of a small demo market; few of them have photos."""
    states = sorted(demo().to_dict("records"), key=lambda one: one["MatrixModifiedDT"])
    dated = [one for one in states if "2023" <= one["MatrixModifiedDT"][:4] <= "2024"]
    rows = [*{one["Matrix_Unique_ID"]: one for one in dated if one["Matrix_Unique_ID"]}.values()]
    shown = [one for one in rows if one["PhotoCount"].isdigit() and one["PhotoCount"] != "0"]
    kept = {one["Matrix_Unique_ID"] for one in shown[-PHOTOGRAPHED:]}
    return [
        one if one["Matrix_Unique_ID"] in kept else one | {"PhotoCount": "0"} for one in rows
    ]  # fmt: skip


def project(folder, portal):
    """A copy of the project that asks the portal here, and whose models are small."""
    clone = copy_project(folder)
    for name, change in (("params.yaml", shrink), ("configs/acq.yaml", lambda acq: acq.update(
        first_day="2023-01-01",
        limits=acq["limits"] | {"window_days": 400},
        pace=acq["pace"] | {"seconds": 0, "jitter": 0, "backoff": 0.05},
        portal=acq["portal"] | {"url": f"{portal.url}/login", "hosts": []},
    ))):  # fmt: skip
        content = yaml.safe_load((clone.folder / name).read_text())
        change(content)
        (clone.folder / name).write_text(yaml.safe_dump(content))
    clone.git("commit", "-qam", "small")
    return clone


def test_from_an_empty_folder_to_a_report(tmp_path, monkeypatch):
    rows = market()
    monkeypatch.setenv("HAR_EMAIL", USER)
    monkeypatch.setenv("HAR_PASSWORD", PASSWORD)
    with Portal(rows, album([one for one in rows if one["PhotoCount"].isdigit()])) as portal:
        clone = project(tmp_path / "project", portal)
        portal.faults = {"/Matrix/Download": ["500"], "/Matrix/PhotosZip": ["cut"]}
        assert not (clone.folder / "data/raw").exists()
        done = clone.run("make", "nightly")
        log = (clone.folder / "data/acq/har/nightly.log").read_text()
        assert done.returncode == 0, done.stdout + done.stderr + log
        with hold_lock(clone.folder / "data/acq/har/nightly.lock", "a test"):
            second = clone.run("make", "nightly")
        assert second.returncode != 0 and "a nightly run is running already" in second.stderr
        asked = len(portal.asked)
        fetch = clone.run("python", "-m", "scripts.acquire.har")
        assert "nothing to fetch" in fetch.stdout and len(portal.asked) == asked
    page = clone.folder / "runs/har/data/report/index.html"
    assert str(page) in done.stdout and "HAR Matrix export" in page.read_text()
    assert (clone.folder / "data/acq/har/gaps.svg").is_file()
    lines = (clone.folder / "data/raw/har/imports.jsonl").read_text().splitlines()
    names = [json.loads(line)["file"] for line in lines]
    assert len([name for name in names if name.endswith(".csv")]) == len(portal.exported)
    assert any("/images/" in name for name in names)
    staged = json.loads((clone.folder / "runs/har/metrics/staging.json").read_text())
    assert staged["rows_in"] == len(rows)
    photos = json.loads((clone.folder / "runs/har/metrics/photos.json").read_text())
    assert photos["photos"] == len(portal.pictures) > PHOTOGRAPHED
    for text in (log, done.stdout, done.stderr):
        assert PASSWORD not in text and USER not in text
