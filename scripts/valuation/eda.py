"""Look at the staged data before anything is modelled: gaps, spreads, outliers, leaks, drift.

Writes docs/eda/summary.md with its pictures in plots/eda/, each with a sentence that says what it
shows, and one browsable table a domain in data/eda/. Nothing is changed and nothing is filtered.

Example: python -m scripts.valuation.eda
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import matplotlib
import pandas as pd

from lib.common import cli, io, params
from lib.common.processes import map_processes
from lib.listings.contract import contract, reso, row_rules
from lib.listings.eda import columns, findings, summary
from lib.listings.eda.summary import EdaParams
from lib.listings.place import odd_points
from lib.listings.throughout.wrong_columns import describe_sales_at_list, find_wrong_columns
from lib.report.plots.style import STYLE

STAGED = Path("data/staging")
PHOTOS = Path("data/photos/listing_photos.parquet")
OUT, PLOTS, SUMMARY = Path("data/eda"), Path("plots/eda"), Path("docs/eda/summary.md")


def browsable_page(frame: pd.DataFrame, title: str) -> str:
    """Write a table report as one HTML page, its random ids numbered so that it repeats.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    title : str

    Returns
    -------
    str
        HTML.
    """
    from skrub import TableReport

    with matplotlib.rc_context(STYLE):
        page = TableReport(frame, title=title, verbose=0, n_rows=10).html()
    ids: dict[str, str] = {}
    return re.sub(
        r'(?<=report_)[0-9a-f]{8}|(?<=id=")[0-9a-f]{8}(?=")',
        lambda found: ids.setdefault(found[0], f"{len(ids):08d}"),
        page,
    )


def format_count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Domain:
    """The rows of one domain, and which of them are its priced closed ones."""

    name: str
    rows: pd.DataFrame
    sold: pd.Series

    @property
    def closed(self) -> pd.DataFrame:
        return self.rows[self.sold]


def domains_of(
    frame: pd.DataFrame, names: pd.Series, minimum: int
) -> tuple[list[Domain], list[str]]:
    """Split a frame into domains.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Needs `_used_as` and `close_price`.
    names : Series of str, shape (n,)
        The domain of each row.
    minimum : int
        Closed rows with a price that a domain needs.

    Returns
    -------
    domains : list of Domain
    few : list of str
        Names of the domains with fewer.
    """
    domains, few = [], []
    for name in sorted(names.unique(), reverse=True):
        rows = frame[names == name]
        sold = (rows["_used_as"] == "evidence") & (rows["close_price"] > 0)
        if sold.sum() < minimum:
            few.append(name)
        else:
            domains.append(Domain(name, rows, sold))
    return domains, few


def show_states(
    domains: list[Domain], kinds: dict[str, str], agreed: contract.Contract
) -> list[tuple[list[summary.EdaFigure], list[summary.EdaFigure]]]:
    """Of each domain the looks at gaps and spreads, and those at what changes."""
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    names = [name for name in kinds if name not in columns.OUTCOME]
    ranges = {name: one.range for name, one in agreed.columns.items() if one.range}
    out = []
    for one in domains:
        month, area = columns.listing_month(one.rows), columns.market_area(one.rows)
        first = summary.completeness_figures(one.rows, names, month, area)
        first += summary.plausibility_figures(one.closed, numbers, ranges, area[one.sold])
        last = summary.drift_figures(one.closed, numbers, month[one.sold])
        last += summary.photo_coverage_figures(one.rows["_photo_status"].dropna(), month)
        out.append((first, last))
    return out


def show_knowledge(
    domains: list[Domain], kinds: dict[str, str], title: str, leak_r2: float
) -> list[tuple[list[summary.EdaFigure], str, str]]:
    """Of each domain the looks at what goes along with the price, its table of columns and its
    browsable page."""
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    out = []
    for one in domains:
        opened = one.rows[one.rows["_used_as"] == "subject"]
        looks, found = summary.leakage_figures(one.closed, opened, numbers, leak_r2)
        table = summary.columns_table(one.rows, kinds, found)
        page = browsable_page(one.rows[list(kinds)], f"{title}: {one.name}")
        out.append((looks, table, page))
    return out


def _odd_place_lines(frame: pd.DataFrame) -> list[str]:
    """What is odd in the coordinates of all rows, as a paragraph; none where nothing is."""
    if not set(odd_points.POINT) <= set(frame):
        return []
    reasons = odd_points.odd_points(frame)["point"]
    points = int(frame[list(odd_points.POINT)].notna().any(axis=1).sum())
    sentence = findings.describe_odd_points(reasons, points)
    return ["", sentence] if sentence else []


def _describe_kinds(staged: pd.DataFrame, frame: pd.DataFrame, agreed: contract.Contract) -> str:
    """Say of which classes of property the staged listings are."""
    names = row_rules.assign_classes(staged, agreed)[reso.CLASS]
    bare = row_rules.lacks_home_facts(frame)
    return findings.describe_classes(names, bare, agreed.valued_classes)


def _describe_wrong_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns that cannot be what they are called, a paragraph each."""
    closed = frame[(frame["_used_as"] == "evidence") & (frame["close_price"] > 0)]
    told = [one.sentence() for one in find_wrong_columns(closed)] + describe_sales_at_list(closed)
    return [line for one in told for line in ("", one)]


