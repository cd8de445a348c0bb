"""How far a run of the pipeline has come: DVC says which stage runs, not how many are left."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

NAMED = 3  # stages to come that are named; the others are counted
PASSED = ("Stage '%s' didn't change", "Stage '%s' is cached")  # DVC's words for what needs no run
RUNS = "Running stage '%s'"


def list_stages(pipeline: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """The stages of a `dvc.yaml` by DVC's names, in the order of the file; a stage that is there
    once for each entry of a section of params.yaml counts for each."""
    names = []
    for name, stage in pipeline["stages"].items():
        entries: Any = stage.get("foreach")
        if isinstance(entries, str):
            path = entries.removeprefix("${").removesuffix("}").split(".")
            entries = params
            for key in path:
                entries = entries.get(key) if isinstance(entries, Mapping) else None
        # what this does not know, such as a matrix, counts once
        names += [f"{name}@{entry}" for entry in entries] if entries else [name]
    return names


def describe_progress(stage: str, done: int, left: Iterable[str]) -> str:
    """One line: which stage of how many begins, and what is left to do after it."""
    names = list(left)
    after = f"then {', '.join(names[:NAMED])}" if names else "the last one"
    if len(names) > NAMED:
        after += f" and {len(names) - NAMED} more"
    return f"stage {done + 1} of {done + 1 + len(names)}: {stage}; {after}"


class ProgressFilter(logging.Filter):
    """Put `describe_progress` before DVC's own line when a stage begins. Changes what is logged,
    never what is run."""

    def __init__(self, stages: list[str]) -> None:
        super().__init__()
        self.left = list(stages)
        self.done = 0

    def filter(self, record: logging.LogRecord) -> bool:
        message = str(record.msg)
        if message.startswith((RUNS, *PASSED)) and isinstance(record.args, tuple) and record.args:
            name = str(record.args[0])
            if name in self.left:
                self.left.remove(name)
                if message.startswith(RUNS):
                    line = describe_progress(name, self.done, self.left)
                    record.msg = f"{line.replace('%', '%%')}\n{message}"
                self.done += 1
        return True
