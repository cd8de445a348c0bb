"""Checkpoints with random weights for the tests of encoders, and a cache of the hub as
huggingface_hub lays it out. Without torch, tests that import this fail in CI and are skipped, with
the reason, elsewhere."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.dag import ROOT

missing = [one for one in ("torch", "torchvision", "open_clip", "timm") if find_spec(one) is None]
if missing:
    told = f"{', '.join(missing)} not installed; run `make photos`"
    if os.environ.get("CI"):
        raise RuntimeError(told)
    pytest.skip(told, allow_module_level=True)

import timm  # noqa: E402
import torch  # noqa: E402

TINY = "vit_tiny_patch16_224"
TINY_TAG = "augreg_in21k_ft_in1k"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def entry(library: str, model: str, weights: str, **changes) -> dict:
    """An entry of `embed.encoders`."""
    told = {"library": library, "model": model, "weights": weights, "sha256": None, "size": None}
    return told | {"photos_per_second": 5} | changes


def tiny_model(seed: int = 0) -> torch.nn.Module:
    """A small vision transformer of timm with its classifier and random weights."""
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
