"""Plant every kind of trouble into a clean feed of 900 sales, and count what is found.

For each kind and share: planted rows that were found (right, missing with a reason, set aside,
asked or stopped) and missed, clean rows wrongly flagged, and by how much the planted rows move the
MAPE of the clean ones (one variant, mean over the plantings, with its upper 95 % bound). The stages
run as they are, each feed in a folder of its own.

With --seed it measures staging, normalize and screen against the truth of the demo's generator
instead: how many of its faults were found, and the precision and recall of `screen`.

Example: python -m scripts.ops.fault_recall --kind null_island --share 0.05 --plantings 3
"""

import contextlib
import dataclasses
import functools
import importlib
import io as text_io
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import yaml

from lib import demo
from lib.common import cli, io, params
from lib.common.errors import require
from lib.common.processes import map_processes
from lib.common.vocabulary import DEMO, FEEDS, RAW
from lib.demo.feed import DemoParams
from lib.ops import fault_recall
from lib.ops.planting import clean_feed, judge
from lib.ops.planting.kinds import FILE, KINDS, choose_sales, listing_keys_at

STAGES = ("staging", "normalize", "screen")
MODEL_STAGES = ("features", "split")
FEED = "planted"
SHARES = (0.01, 0.05, 0.2)
MODEL_SHARE = 0.05  # at which the effect on errors is measured, the dearest part by far
TABLE = Path("docs/guides/export-troubles.md")


