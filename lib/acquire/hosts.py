"""Which hosts a download may talk to. This machine always; any other only where somebody says that
the portal's terms permit it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from lib.acquire.settings import FILE, LOOPBACK, Portal
from lib.common.checks import require


def allowed(portal: Portal, permitted: Iterable[str]) -> list[str]:
    """The hosts that the browser may talk to, the portal's own first.

    Raises `RemlError` where the portal is not on this machine and nobody permits its host, where a
    permitted host is none of the portal's, or where a password would travel unencrypted.
    """
    parts = urlsplit(portal.url)
    own = portal.host()
    require(
        parts.scheme in ("http", "https") and bool(own) and "@" not in parts.netloc,
        f"{FILE}: portal.url: expected https://host/path, found {portal.url!r}",
    )
    known = {own, *(one.lower() for one in portal.hosts)}
    said = {one.lower() for text in permitted for one in text.split()}
    require(
        said <= known,
        f"--permitted-host {', '.join(sorted(said - known))}: not a host of {FILE} "
        f"({', '.join(sorted(known))})",
    )
    if own in LOOPBACK:
        return [own, *sorted(said - {own})]
    require(
        own in said,
        f"{own} is not this machine: if your agreement with the portal permits automated "
        f"downloads with your own account, say so with --permitted-host {own}",
    )
    require(
        parts.scheme == "https",
        f"{FILE}: portal.url: {own} is asked over http, which would send the password in the clear",
    )
    return [own, *sorted(said - {own})]


def here(hosts: Iterable[str]) -> bool:
    """Whether all of them are this machine."""
    return all(host in LOOPBACK for host in hosts)


def fits(address: str, hosts: Iterable[str]) -> bool:
    """Whether an address is at one of `hosts`, and encrypted unless that is this machine."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    return host in hosts and (parts.scheme == "https" or here([host]))


def resolver_rules(hosts: Iterable[str]) -> str:
    """Chromium's flag that lets it find no other host, whatever a page or a redirect asks for."""
    excluded = "".join(f" , EXCLUDE {host}" for host in hosts)
    return f"--host-resolver-rules=MAP * ~NOTFOUND{excluded}"
