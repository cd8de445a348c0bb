"""Turn the photos of staged listings into vectors, by the encoder that params.yaml names.

What was encoded before comes from a cache ($REML_CACHE_DIR, by default ~/.cache/reml), so only new
photos cost time. Nothing is downloaded: `python -m scripts.acquire.weights` fetches weights. For
any other folder of images there is `python -m scripts.ops.embed_images`.

Example: python -m scripts.valuation.embed
"""

import json
from pathlib import Path

import click
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import cli, dictionary, io, params
from lib.common.errors import require
from lib.photos.vectors import encoders, vectors_table

PHOTOS = Path("data/photos")
OUT = Path("data/embed")
META = Path("lib/photos/vectors/embed.meta.yml")
METRICS = Path("metrics/embed.json")


def read_photos() -> pd.DataFrame:
    """Read the manifest's photos of staged listings.

    Returns
    -------
    (n, columns) `vectors_table.FIELDS`, and the `path` of each photo.
    """
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


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("embed", encoders.EmbedParams)
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        table, rejected, description = vectors_table.embed_photos(
            read_photos(), settings.encoder, settings
        )
    vectors_table.write_embeddings(OUT, table, rejected, description)
    counts = vectors_table.embedding_counts(table, rejected)
    io.write_json(METRICS, {"feed": base.feed, "encoder": settings.encoder} | counts)
    dictionary.enforce_ranges(META, OUT)
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
