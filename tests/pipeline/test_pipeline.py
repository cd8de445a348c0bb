"""The structure of the pipeline itself: dvc.yaml, params.yaml and the scripts agree."""

import ast
import importlib
import re

import click
import pytest
import yaml
from click.testing import CliRunner

from lib.models.variants.training.estimators.registry import TABULAR
from tests.support.dag import ROOT, STAGES, code_deps, stage_body

SCRIPTS = sorted(
    path.stem for path in (ROOT / "scripts/valuation").glob("*.py") if path.stem != "__init__"
)
COMMANDS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "scripts").rglob("*.py")
    if path.stem != "__init__"
)
PARAMS_TEXT = (ROOT / "params.yaml").read_text()
PARAMS = yaml.safe_load(PARAMS_TEXT)


def covers(names: list[str], path: str) -> bool:
    """Whether one of `names` is `path` or a folder above it."""
    return any(path == name or path.startswith(f"{name}/") for name in names)


def keys(content: dict, prefix: str = "") -> list[str]:
    """Dotted names of the leaves of nested mappings."""
    out = []
    for key, value in content.items():
        name = f"{prefix}{key}"
        out += keys(value, f"{name}.") if isinstance(value, dict) else [name]
    return out


def params_read(stage: str) -> list[str]:
    """The params a stage names, for every item of its `foreach`."""
    names = stage_body(stage).get("params", [])
    names = [name.replace("${embed.encoder}", PARAMS["embed"]["encoder"]) for name in names]
    if "foreach" not in STAGES[stage]:
        return names
    items = PARAMS[stage]["variants"]
    return sorted(
        {
            name.replace("${key}", key).replace("${item.model}", item["model"])
            for name in names
            for key, item in items.items()
        }
    )


def test_each_script_is_a_stage_with_a_params_section_and_the_reverse():
    assert sorted(STAGES) == SCRIPTS
    assert sorted(PARAMS) == sorted(["base", *STAGES])


@pytest.mark.parametrize("stage", STAGES)
def test_stage_runs_its_script_and_says_what_it_does(stage):
    body = stage_body(stage)
    assert body["cmd"].split(" ${key}")[0] == f"python -m scripts.valuation.{stage}"
    assert len(body["desc"]) > 20


@pytest.mark.parametrize("stage", STAGES)
def test_stage_deps_equal_its_import_walk(stage):
    """A dep may name a folder of modules; it counts for those of them that are imported."""
    code = [dep for dep in stage_body(stage)["deps"] if dep.startswith(("lib/", "scripts/"))]
    needed = code_deps(stage)
    assert {file for file in needed if not covers(code, file)} == set(), "imported, not a dep"
    unused = {dep for dep in code if not any(covers([dep], file) for file in needed)}
    assert unused == set(), "a dep, not imported"


@pytest.mark.parametrize("stage", STAGES)
def test_stage_declares_the_files_that_its_script_opens(stage):
    """Every path that a script spells out is a dep or an out, or lies in one, or holds some."""
    body = stage_body(stage)
    outs = [
        next(iter(out)) if isinstance(out, dict) else out
        for out in [*body["outs"], *body.get("metrics", [])]
    ]
    declared = [name.split("/${")[0] for name in [*body["deps"], *outs]]
    text = (ROOT / f"scripts/valuation/{stage}.py").read_text()
    for path in re.findall(r'Path\(f?"([^"{]+?)/?[{"]', text):
        if "/" in path:
            assert covers(declared, path) or any(covers([path], name) for name in declared), path


def test_every_param_is_read_by_a_stage():
    """A model that no variant names by default can be named by anybody's, and any encoder."""
    read = [name for stage in STAGES for name in params_read(stage)]
    read += [f"train.{model}" for model in TABULAR]
    read += ["embed.encoders"]
    read += ["train.feature_sets", "train.boosting"]  # read through the models that refer to them
    for key in keys(PARAMS):
        assert any(key == name or key.startswith(f"{name}.") for name in read), key


def test_a_stage_reads_one_section_and_base():
    for stage in STAGES:
        assert {name.split(".")[0] for name in params_read(stage)} <= {"base", stage}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_base_keys_that_its_script_reads(stage):
    text = (ROOT / f"scripts/valuation/{stage}.py").read_text()
    used = {f"base.{name}" for name in re.findall(r"\bbase\.([a-z_]+)", text)}
    declared = {name for name in params_read(stage) if name.startswith("base.")}
    assert used == declared


def test_every_param_has_a_comment():
    """On its line, or on the line that opens its block."""
    commented: dict[int, bool] = {}
    for line in PARAMS_TEXT.splitlines():
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        commented = {d: c for d, c in commented.items() if d < depth}
        commented[depth] = "#" in line
        if depth and not body.split("#")[0].rstrip().endswith(":"):
            assert any(commented.values()), line  # the line, or a block it lies in


def test_no_mapping_of_params_stands_in_two_places():
    """Of one that two keys shared by an alias, `-S` on either would change both, or neither."""
    places: dict[int, list[str]] = {}

    def walk(part: object, name: str) -> None:
        if isinstance(part, dict):
            places.setdefault(id(part), []).append(name)
            for key, value in part.items():
                walk(value, f"{name}.{key}")

    walk(PARAMS, "params")
    assert [names for names in places.values() if len(names) > 1] == []


def test_the_committed_feed_is_demo():
    assert PARAMS["base"]["feed"] == "demo"


@pytest.mark.parametrize("module", COMMANDS)
def test_each_command_has_help_with_an_example(module):
    command = importlib.import_module(module).main
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert f"python -m {module}" in " ".join(result.output.split())
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{option.name} has no help"


IMPURE = (  # may ask the clock and the environment
    "lib/cache/",
    "lib/common/",
    "lib/ops/",
    "lib/models/variants/training/fit_variant.py",  # tells DVCLive to send nothing
)


def test_other_rooms_of_lib_are_pure():
    """No clock, no global random state, no environment in lib/."""
    banned = re.compile(
        r"datetime\.now|date\.today|time\.time|os\.environ|np\.random\.seed|"
        r"random\.seed|getenv"
    )
    for path in (ROOT / "lib").rglob("*.py"):
        if not path.relative_to(ROOT).as_posix().startswith(IMPURE):
            assert not banned.search(path.read_text()), path


def test_the_generator_and_the_pipeline_do_not_know_each_other():
    for path in (ROOT / "lib").rglob("*.py"):
        names = {
            node.module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module
        }
        inside = "demo" in path.relative_to(ROOT).parts
        if path == ROOT / "lib/ops/sections.py":  # only the settings of both
            continue
        for name in names - {"lib.common.params"}:
            if name.startswith("lib."):
                assert name.startswith("lib.demo") == inside, path
    for path in (ROOT / "scripts").rglob("*.py"):
        assert "truth.json" not in path.read_text(), path


def test_the_architecture_page_has_a_row_for_each_stage():
    page = (ROOT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `([a-z]+)(?:@<variant>)?` \|", page, re.M)
    assert rows == list(STAGES)


def test_readme_and_docs_name_only_targets_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"`make ([a-z-]+)", path.read_text()):
            assert target in targets, f"{path.name}: make {target}"
