"""Every plan in docs/plans keeps to the standard that docs/plans/README.md states."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

PLANS = Path(__file__).resolve().parents[2] / "docs" / "plans"
SECTIONS = [
    "Purpose / Big Picture",
    "Progress",
    "Surprises & Discoveries",
    "Decision Log",
    "Outcomes & Retrospective",
    "Context and Orientation",
    "Plan of Work",
    "Concrete Steps",
    "Validation and Acceptance",
    "Idempotence and Recovery",
    "Artifacts and Notes",
    "Interfaces and Dependencies",
]
NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-[a-z0-9]+(-[a-z0-9]+)*\.md")
CHECKBOX = re.compile(r"\s*[-*] \[")
DATED = re.compile(r"\s*- \[[ x]\] \((\d{4}-\d{2}-\d{2})\) \S")


def is_date(text: str) -> bool:
    """Whether `text` is a day of the calendar, written YYYY-MM-DD."""
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def sections(text: str) -> list[tuple[str, list[str]]]:
    """(heading, lines below it) of every level-2 heading; fenced blocks hold no headings."""
    found: list[tuple[str, list[str]]] = []
    fence = ""
    for line in text.splitlines():
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip().startswith(fence):
            fence = ""
        if not fence and line.startswith("## "):
            found.append((line[3:].strip(), []))
        elif found:
            found[-1][1].append(line)
    return found


def faults(plan: Path) -> list[str]:
    """What is wrong with a plan, one clause each; empty where it keeps to the standard."""
    out = []
    name = NAME.fullmatch(plan.name)
    if not name or not is_date(name[1]):
        out.append(f"name {plan.name} is not YYYY-MM-DD-name.md")
    parts = sections(re.sub(r"<!--.*?-->", "", plan.read_text(encoding="utf-8"), flags=re.DOTALL))
    headings = [heading for heading, _ in parts]
    out += [f"section missing: {name}" for name in SECTIONS if name not in headings]
    out += [f"no section of the standard: {name}" for name in headings if name not in SECTIONS]
    if not out and headings != SECTIONS:
        out.append(f"sections out of order or repeated: {', '.join(headings)}")
    out += [f"section empty: {name}" for name, body in parts if not "".join(body).strip()]
    steps = [line for name, body in parts if name == "Progress" for line in body]
    steps = [line for line in steps if CHECKBOX.match(line)]
    if not steps:
        out.append("Progress has no checkbox")
    for line in steps:
        step = DATED.match(line)
        if not step or not is_date(step[1]):
            out.append(f"not `- [x] (YYYY-MM-DD) what`: {line.strip()}")
    return out


def plans() -> list[Path]:
    return sorted(path for path in PLANS.glob("*") if path.name != "README.md")


@pytest.mark.parametrize("plan", plans(), ids=lambda path: path.name)
def test_plan_keeps_to_the_standard(plan: Path) -> None:
    assert faults(plan) == []


def test_there_is_a_plan() -> None:
    assert plans()


def test_readme_states_this_standard() -> None:
    """The README's table and skeleton name the sections that this file checks, in this order."""
    text = (PLANS / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| ([^|]+) \|", text.split("\n## Sections\n")[1], flags=re.MULTILINE)
    assert [cell for cell in table if cell != "Section"] == SECTIONS
    skeleton = re.search(r"```markdown\n(.*?)```", text, flags=re.DOTALL)
    assert skeleton is not None
    assert [heading for heading, _ in sections(skeleton[1])] == SECTIONS


# ---- the checker itself ------------------------------------------------------------------------


def good() -> str:
    """A plan that keeps to the standard."""
    body = {name: "Something." for name in SECTIONS}
    body["Progress"] = "- [x] (2026-11-20) First step.\n- [ ] (2026-11-21) Second step."
    body["Concrete Steps"] = "```\n## a comment in a shell, no heading\nmake repro\n```"
    return "# A plan\n\n" + "\n".join(f"## {name}\n\n{text}\n" for name, text in body.items())


def check(folder: Path, text: str, name: str = "2026-11-20-plan.md") -> list[str]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return faults(path)


def test_a_good_plan_passes(tmp_path: Path) -> None:
    assert check(tmp_path, good()) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_missing_section_is_named(tmp_path: Path, section: str) -> None:
    text = good().replace(f"## {section}\n", "")
    assert f"section missing: {section}" in check(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("## Decision Log\n\nSomething.", "## Decision Log\n", "section empty: Decision Log"),
        ("## Plan of Work\n\nSomething.", "## Plan of Work\n<!-- later -->", "section empty"),
        ("## Plan of Work", "## Plan of work", "no section of the standard: Plan of work"),
        ("## Plan of Work", "## Notes\n\nMore.\n\n## Plan of Work", "no section of the standard"),
        ("## Plan of Work", "## Progress\n\n- [x] (2026-11-20) A.\n\n## Plan of Work", "repeated"),
        ("- [x] (2026-11-20) First", "- [x] First", "not `- [x] (YYYY-MM-DD) what`: - [x] First"),
        ("(2026-11-20)", "(2026-11-31)", "not `- [x] (YYYY-MM-DD) what`"),
        ("- [x] (2026-11-20)", "- [X] (2026-11-20)", "not `- [x] (YYYY-MM-DD) what`"),
    ],
)
def test_a_bad_plan_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in good()
    assert any(fault in found for found in check(tmp_path, good().replace(old, new, 1)))


def test_progress_without_checkboxes_is_refused(tmp_path: Path) -> None:
    text = re.sub(r"- \[.\] ", "- ", good())
    assert "Progress has no checkbox" in check(tmp_path, text)


def test_sections_out_of_order_are_refused(tmp_path: Path) -> None:
    text = good().replace("## Plan of Work", "## X").replace("## Concrete Steps", "## Plan of Work")
    found = check(tmp_path, text.replace("## X", "## Concrete Steps"))
    assert any("out of order" in fault for fault in found)


@pytest.mark.parametrize(
    "name",
    ["plan.md", "2026-11-20.md", "2026-13-01-plan.md", "2026-11-20-Plan.md", "20261120-a.md"],
)
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, good(), name) == [f"name {name} is not YYYY-MM-DD-name.md"]
