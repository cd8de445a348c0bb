"""Encoding photos against a bare open_clip loop over the same tensors, from decoded ones and from
files; a rerun with 1 % new photos; 50,000 vectors from the cache; the built-in encoder.

CLIP has random weights here: they cost what trained ones cost. Run as a module it does the work of
one side, so that its time and memory stand alone.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from bench import kit
from lib.common import params
from lib.photos.image import decode, rooms, same_picture
from lib.photos.vectors import encode_photos, encoders, vector_cache

MODEL, CHECKPOINT, NAME = "ViT-B-32", "clip.safetensors", "clip"
PHOTOS, LOOP = 400, 64  # of the reruns, of a loop; for a million rows
CACHED = 50_000  # from the cache
SECONDS = 20  # in which the vectors from the cache are to be assembled
SIZE = (1024, 768)  # pixels, as portals show photos


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """A picture with large shapes and fine grain, so that its JPEG has a photo's bytes."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    grain = rng.integers(-12, 13, smooth.shape, dtype=np.int16)
    return Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))


def photos(tree: Path, count: int, size: tuple[int, int]) -> list[str]:
    """What `photos` would leave in a tree: files, and the manifest's lines, which are returned."""
    images = tree / "data/photos/images"
    images.mkdir(parents=True, exist_ok=True)
    lines = []
    for n in range(count):
        picture(n, size).save(images / f"{n}.jpg", quality=90)
        record = {
            "domain": "sale",
            "listing_key": f"K{n // 20}",
            "sha1": f"{n:040x}",
            "room": None,
            "order": n % 20 + 1,
            "file": f"images/{n}.jpg",
        }
        lines.append(json.dumps(record) + "\n")
    (tree / "data/photos/manifest.jsonl").write_text("".join(lines))
    return lines


def settings(tree: Path, encoder: str) -> None:
    """Params of a tree: this encoder, CLIP's weights from the checkpoint beside it."""
    content = yaml.safe_load((kit.ROOT / "params.yaml").read_text())
    content["embed"]["encoder"] = encoder
    content["embed"]["encoders"][NAME]["weights"] = CHECKPOINT
    (tree / "params.yaml").write_text(yaml.safe_dump(content))


def checkpoint(_: int) -> None:
    """A checkpoint of CLIP with random weights."""
    import open_clip
    from safetensors.torch import save_file

    model = open_clip.create_model(MODEL)
    save_file({name: one.half() for name, one in model.state_dict().items()}, CHECKPOINT)


def loops(count: int) -> None:
    """Seconds of both loops over the same tensors, batch by batch in turn, and of ours with
    decoding against the bare one, in turn too: the best of three, into loops.json."""
    import torch

    _, own = params.load_sections("embed", encoders.EmbedParams)
    encoder = encode_photos.open_encoder(NAME, own, Path())
    stored = vector_cache.VectorCache(Path("loops.sqlite"), encoder.dims)
    files = [(str(n), Path(f"data/photos/images/{n}.jpg")) for n in range(count)]
    tensors = [encoder.prepare(decode.open_jpeg(path)) for _, path in files]
    starts = range(0, count, own.batch)

    def bare(at: int) -> None:
        with torch.inference_mode():
            encoder.model.encode_image(torch.stack(tensors[at : at + own.batch]), normalize=True)

    def ours(at: int) -> None:
        vectors = encoder.encode(tensors[at : at + own.batch])
        blank = np.zeros(vector_cache.THUMBNAIL)
        stored.write(
            {str(at + n): vector_cache.pack_cache_row(v, blank) for n, v in enumerate(vectors)}
        )

    def with_files() -> None:
        for batch in encode_photos.encode_batches(files, encoder, own.workers):
            stored.write({one.key: one.row for one in batch if one.row})

    def clock(work, *given) -> float:
        began = time.perf_counter()
        work(*given)
        return time.perf_counter() - began

    bare(0)
    best = {"bare": np.inf, "ours": np.inf, "bare_beside_files": np.inf, "files": np.inf}
    for _ in range(3):
        both = np.sum([(clock(bare, at), clock(ours, at)) for at in starts], axis=0)
        alone = sum(clock(bare, at) for at in starts)
        took = dict(zip(best, [*both, alone, clock(with_files)], strict=True))
        best = {name: min(seconds, took[name]) for name, seconds in best.items()}
    Path("loops.json").write_text(json.dumps(best))


