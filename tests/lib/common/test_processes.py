"""Results of processes as they come: their order, how far ahead work is taken, errors, the end."""

import multiprocessing
import os
import signal
import time

import pytest

from lib.common.errors import RemlError
from lib.common.processes import AHEAD, map_processes, map_threads, stream_processes


def worked(item: int) -> tuple[int, int]:
    if item == 66:
        raise RemlError("66 cannot be worked on")
    if item == 77:
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item, os.getpid()


def test_results_come_in_order_from_other_processes():
    found = list(stream_processes(worked, iter(range(20)), 3))
    assert [square for square, _ in found] == [n * n for n in range(20)]
    assert os.getpid() not in {worker for _, worker in found}


def later_ones_first(item: int) -> int:
    time.sleep(0.3 if item == 0 else 0)
    return item


@pytest.mark.parametrize("share", [map_processes, map_threads, stream_processes])
def test_results_come_in_the_order_of_the_items_however_long_each_takes(share):
    assert list(share(later_ones_first, range(6), 3)) == list(range(6))


@pytest.mark.parametrize("items, workers", [([], 3), ([5], 3), ([5, 6], 1)])
def test_what_cannot_be_shared_is_worked_on_here(items, workers):
    assert list(stream_processes(worked, items, workers)) == [worked(item) for item in items]


def test_little_is_taken_ahead_and_who_stops_early_leaves_no_process():
    taken = []
    results = stream_processes(worked, (taken.append(n) or n for n in range(100)), 2)
    for n in range(10):
        assert next(results)[0] == n * n and len(taken) <= n + 2 * AHEAD
    results.close()
    assert not multiprocessing.active_children() and len(taken) < 20


def test_an_error_is_raised_here_and_a_dead_worker_is_one_line():
    with pytest.raises(RemlError, match="66 cannot be worked on"):
        list(stream_processes(worked, [1, 66, 2], 2))
    with pytest.raises(RemlError, match="a worker process died"):
        list(stream_processes(worked, [1, 77, 2], 2))
    assert not multiprocessing.active_children()
