"""
Canaries for the unpromised parts of dependencies: they exist, and work as this package needs.

If a test fails here, a release of a dependency has changed. Its docstring names the function of
`heymilo_async/_http/compat.py`, or the module, to look at.
"""

from __future__ import annotations

import contextlib
import gc
import re
import socket
import ssl
import subprocess
import sys
import weakref
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import anyio
import anyio.abc
import anyio.lowlevel
import attrs
import httpcore
import httpx
import pytest
import tenacity
import typer
import typer.core
import typer.main
import uvicorn
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from server import answer

from heymilo_async._http import compat

FRONTS = pytest.mark.parametrize("front", ["blocking", "asyncio"])
URL = "http://127.0.0.1/"


def run(function):
    """
    Run a coroutine function on asyncio.
    """
    return anyio.run(function, backend="asyncio")


def sent(front, handler, **options):
    """
    Return the response that our client of httpx makes of the one that *handler* returns.
    """
    request = httpx.Request("GET", URL)
    transport = httpx.MockTransport(handler)
    if front == "blocking":
        with compat.Client(transport=transport) as client:
            return client.send(request, stream=True, **options)

    async def send():
        async with compat.AsyncClient(transport=transport) as client:
            return await client.send(request, stream=True, **options)

    return run(send)


@FRONTS
def test_httpx_sends_over_the_pool_of_its_transport(front):
    """
    `compat.replace_pool`: a transport of httpx's gives its requests to what `_pool` is.
    """
    asked = []

    class Pool:
        def handle_request(self, request):
            asked.append(type(request))
            return httpcore.Response(204)

        async def handle_async_request(self, request):
            return self.handle_request(request)

    request = httpx.Request("GET", URL)
    if front == "blocking":
        transport = httpx.HTTPTransport(verify=False)
        compat.replace_pool(transport, Pool())
        transport.handle_request(request)
    else:
        transport = httpx.AsyncHTTPTransport(verify=False)
        compat.replace_pool(transport, Pool())
        run(lambda: transport.handle_async_request(request))

    assert [httpcore.Request] == asked


@pytest.mark.parametrize("package", ["httpx", "httpcore"])
def test_loggers(package):
    """
    `compat.LOGGERS`: httpx and httpcore log to the loggers that are kept from our secrets.
    """
    (folder,) = find_spec(package).submodule_search_locations
    named = {
        name
        for file in Path(folder).rglob("*.py")
        for name in re.findall(r'getLogger\("(.+?)"\)', file.read_text(encoding="utf-8"))
    }

    assert named
    assert set() == named - set(compat.LOGGERS)


def test_what_a_missing_package_for_socks_is_called():
    """
    `compat.lacks_socks`: without the package for SOCKS, the error of httpcore names it.
    """
    code = (
        "import sys; sys.modules['socksio'] = None\n"
        "import httpcore\n"
        "try: httpcore.SOCKSProxy('socks5://127.0.0.1:1')\n"
        "except Exception as error:\n"
        "    from heymilo_async._http.compat import lacks_socks; print(lacks_socks(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "True" == done.stdout.strip()


@FRONTS
def test_what_httpx_says_of_a_closed_client(front):
    """
    `compat.says_closed`: a client that has been closed says so, in these words.
    """
    request = httpx.Request("GET", URL)

    def send():
        with httpx.Client() as client:
            pass
        client.send(request)

    async def send_async():
        async with httpx.AsyncClient() as client:
            pass
        await client.send(request)

    with pytest.raises(RuntimeError) as caught:
        send() if front == "blocking" else run(send_async)

    assert compat.says_closed(caught.value)


@FRONTS
def test_httpx_leaves_cookies_to_its_property(front, monkeypatch):
    """
    `compat.Client`: httpx hands each response to `cookies.extract_cookies`, and to nothing else.
    """
    asked = []
    monkeypatch.setattr(compat.NO_COOKIES, "extract_cookies", asked.append, raising=True)
    request = httpx.Request("GET", URL)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers={"Set-Cookie": "a=b"}))

    async def send():
        async with compat.AsyncClient(transport=transport) as client:
            await client.send(request)

    if front == "blocking":
        with compat.Client(transport=transport) as client:
            client.send(request)
    else:
        run(send)

    assert [200] == [response.status_code for response in asked]


@pytest.mark.parametrize("content", [b"", b"one piece"])
def test_httpx_gives_a_body_to_its_transport_as_it_is(content):
    """
    `compat.Body`: httpx hands the stream of a request on, and adds no header for it.
    """
    body = compat.Body(content)
    request = httpx.Request("POST", URL, stream=body)

    async def read():
        return [piece async for piece in request.stream]

    assert body is request.stream
    assert {} == request.headers
    assert [content] * bool(content) == list(request.stream) == run(read)


