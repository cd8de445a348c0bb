"""Turn any folder of images into vectors, as `embed` does with the feed's photos.

A sub-folder is a listing; a file that lies in none belongs to the listing that its name begins
with. The encoder is one of embed.encoders in params.yaml. The pipeline's own outputs stay as they
are.

Example: python -m scripts.ops.embed_images --images photos --out vectors --encoder clip
"""

import errno
import os
import tempfile
from pathlib import Path

import click
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import cli, params
from lib.common.errors import RemlError, require
from lib.photos.vectors import encode_photos, encoders, image_folder, vectors_table

STAGE = Path("data/embed")  # the pipeline's own vectors


def embed_folder(images: Path, out: Path, name: str, settings: encoders.EmbedParams) -> None:
    """Encode a folder of images and write the table of vectors to another folder."""
    require(images.exists(), f"{images}: no such folder; --images names a folder of image files")
    require(images.is_dir(), f"{images}: a file; --images names a folder of image files")
    require(
        not out.resolve().is_relative_to(images.resolve()),
        f"{out}: lies in {images}, where it would be taken for images; choose another --out",
    )
    require(
        not out.resolve().is_relative_to(STAGE.resolve()),
        f"{out}: holds the pipeline's own vectors; choose another --out",
    )
    encode_photos.open_encoder(name, settings, Path())  # so that it fails before any file is read
    out.mkdir(parents=True, exist_ok=True)
    require(os.access(out, os.W_OK), f"{out}: cannot be written to; choose another --out")
    try:
        with tempfile.TemporaryDirectory(prefix=".images-", dir=out) as part:
            photos, refused = image_folder.convert_folder(images, Path(part), settings.workers)
            table, rejected, description = vectors_table.embed_photos(photos, name, settings)
        rejected = pd.concat([refused[vectors_table.REJECTED], rejected])
        vectors_table.write_embeddings(out, table, rejected, description)
    except OSError as error:
        require(
            error.errno not in (errno.ENOSPC, errno.EDQUOT),
            f"{out}: no space left on its disk; it takes some 1 MB a photo until this is done",
        )
        raise
    click.echo(f"{len(table)} vectors, {len(rejected)} files rejected: {out}")


@click.command(help=__doc__)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Folder of image files to encode.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to.")
@click.option("--encoder", "name", help="Encoder to use; by default embed.encoder.")
@cli.command
def main(images: Path | None, out: Path | None, name: str | None) -> None:
    _, settings = params.load_sections("embed", encoders.EmbedParams)
    if images is None or out is None:
        raise RemlError("--images and --out go together: name a folder of images and one to write")
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        embed_folder(images, out, name or settings.encoder, settings)


if __name__ == "__main__":
    main()
