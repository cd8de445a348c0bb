"""Bring a CSV (or a photo bundle) into data/raw/<feed>/ and record it in imports.jsonl.

The file is checked against the feed's contract first, copied whole, never changed. The same
content twice is imported once.

Example: python -m scripts.ops.import_feed --feed king_county --from export.csv
"""

import datetime as dt
import hashlib
import json
from pathlib import Path

import click

from lib.common import cli, io
from lib.common.checks import require
from lib.listings import contract
from scripts.ops.preflight import DEMO, RAW, check_file

BUNDLES = {"sale": "sale/images", "rental": "rental/images"}


def receipts(path: Path) -> list[dict]:
    """The lines of imports.jsonl so far."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


@click.command(help=__doc__)
@click.option("--feed", required=True, help="Feed to import into; its contract must exist.")
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path),
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
def main(feed: str, source: Path, domain: str) -> None:
    require(feed != DEMO, "feed demo: the demo stage owns that folder; choose another feed name")
    require(source.is_file(), f"{source}: no such file")
    agreed = contract.read(feed)
    folder = RAW / feed
    if source.suffix.lower() == ".zip":
        target = folder / BUNDLES[domain] / source.name
    else:
        check_file(source, feed, agreed)
        target = folder / source.with_suffix(".csv").name
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    ledger = folder / "imports.jsonl"
    done = receipts(ledger)
    if any(line["sha256"] == digest for line in done):
        click.echo(f"{source}: already imported, nothing to do")
        return
    require(
        not target.exists(),
        f"{target}: exists with other content; raw files are never "
        f"overwritten, so rename {source.name} first",
    )
    io.write_bytes(target, content)
    done.append(
        {
            "file": target.relative_to(folder).as_posix(),
            "sha256": digest,
            "bytes": len(content),
            "from": source.name,
            "imported_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
    )
    io.write_text(ledger, "".join(json.dumps(line) + "\n" for line in done))
    click.echo(f"{source} -> {target} ({len(content):,} bytes); now: make run FEED={feed}")


if __name__ == "__main__":
    main()
