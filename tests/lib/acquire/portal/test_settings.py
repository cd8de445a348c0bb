"""Which hosts may be asked, and what of a secret is left in a text."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.acquire.portal.redact import Redactor
from lib.acquire.portal.settings import (
    allowed_hosts,
    host_resolver_flag,
    is_allowed_address,
    read_settings,
)
from lib.common.errors import RemlError


def portal(url, *hosts):
    return read_settings().portal.model_copy(update={"url": url, "hosts": list(hosts)})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/login", "http://localhost/", "http://[::1]:9/x"]
)
def test_this_machine_needs_no_permission(url):
    assert len(allowed_hosts(portal(url, "mls.example.org"), [])) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://mls.example.org/login",
        "https://127.0.0.1.example.org/",
        "https://localhost.example.org/",
        "https://127.0.0.2/",  # loopback too, but nobody's portal
        "https://2130706433/",
        "https://0.0.0.0/",
    ],
)
def test_any_other_host_does(url):
    with pytest.raises(RemlError, match="--permitted-host"):
        allowed_hosts(portal(url), [])


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1@mls.example.org/", "ftp://127.0.0.1/", "127.0.0.1:80", "https:///x"]
)
def test_an_address_that_hides_its_host_is_refused(url):
    with pytest.raises(RemlError, match=r"portal\.url"):
        allowed_hosts(portal(url), ["mls.example.org"])


def test_permission_names_hosts_of_the_portal_and_wants_encryption():
    look = portal("https://www.example.org/login", "matrix.example.org")
    assert allowed_hosts(look, ["WWW.example.org"]) == ["www.example.org"]
    both = allowed_hosts(look, ["matrix.example.org", "www.example.org"])
    assert both == ["www.example.org", "matrix.example.org"]
    with pytest.raises(RemlError, match=r"--permitted-host www\.example\.org"):
        allowed_hosts(look, ["matrix.example.org"])
    with pytest.raises(RemlError, match="not a host of"):
        allowed_hosts(look, ["www.example.org", "evil.example.org"])
    with pytest.raises(RemlError, match="in the clear"):
        allowed_hosts(portal("http://www.example.org/"), ["www.example.org"])


@pytest.mark.parametrize(
    "address, good",
    [
        ("https://www.example.org/a.zip", True),
        ("https://WWW.example.org:8443/", True),
        ("http://127.0.0.1:8000/", True),
        ("http://www.example.org/", False),  # in the clear
        ("https://evil-www.example.org/", False),
        ("https://a.www.example.org/", False),
        ("https://www.example.org.evil.example/", False),
        ("https://www.example.org@evil.example/", False),
        ("https://example.org/", False),
        ("/relative", False),
    ],
)
def test_an_address_fits_a_whole_host_and_none_that_looks_like_it(address, good):
    assert is_allowed_address(address, ["www.example.org", "127.0.0.1"]) == good


def test_the_browser_resolves_only_these():
    rules = host_resolver_flag(["a.example.org", "127.0.0.1"])
    assert (
        rules == "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE a.example.org , EXCLUDE 127.0.0.1"
    )


@given(st.text(min_size=4), st.text(), st.text())
def test_no_form_of_a_secret_is_left(secret, before, after):
    forms = [
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret),
        json.dumps(secret)[1:-1], repr(secret)[1:-1],
        secret.upper() if secret.isascii() else secret,
        base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode(),
    ]  # fmt: skip
    redact = Redactor([secret, ""])
    for form in forms:
        assert form not in redact(f"{before}{form}{after}") or form in "***"


def test_a_text_without_secrets_stays():
    assert Redactor([])("as it was") == "as it was"
    assert Redactor(["one", "one more"])("one more, ONE, none") == "***, ***, n***"
