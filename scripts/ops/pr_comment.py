"""Print what a branch does to the valuations, as Markdown for its pull request.

Compares the workspace, after `make repro`, with the commit named by --base: figures by each
metric's own direction, the same sales by a paired bootstrap, slices, parameters, and the hashes of
data and models.

Example: python -m scripts.ops.pr_comment --base main
"""

from pathlib import Path

import click

from lib.common import cli, io, params
from lib.common.vocabulary import RAW
from lib.evaluation.scoring.score import EvaluateParams
from lib.listings.contract import contract
from lib.models.serving.served_variants import PredictParams
from lib.ops.compare import figures, pr_comment, revisions

LOCK = Path("dvc.lock")
PREDICTIONS = Path("data/evaluate/predictions.parquet")
METRICS = Path("metrics/evaluate.json")
SUMMARY = Path("metrics/summary.json")


def compare_variants(rev: str, serving: list[str], draws: int, seed: int) -> dict[str, dict | str]:
    """By variant in `serving`: sales, left_out, gaps and slices of the paired comparison with the
    base's predictions, or why there is none."""
    before = revisions.read_out_parquet(rev, str(PREDICTIONS))
    if before is None:
        missing = (
            f"no comparison sale by sale: `{PREDICTIONS}` of the base is in neither DVC's cache "
            f"nor a remote (`git checkout {rev[:12]} && make repro`, and back, brings it there)"
        )
        return dict.fromkeys(serving, missing)
    after = io.read_parquet(PREDICTIONS)
    shared = figures.join_predictions(before, after)
    out: dict[str, dict | str] = {}
    for variant in serving:
        rows = shared[shared["variant"] == variant].reset_index(drop=True)
        keys = [side.loc[side["variant"] == variant, "listing_key"] for side in (before, after)]
        sizes = [len(one) for one in keys]
        if rows.empty:
            side = "in the base" if not sizes[0] else "now"
            gone = "no test sale in common" if all(sizes) else f"it has no test sale {side}"
            out[variant] = f"no comparison sale by sale: {gone}"
            continue
        parts = [
            (kind, value, len(part), figures.paired_gap(part, draws, seed)["mdape"])
            for kind, value, part in figures.large_slices(rows)
        ]
        out[variant] = {
            "sales": len(rows),
            "left_out": len(set(keys[0]) | set(keys[1])) - len(rows),
            "gaps": figures.paired_gap(rows, draws, seed),
            "slices": parts,
        }
    return out


@click.command(help=__doc__)
@click.option("--base", default="main", show_default=True, help="A branch, tag or commit.")
@cli.command
def main(base: str) -> None:
    given, scoring = params.load_sections("evaluate", EvaluateParams)
    serving = sorted(params.load_sections("predict", PredictParams)[1].variants.values())
    rev = revisions.find_commit(base)
    scores = io.read_json(METRICS)
    feed = scores["feed"]
    agreed = contract.read_contract(feed)
    diff = revisions.dvc_diff("metrics", rev, "--precision", "12")
    rows = figures.changed_figures(
        diff.get(str(SUMMARY), {}),
        revisions.read_git_json(rev, str(METRICS)),
        scores,
    )
    told = [f"## What this does to the valuations (base `{rev[:8]}`)", ""]
    if behind := revisions.stale_notice():
        told += [f"**{behind}**", ""]
    told += [f"Feed **{feed}**: {agreed.title}.", ""]
    if agreed.synthetic:
        told += ["**Synthetic data**: every listing and price is invented. These figures show that "
                 "the pipeline works, not how accurate it is on real sales.", ""]  # fmt: skip
    if revisions.read_git_file(rev, str(SUMMARY)) is None:
        told += [f"The base has no `{SUMMARY}`: every figure is new.", ""]
    sales = compare_variants(rev, serving, scoring.draws, given.seed)
    told += pr_comment.verdict_lines(sales)
    told += pr_comment.figure_lines(rows, serving)
    told += pr_comment.slice_lines(sales)
    told += pr_comment.param_lines(revisions.dvc_diff("params", rev, "--deps"))
    locks = revisions.read_git_file(rev, str(LOCK)), LOCK.read_bytes() if LOCK.is_file() else None
    always = [str(RAW / feed), "data/features", *(f"data/blend/{one}" for one in serving)]
    told += pr_comment.hash_lines(*map(revisions.out_hashes, locks), ["data/blend", *always])
    click.echo("\n".join(told).rstrip())


if __name__ == "__main__":
    main()
