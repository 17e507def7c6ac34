"""
Serving the application on a loopback port: uvicorn in a thread, for as long as a `with` lasts.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ipaddress
import logging
import secrets
import socket
import threading
from collections.abc import Generator
from typing import Any, Final

import attrs
import uvicorn
from starlette.types import ASGIApp

from .. import AsyncHeyMilo, HeyMilo
from ._app import Backend, create_app
from ._numbers import seed_numbers
from ._requests import ReceivedRequest, RequestLog
from ._schemas import PhoneNumberResponse
from ._store import Store

_SECONDS_TO_START: Final = 10.0
_SECONDS_TO_FINISH_ANSWERS: Final = 1

# Without a handler `logging` would print uvicorn's warnings to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
logging.getLogger("uvicorn").addHandler(logging.NullHandler())


@attrs.frozen(kw_only=True, eq=False)
class Sandbox:
    """
    A HeyMilo that runs on this machine, and the keys to it.
    """

    base_url: str
    api_key: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    store: Store[PhoneNumberResponse] = attrs.field(repr=False)
    _log: RequestLog = attrs.field(alias="log", repr=False)

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """
        What has arrived until now: the latest 10,000 requests, the oldest one first.
        """
        return self._log.snapshot()

    def client(self, **options: Any) -> HeyMilo:
        """
        Return a new blocking client of this sandbox; *options* are those of `HeyMilo`.
        """
        return HeyMilo(**self._settings(options))

    def async_client(self, **options: Any) -> AsyncHeyMilo:
        """
        Return a new client of this sandbox; *options* are those of `AsyncHeyMilo`.
        """
        return AsyncHeyMilo(**self._settings(options))

    def _settings(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": self.api_key, "base_url": self.base_url, **options}


@contextlib.contextmanager
def running(
    *,
    numbers: int = 30,
    api_key: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Generator[Sandbox, None, None]:
    """
    Run a sandbox while the `with` block lasts.

    Args:
        numbers: How many phone numbers there are at first.

        api_key: The key it accepts; by default a new one.

        host: An address of this machine's loopback interface.

        port: The TCP port; 0 lets the system choose a free one.

    """
    log = RequestLog()
    backend = Backend(
        store=Store(seed_numbers(numbers)),
        api_key=_new_credential() if api_key is None else _checked_key(api_key),
        access_token=_new_credential(),
    )
    with serving(create_app(backend, on_request=log.add), host, port) as base_url:
        yield Sandbox(
            base_url=base_url,
            api_key=backend.api_key,
            access_token=backend.access_token,
            store=backend.store,
            log=log,
        )


@contextlib.contextmanager
def serving(
    app: ASGIApp, host: str, port: int, *, seconds_to_start: float = _SECONDS_TO_START
) -> Generator[str, None, None]:
    """
    Serve *app* while the `with` block lasts, and give its base URL.
    """
    with _listen(host, port) as listener:
        server = _Server(app)
        # A daemon, lest a `with` that is never left keeps the interpreter from ending.
        thread = threading.Thread(
            target=server.run_until_told, args=(listener,), name="heymilo-sandbox", daemon=True
        )
        thread.start()
        try:
            server.wait_until_started(seconds_to_start)
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """
    A uvicorn server that is started and stopped from another thread.
    """

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH_ANSWERS,
        )
        super().__init__(config)
        self._has_started: concurrent.futures.Future[None] = concurrent.futures.Future()

    def run_until_told(self, listener: socket.socket) -> None:
        # Named outright, because a loop policy of the process may prefer another kind of loop.
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self.serve(sockets=[listener]))
        except BaseException as error:
            # Once it has started nobody waits for this any more: then `set_exception` raises, and
            # `threading.excepthook` shows both errors.
            self._has_started.set_exception(error)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._has_started.set_result(None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # uvicorn leaves open what did not finish within `timeout_graceful_shutdown`.
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def wait_until_started(self, seconds: float) -> None:
        try:
            self._has_started.result(timeout=seconds)
        except TimeoutError:
            message = f"the sandbox did not start within {seconds:g} seconds"
            raise TimeoutError(message) from None


def _listen(host: str, port: int) -> socket.socket:
    if isinstance(port, bool) or not isinstance(port, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"the port must be an int, not {type(port).__name__}"
        raise TypeError(message)
    if not 0 <= port <= 65535:
        message = f"the port must be within 0..65535, not {port}"
        raise ValueError(message)
    address = _loopback_address(host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    listener = socket.create_server((str(address), port), family=family)
    # Connections inherit it. asyncio sets it for sockets whose protocol number is TCP's, but here
    # that is 0, and every answer would wait 40 ms for a delayed acknowledgement:
    # https://github.com/python/cpython/blob/v3.13.0/Lib/asyncio/base_events.py#L192-L199
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _loopback_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else str(host))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        message = (
            "the sandbox serves this machine only: its host must be a loopback address such as "
            f"127.0.0.1 or ::1, not {host!r}"
        )
        raise ValueError(message)
    return address


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _new_credential() -> str:
    return f"sandbox-{secrets.token_hex(16)}"


def _checked_key(api_key: str) -> str:
    if not isinstance(api_key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"the API key must be a str, not {type(api_key).__name__}"
        raise TypeError(message)
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        message = "the API key must be of printable ASCII characters without blanks"
        raise ValueError(message)
    return api_key
