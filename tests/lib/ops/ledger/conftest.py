"""An empty database of either kind, for tests of the ledger."""

import pytest
import structlog

from lib.ops.ledger import database, ledger
from tests.support.postgres import Server


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log to what is stdout now, whatever a command of another test set up; and wait longer than
    a run would, so that a busy machine is not taken for a dead server."""
    structlog.reset_defaults()
    monkeypatch.setattr(database, "WAIT", 10)
    monkeypatch.setattr(ledger, "DEADLINE", 20)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.rest)])
def url(request: pytest.FixtureRequest) -> str | None:
    """An empty database of either kind, as `record` takes it."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue("postgres")
    return server.url(server.database())
