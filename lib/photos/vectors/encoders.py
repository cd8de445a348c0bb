"""Encoders of photos: their settings in params.yaml, what each has to do, and the built-in one.

An encoder takes a picture to a vector in two steps: `prepare`, which threads do side by side, and
`encode`, which takes a full batch of what was prepared; or processes do both, a batch each. Those
that need weights are in lib/photos/vectors/torch_encoders.py, which `encode_photos.open_encoder`
imports only when one of them is chosen.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from PIL import Image
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lib.common.errors import require
from lib.common.params import Section
from lib.photos.vectors import descriptor

PACKAGES = {"open_clip": "open_clip", "timm": "timm"}  # a library -> what it is imported as


class EncoderEntry(Section):
    """One entry of `embed.encoders`: where the encoder comes from and how fast it is."""

    library: Literal["builtin", "open_clip", "timm"]
    model: str
    weights: str | None  # a pretrained tag, or the path of a checkpoint
    sha256: str | None = Field(pattern="^[0-9a-f]{64}$")
    size: PositiveInt | None  # pixels of the square that it sees; null: as it was trained
    photos_per_second: PositiveFloat

    @model_validator(mode="after")
    def _weights_where_needed(self) -> EncoderEntry:
        if (self.library == "builtin") == (self.weights is not None):
            raise ValueError("an encoder has `weights` unless its library is builtin")
        return self


class EmbedParams(Section):
    """The `embed` section of params.yaml."""

    encoder: str
    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "bf16", "fp16"]
    batch: PositiveInt
    threads: PositiveInt
    workers: PositiveInt
    least_room_probability: float = Field(ge=0, le=1)
    encoders: dict[str, EncoderEntry]

    @model_validator(mode="after")
    def _known(self) -> EmbedParams:
        if self.encoder not in self.encoders:
            known = ", ".join(self.encoders)
            raise ValueError(f"encoder {self.encoder!r} is no entry of embed.encoders ({known})")
        return self


class Encoder(Protocol):
    """What the `embed` stage asks of an encoder.

    `identity` names all that a vector depends on beside the picture and our code; `source` is the
    file of that code, `weights` the SHA-256 of the checkpoint. `batch` is the size of every batch,
    `dims` that of a vector. One that is `shared` takes batches of any size, each photo by itself,
    and works in Python: processes share its photos. One that reads prompts has `texts`, and
    `scale`, by which a cosine is multiplied before a softmax.
    """

    identity: tuple[str, ...]
    source: Path
    weights: str | None
    batch: int
    dims: int
    shared: bool
    texts: bool
    scale: float

    def prepare(self, image: Image.Image) -> Any:
        """What `encode` takes of one RGB picture; threads may call it side by side."""

    def encode(self, prepared: list[Any]) -> np.ndarray:
        """(batch, dims) float32 vectors, each of length 1 or as the encoder defines them, of a full
        batch.
        """

    def prompts(self, texts: list[str]) -> np.ndarray:
        """(len(texts), dims) float32 vectors of prompts, each of length 1."""


class BuiltinEncoder:
    """The descriptor of lib/photos/vectors/descriptor.py: no weights, no words."""

    source = Path(descriptor.__file__)
    weights: str | None = None
    dims = descriptor.DIMS
    shared = True
    texts = False
    scale = 1.0
    batch = 32  # photos that a process takes at once, and a transaction of the cache

    def __init__(self, entry: EncoderEntry) -> None:
        require(
            entry.model == "descriptor",
            f"params.yaml, embed.encoders: {entry.model!r} is no built-in encoder; the only one "
            "is `descriptor`",
        )
        self.identity = (
            "builtin", entry.model, *(version(name) for name in ("numpy", "scipy", "pillow"))
        )  # fmt: skip

    def prepare(self, image: Image.Image) -> np.ndarray:
        """The picture made small."""
        return descriptor.shrink_picture(image)

    def encode(self, prepared: list[np.ndarray]) -> np.ndarray:
        """(n, dims) float32 figures of small pictures."""
        return descriptor.picture_descriptors(prepared)

    def prompts(self, texts: list[str]) -> np.ndarray:
        """It reads none."""
        raise NotImplementedError


def require_installed(library: str) -> None:
    """Raise `RemlError` unless what the encoders of a library run on is installed."""
    needed = ("torch", "torchvision", "huggingface_hub", PACKAGES[library])
    missing = [name for name in needed if find_spec(name) is None]
    require(
        not missing,
        f"an encoder of {library} needs {', '.join(missing)}: run `make photos` (about 5 GB), or "
        "set embed.encoder in params.yaml to one that is built in",
    )
