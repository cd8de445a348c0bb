"""What became of planted trouble: found, missed, clean rows wrongly flagged, and what it costs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import t

# planters register themselves
from lib.ops.planting import amounts, homes, places, states  # noqa: F401
from lib.ops.planting.kinds import KINDS, Kind

RIGHT, MISSING, ASIDE, ASKED, STOPPED, SILENT = (
    "right", "missing", "aside", "asked", "stopped", "silent",
)  # fmt: skip
CRASH = "traceback: "  # begins what a run stopped with that did not end in one line
CLOSE = 0.001  # share by which a number may differ and still be the same, written in another unit
LIMIT = 0.003  # of MAPE: the most that any kind may cost clean rows at 5 %


@dataclass(frozen=True)
class Outcome:
    """What one run of the stages made of a feed.

    Attributes
    ----------
    stopped : str
        The line that the run stopped with, "" where it went through.
    draft : str
        The drafted contract.
    table : DataFrame
        The normalised table of both domains; property_class where there is one.
    issues : DataFrame
        listing_key, column and reason of cells set missing or noted.
    flagged : frozenset of str
        Keys that `screen` flags in any way.
    excluded : frozenset of str
        Keys that are no evidence and are not valued.
    errors : Series of float
        Absolute relative error of each test sale by its key.
    """

    stopped: str = ""
    draft: str = ""
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    issues: pd.DataFrame = field(default_factory=pd.DataFrame)
    flagged: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    errors: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))


@dataclass(frozen=True)
class Verdict:
    """One planting of one kind: how many planted rows ended how, and clean keys wrongly flagged."""

    ends: Counter[str]
    wrong: tuple[str, ...] = ()

    @property
    def planted(self) -> int:
        """All planted rows."""
        return sum(self.ends.values())

    @property
    def missed(self) -> int:
        """Planted rows whose value is wrong, and nobody is told."""
        return self.ends[SILENT]


def list_checks(draft: str) -> frozenset[str]:
    """The CHECK lines of a drafted contract, without figures, which differ from feed to feed."""
    lines = (line for line in draft.splitlines() if "CHECK" in line)
    return frozenset(re.sub(r"[\d.,%]+", "", line).strip() for line in lines)


def _agrees(value: object, truth: object, slack: float) -> bool:
    """Whether two cells say the same."""
    if isinstance(value, float | int) and isinstance(truth, float | int):
        return bool(np.isclose(value, truth, rtol=CLOSE, atol=slack + 1e-9))
    return value == truth


def _end_of(key: str, kind: Kind, got: Outcome, clean: Outcome, shared: set[str]) -> str:
    """How one planted row ended."""
    if key not in got.table.index or key in got.excluded:
        return ASIDE
    if kind.columns and key not in clean.table.index:
        return SILENT  # a key that the export never had
    if not kind.columns:
        return ASIDE if key in got.flagged else SILENT
    ends = set()
    for name in kind.columns:
        value = got.table.loc[key].get(name)
        if name == "property_key":  # another spelling of it is as good, another home's is not
            ends.add(SILENT if key in shared else RIGHT)
        elif value is None or pd.isna(value):
            ends.add(RIGHT if pd.isna(clean.table.loc[key].get(name)) else MISSING)
        else:
            truth = clean.table.loc[key].get(name)
            ends.add(RIGHT if _agrees(value, truth, kind.slack) else SILENT)
    if SILENT in ends:
        return ASIDE if key in got.flagged else SILENT
    return MISSING if MISSING in ends else RIGHT


def judge_planting(kind: Kind, keys: list[str], got: Outcome, clean: Outcome) -> Verdict:
    """How the planted rows ended, and which clean ones lost a cell or their standing.

    Parameters
    ----------
    kind : Kind
    keys : list of str
        Planted keys.
    got, clean : Outcome
        Of the planted feed, and of the feed without trouble.

    Returns
    -------
    Verdict
        A row is right, missing (with a reason), aside, or silent; where the draft has a CHECK that
        the clean one has not, silent ones are asked.
    """
    if got.stopped:  # a traceback tells nobody what to mend
        return Verdict(Counter({SILENT if got.stopped.startswith(CRASH) else STOPPED: len(keys)}))
    twice = got.table.get("property_key", pd.Series(dtype="str")).duplicated(keep=False)
    shared = set(twice.index[twice])
    ends = Counter(_end_of(key, kind, got, clean, shared) for key in keys)
    if list_checks(got.draft) - list_checks(clean.draft) and ends[SILENT]:
        ends[ASKED] += ends.pop(SILENT)
    planted = set(keys)
    lost = set(got.issues.loc[~got.issues["column"].isin(kind.columns), "listing_key"])
    lost -= set(clean.issues["listing_key"])
    lost |= (got.excluded - clean.excluded) | (set(clean.table.index) - set(got.table.index))
    wrong = sorted((lost - planted) & set(clean.table.index))
    return Verdict(ends, () if kind.throughout else tuple(wrong))


def error_changes(keys: list[str], got: pd.Series, without: pd.Series) -> pd.Series:
    """Change of the error of each clean test sale that both runs valued, by the planted rows.

    Parameters
    ----------
    keys : list of str
        Planted keys.
    got, without : Series of float
        `Outcome.errors` of the planted feed, and of the feed without the planted rows.

    Returns
    -------
    Series of float
        As a fraction of the price, by key; empty where the run stopped.
    """
    both = got.index.intersection(without.index).difference(keys)
    return got[both] - without[both]


def upper_bound(changes: list[float], level: float = 0.95) -> tuple[float, float]:
    """The mean of some changes and its upper bound.

    Parameters
    ----------
    changes : list of float
        One a planting, or where all plantings are one, one a sale; nan ones are left out.
    level : float
        Of the bound.

    Returns
    -------
    tuple of float
        Mean, and the one-sided bound by Student's t; nan with fewer than one, or two.
    """
    known = np.array([one for one in changes if np.isfinite(one)])
    if not len(known):
        return np.nan, np.nan
    mean = float(known.mean())
    if len(known) < 2:
        return mean, np.nan
    return mean, mean + float(t.ppf(level, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5)


def format_verdict(name: str, share: float, verdicts: list[Verdict], changes: list[float]) -> str:
    """One line for a kind at a share: counts over all plantings, and the change of the MAPE."""
    ends: Counter[str] = sum((one.ends for one in verdicts), Counter())
    total, missed = sum(ends.values()), ends[SILENT]
    wrong = sum(len(one.wrong) for one in verdicts)
    how = ", ".join(f"{end} {ends[end]}" for end in sorted(ends) if ends[end] and end != SILENT)
    line = f"{name:26}{share:>5.0%}  found {total - missed:5} missed {missed:4} wrong {wrong:4}"
    mean, bound = upper_bound(changes)
    if np.isfinite(mean):
        line += f"  MAPE {100 * mean:+.2f} points, at most {100 * bound:+.2f}"
        line += "" if not bound > LIMIT else " (too much)"
    return f"{line}  {how}"


# what is not of a feed's rows, and so not planted: (head, trouble, what REML does)
OTHERS = (
    ("scoring", "A sale stands twice in a table of estimates.", "An error that names key and rows"),
    ("scoring", "Many sales have one price, and rows come in another order.", "No figure and no "
     "interval depends on the order of rows: ties share their ranks"),
    ("scoring", "350.000 for 350,000, in the prices and in the estimates.", "Refused: dots of both "
     "are followed by three digits throughout"),
    ("scoring", "Prices in thousands beside estimates in full.", "Refused, or the rows are listed"),
    ("guards", "A lookup maps statuses, units or frequencies to words of its own.", "The run stops "
     "with the nearest of RESO's words"),
    ("guards", "A share of 50 or -0.1, a span whose ends are swapped.", "The run stops and names "
     "the key"),
    ("guards", "`without`, `axes`, `area` or `beyond` name what no feed has.", "The run stops with "
     "the nearest name"),
    ("guards", "Excel's first line `sep=;`.", "Read, or an error with the mend"),
)  # fmt: skip


def kinds_markdown() -> str:
    """The page of all kinds with what REML does, in Markdown."""
    lines = [
        "# Trouble in exports, and what REML does",
        "",
        "Written by `python -m scripts.ops.fault_recall --write-table` from the planters in "
        "`lib/ops/planting`; the same command without an option plants each of them into a clean "
        "feed and counts what was found. In each case a value is right, or its cell is missing "
        "with a reason that is counted, or the run stops and asks.",
    ]
    for group in dict.fromkeys(kind.group for kind in KINDS.values()):
        lines += ["", f"## {group.capitalize()}", "", "| Kind | Trouble | REML |", "|---|---|---|"]
        lines += [
            f"| `{kind.name}` | {kind.trouble} | {kind.answer}. |"
            for kind in KINDS.values()
            if kind.group == group
        ]
    for group in dict.fromkeys(group for group, _, _ in OTHERS):
        lines += [
            "",
            f"## {group.capitalize()} (not planted)",
            "",
            "| Trouble | REML |",
            "|---|---|",
        ]
        lines += [f"| {trouble} | {answer}. |" for head, trouble, answer in OTHERS if head == group]
    return "\n".join(lines) + "\n"
