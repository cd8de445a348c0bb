"""A portal on this machine that behaves like an MLS's: log in, a second window, search by date of
modification, export, zips of photos; with faults on demand.

Real pages that a real Chromium drives. What nobody can test here is the live portal itself: its
pages are known from what others wrote about them (configs/acq.yaml says so).
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json
import re
import threading
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "agent@example.org", "Canary-7f3a&<9>'quoted\"%/+é"
SHOWN = 100  # results on a page of the portal, however many it found


@dataclass
class Portal:
    """What the portal has, does wrong, and was asked.

    `rows` are dicts under the export's headers, with MatrixModifiedDT; `photos` listing number ->
    JPEGs. `faults`: path -> what the next requests to it end in, in order: "" (nothing wrong), a
    status such as "500" or "429 7" (Retry-After) or "503 captcha", "cut" (the body ends early),
    "expired", "captcha", "mfa", "echo" (a page that shows the password), "other window" (the answer
    to the search before), "empty", "twice" (each row again), "gone" (no answer at all).
    """

    rows: list[dict[str, str]]
    photos: dict[str, list[bytes]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    windows_opened: int = 1
    form_again: bool = True  # after a wrong password
    leads_to: str = "/Matrix/Home"  # what the way in opens
    picture: str = ""  # an address that each page shows a picture of
    most: int = 5000  # results of one search that can be exported
    slow: float = 0.0  # seconds in the middle of each body
    asked: list[str] = field(default_factory=list)  # paths in order
    times: list[float] = field(default_factory=list)  # when
    exported: list[str] = field(default_factory=list)  # "dates zips" of each whole export
    zipped: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    pictures: list[str] = field(default_factory=list)  # "<number>/<n>" of each photo sent
    sessions: set[str] = field(default_factory=set)
    searches: dict[str, list[list[str]]] = field(default_factory=dict)
    logins: int = 0
    server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Portal:
        portal = self

        class Bound(Handler):
            pass

        Bound.portal = portal
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def found(self, dates: str, zips: str) -> list[dict[str, str]]:
        """The rows modified in `mm/dd/yyyy-mm/dd/yyyy`, in ZIP codes parted by commas."""
        first, last = (dt.datetime.strptime(one, "%m/%d/%Y").date() for one in dates.split("-"))
        some = {one.strip() for one in zips.split(",") if one.strip()}
        return [
            row
            for row in self.rows
            if first <= dt.date.fromisoformat(row["MatrixModifiedDT"][:10]) <= last
            and (not some or row["PostalCode"] in some)
        ]


class Handler(BaseHTTPRequestHandler):
    portal: Portal
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.answer(parse_qs(body, keep_blank_values=True))

    def answer(self, form: dict[str, list[str]]) -> None:
        """One answer; faults come first."""
        parts = urlsplit(self.path)
        portal, path = self.portal, parts.path
        if path == "/favicon.ico":
            return self.page("", 404)
        portal.asked.append(path)
        portal.times.append(time.monotonic())
        fault = portal.faults[path].pop(0) if portal.faults.get(path) else ""
        number, _, more = fault.partition(" ")
        if number.isdigit() and more in FORMS:
            return self.page(FORMS[more], int(number))
        if number.isdigit():
            return self.page(f"error {number}", int(number), {"Retry-After": more} if more else {})
        if fault == "gone":
            return self.close()
        if fault in FORMS:
            return self.page(FORMS[fault])
        if fault == "echo":
            shown = html.escape(PASSWORD)
            spelt = "".join(f"\\x{ord(one):02x}" for one in PASSWORD)
            return self.page(
                f"<title>{shown}</title><p>Welcome {USER}, your password is {shown}</p>"
                f"<input value=\"{shown}\"><a title='{USER}'>x</a>"
                f"<noscript>{html.escape(shown)}</noscript>"
                f"<template>{shown}</template><script>var a = {json.dumps(PASSWORD)};</script>"
                f"<script>var b = '{spelt}';</script><!-- {PASSWORD} -->",
                500
            )  # fmt: skip
        session = self.session()
        if fault == "expired":
            portal.sessions.discard(session)
            session = ""
        if path == "/login":
            return self.login(form)
        if session not in portal.sessions:
            return self.page(LOGIN)
        ask = {name: values[0] for name, values in (form | parse_qs(parts.query)).items()}
        route = ROUTES.get(path)
        if route is None:
            return self.page("no such page", 404)
        return route(self, session, ask, fault)

    def close(self) -> None:
        self.close_connection = True
        self.connection.close()

    def session(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return cookie.value if cookie else ""

    def page(self, body: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        shown = f"<img src={self.portal.picture}>" if self.portal.picture else ""
        content = f"<!doctype html><meta charset=utf-8>{body}{shown}".encode()
        self.reply(content, "text/html; charset=utf-8", status, headers or {})

    def reply(self, content: bytes, kind: str, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def attach(self, content: bytes, name: str, kind: str, cut: bool) -> bool:
        """Send a file, or half of it; whether it was sent whole."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Disposition", f'Attachment; filename="{name}"')
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if self.portal.slow:
            threading.Event().wait(self.portal.slow)
        if cut:
            self.close()
            return False
        self.wfile.write(content[half:])
        return True

    def login(self, form: dict[str, list[str]]) -> None:
        portal = self.portal
        if not form:
            return self.page(LOGIN)
        if (form["email"][0], form["pass"][0]) != (USER, PASSWORD):
            return self.page("<p>Wrong password.</p>" + (LOGIN if portal.form_again else ""))
        portal.logins += 1
        session = f"s{portal.logins}"
        portal.sessions.add(session)
        extra = "<script>let n = 0;</script>" if portal.windows_opened == 1 else ""
        again = "window.open('/Matrix/Home');" * (portal.windows_opened - 1)
        return self.page(
            f'{extra}<a href="{portal.leads_to}" target="_blank" onclick="{again}">'
            "Enter Matrix MLS</a>",
            headers={"Set-Cookie": f"session={session}; Path=/; HttpOnly"},
        )

    def home(self, session: str, ask: dict[str, str], fault: str) -> None:
        self.page("<h1>Matrix</h1>")

    def classic(self, session: str, ask: dict[str, str], fault: str) -> None:
        self.page(SEARCH)

    def results(self, session: str, ask: dict[str, str], fault: str) -> None:
        portal = self.portal
        history = portal.searches.setdefault(session, [])
        query = [ask["dates"], ask.get("zips", "")]
        if fault == "other window" and history:
            query = history[-1]
        if fault == "empty":
            query = ["01/01/1900-01/01/1900", ""]
        history.append(query)
        count = len(portal.found(*query))
        told = f"1-{min(count, SHOWN)} of {count:,}" if count else "0 results"
        off = "disabled" if not count else ""
        self.page(
            f"""<span id=m_lblPagingSummary>{told}</span>
            <a id=m_lnkCheckAllLink href="#" onclick="return false">All</a>
            <table><tr><td id=m_tdExport class="{off}">
            <a id=m_lbExport href="/Matrix/Export">Export</a></td></tr></table>"""
        )

    def export(self, session: str, ask: dict[str, str], fault: str) -> None:
        self.page(
            """<form method=post action="/Matrix/Download"><select id=m_ddExport name=template>
            <option>Agent Full</option><option>REML</option></select>
            <button id=m_btnExport>Export</button></form>"""
        )

    def download(self, session: str, ask: dict[str, str], fault: str) -> None:
        dates, zips = self.portal.searches[session][-1]
        rows = self.portal.found(dates, zips)[: self.portal.most]
        assert ask["template"] == "REML"
        out = io.StringIO()
        writer = csv.DictWriter(out, [*self.portal.rows[0]], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows * 2 if fault == "twice" else rows)
        if self.attach(out.getvalue().encode(), "Full.csv", "text/csv", fault == "cut"):
            self.portal.exported.append(f"{dates} {zips}".strip())

    def photo_page(self, session: str, ask: dict[str, str], fault: str) -> None:
        count = len(self.portal.photos.get(ask["id"], []))
        boxes = "".join(
            f'<input class=photo type=checkbox name="p{n}" value=1>' for n in range(1, count + 1)
        )
        self.page(
            f"""<form method=post action="/Matrix/PhotosZip">{boxes}
            <input type=hidden name=id value="{html.escape(ask["id"])}">
            <button id=m_btnPhotos>Download</button></form>"""
        )

    def photos_zip(self, session: str, ask: dict[str, str], fault: str) -> None:
        number = ask["id"]
        some = sorted(int(name[1:]) for name in ask if re.fullmatch(r"p\d+", name))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as bundle:
            for n in some:
                bundle.writestr(f"{n}.jpg", self.portal.photos[number][n - 1])
        if self.attach(out.getvalue(), f"{number}.zip", "application/zip", fault == "cut"):
            self.portal.zipped[number] += 1
            self.portal.pictures += [f"{number}/{n}" for n in some]


LOGIN = """<form method=post action="/login"><input id=member_email name=email>
<input id=member_pass name=pass type=password><button id=login_submit>Log in</button></form>"""
SEARCH = """<form method=post action="/Matrix/Results">
<label><input class=status type=checkbox name=s1>Active</label>
<label><input class=status type=checkbox name=s2>Sold</label>
<input id=modified_dates name=dates><input id=zip_codes name=zips>
<button id=m_ucSearchButtons_m_lbSearch>Search</button></form>"""
FORMS = {
    "captcha": '<div id="captcha">Are you human?</div>',
    "mfa": 'Code: <input id="mfa_code">',
}
ROUTES = {
    "/Matrix/Home": Handler.home,
    "/Matrix/Search/AllProperties/Classic": Handler.classic,
    "/Matrix/Results": Handler.results,
    "/Matrix/Export": Handler.export,
    "/Matrix/Download": Handler.download,
    "/Matrix/Photos": Handler.photo_page,
    "/Matrix/PhotosZip": Handler.photos_zip,
}
