"""Look at the staged data before anything is modelled: gaps, spreads, outliers, leaks, drift.

Writes docs/eda/summary.md with its pictures in plots/eda/, each with a sentence that says what it
shows, and one browsable table a domain in data/eda/. Nothing is changed and nothing is filtered.

Example: python -m scripts.valuation.eda
"""

import re
import shutil
from pathlib import Path

import click
import matplotlib
import pandas as pd
from pydantic import PositiveFloat, PositiveInt

from lib.common import cli, io, params
from lib.eda import columns, findings, summary
from lib.listings import contract
from lib.report.style import STYLE

STAGED = Path("data/staging")
PHOTOS = Path("data/photos/listing_photos.parquet")
OUT, PLOTS, SUMMARY = Path("data/eda"), Path("plots/eda"), Path("docs/eda/summary.md")


class Params(params.Section):
    """The `eda` section of params.yaml."""

    full: bool
    rows: PositiveInt
    minimum_sales: PositiveInt
    leak_r2: PositiveFloat


def browsable(frame: pd.DataFrame, title: str) -> str:
    """A table report as one HTML page. Its random ids are numbered, so that it repeats."""
    from skrub import TableReport

    with matplotlib.rc_context(STYLE):
        page = TableReport(frame, title=title, verbose=0, n_rows=10).html()
    ids: dict[str, str] = {}
    return re.sub(
        r'(?<=report_)[0-9a-f]{8}|(?<=id=")[0-9a-f]{8}(?=")',
        lambda found: ids.setdefault(found[0], f"{len(ids):08d}"),
        page,
    )


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def look_at(
    frame: pd.DataFrame,
    sold: pd.Series,
    kinds: dict[str, str],
    agreed: contract.Contract,
    leak_r2: float,
) -> tuple[list[summary.Look], str]:
    """All looks at one domain, `sold` its priced closed rows, and its table of columns."""
    closed, opened = frame[sold], frame[frame["_used_as"] == "subject"]
    month, area = columns.month(frame), columns.area(frame)
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    names = [name for name in kinds if name not in columns.OUTCOME]
    ranges = {name: one.range for name, one in agreed.columns.items() if one.range}
    looks, found = summary.knowledge(closed, opened, numbers, leak_r2)
    return [
        *summary.completeness(frame, names, month, area),
        *summary.plausibility(closed, numbers, ranges, area[sold]),
        *looks,
        *summary.change(closed, numbers, month[sold]),
        *summary.albums(frame["_photo_status"].dropna(), month),
    ], summary.cardinality(frame, kinds, found)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load("eda", Params)
    agreed = contract.read(base.feed)
    staged = io.read_parquet(STAGED / "listings.parquet")
    if not settings.full:
        kept = staged.groupby("domain")["listing_key"].transform(columns.sample, settings.rows)
        staged = staged[kept.astype(bool)].reset_index(drop=True)
    keys = ["listing_key", "domain"]
    own = columns.kinds_of(agreed)
    extra, extra_kinds = columns.unclaimed(
        staged, io.read_parquet(STAGED / "extra_columns.parquet"), own
    )
    kinds = own | extra_kinds
    frame = pd.concat([columns.claimed(staged, agreed), extra], axis=1)
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
        f"{counted(metrics['rows_in'], 'row')}: {counted(metrics['clean'], 'listing')}, "
        f"{counted(metrics['duplicates'], 'duplicate')}, {metrics['quarantined']:,} quarantined. "
        + ("All listings" if settings.full else f"At most {settings.rows:,} listings a domain")
        + f" are looked at here ({len(staged):,}).",
        "",
        findings.duplicates(repeats, metrics["rows_in"]),
    ]  # fmt: skip
    parts = {}
    for folder in (OUT, PLOTS):  # as dvc does; and both exist if no domain has enough sales
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for domain in sorted(staged["domain"].unique(), reverse=True):
        rows = frame[staged["domain"] == domain]
        sold = (rows["_used_as"] == "evidence") & (rows["close_price"] > 0)
        if sold.sum() < settings.minimum_sales:
            few = f"has fewer than {settings.minimum_sales} closed rows with a price"
            lead += ["", f"`{domain}` {few} and is left out."]
            continue
        parts[domain] = look_at(rows, sold, kinds, agreed, settings.leak_r2)
        page = browsable(rows[list(kinds)], f"{agreed.title}: {domain}")
        io.write_text(OUT / f"{domain}.html", page)
        for look in parts[domain][0]:
            if look.svg:
                io.write_text(PLOTS / f"{domain}_{look.name}.svg", look.svg)
    io.write_text(SUMMARY, summary.markdown(agreed.title, lead, parts, "../../plots/eda"))
    cli.log.info("eda.complete", rows=len(staged), domains=sorted(parts), out=str(SUMMARY))


if __name__ == "__main__":
    main()
