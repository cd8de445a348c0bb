"""Score a table of estimates and prices (CSV or Parquet) as `evaluate` scores the test sales.

A key that stands in several rows, dots that may be thousands, and units that do not fit stop it.
What it finds is printed and, with --out, the tables are written. lib/ops/external_estimates.py says
which columns are read.

Example: python -m scripts.ops.score --predictions any.csv --out scored
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import cli, io, params
from lib.evaluation.scoring import score, strata, tables
from lib.ops import external_estimates


@click.command(help=__doc__)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    required=True,
    help="Score this CSV or Parquet.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables of it.")
@cli.command
def main(predictions: Path, out: Path | None) -> None:
    base, settings = params.load_sections("evaluate", score.EvaluateParams)
    where = str(predictions)
    table, left_out = external_estimates.prepare_estimates(
        external_estimates.read_estimates(predictions), where
    )
    # a bootstrap draws rows by their place: in the order of values, that of the file says nothing
    table = table.sort_values(sorted(table), kind="stable", ignore_index=True)
    scored = score.score_sales(table, settings, base.seed)
    click.echo(external_estimates.format_scores(scored, left_out, where))
    if out is None:
        return
    parts = tables.make_evaluation_tables(table, table.head(0), {}, settings, base.seed)
    all_sales = strata.ratio_study_to_long(scored["ratio_study"], "all", "all", scored["sales"])
    parts["ratio_study"] = pd.concat([all_sales, parts["ratio_study"]], ignore_index=True)
    reasons = external_estimates.count_reasons(left_out)
    content = {"predictions": predictions.name, "left_out": reasons, **scored}
    io.write_json(out / "summary.json", score.round_nested(content, settings.places))
    parts["left_out"] = left_out
    for name, part in parts.items():
        io.write_csv(out / f"{name}.csv", score.round_table(part, settings.places))
    click.echo(f"written: {out}/summary.json and {', '.join(f'{name}.csv' for name in parts)}")


if __name__ == "__main__":
    main()
