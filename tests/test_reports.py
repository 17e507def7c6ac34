"""
Problems that users of other clients reported: a stopped clock, archives, subclasses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from fronts import KEY
from inside import pool_settings, proxies
from server import NUMBER, answer, single

import heymilo_async
from heymilo_async import (
    AsyncHeyMilo,
    ConfigurationError,
    DeadlineExceededError,
    HeyMilo,
    RateLimit,
    RetryPolicy,
)
from heymilo_async.sandbox import running

ID = NUMBER["id"]
PACKAGE = Path(heymilo_async.__file__).parent


@pytest.fixture
def still(monkeypatch):
    """
    Stop the clocks of the `time` module, as freezegun does.
    """
    for name in ("monotonic", "time", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: 1_767_225_600.0)


@pytest.mark.usefixtures("still")
def test_waits_end_where_a_test_lets_the_clock_stand_still(serve):
    """
    A cool-down, a wait for a permit and a retry wait all end in a test that has stopped the clock.

    (On an event loop the loop's clock stands still, so no wait on it ends.)
    """
    server = serve(answer(429, b"", "Retry-After: 0.05"), answer(503), single())
    options = {"rate_limit": RateLimit(2, per=0.1), "retry": RetryPolicy(initial_delay=0.01)}

    with HeyMilo(KEY, base_url=server.base_url, **options) as client:
        assert ID == client.phone_numbers.get(ID).id
        assert [ID] * 5 == [one.id for one in client.phone_numbers.get_many([ID] * 5)]


@pytest.mark.usefixtures("still")
def test_a_deadline_passes_where_a_test_lets_the_clock_stand_still(serve):
    """
    A deadline ends a call in a test that has stopped the clock.
    """
    server = serve(lambda connection: connection.stopping.wait(20))

    with (
        HeyMilo(KEY, base_url=server.base_url, deadline=0.1) as client,
        pytest.raises(DeadlineExceededError),
    ):
        client.phone_numbers.get(ID)


def test_a_sandbox_ends_where_a_test_lets_the_clock_stand_still(monkeypatch):
    """
    A sandbox responds, advances its clock and stops, whenever a test has stopped the clock.
    """
    with running() as sandbox, sandbox.client() as client:
        with monkeypatch.context() as stopped:
            stopped.setattr(time, "monotonic", lambda: 1_767_225_600.0)
            sandbox.fail_next(status=429, retry_after=0.01)
            sandbox.advance(hours=1)

            assert 3 == len(client.postings.list())
            # The server reads its clock ten times a second.
            threading.Event().wait(0.25)
        began = time.monotonic()

    assert time.monotonic() - began < 20


class Tenant(HeyMilo):
    """
    A client subclass of an application, with a setting of its own.
    """

    def __init__(self, name, **options):
        super().__init__(KEY, **options)
        self.name = name


class AsyncTenant(AsyncHeyMilo):
    """
    The same, awaited.
    """

    def __init__(self, name, **options):
        super().__init__(KEY, **options)
        self.name = name


@pytest.mark.parametrize("kind", [Tenant, AsyncTenant])
def test_a_view_of_a_subclass_has_what_the_subclass_knows(kind):
    """
    `with_options` does not call the constructor, so a subclass may have its own, and keeps its
    attributes.
    """
    client = kind("acme", base_url="https://api.example.com")
    numbers = client.phone_numbers

    view = client.with_options(timeout=3.0, base_url="https://other.example.com")

    assert (kind, "acme") == (type(view), view.name)
    assert numbers is not view.phone_numbers
    assert "other.example.com" in repr(view.phone_numbers)


def test_a_proxy_for_all_beside_those_of_both_schemes(monkeypatch):
    """
    Desktops set ALL_PROXY to `socks://...` beside the other two; an unused variable causes no
    error.
    """
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080/")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    settings = pool_settings(max_connections=1, proxy=None, ssl_context=None, http_client=None)

    with pytest.raises(ConfigurationError, match="ALL_PROXY"):
        proxies(settings)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

    assert {"http", "https"} == proxies(settings).by_scheme.keys()


TALK = """
import heymilo_async
from heymilo_async import *
from heymilo_async.sandbox import running

with running() as sandbox, sandbox.client() as client:
    print(heymilo_async.__file__, len(client.postings.list()), AsyncHeyMilo.__name__)
"""


def run(folder, *arguments, **environment):
    """
    Return the output of Python in *folder* with *arguments*.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ("", 0) == (done.stderr, done.returncode)
    return done.stdout


def test_the_package_in_an_archive(tmp_path):
    """
    The client and the sandbox work when they are imported from an archive.
    """
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for one in PACKAGE.rglob("*"):
            if one.suffix in {".py", ".json"}:
                file.write(one, one.relative_to(PACKAGE.parent))

    told = run(tmp_path, "-W", "error", "-c", TALK, PYTHONPATH=str(archive))

    assert f"{archive}/heymilo_async/__init__.py 3 AsyncHeyMilo\n" == told


def test_the_package_without_docstrings(tmp_path):
    """
    `python -OO` removes docstrings and assertions, and nothing that the client needs.
    """
    assert " 3 AsyncHeyMilo\n" in run(tmp_path, "-OO", "-W", "error", "-c", TALK)
    assert "--starting-after" in run(
        tmp_path, "-OO", "-m", "heymilo_async", "phone-numbers", "list", "--help", COLUMNS="80"
    )
