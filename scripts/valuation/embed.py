"""Turn the photos of staged listings into vectors, by the encoder that params.yaml names.

What was encoded before comes from a cache ($REML_CACHE_DIR, by default ~/.cache/reml), so only new
photos cost time. Nothing is downloaded: `python -m scripts.acquire.weights` fetches weights. With
--images it encodes any folder of images instead (a sub-folder is a listing) and writes to --out;
the pipeline's own outputs stay as they are.

Example: python -m scripts.valuation.embed --images photos --out vectors --encoder clip
"""

import errno
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import click
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import cache, cli, io, params, table_spec
from lib.common.errors import RemlError, require
from lib.common.process import die_with_parent
from lib.photos.image import decode, same_picture
from lib.photos.pooled import rooms
from lib.photos.vectors import encode_batches, encoders, image_folder, vector_cache, vectors_table

PHOTOS = Path("data/photos")
OUT = Path("data/embed")
META = Path("lib/photos/vectors/embed.meta.yml")
METRICS = Path("metrics/embed.json")
KIND = "embed"  # of cache files
POOLED = 64  # files of a folder from which on processes share them: each takes a second to start


def staged() -> pd.DataFrame:
    """The manifest's photos of staged listings (`vectors.FIELDS`), with the `path` of each."""
    manifest = PHOTOS / "manifest.jsonl"
    require(manifest.is_file(), f"{manifest}: no such file; `make repro` writes it")
    records = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    rows = [
        [one[name] for name in vectors_table.FIELDS]
        for one in records
        if one["listing_key"] is not None
    ]
    photos = pd.DataFrame(rows, columns=vectors_table.FIELDS)
    return photos.assign(path=[PHOTOS / name for name in photos["file"]])


