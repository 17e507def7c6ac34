"""
Serves the application with uvicorn behind a relay, in a thread, during a `with` block.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import logging
import secrets
import socket
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from typing import Any, Final

import attrs
import uvicorn
from starlette.types import ASGIApp

from .. import AsyncHeyMilo, HeyMilo
from ._app import Backend, create_app
from ._assumptions import Assumptions
from ._background import background
from ._clock import EARLIEST, LATEST, clock
from ._contract import OPERATIONS, operation_of
from ._evidence import ObservedRequest
from ._judge import ConductMonitor, OutcomeRecorder
from ._limits import Limiter, RateLimit
from ._phone_numbers import PhoneNumberResponse
from ._plan import Plan
from ._previews import PreviewMiddleware
from ._relay import Hooks, Relay
from ._requests import Exchange, ReceivedRequest, RequestLog
from ._steps import Network
from ._store import Store
from ._world import World, make_world
from .conduct import ConductReport
from .faults import Fault

_SECONDS_TO_FINISH_RESPONSES: Final = 1

# Without a handler `logging` would print uvicorn's warnings to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
logging.getLogger("uvicorn").addHandler(logging.NullHandler())


@attrs.frozen(kw_only=True, eq=False)
class Sandbox:
    """
    A HeyMilo that runs on this machine, with its credentials.

    Attributes:
        base_url: Its URL.
        api_key: The key that it accepts as `X-API-KEY`.
        access_token: The token that it accepts as `Authorization: Bearer ...`.
        stores: Its data, by the client's name for the resource, such as `phone_numbers`,
            `postings`, `questions`, `candidates` and `webhooks`.

    Example:
        >>> from heymilo_async import HeyMilo, sandbox
        >>> with sandbox.running() as milo:
        ...     with HeyMilo(milo.api_key, base_url=milo.base_url) as client:
        ...         print(len(client.phone_numbers.list()), len(milo.store), len(milo.requests))
        20 30 1
    """

    base_url: str
    api_key: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    stores: Mapping[str, Store[Any]] = attrs.field(repr=False)
    _world: World = attrs.field(alias="world", repr=False)
    _log: RequestLog = attrs.field(alias="log", repr=False)
    _monitor: ConductMonitor = attrs.field(alias="monitor", repr=False)
    _plan: Plan = attrs.field(alias="plan", repr=False)
    _limiter: Limiter | None = attrs.field(alias="limiter", repr=False)

    @property
    def store(self) -> Store[PhoneNumberResponse]:
        """
        Its phone numbers, which you can read, add, change and remove.
        """
        return self.stores["phone_numbers"]

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """
        The received requests in order, at most the latest 10,000.
        """
        return self._log.snapshot()

    def conduct(
        self,
        requests: Collection[int] | None = None,
        *,
        limit: RateLimit | str | None = None,
    ) -> ConductReport:
        """
        Return the report on all requests since the start or the last reset.

        Requests are judged as they arrive, so a run can have any length. Requests with the headers
        `conduct.NOT_JUDGED` are ignored.

        Args:
            requests: Judge only the requests with these indexes, such as `range(3, 8)`, each among
                the latest 10,000. None: all requests.
            limit: The rate limit, such as `"300/min"`, if the integration knows it in advance; it
                applies to every window of that length.

        Returns:
            The report; it is true if no rule was broken.

        Raises:
            TypeError: The requests or the limit have the wrong type.
            ValueError: The limit is invalid, there is no request with an index, or it is no longer
                kept.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo, milo.client() as client:
            ...     posting = next(iter(milo.stores["postings"])).id
            ...     recent = client.candidates.list(posting, created_after=milo.now)
            ...     everybody = client.candidates.list(posting)
            ...     [violation] = milo.conduct().violations
            >>> print(violation.rule, violation.requests)
            full-resync (0, 1)
        """
        if requests is not None:
            _check_indexes(requests, self._log.count)
        return self._monitor.report(requests, _rule(limit))

    def client(self, **options: Any) -> HeyMilo:
        """
        Return a new blocking client of this sandbox.

        Args:
            **options: Options of `HeyMilo`.

        Raises:
            ConfigurationError: An option is invalid.
            TypeError: An option has the wrong type, or does not exist.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo, milo.client(deadline=5.0) as client:
            ...     print(len(client.phone_numbers.list()))
            20
        """
        return HeyMilo(**self._settings(options))

    def async_client(self, **options: Any) -> AsyncHeyMilo:
        """
        Return a new async client of this sandbox.

        Args:
            **options: Options of `AsyncHeyMilo`.

        Raises:
            ConfigurationError: An option is invalid.
            TypeError: An option has the wrong type, or does not exist.

        Example:
            >>> import asyncio
            >>> from heymilo_async import sandbox
            >>> async def main(milo: sandbox.Sandbox) -> None:
            ...     async with milo.async_client(deadline=5.0) as client:
            ...         print(len(await client.phone_numbers.list()))
            >>> with sandbox.running() as milo:
            ...     asyncio.run(main(milo))
            20
        """
        return AsyncHeyMilo(**self._settings(options))

    @property
    def now(self) -> dt.datetime:
        """
        The time of its clock, which stands still unless it runs in real time.
        """
        return dt.datetime.fromtimestamp(self._world.now(), dt.UTC)

    def advance(self, **passing: float) -> dt.datetime:
        """
        Move the clock forward, so that candidates progress with their interviews.

        Args:
            **passing: Arguments of `datetime.timedelta`, such as days, hours and minutes.

        Returns:
            The new time.

        Raises:
            TypeError: There are no arguments, or `datetime.timedelta` does not accept them.
            ValueError: The time is negative, or leads past the year 9998. The clock has not moved.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo:
            ...     before = [one.status for one in milo.stores["candidates"]].count("pending")
            ...     time = milo.advance(hours=48)
            ...     after = [one.status for one in milo.stores["candidates"]].count("pending")
            ...     print(after < before)
            True
        """
        if not passing:
            message = "advance() needs an amount of time, as in advance(hours=48)"
            raise TypeError(message)
        try:
            passed = dt.timedelta(**passing)
        except OverflowError as error:
            message = f"advance() cannot take this time: {error}"
            raise ValueError(message) from None
        if passed < dt.timedelta():
            message = f"advance() needs a time of 0 or more, not {passed}"
            raise ValueError(message)
        self._world.clock.advance(passed.total_seconds())
        return self.now

    @property
    def assumptions(self) -> Assumptions:
        """
        The current assumptions about undocumented behaviour of the real API.
        """
        return self._world.assumptions

    def assume(self, **changes: Any) -> None:
        """
        Change assumptions about undocumented behaviour of the real API.

        Args:
            **changes: Attributes of `Assumptions`; the others stay unchanged.

        Raises:
            TypeError: An attribute does not exist, or a value has the wrong type.
            ValueError: A value is not one of the allowed ones.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo:
            ...     milo.assume(preview="redirect")
            ...     print(milo.assumptions.preview)
            redirect
        """
        self._world.assumptions = attrs.evolve(self._world.assumptions, **changes)

    def fail_next(
        self,
        fault: Fault | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        operation: str | None = None,
        times: int = 1,
    ) -> None:
        """
        Make the next requests fail; several calls apply in their order.

        Args:
            fault: One of `heymilo_async.sandbox.faults`.
            status: An error status, 400 to 599, instead of *fault*.
            retry_after: Seconds for the `Retry-After` header of *status*.
            operation: The id of an operation, such as `listPhoneNumbers`; None: any request.
            times: The number of requests, 1 or more.

        Raises:
            TypeError: Neither or both of *fault* and *status* are given, or a type is wrong.
            ValueError: A value is out of range, or the operation does not exist.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo, milo.client() as client:
            ...     milo.fail_next(status=503, times=2)
            ...     milo.fail_next(sandbox.faults.CutBody(), operation="getPhoneNumber")
            ...     print(len(client.phone_numbers.list(limit=5)), len(milo.requests))
            5 3
        """
        self._plan.fail_next(
            fault, status=status, retry_after=retry_after, operation=operation, times=times
        )

    def chaos(
        self,
        *,
        rate: float,
        seed: int = 0,
        faults: Iterable[Fault] | None = None,
        operation: str | None = None,
    ) -> None:
        """
        Make random requests fail from now on; the same seed makes the same requests fail.

        Args:
            rate: The share of requests that fail, 0 to 1; 0 ends the chaos.
            seed: The seed of the random numbers.
            faults: The possible faults; default: `faults.SURVIVABLE`, which a client survives by
                retrying.
            operation: The id of an operation, such as `listPhoneNumbers`; None: any request.

        Raises:
            TypeError: A type is wrong.
            ValueError: A value is out of range, or the operation does not exist.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo:
            ...     milo.chaos(rate=0.05, seed=7)
        """
        self._plan.set_chaos(rate=rate, seed=seed, faults=faults, operation=operation)

    def calm(self) -> None:
        """
        Remove all faults of `fail_next` and `chaos`.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo, milo.client() as client:
            ...     milo.fail_next(status=401, times=9)
            ...     milo.calm()
            ...     print(len(client.phone_numbers.list()))
            20
        """
        self._plan.calm()

    def reset(self) -> None:
        """
        Restore the initial data and time, and remove all faults, recorded requests and counts.

        Example:
            >>> from heymilo_async import sandbox
            >>> with sandbox.running() as milo:
            ...     removed = milo.store.remove("9E3779B1")
            ...     milo.reset()
            ...     print(len(milo.store), milo.requests)
            30 ()
        """
        self.calm()
        self._world.reset()
        self._log.clear()
        self._monitor.reset()
        if self._limiter is not None:
            self._limiter.reset()

    def _settings(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": self.api_key, "base_url": self.base_url, **options}


@contextlib.contextmanager
def running(
    *,
    numbers: int = 30,
    postings: int = 3,
    candidates: int = 120,
    seed: int = 0,
    start: dt.datetime | None = None,
    real_time: bool = False,
    assumptions: Assumptions | None = None,
    api_key: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
    rate_limit: RateLimit | str | None = None,
    latency: float = 0.0,
    on_exchange: Callable[[Exchange], object] | None = None,
) -> Generator[Sandbox, None, None]:
    """
    Run a sandbox during the `with` block.

    Args:
        numbers: The initial number of phone numbers.
        postings: The initial number of postings.
        candidates: The initial number of candidates, of all postings.
        seed: The seed of the generated data; the same seed generates the same candidates.
        start: The initial time, an aware datetime within the years 2 to 9998. Default: a morning
            in January 2026, or now if it runs in real time.
        real_time: Whether its clock runs; otherwise only `Sandbox.advance` moves it.
        assumptions: Its behaviour where the real API's is undocumented.
        api_key: The accepted key, printable ASCII without spaces. Default: a random key.
        host: An address of this machine's loopback interface, or `localhost`.
        port: The TCP port; 0: a free port.
        allow_remote: Whether *host* may be another address of this machine, such as `0.0.0.0`;
            then every machine that reaches it and has the key can use the sandbox.
        rate_limit: The limit per key, such as `"300/min"` or a `RateLimit`. None: no limit.
        latency: Seconds before each response, 0 to 60.
        on_exchange: Called in the sandbox's thread with each request and its outcome when the
            response has ended; its exceptions are ignored.

    Raises:
        OSError: The port is in use, or the host is not an address of this machine.
        TypeError: An option has the wrong type.
        ValueError: An option is out of range.

    Example:
        >>> from heymilo_async import sandbox
        >>> with sandbox.running(numbers=5, rate_limit="300/min") as milo:
        ...     with milo.client() as client:
        ...         print(len(client.phone_numbers.list_all().collect()))
        5
    """
    log, plan = RequestLog(), Plan(OPERATIONS)
    rule = _rule(rate_limit)
    if assumptions is not None and not isinstance(assumptions, Assumptions):
        message = f"the assumptions must be Assumptions, not {type(assumptions).__name__}"
        raise TypeError(message)
    world = make_world(
        numbers=numbers,
        postings=postings,
        candidates=candidates,
        seed=seed,
        assumptions=assumptions or Assumptions(),
        clock=clock(_seconds(start), real_time=real_time),
    )
    backend = Backend(
        world=world,
        api_key=_new_credential() if api_key is None else _checked_key(api_key),
        access_token=_new_credential(),
        limiter=None if rule is None else Limiter(rule),
    )
    monitor = ConductMonitor([backend.api_key, backend.access_token])

    def observe(
        request: ReceivedRequest, at: float, has_disconnected: Callable[[], bool]
    ) -> OutcomeRecorder | None:
        observed = ObservedRequest(
            index=log.add(request),
            at=at,
            operation=operation_of(request.method, request.path),
            request=request,
        )
        return monitor.on_request(observed, has_disconnected)

    hooks = Hooks(
        operation_of=operation_of,
        fault_of=lambda operation, has_cursor: plan.next_fault(operation, has_cursor=has_cursor),
        on_request=observe,
        on_exchange=on_exchange or (lambda _: None),
    )
    network = Network(latency=latency)
    with (
        _listen(host, 0, allow_remote=allow_remote) as preview_listener,
        serving(
            PreviewMiddleware(create_app(backend), preview_listener.getsockname()[1]),
            host,
            port,
            allow_remote=allow_remote,
            network=network,
            hooks=hooks,
            preview_listener=preview_listener,
        ) as base_url,
    ):
        world.previews = f"{_url(preview_listener)}/previews"
        yield Sandbox(
            base_url=base_url,
            api_key=backend.api_key,
            access_token=backend.access_token,
            stores=world.stores,
            world=world,
            log=log,
            monitor=monitor,
            plan=plan,
            limiter=backend.limiter,
        )


@contextlib.contextmanager
def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    allow_remote: bool = False,
    network: Network | None = None,
    hooks: Hooks | None = None,
    preview_listener: socket.socket | None = None,
    seconds_to_start: float | None = None,
) -> Generator[str, None, None]:
    """
    Serve *app* behind a relay during the `with` block, and yield its base URL.

    Requests to *preview_listener* reach *app* without the relay.
    """
    with (
        _listen(host, port, allow_remote=allow_remote) as listener,
        _listen("127.0.0.1", 0) as inner,
    ):
        listeners = [inner] if preview_listener is None else [inner, preview_listener]
        relay = Relay(inner.getsockname()[:2], network=network, hooks=hooks)

        async def serve(started: Callable[[], None], stop: asyncio.Event) -> None:
            server = _Server(app)
            async with relay.serving(listener):
                await server.serve_until(stop, listeners, started)

        options = {} if seconds_to_start is None else {"seconds_to_start": seconds_to_start}
        with background(serve, name="heymilo-sandbox", **options):
            yield _url(listener)


class _Server(uvicorn.Server):
    """
    A uvicorn server that is stopped by an event instead of a signal.
    """

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH_RESPONSES,
        )
        super().__init__(config)
        self._on_start: Callable[[], None] = lambda: None

    async def serve_until(
        self, stop: asyncio.Event, listeners: list[socket.socket], started: Callable[[], None]
    ) -> None:
        self._on_start = started
        serving = asyncio.create_task(self.serve(sockets=listeners))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self.should_exit = True
        await serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # uvicorn does not close connections that exceed `timeout_graceful_shutdown`.
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    if isinstance(port, bool) or not isinstance(port, int):
        message = f"the port must be an int, not {type(port).__name__}"
        raise TypeError(message)
    if not 0 <= port <= 65535:
        message = f"the port must be within 0..65535, not {port}"
        raise ValueError(message)
    address = _address(host, allow_remote=allow_remote)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    listener = socket.create_server((str(address), port), family=family)
    # Connections inherit this option. asyncio sets it only on sockets with TCP's protocol number;
    # here the number is 0. Every response would wait 40 ms for a delayed acknowledgement:
    # https://github.com/python/cpython/blob/v3.13.0/Lib/asyncio/base_events.py#L192-L199
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(host: str, *, allow_remote: bool) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else str(host))
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or allow_remote):
        message = (
            "without allow_remote, the host must be a loopback address such as 127.0.0.1 or ::1, "
            f"not {host!r}"
        )
        raise ValueError(message)
    return address


def _url(listener: socket.socket) -> str:
    address: tuple[str, int] = listener.getsockname()[:2]
    host, port = address
    # For a wildcard address, use the loopback address.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _seconds(start: dt.datetime | None) -> float | None:
    if start is None:
        return None
    if not isinstance(start, dt.datetime):
        message = f"the start must be a datetime, not {type(start).__name__}"
        raise TypeError(message)
    if start.tzinfo is None:
        message = "the start must be aware: datetime(..., tzinfo=UTC)"
        raise ValueError(message)
    if not EARLIEST <= start.timestamp() < LATEST:
        message = f"the start must be within the years 2 to 9998, not {start}"
        raise ValueError(message)
    return start.timestamp()


def _check_indexes(requests: object, count: int) -> None:
    """
    Refuse *requests* that are no indexes of the *count* requests that have arrived.

    A report on a request that never arrived would be true, whatever the integration has done.
    """
    # (A generator would be used up before the judge reads it.)
    if not isinstance(requests, Collection) or isinstance(requests, str | bytes):
        message = f"the requests must be a collection of indexes, not {type(requests).__name__}"
        raise TypeError(message)
    for index in requests:
        if isinstance(index, bool) or not isinstance(index, int):
            message = f"the index of a request must be an int, not {type(index).__name__}"
            raise TypeError(message)
        if not 0 <= index < count:
            known = f"the last one is {count - 1}" if count else "none has arrived"
            message = f"there is no request {index}: {known}"
            raise ValueError(message)


def _rule(limit: RateLimit | str | None) -> RateLimit | None:
    rule = RateLimit.parse(limit) if isinstance(limit, str) else limit
    if not isinstance(rule, RateLimit | None):
        message = f"the rate limit must be a RateLimit or a str, not {type(rule).__name__}"
        raise TypeError(message)
    return rule


def _new_credential() -> str:
    return f"sandbox-{secrets.token_hex(16)}"


def _checked_key(api_key: str) -> str:
    if not isinstance(api_key, str):
        message = f"the API key must be a str, not {type(api_key).__name__}"
        raise TypeError(message)
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        message = "the API key must consist of printable ASCII characters without spaces"
        raise ValueError(message)
    return api_key
