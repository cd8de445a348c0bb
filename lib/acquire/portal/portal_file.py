"""A file that the portal hands out on a click, asked for once.

The request is made beside the browser, with its cookies: Chromium itself would ask again, five
times and at once, for a download that breaks off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from lib.acquire.portal.rate_limit import Pacer
from lib.acquire.portal.settings import is_allowed_address

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, BrowserContext, Page, Route

POLL = 0.05  # seconds between two looks whether the file has come
REDIRECTS = 5


@dataclass
class Attachment:
    """What a click brought: `content`, or a `page` (bad where its status is), or what went wrong
    with the transfer; none of them where nothing came. `seconds`: the most that it may take."""

    context: BrowserContext
    hosts: Iterable[str]
    pacer: Pacer
    seconds: float
    content: bytes | None = None
    page: bool = False
    bad: APIResponse | None = None
    wrong: Exception | None = None

    def click(self, page: Page, selector: str) -> None:
        """Click, and wait for what comes."""
        self.context.route("**/*", self._catch)
        try:
            page.locator(selector).click(no_wait_after=True)
            waited = 0.0
            while not (self.page or self.wrong or self.content is not None):
                if waited >= self.seconds:
                    break
                page.wait_for_timeout(POLL * 1000)
                waited += POLL
        finally:
            self.context.unroute("**/*", self._catch)

    def _catch(self, route: Route) -> None:
        from playwright.sync_api import Error

        if not route.request.is_navigation_request():
            route.fallback()
            return
        try:
            answer = self._fetch(route)
            kind = answer.headers.get("content-disposition", "").strip().lower()
            if answer.status < 400 and kind.startswith("attachment"):
                self.content = answer.body()
                route.abort()
                return
            route.fulfill(response=answer)
            self.page, self.bad = True, answer if answer.status >= 400 else None
        except Error as error:
            self.wrong = error
            route.abort()

    def _fetch(self, route: Route) -> APIResponse:
        """What the portal answers; redirects to allowed hosts are followed at the portal's pace."""
        from playwright.sync_api import Error

        url, limit = route.request.url, self.seconds * 1000
        for hop in range(REDIRECTS):
            if not is_allowed_address(url, self.hosts):
                raise Error(f"it leads to {urlsplit(url).hostname}, which is not permitted")
            if hop:
                self.pacer.wait()
                answer = self.context.request.get(url, max_redirects=0, timeout=limit)
            else:
                answer = route.fetch(max_redirects=0, timeout=limit)
            if not 300 <= answer.status < 400:
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
        raise Error(f"more than {REDIRECTS} redirects")