@FRONTS
def test_httpx_hands_a_request_to_a_step_that_authenticates(front):
    """
    `compat.Client`: between `send`, which tools replace, and `_send_single_request`, which other
    tools replace, httpx does nothing but what `_send_handling_auth` does: here no authentication, no
    redirect, and no preparation of the request that would follow it.
    """
    asked = []

    class Auth(httpx.Auth):
        def auth_flow(self, request):
            asked.append(request)
            yield request

    def handler(_):
        return httpx.Response(302, headers={"Location": "/elsewhere"})

    response = sent(front, handler, auth=Auth(), follow_redirects=True)

    assert 302 == response.status_code
    assert None is response.next_request
    assert [] == asked


@FRONTS
def test_a_closed_response_frees_its_request(front):
    """
    `compat.Client`: only the `stream` that httpx gives a response makes a reference cycle with it,
    so without that stream a request and its key are freed with the last reference.
    """

    def request_of():
        response = sent(front, lambda _: httpx.Response(200))
        if front == "blocking":
            response.close()
        else:
            run(response.aclose)
        assert not hasattr(response.stream, "_response")
        return weakref.ref(response.request)

    gc.disable()
    try:
        assert None is request_of()()
    finally:
        gc.enable()


async def got(connection, front, url):
    """
    Send a request on a connection, or a pool, of httpcore's; return the response, read but not closed.
    """
    request = httpcore.Request("GET", url, headers=[("Host", "here")])
    if front == "blocking":
        response = connection.handle_request(request)
        list(response.stream)
    else:
        response = await connection.handle_async_request(request)
        [piece async for piece in response.stream]
    return response


async def closed(front, connection):
    """
    Close a connection, a pool or a body of httpcore's.
    """
    if front == "blocking":
        connection.close()
    else:
        await connection.aclose()


@FRONTS
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
@pytest.mark.parametrize("surplus", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["alone", "surplus"])
def test_where_httpcore_keeps_what_came_after_a_response(front, proxied, surplus, serve):
    """
    `compat.is_reusable`: `_connection._h11_state.trailing_data` of a stream, which a pool wraps as
    `_stream`, has the bytes that came after a response.
    """
    server = serve(answer(200, b"{}") + surplus)
    kinds = {
        "blocking": (httpcore.HTTPConnection, httpcore.HTTPProxy),
        "asyncio": (httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy),
    }
    direct, proxy = kinds[front]

    async def body():
        connection = (
            proxy(server.base_url) if proxied else direct(httpcore.URL(server.base_url).origin)
        )
        url = "http://example.com/" if proxied else server.base_url
        response = await got(connection, front, url)
        found = compat.is_reusable(
            response.stream, response.extensions["network_stream"], may_be_tls=False
        )
        await closed(front, response)
        await closed(front, connection)
        return found

    assert (not surplus) is run(body)


def shake_hands(client, server):
    """
    Complete the TLS handshake of two parties that share memory.
    """
    for party in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            party.do_handshake()
    with contextlib.suppress(ssl.SSLWantReadError):
        # The tickets of TLS 1.3 come after the handshake.
        client.read(1)


@pytest.mark.parametrize("surplus", ["nothing", "end", "garbage"])
def test_what_tls_has_read_beyond_a_response(surplus, authority):
    """
    `compat.is_reusable`: a connection is used again only if TLS has read nothing more, neither its
    end nor bytes that it cannot decrypt.
    """
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    server = there.wrap_bio(to_server, to_client, server_side=True)
    shake_hands(client, server)
    if surplus == "end":
        with contextlib.suppress(ssl.SSLWantReadError):
            server.unwrap()
    elif surplus == "garbage":
        to_client.write(b"HTTP/1.1 200 OK\r\n")
    state = SimpleNamespace(trailing_data=(b"", False))
    stream = SimpleNamespace(_connection=SimpleNamespace(_h11_state=state))
    network_stream = SimpleNamespace(get_extra_info={"ssl_object": client}.get)

    found = compat.is_reusable(stream, network_stream, may_be_tls=True)

    assert (surplus == "nothing") is found


@FRONTS
def test_where_httpcore_keeps_what_encrypts(front, serve, authority):
    """
    `compat.is_reusable`: where TLS reads ahead, the stream's `ssl_object` can be asked what it has;
    a blocking socket does not, and has no such object.
    """
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)
    server = serve(answer(204), ssl_context=there)
    connections = {
        "blocking": httpcore.HTTPConnection,
        "asyncio": httpcore.AsyncHTTPConnection,
    }

    async def body():
        origin = httpcore.URL(server.base_url).origin
        connection = connections[front](origin, ssl_context=here)
        response = await got(connection, front, server.base_url)
        found = response.extensions["network_stream"].get_extra_info("ssl_object")
        await closed(front, response)
        await closed(front, connection)
        return found

    assert (front == "asyncio") is isinstance(run(body), ssl.SSLObject)


