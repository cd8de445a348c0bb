"""The plain JPEGs that the `photos` stage writes, opened."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lib.photos.refusal import RefusedError


def opened(path: Path) -> Image.Image:
    """The picture in a plain JPEG of ours, in RGB. Raises `RefusedError` where it is none."""
    try:
        with Image.open(path, formats=["JPEG"]) as image:
            return image.convert("RGB")
    except Exception as error:  # decoders of broken bytes raise whatever they stumble over
        raise RefusedError("image is damaged", f"{type(error).__name__}: {error}") from error
