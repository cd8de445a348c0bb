"""Whether the variants that the sections of params.yaml name fit each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lib.common import dictionary
from lib.common.errors import require
from lib.common.params import validate
from lib.common.vocabulary import DOMAINS
from lib.features import spec
from lib.listings.contract import reso
from lib.models.tuning import SHARED, model_ranges
from lib.models.variants.photo.photo_pca import is_vector_input
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
                if stage == "fuse" and photos.entry(name) and not is_vector_input(name):
                    entry = photos.entry(name)
                fits = entry is not None and entry.kind != "key" and (entry.type == "text") == text
                require(
                    fits or (name == LISTED and not text),
                    f"{file}, {stage}.{model}.{setting}: {name} is no input that holds "
                    f"{'text' if text else 'numbers'}; {spec.META} lists those that there are",
                )


def _input_names(stage: str, windows: Sequence[int]) -> list[str]:
    """Names and patterns of the inputs that models of `stage` may see, a window each."""
    tables = [dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]]
    if stage == "fuse":
        tables.append(dictionary.read_spec(dictionary.CODE / PHOTOS_META).tables[PHOTOS_TABLE])
    names = [LISTED]
    for name in (n for table in tables for n, one in table.columns.items() if one.kind != "key"):
        names += [name.replace("[0-9]*d", f"{days}d") for days in windows] or [name]
    return names


def _begins_input(prefix: str, names: list[str]) -> bool:
    """Whether a prefix fits the beginning of any of some names and patterns.

    Examples
    --------
    >>> _begins_input("comp_", ["comp_log_price"]), _begins_input("cmop_", ["comp_log_price"])
    (True, False)
    >>> _begins_input("local_gr", ["local_*"])
    True
    """
    for name in names:
        head = re.split(r"[*?\[]", name)[0]
        end = re.split(r"[*?\]]", name)[-1]
        if head.startswith(prefix) or fnmatchcase(prefix, name) or fnmatchcase(prefix + end, name):
            return True
    return False


def _check_prefixes(content: dict[str, Any], file: str) -> None:
    """Raise `RemlError` where `without` of a model, or a named set of inputs, has a prefix that no
    input begins with: nothing would be kept away, without a word."""
    windows = content.get("features", {}).get("windows", [])
    for stage in ("train", "fuse"):
        section, names = content[stage], _input_names(stage, windows)
        named = [
            (f"{model}.without", section.get(model, {}).get("without", ())) for model in MODELS
        ]
        named += [(f"feature_sets.{n}", one) for n, one in section.get("feature_sets", {}).items()]
        for where, prefixes in named:
            for prefix in prefixes:
                heads = sorted({re.split(r"[*?\[]", name)[0] for name in names})
                near = difflib.get_close_matches(prefix, heads, n=1, cutoff=0.5)
                require(
                    _begins_input(prefix, names),
                    f"{file}, {stage}.{where}: no input begins with {prefix!r}"
                    f"{f' (nearest: {near[0]})' if near else ''}; {spec.META} lists them",
                )


def _check_columns(content: dict[str, Any], file: str) -> None:
    """Raise `RemlError` where a section names a column that no feed and no feature can have, or a
    domain that there is not."""
    listed = dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]
    fields = reso.load_dictionary().fields
    features, screen = content.get("features", {}), content.get("screen", {})
    named = [
        *((f"features.{kind}.axes", name) for kind in ("comparables", "kriging")
          for name in features.get(kind, {}).get("axes", {})),
        *(("screen.outliers.area", name) for name in [screen.get("outliers", {}).get("area")]
          if name),
        *(("calibrate.abstention.beyond", name)
          for name in content.get("calibrate", {}).get("abstention", {}).get("beyond", {})),
    ]  # fmt: skip
    for where, name in named:
        near = difflib.get_close_matches(name, fields, n=1)
        require(
            name in fields or listed.entry(name) is not None or name.startswith("local_"),
            f"{file}, {where}: no column {name!r}{f' (nearest: {near[0]})' if near else ''}; name "
            f"a field of RESO's, an input of {spec.META}, or a local_* column of the feed",
        )
    domains = content["predict"]["variants"]
    require(
        set(domains) == set(DOMAINS),
        f"{file}, predict.variants: {', '.join(sorted(domains))}; give a variant for each of "
        f"{', '.join(DOMAINS)} and nothing else",
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
    share a name; or where `ablate`, a model's section (`_check_inputs`, `_check_prefixes`), a
    column (`_check_columns`) or `tune` (`_check_tune`) names what is not there.

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
    _check_prefixes(content, file)
    _check_columns(content, file)
    _check_tune(content["tune"], content["train"], file)