def test_a_connection_that_hides_its_state_is_not_used_again():
    """
    `compat.is_reusable`: where h11's state is elsewhere, nobody knows what came.
    """
    assert not compat.is_reusable(SimpleNamespace(), None, may_be_tls=False)


@FRONTS
def test_what_httpcore_knows_of_an_idle_connection(front, serve):
    """
    `compat.is_spent`: a connection has `has_expired` and `is_closed`, and one that the server closes
    or that is closed here says so.
    """
    server = serve(answer(200), answer(200, b"", "Connection: close"))
    kind = httpcore.HTTPConnection if front == "blocking" else httpcore.AsyncHTTPConnection

    async def body():
        connection = kind(httpcore.URL(server.base_url).origin)
        found = []
        for _ in range(2):
            await closed(front, await got(connection, front, server.base_url))
            found.append(compat.is_spent(connection))
        await closed(front, connection)
        return found

    assert [False, True] == run(body)


@pytest.mark.parametrize("kind", [httpcore.ConnectionPool, httpcore.AsyncConnectionPool])
def test_a_pool_of_httpcore_does_not_expire(kind):
    """
    `compat.is_spent`: a pool, which a connection through a proxy is, has no `has_expired`.
    """
    assert not compat.is_spent(kind())


def test_a_stream_of_httpcore_is_made_of_a_socket(serve):
    """
    `compat.stream_over`: a blocking stream's class takes a socket, and reads and writes by it.
    """
    server = serve(answer(204))
    stream = httpcore.SyncBackend().connect_tcp("127.0.0.1", server.port)

    again = compat.stream_over(stream, stream.get_extra_info("socket"))
    again.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")

    assert isinstance(again, httpcore.NetworkStream)
    assert isinstance(again.get_extra_info("socket"), socket.socket)
    assert again.read(100).startswith(b"HTTP/1.1 204")
    again.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_httpcore_keeps_its_anyio_stream_in(backend, serve):
    """
    `compat.replace_anyio_stream`: on asyncio httpcore's stream has anyio's as `_stream`, and reads
    by it; trio's own is left.
    """
    server = serve(answer(204))
    replaced = []

    @attrs.define
    class Deaf:
        below: anyio.abc.SocketStream

        async def receive(self, *_args, **_options):
            return b"replaced"

    def replace(below):
        replaced.append(below)
        return Deaf(below)

    async def main():
        kind = httpcore.AnyIOBackend if backend == "asyncio" else httpcore.TrioBackend
        stream = await kind().connect_tcp("127.0.0.1", server.port)
        compat.replace_anyio_stream(stream, replace)
        if replaced:
            assert b"replaced" == await stream.read(100)
            await replaced[0].aclose()
        else:
            await stream.aclose()

    anyio.run(main, backend=backend)

    assert (backend == "asyncio") is bool(replaced)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_anyio_calls_an_event_loop(backend):
    """
    `_http/async_transport.py`, `_http/sockets.py`: a native token is asyncio's loop, or one of
    trio's.
    """

    async def main():
        token = anyio.lowlevel.current_token().native_token
        parts = "time", "call_soon_threadsafe", "is_closed", "run_sync_soon"
        return type(token).__module__.partition(".")[0], [hasattr(token, one) for one in parts]

    expected = {
        "asyncio": ("asyncio", [True, True, True, False]),
        "trio": ("trio", [False, False, False, True]),
    }
    assert expected[backend] == anyio.run(main, backend=backend)


@FRONTS
def test_what_httpcore_traces(front, serve):
    """
    `_http/body.py`: httpcore's trace names the steps of a request, and has its head in them.
    """
    server = serve(answer(302, b"", "Location: /elsewhere"))
    traced = {}

    def trace(event, info):
        traced[event] = info

    async def async_trace(event, info):
        trace(event, info)

    async def send():
        async with httpx.AsyncClient() as client:
            await client.get(server.base_url, extensions={"trace": async_trace})

    if front == "blocking":
        with httpx.Client() as client:
            client.get(server.base_url, extensions={"trace": trace})
    else:
        run(send)

    steps = "send_request_headers.started", "receive_response_headers.started"
    wanted = {"connection.connect_tcp.started", *(f"http11.{one}" for one in steps)}
    assert set() == wanted - traced.keys()
    assert b"GET" == traced["http11.receive_response_headers.started"]["request"].method
    returned = traced["http11.receive_response_headers.complete"]["return_value"]
    assert 302 in returned
    assert (b"Location", b"/elsewhere") in returned[-1]


