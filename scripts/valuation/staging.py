"""Read a feed's raw CSV exports by its contract into one staged table.

Every row ends in exactly one place: staged, duplicate, or quarantined with a reason.

Example: python -m scripts.valuation.staging
"""

import hashlib
from pathlib import Path

import click

from lib.common import cli, io, params
from lib.common.checks import RemlError, require
from lib.listings import contract, reading
from lib.listings.staging import Staged, stage, table

OUT = Path("data/staging")
METRICS = Path("metrics/staging.json")


class Params(params.Section):
    """The `staging` section of params.yaml."""

    max_quarantined_share: float


def counts(staged: Staged, tables: list, names: list[str]) -> dict:
    """Rows in and where they went, over all and per file."""
    per_file = {}
    for name, (mapped, _, ragged) in zip(names, tables, strict=True):
        per_file[name] = {"rows_in": len(mapped) + len(ragged)} | {
            part: int((frame["_source_file"] == name).sum())
            for part, frame in (
                ("clean", staged.clean),
                ("duplicates", staged.duplicates),
                ("quarantined", staged.quarantined),
            )
        }
    total = {
        part: sum(file[part] for file in per_file.values())
        for part in ("rows_in", "clean", "duplicates", "quarantined")
    }
    assert total["rows_in"] == total["clean"] + total["duplicates"] + total["quarantined"]
    reasons = staged.quarantined["_reason"].str.replace(r"\d+ fields.*", "field count", regex=True)
    return total | {"reasons": reasons.value_counts().sort_index().to_dict(), "files": per_file}


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load("staging", Params)
    agreed = contract.read(base.feed)
    raw = Path("data/raw") / base.feed
    paths = reading.csv_files(raw)
    require(
        bool(paths),
        f"{raw}: no CSV files; bring one in with `make import FEED={base.feed} FROM=path.csv`",
    )
    tables = []
    for path in cli.progress(paths, "staging"):
        header = reading.read_header(path)
        missing = contract.missing_required(agreed, header.names)
        require(not missing, f"{path}: the header lacks {'; '.join(missing)}")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        tables.append(
            table(
                str(path.relative_to(raw)),
                digest,
                header.names,
                list(reading.read_rows(path)),
                agreed,
            )
        )
    staged = stage(tables, agreed)
    names = [str(path.relative_to(raw)) for path in paths]
    tally = counts(staged, tables, names)
    if tally["quarantined"] > settings.max_quarantined_share * tally["rows_in"]:
        worst = max(tally["reasons"], key=tally["reasons"].get)
        raise RemlError(
            f"{raw}: {tally['quarantined']} of {tally['rows_in']} rows break the "
            f"contract, most often: {worst}; fix {contract.path_of(base.feed)} or the "
            "export, or raise staging.max_quarantined_share"
        )
    absent = [name for name in agreed.columns if staged.clean[name].isna().all()]
    lineage = ["_source_file", "_source_row"]
    io.write_parquet(OUT / "listings.parquet", staged.clean, ["domain", "listing_key"])
    io.write_parquet(OUT / "extra_columns.parquet", staged.extra, [*lineage, "column"])
    io.write_csv(OUT / "duplicates.csv", staged.duplicates)
    io.write_csv(OUT / "quarantine_rows.csv", staged.quarantined)
    io.write_json(
        METRICS,
        {
            "feed": base.feed,
            **tally,
            "columns": sorted(agreed.columns),
            "absent_columns": absent,
            "extra_columns": sorted(staged.extra["column"].unique().tolist()),
            "photo_bundles": len(list(raw.glob("*/images/*.zip"))),
        },
    )
    cli.log.info(
        "staging.complete",
        feed=base.feed,
        rows_in=tally["rows_in"],
        clean=tally["clean"],
        duplicates=tally["duplicates"],
        quarantined=tally["quarantined"],
        out=str(OUT),
    )


if __name__ == "__main__":
    main()
