"""
Helpers of the sweeps: clients, changed responses, and the rules that every error keeps.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Self

from fronts import KEY, Body, Front
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from memory import Network, installed
from server import NUMBER, Received, Reply, Server, numbers

from heymilo_async import HeyMiloError, RetryPolicy


def examples(few: int) -> int:
    """
    Return *few*, or the number of examples of the chosen profile.
    """
    wanted = settings().max_examples
    return few if wanted == settings.get_profile("default").max_examples else wanted


#: Each test runs four times; one fixture `asking` serves for all its examples.
SWEEP = settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
#: No other code runs between the response and its processing.
ALONE: dict[str, Any] = {
    "retry": RetryPolicy(max_attempts=1),
    "ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
}
SINGLE = json.dumps({"data": NUMBER, "meta": None}).encode()
PAGE = json.dumps(
    {"data": numbers("A", "B"), "pagination": {"has_more": True, "total_count": 5, "url": "/x"}}
).encode()


class Asking:
    """
    A client of one front, and its server.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._answers: Callable[[Received], Reply] = lambda _: b""
        self._sockets: Server | None = None
        self._memory: Network | None = None
        self._client: Any = None

    @contextlib.contextmanager
    def over_sockets(self) -> Iterator[Self]:
        """
        Use a server over sockets, each time with a new client.
        """
        with Server(answers=self._reply) as self._sockets:
            yield self

    @contextlib.contextmanager
    def in_memory(self) -> Iterator[Self]:
        """
        Use a network in memory, with one client that opens a new connection each time.
        """
        with (
            installed(Network(self._reply)) as self._memory,
            # Not a `with`, at whose end the harness would send a request to a healthy server.
            contextlib.closing(self._front.client(self._memory.base_url, **ALONE)) as self._client,
        ):
            yield self

    def _reply(self, request: Received) -> Reply:
        return self._answers(request)

    @property
    def _server(self) -> Server | Network:
        server = self._sockets or self._memory
        assert server is not None
        return server

    @property
    def requests(self) -> list[Received]:
        """
        The requests since the last call of `run`.
        """
        return self._server.requests

    def run(self, body: Body, answers: Callable[[Received], Reply]) -> Any:
        """
        Return the result of *body* with a server that sends the responses of *answers*.
        """
        self._answers = answers
        self.requests.clear()
        if self._client is None:
            return self._front.run(body, self._server.base_url, **ALONE)
        return self._front.run_alone(lambda: body(self._front.awaitable(self._client)))

    def get(self, reply: Reply, asked: str = NUMBER["id"]) -> Any:
        """
        Return the number, or the error, of a `get` whose response is *reply*.
        """
        return self.run(lambda client: settled(client.phone_numbers.get(asked)), lambda _: reply)

    def list(self, reply: Reply, **query: Any) -> Any:
        """
        Return the page, or the error, of a `list` whose response is *reply*.
        """
        return self.run(lambda client: settled(client.phone_numbers.list(**query)), lambda _: reply)

    def slice(self, *sizes: int) -> None:
        """
        Split the server's bytes into pieces of these *sizes*, if the network can.
        """
        if self._memory is not None:
            self._memory.sizes = sizes


async def settled(asked: Any) -> Any:
    """
    Return the result of *asked*, or its error.
    """
    try:
        return await asked
    except HeyMiloError as error:
        return error


def is_sound(error: HeyMiloError) -> bool:
    """
    Return whether *error* keeps the rules of all errors: it prints, it pickles, it contains no
    secret.
    """
    shown = (str(error), repr(error), repr(vars(error)))
    again = pickle.loads(pickle.dumps(error))
    return (
        error.__cause__ is None
        and error.__context__ is None
        and all(KEY not in text for text in shown)
        and str(error).isprintable()
        and (type(error), str(error)) == (type(again), str(again))
    )


def then_closed(*pieces: bytes) -> Any:
    """
    Return a reply that sends *pieces*, and then closes the connection.
    """

    def send(connection: Any) -> None:
        for piece in pieces:
            connection.send(piece)
        connection.close()

    return send


def json_values(text: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Any]:
    """
    Return any JSON value, including NaN, whose strings and names are any *text*.
    """
    texts = st.text(max_size=8) if text is None else text
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda children: (
            st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3)
        ),
        max_leaves=6,
    )


@st.composite
def mutated(draw: st.DrawFn, body: bytes) -> bytes:
    """
    Return *body* with some bytes removed, inserted or replaced.
    """
    data = bytearray(body)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 4)))
        data[start:end] = draw(st.binary(max_size=4) | st.sampled_from([b"null", b'"', b"1", b"]"]))
    return bytes(data)
