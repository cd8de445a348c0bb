"""The settings of configs/acq.yaml, and which hosts a download may talk to.

The hard limits of a lawful download are the bounds of the settings. This machine may always be
asked; any other only where somebody says that the portal's terms permit it.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator

from lib.common.errors import require
from lib.common.params import Section, read_yaml, validate

FILE = Path("configs/acq.yaml")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class GapSettings(Section):
    """How gaps are distinguished from quiet days."""

    history_weeks: PositiveInt
    minimum_days: PositiveInt
    quiet_share: float = Field(gt=0, le=1)
    holidays: Literal["us_federal", "none"]


class Limits(Section):
    """How much at most."""

    listings_per_run: int = Field(gt=0, le=5000)
    listings_per_search: int = Field(gt=0, le=5000)
    listings_per_day: PositiveInt
    photos_per_listing: int = Field(gt=0, le=100)
    photo_listings_per_run: PositiveInt
    photo_listings_per_day: PositiveInt
    window_days: PositiveInt


class Pace(Section):
    """How fast, and how often again. All but `attempts` in seconds."""

    seconds: NonNegativeFloat
    jitter: NonNegativeFloat
    attempts: PositiveInt
    backoff: NonNegativeFloat
    most: PositiveFloat
    timeout: PositiveFloat
    download: PositiveFloat


class CredentialNames(Section):
    """Names of the environment variables that hold them."""

    user: str
    password: str


class LoginSelectors(Section):
    """Selectors of the way in."""

    user: str
    password: str
    submit: str
    enter: str


class StopSelectors(Section):
    """Selectors of what only a person may answer."""

    captcha: str
    mfa: str


class SearchSelectors(Section):
    """Selectors of the search and of its export."""

    path: str
    statuses: str
    dates: str
    zips: str
    submit: str
    count: str
    all: str
    export: str
    export_cell: str
    template: str
    template_name: str
    download: str


class PhotoSelectors(Section):
    """Selectors of a listing's photos; `path` holds {listing_id}."""

    path: str
    box: str
    download: str


class PortalSettings(Section):
    """Where, and what its pages look like."""

    url: str
    hosts: list[str]
    zips: list[str]
    login: LoginSelectors
    stop: StopSelectors
    search: SearchSelectors
    photos: PhotoSelectors
    photos_changed: list[str]

    @field_validator("zips", mode="after")
    @classmethod
    def _five_digits(cls, zips: list[str]) -> list[str]:
        for one in zips:
            if not (len(one) == 5 and one.isascii() and one.isdigit()):
                raise ValueError(f"{one!r} is no ZIP code of five digits in quotes")
        return zips

    def host(self) -> str:
        """The host of `url`, in lower case."""
        return (urlsplit(self.url).hostname or "").lower()


class Acquisition(Section):
    """All of configs/acq.yaml."""

    feed: str
    timezone: str
    first_day: dt.date
    gaps: GapSettings
    limits: Limits
    pace: Pace
    credentials: CredentialNames
    portal: PortalSettings

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        if timezone not in zoneinfo.available_timezones():
            raise ValueError(f"{timezone!r} is no time zone such as America/Chicago")
        return timezone

    def day(self, moment: dt.datetime) -> dt.date:
        """The day that a moment belongs to where the portal is."""
        return moment.astimezone(zoneinfo.ZoneInfo(self.timezone)).date()


def read_settings(path: Path = FILE) -> Acquisition:
    """The settings in a file; raises `RemlError` naming each key that is wrong."""
    return validate(Acquisition, read_yaml(path), str(path))


def restrict_zips(config: Acquisition, zips: tuple[str, ...]) -> Acquisition:
    """Settings with other ZIP codes to search in; raises `RemlError` where one is no ZIP code."""
    content = config.model_dump()
    content["portal"]["zips"] = list(zips)
    return validate(Acquisition, content, "--zip")


def allowed_hosts(portal: PortalSettings, permitted: Iterable[str]) -> list[str]:
    """The hosts that the browser may talk to, the portal's own first.

    Raises `RemlError` where the portal is not on this machine and nobody permits its host, where a
    permitted host is none of the portal's, or where a password would travel unencrypted.
    """
    parts = urlsplit(portal.url)
    portal_host = portal.host()
    require(
        parts.scheme in ("http", "https") and bool(portal_host) and "@" not in parts.netloc,
        f"{FILE}: portal.url: expected https://host/path, found {portal.url!r}",
    )
    listed = {portal_host, *(one.lower() for one in portal.hosts)}
    allowed = {one.lower() for text in permitted for one in text.split()}
    require(
        allowed <= listed,
        f"--permitted-host {', '.join(sorted(allowed - listed))}: not a host of {FILE} "
        f"({', '.join(sorted(listed))})",
    )
    if portal_host in LOOPBACK:
        return [portal_host, *sorted(allowed - {portal_host})]
    require(
        portal_host in allowed,
        f"{portal_host} is not this machine: if your agreement with the portal permits automated "
        f"downloads with your own account, say so with --permitted-host {portal_host}",
    )
    require(
        parts.scheme == "https",
        f"{FILE}: portal.url: {portal_host} is asked over http, which would send the password in "
        "the clear",
    )
    return [portal_host, *sorted(allowed - {portal_host})]


def are_local_hosts(hosts: Iterable[str]) -> bool:
    """Whether all of them are this machine."""
    return all(host in LOOPBACK for host in hosts)


def is_allowed_address(address: str, hosts: Iterable[str]) -> bool:
    """Whether an address is at one of `hosts`, and encrypted unless that is this machine."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    return host in hosts and (parts.scheme == "https" or are_local_hosts([host]))


def host_resolver_flag(hosts: Iterable[str]) -> str:
    """Chromium's flag that lets it find no other host, whatever a page or a redirect asks for."""
    excluded = "".join(f" , EXCLUDE {host}" for host in hosts)
    return f"--host-resolver-rules=MAP * ~NOTFOUND{excluded}"
