"""What a test needs and this machine may lack."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

ALL = "REML_TEST_ALL"  # `make test-all` sets it: everything has to be there


def absent(reason: str, *variables: str) -> NoReturn:
    """Skip loudly; where `make test-all` or one of `variables` asks for everything, fail."""
    if any(os.environ.get(name) for name in (ALL, *variables)):
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)
