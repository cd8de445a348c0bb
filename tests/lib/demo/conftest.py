"""Two demo feeds, made once for all tests of it."""

import pytest

from lib import demo
from tests.support.demo_feed import SMALL


@pytest.fixture(scope="session")
def feed():
    return demo.generate_feed(seed=7, **SMALL)


@pytest.fixture(scope="session")
def market():
    """Sales enough to see the market: no pictures, so it is quick."""
    return demo.generate_feed(seed=3, **SMALL | {"sales": 2500}, photos=False)
