"""`photo_lift` prints what a run found, or says what is missing and how to mend it."""

import pytest

from lib.common import io
from lib.evaluation.ablation import photo_lift, photo_lift_text
from scripts.ops import photo_lift as command
from tests.support.commands import run_command
from tests.support.photo_market import measure_lift, photo_market


def run(folder, *arguments):
    return run_command(command.main, *arguments, folder=folder)


@pytest.mark.parametrize(
    "found", [None, {"feed": "x", "variants": {}, "photos": {}}, {"feed": "x"}]
)
def test_without_a_lift_it_says_how_to_get_one(tmp_path, found):
    if found is not None:
        io.write_json(tmp_path / "metrics/ablate.json", found)
    got = run(tmp_path)
    assert got.exit_code == 2 and "metrics/ablate.json: no " in got.output
    assert ("make repro" if found is None else "ablate.photos.variants") in got.output


def test_it_prints_the_run_that_is_named(tmp_path):
    part = measure_lift(*photo_market()) | {
        "cost": {"encoder": "descriptor"} | photo_lift.encoding_cost_per_thousand(3.0, 50.0, 0.1)
    }
    part |= {"told": photo_lift_text.describe_lift(part)}
    io.write_json(tmp_path / "runs/houses/metrics/ablate.json", {"photos": {"sale_x": part}})
    got = run(tmp_path, "--run", "runs/houses")
    assert got.exit_code == 0 and got.output.splitlines() == photo_lift_text.lift_report_lines(
        "sale_x", part
    )
    assert got.output.startswith("sale_x: photos help: ")
