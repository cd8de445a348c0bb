"""Coverage: days of the stamp, values that are there, and those that the contract does not know."""

import time

from lib.listings.staging import coverage, parse_export, staging
from tests.support.staged_rows import CONTRACT, SPEC, made, row, staged, written


def test_what_the_contract_does_not_know_is_told_with_its_counts(tmp_path):
    files = [
        [row(key="1", status="Actv"), row(key="2", status=" Actv"), row(key="3", lease="let")],
        [row(key="4", status="Comp Sold"), row(key="5"), row(key="6", status="x" * 99)],
    ]
    parsed = []
    for i, rows in enumerate(files):
        (tmp_path / str(i)).mkdir()
        raw = written(tmp_path / f"{i}.csv", rows)
        done = parse_export.parse_export(raw, CONTRACT, tmp_path / str(i))
        parsed.append(staging.ParsedFile(f"{i}.csv", "x", None, done))
    found = coverage.count_unknown_values(parsed, CONTRACT, tmp_path)
    column = CONTRACT.domain.column
    assert found["standard_status"] == {"Actv": 2, "Comp Sold": 1, "x" * coverage.LONG: 1}
    assert found[column] == {"let": 1}
    tally = {"rows_in": 6, "clean": 1, "duplicates": 0, "quarantined": 5, "reasons": {}}
    told = coverage.render_coverage({}, tally | {"unknown_values": found})
    assert "`standard_status`, add them to the contract: 'Actv' (2), 'Comp Sold' (1)" in told


def test_days_of_coverage_are_those_of_the_stamp_in_every_form_and_zone(monkeypatch):
    """Z, seven digits, an offset over midnight; blank stamps fall back to the closing."""
    contract = made(
        date_formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"],
        columns=SPEC["columns"] | {"close_date": {"aliases": ["Note"], "type": "date"}},
    )
    rows = [
        row(key="1", stamp="2024-05-01T23:30:00Z", note="2024-01-01"),
        row(key="2", stamp="2024-05-01T23:30:00-0500", note="2024-01-01"),
        row(key="3", stamp="", note="2024-01-01"),
        row(key="4", stamp="", note=""),
    ]
    for zone in ("Asia/Tokyo", "America/Chicago"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        found = staged(rows, contract=contract).coverage["sale"]
        assert {day: one["rows"] for day, one in found.items()} == {
            "2024-05-01": 1, "2024-05-02": 1, "2024-01-01": 1, "no date": 1}  # fmt: skip
    monkeypatch.undo()
    time.tzset()


def test_a_tab_alone_is_not_presence():
    out = staged([row(note="\t"), row(key="2")], contract=made(
        columns=SPEC["columns"] | {"remarks": {"aliases": ["Note"]}}))  # fmt: skip
    assert out.coverage["sale"]["2024-01-01"]["remarks"] == 1
