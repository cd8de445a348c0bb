"""Images: decoded under limits, upright, in plain RGB, and with nothing left but pixels."""

import io
import random
import zlib

import imagehash
import numpy as np
import pytest
from PIL import Image

from lib.photos.image import decode
from lib.photos.image.rejection import RefusedError
from tests.support.photos import LOOK, drawn, exif_block, image, zipped


def reason(content: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        decode.decode_image(content, LOOK)
    return refused.value.reason


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def close(one: np.ndarray, other: np.ndarray) -> bool:
    """Alike but for what JPEG changes."""
    return one.shape == other.shape and abs(one - other).mean() < 6


def test_a_photo_stays_what_it_shows():
    found = decode.decode_image(image(1, quality=95), LOOK)
    assert (found.width, found.height, found.format) == (48, 36, "JPEG")
    assert not found.had_exif and not found.had_gps
    assert close(pixels(found.jpeg), pixels(image(1)))
    assert len(found.phash) == 16
    near = imagehash.hex_to_hash(found.phash) - imagehash.phash(drawn(1))
    assert near <= 4 < imagehash.phash(drawn(1)) - imagehash.phash(drawn(2))


def test_exif_with_a_place_is_gone_and_said():
    content = image(1, exif=exif_block(gps=True))
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825)
    found = decode.decode_image(content, LOOK)
    assert found.had_exif and found.had_gps
    clean = Image.open(io.BytesIO(found.jpeg))
    assert not clean.getexif() and "exif" not in clean.info
    assert set(clean.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"A camera" not in found.jpeg and b"Exif" not in found.jpeg


def test_exif_without_a_place():
    found = decode.decode_image(image(1, exif=exif_block(gps=False)), LOOK)
    assert found.had_exif and not found.had_gps


def test_a_place_in_xmp_comments_and_bytes_behind_the_end_are_gone():
    packet = b"<x:xmpmeta><rdf exif:GPSLatitude='29,45.5N'/></x:xmpmeta>"
    content = image(1, xmp=packet, comment=b"29.75 N 95.36 W") + b"GPS behind the end"
    found = decode.decode_image(content, LOOK)
    assert found.had_gps
    for trace in (b"GPS", b"xmp", b"29.75"):
        assert trace not in found.jpeg


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_other_formats_lose_their_place_too(kind):
    found = decode.decode_image(image(1, kind, exif=exif_block()), LOOK)
    assert found.format == kind and found.had_gps and found.had_exif
    assert not Image.open(io.BytesIO(found.jpeg)).getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_set_upright(orientation):
    turn = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}.get(orientation)  # fmt: skip
    stored = drawn(1).transpose(turn) if turn is not None else drawn(1)
    stream = io.BytesIO()
    stored.save(stream, "PNG", exif=exif_block(orientation=orientation))
    found = decode.decode_image(stream.getvalue(), LOOK)
    assert (found.width, found.height) == (48, 36)
    assert close(pixels(found.jpeg), np.asarray(drawn(1)).astype(int))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_ends_as_jpeg(kind):
    found = decode.decode_image(image(3, kind), LOOK)
    assert found.format == kind
    assert Image.open(io.BytesIO(found.jpeg)).format == "JPEG"
    assert abs(pixels(found.jpeg) - np.asarray(drawn(3)).astype(int)).mean() < 12


def test_cmyk_becomes_rgb():
    found = decode.decode_image(image(1, mode="CMYK"), LOOK)
    assert Image.open(io.BytesIO(found.jpeg)).mode == "RGB"
    assert close(pixels(found.jpeg), np.asarray(drawn(1)).astype(int))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_cut(kind):
    shades = np.asarray(drawn(1, mode="L")).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(shades * 257).save(stream, kind)
    found = decode.decode_image(stream.getvalue(), LOOK)
    assert abs(pixels(found.jpeg)[..., 0] - shades.astype(int)).mean() < 4


def test_transparent_parts_are_white():
    clear = drawn(1).convert("RGBA")
    clear.putalpha(0)
    stream = io.BytesIO()
    clear.save(stream, "PNG")
    assert (pixels(decode.decode_image(stream.getvalue(), LOOK).jpeg) > 250).all()


def test_animations_and_pages_are_refused_and_phone_pairs_are_not():
    frames = [drawn(n) for n in range(3)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        stream = io.BytesIO()
        frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
        assert reason(stream.getvalue()) == "animation or several pages"
    stream = io.BytesIO()
    frames[0].save(stream, "MPO", save_all=True, append_images=frames[1:])
    assert close(pixels(decode.decode_image(stream.getvalue(), LOOK).jpeg), pixels(image(0)))


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "entry is empty"),
        (b"just some words", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (zipped({"a": b"b"}), "archive inside the archive"),
        (b"\x1f\x8b" + b"\0" * 50, "archive inside the archive"),
        (image(1, size=(1, 1)), "smaller than photos.min_side"),
        (image(1, size=(900, 8)), "smaller than photos.min_side"),
        (image(1, "PNG", size=(1100, 1000)), "more pixels than photos.max_pixels"),
        (image(1, "PNG", size=(2100, 1000)), "more pixels than photos.max_pixels"),
        (image(1)[:-200], "image is damaged"),
        (image(1, "PNG")[:-200], "image is damaged"),
        (image(1)[:40], "image is damaged"),
    ],
    ids=range(13),
)
def test_what_is_refused(content, told):
    assert reason(content) == told


def test_a_png_that_claims_a_million_million_pixels():
    content = bytearray(image(1, "PNG"))
    content[16:24] = (1_000_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    assert reason(bytes(content)) == "more pixels than photos.max_pixels"


def test_pillows_own_limit_is_as_it_was(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", before := 77_000_000)
    decode.decode_image(image(1), LOOK)
    reason(image(1, "PNG", size=(2100, 1000)))
    assert before == Image.MAX_IMAGE_PIXELS


def test_equal_bytes_give_equal_bytes():
    assert decode.decode_image(image(5), LOOK) == decode.decode_image(image(5), LOOK)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_broken_images_end_as_pictures_or_refusals(kind):
    """120 mutations of each format: whatever the decoder stumbles over is a refusal."""
    rng = random.Random(kind)
    sound = image(1, kind, **({"exif": exif_block()} if kind in ("JPEG", "PNG", "TIFF") else {}))
    for _ in range(120):
        content = bytearray(sound)
        for _ in range(rng.choice([1, 3, 20])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        del content[rng.choice([len(content), rng.randrange(len(content))]) :]
        try:
            assert decode.decode_image(bytes(content), LOOK).jpeg
        except RefusedError as refused:
            assert refused.reason
