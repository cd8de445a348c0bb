"""Read a feed's raw CSV exports by its contract into one staged table.

Every row ends in exactly one place: staged, duplicate, or quarantined with a reason. Each file is
parsed once and kept in a cache, so that a rerun with one more file parses only that one.

Example: python -m scripts.valuation.staging --dry-run
"""

import tempfile
from pathlib import Path

import click

from lib.cache.entries import cache_root
from lib.cache.keys import key_of
from lib.common import cli, dictionary, io, params
from lib.common.errors import RemlError, require
from lib.common.vocabulary import NEWEST_STATE_DOUBTS, RAW, contract_path
from lib.listings.contract import contract
from lib.listings.staging import coverage, csv_reader, staging
from lib.listings.staging.staging import StagingParams
from lib.listings.throughout import broad_reasons
from lib.ops.ledger import ledger

OUT = Path("data/staging")
META = Path("lib/listings/staging/staging.meta.yml")
METRICS = Path("metrics/staging.json")


def show_plan(paths: list[Path], agreed: contract.Contract) -> None:
    """Say what a run would do with each file, and do nothing."""
    for path in paths:
        key = staging.parse_cache_key(io.file_sha256(path), agreed)
        cached = (cache_root() / "staging" / key).is_dir()
        headers = csv_reader.read_header_for(path, agreed).names
        matches = contract.match_headers(agreed, headers)
        aside = [header for header in headers if header not in matches.values()]
        click.echo(
            f"{path}: {'taken from the cache' if cached else 'would be parsed'}; "
            f"{len(matches)} columns claimed, kept aside: {', '.join(aside) or 'none'}"
        )
    click.echo(f"would write {OUT}/ and {METRICS}; nothing was written")


def warn_of_doubts(newest: dict[str, int]) -> None:
    """Warn of listings whose newest state is not told by stamp, import or status."""
    for name, why in NEWEST_STATE_DOUBTS.items():
        if newest[name]:
            cli.log.warning("staging.newest_state_in_doubt", listings=newest[name], why=why)


def warn_of_equal_columns(notes: list[str]) -> None:
    """Warn of headers that come twice over equal cells."""
    for note in notes:
        cli.log.warning("staging.header_comes_twice", note=note, read="the first of them")


def write_outs(
    base: params.Base, agreed: contract.Contract, parsed: list[staging.ParsedFile], most: float
) -> dict:
    """Write the outs and the metrics; returns the totals. Raises `RemlError` where a greater
    share than `most` is quarantined of all rows, of a file's, or of those that one rule judges."""
    from lib.listings.staging import (
        schema,  # pandera is slow to import, and preflight imports this module
    )

    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        counts, newest = staging.stage_feed(parsed, agreed, OUT, Path(scratch))
        schema.enforce_staged(OUT / "listings.parquet", agreed)
        schema.enforce_staged(OUT / "superseded_listings.parquet", agreed, unique=False)
        days = coverage.count_coverage(
            OUT / "listings.parquet", Path(scratch) / staging.DAYS, agreed, Path(scratch)
        )
        unknown = coverage.count_unknown_values(parsed, agreed, Path(scratch))
        tallies = io.read_parquet(Path(scratch) / staging.REASONS)
    where, raw = str(contract_path(base.feed)), str(RAW / base.feed)
    broad_reasons.require_narrow_reasons(tallies, most, where, raw)
    broad_reasons.require_usable_files(counts, tallies, most, where, raw)
    total = staging.sum_file_counts(counts, OUT) | {
        "unknown_values": unknown,
        "newest_state_by": newest,
    }
    if total["quarantined"] > most * total["rows_in"]:
        worst = max(total["reasons"], key=total["reasons"].get)
        dated = any(r.check == "is_date" and r.reason in worst for r in agreed.row_rules)
        raise RemlError(
            f"{RAW / base.feed}: {total['quarantined']} of {total['rows_in']} rows break the "
            f"contract, most often: {worst}; fix "
            f"{'date_formats in ' if dated else ''}{contract_path(base.feed)} or the "
            "export, or raise staging.max_quarantined_share"
        )
    io.write_json(OUT / "coverage.json", days)
    io.write_text(OUT / "coverage_summary.md", coverage.render_coverage(days, total))
    filled = {column for domain in days.values() for column in coverage.sum_coverage(domain)}
    io.write_json(
        METRICS,
        {
            "feed": base.feed,
            **total,
            "columns": sorted(agreed.columns),
            "absent_columns": sorted(set(agreed.columns) - filled - {"listing_key"}),
            "extra_columns": staging.list_extra_columns(OUT / "extra_columns.parquet"),
            "photo_bundles": len(list((RAW / base.feed).glob("*/images/*.zip"))),
        },
    )
    return total


@click.command(help=__doc__)
@click.option("--dry-run", is_flag=True, help="Say what would be done with each file, and stop.")
@cli.command
def main(dry_run: bool) -> None:
    base, settings = params.load_sections("staging", StagingParams)
    agreed = contract.read_contract(base.feed)
    raw = RAW / base.feed
    paths = csv_reader.find_csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files; bring one in with `make import FEED={base.feed} FROM=path.csv`",
    )
    if dry_run:
        staging.check_headers(paths, agreed)
        show_plan(paths, agreed)
        return
    with ledger.record_run(base.feed, key_of(agreed.model_dump_json())) as loaded:
        warn_of_equal_columns(staging.check_headers(paths, agreed))
        parsed = staging.parse_files(paths, agreed, raw)
        total = write_outs(base, agreed, parsed, settings.max_quarantined_share)
    warn_of_doubts(total["newest_state_by"])
    kept = loaded(
        [{"file": p.file, "file_sha256": p.sha256, **total["files"][p.file]} for p in parsed]
    )
    click.echo((OUT / "coverage_summary.md").read_text(encoding="utf-8"))
    for path in sorted(OUT.iterdir()):
        click.echo(f"{path} ({path.stat().st_size:,} bytes)")
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "staging.complete",
        feed=base.feed,
        out=str(OUT),
        ledger=kept,
        **{part: total[part] for part in staging.COUNTED},
    )


if __name__ == "__main__":
    main()
