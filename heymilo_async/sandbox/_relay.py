"""
A TCP proxy in front of the application: forwards bytes, or injects faults.

It parses HTTP only to find the end of each request and response. If h11 cannot parse the data, the
relay forwards it unchanged in both directions until one side closes the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import attrs
import h11

from ._background import background
from ._evidence import ObservedResponse, secrets_in
from ._judge import OutcomeRecorder
from ._requests import Exchange, ReceivedRequest
from ._steps import (
    Network,
    RelayedResponse,
    Send,
    Step,
    Wait,
    bypassing,
    over_network,
    status_of,
    with_fault,
)
from .faults import CutBody, Fault, InvalidJSON, Status

_CHUNK: Final = 65536
#: The relay forwards larger messages without parsing them.
_MAX_MESSAGE_BYTES: Final = 2**24


@attrs.frozen(kw_only=True)
class Hooks:
    """
    Callbacks of the relay.

    Attributes:
        operation_of: Returns the operation for a method and a path.
        fault_of: Returns the fault for a request of that operation.
        on_request: Called with each request when it has arrived, with the time and a function that
            returns whether the client has disconnected. It returns a recorder of the outcome, or
            None.
        on_exchange: Called with each request and its outcome when the response has ended.
    """

    operation_of: Callable[[str, str], str | None] = lambda _, __: None
    fault_of: Callable[[str | None, bool], Fault | None] = lambda _, __: None
    on_request: Callable[[ReceivedRequest, float, Callable[[], bool]], OutcomeRecorder | None] = (
        lambda _, __, ___: None
    )
    on_exchange: Callable[[Exchange], object] = lambda _: None


class _ParseError(Exception):
    """
    h11 cannot parse the received *data*.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


class _ConnectionClosed(Exception):  # noqa: N818 - it never leaves this module
    """
    One side has closed the connection.
    """


@attrs.frozen
class _Request:
    """
    A received request: its head, all its bytes, and the bytes of its body.
    """

    head: h11.Request
    raw: bytes
    body: bytes


class Relay:
    """
    A TCP proxy in front of a server on this machine.

    Attributes:
        port: The port on which it listens.
        network: The simulated network; you can replace it at any time.

    Example:
        >>> from heymilo_async.sandbox import Network, relaying, running
        >>> with running() as milo, relaying(milo.base_url, Network(latency=0.01)) as relay:
        ...     with milo.client(base_url=relay.base_url) as client:
        ...         print(len(client.phone_numbers.list(limit=3)))
        3
    """

    def __init__(
        self, target: tuple[str, int], *, network: Network | None = None, hooks: Hooks | None = None
    ) -> None:
        self._target = target
        self._hooks = Hooks() if hooks is None else hooks
        self._tasks: set[asyncio.Task[None]] = set()
        self.network: Network = Network() if network is None else network
        self.port: int = 0

    @property
    def base_url(self) -> str:
        """
        The URL for clients.
        """
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncGenerator[None, None]:
        """
        Run the relay on *listener*; at the end, close it and all connections.

        `relaying` does this with its own listener and event loop.

        Args:
            listener: A listening socket.

        Example:
            >>> import asyncio, socket
            >>> from heymilo_async.sandbox import Relay
            >>> async def main() -> None:
            ...     listener = socket.create_server(("127.0.0.1", 0))
            ...     async with (relay := Relay(("127.0.0.1", 8000))).serving(listener):
            ...         print(relay.port == listener.getsockname()[1])
            >>> asyncio.run(main())
            True
        """
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self._accept, sock=listener)
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        link = _Link(reader, writer, self._target)
        try:
            await self._serve(link)
        except (OSError, _ConnectionClosed):
            pass
        except asyncio.CancelledError:
            # The relay is stopping. Do not re-raise, because asyncio would log a cancelled handler.
            link.drop()
        finally:
            link.close()

    async def _serve(self, link: _Link) -> None:
        try:
            while await self._exchange(link):
                pass
        except _ParseError as error:
            await link.tunnel(error.data)

    async def _exchange(self, link: _Link) -> bool:
        """
        Relay one request and its response; return whether the connection stays open.
        """
        request, keeps_open = await link.read_request()
        received = _received(request)
        began = time.monotonic()
        recorder = self._hooks.on_request(received, began, link.has_disconnected)
        operation = self._hooks.operation_of(received.method, received.path)
        cursor = received.parameter("starting_after")
        fault = self._hooks.fault_of(operation, cursor is not None)
        steps = bypassing(fault, uuid.uuid4().hex)
        status = status_of(fault)
        response: RelayedResponse | None = None
        if steps is None:
            response, server_keeps_open = await link.fetch(request, cursor)
            steps, status = with_fault(fault, response), response.status_code
            keeps_open = keeps_open and server_keeps_open
        throttled = over_network(self.network, steps, link.sent)
        if recorder is not None:
            throttled = _recording(throttled, recorder, lambda: _observed_response(fault, response))
        is_connected = False
        try:
            is_connected = await link.perform(throttled)
        finally:
            if recorder is not None and not (is_connected and not link.has_disconnected()):
                recorder.on_lost(time.monotonic())
            with contextlib.suppress(Exception):
                self._hooks.on_exchange(
                    Exchange(
                        request=received,
                        operation=operation,
                        status_code=status,
                        fault=fault,
                        elapsed=time.monotonic() - began,
                    )
                )
        return keeps_open and is_connected


