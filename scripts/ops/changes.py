"""Write a page about what moved since an earlier run, and why.

Compares the workspace with a commit (--base), or with the results of an older run (--from). With
--feed it compares the last run of that feed with the one before, which `make run` keeps: what to
do when a new export has come. The page shows which valuations moved most, which contributions
moved them, and what changed in data, parameters and code.

Example: python -m scripts.ops.changes --base main
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, io
from lib.common.errors import require
from lib.common.params import flatten_params
from lib.common.vocabulary import RUNS
from lib.listings.contract import contract
from lib.ops.compare import changes, changes_page, revisions
from lib.ops.compare.revisions import ComparedRun
from lib.report.pages import site

OUT = Path("data/changes")
CONTRIBUTIONS = "data/explain/contributions.parquet"
DOMAINS = ("sale", "rental")


def choose_runs(base: str, feed: str, older: str) -> tuple[ComparedRun, ComparedRun]:
    """(the side to compare with, the side that stands now)."""
    if feed:
        now = revisions.read_run_folder(RUNS / feed)
        require(now.valuations() is not None, f"{now.name}: no results; make run FEED={feed}")
    else:
        now = ComparedRun("the workspace", None, Path())
        require(now.valuations() is not None, f"{revisions.VALUATIONS}: no such file; make repro")
    if older:
        then = revisions.read_run_folder(Path(older))
        require(
            then.valuations() is not None,
            f"FROM={older}: no {revisions.VALUATIONS} or valuations.csv in it; name the folder of "
            "a run, such as runs/<feed>.previous",
        )
    elif feed:
        then = revisions.read_run_folder(RUNS / f"{feed}.previous")
        require(
            then.valuations() is not None,
            f"{then.name}: no earlier run is kept; it is there once `make run FEED={feed}` has run "
            "twice, or name an older one: FROM=folder",
        )
    else:
        rev = revisions.find_commit(base)
        then = ComparedRun(f"{base} ({rev[:8]})", rev, None)
        require(
            then.valuations() is not None,
            f"BASE={base}: neither DVC's cache nor a remote holds its {revisions.VALUATIONS}; "
            "bring it there (dvc fetch --all-commits where there is a remote, else git worktree "
            f"add ../base {rev[:8]} and make repro in it, then FROM=../base)",
        )
    return then, now


def feed_of(then: ComparedRun, now: ComparedRun) -> str:
    """The feed that both sides value; raises where they differ."""
    names = [(side.json("metrics/predict.json") or {}).get("feed") for side in (then, now)]
    require(names[1] is not None, f"{now.name}: no metrics/predict.json, which names its feed")
    require(
        names[0] in (None, names[1]),
        f"{then.name} values feed {names[0]!r} and {now.name} feed {names[1]!r}; compare runs of "
        "one feed (another feed's: make changes FEED=name)",
    )
    return str(names[1])


def read_listings(side: ComparedRun, domain: str) -> pd.DataFrame | None:
    """The normalised listings of a domain.

    Parameters
    ----------
    side
        One of the two runs.
    domain
        `sale` or `rental`.

    Returns
    -------
    DataFrame or None
        As `normalize` wrote them; None where the run does not have them.
    """
    return side.parquet(f"data/normalize/{domain}.parquet")


def describe_rows(then: ComparedRun, now: ComparedRun) -> list[str]:
    """What came in, in words."""
    told = []
    for word, side in (("Base", then), ("Now", now)):
        staged = side.json("metrics/staging.json")
        if staged:
            told.append(
                f"{word}: {staged['rows_in']:,} rows came in, {staged['clean']:,} staged, "
                f"{staged['duplicates']:,} older versions or copies, "
                f"{staged['quarantined']:,} quarantined."
            )
    return told


@click.command(help=__doc__)
@click.option("--base", default="main", show_default=True, help="A branch, tag or commit.")
@click.option("--feed", default="", help="Compare the results of this feed in runs/.")
@click.option("--from", "older", default="", help="A folder of older results, in place of --base.")
@click.option(
    "--listings",
    "count",
    type=click.IntRange(min=0),
    default=25,
    show_default=True,
    help="Listings to show.",
)
@cli.command
def main(base: str, feed: str, older: str, count: int) -> None:
    then, now = choose_runs(base, feed, older)
    before, after = then.valuations(), now.valuations()
    assert before is not None and after is not None
    cli.log.info("changes.read", base=then.name, now=now.name, listings=len(after))
    name = feed_of(then, now)
    moved = changes.value_changes(before, after)
    explained = [side.parquet(CONTRIBUTIONS) for side in (then, now)]
    why = None
    if explained[0] is not None and explained[1] is not None:
        why = changes.contribution_changes(explained[0], explained[1]).merge(moved[changes.KEYS])
    lacking = [side.name for side, one in zip((then, now), explained, strict=True) if one is None]
    new, gone = changes.unmatched_listings(after, before), changes.unmatched_listings(before, after)
    parts, data = [], []
    for domain in cli.show_progress(DOMAINS, "changes"):
        tables = read_listings(then, domain), read_listings(now, domain)
        differ = None
        if tables[0] is not None and tables[1] is not None:
            differ = changes.differing_cells(*tables)
            data.append(changes.data_change_counts(domain, *tables, differ))
        of = [frame[frame["domain"] == domain] for frame in (moved, new, gone)]
        if any(len(frame) for frame in of):
            own = None if why is None else why[why["domain"] == domain]
            part = changes_page.DomainChanges(domain, *of, own, differ, tables[1])
            parts.append(changes_page.domain_section(part, count))
    code = None if then.rev is None else revisions.code_changes(then.rev, now.rev)
    settings = [side.yaml("params.yaml") for side in (then, now)]
    context = {
        "feed": name,
        "source": contract.read_contract(name),
        "as_of": after["as_of"].max(),
        "now": now.name,
        "base": then.name,
        "stale": "" if feed else revisions.stale_notice(),
        "domains": parts,
        "explained": why is not None,
        "why_not": f"What moved the values is not told: no {CONTRIBUTIONS} in "
        f"{' and '.join(lacking)}.",
        "data": data,
        "data_notes": describe_rows(then, now),
        "settings": changes.changed_settings(*map(flatten_params, settings))
        if all(settings)
        else None,
        "code": code,
        "code_unknown": "git does not have the commit that the base was run on.",
    }
    out = RUNS / feed / OUT if feed else OUT
    columns = [*changes.KEYS, "old", "new", "change"]
    io.write_csv(out / "changes.csv", moved[columns])
    page = io.write_text(
        out / "index.html", site.render_single_page("changes.html", "What moved and why", context)
    )
    cli.log.info("changes.complete", moved=int((moved["change"].abs() >= changes.MOVED).sum()))
    click.echo(f"what moved: {page.resolve()}")


if __name__ == "__main__":
    main()
