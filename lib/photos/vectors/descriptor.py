"""The built-in encoder: what a picture looks like in plain figures, without weights to download.

Colour, texture, edges and layout of a small copy of the picture. It knows no rooms and no words,
but it is the same on every machine, and what is bright, colourful, cluttered or worn shows in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from PIL import Image
from scipy import ndimage

SIDE = 96  # pixels of the square that every picture is brought to
GRID = 4  # cells a side of the layout
BINS = 8  # of each histogram
GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # luma weights of ITU-R BT.601
HALF = np.float32(np.pi)
# uniform local binary patterns: codes with at most two changes around the circle count by their
# number of ones, all others together
AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
SHARES = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])  # quantiles of light and strength
TOGETHER = (
    4  # pictures described in one go: calls cost less, and all still fits into the CPU's cache
)


def _patterns() -> np.ndarray:
    """(256, 10) int: 1 in the column of each code's class."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.eye(10, dtype=np.int64)[np.where(changes <= 2, bits.sum(axis=1), 9)]


UNIFORM = _patterns()


def _quantiles(values: np.ndarray) -> np.ndarray:
    """(n, 7) the `SHARES` of each row of (n, m), as `np.quantile` gives them. Sorting a row takes
    a third of the time that finding as many places in it does."""
    ordered = np.sort(values, axis=1)
    place = (values.shape[1] - 1) * SHARES
    below = np.floor(place).astype(np.intp)
    part = place - below
    low, high = ordered[:, below], ordered[:, below + 1]
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))


def _histograms(
    values: np.ndarray, ends: tuple[float, float], weights: np.ndarray | None = None
) -> np.ndarray:
    """(n, BINS) what `np.histogram` gives of each row of (n, m), all of them between `ends`."""
    edges = np.histogram_bin_edges(values[:0], BINS, ends)
    bins = np.repeat(np.arange(0, len(values) * BINS, BINS)[:, None], values.shape[1], axis=1)
    for edge in edges[1:-1]:
        bins += values >= edge
    given = None if weights is None else weights.ravel()
    counted = np.bincount(bins.ravel(), given, len(values) * BINS).reshape(-1, BINS)
    return counted if weights is None else counted.astype(weights.dtype)


def _shares(parts: np.ndarray) -> np.ndarray:
    """Each row as shares of its sum; rows of zeros stay."""
    return parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-6)


def _colour(planes: np.ndarray) -> list[np.ndarray]:
    """Light, strength and hue of pictures, red, green and blue (3, n, pixels) in float64 (means of
    many single-precision numbers drift): quantiles, moments, histograms; colourfulness (Hasler and
    Suesstrunk, SPIE 5007, 2003)."""
    red, green, blue = planes
    high = np.maximum(np.maximum(red, green), blue)
    range_ = high - np.minimum(np.minimum(red, green), blue)
    strength = range_ / np.maximum(high, 1e-3)
    # what colours mean for the eye: opponent axes, whose spreads tell how colourful a picture is
    opponent = np.stack([red - green, 0.5 * red + 0.5 * green - blue])
    hue = np.arctan2(opponent[1], opponent[0])
    (mean, spread), (middle, width) = _moments(planes), _moments(opponent)
    vivid = np.hypot(*width) + 0.3 * np.hypot(*middle)
    return [
        _quantiles(high),
        _quantiles(strength),
        mean.T,
        spread.T,
        _histograms(high, (0, 1)) / high.shape[1],
        _histograms(strength, (0, 1)) / high.shape[1],
        _shares(_histograms(hue, (-np.pi, np.pi), range_)),
        np.stack([vivid, strength.mean(axis=1), strength.std(axis=1)], axis=1),
    ]


