"""The comment under a pull request, as Markdown. Equal inputs give equal bytes: no clock, and an
order that does not depend on the order of the input."""

from __future__ import annotations

from typing import Any

from lib.ops.compare import figures
from lib.ops.compare.figures import FigureChange

ARROWS = {True: "↑", False: "↓"}
WORDS = {1: "better", -1: "worse", 0: ""}
HASH = 8  # digits of a hash that are shown
WIDEST = 60  # letters of a parameter's value that are shown


def _escape_cell(value: object) -> str:
    """A value in a table: no bar, no backtick and no line break of its own, and not endless."""
    text = " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def markdown_table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table, with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def _with_span(metric: str, value: float | None, span: tuple[float, float] | None) -> str:
    figure = figures.format_figure(metric, value)
    if value is None or span is None:
        return figure
    low, high = (figures.format_figure(metric, end).removesuffix(" %") for end in span)
    return f"{figure} [{low}, {high}]"


def _row(one: FigureChange) -> list[str]:
    change, word = "", WORDS[one.sign]
    if one.old is not None and one.new is not None:
        step = figures.format_figure(one.metric, one.new - one.old, True)
        change = f"{ARROWS[one.new > one.old]} {step}"
    else:
        word = "new" if one.old is None else "gone"
    before = _with_span(one.metric, one.old, one.old_span)
    return [f"`{one.variant}`", one.metric, before,
            _with_span(one.metric, one.new, one.new_span), change, word]  # fmt: skip


def figure_lines(rows: list[FigureChange], serving: list[str]) -> list[str]:
    """The figures that moved: of what values homes in the open, of the others folded away."""
    out = ["### Figures that moved", ""]
    if not rows:
        return [*out, "None: every figure in `metrics/summary.json` is as it was.", ""]
    out += [
        "In brackets: 95 % bootstrap intervals. Choose by `fold_` figures; the rest is the test.",
        "",
    ]
    head = ["variant", "figure", "base", "now", "change", ""]
    first = [_row(one) for one in rows if one.variant in serving]
    rest = [_row(one) for one in rows if one.variant not in serving]
    out += markdown_table(head, first) if first else ["Nothing of what values homes moved.", ""]
    if rest:
        out += [f"<details><summary>Other variants ({len(rest)} figures)</summary>", ""]
        out += [*markdown_table(head, rest), "</details>", ""]
    return out


def _interval(gap: dict[str, float]) -> str:
    ends = [f"{100 * gap[name]:+.2f}" for name in ("low", "high")]
    return f"{100 * gap['value']:+.2f} points, 95 % interval {ends[0]} to {ends[1]}"


def _significant_sign(gap: dict[str, float]) -> int:
    """1 where the interval of a difference in error lies below zero (better), -1 above, else 0."""
    return int(gap["high"] < 0) - int(gap["low"] > 0)


def verdict_lines(compared: dict[str, dict[str, Any] | str]) -> list[str]:
    """By variant that values homes: the paired comparison, or why there is none."""
    words = {1: "**significantly better**", -1: "**significantly worse**", 0: "no sure difference"}
    out = ["### Better or worse on the same sales", ""]
    for variant, result in sorted(compared.items()):
        if isinstance(result, str):
            out.append(f"- `{variant}`: {result}")
            continue
        for metric, name in (("mdape", "MdAPE"), ("mape", "MAPE")):
            gap = result["gaps"][metric]
            same = gap["value"] == gap["low"] == gap["high"] == 0
            verdict = "the same" if same else f"{_interval(gap)}: {words[_significant_sign(gap)]}"
            out.append(f"- `{variant}` {name}: {verdict} ({result['sales']:,} sales)")
        if result["left_out"]:
            left = f"{result['left_out']:,} test sales are in one revision only"
            out.append(f"- `{variant}`: {left}, or have another price there")
    return [*out, ""]


def slice_lines(compared: dict[str, dict[str, Any] | str]) -> list[str]:
    """The slices whose MdAPE surely rose, and how many were looked at."""
    out = ["### Slices that got worse", ""]
    parts = [
        (name, result) for name, result in sorted(compared.items()) if isinstance(result, dict)
    ]
    if not parts:
        return [*out, "Not known: no variant could be compared sale by sale.", ""]
    rows = [
        [f"`{variant}`", f"{kind} {_escape_cell(value)}", f"{sales:,}", _interval(gap)]
        for variant, result in parts
        for kind, value, sales, gap in result["slices"]
        if _significant_sign(gap) < 0
    ]
    looked = sum(len(result["slices"]) for _, result in parts)
    counted = (
        f"{len(rows)} of {looked} slices of 30 and more sales got significantly worse in MdAPE"
    )
    chance = "; about one in forty would seem so by chance alone" if rows else ""
    out.append(f"{counted}{chance}.")
    return [
        *out,
        "",
        *(markdown_table(["variant", "slice", "sales", "MdAPE"], rows) if rows else []),
    ]


def param_lines(diff: dict[str, dict[str, Any]]) -> list[str]:
    """Parameters that differ, by file and name."""
    rows = [
        [
            f"`{_escape_cell(name)}`",
            f"`{_escape_cell(pair.get('old'))}`",
            f"`{_escape_cell(pair.get('new'))}`",
        ]
        for file in sorted(diff)
        for name, pair in sorted(diff[file].items())
    ]
    out = ["### Parameters", ""]
    return [
        *out,
        *(markdown_table(["parameter", "base", "now"], rows) if rows else ["None changed.", ""]),
    ]


def hash_lines(before: dict[str, str], after: dict[str, str], always: list[str]) -> list[str]:
    """DVC's hashes of data and models: those in `always`, and of the others what changed."""
    keep = [
        path
        for path in sorted({*before, *after})
        if path.startswith("data/") and (path in always or before.get(path) != after.get(path))
    ]
    rows = []
    for path in keep:
        old, new = (side.get(path, "none").removesuffix(".dir")[:HASH] for side in (before, after))
        rows.append([f"`{path}`", f"`{old}`", f"`{new}`", "" if old == new else "changed"])
    out = ["### Data and models", ""]
    none = ["`dvc.lock` names none.", ""]
    return [*out, *(markdown_table(["out", "base", "now", ""], rows) if rows else none)]
