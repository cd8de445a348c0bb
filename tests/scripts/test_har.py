"""The downloader in a real Chromium against the portal in tests/support/portal.py."""

import json
import os
import random
import signal
import stat
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.support.acquire import DOWNLOAD, RESULTS, ZIP, Desk, album, keys, month, row
from tests.support.portal import PASSWORD, USER, Portal

pytestmark = [pytest.mark.rest, pytest.mark.usefixtures("chromium")]


@pytest.fixture
def rows():
    return month(4, photos=2)


@pytest.fixture
def portal(rows):
    with Portal(rows, album(rows)) as portal:
        yield portal


@pytest.fixture
def desk(tmp_path, portal):
    return Desk(tmp_path, portal)


def test_what_is_there_comes_whole_and_once(desk, portal, rows):
    done = desk.march()
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.keys() == keys(rows) and desk.pictures() == portal.photos
    assert portal.logins == 1 and not desk.leftovers()
    assert stat.S_IMODE((desk.out / "session.json").stat().st_mode) == 0o600
    asked = len(portal.asked)
    again = desk.march()
    assert again.returncode == 0 and "nothing to fetch" in again.stdout
    assert len(portal.asked) == asked, "a second run asks for nothing"
    rows.append(row(900, "2026-03-12", 1))
    portal.photos |= album(rows[-1:])
    assert desk.run("--since", "2026-03-09", "--until", "2026-03-12").returncode == 0
    assert desk.keys() == keys(rows) and desk.pictures() == portal.photos
    assert portal.logins == 1, "the session was kept"
    assert max(portal.zipped.values()) == 1
    assert portal.exported == ["03/01/2026-03/10/2026", "03/11/2026-03/12/2026"]


def test_a_day_is_the_portals_own_whatever_the_offset(tmp_path):
    """23:30 in Houston is the next day in UTC, and 00:10 in Berlin the day before."""
    rows = [row(n, "2026-03-05") for n in range(3)]
    for one, clock in zip(rows, ("T23:30:00-06:00", "T00:10:00+01:00", "T12:00:00Z"), strict=True):
        one["MatrixModifiedDT"] = f"2026-03-05{clock}"
    with Portal(rows) as portal:
        desk = Desk(tmp_path, portal, pace={"attempts": 1})
        done = desk.run("--since", "2026-03-05", "--until", "2026-03-05")
        assert done.returncode == 0 and desk.keys() == keys(rows), done.stderr


def test_each_fault_once_and_everything_comes(desk, portal, rows):
    portal.windows_opened = 2
    portal.faults = {
        RESULTS: ["500", "", "", "expired", "gone", "", "other window", "empty"],
        DOWNLOAD: ["429 1", "cut", "twice", "500", "", "expired"],
        "/Matrix/Photos": ["", "expired", "503"],
        ZIP: ["429 0", "cut", "", "gone", "500"],
    }
    desk.settings(limits={"window_days": 2}, pace={"attempts": 9})
    done = desk.march()
    assert done.returncode == 0, done.stdout + done.stderr
    assert portal.faults == {RESULTS: [], DOWNLOAD: [], "/Matrix/Photos": [], ZIP: []}
    assert desk.keys() == keys(rows) and desk.pictures() == portal.photos
    assert max(portal.zipped.values()) == 1 and not desk.leftovers()
    assert portal.logins == 4
    shown = list((desk.out / "failures").glob("*.png"))
    assert shown and all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in shown)


def test_what_stays_broken_is_named_and_the_next_run_fetches_only_the_rest(desk, portal, rows):
    desk.settings(limits={"window_days": 4}, pace={"attempts": 2})  # 1 to 4, 5 to 8, 9 to 10
    portal.faults = {DOWNLOAD: ["", "cut", "cut"], ZIP: ["500", "500"]}
    done = desk.march()
    assert done.returncode == 3
    assert "listings of 2026-03-05 to 2026-03-08: the download was cut off" in done.stderr
    assert "photos of 200: the portal answered 500" in done.stderr
    assert desk.keys() == keys(rows[:8])
    assert set(desk.pictures()) == {"100", "102", "202"}
    assert portal.exported == ["03/01/2026-03/04/2026"]
    before = list(portal.pictures)
    assert desk.march().returncode == 0
    assert desk.keys() == keys(rows) and desk.pictures() == portal.photos
    assert portal.exported == ["03/01/2026-03/04/2026", "03/05/2026-03/08/2026"]
    assert not set(before) & set(portal.pictures[len(before) :])


