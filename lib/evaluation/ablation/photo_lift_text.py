"""Sentences on the lift of photos: the verdict, its evidence, and the costs."""

from __future__ import annotations

from typing import Any

METRICS = {"mape": "MAPE", "mdape": "MdAPE"}
NAMES = {"with": "with photos", "without": "without photos", "shuffled": "with shuffled photos"}


def format_p_value(p: float) -> str:
    """0.0004998 -> p = 0.0005."""
    return f"p = {p:.4f}" if p < 0.01 else f"p = {p:.2f}"


def format_points(share: float) -> str:
    """A difference of errors in points: 0.0155 -> +1.55."""
    return f"{100 * share:+.2f}"


def format_points_interval(one: dict[str, Any]) -> str:
    """The interval of a difference of errors in points: +1.21 to +1.88."""
    return f"{format_points(one['low'])} to {format_points(one['high'])}"


def _format_gain(one: dict[str, Any]) -> str:
    """A difference of errors: +1.55 points (95 % interval +1.21 to +1.88; +10.7 %; p = 0.0005)."""
    text = (
        f"{format_points(one['value'])} points (95 % interval {format_points_interval(one)}; "
        f"{100 * one['relative']:+.1f} %"
    )
    return f"{text}; {format_p_value(one['p'])})" if "p" in one else f"{text})"


def _describe_guard(part: dict[str, Any]) -> str:
    """What the guard did: nothing, or which leakage checks it ran and what they found."""
    guard, checks = part["guard"], part["checks"]
    if not guard["fired"]:
        return ""
    failed = [one for one in checks if one["passed"] is False]
    looked = [one for one in checks if one["passed"] is not None]
    text = (
        f"A relative lift of {100 * guard['relative']:.1f} % in {METRICS[guard['metric']]} is "
        f"above {100 * guard['limit']:.0f} %, so the leakage checks ran"
    )
    if not failed:
        return f"{text} and passed: {', '.join(one['name'] for one in looked)}."
    return f"{text}, and {len(failed)} of {len(looked)} failed: " + " ".join(
        one["told"] for one in failed
    )


def _note_if_worse(best: dict[str, Any] | None) -> str:
    """A clause for where the best variant without photos is surely better."""
    return ", which is better" if best and best["gain"]["mape"]["high"] < 0 else ""


def describe_lift(part: dict[str, Any]) -> str:
    """The verdict in words on one variant's part of `metrics/ablate.json`, by the rules of
    `lib.evaluation.ablation.photo_lift.judge_lift`; what was skipped says why."""
    if "skipped" in part:
        return f"not measured: {part['skipped']}"
    mape, errors = part["lift"]["mape"], part["errors"]
    before, after = (100 * errors[name]["mape"] for name in ("without", "with"))
    observed = (
        f"MAPE is {before:.2f} % without photos and {after:.2f} % with them, "
        f"{format_points(mape['value'])} points of lift (95 % interval "
        f"{format_points_interval(mape)}, {format_p_value(mape['p'])}, {part['sales']:,} sales of "
        "the folds)"
    )
    control = part["control"]["mape"]
    shuffled = (
        f"photos shuffled between listings give {format_points(control['value'])} "
        f"({format_points_interval(control)})"
    )
    best = part["best_blind"]
    rival = (
        f"{best['variant']}, the best single variant without photos, has MAPE "
        f"{100 * best['mape']:.2f} % on the same sales, {_format_gain(best['gain']['mape'])} above "
        "this variant with them"
        if best
        else "there is no other variant without photos"
    )
    lead = {
        "help": f"photos help: {observed}; {shuffled}; {rival}.",
        "weak": f"no significant lift over the best without photos{_note_if_worse(best)}: {rival}. "
        f"Within this variant {observed}; {shuffled}.",
        "none": f"no significant lift: {observed}.",
        "hurt": f"photos hurt: {observed}.",
        "doubt": f"not to be believed: {observed}; {shuffled}.",
    }[part["verdict"]]
    return f"{lead} {_describe_guard(part)}".strip()


def describe_cost(part: dict[str, Any]) -> str:
    """What 1,000 listings' photos take: the rate is the encoder's declared one."""
    cost = part["cost"]
    return (
        f"1,000 listings ({cost['photos_per_listing']:.1f} photos each) take "
        f"{cost['seconds']:,.0f} s and ${cost['dollars']:.4f} with the encoder {cost['encoder']}, "
        f"at its declared {cost['photos_per_second']:g} photos a second (make bench ONLY=embed "
        "measures it)"
    )


def lift_report_lines(variant: str, part: dict[str, Any]) -> list[str]:
    """All that a person is to read of one variant: verdict, errors, lift, control, slices, checks,
    runtime and cost."""
    out = [f"{variant}: {part['told']}"]
    if "skipped" in part:
        return out
    out.append(
        f"  {part['sales']:,} sales of {part['homes']:,} homes in the folds of the past, "
        f"{part['with_photos']:,} of them with photos; the test was not looked at"
    )
    for name, errors in part["errors"].items():
        figures = "  ".join(f"{METRICS[one]} {errors[one]:.2%}" for one in METRICS)
        out.append(f"  {NAMES[name]:<22} {figures}")
    for name, key in (("lift", "lift"), ("lift when shuffled", "control")):
        out += [f"  {name}, {METRICS[one]}: {_format_gain(part[key][one])}" for one in METRICS]
    for one in part["slices"]:
        thin = "  thin: below 30 sales" if one["thin"] else ""
        mape = _format_gain(one["mape"])
        out.append(f"  {one['kind']}, {one['slice']}: {one['sales']:,} sales, MAPE {mape}{thin}")
    marks = {True: "passed", False: "FAILED", None: "not measured"}
    out += [
        f"  check, {one['name']}: {marks[one['passed']]}. {one['told']}" for one in part["checks"]
    ]
    return [*out, f"  {describe_cost(part)}"]
