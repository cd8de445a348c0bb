"""Real Chromium: where it lies, and a window of it that finds no host but the allowed ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lib.acquire.portal.settings import host_resolver_flag
from lib.common.errors import RemlError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The first Chromium on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser(
    executable: str, hosts: list[str], storage: Any, headed: bool
) -> Iterator[BrowserContext]:
    """A window of its own with the cookies in `storage`. It ends with this process, also where that
    is killed. Raises `RemlError` where the browser does not start."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=executable,
                # a proxy would find the hosts that Chromium must not
                args=[*FLAGS, host_resolver_flag(hosts), "--no-proxy-server"],
                headless=not headed,
            )
        except Error as error:
            reason = next((line for line in str(error).splitlines() if "FATAL" in line), str(error))
            raise RemlError(f"{executable} does not start: {reason[:300]}") from error
        try:
            try:
                context = browser.new_context(accept_downloads=False, storage_state=storage)
            except Error:  # a session that cannot be read is none
                context = browser.new_context(accept_downloads=False)
            yield context
        finally:
            browser.close()
