"""The built-in encoder: what it sees, on pictures whose look is known, and beside slow loops."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from lib.photos.vectors import descriptor
from lib.photos.vectors.descriptor import DIMS, SIDE, shrink_picture


def describe(image: Image.Image) -> np.ndarray:
    return descriptor.picture_descriptors([shrink_picture(image)])[0]


def picture(seed: int = 1, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Boxes of some colours."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(rng.integers(0, 255, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(8):
        x, y = rng.uniform(0, 0.8, 2) * size
        box = (x, y, x + 0.2 * size[0], y + 0.2 * size[1])
        pen.rectangle(box, fill=tuple(rng.integers(0, 255, 3).tolist()))
    return image


def grey(image: Image.Image) -> np.ndarray:
    """(SIDE, SIDE)"""
    return np.asarray(image.convert("L").resize((SIDE, SIDE)), dtype=np.float32) / 255


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("size", [(1, 1), (3000, 10), (33, 400)])
def test_any_picture_becomes_as_many_finite_figures(mode, size):
    said = describe(picture(2, (40, 40)).resize(size).convert(mode))
    assert said.shape == (DIMS,) and said.dtype == np.float32 and np.isfinite(said).all()


def test_the_same_picture_says_the_same_and_another_does_not():
    assert np.array_equal(describe(picture()), describe(picture()))
    assert not np.allclose(describe(picture(1)), describe(picture(2)))


def test_a_larger_copy_is_nearly_the_same_picture():
    one, large, other = picture(), picture().resize((640, 480), Image.Resampling.BOX), picture(2)
    near = np.abs(describe(one) - describe(large)).mean()
    assert near < 0.2 * np.abs(describe(one) - describe(other)).mean()


def test_light_and_colour():
    def colour(image):
        rgb = np.asarray(image.resize((SIDE, SIDE)), dtype=np.float64) / 255
        planes = rgb.reshape(1, -1, 3).transpose(2, 0, 1)
        return [np.ravel(part) for part in descriptor._colour(planes)]

    dull, vivid = (Image.new("RGB", (9, 9), c) for c in [(100, 100, 100), (200, 20, 20)])
    assert np.allclose(colour(dull)[0], 100 / 255) and np.allclose(colour(dull)[1], 0)
    assert np.allclose(colour(vivid)[0], 200 / 255) and np.allclose(colour(vivid)[1], 0.9)
    assert np.allclose(colour(vivid)[2], np.array([200, 20, 20]) / 255, atol=1e-5)
    assert colour(vivid)[6].max() == pytest.approx(1)  # one hue
    # Hasler and Suesstrunk by hand: red against green 180, yellow against blue 90, no spread
    assert colour(vivid)[7][0] == pytest.approx(0.3 * np.hypot(180, 90) / 255, rel=1e-5)


def test_local_binary_patterns_are_those_of_a_slow_loop():
    image = grey(picture(3))
    counted = np.zeros(10)
    for y in range(1, SIDE - 1):
        for x in range(1, SIDE - 1):
            ring = [image[y + dy, x + dx] > image[y, x] + 0.02 for dy, dx in descriptor.AROUND]
            changes = sum(a != b for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
            counted[sum(ring) if changes <= 2 else 9] += 1
    assert np.allclose(descriptor._texture(image[None], [image[None]])[0], counted / counted.sum())


def test_edges_know_their_direction():
    lying = np.zeros((SIDE, SIDE), dtype=np.float32)
    lying[SIDE // 2 :] = 1
    soft = [ndimage.gaussian_filter(image, 1.0)[None] for image in (lying, lying.T)]
    ways = [descriptor._edges(image)[0][0] for image in soft]
    assert ways[0].argmax() == descriptor.BINS // 2 and ways[0].max() > 0.9  # changes downwards
    assert ways[1].argmax() == 0 and ways[1].max() > 0.9
    rows, columns = descriptor._edges(soft[0])[3:]
    assert rows.max() > 0.5 and columns.max() < 1e-6  # one line across, none down


def test_the_layout_says_where():
    image = Image.new("RGB", (SIDE, SIDE))
    image.paste((255, 0, 0), (SIDE // 2, 0, SIDE, SIDE // 2))  # the upper right quarter
    planes = np.asarray(image).transpose(2, 0, 1)[None]
    cells = descriptor._cell_colours(planes)[0]
    assert np.allclose(cells[:2, 2:, 0], 1) and cells.sum() == pytest.approx(4)


def test_detail_and_noise_show():
    rng = np.random.default_rng(4)
    flat = np.full((SIDE, SIDE), 0.5, dtype=np.float32)
    noisy = flat + rng.normal(0, 0.05, flat.shape).astype(np.float32)
    both = np.stack([flat, noisy])
    blurred = [ndimage.gaussian_filter(both, (0, sigma, sigma)) for sigma in (1.0, 2.0, 4.0)]
    bands, noise = descriptor._texture(both, blurred)[2:]
    assert bands[1][0] > bands[0][0] + 1 and noise[1] > noise[0] + 1


def test_a_picture_says_the_same_beside_others():
    small = [shrink_picture(picture(seed)) for seed in range(2 * descriptor.TOGETHER + 1)]
    alone = np.concatenate([descriptor.picture_descriptors([one]) for one in small])
    assert np.array_equal(descriptor.picture_descriptors(small), alone)


def test_short_cuts_give_the_bits_of_what_they_stand_for():
    """Single precision, so that sums in another order would show; quarters lie on the edges of
    bins."""
    rng = np.random.default_rng(6)
    light = np.stack([grey(picture(seed)) for seed in range(3)])
    light += rng.normal(0, 0.02, light.shape).astype(np.float32)
    for given, plain in zip(descriptor._slopes(light), (0, 1), strict=True):
        assert np.array_equal(given, np.stack([ndimage.sobel(one, axis=plain) for one in light]))
    kernel = np.outer([1, -2, 1], [1, -2, 1])
    noise = np.stack([ndimage.convolve(one.astype(np.float64), kernel) for one in light])
    assert np.allclose(descriptor._noise(light), noise, atol=1e-6)
    halved = np.stack([ndimage.uniform_filter(one, 2)[::2, ::2] for one in light])
    assert np.array_equal(descriptor._halved(light), halved)
    rows = rng.integers(0, 9, (3, 501)) / 8 * rng.choice([1, 0.99], (3, 501))
    for some in (rows, rng.random((99, 7))):
        told = np.quantile(some, descriptor.SHARES, axis=1).T
        assert np.array_equal(descriptor._quantiles(some), told)
    for values, weights in ((rows, None), (rows.astype("f4"), rng.random(rows.shape, "f4"))):
        counted = descriptor._histograms(values, (0, 1), weights)
        for place, row in enumerate(values):
            given = None if weights is None else weights[place]
            assert np.array_equal(counted[place], np.histogram(row, 8, (0, 1), weights=given)[0])


def test_ways_are_those_of_a_half_turn():
    """Edges straight down and across, where the angle is 0, a quarter, a half and a full turn."""
    image = np.zeros((SIDE, SIDE), dtype=np.float32)
    image[30:60, 30:60] = 1
    soft = ndimage.gaussian_filter(image, 1.0)
    down, right = (ndimage.sobel(soft, axis=axis) for axis in (0, 1))
    way, size = np.arctan2(down, right) % np.pi, np.hypot(down, right)
    counted = np.histogram(way, descriptor.BINS, (0, np.pi), weights=size)[0]
    assert np.array_equal(descriptor._edges(soft[None])[0][0], counted / counted.sum())
