"""Where an encoder's weights lie: a pretrained tag's file in the cache of the Hugging Face hub, or
a checkpoint that is named by its path. Looking never downloads; `scripts/acquire/weights.py` does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from lib.common import io
from lib.common.errors import RemlError, require
from lib.photos.vectors.encoders import EncoderEntry

# what repositories of the hub call their weights; plain tensors (safetensors) before archives
OPEN_CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TIMM_FILES = ("model.safetensors", "pytorch_model.bin")
ELSEWHERE = (
    "without internet here, run it elsewhere, copy the file that it prints, and put its path into "
    "embed.encoders.{}.weights in params.yaml"
)


@dataclass(frozen=True)
class HubWeights:
    """A repository of the hub and the names that its weights may have, the best first."""

    repo: str
    files: tuple[str, ...]


def find_hub_weights(name: str, entry: EncoderEntry) -> HubWeights | None:
    """Where the hub has an encoder's weights; None where `weights` is no tag, but a path.

    Raises `RemlError` for a model that the library does not know, and for a tag that is published
    elsewhere than on the hub.
    """
    return _open_clip(name, entry) if entry.library == "open_clip" else _timm(name, entry)


def _open_clip(name: str, entry: EncoderEntry) -> HubWeights | None:
    from open_clip import list_models
    from open_clip.pretrained import get_pretrained_cfg

    require(
        entry.model in list_models(),
        f"params.yaml, embed.encoders.{name}.model: open_clip has no model {entry.model!r}; "
        'python -c "import open_clip; print(open_clip.list_models())" lists them',
    )
    config = get_pretrained_cfg(entry.model, str(entry.weights))
    if not config:
        return None
    repo, file = os.path.split(config.get("hf_hub", ""))
    return _published(name, repo, file, OPEN_CLIP_FILES, config.get("url", ""))


def split_timm_name(entry: EncoderEntry) -> tuple[str, str]:
    """(model of timm, tag that says how its pictures are prepared, or nothing)."""
    model, _, tag = entry.model.partition(".")
    return model, tag


def _timm(name: str, entry: EncoderEntry) -> HubWeights | None:
    import timm

    model, tag = split_timm_name(entry)
    require(
        timm.is_model(model),
        f"params.yaml, embed.encoders.{name}.model: timm has no model {model!r}; "
        'python -c "import timm; print(timm.list_models())" lists them',
    )
    tags = timm.models.get_arch_pretrained_cfgs(model)
    config = tags.get(f"{model}.{entry.weights}")
    require(
        not tag or f"{model}.{tag}" in tags,
        f"params.yaml, embed.encoders.{name}.model: timm has no tag {tag!r} of {model}, only "
        f"{', '.join(one.partition('.')[2] for one in tags)}",
    )
    if config is None:
        return None
    require(
        tag in ("", entry.weights),
        f"params.yaml, embed.encoders.{name}: model {entry.model!r} and weights "
        f"{entry.weights!r} name two tags; name one",
    )
    repo, file = config.hf_hub_id or "", config.hf_hub_filename or ""
    return _published(name, repo, file, TIMM_FILES, config.url or "")


def _published(name: str, repo: str, file: str, files: tuple[str, ...], url: str) -> HubWeights:
    where = f"at {url} alone" if url else "nowhere"
    require(
        bool(repo),
        f"encoder {name}: these weights are published {where}, not on the hub; download them by "
        f"hand and put the file's path into embed.encoders.{name}.weights in params.yaml",
    )
    return HubWeights(repo, (file,) if file else files)


def fetch_weights(hub: HubWeights, offline: bool) -> Path:
    """The path of a hub's weights in the cache; downloaded if they are not there, unless
    `offline`. Raises `EntryNotFoundError` (of huggingface_hub) where there are none."""
    for file in hub.files:
        # hf_hub_download asks the network for who is asking, even with local_files_only
        found = try_to_load_from_cache(hub.repo, file)
        if isinstance(found, str):
            return Path(found)
    for file in () if offline else hub.files:
        try:
            return Path(hf_hub_download(hub.repo, file))
        except LocalEntryNotFoundError:
            raise  # the hub cannot be reached: other names would fail alike
        except EntryNotFoundError:
            continue
    raise EntryNotFoundError(f"{hub.repo} has none of {', '.join(hub.files)}")


def find_weights(name: str, entry: EncoderEntry, folder: Path) -> tuple[Path, str]:
    """(path, SHA-256) of an encoder's weights on this machine; a path in `entry` begins in
    `folder`. Raises `RemlError` with the mend where they are missing or are not those pinned."""
    hub = find_hub_weights(name, entry)
    if hub is None:
        path = folder / str(entry.weights)
        require(
            path.is_file(),
            f"{path}: no such file, and {entry.library} has no weights of that name for "
            f"{entry.model}; mend embed.encoders.{name}.weights in params.yaml",
        )
    else:
        try:
            path = fetch_weights(hub, offline=True)
        except EntryNotFoundError as error:
            raise RemlError(_missing_weights_message(name, hub)) from error
    sha256 = io.file_sha256(path)
    require(
        entry.sha256 in (None, sha256),
        f"{path}: SHA-256 {sha256}, but embed.encoders.{name}.sha256 in params.yaml pins "
        f"{entry.sha256}; fetch the file again, or mend the pin if you trust this file",
    )
    return path, sha256


def _missing_weights_message(name: str, hub: HubWeights) -> str:
    """What to do where an encoder's weights are not on this machine."""
    return (
        f"{hub.files[0]} of {hub.repo}, the weights of encoder {name}, are not on this machine: "
        f"run `python -m scripts.acquire.weights {name}`; {ELSEWHERE.format(name)}"
    )
