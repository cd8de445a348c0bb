"""What `train`, `fuse` and `blend` write of a model, and where it lies: model.json, typed.

A folder below `ROOTS` is a variant or a blend. Its model.json is a `FittedVariant`, a `Blend` with
its members inside, or a `Skipped`; `read_model` tells which by the keys that each alone has. It is
read and written here and nowhere else. Beside it lie out-of-fold and later predictions. What its
readers cannot use they refuse by `refusal`, which names the file and the key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from lib.common import io
from lib.common.errors import RemlError, require
from lib.common.params import Section

FITTED = (Path("data/train"), Path("data/fuse"))
ROOTS = (*FITTED, Path("data/blend"))

View = Literal["blind", "aware"]
MEND = (
    "another version of REML wrote it or it is damaged: have `make repro` (for another feed "
    "`make run FEED=<feed>`) fit it again"
)


def _iso_date(text: str) -> str:
    """`text`, which has to be a date like 2024-05-01."""
    dt.date.fromisoformat(text)
    return text


Day = Annotated[str, AfterValidator(_iso_date)]


class LevelSettings(Section):
    """The `train.level` section: days looked back, and the count of sales that halves trust."""

    days: int = Field(ge=1)
    shrink: float = Field(ge=0)


class _Artifact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    _file: str = PrivateAttr("model.json")
    _at: str = PrivateAttr("")  # what its keys begin with there: members of a blend

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they were read."""
        return type(self) is type(other) and dict(self) == dict(other)

    def refusal(self, key: str, why: str) -> RemlError:
        """The error to raise where what stands under `key` cannot be used."""
        return RemlError(f"{self._file}: {self._at}{key}: {why}; {MEND}")


class FittedVariant(_Artifact):
    """A model fitted on the past of a domain.

    `params` is its section of params.yaml, `inputs` the columns that it sees, `state` the estimator
    as text. `features` holds the hashes of the feature table that it has learnt from, `encoder` and
    `vectors_sha256` the same of photos, where it sees any. `trained_before` is an ISO date.
    """

    domain: str
    model: str
    view: View
    seed: int
    params: dict[str, Any]
    level: LevelSettings | None
    inputs: list[str]
    features: dict[str, str]
    encoder: dict[str, Any] | None = None
    vectors_sha256: str | None = None
    trained_before: Day
    trained_on: int
    importances: dict[str, float]
    state: str

    @property
    def parts(self) -> list[FittedVariant]:
        """The variants that make the estimate: this one."""
        return [self]


class Blend(_Artifact):
    """A weighted mean of fitted variants' log prices; `weights` sum to one, by member."""

    domain: str
    model: Literal["blend"]
    view: View
    weights: dict[str, float]
    members: dict[str, FittedVariant]
    level: LevelSettings | None
    trained_before: Day
    trained_on: int
    importances: dict[str, float]

    @model_validator(mode="after")
    def _each_member_has_its_weight(self) -> Blend:
        if self.weights.keys() != self.members.keys():
            raise ValueError("`weights` and `members` name other variants")
        return self

    @property
    def parts(self) -> list[FittedVariant]:
        """The variants that make the estimate: the members."""
        return list(self.members.values())

    @property
    def inputs(self) -> list[str]:
        """The columns that any member sees, each once, in the members' order."""
        return list(dict.fromkeys(name for member in self.parts for name in member.inputs))


class Skipped(_Artifact):
    """A variant or blend that was not fitted; `skipped` says why."""

    skipped: str


Model = FittedVariant | Blend


def _kind(content: Any) -> str:
    """Which of the three a mapping or an artifact is."""
    keys = content if isinstance(content, dict) else type(content).model_fields
    return "skipped" if "skipped" in keys else "blend" if "weights" in keys else "variant"


_ARTIFACT: TypeAdapter[Model | Skipped] = TypeAdapter(
    Annotated[
        Annotated[FittedVariant, Tag("variant")]
        | Annotated[Blend, Tag("blend")]
        | Annotated[Skipped, Tag("skipped")],
        Discriminator(_kind),
    ]
)


def visible_columns(inputs: list[str], params: dict[str, Any]) -> list[str]:
    """The inputs that a model with these settings looks at: by name, or to start or encode from."""
    named = {*params.get("start", []), *params.get("encode", [])}
    hidden = tuple(params.get("without", []))
    return [name for name in inputs if name in named or not name.startswith(hidden)]


def model_folders(roots: Iterable[Path] = ROOTS) -> dict[str, Path]:
    """The folder of each variant and blend by its name; it holds model.json and
    predictions.parquet."""
    found = [folder for root in roots if root.is_dir() for folder in root.iterdir()]
    return {folder.name: folder for folder in sorted(found, key=lambda folder: folder.name)}


def validation_refusal(where: str, error: ValidationError, skip: int = 0) -> RemlError:
    """The error to raise for the first fault that `error` has of the file `where`; `skip` parts of
    its key are tags of unions."""
    fault = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in fault["loc"][skip:]) or "(top level)"
    return RemlError(f"{where}: {key}: {fault['msg']}; {MEND}")


def parse_model(content: Any, where: str) -> Model | Skipped:
    """The content of a model.json, typed; raises `RemlError` naming `where` if it is none."""
    require(isinstance(content, dict), f"{where}: (top level): no JSON object; {MEND}")
    try:
        artifact = _ARTIFACT.validate_python(content)
    except ValidationError as error:
        raise validation_refusal(where, error, skip=1) from error
    artifact._file = where
    for name, member in artifact.members.items() if isinstance(artifact, Blend) else ():
        member._file, member._at = where, f"members.{name}."
    return artifact


def read_model(folder: Path) -> Model | Skipped:
    """What a variant's or blend's folder holds; raises `RemlError` where it holds no model.json, or
    one that this version cannot read."""
    path = folder / "model.json"
    return parse_model(io.read_json(path), str(path))


def read_fitted(folder: Path) -> Model:
    """As `read_model`; raises `RemlError` also where the variant was skipped."""
    artifact = read_model(folder)
    if isinstance(artifact, Skipped):
        raise RemlError(f"{folder}: it was not fitted: {artifact.skipped}")
    return artifact


def write_model(folder: Path, artifact: Model | Skipped) -> None:
    """Write model.json; what was not set (photos of a variant that sees none) is left out."""
    io.write_json(folder / "model.json", artifact.model_dump(exclude_unset=True))
