"""The portal as a real browser sees it: log in, search a window, export it, fetch photos.

Every selector comes from configs/acq.yaml. One request at a time, each after `pacer.wait()`. What
the portal answers ends in a value or in one of three exceptions: `RetryError` (try this once more),
`NeedsPersonError` (a person has to look, nothing more is asked) or `RetryLaterError` (it asks for a
long wait).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from lib.acquire.portal.errors import NeedsPersonError, RetryError
from lib.acquire.portal.portal_file import Attachment
from lib.acquire.portal.rate_limit import Pacer
from lib.acquire.portal.redact import HIDE, Redactor
from lib.acquire.portal.settings import Acquisition, is_allowed_address
from lib.acquire.portal.windows import Window

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, BrowserContext, Page, Request, Response

LOGINS = 5  # sessions of one run
LEAVING = 50.0  # milliseconds
STRAYED = (
    "the portal leads to {host}: if its terms permit it, list it in portal.hosts and say "
    "--permitted-host {host}"
)
STOPPED = {401: "401 Unauthorized", 403: "403 Forbidden"}


class Portal:
    """A session with the portal. `origin` is where its search lies: known once logged in,
    or from an earlier session (then `context` holds that session's cookies)."""

    # parameters: a browser, its manners, and where it may go
    def __init__(
        self,
        context: BrowserContext,
        settings: Acquisition,
        pacer: Pacer,
        redact: Redactor,
        credentials: tuple[str, str],
        hosts: list[str],
        origin: str = "",
    ) -> None:
        from playwright.sync_api import Error

        self.context, self.settings, self.pacer, self.redact = context, settings, pacer, redact
        self.look, self.error, self.logins = settings.portal, Error, 0
        self.origin, self.inside = origin, bool(origin)
        self.credentials, self.hosts = credentials, hosts
        self.bad: Response | APIResponse | None = None
        self.strayed = ""  # the host outside that the portal led to
        context.set_default_timeout(settings.pace.timeout * 1000)
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)
        self.page: Page = context.new_page()

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self.bad = self.bad or response

    def _failed(self, request: Request) -> None:
        if not request.is_navigation_request() or is_allowed_address(request.url, self.hosts):
            return
        with suppress(self.error):  # a window that is just opening has no frame yet
            if request.frame.parent_frame is not None:
                return  # what a page shows inside may be foreign
        self.strayed = urlsplit(request.url).hostname or request.url

    @contextmanager
    def _request(self) -> Iterator[None]:
        """One request at the portal's pace, and what its answer means."""
        self.pacer.wait()
        self.bad = None
        try:
            yield
        except self.error as error:
            self._refuse()
            raise RetryError(self.redact.error(error)) from None
        self._refuse()

    def _refuse(self) -> None:
        """Raise what a bad answer, a page that wants a person, or a form to log in means."""
        if self.strayed:
            raise NeedsPersonError(STRAYED.format(host=self.strayed))
        if self.bad is not None:
            self.page.wait_for_load_state()
        for what, selector in (("CAPTCHA", self.look.stop.captcha), ("code", self.look.stop.mfa)):
            if self.page.locator(selector).count():
                raise NeedsPersonError(f"the portal asks for a {what}")
        if self.bad is not None:
            code, after = self.bad.status, self.bad.headers.get("retry-after")
            if code in STOPPED:
                raise NeedsPersonError(f"the portal answered {STOPPED[code]}")
            raise RetryError(f"the portal answered {code}", after)
        if self.inside and self.page.locator(self.look.login.password).count():
            self.inside = False
            raise RetryError("the session had ended")

    def _go(self, path: str) -> None:
        """Open a page of the portal; log in first where there is no session."""
        if not self.inside:
            self.login()
        for other in self.context.pages:
            if other is not self.page:  # the way in, and windows that were opened twice
                other.close()
        with self._request():
            self.page.goto(urljoin(self.origin, path))

    def login(self) -> None:
        """Begin a new session. Raises `NeedsPersonError` where user and password are not accepted
        (tried once: a few wrong ones lock an account) or sessions keep ending."""
        look = self.look.login
        if self.logins == LOGINS:
            raise NeedsPersonError(f"{LOGINS} sessions ended before their time")
        self.logins += 1
        self.renew()
        with self._request():
            self.page.goto(self.look.url)
        self.page.locator(look.user).fill(self.credentials[0])
        self.page.locator(look.password).fill(self.credentials[1])
        with self._request(), self.page.expect_navigation():
            self.page.locator(look.submit).click()
        try:
            self.page.locator(look.enter).wait_for()
        except self.error:  # whatever the page says instead: no second try
            raise NeedsPersonError(
                f"the portal did not accept user and password ({look.enter})"
            ) from None
        with self._request():
            with self.context.expect_page() as opened:
                self.page.locator(look.enter).click()
            self.page = opened.value
            self.page.wait_for_load_state()
        parts = urlsplit(self.page.url)
        self.origin, self.inside = f"{parts.scheme}://{parts.netloc}", True

    def renew(self) -> None:
        """A page without a past: after a failure the old one may still be on its way."""
        old, self.page = self.page, self.context.new_page()
        old.close()

    def search(self, window: Window) -> int:
        """Search, and how many listings the portal says it found."""
        look = self.look.search
        self._go(look.path)
        self.page.locator(look.statuses).first.wait_for(state="attached")
        for box in self.page.locator(look.statuses).all():
            box.check()
        self.page.locator(look.dates).fill(f"{window.since:%m/%d/%Y}-{window.until:%m/%d/%Y}")
        if window.zips:
            self.page.locator(look.zips).fill(",".join(window.zips))
        with self._request(), self.page.expect_navigation():
            self.page.locator(look.submit).click()
        numbers = re.findall(r"\d[\d,]*", self.page.locator(look.count).inner_text())
        if not numbers:
            raise RetryError(f"the page does not say how many listings it found ({look.count})")
        return int(numbers[-1].replace(",", ""))

    def export(self, part: Path) -> None:
        """Download what the last search found, as CSV."""
        look = self.look.search
        cell = self.page.locator(look.export_cell).get_attribute("class") or ""
        if "disabled" in cell.split():
            raise RetryError("the portal offers no export of what it found")
        self.page.locator(look.all).click()
        with self._request(), self.page.expect_navigation():
            self.page.locator(look.export).click()
        self.page.locator(look.template).select_option(label=look.template_name)
        self._download(look.download, part)

    def photos(self, listing_id: str, most: int, least: int, part: Path) -> tuple[int, int]:
        """Download a listing's photos, `most` at most, as a zip: (how many it has, how many of
        them were asked for). Writes nothing where it has none. Raises `RetryError` where the page
        shows fewer than `least`: it may not be whole yet."""
        look = self.look.photos
        self._go(look.path.format(listing_id=quote(listing_id, safe="")))
        boxes = self.page.locator(look.box).all()
        if len(boxes) < least:
            raise RetryError(f"the page shows {len(boxes)} photos and the export says {least}")
        for box in boxes[:most]:
            box.check()
        if boxes:
            self._download(look.download, part)
        return len(boxes), min(len(boxes), most)

    def _download(self, selector: str, part: Path) -> None:
        """Click, and save the file that the answer is."""
        file = Attachment(self.context, self.hosts, self.pacer, self.settings.pace.download)
        with self._request():
            file.click(self.page, selector)
            self.bad = self.bad or file.bad
        if file.wrong:
            raise RetryError(f"the download was cut off ({self.redact.error(file.wrong)})")
        if file.content is None:
            raise RetryError("no download began")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(file.content)

    def state(self) -> dict[str, Any]:
        """What a later run needs to go on with this session."""
        return {"origin": self.origin, "storage": self.context.storage_state()}

    def picture(self) -> tuple[bytes, str]:
        """(PNG, HTML) of the page as it is, without secrets: they are taken off the page first."""
        self.page.wait_for_timeout(LEAVING)  # a page that is just leaving cannot be looked at
        self.page.wait_for_load_state()
        self.context.set_offline(True)  # an address without its secret would be asked for
        try:
            for frame in self.page.frames:
                frame.evaluate(HIDE, self.redact.pattern)
            png = self.page.screenshot(full_page=True)
            return png, self.redact(self.page.content())
        finally:
            self.context.set_offline(False)
