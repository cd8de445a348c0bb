"""Lets DVC in this process start its stages from one warm process (`stage_server.py`)."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STAGE = re.compile(r"python -m (scripts\.\w+\.\w+)((?: [\w@.=-]+)*)")  # no shell is needed for it
TOOK = "took %.1f s, %.1f s of CPU, %.0f MB"


class StageServer:
    """The warm process, started when the first stage is; `close` ends it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.answers: Any = None

    def run(self, module: str, arguments: list[str], folder: str, environment: dict) -> dict:
        """Run a stage and wait for it: its exit `code` (negative for a signal), `cpu` seconds
        and `peak` memory in MB.

        Raises EOFError where the process that starts stages has ended.
        """
        if self.process is None:
            read, write = os.pipe()
            command = [sys.executable, "-m", "lib.ops.run.stage_server", str(write)]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, pass_fds=[write]
            )
            os.close(write)
            self.answers = os.fdopen(read)
        job = {"module": module, "arguments": arguments, "folder": folder}
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(job | {"environment": environment}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise EOFError("the process that starts stages has ended") from error
        line = self.answers.readline()
        if not line:
            raise EOFError("the process that starts stages has ended")
        return json.loads(line)

    def close(self) -> None:
        if self.process is not None:
            assert self.process.stdin
            self.process.stdin.close()
            self.process.wait()
            self.answers.close()


def same_python() -> bool:
    """Whether `python` on PATH, which DVC would start, is the Python of this process."""
    found = shutil.which("python")
    return bool(found) and Path(str(found)).samefile(sys.executable)


@contextmanager
def warm_start() -> Iterator[None]:
    """While it lasts, DVC starts `python -m scripts...` from a StageServer, and says after each
    stage how long it took. Other commands, other systems than Linux and another Python on PATH are
    left to DVC."""
    from dvc.stage import run as dvc_run
    from dvc.stage.exceptions import StageCmdFailedError

    server, cold = StageServer(), dvc_run._run
    log = logging.getLogger("dvc.stage.run")

    def start(executable: str | None, cmd: str, **settings: Any) -> None:
        began = time.monotonic()
        stage = STAGE.fullmatch(cmd)
        if stage is None:
            cold(executable, cmd, **settings)
            return
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the stage's, as in DVC
        try:
            folder, arguments = os.fspath(settings["cwd"]), stage[2].split()
            done = server.run(stage[1], arguments, folder, settings["env"])
        except EOFError as error:
            raise StageCmdFailedError(cmd, None) from error
        finally:
            signal.signal(signal.SIGINT, handler)
        if done["code"]:
            raise StageCmdFailedError(cmd, done["code"])
        log.info(TOOK, time.monotonic() - began, done["cpu"], done["peak"])

    if sys.platform != "linux" or not same_python():
        yield
        return
    dvc_run._run = start
    try:
        yield
    finally:
        dvc_run._run = cold
        server.close()
