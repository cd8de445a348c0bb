"""A Postgres server of the tests' own: the real thing, on loopback, gone when they end."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.needs import absent

PASSWORD = "CANARY1@CANARY2/CANARY3"  # with letters that a URL must escape
ESCAPED = "CANARY1%40CANARY2%2FCANARY3"


@dataclass(frozen=True)
class Server:
    """A running server; every `database()` is a new and empty one."""

    port: int

    def url(self, name: str, user: str = "owner", password: str = ESCAPED) -> str:
        """The URL of a database, as DATABASE_URL has it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}"

    def run(self, name: str, *statements: str) -> list:
        """Run statements one by one as the owner; the rows of the last."""
        engine = sa.create_engine(
            self.url(name).replace("postgresql:", "postgresql+pg8000:"), poolclass=sa.NullPool
        )
        rows = []
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = result.fetchall() if result.returns_rows else []
        return rows

    def database(self) -> str:
        """Make an empty database; its name."""
        name = f"test_{os.urandom(6).hex()}"
        self.run("postgres", f"CREATE DATABASE {name}")
        return name


def binaries() -> Path | None:
    """The folder with initdb, as Debian installs it or on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found or not on_path:
        return found[-1].parent if found else None
    return Path(on_path).resolve().parent


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launcher() -> list[str]:
    """What to put before a command: Postgres refuses to run as root, and should end with us."""
    if not shutil.which("setpriv"):  # elsewhere than on Linux
        return []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", *user, "--pdeathsig=QUIT"]


def ready(server: Server) -> bool:
    """Whether the server answers."""
    try:
        server.run("postgres", "SELECT 1")
    except sa.exc.DBAPIError:
        return False
    return True


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start a server with its files in `folder`; stop it at the end."""
    programs = binaries()
    assert programs
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    made = subprocess.run(
        [*launcher(), programs / "initdb", "-D", folder / "data", "-U", "owner", "-E", "UTF8",
         "-A", "scram-sha-256", "--pwfile", folder / "password", "--locale=C", "--no-sync"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    server = Server(free_port())
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*launcher(), programs / "postgres", "-D", folder / "data", "-F", "-p",
             str(server.port), "-c", "listen_addresses=127.0.0.1",
             "-c", f"unix_socket_directories={folder}"],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until = time.monotonic() + 30
        while not ready(server):
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server; without Debian's package `postgresql` a failure in `make test-all`, elsewhere a
    loud skip."""
    if binaries() is None:
        absent("no Postgres server (initdb) found; on Debian: apt-get install postgresql")
    # not below pytest's folder, which only its owner may enter
    with tempfile.TemporaryDirectory(prefix="reml-pg-") as name, running(Path(name)) as server:
        yield server
