"""Whether the variants that the sections of params.yaml name fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib.common import dictionary
from lib.common.errors import require
from lib.common.params import validate
from lib.features import spec
from lib.models.tuning import SHARED, model_ranges
from lib.models.variants.photo.photo_pca import is_vector
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.training.estimators.registry import BOOSTED, TABULAR
from lib.models.variants.training.training_table import LISTED

PHOTOS_META, PHOTOS_TABLE = Path("lib/models/variants/fuse.meta.yml"), "inputs of data/fuse"
# settings that name inputs -> whether those hold text
NAMING = {"start": False, "monotone": False, "encode": True}


def _check_inputs(sections: dict[str, Any], file: str, stage: str) -> None:
    """Raise `RemlError` where a model's section of `stage` names an input that the feature spec
    does not list, or one of the wrong type: it would be passed over without a word."""
    listed = dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]
    photos = dictionary.read_spec(dictionary.CODE / PHOTOS_META).tables[PHOTOS_TABLE]
    for model in MODELS:
        for setting, text in NAMING.items():
            for name in sections.get(model, {}).get(setting, ()):
                entry = listed.entry(name)
                if stage == "fuse" and photos.entry(name) and not is_vector(name):
                    entry = photos.entry(name)
                fits = entry is not None and entry.kind != "key" and (entry.type == "text") == text
                require(
                    fits or (name == LISTED and not text),
                    f"{file}, {stage}.{model}.{setting}: {name} is no input that holds "
                    f"{'text' if text else 'numbers'}; {spec.META} lists those that there are",
                )


def _check_tune(tune: dict[str, Any], train: dict[str, Any], file: str) -> None:
    """Raise `RemlError` where `tune` names no variant or model, has no ranges for the variant's
    model, names settings that a model does not have, or an end that such a setting cannot take."""
    place, trained = f"{file}, tune", train["variants"]
    require(
        tune["variant"] in trained,
        f"{place}.variant: no variant {tune['variant']!r} (there are: {', '.join(trained)})",
    )
    chosen = trained[tune["variant"]]["model"]
    require(
        bool(model_ranges(tune["ranges"], chosen)),
        f"{place}.ranges: nothing to search for {tune['variant']}; give {chosen} its ranges",
    )
    there = ", ".join([*TABULAR, SHARED])
    for key, ranges in tune["ranges"].items():
        where = f"{place}.ranges.{key}"
        require(key in TABULAR or key == SHARED, f"{where}: no such model (there are: {there})")
        for model in BOOSTED if key == SHARED else [key]:
            section = TABULAR[model][1]
            unknown = sorted(set(ranges) - set(section.model_fields))
            require(not unknown, f"{where}: no such setting: {', '.join(unknown)}")
            for name, ends in ranges.items():
                for end in ("low", "high"):
                    validate(section, train[model] | {name: ends[end]}, f"{where}.{name}.{end}")


def check_params(content: dict[str, Any], file: str) -> None:
    """Raise `RemlError` where a blend names members that are not fitted, are of another domain or
    see list prices; where homes would be valued by a variant of such a kind; where two variants
    share a name; or where `ablate`, a model's section (`_check_inputs`) or `tune` (`_check_tune`)
    names what is not there.

    `content` is that of params.yaml, each section valid by itself; `file` is what to call it.
    """
    trained, fused, blends = (content[name]["variants"] for name in ("train", "fuse", "blend"))
    for stage, variants, others in (
        ("fuse", fused, {"train": trained}),
        ("blend", blends, {"train": trained, "fuse": fused}),
    ):
        for other, named_there in others.items():
            both = sorted(variants.keys() & named_there.keys())
            twice = f"{', '.join(both)} is in {other}.variants too"
            require(not both, f"{file}, {stage}.variants: {twice}")
    fitted = trained | fused
    named = [
        (f"blend.variants.{name}.members", member, one["domain"], fitted)
        for name, one in blends.items()
        for member in one["members"]
    ]
    named += [
        (f"predict.variants.{domain}", name, domain, fitted | blends)
        for domain, name in content["predict"]["variants"].items()
    ]
    for where, name, domain, variants in named:
        place = f"{file}, {where}"
        require(
            name in variants, f"{place}: no variant {name!r} (there are: {', '.join(variants)})"
        )
        valued = variants[name]["domain"]
        require(valued == domain, f"{place}: {name} values the domain {valued!r}, not {domain!r}")
        require(
            variants[name].get("view", "blind") == "blind",
            f"{place}: {name} sees list prices; what values homes stays blind to them",
        )
    ablated = content["ablate"]
    for where, names in (("", ablated["variants"]), ("photos.", ablated["photos"]["variants"])):
        for name in names:
            require(
                name in fitted,
                f"{file}, ablate.{where}variants: no trained variant {name!r} (there are: "
                f"{', '.join(fitted)})",
            )
    for stage in ("train", "fuse"):
        _check_inputs(content[stage], file, stage)
    _check_tune(content["tune"], content["train"], file)
