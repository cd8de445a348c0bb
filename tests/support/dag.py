"""What the structure tests know of the pipeline: dvc.yaml, and each script's import walk."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
STAGES: dict = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def stage_body(name: str) -> dict:
    """The settings of a stage, inside its `foreach` if it has one."""
    return STAGES[name].get("do", STAGES[name])


def module_files(module: str) -> list[str]:
    """The files, relative to the root, that importing `module` of this project runs."""
    parts = module.split(".")
    files = []
    for depth in range(1, len(parts) + 1):
        stem = ROOT.joinpath(*parts[:depth])
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                files.append(candidate.relative_to(ROOT).as_posix())
    return files


@cache
def imports(file: str) -> frozenset[str]:
    """The project files that `file` imports directly."""
    files: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("lib", "scripts"):
                files |= set(module_files(name))
    return frozenset(files)


def walk(file: str) -> set[str]:
    """Every project file that running `file` imports, itself included."""
    seen: set[str] = set()
    todo = {file}
    while todo:
        seen |= todo
        todo = {new for old in todo for new in imports(old)} - seen
    return seen


def opened(file: str) -> set[str]:
    """The files of lib/ that a file opens: by `with_name` beside itself, such as a template, and
    the data dictionary's."""
    text = (ROOT / file).read_text()
    names = re.findall(r'Path\(__file__\)\.with_name\("([^"]+)"\)', text)
    beside = {(Path(file).parent / name).as_posix() for name in names}
    return beside | set(re.findall(r'Path\("(lib/[^"]+\.meta\.yml)"\)', text))


def code_deps(stage: str) -> set[str]:
    """The code a stage must name in its deps: its script, every module that it imports and the
    files these open beside themselves; package files that hold only a docstring left out."""
    modules = walk(f"scripts/valuation/{stage}.py")
    beside = set().union(*(opened(file) for file in modules))
    return beside | {
        file for file in modules if not (file.endswith("__init__.py") and only_docstring(file))
    }


def only_docstring(file: str) -> bool:
    """Whether a file has no statement beside a docstring."""
    body = ast.parse((ROOT / file).read_text()).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
