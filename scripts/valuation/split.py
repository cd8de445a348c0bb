"""Part each domain in time: the past, the test after a boundary, folds inside the past.

Sales agreed before the boundary and closed after it are purged; listings on the market become
subjects to value. Where no sale is dated, or all closed on one day, groups of homes are held out
instead.

Example: python -m scripts.valuation.split
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from lib.common import cli, dictionary, io, params
from lib.common.errors import RemlError, require
from lib.common.vocabulary import DOMAINS
from lib.models.split import group_folds, time_folds
from lib.photos.image import decode, same_picture
from lib.photos.image.rejection import RefusedError

OUT = Path("data/split")
META = Path("lib/models/split/split.meta.yml")
FEATURES = Path("data/features")
PHOTOS = Path("data/photos")
METRICS = Path("metrics/split.json")
WORKERS = 4  # threads that open photos; one of 12 megapixels takes 36 MB


def _load_thumbnail(file: str) -> np.ndarray | None:
    """The thumbnail of a photo of `data/photos`; None where it cannot be opened."""
    try:
        return same_picture.thumbnail_array(decode.open_jpeg(PHOTOS / file))
    except RefusedError:
        return None


def read_pictures(domain: str, listings: pd.Series) -> pd.DataFrame:
    """`listing_key` and `picture` of each photo of these listings of the domain; a photo that
    cannot be opened counts by its sha1 alone."""
    lines = (PHOTOS / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    found = [one for one in map(json.loads, lines) if one["domain"] == domain]
    columns = ["listing_key", "sha1", "file"]
    shown = pd.DataFrame([[one[name] for name in columns] for one in found], columns=columns)
    shown = shown[shown["listing_key"].isin(listings)]
    with ThreadPoolExecutor(WORKERS) as pool:
        looks = list(
            cli.show_progress(pool.map(_load_thumbnail, shown["file"]), f"{domain} photos")
        )
    read = [one is not None for one in looks]
    if not all(read):
        cli.log.warning("split.photos_unread", domain=domain, photos=read.count(False))
    sha1 = shown.loc[read, "sha1"].to_list()
    seen = np.array([one for one in looks if one is not None], "uint8")
    pictures = same_picture.picture_ids(sha1, same_picture.look_alike_pairs(sha1, seen))
    known = dict(zip(sha1, pictures, strict=True))
    return shown[["listing_key"]].assign(picture=[known.get(one, one) for one in shown["sha1"]])


def split_domain(
    table: pd.DataFrame, spec: time_folds.SplitParams, domain: str, seed: int
) -> tuple[dict, Any]:
    """(where the past ends and the folds begin, role and fold of each row) of one domain."""
    name = f"{domain} listings"
    if why := group_folds.undated_reason(table):
        group = group_folds.home_group_numbers(table, read_pictures(domain, table["listing_key"]))
        roles = group_folds.assign_group_roles(table, group, spec, seed, name)
        latest = table.loc[roles["role"].isin(["train", "test"]), "as_of"].max()
        told = {"boundary": f"{latest:%Y-%m-%d}", "grouped": why, "fold_edges": []}
        return told | {"groups_by_picture": group_folds.count_picture_groups(table, group)}, roles
    cut = time_folds.plan_split(table[time_folds.is_dated_sale(table)], spec, name)
    edges = [f"{edge:%Y-%m-%d}" for edge in cut.edges]
    return {
        "boundary": f"{cut.boundary:%Y-%m-%d}",
        "fold_edges": edges,
    }, time_folds.assign_time_roles(table, cut)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, spec = params.load_sections("split", time_folds.SplitParams)
    tally: dict[str, dict] = {}
    for domain in DOMAINS:
        table = io.read_parquet(FEATURES / f"{domain}.parquet")
        try:
            told, roles = split_domain(table, spec, domain, base.seed)
        except RemlError as reason:  # too little to learn from: say so, value the other domain
            tally[domain] = {"skipped": str(reason)}
            roles = table[["listing_key"]].assign(role="unused", fold=0)
        else:
            trained = table["property_key"][roles["role"] == "train"]
            both = table["property_key"][roles["role"] == "test"].isin(trained)
            tally[domain] = {
                **told,
                **{role: int((roles["role"] == role).sum()) for role in time_folds.ROLES},
                "test_homes_sold_before": int(both.sum()),
            }
        io.write_parquet(OUT / f"{domain}.parquet", roles, ["listing_key"])
    require(
        any("skipped" not in part for part in tally.values()),
        "; ".join(part.get("skipped", "") for part in tally.values()),
    )
    io.write_json(OUT / "split.json", tally)
    io.write_json(METRICS, tally)
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "split.complete",
        out=str(OUT),
        **{d: t.get("boundary", "skipped") for d, t in tally.items()},
    )


if __name__ == "__main__":
    main()
