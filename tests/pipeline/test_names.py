"""The names, docstrings and functions of the code: the field's words, documented frames and arrays,
functions that can be read at once."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from functools import cache

import click
import pytest

from tests.support.dag import ROOT

# bare participles and pronouns: each could name anything
VAGUE = {
    *("said", "told", "seen", "found", "known", "given", "asked"),
    *("whole", "some", "own", "mine", "theirs", "beside", "alone"),
}
SINGLE_WORD_SHARE = 0.35  # of the public functions
MOST_VAGUE = 0  # names
DOCUMENTED_SHARE = 0.9  # of the public functions on frames or arrays
WELL_DOCUMENTED = {  # room -> share
    "lib/evaluation/metrics": 0.95,
    "lib/features/asof": 0.95,
    "lib/models/calibration": 0.95,
    "lib/models/variants/photo": 0.95,
    "lib/models/variants/training/estimators": 0.95,
}
LINES, PARAMETERS = 60, 6  # of a function
MOST_UNREASONED = 0  # functions
TABULAR = ("DataFrame", "Series", "ndarray")

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def files_in(*folders: str) -> list[str]:
    paths = [path for name in folders for path in (ROOT / name).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


FILES = files_in("lib", "scripts")
WITH_EXAMPLES = [file for file in FILES if ">>> " in (ROOT / file).read_text()]


@cache
def parse(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text())


def parameters(function: Definition) -> list[ast.arg]:
    every = function.args
    listed = [*every.posonlyargs, *every.args, *every.kwonlyargs]
    return [one for one in listed if one.arg not in ("self", "cls")]


def functions(file: str) -> Iterator[Definition]:
    """Every function of a file: methods, private and inner ones too."""
    for node in ast.walk(parse(file)):
        if isinstance(node, Definition):
            yield node


def public_functions(file: str) -> Iterator[Definition]:
    """Those at the top of a file that others may call; `main` is the command of a script."""
    for node in parse(file).body:
        if isinstance(node, Definition) and not node.name.startswith("_") and node.name != "main":
            yield node


def public_names(file: str) -> Iterator[str]:
    """The names that a file gives to others: its own, those of its top-level functions, classes
    and constants, of public methods and fields, and of their parameters."""
    yield file.removesuffix(".py").rpartition("/")[2]
    for node in parse(file).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
            for part in node.body:
                if isinstance(part, Definition) and not part.name.startswith("_"):
                    yield part.name
                    yield from (one.arg for one in parameters(part))
                elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    yield part.target.id
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        yield from (one.id for one in targets if isinstance(one, ast.Name))
    for function in public_functions(file):
        yield function.name
        yield from (one.arg for one in parameters(function))


def is_tabular(function: Definition) -> bool:
    """Whether a function takes or returns frames, series or arrays."""
    types = [*(one.annotation for one in parameters(function)), function.returns]
    return any(kind in ast.unparse(one) for one in types if one for kind in TABULAR)


def is_documented(function: Definition) -> bool:
    """Whether the docstring has numpydoc's Parameters; Returns where the function takes nothing."""
    section = "Parameters" if parameters(function) else "Returns"
    text = ast.get_docstring(function) or ""
    return re.search(rf"^{section}\n-{{{len(section)}}}$", text, re.M) is not None


def reason_above(file: str, function: Definition, word: str) -> bool:
    """Whether a comment `# <word>: ...` stands above a function or its decorators."""
    lines = (ROOT / file).read_text().splitlines()
    first = min([function.lineno, *(one.lineno for one in function.decorator_list)]) - 1
    above = []
    for line in reversed(lines[:first]):
        if not line.strip().startswith("#"):
            break
        above.append(line.strip())
    above += [line.strip() for line in lines[first : function.lineno - 1]]
    return any(re.match(rf"# {word}: \w", line) for line in above)


def size_of(function: Definition) -> int:
    """The lines of a function without its docstring."""
    text = function.body[0] if ast.get_docstring(function) else None
    lines = (function.end_lineno or 0) - function.lineno + 1
    return lines - ((text.end_lineno or 0) - text.lineno + 1 if text else 0)


def share(part: list, of: list) -> float:
    return len(part) / max(len(of), 1)


def test_no_public_name_is_a_bare_participle_or_pronoun():
    vague = [
        f"{file}: {name}" for file in FILES for name in public_names(file) if name.lower() in VAGUE
    ]
    assert len(vague) <= MOST_VAGUE, vague


def test_most_public_functions_are_named_by_more_than_one_word(capsys):
    names = [(file, function.name) for file in FILES for function in public_functions(file)]
    single = [name for name in names if "_" not in name[1]]
    with capsys.disabled():
        click.echo(f"\n{share(single, names):.0%} of {len(names)} public functions: one word")
    assert share(single, names) <= SINGLE_WORD_SHARE, single


def test_public_functions_document_the_frames_and_arrays_that_they_take(capsys):
    tabular = [
        (file, function)
        for file in FILES
        for function in public_functions(file)
        if is_tabular(function)
    ]
    documented = [(file, function) for file, function in tabular if is_documented(function)]
    with capsys.disabled():
        click.echo(f"\n{share(documented, tabular):.0%} of {len(tabular)}: Parameters, Returns")
    assert share(documented, tabular) >= DOCUMENTED_SHARE


@pytest.mark.parametrize("room", WELL_DOCUMENTED)
def test_what_others_build_on_is_documented_almost_throughout(room):
    tabular = [
        (file, function)
        for file in FILES
        if file.startswith(f"{room}/")
        for function in public_functions(file)
        if is_tabular(function)
    ]
    bare = [(file, function.name) for file, function in tabular if not is_documented(function)]
    assert share(bare, tabular) <= 1 - WELL_DOCUMENTED[room], bare


def test_a_long_function_and_one_of_many_parameters_have_a_reason_above():
    faults = []
    for file in files_in("lib", "scripts", "bench"):
        for function in functions(file):
            where = f"{file}: {function.name}"
            if size_of(function) > LINES and not reason_above(file, function, "long"):
                faults.append(f"{where} has {size_of(function)} lines")
            count = len(parameters(function))
            if count > PARAMETERS and not reason_above(file, function, "parameters"):
                faults.append(f"{where} has {count} parameters")
    assert len(faults) <= MOST_UNREASONED, faults


@pytest.mark.parametrize("file", WITH_EXAMPLES or [None])
def test_examples_in_docstrings_say_what_comes_out(file):
    if file is None:
        pytest.skip("no example yet")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
