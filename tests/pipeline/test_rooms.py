"""The rooms of `lib/`: one idea each, of a readable size, importing downwards and in no circle."""

import ast
from collections import Counter
from functools import cache

import click
import pytest
import yaml

from tests.support.dag import ROOT, STAGES, code_deps, imports, stage_body

FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "lib").rglob("*.py")
    if path.name != "__init__.py"
)
ROOMS = sorted({file.rpartition("/")[0] for file in FILES})
WINGS = (  # each imports from those before it; a tuple's do not import each other
    ("common",), ("cache",), ("macro",), ("demo", "listings", "photos"), ("features",), ("models",),
    ("evaluation",), ("report",), ("forecast", "lift"), ("ops", "acquire"), ("serve",),
)  # fmt: skip
LEVELS = {wing: level for level, wings in enumerate(WINGS) for wing in wings}
# rules and measures that every wing may use
BASE = ("lib/features/asof", "lib/evaluation/metrics", "lib/report/wording", "lib/report/plots")
LARGE = {  # rooms of up to 12 files
    "lib/common": "what every stage uses and nothing else",
    "lib/demo": "one generator, whose parts no other code uses",
    "lib/features": "one file a kind of feature",
    "lib/report/pages": "one file a page",
}
LINES, CODE_FOLDERS = 400, 8
RERUNS = 4.7
SHORT = 60  # lines of a file
# files of fewer lines that only one other file uses, each with what keeps it apart
SHORT_FILES = {
    "lib/demo/remarks.py": "texts of the demo feed alone",
    "lib/ops/run/repro_progress.py": "a filter of DVC's log",
    "lib/photos/bundles/inventory.py": "reads names of files, unpacks nothing",
    "lib/report/plots/photos.py": "one file a kind of picture",
    "lib/report/plots/tuning.py": "one file a kind of picture",
}


def room_of(file: str) -> str:
    return file.rpartition("/")[0]


@cache
def imported(file: str) -> set[str]:
    return {name for name in imports(file) if not name.endswith("__init__.py")}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_holds_one_idea_of_a_readable_size(room):
    files = [file for file in FILES if room_of(file) == room]
    below = [name for name in ROOMS if name.startswith(f"{room}/")]
    assert len(files) <= (12 if room in LARGE else 8), files
    assert len(files) >= 2 or below, files


@pytest.mark.parametrize("room", sorted({"lib", *ROOMS, *map(room_of, ROOMS)}))
def test_a_rooms_face_says_its_idea_in_one_line(room):
    tree = ast.parse((ROOT / room / "__init__.py").read_text())
    text = ast.get_docstring(tree) or ""
    assert text.endswith(".") and "\n" not in text, f"{room}/__init__.py"


def test_files_stay_readable():
    long = {f: n for f in FILES if (n := len((ROOT / f).read_text().splitlines())) > LINES}
    assert not long


def test_a_short_file_has_several_users_or_a_reason():
    """Registries, protocols and plain tables are short and shared; other short files are parts."""
    paths = [path for name in ("lib", "scripts", "bench") for path in (ROOT / name).rglob("*.py")]
    code = [path.relative_to(ROOT).as_posix() for path in paths]
    users = Counter(used for file in code for used in imported(file) - {file})
    short = {
        file
        for file in FILES
        if len((ROOT / file).read_text().splitlines()) < SHORT and users[file] < 2
    }
    assert short == set(SHORT_FILES)


def test_wings_import_downwards():
    upwards = [
        f"{file} imports {other}"
        for file in FILES
        for other in imported(file)
        if other.startswith("lib/") and room_of(other) not in BASE
        if (a := file.split("/")[1]) != (b := other.split("/")[1]) and LEVELS[b] >= LEVELS[a]
    ]
    assert not upwards


def test_rooms_form_no_circle():
    above = {
        room: {
            room_of(other) for file in FILES if room_of(file) == room for other in imported(file)
        }
        - {room}
        for room in ROOMS
    }
    left = set(ROOMS)
    while free := {room for room in left if not above[room] & left}:
        left -= free
    assert not left, f"a circle among {sorted(left)}"


def test_scripts_import_no_other_scripts():
    """A script is a command: what two of them need lies in a room of `lib/`."""
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "scripts").rglob("*.py")]
    faults = [
        f"{file}: {other}"
        for file in files
        for other in imported(file) - {file}
        if other.startswith("scripts/")
    ]
    assert not faults


def test_tests_import_no_other_tests():
    """What several use lies in tests/support."""
    tree = {path: ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py")}
    faults = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in tree
        for node in ast.walk(tree[path])
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.")
        if not node.module.startswith("tests.support")
    ]
    assert not faults


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_few_rooms(stage):
    deps = [dep for dep in stage_body(stage)["deps"] if dep.startswith("lib/")]
    assert len(deps) <= CODE_FOLDERS, deps


def test_an_edited_module_reruns_few_stages(capsys):
    """How many stages name the file of a module, on average over the modules that stages use."""
    used = {file for stage in STAGES for file in code_deps(stage) if file.startswith("lib/")}
    deps = {stage: stage_body(stage)["deps"] for stage in STAGES}
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    runs = {s: len(params[s]["variants"]) if "foreach" in STAGES[s] else 1 for s in STAGES}

    def reruns(file: str) -> int:
        return sum(runs[s] for s in STAGES if any(f"{file}/".startswith(f"{d}/") for d in deps[s]))

    counts = {file: reruns(file) for file in used}
    average = sum(counts.values()) / len(counts)
    with capsys.disabled():
        click.echo(f"\nan edited module reruns {average:.1f} stages, of {len(used)} modules")
    assert average <= RERUNS


@pytest.mark.parametrize("stage", ["photos", "embed", "features", "train"])
def test_what_costs_most_runs_again_for_little_that_it_does_not_import(stage):
    """No folder among its deps holds more than two modules that the stage does not import."""
    needed = code_deps(stage)
    for dep in stage_body(stage)["deps"]:
        if dep.startswith("lib/") and dep != "lib/common":
            idle = [file for file in FILES if file.startswith(f"{dep}/") and file not in needed]
            assert len(idle) <= 2, f"{dep}: {idle}"


def test_the_architecture_page_has_the_map_of_rooms():
    page = (ROOT / "docs/architecture.md").read_text()
    for room in sorted({*ROOMS, *map(room_of, ROOMS)} - {"lib"}):
        face = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
        assert f"| `{room}` | {face} |" in page, room
