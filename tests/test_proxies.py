"""
Proxies: TLS within TLS, and the meaning of NO_PROXY.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from inside import Proxies, covers, pool_settings, proxies
from server import NUMBER, single

ID = NUMBER["id"]


@pytest.fixture(scope="module")
def server_context(authority):
    """
    The TLS context of a server on loopback.
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
    An https server is reached through an https proxy, and only the proxy receives its password.
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
        (".api.example.test", True),
        ("api.example.test.", True),
        ("..api.example.test", False),
        (".", False),
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
    A name covers itself and its subdomains, in upper and lower case, and only its port if it has
    one.
    """
    assert covered is bool(entry and covers(entry, "api.example.test", 443))


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
        ("2.3", "10.1.2.3", False),
    ],
)
def test_what_an_address_in_no_proxy_covers(entry, host, covered):
    """
    An address covers itself in any notation, and a network covers all its addresses.
    """
    assert covered is covers(entry, host, 443)


@pytest.mark.parametrize(
    ("entry", "covered"),
    [("m\u00fcnchen.test", True), ("xn--mnchen-3ya.test", True), ("m\u00fcnchen..test", False)],
)
def test_a_name_with_an_umlaut_in_no_proxy(entry, covered):
    """
    A name may be written in Unicode or in its ASCII form.
    """
    assert covered is covers(entry, "api.xn--mnchen-3ya.test", 443)


@pytest.fixture(scope="module")
def ways():
    """
    The ports of a server and of a proxy, each of which names itself in its response.
    """

    def serve(listener, said):
        body = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(body % (len(said), said))

    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    threads = [
        threading.Thread(target=serve, args=(listener, said), daemon=True)
        for listener, said in zip(listeners, (b"direct", b"proxy"), strict=True)
    ]
    for thread in threads:
        thread.start()
    yield tuple(listener.getsockname()[1] for listener in listeners)
    for listener, thread in zip(listeners, threads, strict=True):
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


NAME, FOUR, SIX = "api.example.test", "10.1.2.3", "[fd00::5]"
AS_CURL = [
    # Names.
    (NAME, NAME),
    (NAME, "API.Example.TEST"),
    ("API.example.test.", NAME),
    (NAME, f"{NAME}."),
    (NAME, "example.test"),
    (NAME, ".example.test"),
    (NAME, f".{NAME}"),
    (NAME, f"..{NAME}"),
    (NAME, "ample.test"),
    (NAME, "test"),
    (NAME, "."),
    (NAME, "*.example.test"),
    (NAME, "xapi.example.test"),
    ("xn--mnchen-3ya.test", "xn--mnchen-3ya.test"),
    ("localhost", "LocalHost"),
    # Lists.
    (NAME, "*"),
    (NAME, f"*,{FOUR}"),
    (NAME, f"other.test,{NAME}"),
    (NAME, f"other.test , {NAME} ,"),
    (NAME, f"other.test {NAME}"),
    (NAME, f"other.test\t{NAME}"),
    (NAME, f",,{NAME},,"),
    (NAME, "other.test,,more.test"),
    (NAME, f"{FOUR},{NAME}"),
    # Addresses and networks.
    (FOUR, FOUR),
    (FOUR, "10.1.2.4"),
    (FOUR, "10.0.0.0/8"),
    (FOUR, "10.255.1.1/8"),
    (FOUR, "10.1.2.0/30"),
    (FOUR, "10.1.2.4/30"),
    (FOUR, f"{FOUR}/32"),
    (FOUR, f"{FOUR}/33"),
    (FOUR, "11.0.0.0/8"),
    (FOUR, "2.3"),
    (FOUR, ".2.3"),
    (FOUR, "10.1"),
    (FOUR, "fd00::/8"),
    (FOUR, f"fd00::/8, 10.0.0.0/8 {NAME}"),
    (SIX, "fd00::5"),
    (SIX, "FD00::5"),
    (SIX, "fd00::6"),
    (SIX, "fe00::/16"),
    (SIX, "fd00::5/129"),
    (SIX, "10.0.0.0/8"),
]
#: Entries that curl 7.88 does not accept, and this client does: curl documents them, or other tools
#: accept them. (That curl treats an IPv6 address as text.)
BEYOND_CURL = [
    (SIX, "fd00:0:0:0:0:0:0:5", "another way to write an address"),
    (SIX, "fd00::/8", "a network"),
    (SIX, "fd00::/16", "a network"),
    (SIX, "fd00::5/128", "a network"),
    (SIX, "[fd00::5]", "brackets"),
    (SIX, "[fd00::5]:{port}", "brackets and a port"),
    (NAME, f"{NAME}:{{port}}", "a port"),
    (NAME, f"http://{NAME}", "a scheme"),
    ("xn--mnchen-3ya.test", "m\u00fcnchen.test", "a name as people read it"),
    (FOUR, "0.0.0.0/0", "all addresses"),
]


def is_direct(monkeypatch, host, port, exceptions):
    """
    Return whether this client bypasses the proxy with that NO_PROXY.
    """
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    monkeypatch.setenv("NO_PROXY", exceptions)
    settings = pool_settings(max_connections=1, proxy=None, ssl_context=None, http_client=None)
    return None is proxies(settings).scheme_of("http", host.strip("[]"), port)


def is_direct_by_curl(host, ways, exceptions):
    """
    Return whether curl does.
    """
    server, proxy = ways
    command = ["curl", "-s", "-q", "--max-time", "20", "--connect-to", f"::127.0.0.1:{server}"]
    environment = {"http_proxy": f"http://127.0.0.1:{proxy}", "NO_PROXY": exceptions}
    done = subprocess.run(
        [*command, "-g", f"http://{host}:{server}/"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return b"direct" == done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("host", "exceptions"), AS_CURL)
def test_no_proxy_means_what_it_means_to_curl(monkeypatch, ways, host, exceptions):
    """
    Names, lists, addresses and networks bypass the proxy exactly if they do with curl.
    """
    expected = is_direct_by_curl(host, ways, exceptions)

    assert expected is is_direct(monkeypatch, host, ways[0], exceptions)


@pytest.mark.parametrize(("host", "exceptions", "what"), BEYOND_CURL)
def test_what_no_proxy_takes_beyond_curl(monkeypatch, host, exceptions, what):
    """
    Brackets, ports and schemes mean the same as in other tools.
    """
    assert what
    assert is_direct(monkeypatch, host, 8080, exceptions.format(port=8080))
    assert not is_direct(monkeypatch, "other.example", 8080, exceptions.format(port=8080))


def test_the_schemes_own_proxy_comes_first():
    """
    The proxy of a scheme takes precedence over ALL_PROXY; without any the connection is direct.
    """
    both = Proxies({"all": None, "https": None}, ("10.0.0.0/8",))

    assert "https" == both.scheme_of("https", "example.test", 443)
    assert "all" == both.scheme_of("http", "example.test", 80)
    assert None is both.scheme_of("https", "10.0.0.1", 443)
    assert None is Proxies({}).scheme_of("https", "example.test", 443)
