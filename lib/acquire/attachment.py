"""A file that the portal hands out on a click, asked for once.

The request is made beside the browser, with its cookies: Chromium itself would ask again, five
times and at once, for a download that breaks off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from lib.acquire.pacing import Pacer

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Page, Route

POLL = 0.05  # seconds between two looks whether the file has come
REDIRECTS = 5


@dataclass
class Attachment:
    """What a click brought: `content`, or a bad answer, or what went wrong with the transfer; none
    of them where a page came, or nothing. `seconds`: the most that the transfer may take."""

    hosts: Iterable[str]
    pacer: Pacer
    seconds: float
    content: bytes | None = None
    bad: APIResponse | None = None
    wrong: Exception | None = field(default=None)

    def click(self, page: Page, selector: str) -> None:
        """Click, and wait for what comes."""
        page.context.route("**/*", self._catch)
        try:
            page.locator(selector).click(no_wait_after=True)
            waited = 0.0
            while not (self.content or self.bad or self.wrong) and waited < self.seconds:
                page.wait_for_timeout(POLL * 1000)
                waited += POLL
        finally:
            page.context.unroute("**/*", self._catch)

    def _catch(self, route: Route) -> None:
        from playwright.sync_api import Error

        if not route.request.is_navigation_request():
            route.fallback()
            return
        try:
            answer = self._fetch(route)
            kind = answer.headers.get("content-disposition", "")
            if answer.status < 400 and kind.startswith("attachment"):
                self.content = answer.body()
                route.abort()
                return
            route.fulfill(response=answer)
            if answer.status >= 400:
                self.bad = answer
        except Error as error:
            self.wrong = error
            route.abort()

    def _fetch(self, route: Route) -> APIResponse:
        """What the portal answers; redirects to allowed hosts are followed at the portal's pace."""
        from playwright.sync_api import Error

        url, method = route.request.url, None
        for _ in range(REDIRECTS):
            host = (urlsplit(url).hostname or "").lower()
            if host not in self.hosts:
                raise Error(f"it leads to {host}, which is not permitted")
            answer = route.fetch(
                url=url, method=method, max_redirects=0, timeout=self.seconds * 1000
            )
            if not 300 <= answer.status < 400:
                return answer
            url, method = urljoin(url, answer.headers.get("location", "")), "GET"
            self.pacer.wait()
        raise Error(f"more than {REDIRECTS} redirects")
