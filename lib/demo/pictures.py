"""Small drawn photos of a home: five kinds of view, in which the home's condition shows.

A well kept home is brighter and more colourful, has more straight trim, and less clutter, stains
and cracks. Paint, light, camera and framing vary regardless, so that one picture is a noisy read.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 160, 120
JPEG_QUALITY = 70
Colour = tuple[int, int, int]
Area = tuple[float, float, float, float]  # left, top, width, height in pixels


@dataclass
class _Scene:
    """What a view is drawn with: the pencil, chance, the paint and the condition (0 to 1)."""

    pen: ImageDraw.ImageDraw
    rng: np.random.Generator
    hue: float
    condition: float
    saturation: float
    value: float

    def paint(self, shift: float = 0.0, light: float = 1.0, strength: float = 1.0) -> Colour:
        """The home's colour turned by `shift` of the colour wheel, lighter or stronger."""
        strong, bright = min(self.saturation * strength, 1.0), min(self.value * light, 1.0)
        red, green, blue = colorsys.hsv_to_rgb((self.hue + shift) % 1.0, strong, bright)
        return round(255 * red), round(255 * green), round(255 * blue)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """A filled rectangle from its upper left corner, in pixels."""
        self.pen.rectangle((x, y, x + width, y + height), fill=fill)

    def about(self, middle: float, spread: float) -> float:
        """A number near `middle`."""
        return float(self.rng.uniform(middle - spread, middle + spread))

    def trim(self, y: float, x: float = 0, width: float = WIDTH) -> None:
        """Straight light lines below each other: the better kept, the more of them."""
        for line in range(round(4 * self.condition)):
            self.pen.line((x, y + 4 * line, x + width, y + 4 * line), fill=self.paint(0, 1.35, 0.3))


def draw_photo(
    rng: np.random.Generator, kind: str, shown: float, hue: float, gps: tuple[float, float] | None
) -> bytes:
    """A JPEG of 160 x 120 pixels of a view `kind`, one of `VIEWS`.

    `shown` is the condition to show on the scale of the homes' quality (standard normal), `hue`
    the home's paint (0 to 1), `gps` latitude and longitude in degrees for the EXIF block.
    Raises KeyError for an unknown kind.
    """
    view = VIEWS[kind]
    image = Image.new("RGB", (WIDTH, HEIGHT))
    condition = float(1 / (1 + np.exp(-1.3 * shown)))
    scene = _Scene(
        pen=ImageDraw.Draw(image),
        rng=rng,
        hue=hue + rng.normal(0, 0.05),
        condition=condition,
        saturation=float(np.clip(0.14 + 0.36 * condition + rng.normal(0, 0.08), 0.03, 0.9)),
        value=float(np.clip(0.52 + 0.22 * condition + rng.normal(0, 0.06), 0.2, 0.95)),
    )
    _wear(scene, view(scene))
    options = {"exif": _gps_block(*gps)} if gps else {}
    stream = io.BytesIO()
    _through_camera(rng, image).save(stream, "JPEG", quality=JPEG_QUALITY, **options)
    return stream.getvalue()


def _front(s: _Scene) -> Area:
    ground = s.about(84, 5)
    s.box(0, 0, WIDTH, HEIGHT, s.paint(0.55 - s.hue, 1.3, 0.9))
    s.box(0, ground, WIDTH, HEIGHT, s.paint(0.30 - s.hue, 0.75, 1.4))
    left, top, wide = s.about(30, 10), s.about(48, 5), s.about(100, 12)
    s.box(left, top, wide, ground - top, s.paint())
    peak = (left + wide / 2, top - s.about(24, 7))
    s.pen.polygon([(left - 6, top), (left + wide + 6, top), peak], fill=s.paint(0.5, 0.55))
    s.trim(top + 2, left, wide)
    for x in np.linspace(left + 10, left + wide - 24, 3):
        s.box(x, top + 14, 14, 13, s.paint(0.5, 0.6, 0.5))
    s.box(left + wide / 2 - 6, ground - 18, 11, 18, s.paint(0.08, 0.5))
    return left, top, wide, HEIGHT - top


def _kitchen(s: _Scene) -> Area:
    counter = s.about(66, 4)
    s.box(0, 0, WIDTH, HEIGHT, s.paint(0, 1.15, 0.5))
    for x in np.arange(s.about(6, 5), WIDTH, s.about(30, 4)):
        s.box(x, 8, 25, 30, s.paint(0.1, 0.9))
        s.box(x, counter + 8, 25, 32, s.paint(0.1, 0.85))
    s.box(0, counter, WIDTH, 7, s.paint(0.5, 0.8, 0.6))
    s.trim(44)
    s.box(s.about(110, 20), counter - 6, 26, 46, s.paint(0.5, 0.7, 0.2))
    return 0, 0, WIDTH, HEIGHT


