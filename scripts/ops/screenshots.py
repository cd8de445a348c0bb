"""Take small pictures of the report's pages, at phone and desktop width, into docs/images/.

Needs a Chromium on PATH. The pictures are committed, so the report has to be the demo feed's.

Example: python -m scripts.ops.screenshots
"""

import hashlib
import io as streams
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from PIL import Image

from lib.acquire.portal.browser import FLAGS, find_chromium
from lib.common import cli, io, params
from lib.common.errors import RemlError, require
from lib.common.vocabulary import DEMO

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPORT = Path("data/report")
OUT = Path("docs/images")
TAKEN = OUT / "taken.json"  # of each page, the `fingerprint` that it had when its picture was taken
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}  # CSS pixels
COLOURS = 128  # of a picture, which keeps it under LARGEST
LARGEST = 120_000  # bytes


def page_fingerprint(html: str) -> str:
    """SHA-1, in hex, of how a page is built and what its sentences say. Figures, cells of tables
    and what is drawn are left out: their last digits differ from machine to machine."""
    for left_out in (r"<svg.*?</svg>", r"(?<=<td)[^>]*>.*?(?=</td>)", r"data:image/[^\"]*"):
        html = re.sub(left_out, "", html, flags=re.DOTALL)
    html = re.sub(r"[-+\u2212]?\d+([.,]\d+)*", "0", html)
    return hashlib.sha1(html.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def open_chromium(path: str) -> Iterator["Browser"]:
    """The headless browser at `path`, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def reduce_colours(png: bytes) -> bytes:
    """The picture in few colours."""
    out = streams.BytesIO()
    with Image.open(streams.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
            out, "PNG", optimize=True
        )
    return out.getvalue()


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base = params.validate(
        params.Base, params.read_yaml(params.PARAMS_FILE)["base"], "params.yaml, section base"
    )
    require(base.feed == DEMO, f"base.feed is {base.feed!r}; pictures are of the {DEMO} feed only")
    pages = sorted(REPORT.glob("*.html"))
    require(bool(pages), f"{REPORT}: no pages; `make repro` writes them")
    path = find_chromium()
    if path is None:
        raise RemlError("no Chromium on PATH; on Debian: apt-get install chromium")
    with open_chromium(path) as browser:
        for page in pages:
            for size, (width, height) in SIZES.items():
                window = browser.new_page(viewport={"width": width, "height": height})
                window.goto(page.resolve().as_uri())
                picture = reduce_colours(window.screenshot())
                assert len(picture) <= LARGEST, f"{page.name}, {size}: {len(picture)} bytes"
                io.write_bytes(OUT / f"report_{page.stem}_{size}.png", picture)
                window.close()
    shown = {f"report_{page.stem}_{size}.png" for page in pages for size in SIZES}
    for old in OUT.glob("report_*.png"):
        if old.name not in shown:  # of a page that is no more
            old.unlink()
    taken = {page.name: page_fingerprint(page.read_text(encoding="utf-8")) for page in pages}
    io.write_json(TAKEN, taken)
    cli.log.info("screenshots.complete", pages=len(pages), out=str(OUT))


if __name__ == "__main__":
    main()