@pytest.mark.parametrize(
    "path, fault, told",
    [
        (RESULTS, "captcha", "asks for a CAPTCHA"),
        (DOWNLOAD, "503 captcha", "asks for a CAPTCHA"),
        ("/login", "mfa", "asks for a code"),
        (DOWNLOAD, "403", "answered 403 Forbidden"),
        (ZIP, "401", "answered 401 Unauthorized"),
    ],
)
def test_it_stops_where_a_person_is_wanted(desk, portal, path, fault, told):
    portal.faults = {path: [fault, fault, fault, fault]}
    done = desk.march()
    assert done.returncode == 4 and told in done.stderr, done.stderr
    assert portal.asked[-1] == path and portal.asked.count(path) == 1, "nothing more was asked"
    assert list((desk.out / "failures").glob("*stopped.png"))
    assert "not reached" in done.stderr or path == ZIP, "what is left is named"
    assert not (desk.out / "session.json").exists()


@pytest.mark.parametrize("form_again", [True, False])
def test_a_wrong_password_is_tried_once(desk, portal, form_again):
    portal.form_again = form_again
    desk.settings(pace={"timeout": 3.0})
    done = desk.march(HAR_PASSWORD="wrong")
    assert done.returncode == 4 and "did not accept user and password" in done.stderr
    assert portal.asked == ["/login", "/login"], "the form and one try"


def test_a_long_wait_ends_the_run_and_what_is_left_is_named(desk, portal, rows):
    portal.faults = {DOWNLOAD: ["429 3600"]}
    done = desk.march()
    assert done.returncode == 3 and "asks to wait 3600 s" in done.stderr
    assert portal.asked[-1] == DOWNLOAD
    assert desk.march().returncode == 0 and desk.keys() == keys(rows)


def test_a_download_that_stands_still_is_given_up(desk, portal, rows):
    desk.settings(pace={"download": 2.0, "attempts": 1})
    portal.slow = 20.0
    done = desk.march("--no-photos")
    assert done.returncode == 3 and "Timeout 2000ms" in done.stderr, done.stderr
    portal.slow = 0.0
    assert desk.march("--no-photos").returncode == 0 and desk.keys() == keys(rows)


def test_a_wait_that_the_portal_asks_for_is_kept_after_the_last_try_too(desk, portal):
    desk.settings(pace={"attempts": 1}, limits={"window_days": 3})
    portal.faults = {DOWNLOAD: ["429 2"]}
    assert desk.march("--no-photos").returncode == 3
    at = portal.asked.index(DOWNLOAD)
    assert portal.times[at + 1] - portal.times[at] >= 2


def test_a_selector_that_fits_nothing_is_named_not_passed_over(desk, portal):
    path = desk.folder / "configs/acq.yaml"
    path.write_text(path.read_text().replace("input.status", "input.nowhere"))
    desk.settings(pace={"attempts": 1, "timeout": 3.0})
    done = desk.march()
    assert done.returncode == 3 and "input.nowhere" in done.stderr and not portal.exported


def test_a_browser_that_dies_ends_the_run_and_what_came_is_kept(desk, portal, rows):
    desk.settings(limits={"window_days": 2})
    portal.slow = 1.0
    line, environment = desk.command("--since", "2026-03-01", "--until", "2026-03-10")
    run = subprocess.Popen(
        line, cwd=desk.folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: portal.asked.count(DOWNLOAD) == 2)
    for one in psutil.Process(run.pid).children(recursive=True):
        if "chromium" in one.name():
            one.kill()
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 3 and "the browser has gone" in said, said
    assert desk.keys() == keys(rows[:4])
    portal.slow = 0.0
    assert desk.march().returncode == 0 and desk.keys() == keys(rows)


def test_photos_come_again_when_they_changed_and_only_then(desk, portal, rows):
    assert desk.march().returncode == 0
    new = row(100, "2026-03-12", 2, PhotosModifiedDT=rows[0]["PhotosModifiedDT"], ListPrice="1")
    rows[0] = new
    rows[2] = row(102, "2026-03-12", 2)
    assert desk.run("--since", "2026-03-12", "--until", "2026-03-12").returncode == 0
    assert portal.zipped["100"] == 1 and portal.zipped["102"] == 2


def test_today_so_far_is_partial_and_asked_for_again_when_it_is_over(desk, portal, rows):
    rows.append(row(800, "2026-03-20"))
    assert desk.run("--today").returncode == 0
    assert desk.keys() == ["k800"] and desk.entries()[-1].state == "partial"
    assert next((desk.out / "listings").iterdir()).name.startswith("2026-03-20_2026-03-20_so_far_")
    early = desk.run("--since", "2026-03-19", "--until", "2026-03-20")
    assert early.returncode == 2 and "that day is not over" in early.stderr
    rows.append(row(801, "2026-03-20"))
    line, environment = desk.command("--since", "2026-03-20", "--until", "2026-03-20")
    line[line.index("--date") + 1] = "2026-03-21"
    subprocess.run(line, cwd=desk.folder, env=environment, check=True)
    assert set(desk.keys()) == {"k800", "k801"} and desk.entries()[-1].state == "done"


