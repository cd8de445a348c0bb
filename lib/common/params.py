"""Typed parameters: one frozen section of params.yaml per stage, unknown keys refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from lib.common.errors import RemlError, require

PARAMS_FILE = Path("params.yaml")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


class Section(BaseModel):
    """A part of params.yaml (or of a contract): frozen, and every unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Base(Section):
    """The `base` section, which every stage may read."""

    feed: str
    as_of: dt.date | None
    seed: int


S = TypeVar("S", bound=Section)


def read_yaml(path: Path) -> dict:
    """The mapping in a YAML file.

    Raises `RemlError` where the file is missing, is not YAML, or holds no mapping.
    """
    require(path.is_file(), f"{path}: no such file")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RemlError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    require(isinstance(content, dict), f"{path}: expected `key: value` lines at the top level")
    return content


def validate(model: type[S], content: object, where: str) -> S:
    """`content` as a `model`. Raises `RemlError` with one clause per wrong or unknown key."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False):
            key = ".".join(str(part) for part in fault["loc"]) or "(top level)"
            wrong = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"]
            faults.append(f"{key}: {wrong}")
        raise RemlError(f"{where}: {'; '.join(faults)}") from error


def load_sections(name: str, model: type[S], path: Path = PARAMS_FILE) -> tuple[Base, S]:
    """The `base` section and the section called `name`, as frozen models.

    Raises `RemlError` naming the file and key where a section is missing or does not fit.
    """
    content = read_yaml(path)
    require("base" in content, f"{path}: no `base` section")
    require(name in content, f"{path}: no `{name}` section")
    base = validate(Base, content["base"], f"{path}, section base")
    return base, validate(model, content[name], f"{path}, section {name}")


def flatten_params(settings: dict, prefix: str = "") -> dict[str, object]:
    """Nested settings by dotted name, as `dvc params` and `--set` spell them.

    Examples
    --------
    >>> flatten_params({"split": {"folds": 3}, "seed": 1})
    {'split.folds': 3, 'seed': 1}
    """
    out: dict[str, object] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        out |= flatten_params(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return out
