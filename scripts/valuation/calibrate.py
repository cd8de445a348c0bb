"""Turn each variant's out-of-fold errors of the past into conformal intervals.

Example: python -m scripts.valuation.calibrate
"""

from pathlib import Path
from typing import Annotated

import click
import numpy as np
from pydantic import Field, field_validator

from lib.common import cli, io, params, variants
from lib.models import conformal

OUT = Path("data/calibrate")


class Params(params.Section):
    """The `calibrate` section of params.yaml."""

    coverages: list[Annotated[float, Field(gt=0, lt=1)]]

    @field_validator("coverages")
    @classmethod
    def _ninety_is_there(cls, coverages: list[float]) -> list[float]:
        if 0.9 not in coverages:
            raise ValueError("0.9 must be among them: the summary and the report speak of it")
        return sorted(coverages)


@click.command(help=__doc__)
@cli.command
def main() -> None:
    _, settings = params.load("calibrate", Params)
    intervals = {}
    for variant, folder in variants.folders().items():
        if "skipped" in io.read_json(folder / "model.json"):
            continue
        past = io.read_parquet(folder / "predictions.parquet")
        past = past[past["role"] == "train"]
        errors = (np.log(past["close_price"]) - past["log_estimate"]).to_numpy()
        intervals[variant] = {
            "errors": len(errors),
            "fsd": conformal.fsd(errors),
            "bounds": {
                f"{round(coverage * 100)}": conformal.bounds(errors, coverage)
                for coverage in settings.coverages
            },
        }
    io.write_json(OUT / "intervals.json", intervals)
    cli.log.info(
        "calibrate.complete",
        out=str(OUT),
        **{name: part["errors"] for name, part in intervals.items()},
    )


if __name__ == "__main__":
    main()