def run_job(job: Callable[[], Any]) -> Any:
    return job()


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("eda", EdaParams)
    agreed = contract.read_contract(base.feed)
    staged = io.read_parquet(STAGED / "listings.parquet")
    if not settings.full:
        every = staged.groupby("domain")["listing_key"]
        kept = every.transform(columns.pick_sample_rows, settings.rows)
        staged = staged[kept.astype(bool)].reset_index(drop=True)
    keys = ["listing_key", "domain"]
    claimed_kinds = columns.column_kinds(agreed)
    extra, extra_kinds = columns.type_unclaimed(
        staged, io.read_parquet(STAGED / "extra_columns.parquet"), claimed_kinds
    )
    kinds = claimed_kinds | extra_kinds
    frame = pd.concat([columns.type_claimed(staged, agreed), extra], axis=1)
    frame["_used_as"] = staged[keys].merge(
        io.read_csv(STAGED / "selected_listings.csv"), how="left", on=keys
    )["used_as"]
    frame["_photo_status"] = staged[keys].merge(io.read_parquet(PHOTOS), how="left", on=keys)[
        "status"
    ]
    repeats = io.read_csv(STAGED / "duplicates.csv")
    metrics = io.read_json(Path("metrics/staging.json"))
    lead = [
        f"Feed `{base.feed}`" + (" (**synthetic**)" if agreed.synthetic else "") + ", from "
        f"{format_count(metrics['rows_in'], 'row')}: {format_count(metrics['clean'], 'listing')}, "
        f"{format_count(metrics['duplicates'], 'duplicate')}, "
        f"{metrics['quarantined']:,} quarantined. "
        + ("All listings" if settings.full else f"At most {settings.rows:,} listings a domain")
        + f" are looked at here ({len(staged):,}).",
        "",
        findings.describe_duplicates(repeats, metrics["rows_in"]),
        *findings.describe_doubts(metrics["newest_state_by"]),
        "",
        _describe_kinds(staged, frame, agreed),
    ]  # fmt: skip
    lead += _odd_place_lines(frame)
    lead += _describe_wrong_columns(frame.assign(domain=staged["domain"]))
    domains, few = domains_of(frame, staged["domain"], settings.minimum_sales)
    why = f"has fewer than {settings.minimum_sales} closed rows with a price"
    lead += [line for name in few for line in ("", f"`{name}` {why} and is left out.")]
    # two halves that take about as long, the second of which alone needs scikit-learn
    halves: list[Callable[[], Any]] = [
        partial(show_states, domains, kinds, agreed),
        partial(show_knowledge, domains, kinds, agreed.title, settings.leak_r2),
    ]
    states, knowledge = map_processes(run_job, halves)
    for folder in (OUT, PLOTS):  # as dvc does; and both exist if no domain has enough sales
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    parts = {}
    for one, (first, last), (middle, table, page) in zip(domains, states, knowledge, strict=True):
        looks = [*first, *middle, *last]
        parts[one.name] = (looks, table)
        io.write_text(OUT / f"{one.name}.html", page)
        for look in looks:
            if look.svg:
                io.write_text(PLOTS / f"{one.name}_{look.name}.svg", look.svg)
    io.write_text(SUMMARY, summary.render_summary(agreed.title, lead, parts, "../../plots/eda"))
    cli.log.info("eda.complete", rows=len(staged), domains=sorted(parts), out=str(SUMMARY))


if __name__ == "__main__":
    main()
