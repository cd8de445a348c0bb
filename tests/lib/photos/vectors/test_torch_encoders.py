"""Encoders of open_clip and timm through the real loading code, from checkpoints with random
weights: against the bare libraries, from a path and from the hub's cache, and what is refused."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from lib.common.errors import RemlError
from lib.common.io import file_sha256
from lib.common.params import load_sections
from lib.photos.image import rooms
from lib.photos.vectors import encode_photos, encoders
from scripts.ops import embed_images
from tests.support.dag import ROOT
from tests.support.encoders import TINY, TINY_TAG, entry, hub, params, tiny_model
from tests.support.photos import drawn, image

pytestmark = [pytest.mark.rest, pytest.mark.usefixtures("encoders_installed")]

CLIP, CLIP_TAG = "ViT-B-32", "laion2b_s34b_b79k"
CLIP_REPO, CLIP_FILE = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "open_clip_model.safetensors"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """(path of a checkpoint of timm, the model that it was saved from)."""
    import torch

    model = tiny_model()
    path = tmp_path_factory.mktemp("timm") / "tiny.pth"
    torch.save(model.state_dict(), path)
    return path, model


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """(path of a checkpoint of CLIP, the model that it was saved from), removed at the end."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model(CLIP).half().float().eval()  # what half the bytes can hold
    path = tmp_path_factory.mktemp("clip") / "clip.safetensors"
    save_file({name: one.half().contiguous() for name, one in model.state_dict().items()}, path)
    yield path, model
    path.unlink()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REML_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf/hub"))
    return tmp_path


def opened(folder: Path, told: dict, **changes) -> encoders.Encoder:
    """The encoder of an entry, as the stage opens it."""
    params(folder, {"one": told}, **changes)
    return encode_photos.open_encoder(
        "one", load_sections("embed", encoders.EmbedParams)[1], folder
    )


def full(encoder, count: int) -> np.ndarray:
    """Vectors of `count` pictures, in batches of the encoder's size."""
    prepared = [encoder.prepare(drawn(n, size=(90, 70))) for n in range(count)]
    starts = range(0, count, encoder.batch)
    return np.concatenate([encoder.encode(prepared[at : at + encoder.batch]) for at in starts])


def unit(vectors) -> np.ndarray:
    return (vectors / vectors.norm(dim=-1, keepdim=True)).numpy()


def test_timm_gives_what_the_bare_model_gives(here, tiny):
    """Resized to 248 (224 / 0.9), cut to 224, mean and deviation 0.5: what timm says of the tag."""
    import torch
    from torchvision import transforms

    path, model = tiny
    encoder = opened(here, entry("timm", TINY, str(path)))
    plain = transforms.Compose([
        transforms.Resize(248, transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(224),
        transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3),
    ])  # fmt: skip
    pixels = torch.stack([plain(drawn(n, size=(90, 70))) for n in range(4)])
    with torch.inference_mode():
        bare = unit(model.forward_head(model.forward_features(pixels), pre_logits=True))
    assert full(encoder, 4) == pytest.approx(bare, abs=1e-5)
    assert (encoder.dims, encoder.texts, encoder.scale) == (192, False, 1.0)
    assert encoder.weights == file_sha256(path)