def _bath(s: _Scene) -> Area:
    floor = s.about(88, 4)
    s.box(0, 0, WIDTH, HEIGHT, s.paint(0, 1.2, 0.6))
    s.box(0, floor, WIDTH, HEIGHT, s.paint(0.05, 0.7))
    s.trim(s.about(40, 4))
    left = s.about(20, 12)
    s.box(left, 62, 84, floor - 56, s.paint(0.5, 1.3, 0.15))
    s.pen.ellipse((left + 6, 58, left + 78, 72), fill=s.paint(0.5, 1.1, 0.4))
    s.box(s.about(118, 6), 16, 30, 36, s.paint(0.5, 1.25, 0.3))
    return 0, 0, WIDTH, HEIGHT


def _living(s: _Scene) -> Area:
    floor = s.about(78, 5)
    s.box(0, 0, WIDTH, HEIGHT, s.paint())
    s.box(0, floor, WIDTH, HEIGHT, s.paint(0.07, 0.65, 1.2))
    s.box(s.about(22, 10), 18, 40, 34, s.paint(0.5, 1.35, 0.4))
    left = s.about(80, 14)
    s.box(left, floor - 20, 62, 30, s.paint(0.35, 0.75, 1.2))
    s.box(left + 6, floor - 32, 50, 14, s.paint(0.35, 0.85, 1.2))
    s.trim(floor + 4)
    return 0, 0, WIDTH, HEIGHT


def _pool(s: _Scene) -> Area:
    deck = s.about(52, 5)
    s.box(0, 0, WIDTH, HEIGHT, s.paint(0.57 - s.hue, 1.25, 0.9))
    s.box(0, deck - 16, WIDTH, 18, s.paint(0.09 - s.hue, 0.75))
    s.box(0, deck, WIDTH, HEIGHT, s.paint(0.1 - s.hue, 1.1, 0.4))
    clear = 0.35 + 0.18 * s.condition  # green water where nobody cares
    left, top = s.about(22, 8), deck + s.about(14, 4)
    s.pen.ellipse((left, top, left + 118, top + 44), fill=s.paint(clear - s.hue, 1.0, 1.7))
    s.trim(deck + 2)
    return 0, deck, WIDTH, HEIGHT - deck


# A view draws itself and returns the surface that stains and cracks may show on.
VIEWS: dict[str, Callable[[_Scene], Area]] = {
    "front": _front,
    "kitchen": _kitchen,
    "bath": _bath,
    "living": _living,
    "pool": _pool,
}


def _wear(s: _Scene, area: Area) -> None:
    """Stains, cracks and clutter: many in a neglected home, now and then one in any."""
    left, top, wide, high = area
    decay = 1 - s.condition
    for _ in range(s.rng.poisson(0.3 + 4 * decay)):
        x, y = left + wide * s.rng.random(), top + high * s.rng.random()
        size = s.rng.uniform(4, 13)
        s.pen.ellipse((x, y, x + size, y + 0.7 * size), fill=s.paint(0.1, 0.55, 0.8))
    for _ in range(s.rng.poisson(0.2 + 3 * decay)):
        across = left + wide * s.rng.random() + np.cumsum(s.rng.normal(0, 5, 5))
        down = top + high * (0.4 * s.rng.random() + np.cumsum(s.rng.uniform(0.03, 0.1, 5)))
        s.pen.line(np.column_stack([across, down]).ravel().tolist(), fill=(45, 40, 38))
    for _ in range(s.rng.poisson(0.6 + 4 * decay)):
        x, y = s.rng.uniform(0, WIDTH), s.rng.uniform(0.7 * HEIGHT, HEIGHT)
        fill = s.paint(float(s.rng.random()), float(s.rng.uniform(0.4, 1.2)), 1.5)
        s.box(x, y, s.rng.uniform(4, 14), s.rng.uniform(4, 12), fill)


def _through_camera(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """Exposure, white balance and sensor noise, which say nothing about the home."""
    gain = np.exp(rng.normal(0, 0.13)) * np.exp(rng.normal(0, 0.03, 3))
    noise = rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32) * rng.uniform(1, 7)
    pixels = np.array(image, dtype=np.float32)
    for colour, light in enumerate(gain.astype(np.float32)):  # quicker than three at a pixel
        pixels[..., colour] *= light
        pixels[..., colour] += noise
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _gps_block(lat: float, lon: float) -> bytes:
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)  # the GPS directory
    gps[1], gps[2] = ("N" if lat >= 0 else "S"), _sexagesimal(lat)
    gps[3], gps[4] = ("E" if lon >= 0 else "W"), _sexagesimal(lon)
    return exif.tobytes()


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes, rest = divmod(abs(degrees) * 60, 1)
    return float(minutes // 60), float(minutes % 60), round(rest * 60, 2)
