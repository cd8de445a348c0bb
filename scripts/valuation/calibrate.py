"""Turn each variant's out-of-fold errors of the past into conformal intervals for what came later.

Each test sale and each listing on the market gets intervals, a forecast standard deviation and, if
its valuation is not to be relied on, the reason.

Example: python -m scripts.valuation.calibrate
"""

from functools import partial
from pathlib import Path
from typing import Any

import click

from lib.common import artifacts, cli, dictionary, io, params
from lib.common.processes import map_processes
from lib.models.calibration import prediction_intervals
from lib.models.calibration.prediction_intervals import CalibrateParams, join_features

OUT = Path("data/calibrate")
META = Path("lib/models/calibration/calibrate.meta.yml")
METRICS = Path("metrics/calibrate.json")


def calibrate_variant(variant: str, settings: CalibrateParams, seed: int) -> dict[str, Any] | None:
    """Fit and write the intervals of one variant; what the metrics tell of it, or None where the
    variant was skipped."""
    folder = artifacts.model_folders()[variant]
    saved = artifacts.read_model(folder)
    if isinstance(saved, artifacts.Skipped):
        return None
    domain = saved.domain
    features = io.read_parquet(Path(f"data/features/{domain}.parquet"))
    roles = io.read_parquet(Path(f"data/split/{domain}.parquet"))
    learnt = features[
        features["listing_key"].isin(roles.loc[roles["role"] == "train", "listing_key"])
    ]
    predicted = io.read_parquet(folder / "predictions.parquet")
    table = join_features(predicted, features)
    state, scored = prediction_intervals.fit_intervals(
        table, saved.inputs, learnt, settings.coverages, settings, seed
    )
    later = table[table["role"] != "train"]
    ranges = later[["listing_key", "role"]].join(
        prediction_intervals.predict_intervals(later, scored, state, newcomers=False)
    )
    io.write_json(OUT / variant / "model.json", state)
    io.write_parquet(OUT / variant / "scores.parquet", scored, ["listing_key"])
    io.write_parquet(OUT / variant / "intervals.parquet", ranges, ["listing_key"])
    return {
        "errors": int(scored["past"].sum()),
        "method": state["method"],
        "groups": len(state["groups"]["edges"]) + 1,
        "half_life_days": state["half_life"],
        "abstained": int(ranges["pred_abstention"].notna().sum()),
        "of": len(ranges),
    }


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("calibrate", CalibrateParams)
    names = list(artifacts.model_folders())
    parts = map_processes(
        partial(calibrate_variant, settings=settings, seed=base.seed), names, label="calibrate"
    )
    told = {name: part for name, part in zip(names, parts, strict=True) if part is not None}
    io.write_json(METRICS, {"feed": base.feed, "variants": told})
    dictionary.enforce_ranges(META, OUT)
    cli.log.info(
        "calibrate.complete", out=str(OUT), **{v: f"{p['errors']} errors" for v, p in told.items()}
    )


if __name__ == "__main__":
    main()
