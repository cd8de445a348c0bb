"""Unpack the feed's photo bundles into one folder per listing, with a manifest and statuses.

Each entry of a bundle ends as a photo or as a rejection with a reason. What was unpacked before
comes from the cache ($REML_CACHE_DIR, by default ~/.cache/reml).

Example: python -m scripts.valuation.photos
"""

import itertools
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import click
import imagehash
import pandas as pd
import PIL
import pyarrow.parquet as pq

from lib.cache.entries import cache_root, find_or_build
from lib.cache.keys import code_hash, key_of, room_files
from lib.common import cli, dictionary, io, params
from lib.common.errors import RemlError, require, require_columns
from lib.common.processes import process_context, tie_worker
from lib.common.vocabulary import DOMAINS, RAW
from lib.photos.bundles import album, status, unpack
from lib.photos.bundles.inventory import BUNDLE, MANIFEST, list_inventory
from lib.photos.bundles.match_listing import ListingIndex
from lib.photos.bundles.unpack import PhotosParams
from lib.photos.image import decode

LISTINGS = Path("data/staging/listings.parquet")
OUT = Path("data/photos")
META = Path("lib/photos/bundles/photos.meta.yml")
METRICS = Path("metrics/photos.json")
KIND = "photos"  # of cache entries


def unpack_cached(path: Path, key: str, settings: unpack.UnpackSettings) -> Path:
    """The folder with a bundle's pictures and index, unpacked now if the cache lacks it."""
    return find_or_build(KIND, key, lambda folder: unpack.unpack_bundle(path, settings, folder))


def unpack_bundles(paths: list[Path], settings: unpack.UnpackSettings, workers: int) -> list[Path]:
    """The folder of each bundle, in the order of `paths`; new ones are unpacked in parallel."""
    code = code_hash(room_files(unpack, decode))
    versions = f"pillow {PIL.__version__}, imagehash {imagehash.__version__}"
    keys = [key_of(io.file_sha256(path), settings.as_text(), code, versions) for path in paths]
    todo = {
        key: path
        for path, key in zip(paths, keys, strict=True)
        if not (cache_root() / KIND / key).is_dir()
    }
    if len(todo) <= 1 or workers == 1:
        for key, path in cli.show_progress(list(todo.items()), "photos"):
            unpack_cached(path, key, settings)
    else:
        with ProcessPoolExecutor(
            min(workers, len(todo)),
            process_context(),
            initializer=tie_worker,
            initargs=(os.getpid(),),
        ) as pool:
            waiting = {
                path: pool.submit(unpack_cached, path, key, settings) for key, path in todo.items()
            }
            for path, future in cli.show_progress(list(waiting.items()), "photos"):
                try:
                    future.result()
                except BrokenProcessPool as error:
                    raise RemlError(
                        f"{path}: a worker died over it or a bundle beside it, most likely for "
                        "want of memory; lower photos.workers or photos.max_entry_bytes"
                    ) from error
    return [cache_root() / KIND / key for key in keys]


def read_listings() -> pd.DataFrame:
    """Read the columns of the staged listings that say whose photos to expect.

    Returns
    -------
    (n, columns) `domain`, `listing_key` and, if the feed has them, `listing_id` and `photos_count`.
    """
    require(LISTINGS.is_file(), f"{LISTINGS}: no such file; `make repro` writes it")
    names = pq.read_schema(LISTINGS).names
    require_columns(names, ["domain", "listing_key"], str(LISTINGS))
    wanted = ["domain", "listing_key", "listing_id", "photos_count"]
    return io.read_parquet(LISTINGS, [name for name in wanted if name in names])


def read_manifests(raw: Path, manifests: list[Path]) -> list[album.Bundle]:
    """The manifests that lie beside the bundles, each as a bundle without photos."""
    return [
        album.Bundle(
            path.relative_to(raw).as_posix(),
            path.relative_to(raw).parts[0],
            unpack.manifest_index(path.read_bytes()),
            path.parent.relative_to(raw).as_posix(),
        )
        for path in manifests
    ]


def write_pictures(albums: album.Albums, folders: dict[str, Path]) -> None:
    """Write every photo's JPEG below a temporary folder, which then takes the place of `images`.

    Raises `RemlError` where the cache does not hold the bytes that it once did.
    """
    part = OUT / ".images.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    made = set()
    by_bundle = sorted(albums.photos, key=lambda photo: photo["bundle"])
    for bundle, photos in itertools.groupby(by_bundle, key=lambda photo: photo["bundle"]):
        with (folders[bundle] / unpack.PICTURES).open("rb") as pictures:
            for photo in photos:
                pictures.seek(photo["offset"])
                jpeg = pictures.read(photo["length"])
                require(
                    unpack.jpeg_checksum(jpeg) == photo["checksum"],
                    unpack.DAMAGED.format(folders[bundle]),
                )
                target = part / photo["file"].removeprefix("images/")
                if target.parent not in made:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    made.add(target.parent)
                target.write_bytes(jpeg)
    shutil.rmtree(OUT / "images", ignore_errors=True)
    part.rename(OUT / "images")


def to_json_lines(records: list[dict]) -> str:
    """Records as newline-delimited JSON."""
    return "".join(json.dumps(record) + "\n" for record in records)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("photos", PhotosParams)
    listings = read_listings()
    raw = RAW / base.feed
    found = list_inventory([raw / domain / "images" for domain in DOMAINS])
    paths = found.pop(BUNDLE, [])
    manifests = found.pop(MANIFEST, [])
    folders = dict(
        zip(paths, unpack_bundles(paths, settings.settings(), settings.workers), strict=True)
    )
    bundles = [
        album.Bundle(
            name=path.relative_to(raw).as_posix(),
            domain=path.relative_to(raw).parts[0],
            index=unpack.read_index(folder),
        )
        for path, folder in folders.items()
    ]
    albums = album.gather_albums(bundles, read_manifests(raw, manifests), ListingIndex(listings))
    table = status.listing_statuses(listings, albums)
    counts = status.count_photos(albums, bundles, table)
    counts["not_read"] = status.list_unread_files(found, raw)
    write_pictures(
        albums, {path.relative_to(raw).as_posix(): folder for path, folder in folders.items()}
    )
    io.write_text(
        OUT / "manifest.jsonl", to_json_lines([album.manifest_record(one) for one in albums.photos])
    )
    io.write_text(OUT / "rejected.jsonl", to_json_lines(albums.rejected))
    io.write_parquet(OUT / "listing_photos.parquet", table, ["domain", "listing_key"])
    io.write_json(
        OUT / "images_summary.json",
        {"feed": base.feed, **counts, **status.summarize_bundles(albums, bundles)},
    )
    io.write_json(METRICS, {"feed": base.feed, **counts})
    dictionary.enforce_ranges(META, OUT)
    for kind, files in counts["not_read"].items():
        names = files["names"][:5]
        cli.log.warning("photos.not_read", kind=kind, files=files["files"], names=names)
    if counts["withheld_without_photo"]:
        cli.log.warning(
            "photos.withheld_without_photo",
            records=counts["withheld_without_photo"],
            see=str(OUT / "rejected.jsonl"),
        )
    cli.log.info(
        "photos.complete",
        feed=base.feed,
        bundles=counts["bundles"],
        photos=counts["photos"],
        rejected=counts["rejected"],
        unmatched=counts["unmatched_photos"],
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
