"""
The responses of the routes while HeyMilo works.
"""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from heymilo_async.sandbox import PhoneNumberResponse, Sandbox


def test_a_page_of_numbers(backend: TestClient) -> None:
    """
    A page contains the total number, and the cursor of the next page.
    """
    page = backend.get("/numbers", params={"limit": 3}).json()

    assert 3 == len(page["numbers"])
    assert 30 == page["total"]
    assert page["numbers"][-1]["id"] == page["next"]


def test_a_walk_through_all_pages(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    A caller who follows `next` sees each number once, and HeyMilo receives one request a page.
    """
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 12}
    while True:
        page = backend.get("/numbers", params=query).json()
        seen += [number["id"] for number in page["numbers"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]

    assert [number.id for number in heymilo_sandbox.store] == seen
    assert 3 == len(heymilo_sandbox.requests)


def test_a_workspace_without_numbers(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    An empty workspace gives an empty list.
    """
    for number in heymilo_sandbox.store:
        heymilo_sandbox.store.remove(number.id)

    assert {"numbers": [], "total": 0, "next": None} == backend.get("/numbers").json()


def test_one_number(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    A number is shown under our own names.
    """
    heymilo_sandbox.store.add(
        PhoneNumberResponse(
            id="front-desk", phone_number="+442079460000", country_code="GB", active=False
        )
    )

    assert {
        "id": "front-desk",
        "number": "+442079460000",
        "country": "GB",
        "active": False,
    } == backend.get("/numbers/front-desk").json()


def test_what_heymilo_is_asked(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    Each of our requests sends one to HeyMilo, with the same limit and with our key.
    """
    backend.get("/numbers", params={"limit": 7})

    [request] = heymilo_sandbox.requests
    assert ("GET", "/api/v2/phone-numbers", "limit=7") == (
        request.method,
        request.path,
        request.query,
    )
    assert heymilo_sandbox.api_key == request.headers["x-api-key"]


@pytest.mark.usefixtures("heymilo_conduct")
def test_how_it_behaves(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    If every seventh request fails, all of ours still succeed, and no rule of conduct is broken.
    """
    heymilo_sandbox.chaos(rate=0.15, seed=7)

    answers = [backend.get("/numbers", params={"limit": limit}) for limit in range(1, 31)]

    assert [200] * 30 == [answer.status_code for answer in answers]
