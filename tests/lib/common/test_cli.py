"""Commands: one-line errors, JSON logs, and no life after their parent's death."""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """
import os

import click
from lib.common import cli
from lib.common.errors import RemlError

@click.command()
@click.option("--mode")
@cli.command
def main(mode):
    "What it is for."
    if mode == "mend":
        raise RemlError("x.csv: no rows; export it again")
    if mode == "bug":
        raise KeyError("a programming fault")
    if mode == "path":
        open("/dev/null/x.csv", "w")
    if mode == "fd":
        os.read(9999, 1)
    cli.log.info("stage.complete", rows=3, out="data/x")
    for item in cli.show_progress([1, 2], "bar"):
        print(item)

main()
"""


def run(*options):
    """A real command in a process of its own, its streams apart."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *options], cwd=ROOT, capture_output=True, text=True
    )


def test_a_user_error_is_one_line_and_exit_code_2():
    done = run("--mode", "mend")
    assert done.returncode == 2
    assert done.stderr == "error: x.csv: no rows; export it again\n"
    assert done.stdout == ""


def test_a_bug_still_shows_its_traceback():
    done = run("--mode", "bug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "KeyError" in done.stderr


def test_a_path_that_cannot_be_is_one_line_and_exit_code_2():
    done = run("--mode", "path")
    assert done.returncode == 2
    assert done.stderr == "error: /dev/null/x.csv: a file where a folder is needed\n"


def test_an_error_without_a_path_still_shows_its_traceback():
    done = run("--mode", "fd")
    assert done.returncode == 1 and "Traceback" in done.stderr and "OSError" in done.stderr


def test_logs_are_readable_go_to_stderr_and_draw_no_bar_off_a_terminal():
    done = run()
    assert done.returncode == 0
    assert done.stdout == "1\n2\n"
    (line,) = done.stderr.splitlines()
    assert "stage.complete" in line and "rows=3" in line
    assert "\x1b" not in line  # colours only on a terminal


def test_log_json_gives_one_object_a_line():
    done = run("--log-json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["stage.complete"]
    assert events[0]["rows"] == 3 and events[0]["level"] == "info"
    assert events[0]["timestamp"].endswith("Z")


def test_help_names_the_log_option_and_the_purpose():
    done = run("--help")
    assert "--log-json" in done.stdout and "What it is for." in done.stdout


def alive(pid):
    """Whether a process still runs: a zombie that nobody has collected yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
TIED = f"from lib.common.cli import die_with_parent; die_with_parent(); {SLEEP}"
COMMAND_SLEEPS = f"""
import click
from lib.common import cli

@click.command()
@cli.command
def main():
    {SLEEP}

main()
"""


def death_of_child(command):
    """Kill -9 a parent whose child runs `command`, which prints its process id when it is tied;
    whether the process that printed it died too."""
    parent = (
        "import os, subprocess, sys, time\n"
        "os.environ['REML_RUNNER_PID'] = str(os.getpid())\n"
        f"child = subprocess.Popen({command!r}, stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(process.stdout.readline())
    assert alive(pid)
    process.kill()
    process.wait()
    try:
        for _ in range(100):  # the kernel needs a moment, not a deadline
            if not alive(pid):
                return True
            time.sleep(0.05)
        return False
    finally:
        if alive(pid):
            os.kill(pid, 9)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's: NOT TESTED")
@pytest.mark.parametrize("tie", [TIED, COMMAND_SLEEPS], ids=["die_with_parent", "any command"])
def test_child_dies_when_its_parent_is_killed(tie):
    assert death_of_child(["env", "-u", "REML_RUNNER_PID", sys.executable, "-c", tie])


@pytest.mark.parametrize("tie", [TIED, COMMAND_SLEEPS], ids=["die_with_parent", "any command"])
def test_a_shell_that_stays_in_between_keeps_no_orphan(tie):
    """dvc starts a stage through $SHELL or /bin/sh; some shells wait instead of giving way."""
    waits = f"{shlex.quote(sys.executable)} -c {shlex.quote(tie)}; true"
    assert death_of_child(["/bin/sh", "-c", waits])
