"""Checkpoints with random weights for the tests of encoders, and a cache of the hub as
huggingface_hub lays it out. torch is imported by those who run, as to import it takes longer than
to collect all other tests."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.dag import ROOT
from tests.support.needs import absent

if TYPE_CHECKING:
    import torch

TINY = "vit_tiny_patch16_224"
TINY_TAG = "augreg_in21k_ft_in1k"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="session")
def encoders_installed() -> None:
    """Without what `make photos` installs a failure in `make test-all`, elsewhere a loud skip."""
    needed = ("torch", "torchvision", "open_clip", "timm", "huggingface_hub")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        absent(f"{', '.join(missing)} not installed: run `make photos`")


def entry(library: str, model: str, weights: str, **changes) -> dict:
    """An entry of `embed.encoders`."""
    told = {"library": library, "model": model, "weights": weights, "sha256": None, "size": None}
    return told | {"photos_per_second": 5} | changes


def tiny_model(seed: int = 0) -> torch.nn.Module:
    """A small vision transformer of timm with its classifier and random weights."""
    import timm
    import torch

    torch.manual_seed(seed)
    return timm.create_model(TINY, pretrained=False).eval()


def params(folder: Path, encoders: dict[str, dict], **changes) -> None:
    """The project's params with these encoders, the first of which is chosen."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["embed"] |= {"encoders": encoders, "encoder": next(iter(encoders)), "batch": 4,
                         "threads": 1} | changes  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def hub(home: Path, repo: str, file: str, checkpoint: Path) -> Path:
    """Put a checkpoint into the hub's cache below `home` (HF_HOME), as a download would; returns
    the path that it has there."""
    folder = home / "hub" / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / file).symlink_to(checkpoint)
    return snapshot / file
