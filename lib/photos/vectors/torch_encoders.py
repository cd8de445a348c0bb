"""Encoders that run on torch: models of open_clip and timm, from a checkpoint on this machine.

A checkpoint is read as plain tensors (safetensors, or torch's `weights_only`), so no code in it
runs. How a picture is prepared (size, cut, colours) is what the library says for the tag, or for
the model where the weights are a path. Vectors have length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from lib.common.errors import RemlError, require
from lib.photos.vectors import weights
from lib.photos.vectors.encoders import EmbedParams, EncoderEntry

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PACKAGES = {"open_clip": "open_clip_torch", "timm": "timm"}  # a library -> its distribution


class TorchEncoder:
    """One encoder on one device; see `lib.photos.vectors.encoders.Encoder`."""

    source = Path(__file__)
    shared = False  # torch has its own threads, and its model lies in memory once

    def __init__(self, name: str, entry: EncoderEntry, settings: EmbedParams, folder: Path) -> None:
        require(
            settings.device == "cpu" or torch.cuda.is_available(),
            "params.yaml, embed.device: torch finds no CUDA device here; set it to cpu",
        )
        torch.set_num_threads(settings.threads)
        torch.backends.cudnn.deterministic = True
        path, sha256 = weights.find_weights(name, entry, folder)
        self.weights: str | None = sha256
        load = _load_open_clip if entry.library == "open_clip" else _load_timm
        model, self.transform, tokenize = _load(path, entry, load)
        self.device, self.dtype = torch.device(settings.device), PRECISIONS[settings.precision]
        self.model = model.eval().to(self.device, self.dtype)
        self.image: Callable = getattr(self.model, "encode_image", self.model)
        self.tokenize = tokenize
        self.texts = tokenize is not None
        self.scale = float(self.model.logit_scale.detach().float().exp()) if self.texts else 1.0
        self.batch = settings.batch
        self.dims = self.encode([self.prepare(Image.new("RGB", (64, 64)))]).shape[1]
        kind = torch.backends.cpu.get_cpu_capability()
        if settings.device == "cuda":
            kind = torch.cuda.get_device_name()
        self.identity = (
            entry.library, entry.model, sha256, repr(model), repr(self.transform),
            settings.precision, settings.device, kind, str(settings.batch),
            *(version(one) for one in (PACKAGES[entry.library], "torch", "torchvision", "pillow")),
        )  # fmt: skip

    def prepare(self, image: Image.Image) -> torch.Tensor:
        """(3, side, side) the picture as the model wants it."""
        return self.transform(image)

    def encode(self, prepared: list[torch.Tensor]) -> np.ndarray:
        """(len(prepared), dims) float32 vectors of length 1."""
        try:
            with torch.inference_mode():
                pixels = torch.stack(prepared).to(self.device, self.dtype)
                return _unit(self.image(pixels))
        except torch.OutOfMemoryError as error:
            raise RemlError(
                f"a batch of {len(prepared)} photos does not fit into the device's memory; lower "
                "embed.batch in params.yaml"
            ) from error

    def prompts(self, texts: list[str]) -> np.ndarray:
        """(len(texts), dims) float32 vectors of length 1, encoded in full batches as photos are."""
        tokens = self.tokenize(texts + texts[-1:] * (-len(texts) % self.batch))
        with torch.inference_mode():
            parts = [
                _unit(self.model.encode_text(some.to(self.device)))
                for some in tokens.split(self.batch)
            ]
        return np.concatenate(parts)[: len(texts)]


def _unit(vectors: torch.Tensor) -> np.ndarray:
    """Vectors brought to length 1, float32. Raises `RemlError` where they are no numbers."""
    require(
        bool(torch.isfinite(vectors).all()),
        "the encoder's vectors are no numbers: its checkpoint is broken, or numbers overflowed in "
        "fp16; try embed.precision: fp32 in params.yaml",
    )
    return torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()


def _load(path: Path, entry: EncoderEntry, load: Callable) -> Any:
    """What `load` makes of a checkpoint; whatever it stumbles over becomes one line."""
    try:
        return load(path, entry)
    except RemlError:
        raise
    except Exception as error:  # broken bytes raise whatever the readers stumble over
        reason = " ".join(str(error).split())
        # torch's advice is to run what is inside
        if "weights_only" in reason.replace(" ", "_").lower():
            reason = "not plain tensors"
        other = "loading state_dict" in reason
        what = "weights of another architecture than" if other else "cannot be read as weights of"
        raise RemlError(
            f"{path}: {what} {entry.model} ({entry.library}); name the right checkpoint, or fetch "
            f"it again ({type(error).__name__}: {reason[:120]})"
        ) from error


def _load_open_clip(
    path: Path, entry: EncoderEntry
) -> tuple[torch.nn.Module, Callable, Callable | None]:
    """(model, how it wants pictures, its tokenizer) from a local checkpoint. The tokenizer is None
    for models whose tokenizer is not part of open_clip but comes from the hub."""
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg
    from open_clip.transform import PreprocessCfg, image_transform_v2

    text = open_clip.get_model_config(entry.model)["text_cfg"]
    require(
        "hf_model_name" not in text,
        f"{entry.model}: its text side is another library's (transformers); choose another model",
    )
    tag = str(entry.weights)
    if not get_pretrained_cfg(entry.model, tag):  # a path: prepared as the model's tags are
        tag = open_clip.list_pretrained_tags_by_model(entry.model)[0]
    pretrained = get_pretrained_cfg(entry.model, tag)
    wanted = {key: pretrained[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    model = open_clip.create_model(
        entry.model,
        pretrained=str(path),
        pretrained_text=False,
        force_quick_gelu=tag == entry.weights and bool(pretrained.get("quick_gelu")),
        force_image_size=entry.size,
        force_preprocess_cfg=wanted,
    )
    transform = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    own_tokenizer = "hf_tokenizer_name" not in text
    return model, transform, open_clip.get_tokenizer(entry.model) if own_tokenizer else None


def _load_timm(path: Path, entry: EncoderEntry) -> tuple[torch.nn.Module, Callable, None]:
    """(model without its classifier, how it wants pictures, no tokenizer) from a local
    checkpoint."""
    import timm

    name, tag = weights.split_timm_name(entry)
    if f"{name}.{entry.weights}" in timm.models.get_arch_pretrained_cfgs(name):
        tag = str(entry.weights)
    full = f"{name}.{tag}" if tag else name
    state = timm.models.load_state_dict(str(path), weights_only=True)
    heads = timm.models.get_pretrained_cfg(full).classifier or ()
    heads = (heads,) if isinstance(heads, str) else heads
    kept = {key: one for key, one in state.items() if key.rpartition(".")[0] not in heads}
    require(bool(kept), f"{path}: a checkpoint without weights")
    model = timm.create_model(
        full,
        pretrained=True,  # from the tensors below, which go before any file or address
        pretrained_cfg_overlay={"state_dict": kept, "num_classes": 0, "label_offset": 0},
        num_classes=0,
        **({"img_size": entry.size} if entry.size else {}),
    )
    model.pretrained_cfg["state_dict"] = None
    side = {"input_size": (3, entry.size, entry.size)} if entry.size else {}
    wanted = timm.data.resolve_data_config(side, model=model)
    return model, timm.data.create_transform(**wanted), None
