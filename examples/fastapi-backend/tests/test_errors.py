"""
The responses of the routes when HeyMilo fails or refuses a request.
"""

from __future__ import annotations

import pytest
from app.main import create_app
from fastapi.testclient import TestClient

from heymilo_async.sandbox import Sandbox, faults


def test_a_number_that_is_not_there(backend: TestClient) -> None:
    """
    A 404 is passed on.
    """
    answer = backend.get("/numbers/nobody")

    assert 404 == answer.status_code
    assert {"detail": "There is no such number."} == answer.json()


def test_a_cursor_that_is_not_there(backend: TestClient) -> None:
    """
    A cursor that does not exist is the caller's mistake.
    """
    assert 422 == backend.get("/numbers", params={"after": "nobody"}).status_code


def test_an_id_that_cannot_be_one(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    An invalid id is the caller's mistake too, and no request is sent to HeyMilo.
    """
    assert 422 == backend.get(f"/numbers/{'9' * 2000}").status_code
    assert () == heymilo_sandbox.requests


def test_a_limit_that_is_too_high(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    FastAPI refuses it, and no request is sent to HeyMilo.
    """
    assert 422 == backend.get("/numbers", params={"limit": 101}).status_code
    assert () == heymilo_sandbox.requests


def test_a_rate_limit_that_passes(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    We wait for a short cool-down, and the caller does not notice.
    """
    heymilo_sandbox.fail_next(status=429, retry_after=0.01, times=2)

    assert 200 == backend.get("/numbers").status_code
    assert 3 == len(heymilo_sandbox.requests)


def test_a_rate_limit_that_lasts(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    We do not wait for a cool-down beyond our deadline: the caller learns at once when to try again.
    """
    heymilo_sandbox.fail_next(status=429, retry_after=30)

    answer = backend.get("/numbers")

    assert 503 == answer.status_code
    assert "30" == answer.headers["Retry-After"]
    assert 1 == len(heymilo_sandbox.requests)


def test_a_rate_limit_that_does_not_say(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    Without a `Retry-After` from HeyMilo we send our default.
    """
    heymilo_sandbox.fail_next(status=429, times=3)

    answer = backend.get("/numbers")

    assert (503, "1") == (answer.status_code, answer.headers["Retry-After"])


def test_an_outage(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    HeyMilo receives three attempts; then the caller gets our error text.
    """
    heymilo_sandbox.fail_next(status=503, times=3)

    answer = backend.get("/numbers/nobody")

    assert 502 == answer.status_code
    assert {"detail": "The phone numbers cannot be had right now."} == answer.json()
    assert 3 == len(heymilo_sandbox.requests)


@pytest.mark.parametrize(
    "fault", [faults.Drop(), faults.Drop(reset=True), faults.CutBody()], ids=str
)
def test_a_connection_that_breaks(
    backend: TestClient, heymilo_sandbox: Sandbox, fault: faults.Fault
) -> None:
    """
    One broken connection does no harm; if every attempt breaks, that is a 502.
    """
    heymilo_sandbox.fail_next(fault)
    assert 200 == backend.get("/numbers").status_code

    heymilo_sandbox.fail_next(fault, times=3)
    assert 502 == backend.get("/numbers").status_code


def test_an_answer_that_is_not_the_contracts(backend: TestClient, heymilo_sandbox: Sandbox) -> None:
    """
    An invalid body is a 502, and the request is not repeated.
    """
    heymilo_sandbox.fail_next(faults.WrongTypes())

    assert 502 == backend.get("/numbers").status_code
    assert 1 == len(heymilo_sandbox.requests)


@pytest.mark.usefixtures("heymilo_environment")
@pytest.mark.parametrize("fault", [faults.Slow(60), faults.DripBody(every=60)], ids=str)
def test_a_heymilo_that_is_slow(heymilo_sandbox: Sandbox, fault: faults.Fault) -> None:
    """
    Our deadline holds, however slow HeyMilo is.
    """
    heymilo_sandbox.fail_next(fault, times=9)

    with TestClient(create_app(deadline=0.1)) as backend:
        assert 504 == backend.get("/numbers").status_code


@pytest.mark.usefixtures("heymilo_environment")
def test_a_key_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A refused key is our own mistake, so the caller learns nothing about it.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", "withdrawn-key")

    with TestClient(create_app()) as backend:
        answer = backend.get("/numbers")

    assert 502 == answer.status_code
    assert "key" not in answer.text
