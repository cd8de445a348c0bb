"""One image: decoded under a pixel limit, turned upright, and written anew as a plain JPEG.

Written anew, not stripped: only what was decoded as pixels survives, so no block that a stripper
does not know (EXIF, XMP, IPTC, maker notes, thumbnails, second images, bytes behind the end) can
carry a place or a payload on; turned photos can be set upright; every format ends as one. The
price is one more JPEG generation, at a quality at which an encoder that shrinks the photo to a few
hundred pixels sees no difference. Bytes depend on the pixels, the quality and Pillow's version,
which is pinned. A colour profile is dropped: pixels are taken as sRGB.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps

from lib.photos.image.rejection import RefusedError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # what portals and cameras write
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b")
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


@dataclass(frozen=True)
class ImageLimits:
    """Limits of a picture that is read, and how it is written.

    Parameters
    ----------
    max_pixels
        Pixels at most.
    min_side
        Pixels of the shorter side at least.
    quality
        Of the JPEG, 1 to 95.
    """

    max_pixels: int
    min_side: int
    quality: int


@dataclass(frozen=True)
class Picture:
    """A plain JPEG and facts about the image it was made from.

    Parameters
    ----------
    jpeg
        Bytes of the plain JPEG.
    sha1
        Of the original's bytes.
    width, height
        Of the upright picture, in pixels.
    format
        The original's.
    phash
        Perceptual hash, 16 hex digits.
    had_exif, had_gps
        Whether the original bore EXIF, and said where it was taken.
    """

    jpeg: bytes
    sha1: str
    width: int
    height: int
    format: str
    phash: str
    had_exif: bool
    had_gps: bool


def decode_image(content: bytes, look: ImageLimits) -> Picture:
    """Decode the picture in `content`, whatever its name says. Raises `RefusedError` with the
    reason.
    """
    if not content:
        raise RefusedError("entry is empty")
    if content.startswith(ARCHIVES):
        raise RefusedError("archive inside the archive")
    limit = Image.MAX_IMAGE_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; the picture is what counts
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.MAX_IMAGE_PIXELS = look.max_pixels
            return _read(content, look)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        raise RefusedError("more pixels than photos.max_pixels") from bomb
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _read(content: bytes, look: ImageLimits) -> Picture:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        begun = content.startswith(BEGINNINGS)
        raise RefusedError("image is damaged" if begun else "not an image") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise
    except Exception as error:  # decoders of broken bytes raise whatever they stumble over
        raise RefusedError("image is damaged", f"{type(error).__name__}: {error}") from error
    kind = str(image.format)
    _check(image, kind, look)
    try:
        image.load()
        exif, gps = _traces(image)
        # A new image from the pixels alone: Pillow writes a JPEG comment that it read.
        plain = Image.fromarray(np.asarray(_plain(_upright(image))))
        phash = str(imagehash.phash(plain))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise
    except Exception as error:
        raise RefusedError("image is damaged", f"{type(error).__name__}: {error}") from error
    stream = io.BytesIO()
    plain.save(stream, "JPEG", quality=look.quality)
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    width, height = plain.size
    return Picture(stream.getvalue(), sha1, width, height, kind, phash, exif, gps)


def _check(image: Image.Image, kind: str, look: ImageLimits) -> None:
    """Raise `RefusedError` for a size that is no photo's, and for animations and pages. (Pillow
    itself looks at the pixels in all, before it decodes any.)

    A phone's multi-picture JPEG (MPO) is a photo with a preview behind it: its first is taken.
    """
    width, height = image.size
    if min(width, height) < look.min_side:
        raise RefusedError("smaller than photos.min_side", f"{width} x {height}")
    if max(width, height) > 65_500:  # the most that a JPEG can have
        raise RefusedError("more pixels than photos.max_pixels", f"{width} x {height}")
    if kind == "MPO":
        return
    try:
        moving = bool(getattr(image, "is_animated", False))
    except Exception as error:  # counting frames reads the file
        raise RefusedError("image is damaged", f"{type(error).__name__}: {error}") from error
    if moving:
        raise RefusedError("animation or several pages")


def _traces(image: Image.Image) -> tuple[bool, bool]:
    """Whether the image bears EXIF, and whether it says where it was taken (EXIF or XMP)."""
    place = b"GPSLatitude" in _bytes(image.info.get("xmp"))
    if kind_has_tags := image.format == "TIFF":  # its own tags are no EXIF
        place |= b"GPSLatitude" in _bytes(image.getexif().get(700))
    try:
        tags = image.getexif()
        gps = bool(tags.get_ifd(GPS_IFD))
        inner = EXIF_IFD in tags or gps
    except Exception:  # a block that cannot be read is a block all the same
        return True, place
    return (inner if kind_has_tags else "exif" in image.info or inner), gps or place


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode("utf-8", "replace")


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF says; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _plain(image: Image.Image) -> Image.Image:
    """The image in 8-bit RGB: 16 bits scaled down, transparent parts white, nothing else kept."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        return Image.fromarray((deep.clip(0, 65_535) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise RefusedError("pixels are fractions")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


def open_jpeg(path: Path) -> Image.Image:
    """Open a plain JPEG that the `photos` stage wrote, in RGB. Raises `RefusedError` where it is
    none.
    """
    try:
        with Image.open(path, formats=["JPEG"]) as image:
            return image.convert("RGB")
    except Exception as error:  # decoders of broken bytes raise whatever they stumble over
        raise RefusedError("image is damaged", f"{type(error).__name__}: {error}") from error