def test_neither_pages_nor_a_proxy_lead_to_another_host(desk, portal, rows):
    seen = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_error(404)

        do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{proxy.server_address[1]}"
    portal.picture = "http://elsewhere.example.org/pixel.png"
    done = desk.march("--no-photos", http_proxy=at, https_proxy=at, HTTP_PROXY=at)
    assert done.returncode == 0 and desk.keys() == keys(rows) and seen == []
    (desk.out / "session.json").unlink()
    portal.leads_to = "http://elsewhere.example.org/Matrix"
    rows.append(row(700, "2026-03-12"))
    done = desk.run("--since", "2026-03-12", "--until", "2026-03-12", http_proxy=at)
    proxy.shutdown()
    assert done.returncode == 4 and "leads to elsewhere.example.org" in done.stderr, done.stderr
    assert seen == []


def test_two_runs_do_not_download_at_once(desk, portal):
    portal.slow = 3.0
    line, environment = desk.command("--since", "2026-03-01", "--until", "2026-03-10")
    first = subprocess.Popen(line, cwd=desk.folder, env=environment, stderr=subprocess.DEVNULL)
    wait_for(lambda: DOWNLOAD in portal.asked)
    second = desk.march()
    assert second.returncode == 2 and "is running already" in second.stderr
    portal.slow = 0.0
    assert first.wait(60) == 0


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def alive_below(folder: Path) -> list[str]:
    """Processes that name the folder or work in it."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.pid != os.getpid() and one.status() != psutil.STATUS_ZOMBIE:
                line = " ".join(one.cmdline())
                if str(folder) in line or one.cwd().startswith(str(folder)):
                    found.append(line)
        except psutil.Error:
            continue
    return found


def test_ten_kills_and_nothing_comes_twice_or_by_half(desk, portal, rows):
    """Killed at ten moments, from the log-in to the bundling; what was done before a kill is never
    asked for again."""
    rng = random.Random(5)
    desk.settings(limits={"window_days": 1})
    portal.slow = 0.02
    line, environment = desk.command("--since", "2026-03-01", "--until", "2026-03-10")
    for kill in range(10):
        known = len(desk.entries())
        run = subprocess.Popen(
            line, cwd=desk.folder, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        goal = known + kill % 4

        def reached(goal=goal, run=run):
            return run.poll() is not None or len(desk.entries()) > goal

        wait_for(reached)
        time.sleep(rng.uniform(0, 0.15))
        run.send_signal(signal.SIGKILL)
        run.wait()
        wait_for(lambda: not alive_below(desk.folder), 20)
        done = {one.key(): one for one in desk.entries() if one.state == "done"}
        for one in done.values():
            path = desk.out / one.file
            assert one.kind == "photos" or path.is_file()
    last = desk.march()
    assert last.returncode == 0, last.stderr
    assert desk.keys() == keys(rows) and desk.pictures() == portal.photos
    assert not desk.leftovers() and not list((desk.out / "photos").iterdir())
    ended = [one.key() for one in desk.entries() if one.state == "done" and "ready" not in one.file]
    assert len(ended) == len(set(ended)), "done once, asked for no more"


def test_secrets_are_in_no_log_file_picture_or_message(desk, portal):
    """A page that shows them, a page without the expected form, and Playwright's own log."""
    desk.settings(pace={"attempts": 2, "timeout": 5})
    portal.faults = {"/Matrix/Search/AllProperties/Classic": ["echo", "echo"]}
    first = desk.march(DEBUG="pw:api", PWDEBUG="console")
    assert first.returncode == 3
    desk.settings(portal={"login": LOGIN | {"submit": "#nowhere"}})
    (desk.out / "session.json").unlink(missing_ok=True)
    second = desk.march(DEBUG="pw:api")
    assert second.returncode == 3 and "#nowhere" in second.stderr
    texts = [one.stdout + one.stderr for one in (first, second)]
    files = [one for one in desk.folder.rglob("*") if one.is_file()]
    assert len([one for one in files if one.suffix == ".html"]) >= 2
    texts += [one.read_bytes().decode("latin-1") for one in files]
    for text in texts:
        for secret in (PASSWORD, USER, "Canary-7f3a", json.dumps(PASSWORD)[1:-1]):
            assert secret not in text
            assert secret.encode().decode("latin-1") not in text


LOGIN = {
    "user": "#member_email", "password": "#member_pass", "submit": "#login_submit",
    "enter": "text=Enter Matrix MLS",
}  # fmt: skip
