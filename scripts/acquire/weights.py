"""Download the weights of an encoder into the cache of the Hugging Face hub.

Needs the internet, so it is no part of `dvc repro`; the `embed` stage reads what lies here. HF_HOME
says where the cache is, and with HF_HUB_OFFLINE=1 the command only looks.

Example: python -m scripts.acquire.weights clip
"""

from pathlib import Path

import click

from lib.common import cli, io, params
from lib.common.errors import RemlError, require
from lib.photos.vectors import encoders


def fetch_weights(name: str, entry: encoders.EncoderEntry) -> Path:
    """The path of an encoder's weights, downloaded where they are not here yet."""
    from huggingface_hub.errors import (  # may not be installed (make photos)
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
    )

    from lib.photos.vectors import weights

    hub = weights.find_hub_weights(name, entry)
    if hub is None:
        return weights.find_weights(name, entry.model_copy(update={"sha256": None}), Path())[0]
    try:
        return weights.fetch_weights(hub, offline=False)
    except LocalEntryNotFoundError as error:
        raise RemlError(
            f"cannot download {hub.files[0]} of {hub.repo} (no internet, or HF_HUB_OFFLINE is "
            f"set); {weights.ELSEWHERE.format(name)}"
        ) from error
    except (EntryNotFoundError, HfHubHTTPError) as error:
        raise RemlError(
            f"cannot download the weights of {hub.repo} ({' '.join(str(error).split())[:200]}); "
            f"{weights.ELSEWHERE.format(name)}"
        ) from error


@click.command(help=__doc__)
@click.argument("encoder")
@cli.command
def main(encoder: str) -> None:
    _, settings = params.load_sections("embed", encoders.EmbedParams)
    names = ", ".join(settings.encoders)
    require(encoder in settings.encoders, f"no encoder {encoder!r} in embed.encoders ({names})")
    entry = settings.encoders[encoder]
    require(entry.library != "builtin", f"encoder {encoder} is built in: it has no weights")
    encoders.require_installed(entry.library)
    path = fetch_weights(encoder, entry)
    sha256 = io.file_sha256(path)
    click.echo(f"{path}: {path.stat().st_size / 1e6:,.0f} MB, SHA-256 {sha256}")
    if entry.sha256 is None:
        click.echo(
            f"to pin these weights: embed.encoders.{encoder}.sha256: {sha256} in params.yaml"
        )
    require(
        entry.sha256 in (None, sha256),
        f"embed.encoders.{encoder}.sha256 in params.yaml pins {entry.sha256}; delete the file and "
        "run this again, or mend the pin if you trust this file",
    )
    click.echo(f"to use them: embed.encoder: {encoder} in params.yaml, then make repro")


if __name__ == "__main__":
    main()
