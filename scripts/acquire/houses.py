"""Lay out the houses of Ahmed and Moustafa (arXiv:1609.08399) as a CSV and a bundle of photos.

Needs a folder with HousesInfo.txt (a line a house: bedrooms, bathrooms, area in square feet, ZIP,
price) and its photos, 1_frontal.jpg to N_kitchen.jpg, four a house. The folder stays as it is.

Example: python -m scripts.acquire.houses --from Houses-dataset --out houses
"""

import re
import zipfile
from pathlib import Path

import click
import pandas as pd

from lib.common import cli, io
from lib.common.errors import RemlError, require

FEED = "houses"
INFO = "HousesInfo.txt"
COLUMNS = ("bedrooms", "bathrooms", "area_sqft", "zip", "price")
VIEWS = ("frontal", "kitchen", "bedroom", "bathroom")
NUMBER = re.compile(r"\d+(\.\d+)?")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of the bundle's entries: its bytes depend on the photos alone
SHOWN = 5  # files in a message, of however many


def read_houses(info: Path) -> pd.DataFrame:
    """Read the houses of HousesInfo.txt.

    Parameters
    ----------
    info
        The text file, one line a house.

    Returns
    -------
    (n, 7) text, cells as they stand there; `house` is the line's number.

    Raises
    ------
    RemlError
        Naming the file and line that cannot be read.
    """
    require(info.is_file(), f"{info}: no such file; --from names the folder that holds {INFO}")
    try:
        lines = info.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise RemlError(f"{info}: not a text file ({error}); get the set again") from error
    require(bool(lines), f"{info}: no houses in it; get the set again")
    rows = []
    for number, line in enumerate(lines, 1):
        cells = line.split()
        require(
            len(cells) == len(COLUMNS) and all(NUMBER.fullmatch(cell) for cell in cells),
            f"{info}, line {number}: expected {len(COLUMNS)} numbers ({', '.join(COLUMNS)}), "
            f"found {line.strip()[:60]!r}",
        )
        rows.append([str(number), *cells, str(len(VIEWS))])
    return pd.DataFrame(rows, columns=["house", *COLUMNS, "photos"])


def list_pictures(folder: Path, count: int) -> list[Path]:
    """The four photos of each of `count` houses, all there and none beside them."""
    wanted = [f"{n}_{view}.jpg" for n in range(1, count + 1) for view in VIEWS]
    there = {path.name for path in folder.glob("*.jpg") if path.is_file()}
    missing = [name for name in wanted if name not in there]
    require(
        not missing,
        f"{folder}: {len(missing)} of {len(wanted)} photos are missing: {join_first(missing)}; put "
        f"them there, or take their houses out of {INFO} and number the photos anew",
    )
    beyond = sorted(there - set(wanted))
    require(
        not beyond,
        f"{folder}: {len(beyond)} photos belong to none of the {count} houses of {INFO}: "
        f"{join_first(beyond)}; move them elsewhere",
    )
    return [folder / name for name in wanted]


def join_first(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def write_bundle(path: Path, photos: list[Path]) -> Path:
    """Write photos as a zip with a folder a house, atomically, one at a time; returns `path`."""
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as out:  # JPEGs do not shrink
        for photo in photos:
            entry = zipfile.ZipInfo(f"{photo.name.split('_')[0]}/{photo.name}", EPOCH)
            out.writestr(entry, photo.read_bytes())
    part.replace(path)
    return path


@click.command(help=__doc__)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    help=f"Folder with {INFO} and the photos; it is only read.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help=f"Folder for {FEED}.csv and {FEED}.zip; older ones there are replaced.",
)
@cli.command
def main(source: Path, out: Path) -> None:
    require(source.is_dir(), f"{source}: no such folder; --from names the one that holds {INFO}")
    require(
        not out.resolve().is_relative_to(source.resolve()),
        f"{out}: lies in {source}, which stays as it is; name another folder with --out",
    )
    require(not out.exists() or out.is_dir(), f"{out}: not a folder; name another with --out")
    table = read_houses(source / INFO)
    photos = list_pictures(source, len(table))
    listed = io.write_csv(out / f"{FEED}.csv", table)
    shown = write_bundle(out / f"{FEED}.zip", photos)
    click.echo(
        f"{len(table):,} houses, {len(photos):,} photos; now: make import FEED={FEED} "
        f"FROM={listed} and python -m scripts.ops.import_file --feed {FEED} --from {shown}"
    )


if __name__ == "__main__":
    main()