def test_what_cattrs_says_of_a_fault():
    """
    `_core/codec.py`: `transform_error` gives a fault as our words, " @ " and where it is.
    """

    @attrs.frozen
    class Item:
        count: int

    with pytest.raises(BaseValidationError) as caught:
        Converter(detailed_validation=True).structure([{"count": 1}, {}], list[Item])

    (said,) = transform_error(caught.value, format_exception=lambda *_: "our @ words")
    assert ("our @ words", " @ ", "$[1].count") == said.rpartition(" @ ")


def test_what_tenacity_keeps_of_a_call():
    """
    `_engine.py`: tenacity keeps a call's steps in `iter_state`, whose `reset` lets go of them.
    """
    retrying = tenacity.AsyncRetrying(before=None, stop=tenacity.stop_after_attempt(1))

    async def attempt():
        return retrying.iter_state.actions

    assert run(lambda: retrying(attempt)) is not None
    assert retrying.iter_state.actions
    retrying.iter_state.reset()
    assert [] == retrying.iter_state.actions


def test_what_typer_raises_for_wrong_usage():
    """
    `cli/_errors.py`: above `typer.BadParameter` stands what every error of usage is.
    """
    usage = typer.BadParameter.__base__

    assert ("UsageError", 2) == (usage.__name__, usage.exit_code)


def test_a_group_of_typer_is_filled_when_it_is_asked():
    """
    `cli/_later.py`: a group has `commands`, and is asked by these two methods.
    """
    asked = []

    class Group(typer.core.TyperGroup):
        def list_commands(self, ctx):
            asked.append("list")
            return super().list_commands(ctx)

        def get_command(self, ctx, cmd_name):
            asked.append("get")
            made = typer.main.get_group(inner)
            self.commands.update(made.commands)
            return super().get_command(ctx, cmd_name)

    inner = typer.Typer(callback=lambda: None)
    inner.command("seven")(lambda: 7)
    app = typer.Typer(callback=lambda: None)
    app.add_typer(typer.Typer(name="group", cls=Group, callback=lambda: None))
    command = typer.main.get_command(app)

    assert 7 == command.main(["group", "seven"], prog_name="x", standalone_mode=False)
    assert "get" in asked
    with contextlib.suppress(SystemExit):
        command.main(["group", "--help"], prog_name="x", standalone_mode=False)
    assert "list" in asked


def test_help_of_typer_is_what_a_command_returns(capsys):
    """
    `cli/_help.py`: `get_help` of a command is what --help writes; a context, a command and its
    parameters have what it is made of.
    """
    seen = []

    class Command(typer.core.TyperCommand):
        def get_help(self, ctx):
            seen.extend([ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), self.help])
            for one in self.get_params(ctx):
                panel = getattr(one, "rich_help_panel", None)
                seen.append((one.param_type_name, one.get_help_record(ctx), one.metavar, panel))
            return "all the help"

    def run(
        file: Annotated[str, typer.Argument(metavar="FILE")],
        *,
        limit: Annotated[int, typer.Option(metavar="N", help="Most.", rich_help_panel="More")] = 7,
    ):
        del file, limit

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command("run", cls=Command, help="Run.")(run)
    typer.main.get_command(app).main(["--help"], prog_name="x", standalone_mode=False)

    assert "all the help\n" == capsys.readouterr().out
    path, usage, text, argument, option, helping = seen
    assert ("x", "Run.") == (path, text)
    assert usage.startswith("[OPTIONS] ")
    assert "FILE" in usage
    assert ("argument", "FILE", None) == (argument[0], argument[2], argument[3])
    assert argument[1][1].endswith("[required]")
    assert ("option", "N", "More") == (option[0], option[2], option[3])
    # Some versions escape brackets for rich.
    assert ["--limit N", "Most.  [default: 7]"] == [one.replace("\\[", "[") for one in option[1]]
    assert ("option", ("--help", "Show this message and exit.")) == helping[:2]


def test_what_uvicorn_knows_of_its_connections(monkeypatch):
    """
    `sandbox/_serve.py`: a server calls `startup` and `shutdown`, stops when `should_exit` is set, and
    has its open connections, each with its transport, in `server_state`.
    """
    done = []

    async def app(_scope, _receive, send):
        (connection,) = server.server_state.connections
        done.append(connection.transport.is_closing())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            done.append("startup")

        async def shutdown(self, sockets=None):
            await super().shutdown(sockets)
            done.append("shutdown")

    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None)
    server = Server(config)

    async def main():
        async with anyio.create_task_group() as group:
            listener = socket.create_server(("127.0.0.1", 0))
            group.start_soon(lambda: server.serve(sockets=[listener]))
            url = "http://{}:{}/".format(*listener.getsockname())
            async with httpx.AsyncClient() as client:
                await client.get(url)
            server.should_exit = True

    run(main)

    assert ["startup", False, "shutdown"] == done
