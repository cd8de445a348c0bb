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
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
            numbers = [str(write), str(os.getpid())]
            command = [sys.executable, "-m", "lib.ops.run.stage_server", *numbers]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, pass_fds=[write]
            )
            os.close(write)
            self.answers = os.fdopen(read)
        job: dict[str, Any] = {"module": module, "arguments": arguments, "folder": folder}
        job |= {"environment": environment, "interrupts": receives_interrupts()}
        assert self.process.stdin
        # Ctrl-C is the stage's from here on, as in DVC; only a main thread has a say in it
        main = threading.current_thread() is threading.main_thread()
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.answers.readline()
        except BrokenPipeError:
            line = ""
        finally:
            if main:
                signal.signal(signal.SIGINT, handler)
        if not line:
            self.close()
            raise EOFError("the process that starts stages has ended")
        return json.loads(line)

    def close(self) -> None:
        """End the process; the next stage starts another."""
        if self.process is not None:
            assert self.process.stdin
            with suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.wait()
            self.answers.close()
            self.process = None


def receives_interrupts() -> bool:
    """Whether Ctrl-C ends this process: not in one that a script has put into the background."""
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def _same_python() -> bool:
    """Whether `python` on PATH, which DVC would start, is the Python of this process."""
    found = shutil.which("python")
    # folders, since the Pythons of two environments may be links to one and the same
    return bool(found) and Path(str(found)).parent.samefile(Path(sys.executable).parent)


@contextmanager
def use_warm_server() -> Iterator[None]:
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
        try:
            folder, arguments = os.fspath(settings["cwd"]), stage[2].split()
            done = server.run(stage[1], arguments, folder, settings["env"])
        except EOFError as error:
            raise StageCmdFailedError(cmd, None) from error
        if done["code"]:
            raise StageCmdFailedError(cmd, done["code"])
        log.info(TOOK, time.monotonic() - began, done["cpu"], done["peak"])

    if sys.platform != "linux" or not _same_python():
        yield
        return
    dvc_run._run = start
    try:
        yield
    finally:
        dvc_run._run = cold
        server.close()
