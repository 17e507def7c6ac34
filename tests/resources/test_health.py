"""
Health and lists: a value that a header or a query cannot contain is refused unsent.
"""

from __future__ import annotations

import httpx
import pytest
from talking import talk

from heymilo_async import InvalidRequestError


@pytest.mark.parametrize("detail", ["", " full", "f\u00fcll", "full\n", "full\x7f"])
def test_a_detail_that_no_header_can_have(front, detail):
    """
    A header value is printable ASCII without blanks around it.
    """
    error, requests = talk(
        front, lambda c: c.health.check(detail=detail), httpx.Response(200, json={})
    )

    assert (InvalidRequestError, []) == (type(error), requests)


def test_what_is_asked_of_health(front):
    """
    Trap 23: the credential is sent, and the detail only if it was given.
    """
    plain, (request,) = talk(front, lambda c: c.health.check(), httpx.Response(200, json={"a": 1}))
    _, (detailed,) = talk(
        front, lambda c: c.health.check(detail="full"), httpx.Response(200, json={})
    )

    assert {"a": 1} == plain
    assert "X-Health-Detail" not in request.headers
    assert "X-API-KEY" in request.headers
    assert "full" == detailed.headers["X-Health-Detail"]


def test_a_search_beyond_all_bounds(front):
    """
    A text that no URL can contain is refused unsent.
    """
    error, requests = talk(
        front, lambda c: c.voices.list(search="x" * 4097), httpx.Response(200, json={})
    )

    assert (InvalidRequestError, []) == (type(error), requests)
