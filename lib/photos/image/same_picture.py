"""Photos that are the same picture: copies that were resized, encoded anew, brightened or trimmed.

Two photos are alike if their thumbnails agree. That depends on the two and on nothing else: not on
the encoder, and not on which other photos there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from lib.common.errors import RemlError

# Measured on the demo feed (9,816 drawn pictures of five views, all different) and on 636 photos
# of real houses, with copies of both (docs/decisions/016-same-picture.md). Real pictures part by a
# mile: drawn ones decide.
SIDE = 8  # of a thumbnail, in pixels
UNLIKE = 0.08  # difference of thumbnails from which two are different pictures
FLAT = 4.0  # grey levels: what varies less within a channel is noise, and is not blown up
AXES = 8  # directions to search in: with more there is less to look at, and the search is slower
SLACK = 1.001  # of the search, for the last digits of what is projected
CHUNK = 1 << 16  # pairs looked at in one go: 50 MB
# Pairs grow with the square of files that look the same (placeholders with another date in each)
NEAR = 10_000_000  # pairs looked at in all: 160 MB; 10,000 drawn pictures have 240,000, others less
MOST = 3_000_000  # pairs that are alike: 2,400 placeholders; 300 MB once each names the others


def thumbnail_array(image: Image.Image) -> np.ndarray:
    """Shrink an image to the mean colour in each field of an 8 x 8 grid.

    Parameters
    ----------
    image
        An image of any size and mode.

    Returns
    -------
    (8, 8, 3) uint8.
    """
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), "uint8")


def look_alike_pairs(sha1: Sequence[str], thumbnails: np.ndarray) -> np.ndarray:
    """Find the pairs of photos whose thumbnails are alike (`_alike`). The order of photos does not
    matter.

    Two that differ by less along all directions differ by less along some: none is missed by
    searching in the `AXES` directions in which thumbnails vary most.

    Parameters
    ----------
    sha1
        (n,) SHA-1 of each photo; equal ones are one.
    thumbnails
        (n, 8, 8, 3) uint8.

    Returns
    -------
    (m, 2) int64 places in the sorted distinct sha1, the smaller first, sorted.

    Raises
    ------
    RemlError
        Above `NEAR` pairs to look at, before there are any, and above `MOST` that are alike.
    """
    names, first = np.unique(np.asarray(sha1, dtype="str"), return_index=True)
    if len(names) < 2:
        return np.empty((0, 2), np.intp)
    looks = _looks(thumbnails[first])
    off = looks - looks.mean(axis=0)
    axes = np.linalg.eigh(off.T @ off)[1][:, -AXES:]
    reach = SLACK * UNLIKE * looks.shape[1] ** 0.5
    points = off @ axes
    tree = cKDTree(points)
    if (tree.count_neighbors(tree, reach) - len(names)) // 2 > NEAR:
        _too_many(names, tree.query_ball_point(points, reach, return_length=True) - 1)
    pairs = _alike(tree.query_pairs(reach, output_type="ndarray"), looks)
    if len(pairs) > MOST:
        _too_many(names, np.bincount(pairs.ravel()))
    return pairs[np.lexsort(pairs.T[::-1])]


def picture_ids(sha1: Sequence[str], pairs: np.ndarray) -> np.ndarray:
    """Name each photo's picture by the smallest sha1 among those that show it.

    Photos are the same picture if their sha1 is equal, or if they are one of `pairs`, or if a chain
    of such pairs joins them.

    Parameters
    ----------
    sha1
        (n,) SHA-1 of each photo.
    pairs
        (m, 2) `look_alike_pairs` of the same photos.

    Returns
    -------
    (n,) str.

    Examples
    --------
    >>> picture_ids(["c", "a", "b"], np.array([[1, 2]])).tolist()
    ['b', 'a', 'b']
    """
    names, which = np.unique(np.asarray(sha1, dtype="str"), return_inverse=True)
    if not len(names):
        return names
    start, end = pairs.T
    links = coo_array((np.ones(len(start), bool), (start, end)), shape=(len(names),) * 2)
    group = connected_components(links, directed=False)[1]
    smallest = np.unique(group, return_index=True)[1]  # names are sorted
    return names[smallest][group][which]


def look_alikes_by_photo(sha1: Sequence[str], pairs: np.ndarray) -> list[np.ndarray]:
    """List for each photo those that are alike to it.

    Parameters
    ----------
    sha1
        (n,) SHA-1 of each photo.
    pairs
        (m, 2) `look_alike_pairs` of the same photos.

    Returns
    -------
    For each photo the sorted sha1 (k,) that it makes one of `pairs` with, mostly none.
    """
    names, which = np.unique(np.asarray(sha1, dtype="str"), return_inverse=True)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort(both.T[::-1])]
    starts = np.searchsorted(both[:, 0], np.arange(len(names) + 1))
    shared = names.astype(object)  # one text for all cells that name it
    none = names[:0]  # of text, whichever cells are empty
    cells = [shared[both[at:end, 1]] if end > at else none for at, end in pairwise(starts)]
    return [cells[one] for one in which]


def _too_many(names: np.ndarray, mates: np.ndarray) -> NoReturn:
    """Raise `RemlError`: `mates` are the look-alikes of each sha1."""
    raise RemlError(
        f"data/photos: too many photos look the same; the one with SHA-1 {names[mates.argmax()]} "
        f"has {mates.max():,} look-alikes with other bytes: take such placeholders out of the "
        "photo bundles"
    )


def _looks(thumbnails: np.ndarray) -> np.ndarray:
    """(n, 192) float32: thumbnails with each channel at mean 0 and standard deviation 1."""
    flat = thumbnails.reshape(len(thumbnails), SIDE * SIDE, 3).astype("float32")
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(flat.std(axis=1, keepdims=True), FLAT)
    return flat.reshape(len(flat), SIDE * SIDE * 3)


def _alike(pairs: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """Those of `pairs` (m, 2) whose looks differ by less than `UNLIKE`, root mean square.

    Looks know no exposure, contrast or cast of colour: copies differ by 0.00 to 0.08, pictures
    that have nothing in common by some 1.4.
    """
    kept = [pairs[:0]]
    for at in range(0, len(pairs), CHUNK):
        chunk = pairs[at : at + CHUNK]
        apart = looks[chunk[:, 0]] - looks[chunk[:, 1]]
        kept.append(chunk[np.einsum("ij,ij->i", apart, apart) < UNLIKE**2 * looks.shape[1]])
    return np.concatenate(kept)
