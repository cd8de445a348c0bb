"""What one run and one day may fetch, in a real Chromium; what is left over is named."""

import pytest

from tests.support.acquire import DOWNLOAD, RESULTS, Desk, album, keys, month, row
from tests.support.portal import Portal

pytestmark = [pytest.mark.rest, pytest.mark.usefixtures("chromium")]


def test_5001_listings_come_in_slices_and_no_more_than_5000_a_run(tmp_path):
    days = ["2026-03-02"] * 2500 + ["2026-03-03"] * 2000 + ["2026-03-04"] * 501
    rows = [row(n, day) for n, day in enumerate(days)]
    with Portal(rows) as portal:
        desk = Desk(tmp_path, portal)
        done = desk.march()
        assert done.returncode == 3 and "2026-03-04" in done.stderr, done.stderr
        assert "no room under the caps" in done.stderr
        assert len(desk.keys()) == 4500 and len(set(desk.keys())) == 4500
        assert all("03/04" not in one.split("-")[0] for one in portal.exported)
        assert desk.march().returncode == 0
        assert desk.keys() == keys(rows)
        first = portal.exported
        assert desk.march().returncode == 0 and portal.exported == first


def test_a_day_that_one_search_cannot_show_is_cut_by_zip_or_named(tmp_path):
    zips = ["77001", "77002", "77003"]
    rows = [row(n, "2026-03-02", zip_code=zips[n % 3]) for n in range(9)]
    with Portal(rows) as portal:
        desk = Desk(tmp_path, portal, limits={"listings_per_search": 4})
        done = desk.march()
        assert done.returncode == 3 and "list the ZIP codes of your area" in done.stderr
        assert not portal.exported
        desk.settings(portal={"zips": zips})
        portal.faults = {RESULTS: ["", "", "other window"]}  # 77002 is answered with 77001's
        done = desk.march()
        assert done.returncode == 0, done.stderr
        assert desk.keys() == keys(rows)
        assert set(zips) <= {one.split()[-1] for one in portal.exported}
        assert "nothing to fetch" in desk.march().stdout


def test_the_cap_of_a_day_counts_earlier_runs(tmp_path):
    with Portal(month(4)) as portal:
        desk = Desk(tmp_path, portal, limits={"listings_per_day": 9})
        assert desk.march().returncode == 3 and len(desk.keys()) == 8
        assert desk.march().returncode == 3 and len(desk.keys()) == 8


def test_what_fails_counts_under_the_caps_and_a_day_above_them_holds_up_no_other(tmp_path):
    rows = [row(n, "2026-03-02") for n in range(5)] + [row(9, "2026-03-04")]
    with Portal(rows) as portal:
        desk = Desk(tmp_path, portal, limits={"listings_per_run": 4})
        done = desk.march()
        assert done.returncode == 3 and "2026-03-02: 5 listings, and 4 are the most" in done.stderr
        assert desk.keys() == ["k9"]
        desk.settings(limits={"listings_per_run": 11, "window_days": 2}, pace={"attempts": 9})
        portal.faults = {DOWNLOAD: ["twice"] * 9}
        done = desk.march()
        assert done.returncode == 3 and "no room under the caps" in done.stderr
        assert len(portal.exported) == 1 + 2, "after 10 listings in vain no more is asked for"


def test_photos_that_the_page_does_not_show_are_named_and_asked_for_in_few_more_runs(tmp_path):
    rows = [row(1, "2026-03-02", 3), row(2, "2026-03-02", 1)]
    with Portal(rows, album(rows)) as portal:
        portal.photos["1"].pop()
        del portal.photos["2"]
        desk = Desk(tmp_path, portal, pace={"attempts": 2})
        done = desk.march()
        assert done.returncode == 3
        assert "photos of 1: the page shows 2 and the export says 3" in done.stderr
        assert "photos of 2: the page shows 0 and the export says 1" in done.stderr
        assert desk.pictures() == {"1": portal.photos["1"]}
        assert [desk.march().returncode for _ in range(3)] == [3, 3, 0]


def test_the_101st_photo_is_not_fetched(tmp_path):
    rows = [row(1, "2026-03-02", 103)]
    with Portal(rows, album(rows)) as portal:
        desk = Desk(tmp_path, portal)
        assert desk.march().returncode == 0
        assert portal.pictures == [f"1/{n}" for n in range(1, 101)]
        assert desk.pictures() == {"1": portal.photos["1"][:100]}
        last = desk.entries()[-1]
        assert (last.expected, last.count, last.capped) == (103, 100, 3)
        assert "nothing to fetch" in desk.march().stdout
