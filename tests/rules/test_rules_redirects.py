"""
The rules of the contract's only redirect.
"""

from __future__ import annotations

import pytest

from heymilo_async._core.status import redirect_target

API = "https://api.example.com"
HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("base_url", "location", "expected"),
    [
        (API, "https://cdn.example.com/a.mp3", ("https://cdn.example.com", "/a.mp3")),
        (API, "https://cdn.example.com", ("https://cdn.example.com", "/")),
        (API, "https://cdn.example.com:8443/a?b=c", ("https://cdn.example.com:8443", "/a?b=c")),
        (API, "https://[2001:db8::1]/a", ("https://[2001:db8::1]", "/a")),
        (API, "/there", ("https://api.example.com", "/there")),
        (HERE, "http://127.0.0.1:9/a", ("http://127.0.0.1:9", "/a")),
        (HERE, "http://localhost/a", ("http://localhost", "/a")),
        (API, "http://127.0.0.1/a", None),
        (API, "http://cdn.example.com/a", None),
        (HERE, "http://cdn.example.com/a", None),
        (API, "ftp://cdn.example.com/a", None),
        (API, "https://me@cdn.example.com/a", None),
        (API, "https://:secret@cdn.example.com/a", None),
        (API, "https://[::1/a", None),
        (API, "https://cdn.example.com:port/a", None),
        (API, "https://cdn.example.com/a\n", None),
        (API, "https://cdn.example.com/\u00e9", None),
        (API, "", None),
        (API, None, None),
    ],
)
def test_where_a_redirect_may_lead(base_url, location, expected):
    """
    Trap 22: it may lead to https anywhere, and from this machine to http on this machine.
    """
    assert expected == redirect_target(location, base_url)