def _moments(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(means, standard deviations), each (k, n), of planes (k, n, pixels)."""
    by_pixel = np.ascontiguousarray(np.moveaxis(planes, 2, 0))
    mean = by_pixel.mean(axis=0, keepdims=True)
    return mean[0], by_pixel.std(axis=0, mean=mean)


def _soft(grey: np.ndarray, sigma: float) -> np.ndarray:
    return ndimage.gaussian_filter(grey, sigma, axes=(1, 2))


def _halved(grey: np.ndarray) -> np.ndarray:
    """Every second pixel of (n, side, side), each the mean of 2 x 2: itself and those before it,
    at the border the same again."""
    for axis in (1, 2):
        before = np.arange(-1, grey.shape[axis] - 1, 2).clip(0)
        after = np.arange(0, grey.shape[axis], 2)
        grey = (grey.take(before, axis) + grey.take(after, axis)) / 2
    return grey


def _texture(grey: np.ndarray, blurred: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Local binary patterns (Ojala, Pietikainen and Maenpaa, PAMI 24, 2002) at two scales of
    pictures (n, side, side), fine detail at three, and the noise (Immerkaer, CVIU 64, 1996).
    `blurred` are the pictures softened more and more."""
    out = []
    count = len(grey)
    for small in (grey, _halved(grey)):
        side = small.shape[1] - 2
        least = small[:, 1:-1, 1:-1] + 0.02
        code = np.zeros(least.shape, dtype=np.uint8)
        for bit, (down, right) in enumerate(AROUND):
            moved = small[:, 1 + down : 1 + down + side, 1 + right : 1 + right + side]
            code |= (moved > least).view(np.uint8) << bit
        place = code.reshape(count, -1) + np.arange(0, 256 * count, 256)[:, None]
        codes = np.bincount(place.ravel(), minlength=256 * count).reshape(count, 256)
        out.append(codes @ UNIFORM / side**2)
    bands = [finer - coarser for finer, coarser in itertools.pairwise([grey, *blurred])]
    spreads = [band.reshape(count, -1).std(axis=1) for band in bands]
    out.append(np.log(np.stack(spreads, axis=1) + 1e-3))
    noise = np.abs(_noise(grey))
    out.append(np.log(noise.reshape(count, -1).mean(axis=1, keepdims=True) + 1e-3))
    return out


def _framed(grey: np.ndarray) -> np.ndarray:
    """(n, side, side) with its outermost pixels once more around it."""
    return np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")


def _noise(grey: np.ndarray) -> np.ndarray:
    """Second differences down and across of (n, side, side), in which what is smooth is 0."""
    framed = _framed(grey.astype(np.float64))
    down = framed[:, :-2] + framed[:, 2:] - 2 * framed[:, 1:-1]
    across = down[:, :, :-2] + down[:, :, 2:] - 2 * down[:, :, 1:-1]
    return across.astype(np.float32)


def _slopes(soft: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel's derivatives down and across of (n, side, side) float32. They are the bits of
    `ndimage.sobel`, in a quarter of its time: it rounds the difference, and not the mean of
    three, to single precision."""
    framed = _framed(soft)
    steep = (framed[:, 2:] - framed[:, :-2]).astype(np.float64)
    down = steep[:, :, :-2] + steep[:, :, 2:] + 2 * steep[:, :, 1:-1]
    steep = (framed[:, :, 2:] - framed[:, :, :-2]).astype(np.float64)
    across = steep[:, :-2] + steep[:, 2:] + 2 * steep[:, 1:-1]
    return down.astype(np.float32), across.astype(np.float32)


def _edges(soft: np.ndarray) -> list[np.ndarray]:
    """Directions of edges of softened pictures (n, side, side), how many there are and how strong,
    and straight lines across."""
    count = len(soft)
    down, right = _slopes(soft)
    size = np.hypot(down, right).reshape(count, -1)
    way = np.arctan2(down, right).reshape(count, -1)
    way *= way < HALF  # modulo a half turn, in a tenth of the time that `%` takes
    way += HALF * (way < 0)
    # a straight line across or down the picture moves a whole row or column
    rows, columns = np.abs(down.mean(axis=2)), np.abs(right.mean(axis=1))
    strong = [np.count_nonzero(size > level, axis=1) for level in (0.1, 0.2, 0.4, 0.8)]
    return [
        _shares(_histograms(way, (0, np.pi), size)),
        np.stack(strong, axis=1) / size.shape[1],
        np.log(np.stack([size.mean(axis=1), size.std(axis=1)], axis=1) + 1e-3),
        np.sort(rows)[:, -BINS:],
        np.sort(columns)[:, -BINS:],
    ]


def _cells(values: np.ndarray) -> np.ndarray:
    """(n, GRID, GRID, pixels) of square planes (n, SIDE, SIDE)."""
    step = SIDE // GRID
    parts = values.reshape(-1, GRID, step, GRID, step)
    return np.moveaxis(parts, 3, 2).reshape(-1, GRID, GRID, step * step)


def _cell_colours(planes: np.ndarray) -> np.ndarray:
    """(n, GRID, GRID, 3) mean colour of each cell of pictures (n, 3, SIDE, SIDE) uint8."""
    step = SIDE // GRID
    parts = planes.reshape(-1, step, GRID, step)  # a row is a third of what a row of cells is
    # a cell's pixels lie below each other, so that those of all cells are added at once
    below = np.ascontiguousarray(parts.transpose(1, 3, 2, 0)).astype(np.float32)
    below /= 255
    means = below.reshape(step * step, -1).mean(axis=0)
    return means.reshape(GRID, -1, 3, GRID).transpose(1, 3, 0, 2)


def _layout(planes: np.ndarray, grey: np.ndarray, soft: np.ndarray) -> list[np.ndarray]:
    """Colour, spread of light and detail of each cell of a grid over pictures: `planes` (n, 3,
    SIDE, SIDE) uint8, `grey` (n, SIDE, SIDE), and `soft`, the grey ones softened."""
    return [
        _cell_colours(planes),
        _cells(grey).std(axis=3),
        _cells(np.abs(grey - soft)).mean(axis=3),
    ]


def _coarse(planes: np.ndarray) -> np.ndarray:
    """(3, n, pixels) float64 colours of fields of 2 x 2 pixels of (n, 3, SIDE, SIDE) uint8."""
    fine = planes.astype(np.float32)
    fine /= 255
    field = fine.reshape(-1, 3, SIDE // 2, 2, SIDE // 2, 2)
    total = field[:, :, :, 0, :, 0] + field[:, :, :, 0, :, 1]
    total += field[:, :, :, 1, :, 0]
    total += field[:, :, :, 1, :, 1]
    total /= 4
    return total.reshape(len(planes), 3, -1).swapaxes(0, 1).astype(np.float64, order="C")


def shrink_picture(image: Image.Image) -> np.ndarray:
    """Shrink a picture to the square that its figures are made of.

    Parameters
    ----------
    image
        An image of any size and mode.

    Returns
    -------
    (SIDE, SIDE, 3) uint8.
    """
    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    return np.asarray(small)


def _describe(small: np.ndarray) -> np.ndarray:
    """(n, DIMS) figures of pictures (n, SIDE, SIDE, 3) uint8."""
    rgb = small.astype(np.float32)
    rgb /= 255
    grey = rgb @ GREY
    planes = np.ascontiguousarray(np.moveaxis(small, 3, 1))
    blurred = [_soft(grey, sigma) for sigma in (1.0, 2.0, 4.0)]
    parts = [
        *_colour(_coarse(planes)),  # coarse ones are enough for colour
        *_texture(grey, blurred),
        *_edges(blurred[0]),
        *_layout(planes, grey, blurred[1]),
    ]
    return np.concatenate([part.reshape(len(small), -1) for part in parts], axis=1, dtype="f4")


def picture_descriptors(small: Sequence[np.ndarray]) -> np.ndarray:
    """Describe small pictures in figures, each by itself.

    Parameters
    ----------
    small
        n pictures of `shrink_picture`, (SIDE, SIDE, 3) uint8.

    Returns
    -------
    (n, DIMS) float32.
    """
    starts = range(0, len(small), TOGETHER)
    return np.concatenate([_describe(np.stack(small[at : at + TOGETHER])) for at in starts])


DIMS = picture_descriptors([shrink_picture(Image.new("RGB", (SIDE, SIDE)))]).shape[1]
