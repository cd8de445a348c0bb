"""Baseline thresholds of a variant, checked by interval: a figure passes where its whole 95 %
interval is allowed, fails where no part of it is, and is inconclusive in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from lib.common.params import Section

PASS, FAIL, OPEN, UNKNOWN = "pass", "fail", "inconclusive", "not measured"


class Thresholds(Section):
    """What a variant has to hold; fractions, but for the COD, which is in percent."""

    gain: float = Field(ge=0)
    coverage_90: float = Field(gt=0, lt=1)
    cod: float = Field(gt=0)
    bias: float = Field(gt=0)
    hit_rate: float = Field(ge=0, le=1)
    area_level: float = Field(gt=0, lt=1)


def verdict(one: Mapping[str, float | None], floor: float | None, ceiling: float | None) -> str:
    """The verdict on a figure {value, low, high}; a missing bound of the allowed range is open."""
    low, high = one["low"], one["high"]
    if low is None or high is None:
        return UNKNOWN
    if (floor is not None and high < floor) or (ceiling is not None and low > ceiling):
        return FAIL
    inside = (floor is None or low >= floor) and (ceiling is None or high <= ceiling)
    return PASS if inside else OPEN


def check(
    score: Mapping[str, Any], gap: Mapping[str, float] | None, limits: Thresholds
) -> dict[str, dict[str, Any]]:
    """Each threshold by name: value, low, high, what is allowed (floor, ceiling), verdict.

    Parameters: a variant's part of metrics/evaluate.json; its MdAPE less that of the linear
    baseline on the same sales, with an interval (none: it is the baseline); the thresholds.
    """
    study = score.get("ratio_study", {}).get("untrimmed", {})
    figures: dict[str, tuple[Mapping[str, Any] | None, float | None, float | None]] = {
        "gain": (gap, None, 0.0 - limits.gain),
        "coverage_90": (
            score.get("interval_90", {}).get("coverage"),
            0.9 - limits.coverage_90,
            0.9 + limits.coverage_90,
        ),
        "cod": (study.get("cod"), None, limits.cod),
        "bias": (score["accuracy"]["bias"], -limits.bias, limits.bias),
        "hit_rate": (score["accuracy"]["hit_rate"], limits.hit_rate, None),
    }
    if gap is None:
        del figures["gain"]
    nothing = {"value": None, "low": None, "high": None}
    return {
        name: {key: (one or nothing)[key] for key in nothing}
        | {"floor": floor, "ceiling": ceiling, "verdict": verdict(one or nothing, floor, ceiling)}
        for name, (one, floor, ceiling) in figures.items()
    }
