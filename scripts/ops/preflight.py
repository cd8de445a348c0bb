"""Check parameters, contract and raw files before DVC touches anything.

Says in one line what is wrong and how to mend it; reads only headers, so it is quick.

Example: python -m scripts.ops.preflight --feed king_county
"""

from pathlib import Path

import click

from lib.common import cli, params
from lib.common.checks import RemlError, require
from lib.listings import contract, reading

RAW = Path("data/raw")
DEMO = "demo"


def check_params() -> params.Base:
    """The `base` section; raises where params.yaml or that section is wrong."""
    content = params.read_yaml(params.PARAMS_FILE)
    require("base" in content, f"{params.PARAMS_FILE}: no `base` section")
    return params.validate(params.Base, content["base"], f"{params.PARAMS_FILE}, section base")


def check_file(path: Path, feed: str, agreed: contract.Contract) -> None:
    """Raise unless `path` is a CSV with rows whose header fits the feed's contract."""
    header = reading.read_header(path)
    missing = contract.missing_required(agreed, header.names)
    if missing:
        others = [
            folder.name
            for folder in sorted(contract.ROOT.iterdir())
            if folder.name != feed
            and contract.path_of(folder.name).is_file()
            and not contract.missing_required(contract.read(folder.name), header.names)
        ]
        if others:
            raise RemlError(
                f"{path}: this file fits feed {others[0]!r}, not {feed!r}: two feeds "
                f"are mixed; move it to {RAW / others[0]}/"
            )
        raise RemlError(
            f"{path}: the header lacks {'; '.join(missing)}; export it again with that "
            f"column, or add its header to the aliases in {contract.path_of(feed)}"
        )
    require(
        next(reading.read_rows(path), None) is not None,
        f"{path}: a header and no rows; export it again or remove the file",
    )


def check_demo_folder(raw: Path) -> None:
    """Raise if somebody put a file of their own where the demo stage rewrites everything."""
    manifest = raw / "manifest.txt"
    if not manifest.is_file():
        return
    own = set(manifest.read_text(encoding="utf-8").splitlines())
    for path in sorted(raw.rglob("*")):
        if path.is_file() and path.relative_to(raw).as_posix() not in own:
            raise RemlError(
                f"{path}: the demo stage owns this folder and would delete your file; "
                f"bring it in as a feed: make import FEED=name FROM={path}"
            )


@click.command(help=__doc__)
@click.option("--feed", help="Check this feed instead of base.feed.")
@cli.command
def main(feed: str | None) -> None:
    feed = feed or check_params().feed
    agreed = contract.read(feed)
    raw = RAW / feed
    check_demo_folder(RAW / DEMO)
    if feed == DEMO:
        return  # whatever else is wrong in there, DVC's demo stage writes it anew
    require(
        raw.is_dir(),
        f"{raw}: no such folder; bring a file in with `make import FEED={feed} FROM=path.csv`",
    )
    paths = reading.csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files in it; bring one in with `make import FEED={feed} FROM=path.csv`",
    )
    for path in paths:
        check_file(path, feed, agreed)
    click.echo(f"preflight: feed {feed}, {len(paths)} file(s), contract and headers fit")


if __name__ == "__main__":
    main()
