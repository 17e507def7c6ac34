"""
Failures while a large request is still being sent.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import ClassVar

import anyio
import anyio.lowlevel
import pytest
from few import few
from inside import Duplex, TidyBackend, stream_within
from server import answer, page

from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DeadlineExceededError,
    HeyMiloError,
    RetryPolicy,
    UnprocessableEntityError,
)

#: About 4 MB: more than this machine's socket buffers hold.
MANY = [
    {"name": "Ada Doe", "email": f"ada{n}@example.com", "data": {"notes": "x" * 4000}}
    for n in range(1000)
]
#: In megabytes: a watch writes the locals of a traceback, which contain the whole body.
LARGE = pytest.mark.memory(150)
REFUSAL = answer(
    413,
    json.dumps({"error": {"type": "t", "code": "too_large", "message": "Send less."}}).encode(),
    "Connection: close",
)


def outcome(front, url, **options):
    """
    Return the outcome of a large bulk request.
    """

    async def body(client):
        try:
            return await client.candidates.ingest_many("P1", MANY)
        except HeyMiloError as error:
            return error

    return front.run(body, url, **options)


def refuse_and_hang_up(connection):
    """
    Respond while the body is still arriving, and close.
    """
    connection.send(REFUSAL)
    connection.socket.close()


@LARGE
@pytest.mark.parametrize("_", few(range(5), 1))
def test_a_refusal_in_the_middle_of_an_upload(front, serve, _):
    """
    Case 200: a 413 that comes before the whole body was sent is read.
    """
    server = serve(refuse_and_hang_up, reads_bodies=False)

    error = outcome(front, server.base_url)

    assert isinstance(error, APIStatusError), repr(error)
    assert (413, "too_large") == (error.status_code, error.error.code)
    assert 1 == server.n


@LARGE
def test_a_reset_in_the_middle_of_an_upload(front, serve):
    """
    Case 200: if the connection breaks meanwhile, the call may have been carried out, and is not
    repeated.
    """

    def reset(connection):
        connection.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        connection.socket.close()

    server = serve(reset, reads_bodies=False)

    error = outcome(front, server.base_url)

    assert APIConnectionError is type(error)
    assert error.maybe_sent
    assert "find" in str(error) or "look" in str(error)
    assert 1 == server.n


@pytest.mark.full("it goes by the clock")
@LARGE
@pytest.mark.parametrize("options", [{"timeout": 0.3}, {"deadline": 0.3}])
def test_a_server_that_stops_reading(front, serve, options):
    """
    Case 200: if the server stops reading, the timeout or the deadline ends the call, which may have
    been carried out.
    """
    server = serve(lambda connection: connection.stopping.wait(20), reads_bodies=False)

    error = outcome(front, server.base_url, **options)

    expected = APITimeoutError if "timeout" in options else DeadlineExceededError
    assert expected is type(error)
    assert ("write", True) == (error.phase, error.maybe_sent)
    assert 1 == server.n


def test_a_busy_server_gets_the_whole_of_it_again(front, serve):
    """
    Case 200: after a 429 the whole body is sent again.
    """
    done = answer(201, json.dumps({"data": []}).encode())
    server = serve(answer(429, b"", "Retry-After: 0"), done)

    receipts = outcome(front, server.base_url, retry=RetryPolicy(initial_delay=0.0))

    assert () == receipts
    first, second = server.requests
    assert first.body == second.body
    assert MANY[-1]["email"] == second.json["data"][-1]["email"]


def test_what_httpcore_keeps_its_stream_in(serve):
    """
    A canary: on asyncio the package finds the stream inside httpcore's, and replaces it by one that
    reads while it sends.
    """
    server = serve(answer(200))

    async def connect():
        stream = await TidyBackend().connect_tcp("127.0.0.1", server.port)
        kept = stream_within(stream)
        await stream.aclose()
        return kept

    assert Duplex is type(anyio.run(connect, backend="asyncio"))


class Below:
    """
    A stream that sends and receives what a test says.
    """

    extra_attributes: ClassVar[dict] = {"some": "attribute"}

    def __init__(self, *, sends, comes):
        self._sends = sends
        self._comes = comes
        self.done = []

    async def send(self, item):
        await self._sends()

    async def receive(self, max_bytes=65536):
        return await self._comes()

    async def send_eof(self):
        self.done.append("eof")

    async def aclose(self):
        self.done.append("closed")


async def break_off():
    """
    Fail, like a stream whose other side is gone.
    """
    raise anyio.BrokenResourceError


async def end():
    """
    Send the end of the stream.
    """
    raise anyio.EndOfStream


async def greet():
    """
    Send a response.
    """
    return b"early answer"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_stream_that_reads_while_it_sends(backend):
    """
    A response that comes during a large upload ends the sending, and is read first.
    """

    async def main():
        below = Below(sends=anyio.sleep_forever, comes=greet)
        stream = Duplex(below)
        with pytest.raises(anyio.BrokenResourceError):
            await stream.send(bytes(100_000))
        first, rest, more = [await stream.receive(n) for n in (5, 100, 100)]
        assert (b"early", b" answer", b"early answer") == (first, rest, more)
        assert {"some": "attribute"} == stream.extra_attributes
        await stream.send_eof()
        await stream.aclose()
        assert ["eof", "closed"] == below.done

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("comes", [end, anyio.sleep_forever])
def test_a_stream_whose_sending_fails_or_ends(backend, comes):
    """
    A failure of sending is raised unchanged, without a group; the end of the input does not stop
    it.
    """

    async def main():
        with pytest.raises(anyio.BrokenResourceError):
            await Duplex(Below(sends=break_off, comes=comes)).send(bytes(100_000))
        await Duplex(Below(sends=anyio.lowlevel.checkpoint, comes=comes)).send(bytes(100_000))

    anyio.run(main, backend=backend)


PERSON = {"name": "Jo Doe", "email": "jo.doe@example.com"}
CREATING = {
    "createPosting": lambda c: c.postings.create(title="Baker", interview_template_id="T1"),
    "clonePosting": lambda c: c.postings.clone("P1"),
    "createQuestion": lambda c: c.questions.create("P1", text="Why?", modality="voice"),
    "ingestCandidate": lambda c: c.candidates.ingest("P1", **PERSON),
    "ingestCandidatesBulk": lambda c: c.candidates.ingest_many("P1", [PERSON]),
    "ingestCandidateAsync": lambda c: c.candidates.enqueue("P1", **PERSON),
    "ingestCandidatesBulkAsync": lambda c: c.candidates.enqueue_many("P1", [PERSON]),
    "createWebhook": lambda c: c.webhooks.create(
        posting_id="P1", webhook_url="https://example.com/h", event_type="any"
    ),
    "pushAtsCandidate": lambda c: c.ats.push_candidate(
        ats_name="bullhorn", candidate={"ats_candidate_id": "4711"}
    ),
}


@pytest.mark.parametrize("name", CREATING)
def test_a_creating_call_on_a_connection_that_was_closed_while_idle(front, serve, name):
    """
    Case 200: on a connection that was closed while idle nothing was sent, so a new one is used.
    """
    closed = threading.Event()

    def answer_and_close(connection):
        connection.send(page())
        connection.socket.close()
        closed.set()

    # A refusal suffices as a response: only its arrival and the number of requests count.
    server = serve(answer_and_close, answer(422, b"{}"))

    async def body(client):
        await client.phone_numbers.list()
        closed.wait(20)
        with pytest.raises(UnprocessableEntityError) as caught:
            await CREATING[name](client)
        return caught.value

    error = front.run(body, server.base_url)

    assert ["GET", "POST"] == [one.method for one in server.requests]
    assert ([422], False) == ([one.status_code for one in error.attempts], error.maybe_sent)
