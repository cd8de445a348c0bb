"""Stages from the warm process are what `python -m` makes of them, and leave nothing running."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dvc.stage import run as dvc_run
from dvc.stage.exceptions import StageCmdFailedError

from lib.common.processes import has_ended
from lib.ops.run import warm_start
from tests.support.dag import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stages are started cold elsewhere")

PROBE = """
import json, os, sys
from pathlib import Path
import lib, pandas
seen = {
    "name": __name__, "package": __package__, "spec": __spec__.name, "argv": sys.argv[1:],
    "path": sys.path[0], "cwd": os.getcwd(), "environment": dict(os.environ), "lib": lib.__file__,
    "input": sys.stdin.read(), "main": sys.modules["__main__"].__name__,
    "ours": sorted(name for name in sys.modules if name.split(".")[0] == "lib"),
}
Path(sys.argv[1]).write_text(json.dumps(seen))
"""
ENDS = {
    "well": ("", 0),
    "with a code": ("raise SystemExit(3)", 3),
    "with a message": ("raise SystemExit('no such row')", 1),
    "with an error": ("1 / 0", 1),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
}


@pytest.fixture(scope="module")
def server():
    made = warm_start.StageServer()
    yield made
    made.close()


@pytest.fixture
def tree(tmp_path):
    """A folder with a `lib` of its own and the stage scripts/some/probe.py."""
    for name in ("lib", "scripts/some"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib/__init__.py").touch()
    (tmp_path / "scripts/some/probe.py").write_text(PROBE)
    return tmp_path


def run_warm(server, tree, *arguments):
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"REML_PROBE": "1", "LC_CTYPE": "C.UTF-8"}  # which Python adds where it lacks
    done = server.run("scripts.some.probe", list(arguments), str(tree), environment)
    return done, environment


def test_a_stage_sees_what_it_sees_when_python_starts_it(server, tree):
    done, environment = run_warm(server, tree, "warm.json", "sale_linear")
    assert done["code"] == 0 and done["cpu"] > 0
    command = [sys.executable, "-m", "scripts.some.probe", "cold.json", "sale_linear"]
    subprocess.run(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, check=True)
    warm, cold = (json.loads((tree / name).read_text()) for name in ("warm.json", "cold.json"))
    assert warm.pop("argv") == ["warm.json", "sale_linear"]
    assert cold.pop("argv") == ["cold.json", "sale_linear"]
    assert warm == cold
    assert warm["lib"] == str(tree / "lib/__init__.py") and warm["ours"] == ["lib"]


@pytest.mark.parametrize("end", ENDS)
def test_how_a_stage_ends_is_told(server, tree, end):
    text, code = ENDS[end]
    (tree / "scripts/some/probe.py").write_text(text)
    assert run_warm(server, tree)[0]["code"] == code


def test_what_one_stage_changes_is_gone_for_the_next(server, tree):
    change = "import os, sys, pandas; pandas.DataFrame = None; os.environ['X'] = '1'; import lib"
    (tree / "scripts/some/probe.py").write_text(change)
    run_warm(server, tree)
    (tree / "scripts/some/probe.py").write_text(
        "import os, sys, pandas; sys.exit(pandas.DataFrame is None or 'X' in os.environ)"
    )
    assert run_warm(server, tree)[0]["code"] == 0


def test_a_list_of_processes_names_the_stage(server, tree):
    text = (
        "import pathlib; pathlib.Path('line').write_bytes(open('/proc/self/cmdline', 'rb').read())"
    )
    (tree / "scripts/some/probe.py").write_text(text)
    run_warm(server, tree, "x")
    assert (tree / "line").read_bytes().rstrip(b"\0").decode() == "python -m scripts.some.probe x"


def test_killing_the_one_that_asks_ends_server_and_stage(tree):
    (tree / "scripts/some/probe.py").write_text(
        "import os, time, pathlib\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {os.getppid()}'); time.sleep(60)"
    )
    code = (
        "from lib.ops.run.warm_start import StageServer\n"
        f"StageServer().run('scripts.some.probe', [], {str(tree)!r}, {{}})"
    )
    asks = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not (tree / "pids").is_file() or not (tree / "pids").read_text():
        assert time.monotonic() < deadline and asks.poll() is None
        time.sleep(0.05)
    pids = [int(one) for one in (tree / "pids").read_text().split()]
    asks.kill()
    asks.wait()
    while not all(has_ended(pid) for pid in pids):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)


def test_a_server_that_was_killed_takes_its_stage_along_and_has_a_successor(tree):
    (tree / "scripts/some/probe.py").write_text(
        "import os, signal, time, pathlib\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    )
    server = warm_start.StageServer()
    with pytest.raises(EOFError, match="has ended"):
        run_warm(server, tree)
    pid, deadline = int((tree / "pid").read_text()), time.monotonic() + 30
    while not has_ended(pid):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)
    (tree / "scripts/some/probe.py").write_text("")
    assert run_warm(server, tree)[0]["code"] == 0
    server.process.kill()
    server.close()


def test_ctrl_c_ends_the_stage_and_not_the_server(tree):
    """It goes to the whole group; where the run was started without, it goes to nobody."""
    text = "import os, signal, time; os.killpg(0, signal.SIGINT); time.sleep(0.2)"
    (tree / "scripts/some/probe.py").write_text(text)
    code = (
        "import os, signal, sys\n"
        "from lib.ops.run.warm_start import StageServer\n"
        "os.setpgrp()\n"  # and whatever whoever started the tests does with it, as nohup or `&`
        "heard = sys.argv[1] == 'heard'\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler if heard else signal.SIG_IGN)\n"
        "server = StageServer()\n"
        f"ask = lambda: server.run('scripts.some.probe', [], {str(tree)!r}, {{}})['code']\n"
        "print([ask(), ask()]); server.close()"
    )
    for way, codes in (("heard", "[-2, -2]"), ("ignored", "[0, 0]")):
        line = [sys.executable, "-c", code, way]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
        assert done.stdout.strip() == codes, done.stderr


def test_dvc_starts_stages_warm_and_all_else_as_before(tree, monkeypatch, caplog):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    cold = dvc_run._run
    settings = {"cwd": str(tree), "env": dict(os.environ), "close_fds": True, "shell": False}
    with warm_start.use_warm_server(), caplog.at_level("INFO", "dvc.stage.run"):
        assert dvc_run._run is not cold
        dvc_run._run("/bin/sh", "python -m scripts.some.probe warm.json", **settings)
        assert "took" in caplog.text and (tree / "warm.json").is_file()
        dvc_run._run("/bin/sh", "echo $((1 + 1)) > sum && python -m this > zen", **settings)
        assert (tree / "sum").read_text() == "2\n" and (tree / "zen").stat().st_size > 500
        (tree / "scripts/some/probe.py").write_text("raise SystemExit(2)")
        with pytest.raises(StageCmdFailedError, match="2"):
            dvc_run._run("/bin/sh", "python -m scripts.some.probe", **settings)
    assert dvc_run._run is cold


def test_another_python_on_path_is_left_to_dvc(tmp_path, monkeypatch):
    (tmp_path / "python").symlink_to(Path(sys.executable).resolve())  # without our libraries
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    cold = dvc_run._run
    with warm_start.use_warm_server():
        assert dvc_run._run is cold
