"""The manifest: what a kill cuts off is not read and does not spoil what comes after."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lib.acquire.download import manifest
from lib.acquire.download.manifest import ManifestEntry
from lib.common.errors import RemlError
from tests.support.hypothesis_profiles import examples


def window(state, since, until, **more):
    return ManifestEntry("listings", state, "2025-03-09T03:00:00+00:00", since, until, **more)


def photos(state, listing="1", **more):
    return ManifestEntry("photos", state, "2025-03-09T03:00:00+00:00", listing_id=listing, **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "acq/har/manifest.jsonl"


def test_what_is_added_is_read(path):
    entries = [
        window("done", "2025-03-01", "2025-03-07", zips=("77008", "77009"), count=3),
        photos("failed", reason="“none” — \n of them", attempts=4),
    ]
    assert manifest.read_manifest(path) == []
    for entry in entries:
        manifest.add_entries(path, entry)
    assert manifest.read_manifest(path) == entries


@examples(40, HealthCheck.function_scoped_fixture)
@given(cut=st.integers(1, 2000), more=st.booleans())
def test_a_cut_costs_the_lines_it_cut_and_no_other(path, cut, more):
    """Wherever the file ends, whole lines are read and the next entry gets a line of its own."""
    path.unlink(missing_ok=True)
    entries = [photos("done", str(number), count=number) for number in range(4)]
    for entry in entries:
        manifest.add_entries(path, entry)
    content = path.read_bytes()
    kept = content[: max(len(content) - cut, 0)]
    path.write_bytes(kept)
    whole = entries[: kept.count(b"\n")]
    assert manifest.read_manifest(path) == whole
    if more:
        manifest.add_entries(path, photos("failed", "new"))
        assert manifest.read_manifest(path) == [*whole, photos("failed", "new")]
        assert path.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])


def test_a_cut_longer_than_what_is_looked_back_at_keeps_the_lines_before(path):
    manifest.add_entries(path, photos("done"))
    whole = path.read_bytes()
    path.write_bytes(whole * 400 + whole[:-9])
    assert len(whole) * 400 > 65536
    manifest.add_entries(path, photos("failed"))
    assert [entry.state for entry in manifest.read_manifest(path)] == ["done"] * 400 + ["failed"]


@pytest.mark.parametrize("line", ["{", '{"kind": "photos"}', '{"odd": 1}', "[]", "7"])
def test_a_line_that_is_none_is_named(path, line):
    manifest.add_entries(path, photos("done"))
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RemlError, match=r"manifest\.jsonl, line 2: .* delete that line"):
        manifest.read_manifest(path)


def test_of_one_thing_the_last_entry_counts():
    entries = [
        photos("started", "1"),
        photos("done", "1", count=3),
        photos("done", "1", count=4, changed="later"),
        photos("done", "1", domain="rental"),
        window("started", "2025-03-01", "2025-03-02"),
        window("done", "2025-03-01", "2025-03-02", zips=("77008",)),
        photos("failed", "1"),
    ]
    assert list(manifest.latest_entries(entries).values()) == [entries[6], *entries[2:6]]


def test_the_days_that_were_asked_for():
    def asked(*entries):
        return {day.day: state for day, state in manifest.day_states(entries).items()}

    done = window("done", "2025-03-01", "2025-03-03")
    partial = window("partial", "2025-03-03", "2025-03-05")
    assert asked(done) == {1: "done", 2: "done", 3: "done"}
    assert asked(window("empty", "2025-03-02", "2025-03-02")) == {2: "done"}
    assert asked(partial) == {3: "done", 4: "done", 5: "partial"}
    again = window("done", "2025-03-05", "2025-03-05")
    assert asked(partial, again)[5] == asked(again, partial)[5] == "done"
    for state in ("started", "failed"):
        assert asked(window(state, "2025-03-01", "2025-03-03")) == {}
    assert asked(window("done", "2025-03-01", "2025-03-03", zips=("77008",))) == {
            1: "partial", 2: "partial", 3: "partial",
        }  # fmt: skip
    assert asked(photos("done")) == {}


def test_days_that_were_asked_for_zip_by_zip_are_done_when_the_last_zip_is():
    one = window("done", "2025-03-01", "2025-03-02", zips=("77008",))
    other = window("empty", "2025-03-02", "2025-03-03", zips=("77009", "77010"))
    everywhere = window("done", "2025-03-05", "2025-03-05")
    found = manifest.searched_zips([one, other, everywhere])
    assert {day.day: zips for day, zips in found.items()} == {
        1: {"77008"}, 2: {"77008", "77009", "77010"}, 3: {"77009", "77010"}, 5: {""},
    }  # fmt: skip
    days = manifest.day_states([one, other, everywhere], ["77008", "77009"])
    assert {day.day: state for day, state in days.items()} == {
        1: "partial", 2: "done", 3: "partial", 5: "done",
    }  # fmt: skip
    assert set(manifest.day_states([one, other]).values()) == {"partial"}


def test_the_days_of_a_window():
    entry = window("done", "2024-02-28", "2024-03-01")
    assert entry.days() == [dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
    assert photos("done").days() == []
