"""Print how accurate the valuations of a feed's sales are, on every sale after its boundary.

Frozen: fitted once, at the boundary. Rolling, printed after it: fitted again on the first day of
each later month, as a user would, and each month valued by the newest fit. On real sales this is a
look at the test: write it down in docs/guides/test-looks.md. Each --boundary is one frozen run
more, at that date, and says which variants then change places.

Example: python -m scripts.ops.accuracy --feed king_county --boundary 2015-01-01
"""

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import click
import numpy as np
import pandas as pd

from lib.common import cli, io
from lib.common.errors import RemlError, require
from lib.common.vocabulary import RAW, RUNS
from lib.evaluation.metrics.paired_bootstrap import compare_pairs, find_reversals, paired_intervals
from lib.evaluation.scoring.score import accuracy_and_level

DRAWS, SEED = 1000, 1
DOMAIN = "sale"


def run_feed(feed: str, boundary: str | None) -> Path:
    """Run the pipeline on the feed, its boundary moved where one is given; the results' folder."""
    command = ["python", "-m", "scripts.ops.run", "--feed", feed]
    command += ["--set", f"split.boundary={boundary}"] if boundary else []
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        raise RemlError(f"the run on {feed} failed; the lines above say where")
    return RUNS / feed


def read_test_sales(folder: Path) -> pd.DataFrame:
    """The test sales of a run with each variant's estimate.

    Parameters
    ----------
    folder
        Of the run, laid out like the workspace.

    Returns
    -------
    DataFrame
        By listing_key: as_of, close_price and a column a variant (currency).
    """
    out = pd.DataFrame()
    for root in ("train", "fuse", "blend"):
        for part in sorted((folder / "data" / root).glob(f"{DOMAIN}_*")):
            table = io.read_parquet(part / "predictions.parquet").set_index("listing_key")
            if "role" not in table:
                continue  # skipped: the report says why
            table = table[table["role"] == "test"]
            out = out.reindex(table.index) if out.empty else out
            out[["as_of", "close_price"]] = table[["as_of", "close_price"]]
            out[part.name] = np.exp(table["log_estimate"])
    require(f"{DOMAIN}_blend" in out, f"{folder.name}: {DOMAIN}_blend was skipped; see the report")
    return out


def variant_estimates(sales: pd.DataFrame) -> dict[str, np.ndarray]:
    """Each variant's estimates of the test sales.

    Parameters
    ----------
    sales
        As `read_test_sales` returns them.

    Returns
    -------
    dict
        Variant -> currency, shape (n,).
    """
    return {name: sales[name].to_numpy() for name in sales if name.startswith(DOMAIN)}


def print_figures(title: str, sales: pd.DataFrame) -> None:
    """Print the figures of every variant, and how far the blend beats each.

    Parameters
    ----------
    title
        What to call the sales.
    sales
        As `read_test_sales` returns them.
    """
    price, estimates = sales["close_price"].to_numpy(), variant_estimates(sales)
    best = estimates[f"{DOMAIN}_blend"]
    click.echo(f"{title}: {len(price)} sales from {sales['as_of'].min():%Y-%m-%d}")
    for name, estimate in estimates.items():
        said = accuracy_and_level(estimate, price)
        click.echo(
            f"{name:<16} MdAPE {said['mdape']:.2%}  MAPE {said['mape']:.2%}  R2 {said['r2']:.4f}"
            f"  COD {said['cod']:.2f}  median ratio {said['median_ratio']:.4f}"
        )
    for name, estimate in estimates.items():
        if estimate is not best:
            gaps = paired_intervals(best, estimate, price, DRAWS, np.random.default_rng(SEED))
            click.echo(
                f"{DOMAIN}_blend less {name}: "
                + ", ".join(
                    f"{metric} {100 * one['value']:+.2f} [{100 * one['low']:+.2f}, "
                    f"{100 * one['high']:+.2f}] points"
                    for metric, one in gaps.items()
                )
            )


@click.command(help=__doc__)
@click.option("--feed", default="king_county", show_default=True, help="A feed that was imported.")
@click.option(
    "--mode",
    type=click.Choice(["frozen", "rolling"]),
    default="frozen",
    show_default=True,
    help="Fit once at the boundary; with rolling, also again each month.",
)
@click.option(
    "--boundary",
    "boundaries",
    multiple=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Also at this boundary; may be given again.",
)
@cli.command
def main(feed: str, mode: str, boundaries: tuple[dt.datetime, ...]) -> None:
    require(
        (RAW / feed).is_dir(),
        f"{RAW / feed}: no such folder; bring the sales in with make import FEED={feed} "
        "FROM=path.csv",
    )
    folder = run_feed(feed, None)
    sales = read_test_sales(folder)
    print_figures(f"{feed}, frozen", sales)
    months = sales["as_of"].dt.to_period("M")
    first, *later = sorted(months.unique())
    kept = folder.with_name(f".{feed}.frozen")  # runs/<feed> is to stand at the feed's own boundary
    shutil.rmtree(kept, ignore_errors=True)
    folder.rename(kept)
    try:
        if mode == "rolling":
            parts = [sales[months == first]]
            for month in later:
                newest = read_test_sales(run_feed(feed, f"{month.start_time:%Y-%m-%d}"))
                parts.append(newest[newest["as_of"].dt.to_period("M") == month])
            print_figures(f"{feed}, rolling", pd.concat(parts))
        moved = [sales]
        for date in boundaries:
            moved.append(read_test_sales(run_feed(feed, f"{date:%Y-%m-%d}")))
            print_figures(f"{feed}, frozen at {date:%Y-%m-%d}", moved[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        kept.rename(folder)
    if boundaries:
        told = [
            compare_pairs(variant_estimates(m), m["close_price"].to_numpy(), DRAWS, SEED)
            for m in moved
        ]
        changed = [f"{one} and {other} in {metric}" for one, other, metric in find_reversals(*told)]
        click.echo(f"pairs that change places (95 % intervals): {', '.join(changed) or 'none'}")


if __name__ == "__main__":
    main()
