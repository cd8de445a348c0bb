"""The stage killed: no worker is left, and the next run ends in the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.dag import ROOT
from tests.support.photos import Feed, image


@pytest.fixture
def feed(tmp_path, monkeypatch):
    return Feed(tmp_path, monkeypatch)


@pytest.fixture
def busy(feed):
    """A feed whose six bundles take two workers a second or so."""
    feed.listings(*(("sale", str(n), None, "6") for n in range(15)))
    for b in range(6):
        entries = {f"{n}/{b}.jpg": image(100 * b + n, size=(900, 700)) for n in range(15)}
        feed.bundle(f"{b}.zip", entries)
    feed.params(workers=2)
    return feed


def start():
    """The stage as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.valuation.photos"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )


def kill(run, folder: Path) -> None:
    """Kill the stage, and see that its workers end with it."""
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 5
    while left := list(working_in(folder)):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.rest
def test_a_killed_stage_leaves_no_worker_and_the_next_ends_in_the_same_bytes(busy, monkeypatch):
    cached = busy.folder / "cache/photos"
    for begun in (1, 3):  # bundles, finished ones included
        run = start()
        while not cached.is_dir() or len(list(cached.iterdir())) < begun:
            assert run.poll() is None
            time.sleep(0.005)
        kill(run, busy.folder)
    assert list(cached.glob(".*")), "killed too late to test anything"
    wanted = busy.run().digest()
    assert list(cached.glob(".*")) == []
    monkeypatch.setenv("REML_CACHE_DIR", str(busy.folder / "fresh"))
    assert busy.run().digest() == wanted


@pytest.mark.chaos
@pytest.mark.fuzz  # a minute or two: not in `make chaos FAST=1`
def test_twenty_kills_at_random_points(busy):
    rng = random.Random(20)
    whole = time.monotonic()
    assert start().wait() == 0
    whole = time.monotonic() - whole
    wanted = busy.digest()
    for _ in range(20):
        for name in ("cache", "data/photos", "metrics"):
            shutil.rmtree(busy.folder / name, ignore_errors=True)
        run = start()
        time.sleep(rng.uniform(0.1, 0.95) * whole)
        kill(run, busy.folder)
        assert start().wait() == 0
        assert busy.digest() == wanted


def working_in(folder: Path):
    """Other processes whose working directory is `folder`."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and (entry / "cwd").resolve() == folder.resolve():
                yield (entry / "cmdline").read_text()
        except OSError:
            continue
