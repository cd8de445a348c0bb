"""`make bench` runs: every comparison says a ratio and its limit, seconds and memory."""

import re
import subprocess
import sys

import pytest

from tests.support.dag import ROOT


@pytest.mark.fuzz  # some minutes; the nightly workflow runs it, and `make bench` itself
def test_each_bench_prints_its_ratios():
    command = [sys.executable, "-m", "bench", "--rows", "20000", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shape = (
        r"(\w+) .* +[0-9]+\.[0-9]{2} \(at most [0-9.]+\) +[0-9.]+ s  CPU +[0-9.]+ s  "
        r"peak [0-9,]+ MB \(at most [0-9,]+\)  (ok|OVER)"
    )
    found = [re.fullmatch(shape, line) for line in done.stdout.splitlines()[1:]]
    assert all(found), done.stdout
    assert {match[1] for match in found} == {
        "staging",
        "normalize",
        "screen",
        "features",
        "comparables",
        "embed",
        "evaluate",
        "pipeline",
    }
