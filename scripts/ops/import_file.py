"""Bring a CSV (or a photo bundle) into data/raw/<feed>/ and record it in imports.jsonl.

The file is checked against the feed's contract first, copied whole, never changed. The same
content twice is imported once; an import that was killed is finished by doing it again.

Example: python -m scripts.ops.import_file --feed king_county --from export.csv
"""

import datetime as dt
import json
import zipfile
from pathlib import Path

import click

from lib.common import cli, io
from lib.common.errors import require
from lib.common.vocabulary import DEMO, RAW
from lib.listings.contract import contract
from lib.listings.staging import receipts
from lib.ops.run.raw_folder import RECEIPTS, check_export

BUNDLES = {"sale": "sale/images", "rental": "rental/images"}


def has_digest(path: Path, digest: str) -> bool:
    """Whether `path` is a file with this SHA-256."""
    return path.is_file() and io.file_sha256(path) == digest


@click.command(help=__doc__)
@click.option("--feed", required=True, help="Feed to import into; its contract must exist.")
@click.option(
    "--from",
    "source",
    required=True,
    help="CSV export, or a .zip of photos.",
)
@click.option(
    "--domain",
    type=click.Choice(list(BUNDLES)),
    default="sale",
    show_default=True,
    help="Which listings a photo bundle belongs to.",
)
@cli.command
def main(feed: str, source: str, domain: str) -> None:
    require(feed != "", "which feed? make import FEED=name FROM=path.csv")
    require(source != "", f"which file? make import FEED={feed} FROM=path.csv")
    require(feed != DEMO, "feed demo: the demo stage owns that folder; choose another feed name")
    path = Path(source)
    require(path.is_file(), f"{path}: no such file")
    agreed = contract.read_contract(feed)
    folder = RAW / feed
    if path.suffix.lower() == ".zip":
        require(zipfile.is_zipfile(path), f"{path}: not a zip archive; export the photos again")
        target = folder / BUNDLES[domain] / path.name
    else:
        check_export(path, feed, agreed)
        target = folder / path.with_suffix(".csv").name
    digest, size = io.file_sha256(path), path.stat().st_size
    ledger = folder / RECEIPTS
    done = receipts.read_receipts(ledger)
    named = [line["file"] for line in done if line["sha256"] == digest]
    if any(has_digest(folder / name, digest) for name in named):
        click.echo(f"{path}: already imported, nothing to do")
        return
    if not has_digest(target, digest):  # else an import was killed between the copy and its receipt
        require(
            not target.exists(),
            f"{target}: exists with other content; raw files are never "
            f"overwritten, so rename {path.name} first",
        )
        io.copy_file(path, target)
    name = target.relative_to(folder).as_posix()
    if name not in named:
        done.append(
            {
                "file": name,
                "sha256": digest,
                "bytes": size,
                "from": path.name,
                "imported_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            }
        )
        io.write_text(ledger, "".join(json.dumps(line) + "\n" for line in done))
    click.echo(f"{path} -> {target} ({size:,} bytes); now: make run FEED={feed}")


if __name__ == "__main__":
    main()
