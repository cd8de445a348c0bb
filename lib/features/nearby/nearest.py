"""Searches among the past alone: the nearest points before a date, and how many lie near.

Exact and near-linear. Points lie in date order, cut into blocks; a k-d tree stands over each run of
1, 2, 4, 8 ... blocks. What had happened before a date is a prefix of that order (`count_before`),
which is a handful of such runs and a part of one block, searched by brute force.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from lib.features.asof.rule import count_before

BLOCK = 512
LEAF = 32  # points that a tree looks at one by one; twice scipy's default is a tenth faster here
CHUNK = 500  # queries of a tail at once: 500 x 512 points in 6 dimensions are 12 MB
WORKERS = 2  # threads that search; queries are independent, so the result is the same


def _cut_whole_blocks(past: np.ndarray, block: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Cut the past of each query into runs of whole blocks, each as long as a power of two.

    Parameters
    ----------
    past
        (m,) int64 how many points, in date order, lie before each query's date.
    block
        Points a block.

    Yields
    ------
    (queries, start, stop): points `start` to `stop` of the date order lie before the dates of all
    of these queries (int64 rows).
    """
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


def _cut_block_remainders(past: np.ndarray, block: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Cut off what `_cut_whole_blocks` leaves of each query's past: the last part of a block.

    All listings on the market have one tail: they come in parts of `CHUNK`, since each is compared
    with each point.

    Parameters
    ----------
    past
        (m,) int64 how many points, in date order, lie before each query's date.
    block
        Points a block.

    Yields
    ------
    (queries, start, stop): of points `start` to `stop` only those before a query's own `past` count
    for it.
    """
    blocks = past // block
    order = np.argsort(blocks, kind="stable")
    which, first = np.unique(blocks[order], return_index=True)
    for one, group in zip(which, np.split(order, first)[1:], strict=True):
        for rows in np.split(group, range(CHUNK, len(group), CHUNK)):
            start, stop = int(one) * block, int(past[rows].max(initial=0))
            if stop > start:
                yield rows, start, stop


def nearest_past_points(
    points: np.ndarray,
    days: np.ndarray,
    queries: np.ndarray,
    as_of: np.ndarray,
    k: int,
    block: int = BLOCK,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest points among those that lie strictly before each query's date.

    Parameters
    ----------
    points
        (n, d) coordinates.
    days
        (n,) int64 whole day of each point, in any order.
    queries
        (m, d) coordinates.
    as_of
        (m,) int64 whole day of each query.
    k
        How many points to find.
    block
        Points a block; any number gives the same answer.

    Returns
    -------
    index
        (m, k) int64 rows of `points` in order of distance, -1 where fewer than k lie before.
    distance
        (m, k) float64 Euclidean, inf where there is none.
    """
    order = np.argsort(days, kind="stable")
    sorted_points, past = points[order], count_before(days[order], as_of)
    index = np.full((len(queries), k), -1)
    distance = np.full((len(queries), k), np.inf)

    def merge(rows: np.ndarray, new_index: np.ndarray, new_distance: np.ndarray) -> None:
        both_i = np.concatenate([index[rows], new_index], axis=1)
        both_d = np.concatenate([distance[rows], new_distance], axis=1)
        best = np.argsort(both_d, axis=1, kind="stable")[:, :k]
        index[rows] = np.take_along_axis(both_i, best, axis=1)
        distance[rows] = np.take_along_axis(both_d, best, axis=1)

    for rows, start, stop in _cut_whole_blocks(past, block):
        tree = cKDTree(sorted_points[start:stop], leafsize=LEAF)
        found_d, found_i = tree.query(queries[rows], k=range(1, k + 1), workers=WORKERS)
        merge(rows, np.where(np.isfinite(found_d), found_i + start, -1), found_d)
    for rows, start, stop in _cut_block_remainders(past, block):
        gap = queries[rows][:, None, :] - sorted_points[None, start:stop, :]
        found_d = np.sqrt((gap**2).sum(axis=2))
        found_d[np.arange(start, stop)[None, :] >= past[rows][:, None]] = np.inf
        merge(rows, np.broadcast_to(np.arange(start, stop), found_d.shape), found_d)
    return np.where(np.isfinite(distance), np.append(order, -1)[index], -1), distance


def count_past_within(
    points: np.ndarray,
    days: np.ndarray,
    queries: np.ndarray,
    as_of: np.ndarray,
    radius: float,
    block: int = BLOCK,
) -> np.ndarray:
    """Count the points near each query among those that lie strictly before its date.

    Parameters
    ----------
    points
        (n, d) coordinates.
    days
        (n,) int64 whole day of each point, in any order.
    queries
        (m, d) coordinates.
    as_of
        (m,) int64 whole day of each query.
    radius
        Euclidean distance up to which a point is near.
    block
        Points a block; any number gives the same answer.

    Returns
    -------
    (m,) float64 counts.
    """
    order = np.argsort(days, kind="stable")
    sorted_points, past = points[order], count_before(days[order], as_of)
    count = np.zeros(len(queries))
    for rows, start, stop in _cut_whole_blocks(past, block):
        tree = cKDTree(sorted_points[start:stop], leafsize=LEAF)
        count[rows] += tree.query_ball_point(
            queries[rows], radius, return_length=True, workers=WORKERS
        )
    for rows, start, stop in _cut_block_remainders(past, block):
        gap = queries[rows][:, None, :] - sorted_points[None, start:stop, :]
        near = (gap**2).sum(axis=2) <= radius**2
        count[rows] += (near & (np.arange(start, stop) < past[rows][:, None])).sum(axis=1)
    return count
