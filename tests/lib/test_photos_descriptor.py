"""The built-in encoder: what it sees, on pictures whose look is known, and beside slow loops."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lib.photos import descriptor
from lib.photos.descriptor import DIMS, SIDE, describe


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
        rgb = np.asarray(image.resize((SIDE, SIDE)), dtype=np.float32) / 255
        return [np.ravel(part) for part in descriptor._colour(rgb)]

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
    assert np.allclose(descriptor._texture(image)[0], counted / counted.sum())


def test_edges_know_their_direction():
    lying = np.zeros((SIDE, SIDE), dtype=np.float32)
    lying[SIDE // 2 :] = 1
    ways = [descriptor._edges(image)[0] for image in (lying, lying.T)]
    assert ways[0].argmax() == descriptor.BINS // 2 and ways[0].max() > 0.9  # changes downwards
    assert ways[1].argmax() == 0 and ways[1].max() > 0.9
    rows, columns = descriptor._edges(lying)[3:]
    assert rows.max() > 0.5 and columns.max() < 1e-6  # one line across, none down


def test_the_layout_says_where():
    image = Image.new("RGB", (SIDE, SIDE))
    image.paste((255, 0, 0), (SIDE // 2, 0, SIDE, SIDE // 2))  # the upper right quarter
    rgb = np.asarray(image, dtype=np.float32) / 255
    cells = descriptor._layout(rgb, rgb @ descriptor.GREY)[0].reshape(4, 4, 3)
    assert np.allclose(cells[:2, 2:, 0], 1) and cells.sum() == pytest.approx(4)


def test_detail_and_noise_show():
    rng = np.random.default_rng(4)
    flat = np.full((SIDE, SIDE), 0.5, dtype=np.float32)
    noisy = flat + rng.normal(0, 0.05, flat.shape).astype(np.float32)
    quiet, loud = (descriptor._texture(image)[2:] for image in (flat, noisy))
    assert loud[0][0] > quiet[0][0] + 1 and loud[1] > quiet[1] + 1
