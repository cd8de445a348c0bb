"""Draft a contract for an export that REML does not know, or check one against its files.

`infer` says which RESO field each header was taken for and how surely, and writes a contract whose
doubtful lines are marked CHECK. `check` shows what a contract makes of the files of its feed.

Example: python -m scripts.ops.contract infer export.csv --feed mls
"""

import itertools
import re
from collections import Counter
from pathlib import Path

import click
import pandas as pd

from lib.common import cli, io
from lib.common.errors import RemlError, require
from lib.common.vocabulary import RAW, check_feed_name, contract_path
from lib.listings.contract import contract
from lib.listings.onboarding import draft_contract, infer, review
from lib.listings.staging import csv_reader


def read_head(path: Path, rows: int, agreed: contract.Contract | None = None) -> pd.DataFrame:
    """The first rows of an export as text; of equal headers the first counts.

    Parameters
    ----------
    path
        A CSV of any encoding and delimiter.
    rows
        How many rows at most.
    agreed
        The contract that may tell equal headers apart.

    Returns
    -------
    DataFrame
        Texts, a column a header.

    Raises
    ------
    RemlError
        Where there is no such file, or it has no row.
    """
    require(path.is_file(), f"{path}: no such file")
    names = (
        csv_reader.read_header_for(path, agreed) if agreed else csv_reader.read_header(path)
    ).names
    some = [row for _, row in itertools.islice(csv_reader.read_rows(path), rows)]
    require(bool(some), f"{path}: a header and no rows; export it again")
    whole = [row for row in some if len(row) == len(names)]
    require(bool(whole), f"{path}: no row has as many fields as the header; look for stray quotes")
    table = pd.DataFrame(whole, columns=names, dtype="str")
    return table.loc[:, ~table.columns.duplicated()]


def count_statuses(path: Path, header: str) -> dict[str, int]:
    """Each status of the whole export and its rows, most frequent first."""
    names = csv_reader.read_header(path).names
    place = names.index(header)
    rows = (row for _, row in csv_reader.read_rows(path) if len(row) == len(names))
    tally = Counter(row[place].strip() for row in rows)
    return {status: count for status, count in tally.most_common() if status}


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print a table; the first row is its head."""
    widths = [min(max(len(cell) for cell in column), 34) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command("infer", help="Draft a contract for FILE.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--feed", help="The feed's name; by default the file's.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write; by default configs/feeds/<feed>/contract.yaml.",
)
@click.option("--force", is_flag=True, help="Overwrite a contract that is there.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="How many rows to judge the columns by.",
)
@cli.command
def infer_command(file: Path, feed: str | None, out: Path | None, force: bool, rows: int) -> None:
    feed = feed or re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "mine"
    check_feed_name(feed)
    out = out or contract_path(feed)
    require(force or not out.exists(), f"{out}: is there already; --force overwrites it")
    table = read_head(file, rows)
    guesses = infer.guess_columns(table)
    status = [one.header for one in guesses if one.claimed and one.field == "standard_status"]
    seen = count_statuses(file, status[0]) if status else {}
    made = draft_contract.draft_contract(file.name, table, guesses, seen)
    print_table(
        [
            ("header", "RESO field", "score", "why"),
            *(
                (
                    one.header,
                    (one.field or "-") if one.claimed else f"{one.field}?" if one.field else "-",
                    f"{one.score:.2f}" if one.field else "",
                    one.why if one.field else draft_contract.describe_values(one.profile),
                )
                for one in guesses
            ),
        ]
    )
    io.write_text(out, made.text)
    names = csv_reader.read_header(file).names
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        click.echo(
            f"warning: {name!r} heads {names.count(name)} columns; where they differ, say which is "
            f"meant by an alias such as {f'{name} (2)'!r}"
        )
    matched = sum(one.claimed for one in guesses)
    click.echo(
        f"{out}: {matched} of {len(guesses)} columns matched, "
        f"{made.text.count('CHECK: ') + made.text.count('# CHECK' + chr(10))} lines to check"
    )
    if made.missing:
        raise RemlError(f"{out}: not found in {file}: {'; '.join(made.missing)}; add to `columns`")
    contract.load_contract(out)


@main.command("check", help="Check the contract of FEED against FILES, or against its raw files.")
@click.argument("feed")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=5_000,
    show_default=True,
    help="How many rows of a file to read.",
)
@cli.command
def check_command(feed: str, files: tuple[Path, ...], rows: int) -> None:
    agreed = contract.read_contract(feed)
    click.echo(f"{contract_path(feed)}: valid, {len(agreed.columns)} columns")
    for clause in review.careless_property_keys(agreed):
        click.echo(f"warning: {clause}")
    raw = RAW / feed
    paths = list(files) or (csv_reader.find_csv_files(raw) if raw.is_dir() else [])
    if not paths:
        click.echo(f"{raw}: no files yet; name one to check it: check {feed} export.csv")
    faults = []
    for path in paths:
        table = read_head(path, rows, agreed)
        misread = contract.header_faults(agreed, list(table))
        if misread:
            faults += [f"{path}, read by {contract_path(feed)}: {clause}" for clause in misread]
            continue
        for note in csv_reader.compare_repeated_headers(path, agreed):
            click.echo(f"warning: {note}")
        matched, unclaimed = review.review_export(table, agreed)
        click.echo(f"\n{path}: {len(table):,} rows read")
        found = [one for one in matched if one.header is not None]
        print_table(
            [
                ("column", "header", "filled", "of these readable"),
                *(
                    (one.column, str(one.header), f"{one.filled:.0%}", f"{one.readable:.0%}")
                    for one in found
                ),
            ]
        )
        absent = [one.column for one in matched if one.header is None]
        click.echo(f"not in the file: {', '.join(absent) or 'none'}")
        click.echo(f"claimed by no column: {', '.join(unclaimed) or 'none'}")
        for one in found:
            if one.note:
                click.echo(f"warning: {one.header!r}: {one.note}; see {contract_path(feed)}")
        missing = contract.missing_column_phrases(agreed, list(table))
        faults += [f"{path}: the header lacks {clause}" for clause in missing]
        faults += [
            f"{path}: no value of {one.header!r} reads as {one.column}; mend its type, unit or "
            f"`date_formats` in {contract_path(feed)}"
            for one in found
            if agreed.columns[one.column].required and one.filled and not one.readable
        ]
    if faults:
        raise RemlError("; ".join(faults))


if __name__ == "__main__":
    main()
