"""The built-in encoder: what a picture looks like in plain figures, without weights to download.

Colour, texture, edges and layout of a small copy of the picture. It knows no rooms and no words,
but it is the same on every machine, and what is bright, colourful, cluttered or worn shows in it.
"""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image
from scipy import ndimage

SIDE = 96  # pixels of the square that every picture is brought to
GRID = 4  # cells a side of the layout
BINS = 8  # of each histogram
GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # luma weights of ITU-R BT.601
LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
# what colours mean for the eye: opponent axes, whose spreads tell how colourful a picture is
OPPONENT = np.array([[1, -1, 0], [0.5, 0.5, -1]], dtype=np.float32)
# uniform local binary patterns: codes with at most two changes around the circle count by their
# number of ones, all others together
AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)  # quantiles told of light and strength


def _patterns() -> np.ndarray:
    """(256,) class 0 to 9 of each code."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9)


UNIFORM = _patterns()


def _colour(rgb: np.ndarray) -> list[np.ndarray]:
    """Light, strength and hue: quantiles, moments, histograms; colourfulness (Hasler and
    Suesstrunk, SPIE 5007, 2003)."""
    rgb = rgb.astype(np.float64)  # means of many single-precision numbers drift
    high, low = rgb.max(axis=2), rgb.min(axis=2)
    strength = (high - low) / np.maximum(high, 1e-3)
    opponent = rgb @ OPPONENT.T
    hue = np.arctan2(opponent[..., 1], opponent[..., 0])
    turned = np.histogram(hue, BINS, (-np.pi, np.pi), weights=high - low)[0]
    axes = opponent.reshape(-1, 2)
    vivid = np.hypot(*axes.std(axis=0)) + 0.3 * np.hypot(*axes.mean(axis=0))
    return [
        np.quantile(high, SHARES),
        np.quantile(strength, SHARES),
        rgb.reshape(-1, 3).mean(axis=0),
        rgb.reshape(-1, 3).std(axis=0),
        np.histogram(high, BINS, (0, 1))[0] / high.size,
        np.histogram(strength, BINS, (0, 1))[0] / high.size,
        turned / max(float(turned.sum()), 1e-6),
        np.array([vivid, strength.mean(), strength.std()]),
    ]


def _texture(grey: np.ndarray) -> list[np.ndarray]:
    """Local binary patterns (Ojala, Pietikainen and Maenpaa, PAMI 24, 2002) at two scales, fine
    detail at three, and the noise (Immerkaer, CVIU 64, 1996)."""
    out = []
    for scale in (1, 2):
        small = grey if scale == 1 else ndimage.uniform_filter(grey, scale)[::scale, ::scale]
        inner = small[1:-1, 1:-1]
        code = np.zeros(inner.shape, dtype=np.int64)
        for bit, (down, right) in enumerate(AROUND):
            moved = np.roll(small, (-down, -right), axis=(0, 1))[1:-1, 1:-1]
            code |= (moved > inner + 0.02).astype(np.int64) << bit
        out.append(np.bincount(UNIFORM[code].ravel(), minlength=10) / code.size)
    blurred = [grey, *(ndimage.gaussian_filter(grey, sigma) for sigma in (1.0, 2.0, 4.0))]
    bands = [finer - coarser for finer, coarser in itertools.pairwise(blurred)]
    out.append(np.log([band.std() + 1e-3 for band in bands]))
    out.append(np.log([np.abs(ndimage.convolve(grey, LAPLACE)).mean() + 1e-3]))
    return out


def _edges(grey: np.ndarray) -> list[np.ndarray]:
    """Directions of edges, how many there are and how strong, and straight lines across."""
    soft = ndimage.gaussian_filter(grey, 1.0)
    down, right = ndimage.sobel(soft, axis=0), ndimage.sobel(soft, axis=1)
    size = np.hypot(down, right)
    way = np.arctan2(down, right) % np.pi
    turned = np.histogram(way, BINS, (0, np.pi), weights=size)[0]
    # a straight line across or down the picture moves a whole row or column
    rows, columns = np.abs(down.mean(axis=1)), np.abs(right.mean(axis=0))
    return [
        turned / max(float(turned.sum()), 1e-6),
        np.array([(size > level).mean() for level in (0.1, 0.2, 0.4, 0.8)]),
        np.log([size.mean() + 1e-3, size.std() + 1e-3]),
        np.sort(rows)[-BINS:],
        np.sort(columns)[-BINS:],
    ]


def _cells(values: np.ndarray) -> np.ndarray:
    """(GRID, GRID, pixels, ...) of a square picture (SIDE, SIDE, ...)."""
    step = SIDE // GRID
    parts = values.reshape(GRID, step, GRID, step, *values.shape[2:])
    return np.moveaxis(parts, 2, 1).reshape(GRID, GRID, step * step, *values.shape[2:])


def _layout(rgb: np.ndarray, grey: np.ndarray) -> list[np.ndarray]:
    """Colour, spread of light and detail of each cell of a grid over the picture."""
    detail = np.abs(grey - ndimage.gaussian_filter(grey, 2.0))
    return [
        _cells(rgb).mean(axis=2).ravel(),
        _cells(grey).std(axis=2).ravel(),
        _cells(detail).mean(axis=2).ravel(),
    ]


def describe(image: Image.Image) -> np.ndarray:
    """(DIMS,) float32 figures of a picture in RGB, whatever its size."""
    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    rgb = np.asarray(small, dtype=np.float32) / 255
    grey = rgb @ GREY
    coarse = rgb.reshape(SIDE // 2, 2, SIDE // 2, 2, 3).mean(axis=(1, 3))  # enough for colour
    parts = [*_colour(coarse), *_texture(grey), *_edges(grey), *_layout(rgb, grey)]
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)


DIMS = len(describe(Image.new("RGB", (SIDE, SIDE))))
