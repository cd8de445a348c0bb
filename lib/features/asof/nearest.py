"""Searches among the past alone: the nearest points before a date, and how many lie near.

Exact and near-linear. Points lie in date order, cut into blocks; a k-d tree stands over each run of
1, 2, 4, 8 ... blocks. What had happened before a date is a prefix of that order, which is a handful
of such runs plus part of one block, searched by brute force.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

BLOCK = 512
LEAF = 32  # points that a tree looks at one by one; twice scipy's default is a tenth faster here
CHUNK = 500  # queries of a tail at once: 500 x 512 points in 6 dimensions are 12 MB
WORKERS = 2  # threads that search; each query is answered by itself, so the answer is the same


def runs(past: np.ndarray, block: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """(queries, start, stop) of each run of whole blocks: points start to stop of the date order
    lie before the dates of all these queries, which have `past` (queries,) points before theirs."""
    blocks = past // block
    level = 0
    while (1 << level) <= blocks.max(initial=0):
        uses = np.flatnonzero((blocks >> level) & 1)
        run = (blocks[uses] >> (level + 1)) << 1  # which run of 2**level blocks a query needs
        order = np.argsort(run, kind="stable")
        which, first = np.unique(run[order], return_index=True)
        for one, rows in zip(which, np.split(uses[order], first)[1:], strict=True):
            start = int(one) * (block << level)
            yield rows, start, start + (block << level)
        level += 1


def tails(past: np.ndarray, block: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """(queries, start, stop) of the last part of a block: of points start to stop only those before
    a query's own `past` count for it. All listings on the market have one tail: they come in
    parts of CHUNK, since each is held against each point."""
    blocks = past // block
    order = np.argsort(blocks, kind="stable")
    which, first = np.unique(blocks[order], return_index=True)
    for one, group in zip(which, np.split(order, first)[1:], strict=True):
        for rows in np.split(group, range(CHUNK, len(group), CHUNK)):
            start, stop = int(one) * block, int(past[rows].max(initial=0))
            if stop > start:
                yield rows, start, stop


def nearest_past(
    points: np.ndarray,
    days: np.ndarray,
    at: np.ndarray,
    as_of: np.ndarray,
    k: int,
    block: int = BLOCK,
) -> tuple[np.ndarray, np.ndarray]:
    """(index, distance), each (queries, k): the k `points` (n, d) nearest to each row of `at`
    (queries, d) among those whose `days` lie strictly before the query's `as_of`.

    Rows are in order of distance; where fewer than k had closed, index is -1 and distance inf.
    """
    order = np.argsort(days, kind="stable")
    sorted_points, past = points[order], np.searchsorted(days[order], as_of, side="left")
    index = np.full((len(at), k), -1)
    distance = np.full((len(at), k), np.inf)

    def merge(rows: np.ndarray, new_index: np.ndarray, new_distance: np.ndarray) -> None:
        both_i = np.concatenate([index[rows], new_index], axis=1)
        both_d = np.concatenate([distance[rows], new_distance], axis=1)
        best = np.argsort(both_d, axis=1, kind="stable")[:, :k]
        index[rows] = np.take_along_axis(both_i, best, axis=1)
        distance[rows] = np.take_along_axis(both_d, best, axis=1)

    for rows, start, stop in runs(past, block):
        tree = cKDTree(sorted_points[start:stop], leafsize=LEAF)
        found_d, found_i = tree.query(at[rows], k=range(1, k + 1), workers=WORKERS)
        merge(rows, np.where(np.isfinite(found_d), found_i + start, -1), found_d)
    for rows, start, stop in tails(past, block):
        gap = at[rows][:, None, :] - sorted_points[None, start:stop, :]
        found_d = np.sqrt((gap**2).sum(axis=2))
        found_d[np.arange(start, stop)[None, :] >= past[rows][:, None]] = np.inf
        merge(rows, np.broadcast_to(np.arange(start, stop), found_d.shape), found_d)
    return np.where(np.isfinite(distance), np.append(order, -1)[index], -1), distance


def count_past(
    points: np.ndarray,
    days: np.ndarray,
    at: np.ndarray,
    as_of: np.ndarray,
    radius: float,
    block: int = BLOCK,
) -> np.ndarray:
    """How many `points` (n, d) lie within `radius` of each row of `at` among those whose `days` lie
    strictly before the query's `as_of` (queries,)."""
    order = np.argsort(days, kind="stable")
    sorted_points, past = points[order], np.searchsorted(days[order], as_of, side="left")
    count = np.zeros(len(at))
    for rows, start, stop in runs(past, block):
        tree = cKDTree(sorted_points[start:stop], leafsize=LEAF)
        count[rows] += tree.query_ball_point(at[rows], radius, return_length=True, workers=WORKERS)
    for rows, start, stop in tails(past, block):
        gap = at[rows][:, None, :] - sorted_points[None, start:stop, :]
        near = (gap**2).sum(axis=2) <= radius**2
        count[rows] += (near & (np.arange(start, stop) < past[rows][:, None])).sum(axis=1)
    return count
