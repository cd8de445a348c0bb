"""The record of a run for a tracking server: settings and hashes of its models, and its figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lib.common import io, params


@dataclass(frozen=True)
class RunRecord:
    """One run: `params` and `tags` as text, `metrics` as numbers, and `content`, a hash of all
    three, by which a run that is already logged is found again."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]

    @property
    def content(self) -> str:
        parts = [self.params, self.metrics, self.tags]
        return io.sha256(json.dumps(parts, sort_keys=True).encode())


def make_record(summary: dict[str, dict[str, Any]], models: dict[str, bytes]) -> RunRecord:
    """The record of a run.

    `summary` is metrics/summary.json, `models` holds each variant's model.json as it lies there. A
    variant that was skipped has no settings; a figure that is null is left out.
    """
    params, tags = {}, {}
    for variant, content in sorted(models.items()):
        saved = json.loads(content)
        tags[f"model_sha256.{variant}"] = io.sha256(content)
        for name, value in sorted((saved.get("params") or {}).items()):
            params[f"{variant}.{name}"] = json.dumps(value)
    metrics = {
        f"{variant}.{name}": float(value)
        for variant, figures in sorted(summary.items())
        for name, value in sorted(figures.items())
        if value is not None
    }
    return RunRecord(params, metrics, tags)


class TrackParams(params.Section):
    """The `track` section of params.yaml."""

    uri: str