def test_a_path_and_the_hub_give_the_same_encoder(here, tiny, monkeypatch):
    """Looking into the hub's cache asks no network: whatever would is refused."""
    import torch

    path, _ = tiny
    by_path = opened(here, entry("timm", TINY, str(path)))
    state = torch.load(path, weights_only=True)
    torch.save({"state_dict": state}, path.with_suffix(".bin"))  # as trainers wrap it
    hub(here / "hf", f"timm/{TINY}.{TINY_TAG}", "pytorch_model.bin", path.with_suffix(".bin"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("asked the network"))
    by_hub = opened(here, entry("timm", TINY, TINY_TAG))
    assert np.array_equal(full(by_path, 4), full(by_hub, 4))


def test_a_photo_has_the_same_bits_wherever_it_stands(here, tiny):
    encoder = opened(here, entry("timm", TINY, str(tiny[0])))
    pictures = [encoder.prepare(drawn(n)) for n in range(4)]
    straight, turned = encoder.encode(pictures), encoder.encode(pictures[::-1])
    assert np.array_equal(straight, turned[::-1])
    alone = encoder.encode([pictures[2]] * 4)
    assert np.array_equal(alone[0], straight[2])


def test_threads_change_no_bit_and_are_no_part_of_the_identity(here, tiny):
    import torch

    one = opened(here, entry("timm", TINY, str(tiny[0])), threads=1)
    first = full(one, 4)
    two = opened(here, entry("timm", TINY, str(tiny[0])), threads=2)
    assert torch.get_num_threads() == 2
    assert np.array_equal(first, full(two, 4)) and one.identity == two.identity


@pytest.mark.parametrize("change", [{"batch": 5}, {"precision": "bf16"}, {"size": 64}])
def test_what_changes_vectors_changes_the_identity(here, tiny, change):
    own = {name: value for name, value in change.items() if name == "size"}
    other = {name: value for name, value in change.items() if name != "size"}
    plain = opened(here, entry("timm", TINY, str(tiny[0])))
    changed = opened(here, entry("timm", TINY, str(tiny[0]), **own), **other)
    assert plain.identity != changed.identity


def test_bf16_is_close_to_fp32(here, tiny):
    small = entry("timm", TINY, str(tiny[0]), size=64)
    plain = full(opened(here, small), 4)
    half = full(opened(here, small, precision="bf16"), 4)
    assert half.dtype == np.float32 and not np.array_equal(plain, half)
    assert np.einsum("nd,nd->n", plain, half) == pytest.approx(np.ones(4), abs=2e-3)


def test_open_clip_gives_what_the_bare_model_gives(here, clip):
    import open_clip
    import torch

    path, model = clip
    encoder = opened(here, entry("open_clip", CLIP, str(path)))
    plain = open_clip.image_transform(224, is_train=False)
    pixels = torch.stack([plain(drawn(n, size=(90, 70))) for n in range(4)])
    with torch.inference_mode():
        bare = model.encode_image(pixels, normalize=True).numpy()
        words = model.encode_text(open_clip.tokenize(["a kitchen", "a pool"]), normalize=True)
    assert full(encoder, 4) == pytest.approx(bare, abs=1e-5)
    assert encoder.prompts(["a kitchen", "a pool"]) == pytest.approx(words.numpy(), abs=1e-5)
    assert encoder.texts and encoder.scale == pytest.approx(1 / 0.07, rel=1e-3)  # where CLIP starts


def test_the_stage_in_a_real_process_with_weights_of_the_hub(here, clip):
    """HF_HOME and HF_HUB_OFFLINE as a user sets them; rooms and quality from the prompts."""
    import torch

    path, model = clip
    hub(here / "home", CLIP_REPO, CLIP_FILE, path)
    told = entry("open_clip", CLIP, CLIP_TAG, sha256=file_sha256(path))
    params(here, {"clip": told}, least_room_probability=0.0)
    (here / "some").mkdir()
    for n in range(3):
        (here / "some" / f"h_{n}.jpg").write_bytes(image(n, size=(90, 70)))
    done = subprocess.run(
        [sys.executable, "-m", "scripts.ops.embed_images", "--images", "some", "--out", "out"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "HF_HOME": str(here / "home"),
                          "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr and "WARNING" not in done.stderr
    table = pd.read_parquet("out/vectors.parquet")
    import open_clip

    plain = open_clip.image_transform(224, is_train=False)
    jpegs = [jpeg(Path("some", name)) for name in table["file"]]
    with torch.inference_mode():
        bare = model.encode_image(torch.stack([plain(one) for one in jpegs]), normalize=True)
    vectors = np.stack(table["vector"])
    assert vectors == pytest.approx(bare.numpy(), abs=1e-5)

    def read(texts):
        with torch.inference_mode():
            return model.encode_text(open_clip.tokenize(texts), normalize=True).numpy()

    texts = rooms.mean_prompt_vectors(list(rooms.QUALITIES.values()), read)
    odds = np.exp(float(model.logit_scale.detach().exp()) * (vectors @ texts.T))
    likely = odds / odds.sum(axis=1, keepdims=True)
    assert table.filter(like="quality_").to_numpy() == pytest.approx(likely[:, :3], abs=1e-4)
    assert set(table["room"]) <= set(rooms.ROOMS) and set(table["room_by"]) == {"looks"}


def jpeg(path: Path) -> Image.Image:
    """What the stage shows the encoder of a file: the plain JPEG of it."""
    from lib.photos.image import decode
    from lib.photos.vectors import image_folder

    plain = decode.decode_image(path.read_bytes(), image_folder.LOOK).jpeg
    return Image.open(io.BytesIO(plain)).convert("RGB")


def test_the_cache_never_changes_the_bytes(here, tiny):
    """Cold, half filled, and photos that are taken in another order, with batches that are not
    full: the outs are the same bytes."""
    params(here, {"tiny": entry("timm", TINY, str(tiny[0]))})
    half, whole = here / "half", here / "whole"
    for n in range(10):
        for where in (whole, *([half] if n in (1, 4, 9) else [])):
            where.mkdir(exist_ok=True)
            (where / f"{n}_{n}.jpg").write_bytes(image(n))
    turned = here / "turned"
    turned.mkdir()
    for n in range(10):  # the same pictures under names that come the other way round
        (turned / f"{9 - n}_{n}.jpg").write_bytes(image(n))

    def run(images: Path) -> pd.DataFrame:
        done = CliRunner().invoke(embed_images.main, ["--images", str(images), "--out", "out"])
        assert done.exit_code == 0, done.output
        return pd.read_parquet("out/vectors.parquet").sort_values("sha1")

    cold = run(whole)
    content = Path("out/vectors.parquet").read_bytes()
    for filled in (half, turned):
        (moved,) = Path("cache/embed").iterdir()
        moved.unlink()
        before = run(filled)
        run(whole)
        assert Path("out/vectors.parquet").read_bytes() == content
        shared = cold[cold["sha1"].isin(before["sha1"])]
        assert np.array_equal(np.stack(shared["vector"]), np.stack(before["vector"]))


@pytest.mark.parametrize("told, says", [
    (entry("timm", TINY, "none.pth"), r"none\.pth: no such file"),
    (entry("timm", TINY, TINY_TAG), rf"model.safetensors of timm/{TINY}\.{TINY_TAG}, the "
     r"weights of encoder one, are not on this machine: run `python -m scripts\.acquire\.weights "
     r"one`; without internet here, .* copy the file .* embed\.encoders\.one\.weights"),
    (entry("open_clip", CLIP, CLIP_TAG), f"{CLIP_FILE} of {CLIP_REPO}"),
    (entry("timm", "vit_tiny", TINY_TAG), "timm has no model 'vit_tiny'"),
    (entry("timm", f"{TINY}.nope", "x.pth"), f"timm has no tag 'nope' of {TINY}, only"),
    (entry("timm", f"{TINY}.augreg_in21k", TINY_TAG), "name two tags"),
    (entry("open_clip", "ViT-B-33", CLIP_TAG), "open_clip has no model 'ViT-B-33'"),
])  # fmt: skip
def test_weights_that_are_not_there_are_one_line(here, told, says):
    with pytest.raises(RemlError, match=says):
        opened(here, told)


def test_another_checksum_than_the_pinned_one(here, tiny):
    from lib.photos.vectors import weights

    found = file_sha256(tiny[0])
    right = encoders.EncoderEntry(**entry("timm", TINY, str(tiny[0]), sha256=found))
    assert weights.find_weights("one", right, here) == (tiny[0], found)
    with pytest.raises(RemlError, match=rf"SHA-256 {found}, but embed\.encoders\.one\.sha256"):
        opened(here, entry("timm", TINY, str(tiny[0]), sha256="0" * 64))


class Evil:
    """What a checkpoint could do if its pickle were run."""

    def __reduce__(self):
        return (os.mkdir, ("ran",))


def test_checkpoints_that_cannot_be_read_are_one_line(here, tiny):
    import torch

    whole = tiny[0].read_bytes()
    contents = {"words.pth": b"just words", "empty.pth": b"", "cut.pth": whole[: len(whole) // 2],
                "words.safetensors": b"just words"}  # fmt: skip
    for name, content in contents.items():
        Path(name).write_bytes(content)
    torch.save({"state_dict": Evil()}, "evil.pth")
    torch.save({}, "nothing.pth")
    for name in (*contents, "evil.pth", "nothing.pth"):
        with pytest.raises(
            RemlError, match=rf"{name}: (cannot be read as weights|a checkpoint)"
        ) as e:
            opened(here, entry("timm", TINY, name))
        assert "\n" not in str(e.value)
    with pytest.raises(RemlError, match=r"evil\.pth: cannot be read as weights of ViT-B-32"):
        opened(here, entry("open_clip", CLIP, "evil.pth"))
    assert not Path("ran").exists()


@pytest.mark.parametrize("library, model", [
    ("timm", "vit_small_patch16_224"), ("timm", "resnet18"), ("open_clip", CLIP),
])  # fmt: skip
def test_weights_of_another_architecture_are_one_line(here, tiny, library, model):
    with pytest.raises(RemlError, match=f"weights of another architecture than {model}"):
        opened(here, entry(library, model, str(tiny[0])))


def test_a_checkpoint_that_lacks_a_layer_is_refused(here, tiny):
    import torch

    state = torch.load(tiny[0], weights_only=True)
    del state["blocks.3.attn.qkv.weight"]
    torch.save(state, "less.pth")
    with pytest.raises(RemlError, match="weights of another architecture"):
        opened(here, entry("timm", TINY, "less.pth"))


def test_vectors_that_are_no_numbers_are_told(here, tiny):
    import torch

    state = torch.load(tiny[0], weights_only=True)
    state["norm.weight"][0] = float("nan")
    torch.save(state, "nan.pth")
    with pytest.raises(RemlError, match="vectors are no numbers"):
        opened(here, entry("timm", TINY, "nan.pth"))


def test_no_graphics_card_is_one_line(here, tiny):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(RemlError, match=r"embed\.device: torch finds no CUDA device here"):
        opened(here, entry("timm", TINY, str(tiny[0])), device="cuda")


def test_tags_that_are_not_on_the_hub_are_said_to_be_fetched_by_hand(monkeypatch):
    from lib.photos.vectors import weights

    one = encoders.EncoderEntry(**entry("open_clip", CLIP, CLIP_TAG))
    monkeypatch.setattr(
        "open_clip.pretrained.get_pretrained_cfg", lambda *_: {"url": "https://example.org/w.pt"}
    )
    with pytest.raises(RemlError, match=r"published at https://example\.org/w\.pt alone.* by hand"):
        weights.find_hub_weights("one", one)


@pytest.mark.parametrize("name", ["clip", "dinov2"])
def test_the_encoders_of_params_have_weights_on_the_hub(name, monkeypatch):
    from lib.photos.vectors import weights

    monkeypatch.chdir(ROOT)
    told = load_sections("embed", encoders.EmbedParams)[1].encoders[name]
    where = {"clip": CLIP_REPO, "dinov2": "timm/vit_small_patch14_dinov2.lvd142m"}
    assert weights.find_hub_weights(name, told).repo == where[name]
