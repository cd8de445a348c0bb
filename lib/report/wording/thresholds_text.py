"""What model cards say in words: what a variant is for, its thresholds, and the five factors of the
US rule on quality control of automated valuations (89 FR 64538; 12 CFR 323.17 and its siblings)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.evaluation.scoring.thresholds import FAIL, OPEN, PASS
from lib.report.wording.numbers import format_share

PRICE = {"sale": "the price of a sale", "rental": "the monthly rent"}
KINDS = {
    "own": "the home's own facts",
    "category": "the home's own facts, in words",
    "time": "time and season",
    "market": "as-of market, from sales closed before",
    "comparable": "as-of comparables, from sales closed before",
    "geo": "place",
    "text": "the remarks, as counts",
    "external": "external series, as released before",
    "photo": "photos, as counts and looks",
    "vector": "photos, as principal components of their vectors",
    "key": "the list price",
}
CHECKS = {
    "gain": "MdAPE less that of the linear baseline, same sales",
    "coverage_90": "prices inside the 90 % interval",
    "cod": "COD (spread of ratios about their median, in %)",
    "bias": "bias (median error)",
    "hit_rate": "homes that got a value",
    "area_level": "level of each ZIP against the level of all",
}
NOT_FOR = (
    "a decision on credit, insurance, tax or tenancy by this figure alone",
    "an appraisal: nobody has seen the home, its condition or its title",
    "kinds of homes, places or years that the data below do not hold",
    "a date before the end of training: the model has learnt from later sales",
)


DEMOGRAPHICS = (
    "REML reads nothing about people, so nothing here tells how valuations differ by race, "
    "origin, age or any other protected class. A level that is equal over ZIPs and price ranges "
    "is no proof of equal treatment: where a home lies can stand in for who lives there. To test "
    "it, somebody entitled to must join the test predictions "
    "(`data/evaluate/predictions.parquet`) with demographics of each home's census tract, for the "
    "test alone and never as inputs, compare level, error and coverage across tracts, and have "
    "counsel judge what is found."
)
GAPS = {  # by factor of the rule
    "High confidence in the estimates": (
        "One test period of one feed. No appraiser has looked at single values."
    ),
    "Protection against manipulation of data": (
        "Whether the MLS's entries are true is taken on trust (size, rooms and remarks are typed "
        "in by agents). Who may write to the raw folder is the operator's matter."
    ),
    "No conflicts of interest": (
        "Who trains, approves and uses a model, and whether they gain by its values, is not "
        "recorded here."
    ),
    "Random-sample testing and reviews": (
        "No person has reviewed a random sample of valuations, and nobody independent of the "
        "developers has repeated the test."
    ),
    "Compliance with nondiscrimination law": (
        "No demographics, so disparate impact is not tested."
    ),
}


def input_cautions(inputs: list[str]) -> str:
    """What somebody has to judge of a variant's inputs before it is used on people; "" if
    nothing."""
    local_names = [f"`{name}`" for name in inputs if name.startswith("local_")]
    cautions = []
    if local_names:
        cautions.append(
            f"The feed's own columns among the inputs ({', '.join(local_names)}) have to be judged "
            "by somebody who knows what they stand for."
        )
    if any(name.startswith("img_") for name in inputs):
        cautions.append(
            "Photos are among the inputs: they may show people, or things by which one can guess "
            "who lives there, and nobody has looked for that."
        )
    return " ".join(cautions)


class Factor(NamedTuple):
    """One factor of the rule, and what this run shows of it."""

    factor: str
    evidence: str


def intended_use_sentence(domain: str, view: str, served: bool, synthetic: bool) -> str:
    """What a variant is for, in a sentence or two."""
    if view == "aware":
        return (
            f"Comparison only: it estimates {PRICE[domain]} knowing the list price, which is "
            "nearly the answer. It values no home and joins no blend."
        )
    text = f"It estimates {PRICE[domain]} of a home as of a date, with an interval, "
    text += (
        "and values this feed's homes on the market."
        if served
        else "and values no home by itself: it is there to be compared, and to join a blend."
    )
    return text + (" On this feed it shows only that the pipeline works." if synthetic else "")


def limitation_sentences(
    test: Mapping[str, Any], lacks: list[str], slices: int, thin: int
) -> list[str]:
    """What the figures of a card do not show, one sentence each.

    Parameters: `grouped` (whether no date parts the sales), `first` and `last` day and `days` of
    the test; what the feed lacks; how many slices the card has, and how many of them are thin.
    """
    sentences = list(lacks)
    if not test["grouped"]:
        sentences.append(
            f"The test is one stretch of {test['days']} days ({test['first']} to {test['last']}): "
            "it says little about other seasons, and nothing about a market that turns after it."
        )
    sentences.append("Only homes that sold are tested; those that nobody bought may differ.")
    if thin:
        sentences.append(
            f"{thin} of the {slices} slices above rest on under 30 sales (marked thin): a single "
            "sale moves their figures."
        )
    return sentences


def rule_factors(facts: Mapping[str, Any]) -> list[Factor]:
    """The five factors with this run's evidence; see `lib.evaluation.cards.card` for the facts."""
    checks = facts["checks"]
    tally = ", ".join(
        f"{sum(one['verdict'] == verdict for one in checks.values())} {verdict}"
        for verdict in (PASS, FAIL, OPEN)
    )
    decided = facts["overrides"]
    return [
        Factor(
            "High confidence in the estimates",
            f"{facts['headline']} Thresholds: {tally}. No feature knows more than was known on "
            "the home's day (tests plant later facts and look for them).",
        ),
        Factor(
            "Protection against manipulation of data",
            f"Raw files are named by hash and never changed; {facts['quarantined']:,} rows are "
            f"quarantined and {facts['excluded']:,} closed sales are kept from serving as "
            "evidence, each with a reason. "
            + (
                "This variant sees the list price."
                if facts["view"] == "aware"
                else "No list price is an input, so asking more does not raise a value."
            ),
        ),
        Factor(
            "No conflicts of interest",
            f"No input says who sells, buys, lists or lends. People decided on {decided} sales "
            "(`overrides.csv`), each signed and with a reason.",
        ),
        Factor(
            "Random-sample testing and reviews",
            f"Tested on every closed sale of the test, {facts['sales']:,}, not on a sample, odd "
            "ones included; the same run gives the same bytes.",
        ),
        Factor(
            "Compliance with nondiscrimination law",
            f"Error, coverage and level by ZIP and price range above ({facts['areas']}). REML "
            "reads nothing about people; ZIP and coordinates are "
            + ("inputs" if facts["placed"] else "no inputs, but other inputs follow them")
            + " and can stand in for who lives there.",
        ),
    ]


def threshold_rows(checks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each threshold as people read it: name, figure with interval, what is allowed, verdict."""

    def told(name: str, value: float | None) -> str:
        if value is None:
            return "n/a"
        if name == "gain":
            return f"{value * 100:.2f} points"
        return f"{value:.1f}" if name == "cod" else format_share(value)

    rows = []
    for name, one in checks.items():
        if "told" in one:  # many figures in one line
            shown, allowed = one["told"], one["allowed"]
        else:
            value, low, high = (told(name, one[end]) for end in ("value", "low", "high"))
            floor, ceiling = (told(name, one[end]) for end in ("floor", "ceiling"))
            shown = "n/a" if one["value"] is None else f"{value} ({low} to {high})"
            allowed = f"{floor} to {ceiling}"
            if one["floor"] is None:
                allowed = f"under {ceiling}"
            elif one["ceiling"] is None:
                allowed = f"at least {floor}"
        rows.append(
            {
                "name": CHECKS[name],
                "shown": shown,
                "allowed": allowed,
                "verdict": one["verdict"],
            }
        )
    return rows