def run_stages(folder: Path, settings: dict) -> dict:
    """Generate a feed below `folder` and run STAGES on it; returns the generator's truth."""
    feed = demo.generate_feed(**settings)
    for path, content in feed.files.items():
        io.write_bytes(folder / RAW / DEMO / path, content)
    root = Path.cwd()
    shutil.copytree(root / "configs", folder / "configs")
    # what stages read beside their code; the code itself is found by PYTHONPATH
    shutil.copytree(root / "lib", folder / "lib", ignore=shutil.ignore_patterns("*.py*"))
    shutil.copy2(params.PARAMS_FILE, folder / params.PARAMS_FILE)
    environment = os.environ | {"PYTHONPATH": str(root), "REML_STATE_DIR": str(folder / "state")}
    environment.pop("DATABASE_URL", None)
    for stage in STAGES:
        done = subprocess.run(
            [sys.executable, "-m", f"scripts.valuation.{stage}"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        require(done.returncode == 0, f"{stage} failed on the generated feed: {done.stderr}")
    return feed.truth


def read_results(folder: Path) -> fault_recall.StageResults:
    """What the stages wrote below `folder`."""
    data = folder / "data"
    tables = [
        pd.concat(
            io.read_parquet(data / stage / f"{domain}.parquet") for domain in fault_recall.DOMAINS
        )
        for stage in ("normalize", "screen")
    ]
    return fault_recall.StageResults(
        staged=io.read_parquet(data / "staging/listings.parquet"),
        quarantined=io.read_csv(data / "staging/quarantine_rows.csv"),
        duplicates=io.read_csv(data / "staging/duplicates.csv"),
        normalized=tables[0],
        issues=io.read_parquet(data / "normalize/normalize_issues.parquet"),
        flags=io.read_parquet(data / "screen/flags.parquet"),
        screened=tables[1],
    )


@dataclass(frozen=True)
class Job:
    """One planting: which kind, at which share of the sales, chosen by which seed."""

    kind: str
    share: float
    seed: int


@dataclass(frozen=True)
class Planting:
    """A planting that was run, and how its rows ended."""

    job: Job
    outcome: judge.Outcome
    verdict: judge.Verdict = field(default_factory=lambda: judge.Verdict(Counter()))


def run_quietly(module: str, *arguments: str) -> str:
    """Run a command in this process; the last line that it ended with, "" where all went well."""
    said = text_io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            command = importlib.import_module(module).main
            command.main(args=list(arguments), standalone_mode=False)
        except SystemExit as end:
            lines = said.getvalue().strip().splitlines()
            return lines[-1] if end.code and lines else ""
        except Exception as fault:  # it is counted, and the other kinds are still measured
            return f"{judge.CRASH}{type(fault).__name__}: {fault}"
    return ""


def lay_feed(rows: pd.DataFrame, draft: str) -> str:
    """Draft a contract for the feed, unless there is one, and import its files, as an analyst does;
    returns the line that one of these stopped with."""
    names = sorted(rows[FILE].unique()) if FILE in rows else ["export.csv"]
    for name in names:
        part = rows[rows[FILE] == name].drop(columns=FILE) if FILE in rows else rows
        io.write_csv(Path(name), part)
    stopped = ""
    if draft:
        io.write_text(FEEDS / FEED / "contract.yaml", draft)
    else:
        stopped = run_quietly("scripts.ops.contract", "infer", names[-1], "--feed", FEED)
    for name in names:
        stopped = stopped or run_quietly("scripts.ops.import_file", "--feed", FEED, "--from", name)
    return stopped


def predict_errors(settings: dict[str, Any]) -> pd.Series:
    """Absolute relative error of each test sale of the folder's feed, by one variant."""
    from lib.models.variants.training.estimators.boosting import BoostedTrees, BoostedTreesParams
    from lib.models.variants.training.fit_variant import read_training_table

    table, inputs = read_training_table("sale", "blind")
    past, test = table[(table["role"] == "train") & table["usable"]], table[table["role"] == "test"]
    section = BoostedTreesParams.model_validate(settings["train"]["lightgbm"])
    model = BoostedTrees(section, settings["base"]["seed"])
    price = past["close_price"].to_numpy(float)
    model.fit(past[inputs], np.log(price), past[["as_of", "close_date"]])
    paid = test["close_price"].to_numpy(float)
    error = np.abs(np.exp(model.predict(test[inputs])) - paid) / paid
    return pd.Series(error, index=test["listing_key"])


def read_outcome(draft: str) -> judge.Outcome:
    """What the stages wrote in the current folder."""
    found = read_results(Path())
    screened = found.screened
    excluded = set(screened.loc[~screened["usable"], "listing_key"])
    table = found.normalized.set_index("listing_key")
    return judge.Outcome(
        draft=draft,
        table=table,
        issues=found.issues[found.issues["set_missing"]],
        flagged=frozenset(found.flags["listing_key"]),
        excluded=frozenset(excluded),
    )


def run_feed(rows: pd.DataFrame, with_model: bool, draft: str = "") -> judge.Outcome:
    """Run the stages on a feed in a folder of its own.

    Parameters
    ----------
    rows : DataFrame of str
        The export; the column FILE, if any, says which file a row stands in.
    with_model : bool
        Whether to fit a variant and value the test sales too.
    draft : str
        The contract; by default one is drafted.

    Returns
    -------
    Outcome
    """
    root = Path.cwd()
    settings = yaml.safe_load((root / params.PARAMS_FILE).read_text(encoding="utf-8"))
    settings["base"] |= {"feed": FEED, "as_of": None}
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        folder = Path(scratch)
        os.environ |= {"REML_STATE_DIR": str(folder / "state"), "REML_CACHE_DIR": scratch}
        os.environ.pop("DATABASE_URL", None)
        (folder / "lib").symlink_to(root / "lib")
        io.write_text(folder / params.PARAMS_FILE, yaml.safe_dump(settings))
        stopped = lay_feed(rows, draft)
        for stage in (*STAGES, *(MODEL_STAGES if with_model else ())):
            stopped = stopped or run_quietly(f"scripts.valuation.{stage}")
        if stopped:
            return judge.Outcome(stopped=stopped)
        draft = draft or (folder / FEEDS / FEED / "contract.yaml").read_text(encoding="utf-8")
        outcome = read_outcome(draft)
        if not with_model:
            return outcome
        return dataclasses.replace(outcome, errors=predict_errors(settings))


def run_job(job: Job, clean: judge.Outcome, drafts: dict[str, str]) -> Planting:
    """Plant one kind once, run the stages and judge; a job without a kind is the feed without the
    chosen sales."""
    rows = clean_feed.make_feed()
    if not job.kind:
        dropped = rows.drop(index=rows.index[choose_sales(rows, job.share, job.seed)])
        return Planting(job, run_feed(dropped, True, clean.draft))
    kind = KINDS[job.kind]
    planted, keys = kind.plant(rows, job.share, job.seed)
    got = run_feed(planted, job.share == MODEL_SHARE, drafts.get(job.kind, ""))
    verdict = judge.judge_planting(kind, keys, got, clean)
    return Planting(job, dataclasses.replace(got, table=pd.DataFrame()), verdict)


def measure_kinds(
    names: tuple[str, ...], shares: tuple[float, ...], plantings: int, misses: bool
) -> None:
    """Print a line for each kind and share."""
    clean = run_feed(clean_feed.make_feed(), True)
    require(not clean.stopped, f"the clean feed stopped: {clean.stopped}")
    click.echo(
        f"clean feed: MAPE {clean.errors.mean():.2%} of {len(clean.errors)} test sales, "
        f"{len(clean.issues)} cells missing, {len(clean.excluded)} sales no evidence"
    )
    seeds = range(plantings if MODEL_SHARE in shares else 0)
    dropped = any(not (KINDS[n].adds or KINDS[n].throughout) for n in names)
    bases = [Job("", MODEL_SHARE, seed) for seed in seeds if dropped]
    firsts = [Job(name, share, 0) for name in names for share in shares]
    done = map_processes(functools.partial(run_job, clean=clean, drafts={}), [*bases, *firsts])
    without = {one.job.seed: one.outcome.errors for one in done if not one.job.kind}
    # a contract is drafted once a kind, from the first planting: that takes a third of the time
    drafts = {one.job.kind: one.outcome.draft for one in done if one.job.share == MODEL_SHARE}
    stopped = {one.job.kind for one in done if one.outcome.stopped}
    for name in names:
        here = [one for one in done if one.job.kind == name]
        once = name in stopped or KINDS[name].throughout  # any seed gives the same feed
        more = [Job(name, MODEL_SHARE, seed) for seed in seeds[1:] if not once]
        here += map_processes(functools.partial(run_job, clean=clean, drafts=drafts), more)
        show_kind(name, here, clean, without, misses)


def show_kind(
    name: str,
    plantings: list[Planting],
    clean: judge.Outcome,
    without: dict[int, pd.Series],
    misses: bool,
) -> None:
    """Print a line for each share of one kind; `without` are the errors of the feed without the
    chosen sales, by seed."""
    kind, rows = KINDS[name], clean_feed.make_feed()
    for share in dict.fromkeys(one.job.share for one in plantings):
        here = [one for one in plantings if one.job.share == share]
        changes: list[float] = []
        for one in here if share == MODEL_SHARE else ():
            base = clean.errors if kind.adds or kind.throughout else without[one.job.seed]
            planted = listing_keys_at(rows, choose_sales(rows, share, one.job.seed))
            rest = [] if kind.throughout else planted
            change = judge.error_changes(rest, one.outcome.errors, base)
            changes += change.to_list() if kind.throughout else [float(change.mean())]
        click.echo(judge.format_verdict(name, share, [one.verdict for one in here], changes))
        for line in sorted({one.outcome.stopped for one in here} - {""})[:1]:
            click.echo(f"    {line[:200]}")
        if misses:
            lost = {key for one in here for key in one.verdict.wrong}
            click.echo(f"    wrongly flagged: {', '.join(sorted(lost)[:10]) or 'none'}")


# parameters: two measures, and the page about them
@click.command(help=__doc__)
@click.option("--seed", "seeds", type=int, multiple=True, help="Of the demo's generator.")
@click.option("--sales", type=int, help="Its good sales, instead of demo.sales of params.yaml.")
@click.option("--misses", is_flag=True, help="List what was missed and wrongly flagged.")
@click.option(
    "--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Only this kind."
)
@click.option(
    "--share",
    "shares",
    type=click.FloatRange(0, 1),
    multiple=True,
    default=SHARES,
    show_default=True,
    help="Of the sales.",
)
@click.option(
    "--plantings",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help=f"At {MODEL_SHARE:.0%}, where errors are measured; one at other shares.",
)
@click.option("--write-table", is_flag=True, help=f"Write {TABLE}, and do nothing else.")
@cli.command
def main(
    seeds: tuple[int, ...],
    sales: int | None,
    misses: bool,
    kinds: tuple[str, ...],
    shares: tuple[float, ...],
    plantings: int,
    write_table: bool,
) -> None:
    if write_table:
        io.write_text(TABLE, judge.kinds_markdown())
        click.echo(f"{TABLE}: {len(KINDS)} kinds")
        return
    if not seeds:
        measure_kinds(kinds or tuple(KINDS), shares, plantings, misses)
        return
    _, settings = params.load_sections("demo", DemoParams)
    for seed in seeds:
        arguments = settings.model_dump() | {"seed": seed, "photos": False}
        arguments |= {"sales": sales} if sales else {}
        with tempfile.TemporaryDirectory() as scratch:
            truth = run_stages(Path(scratch), arguments)
            found = read_results(Path(scratch))
        click.echo(f"seed {seed}")
        for line in fault_recall.format_recall(truth, found, misses):
            click.echo(f"  {line}")


if __name__ == "__main__":
    main()
