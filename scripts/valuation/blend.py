"""Blend the variants of a domain, weighted by what they did out of fold.

A blend lies in the form of a variant, its members inside it, so that it is calibrated, scored and
served like one. A member that could not be fitted, for want of photos say, is left out.

Example: python -m scripts.valuation.blend
"""

from pathlib import Path

import click
import pandas as pd

from lib.common import artifacts, cli, dictionary, io, params
from lib.common.artifacts import Blend, FittedVariant, Model, Skipped
from lib.common.errors import require
from lib.models import stacking
from lib.models.stacking import BlendParams, BlendVariant

OUT = Path("data/blend")
META = Path("lib/models/blend.meta.yml")
SPLIT = Path("data/split")
METRICS = Path("metrics/blend.json")


def read_member(name: str, chosen: BlendVariant, variant: str) -> Model | Skipped:
    """What `train` or `fuse` saved of one member of a blend."""
    known = artifacts.model_folders(artifacts.FITTED)
    where = f"params.yaml, blend.variants.{variant}.members"
    require(name in known, f"{where}: no trained variant {name!r} (trained: {', '.join(known)})")
    saved = artifacts.read_model(known[name])
    if isinstance(saved, Skipped):
        return saved
    require(
        saved.domain == chosen.domain,
        f"{where}: {name} values the domain {saved.domain!r}, not {chosen.domain!r}",
    )
    require(saved.view == "blind", f"{where}: {name} sees list prices; a blend stays blind to them")
    return saved


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("blend", BlendParams)
    tally: dict[str, dict] = {}
    left_out: dict[str, dict[str, str]] = {}
    fitted = artifacts.model_folders(artifacts.FITTED)
    for variant, chosen in settings.variants.items():
        folder = OUT / variant
        require(
            len(chosen.members) > 0 and variant not in fitted,
            f"params.yaml, blend.variants.{variant}: a blend has members and a name of its own",
        )
        saved = {name: read_member(name, chosen, variant) for name in chosen.members}
        without = {n: one.skipped for n, one in saved.items() if isinstance(one, Skipped)}
        members = {n: one for n, one in saved.items() if isinstance(one, FittedVariant)}
        if not members:
            skipped = next(iter(without.values()))
            tally[variant] = {"skipped": skipped}
            artifacts.write_model(folder, Skipped(variant=variant, skipped=skipped))
            io.write_parquet(folder / "predictions.parquet", pd.DataFrame({"listing_key": []}), [])
            continue
        left_out |= {variant: without} if without else {}
        roles = io.read_parquet(SPLIT / f"{chosen.domain}.parquet").set_index("listing_key")
        grouped = "grouped" in io.read_json(SPLIT / "split.json")[chosen.domain]
        correction = None if grouped else settings.level  # without dates nobody knows newest sales
        tables = {name: io.read_parquet(fitted[name] / "predictions.parquet") for name in members}
        fold = roles.loc[next(iter(tables.values()))["listing_key"], "fold"]
        share, predicted = stacking.blend_predictions(tables, fold, settings.weighting, correction)
        first = next(iter(members.values()))
        io.write_parquet(folder / "predictions.parquet", predicted, ["listing_key"])
        artifacts.write_model(
            folder,
            Blend(
                variant=variant,
                domain=chosen.domain,
                model="blend",
                view="blind",
                weights=share,
                members=members,
                level=correction,
                trained_before=first.trained_before,
                trained_on=first.trained_on,
                importances=stacking.blend_importances(members, share),
            ),
        )
        tally[variant] = {name: round(weight, 4) for name, weight in share.items()}
    told = {"left_out": left_out} if left_out else {}
    io.write_json(METRICS, {"feed": base.feed, "weights": tally} | told)
    dictionary.enforce_ranges(META, OUT)
    cli.log.info("blend.complete", out=str(OUT), **tally, **told)


if __name__ == "__main__":
    main()
