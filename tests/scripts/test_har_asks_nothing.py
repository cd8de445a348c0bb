"""What the downloader does before it opens a browser: it tells what it would do, or why not."""

import pytest

from tests.support.acquire import Desk, album, month
from tests.support.portal import Portal


@pytest.fixture
def portal():
    rows = month(4, photos=2)
    with Portal(rows, album(rows)) as portal:
        yield portal


@pytest.fixture
def desk(tmp_path, portal):
    return Desk(tmp_path, portal)


def test_a_dry_run_asks_nothing_and_needs_no_account(desk, portal):
    done = desk.march("--dry-run", HAR_EMAIL="", HAR_PASSWORD="")
    assert done.returncode == 0 and "would search 2026-03-01 to 2026-03-10" in done.stdout
    assert portal.asked == []
    desk.settings(portal={"url": "https://mls.example.org/login", "hosts": []})
    assert desk.march("--dry-run").returncode == 0, "what asks nothing needs no permission"
    desk.settings(portal={"url": f"{portal.url}/login"})
    done = desk.march(HAR_EMAIL="")
    assert done.returncode == 2 and "HAR_EMAIL not set" in done.stderr


def test_another_host_is_refused_without_permission_and_is_never_reached(desk, portal):
    desk.settings(portal={"url": "https://mls.example.org/login", "hosts": []})
    done = desk.march()
    assert done.returncode == 2 and "--permitted-host mls.example.org" in done.stderr
    done = desk.march("--permitted-host", "elsewhere.example.org")
    assert done.returncode == 2 and "not a host of configs/acq.yaml" in done.stderr
    assert not (desk.out / "session.json").exists() and portal.asked == []
