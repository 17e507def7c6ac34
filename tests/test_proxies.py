"""
Through a proxy that is itself reached by TLS: one encrypted connection within another.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest
from server import NUMBER, single

from heymilo_async._http.proxies import Proxies, _covers

ID = NUMBER["id"]


@pytest.fixture(scope="module")
def server_context(authority):
    """
    What a server on loopback shows.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def tls_proxy(server_context):
    """
    A proxy that is reached by TLS and opens tunnels.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []
    ends: list[socket.socket] = []

    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                inside = server_context.wrap_socket(plain, server_side=True)
                asked.append(inside.recv(65536))
                host, _, port = asked[-1].split()[1].decode().rpartition(":")
                outside = socket.create_connection((host, int(port)))
                ends.extend((inside, outside))
                inside.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                for source, target in ((inside, outside), (outside, inside)):
                    threading.Thread(target=pump, args=(source, target), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://user:secret-of-the-proxy@127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    for end in ends:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(end, socket.SHUT_RDWR)
        end.close()


def test_tls_within_tls(front, serve, authority, server_context, tls_proxy):
    """
    An https server is reached through an https proxy, and only the proxy gets its password.
    """
    proxy, asked = tls_proxy
    server = serve(single(), ssl_context=server_context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def body(client):
        return [(await client.phone_numbers.get(ID)).id for _ in range(2)]

    assert [ID, ID] == front.run(body, server.base_url, proxy=proxy, ssl_context=trusting)
    assert b"CONNECT" == asked[0][:7]
    assert b"proxy-authorization" in asked[0].lower()
    assert "proxy-authorization" not in server.requests[0].headers
    assert b"x-api-key" not in asked[0].lower()


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        ("api.example.test", True),
        ("API.Example.TEST", True),
        ("example.test", True),
        (".example.test", True),
        (".api.example.test", False),
        ("ample.test", False),
        ("test.example", False),
        ("api.example.test:443", True),
        ("api.example.test:80", False),
        ("https://api.example.test", True),
        ("10.0.0.0/8", False),
        ("[::1]", False),
        ("", False),
    ],
)
def test_what_a_name_in_no_proxy_covers(entry, covered):
    """
    A name covers itself and what is below it, in any case, with its port alone if it has one.
    """
    assert covered is bool(entry and _covers(entry, "api.example.test", 443))


@pytest.mark.parametrize(
    ("entry", "host", "covered"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("::1", "::1", True),
        ("[::1]", "::1", True),
        ("[::1]:443", "::1", True),
        ("0:0:0:0:0:0:0:1", "::1", True),
        ("fe80::/10", "fe80::5", True),
        ("fe80::/10", "10.1.2.3", False),
    ],
)
def test_what_an_address_in_no_proxy_covers(entry, host, covered):
    """
    An address covers itself however it is written, and a network all that is in it.
    """
    assert covered is _covers(entry, host, 443)


def test_the_schemes_own_proxy_comes_first():
    """
    A proxy for one scheme goes before the one for all; without any the way is direct.
    """
    both = Proxies({"all": None, "https": None}, ("10.0.0.0/8",))

    assert "https" == both.scheme_of("https", "example.test", 443)
    assert "all" == both.scheme_of("http", "example.test", 80)
    assert None is both.scheme_of("https", "10.0.0.1", 443)
    assert None is Proxies({}).scheme_of("https", "example.test", 443)