def filled(count: int) -> None:
    """Photos, the manifest and a cache that has the vectors of all of them and of the prompts, 512
    numbers each."""
    _, own = params.load_sections("embed", encoders.EmbedParams)
    stored = encode_photos.open_vector_cache(encode_photos.open_encoder(NAME, own, Path()))
    lines = photos(Path(), count, (40, 30))
    paths = [Path("data/photos", json.loads(line)["file"]) for line in lines]
    rng = np.random.default_rng(0)

    def drawn(texts: list) -> np.ndarray:
        vectors = rng.normal(size=(len(texts), stored.dims)).astype("float32")
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    rooms.encode_prompts(
        lambda texts: vector_cache.cached_prompt_vectors(stored, texts, drawn), 100.0
    )
    vectors = drawn(paths)
    thumbnails = [same_picture.thumbnail_array(decode.open_jpeg(path)) for path in paths]
    keys = encode_photos.content_keys(paths, own.workers)
    stored.write({
        key: vector_cache.pack_cache_row(*row)
        for (key, _), *row in zip(keys, vectors, thumbnails, strict=True)
    })  # fmt: skip


def side(name: str, count: int, tree: Path) -> kit.Cost:
    """What one side of this module costs in a tree."""
    command = [sys.executable, "-m", "bench.embed", name, str(count)]
    return kit.measure(command, tree, PYTHONPATH=str(kit.ROOT), REML_CACHE_DIR=str(tree / "cache"))


def rate(what: str, encoder: str, pace: float, cost: kit.Cost) -> kit.Finding:
    """Photos a second that params.yaml quotes of an encoder, against those measured."""
    content = yaml.safe_load((kit.ROOT / "params.yaml").read_text())
    quoted = content["embed"]["encoders"][encoder]["photos_per_second"]
    return kit.Finding(
        f"embed {what}, {quoted} a second / {pace:.1f}", quoted / pace, 2, cost, 3000
    )


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """A million rows stand for the full numbers, fewer for fewer photos."""
    share = min(rows / 1e6, 1)
    count, cached = max(round(PHOTOS * share), 100), max(round(CACHED * share), 1000)
    loop = LOOP if share == 1 else LOOP // 4
    tree, far = kit.tree(folder / "clip"), kit.tree(folder / "cached")
    settings(tree, NAME)
    side("checkpoint", 0, tree)
    lines = photos(tree, count, SIZE)
    both = side("loops", loop, tree)
    took = json.loads((tree / "loops.json").read_text())
    decoded, files = took["ours"] / took["bare"], took["files"] / took["bare_beside_files"]
    found = [
        kit.Finding(f"embed {loop} decoded photos / bare loop", decoded, 1.11, both, 3000),
        kit.Finding(f"embed {loop} files / bare loop", files, 1.33, both, 3000),
        rate("files by clip", NAME, loop / took["files"], both),
    ]
    manifest = tree / "data/photos/manifest.jsonl"
    costs, starts = {}, {}
    for encoder in (NAME, "descriptor"):
        settings(tree, encoder)
        manifest.write_text("".join(lines[: -(count // 100)]))
        costs[encoder] = kit.stage("embed", tree)
        start = starts[encoder] = kit.best([kit.stage("embed", tree) for _ in range(rounds)])
        spent = costs[encoder].seconds - start.seconds
        if encoder == NAME:
            manifest.write_text("".join(lines))
            more = kit.stage("embed", tree)
            new = max(more.seconds - start.seconds, 0) / costs[encoder].seconds
            what = f"embed 1 % new photos / all {count}"
            found.append(kit.Finding(what, new, 0.03, more, 3000))
    pace = count * 0.99 / spent
    found.append(rate("files by descriptor", "descriptor", pace, costs["descriptor"]))
    settings(far, NAME)
    shutil.move(tree / CHECKPOINT, far)
    side("filled", cached, far)
    cost = kit.stage("embed", far)
    what = f"embed {cached:,} cached photos less start / {SECONDS} s"
    spent = cost.seconds - starts[NAME].seconds  # torch and CLIP are loaded whatever is cached
    return [*found, kit.Finding(what, max(spent, 0) / SECONDS, 1, cost, 2000)]


if __name__ == "__main__":
    {"checkpoint": checkpoint, "loops": loops, "filled": filled}[sys.argv[1]](int(sys.argv[2]))
