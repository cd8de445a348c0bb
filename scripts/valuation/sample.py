"""Draw gold samples: a few raw rows a domain that show every trait the feed has, with statistics.

A sample is a small feed under the same contract. Those of the demo feed are committed in
data/samples/ (`make samples`); samples of other feeds hold real listings and stay in data/.

Example: python -m scripts.valuation.sample
"""

import tempfile
from pathlib import Path

import click

from lib.common import cli, dictionary, io, params
from lib.common.vocabulary import DOMAINS, RAW
from lib.listings.contract import contract
from lib.listings.sample import excerpt, gold_sample
from lib.listings.sample.gold_sample import SampleParams
from lib.listings.staging import csv_reader

STAGED = Path("data/staging")
OUT = Path("data/sample")
META = Path("lib/listings/sample/sample.meta.yml")
METRICS = Path("metrics/sample.json")


def read_chosen(
    choices: dict[str, gold_sample.SampledRows], raw: Path
) -> dict[str, dict[int, list[str]]]:
    """File -> data row -> fields, of all rows chosen."""
    wanted: dict[str, set[int]] = {}
    for choice in choices.values():
        for pick in choice.picks:
            for file, row in pick.places:
                wanted.setdefault(file, set()).add(row)
    with tempfile.TemporaryDirectory() as scratch:
        return {
            file: excerpt.read_raw_rows(raw / file, rows, Path(scratch))
            for file, rows in sorted(wanted.items())
        }


def sample_statistics(choice: gold_sample.SampledRows) -> dict:
    """What a test may expect of a sample: rows by fate and reason, traits, columns."""
    fates = [pick.fate for pick in choice.picks]
    whys = [pick.reason for pick in choice.picks if pick.fate == "quarantined"]
    return {
        "rows": len(choice.picks),
        **{fate: fates.count(fate) for fate in ("clean", "duplicate", "quarantined")},
        "reasons": {why: whys.count(why) for why in sorted(set(whys))},
        "not_covered": [name for name, seen in choice.traits.items() if not seen["sample"]],
        "traits": choice.traits,
        "columns": choice.columns,
    }


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("sample", SampleParams)
    agreed = contract.read_contract(base.feed)
    raw = RAW / base.feed
    headers = {
        path.relative_to(raw).as_posix(): csv_reader.read_header_for(path, agreed).names
        for path in csv_reader.find_csv_files(raw)
    }
    bad = gold_sample.read_quarantined(STAGED / "quarantine_rows.csv", agreed, headers, base.seed)
    choices = {}
    for domain in cli.show_progress(DOMAINS, "sample"):
        some = bad[bad["domain"] == domain].reset_index(drop=True)
        choices[domain] = gold_sample.choose_rows(
            STAGED, agreed, some, domain, settings.rows, base.seed
        )
    choices = {domain: choice for domain, choice in choices.items() if choice.picks}
    fields = read_chosen(choices, raw)
    statistics = {domain: sample_statistics(choice) for domain, choice in choices.items()}
    for domain, choice in choices.items():
        files = {file for pick in choice.picks for file, _ in pick.places}
        shape = excerpt.CommonHeader(agreed, {file: headers[file] for file in sorted(files)})
        rows = excerpt.arrange_lines(choice.picks, shape, fields)
        io.write_text(OUT / f"{domain}.csv", excerpt.format_csv(shape.header, rows))
        content = {"feed": base.feed, "rows": excerpt.line_records(shape.header, rows)}
        io.write_json(OUT / f"{domain}.json", content)
        if statistics[domain]["not_covered"]:
            cli.log.warning(
                "sample.too_small", domain=domain, left=statistics[domain]["not_covered"]
            )
    io.write_json(OUT / "statistics.json", {"feed": base.feed, "domains": statistics})
    short = ("rows", "clean", "duplicate", "quarantined", "not_covered")
    counts = {domain: {name: some[name] for name in short} for domain, some in statistics.items()}
    for domain, some in statistics.items():
        counts[domain]["traits"] = len(some["traits"])
    io.write_json(METRICS, {"feed": base.feed, "domains": counts})
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "sample.complete",
        feed=base.feed,
        out=str(OUT),
        rows={domain: some["rows"] for domain, some in statistics.items()},
    )


if __name__ == "__main__":
    main()