def taken_in(images: Path, part: Path, workers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(photos as `staged` gives them, what is refused and why) of a folder of images, whose plain
    JPEGs go to the folder `part`."""
    paths = image_folder.files(images)
    require(bool(paths), f"{images}: no files in it; --images names a folder of image files")
    jpegs = [part / f"{place:06d}.jpg" for place in range(len(paths))]
    given = (paths, [images] * len(paths), jpegs)
    if workers == 1 or len(paths) < POOLED:
        records = list(cli.progress(map(image_folder.take_in, *given), "read"))
    else:
        spawn = multiprocessing.get_context("spawn")  # forking a process with threads can hang
        with ProcessPoolExecutor(workers, spawn, initializer=die_with_parent) as pool:
            try:
                records = list(
                    cli.progress(pool.map(image_folder.take_in, *given, chunksize=8), "read")
                )
            except BrokenProcessPool as error:
                raise RemlError(
                    f"{images}: a worker died over its files, most likely for want of memory; "
                    "lower embed.workers in params.yaml"
                ) from error
    found = pd.DataFrame(records).assign(path=jpegs)
    found["order"] = found.groupby("listing_key").cumcount() + 1
    read = found["reason"] == ""
    return found[read].reset_index(drop=True), found.loc[~read, vectors_table.REJECTED]


def cache_of(encoder: encoders.Encoder) -> vector_cache.VectorCache:
    """The cache of an encoder, by all that its vectors depend on, the code included."""
    own = [Path(file) for file in (encode_batches.__file__, decode.__file__, same_picture.__file__)]
    code = cache.code_hash([encoder.source, *own])
    name = cache.key_of(*encoder.identity, code)
    return vector_cache.VectorCache(cache.root() / KIND / f"{name}.sqlite", encoder.dims)


def encode(
    paths: dict[str, Path],
    encoder: encoders.Encoder,
    stored: vector_cache.VectorCache,
    workers: int,
) -> tuple[dict[str, vector_cache.Row], dict[str, str]]:
    """(rows of the cache, reasons why there is none) by key. What the cache lacks is encoded and
    put there, a batch at a time, so that a killed run loses one batch."""
    rows = stored.read(paths)
    if stored.damaged:
        cli.log.warning("embed.cache_damaged", rows=stored.damaged, file=str(stored.path))
    todo = [(key, path) for key, path in paths.items() if key not in rows]
    told: dict[str, object] = {"cached": len(rows), "encoded": len(todo)}
    reasons: dict[str, str] = {}
    began = time.perf_counter()
    for batch in encode_batches.encoded(cli.progress(todo, "embed"), encoder, workers):
        done = {one.key: one.row for one in batch if one.row is not None}
        stored.write(done)
        rows |= done
        reasons |= {one.key: one.reason for one in batch if one.row is None}
    seconds = time.perf_counter() - began
    if todo:
        told |= {"seconds": round(seconds, 2), "photos_per_second": round(len(todo) / seconds, 1)}
    cli.log.info("embed.encoded", **told)
    return rows, reasons


def gather(
    paths: dict[str, Path], name: str, settings: encoders.Embed
) -> tuple[dict[str, vector_cache.Row], dict[str, str], rooms.Texts | None, dict]:
    """(rows and reasons by key as `encode` gives them, vectors of the prompts, what is told of the
    encoder). Its model is gone from memory when this is done."""
    encoder = encoders.open_encoder(name, settings, Path())
    stored = cache_of(encoder)
    rows, reasons = encode(paths, encoder, stored, settings.workers)
    texts = None
    if encoder.texts:
        read = partial(vector_cache.prompts, stored, encode=encoder.prompts)
        texts = rooms.texts(read, encoder.scale)
    return rows, reasons, texts, vectors_table.told(name, settings, encoder)


def embed(
    photos: pd.DataFrame, name: str, settings: encoders.Embed
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """(table of vectors, photos without one and why, what is told of the encoder)."""
    keys = encode_batches.keys(photos["path"].tolist(), settings.workers)
    photos = photos.assign(key=[key for key, _ in keys], reason=[reason for _, reason in keys])
    readable = photos[photos["reason"] == ""]
    paths = dict(zip(readable["key"], readable["path"], strict=True))
    rows, reasons, texts, told = gather(paths, name, settings)
    photos["reason"] = photos["reason"].where(photos["reason"] != "", photos["key"].map(reasons))
    lost = photos["reason"].notna()
    kept = photos[~lost].reset_index(drop=True)
    at = {key: place for place, key in enumerate(sorted(rows))}
    arrays = vector_cache.as_arrays([rows[key] for key in at], told["dims"])
    kept = kept.assign(at=kept["key"].map(at).astype("int64"))
    found = vectors_table.table(kept, *arrays, texts, settings.least_room_probability)
    return found, photos.loc[lost, vectors_table.REJECTED], told


def write(out: Path, found: pd.DataFrame, rejected: pd.DataFrame, told: dict) -> None:
    """Write what `embed` gives into a folder."""
    io.write_parquet(out / "vectors.parquet", found, vectors_table.KEYS)
    io.write_json(out / "encoder.json", told)
    io.write_csv(out / "rejected.csv", rejected.sort_values(["domain", "listing_key", "file"]))


def from_folder(images: Path, out: Path, name: str, settings: encoders.Embed) -> None:
    """Encode a folder of images and write the outs to another folder."""
    require(images.exists(), f"{images}: no such folder; --images names a folder of image files")
    require(images.is_dir(), f"{images}: a file; --images names a folder of image files")
    require(
        not out.resolve().is_relative_to(images.resolve()),
        f"{out}: lies in {images}, where it would be taken for images; choose another --out",
    )
    require(
        not out.resolve().is_relative_to(OUT.resolve()),
        f"{out}: holds the pipeline's own vectors; choose another --out",
    )
    encoders.open_encoder(name, settings, Path())  # before files are read in vain
    out.mkdir(parents=True, exist_ok=True)
    require(os.access(out, os.W_OK), f"{out}: cannot be written to; choose another --out")
    try:
        with tempfile.TemporaryDirectory(prefix=".images-", dir=out) as part:
            photos, refused = taken_in(images, Path(part), settings.workers)
            found, rejected, told = embed(photos, name, settings)
        rejected = pd.concat([refused, rejected])
        write(out, found, rejected, told)
    except OSError as error:
        require(
            error.errno not in (errno.ENOSPC, errno.EDQUOT),
            f"{out}: no space left on its disk; it takes some 1 MB a photo until this is done",
        )
        raise
    click.echo(f"{len(found)} vectors, {len(rejected)} files rejected: {out}")


@click.command(help=__doc__)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Encode this folder of image files instead of the feed's photos.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder that --images writes to.")
@click.option("--encoder", "name", help="Encoder of --images; by default embed.encoder.")
@cli.command
def main(images: Path | None, out: Path | None, name: str | None) -> None:
    base, settings = params.load("embed", encoders.Embed)
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        if images and out:
            from_folder(images, out, name or settings.encoder, settings)
            return
        require(
            not (images or out or name),
            "--images and --out go together, and --encoder with them; for the feed's photos set "
            "embed.encoder in params.yaml",
        )
        found, rejected, told = embed(staged(), settings.encoder, settings)
    write(OUT, found, rejected, told)
    counts = vectors_table.tally(found, rejected)
    io.write_json(METRICS, {"feed": base.feed, "encoder": settings.encoder} | counts)
    table_spec.enforce(META, OUT)
    if len(rejected):
        cli.log.warning("embed.rejected", photos=len(rejected), see=str(OUT / "rejected.csv"))
    cli.log.info(
        "embed.complete",
        encoder=settings.encoder,
        photos=counts["photos"],
        pictures=counts["pictures"],
        rejected=counts["rejected"],
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