def _recording(
    steps: Iterable[Step], recorder: OutcomeRecorder, response: Callable[[], ObservedResponse]
) -> Iterator[Step]:
    """
    Yield *steps*, and pass the *response* to *recorder* before its first byte is sent.
    """
    for step in steps:
        if not isinstance(step, Wait):
            recorder.on_response(response())
        yield step


def _observed_response(fault: Fault | None, response: RelayedResponse | None) -> ObservedResponse:
    """
    Return the part of *response* that the client can use in spite of *fault*.
    """
    now = time.monotonic()
    if isinstance(fault, Status):
        return ObservedResponse(
            at=now, status=fault.status_code, retry_after=fault.retry_after or 0.0
        )
    if response is None or isinstance(fault, CutBody | InvalidJSON):
        return ObservedResponse(at=now, status=None)
    headers = dict(response.headers)
    return ObservedResponse(
        at=now,
        status=response.status_code,
        retry_after=float(headers.get(b"retry-after", b"0")),
        secrets=secrets_in(response.body),
    )


class _Link:
    """
    A client's connection, and the relay's connection to the server for it.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: tuple[str, int],
    ) -> None:
        self._client = reader, writer
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._target = target
        self._unread = b""
        self.sent = 0

    def has_disconnected(self) -> bool:
        """
        Return whether the client has closed its side.
        """
        return self._client[0].at_eof()

    async def read_request(self) -> tuple[_Request, bool]:
        """
        Return the next request, and whether the client keeps the connection open afterwards.
        """
        connection = h11.Connection(h11.SERVER)
        body: list[bytes] = []
        head, raw, rest = await self._read(connection, self._client[0], self._unread, body)
        self._unread = rest
        assert isinstance(head, h11.Request)
        return _Request(head, raw, b"".join(body)), connection.their_state is not h11.MUST_CLOSE

    async def fetch(self, request: _Request, cursor: str | None) -> tuple[RelayedResponse, bool]:
        """
        Send *request* to the server; return its response, and whether it keeps the connection.
        """
        reader, writer = await self._server_connection()
        writer.write(request.raw)
        connection = h11.Connection(h11.CLIENT)
        # h11 needs the method of the request to parse the response. This request is not sent.
        connection.send(
            h11.Request(method=request.head.method, target=b"/", headers=[(b"host", b"x")])
        )
        connection.send(h11.EndOfMessage())
        body: list[bytes] = []
        try:
            head, response, _ = await self._read(connection, reader, b"", body)
        except _ParseError as error:
            self._client[1].write(error.data)
            await _pump(reader, self._client[1])
            raise _ConnectionClosed from None
        assert isinstance(head, h11.Response)
        relayed = RelayedResponse(
            raw=response,
            status_code=head.status_code,
            headers=tuple(head.headers),
            body=b"".join(body),
            cursor=cursor,
        )
        return relayed, connection.their_state is h11.DONE

    async def _read(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        data: bytes,
        body: list[bytes],
    ) -> tuple[h11.Event, bytes, bytes]:
        """
        Return the head of the next message, all its bytes, and the bytes after it.
        """
        head: h11.Event | None = None
        raw_bytes = data
        if data:
            connection.receive_data(data)
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError:
                raise _ParseError(raw_bytes) from None
            if event is h11.NEED_DATA:
                if (
                    connection.they_are_waiting_for_100_continue
                    or len(raw_bytes) > _MAX_MESSAGE_BYTES
                ):
                    raise _ParseError(raw_bytes)
                more = await reader.read(_CHUNK)
                if not more and connection.their_role is h11.CLIENT:
                    raise _ConnectionClosed
                connection.receive_data(more)
                raw_bytes += more
            elif isinstance(event, h11.Request | h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                rest = connection.trailing_data[0]
                return head, raw_bytes[: len(raw_bytes) - len(rest)], rest

    async def _server_connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._server is None or self._server[0].at_eof():
            self._server = await asyncio.open_connection(*self._target)
        return self._server

    async def perform(self, steps: Iterable[Step]) -> bool:
        """
        Perform *steps*; return whether the connection is still open after them.
        """
        writer = self._client[1]
        for step in steps:
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, Send):
                writer.write(step.data)
                await writer.drain()
                self.sent += len(step.data)
            else:
                if step.reset:
                    self.abort()
                return False
        return True

    async def tunnel(self, data: bytes) -> None:
        """
        Send *data* to the server, and from then on forward everything in both directions.
        """
        reader, writer = await self._server_connection()
        writer.write(data)
        await asyncio.gather(_pump(self._client[0], writer), _pump(reader, self._client[1]))

    def abort(self) -> None:
        """
        Reset the client's connection.
        """
        client = self._client[1]
        with contextlib.suppress(OSError):
            client.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        client.transport.abort()

    def drop(self) -> None:
        """
        Close the client's connection, and discard unsent data.
        """
        self._client[1].transport.abort()

    def close(self) -> None:
        """
        Close both connections after sending the buffered data.
        """
        self._client[1].close()
        if self._server is not None:
            self._server[1].close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


def _received(request: _Request) -> ReceivedRequest:
    head = request.head
    path, _, query = head.target.decode("latin-1").partition("?")
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return ReceivedRequest(
        method=head.method.decode("latin-1"),
        path=path,
        query=query,
        headers=MappingProxyType(headers),
        body=request.body,
    )


@contextlib.contextmanager
def relaying(target: str, network: Network | None = None) -> Generator[Relay, None, None]:
    """
    Run a relay in front of *target* during the `with` block.

    Args:
        target: The URL of a plain HTTP server, such as `http://127.0.0.1:8000`.
        network: The simulated network.

    Raises:
        ValueError: *target* is not such a URL.

    Example:
        >>> from heymilo_async.sandbox import Network, relaying, running
        >>> with running() as milo, relaying(milo.base_url, Network(slice=1)) as relay:
        ...     print(relay.base_url != milo.base_url)
        True
    """
    address = _address(target)
    relay = Relay(address, network=network)
    listener = socket.create_server(("127.0.0.1", 0))
    # Connections inherit the option; see `_serve`.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def serve(started: Callable[[], None], stop: asyncio.Event) -> None:
        async with relay.serving(listener):
            started()
            await stop.wait()

    with listener, background(serve, name="heymilo-relay"):
        yield relay


def _address(target: str) -> tuple[str, int]:
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname or parts.port is None:
        message = f"the target must be a URL such as http://127.0.0.1:8000, not {target!r}"
        raise ValueError(message)
    return parts.hostname, parts.port
