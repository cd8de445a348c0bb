"""Write the synthetic demo feed: exports, photo bundles, planted faults and the truth about them.

Equal parameters give equal bytes. Nothing in it is a real listing.

Example: python -m scripts.valuation.demo
"""

import shutil

import click

from lib import demo
from lib.common import cli, io, params
from lib.common.errors import RemlError
from lib.common.processes import map_processes
from lib.common.vocabulary import DEMO, RAW
from lib.demo.feed import DemoParams

OUT = RAW / DEMO


@click.command(help=__doc__)
@cli.command
def main() -> None:
    _, settings = params.load_sections("demo", DemoParams)
    try:
        feed = demo.generate_feed(**settings.model_dump(), share=map_processes)
    except ValueError as error:
        raise RemlError(f"params.yaml, section demo: {error}") from error
    shutil.rmtree(OUT, ignore_errors=True)  # as dvc does: no file of another seed stays behind
    for path, content in cli.show_progress(feed.files.items(), "demo"):
        io.write_bytes(OUT / path, content)
    counts = feed.truth["counts"]
    cli.log.info(
        "demo.complete",
        files=len(feed.files),
        sales=counts["closed_sales"],
        rentals=counts["closed_rentals"],
        actives=counts["actives"],
        photos=counts["photos"],
        faults=sum(counts["faults"].values()),
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
