"""
Settings, cases 124 to 127 and 149 to 151 of the fault catalogue: how they are set, and what they
do.
"""

from __future__ import annotations

import contextlib
import errno
import inspect
import math
import resource
import select
import socket
import ssl
import threading

import anyio
import attrs
import pytest
import trustme
from fronts import KEY, NO_CERTIFICATES
from inside import settings_of
from server import NUMBER, answer, page, single

from heymilo_async import (
    APIConnectionError,
    AsyncHeyMilo,
    ClientClosedError,
    ConfigurationError,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    RetryPolicy,
)

ONCE = RetryPolicy(max_attempts=1)

#: A name that no resolver knows: a request reaches such a server only through a proxy.
NOWHERE = "http://api.invalid"


class Proxy:
    """
    A proxy on loopback that records its requests, and forwards everything to one server.
    """

    def __init__(self, target):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        #: The head of each unencrypted request.
        self.heads = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self):
        """
        Stop, and wait for every thread.
        """
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
        for one in [self._listener, *self._open]:
            one.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
            self.heads.append(head.decode("latin-1"))
            onward = socket.create_connection(("127.0.0.1", self._target))
            self._open.append(onward)
            if head.startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                # As a proxy does: the absolute URL becomes a path.
                first, rest = head.split(b"\r\n", 1)
                method, url, version = first.split(b" ")
                path = b"/" + url.split(b"/", 3)[3]
                onward.sendall(b" ".join([method, path, version]) + b"\r\n" + rest)
            ways = {connection: onward, onward: connection}
            while True:
                for ready in select.select(list(ways), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        ways[ready].shutdown(socket.SHUT_RDWR)
                        return
                    ways[ready].sendall(data)


@pytest.fixture
def proxy_to():
    """
    Start proxies that forward to a server: `proxy_to(server)`.
    """
    running = []

    def start(server):
        running.append(Proxy(server.port))
        return running[-1]

    yield start
    for one in running:
        one.close()


async def get(client):
    """
    Get the number that the servers of these tests have.
    """
    return (await client.phone_numbers.get(NUMBER["id"])).id


# The base URL.


@pytest.mark.parametrize(
    "url",
    [
        "http://api.heymilo.ai",
        "http://10.0.0.1",
        "http://192.168.1.1:8080",
        "http://127.0.0.1.nip.example",
        "http://localhost.example",
        "http://0.0.0.0",
        "http://[2001:db8::1]",
        "ftp://api.heymilo.ai",
        "ws://localhost",
        "file:///etc/passwd",
        "api.heymilo.ai",
        "api.heymilo.ai:443",
        "localhost:8000",
        "//api.heymilo.ai",
        "/api",
        "https://u:p@api.heymilo.ai",
        "https://u@api.heymilo.ai",
        "https://@api.heymilo.ai",
        "https://a b",
        "https://a\tb",
        "https://a\r\nX-Evil: 1",
        "https://a\x00b",
        "",
        " ",
        "https://",
        "https:///path",
        "https://:443",
        "https:api.heymilo.ai",
        "https://api.heymilo.ai?x=1",
        "https://api.heymilo.ai#x",
        "https://api.heymilo.ai/?",
        "https://api.heymilo.ai/../admin",
        "https://api.heymilo.ai/./",
        "https://api.heymilo.ai:0",
        "https://api.heymilo.ai:65536",
        "https://api.heymilo.ai:port",
        "https://api.heymilo.ai:-1",
        "https://[::1",
        "https://[zz]",
        "https://a\\b",
        "https://\u2028",
        "https://a<b>",
    ],
    ids=ascii,
)
def test_base_urls_that_cannot_work(front, url):
    """
    Case 124: a base URL that is invalid, would leak the key, or has a query is a ConfigurationError.
    """
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        front.client(url)

    client = front.client("https://api.heymilo.ai")
    with pytest.raises(ConfigurationError, match="base_url"):
        client.with_options(base_url=url)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("url", [5, b"https://api.heymilo.ai", ["x"], True])
def test_base_urls_of_the_wrong_type(front, url):
    """
    Case 124: a base URL that is not a str is a TypeError.
    """
    with pytest.raises(TypeError, match="base_url"):
        front.client(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.heymilo.ai",
        "HTTPS://API.heymilo.ai",
        "https://api.heymilo.ai:8443",
        "https://[2001:db8::1]:443",
        "http://localhost:1",
        "http://LOCALHOST",
        "http://x.localhost",
        "http://127.0.0.1",
        "http://127.8.8.8:80",
        "http://[::1]:8000",
        "https://xn--bcher-kva.example",
        "https://b\u00fccher.example",
    ],
)
def test_base_urls_that_work(front, url):
    """
    Case 124: https anywhere, and http on loopback, need no option.
    """
    assert settings_of(front.client(url)).base_url.lower() == url.lower()


@pytest.mark.parametrize("form", [" {}", "{}\n", "\t{} "])
def test_blanks_round_a_base_url(front, serve, form):
    """
    Case 124: blanks around a base URL, as files leave them, are stripped or refused.
    """
    server = serve(single())

    try:
        got = front.run(get, form.format(server.base_url))
    except ConfigurationError as error:
        assert "base_url" in str(error)
    else:
        assert NUMBER["id"] == got
        assert server.requests[0].target.startswith("/api/v2/")


@pytest.mark.parametrize("end", ["", "/", "//", "/prefix", "/prefix/", "/a/b//"])
def test_path_prefix_is_kept(front, serve, end):
    """
    Case 124: the base URL's path precedes every path, and slashes at its end make no difference.
    """
    server = serve(page())

    async def body(client):
        await client.phone_numbers.list(limit=1)

    front.run(body, server.base_url + end)

    assert f"{end.rstrip('/')}/api/v2/phone-numbers?limit=1" == server.requests[0].target


def test_insecure_http_is_allowed_by_a_switch(front):
    """
    Case 124: `allow_insecure_http` allows http anywhere, and a view cannot bypass it.
    """
    loose = front.client("http://10.0.0.1", allow_insecure_http=True)
    strict = front.client("https://10.0.0.1")

    assert "http://10.0.0.1" == settings_of(loose).base_url
    with pytest.raises(ConfigurationError, match="allow_insecure_http"):
        strict.with_options(base_url="http://10.0.0.1")
    with pytest.raises(ConfigurationError, match="allow_insecure_http"):
        loose.with_options(allow_insecure_http=False)


def test_base_url_from_the_environment(front, serve, monkeypatch):
    """
    Case 124: without base_url the variable counts; an empty one counts as unset.
    """
    server = serve(single())
    monkeypatch.setenv("HEYMILO_BASE_URL", server.base_url)

    assert NUMBER["id"] == front.run(get, None)

    monkeypatch.setenv("HEYMILO_BASE_URL", "")

    assert "https://api.heymilo.ai" == settings_of(front.client(None)).base_url


def test_bad_base_url_from_the_environment(front, monkeypatch):
    """
    Case 124: an unusable variable is refused like an argument.
    """
    monkeypatch.setenv("HEYMILO_BASE_URL", "http://api.heymilo.ai")

    with pytest.raises(ConfigurationError, match=r"(?i)base_url"):
        front.client(None)


# Proxies.


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxy_from_the_environment(front, serve, proxy_to, monkeypatch, variable):
    """
    Case 125: the usual variables, in upper or lower case, set the proxy.
    """
    server = serve(single())
    proxy = proxy_to(server)
    monkeypatch.setenv(variable, proxy.url)

    assert NUMBER["id"] == front.run(get, NOWHERE, allow_insecure_http=True)
    assert proxy.heads[0].startswith(f"GET {NOWHERE}/api/v2/phone-numbers/")


def test_proxy_variable_without_a_scheme(front, serve, proxy_to, monkeypatch):
    """
    Case 125: `HTTP_PROXY=host:port`, as curl accepts it, works.
    """
    proxy = proxy_to(serve(single()))
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")

    assert NUMBER["id"] == front.run(get, NOWHERE, allow_insecure_http=True)


def test_proxy_as_an_argument(front, serve, proxy_to, monkeypatch):
    """
    Case 125: an argument takes precedence over the variables, NO_PROXY included, and may have a
    login.
    """
    proxy = proxy_to(serve(single()))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    url = f"http://user:pass%20word@127.0.0.1:{proxy.port}"

    assert NUMBER["id"] == front.run(get, NOWHERE, allow_insecure_http=True, proxy=url)
    # base64 of "user:pass word"
    assert "Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in proxy.heads[0]


def test_encrypted_call_through_a_proxy(front, serve, proxy_to, monkeypatch):
    """
    Case 125: https uses a tunnel: certificates are checked end to end, and the proxy sees no key.
    """
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("api.invalid").configure_cert(theirs)
    authority.configure_trust(ours)
    server = serve(single(), ssl_context=theirs)
    proxy = proxy_to(server)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    async def body(client):
        return [await get(client), await get(client)]

    assert [NUMBER["id"]] * 2 == front.run(body, "https://api.invalid", ssl_context=ours)
    assert 1 == len(proxy.heads)
    assert proxy.heads[0].startswith("CONNECT api.invalid:443 ")
    assert KEY not in proxy.heads[0]
    assert [KEY, KEY] == [request.headers["x-api-key"] for request in server.requests]


@pytest.mark.parametrize(
    ("url", "exceptions", "through"),
    [
        ("http://api.invalid", "", True),
        ("http://api.invalid", "*", False),
        ("http://api.invalid", "api.invalid", False),
        ("http://api.invalid", "API.Invalid", False),
        ("http://api.invalid", " other.example , api.invalid ", False),
        ("http://api.invalid", ".invalid", False),
        ("http://api.invalid", "invalid", False),
        ("http://api.invalid", "other.example", True),
        ("http://api.invalid", "pi.invalid", True),
        ("http://api.invalid", "api.invalid.example", True),
        ("http://api.invalid", ",,, ,", True),
        ("http://api.invalid", "10.0.0.0/8", True),
        ("http://api.invalid", "[::1]", True),
        ("http://api.invalid", "::1", True),
        ("http://api.invalid", "192.168.1.1,localhost,.local", True),
        ("http://127.0.0.1:{port}", "127.0.0.1", False),
        ("http://127.0.0.1:{port}", "127.0.0.1:{port}", False),
        ("http://127.0.0.1:{port}", "127.0.0.1:1", True),
        ("http://127.0.0.1:{port}", "127.0.0.0/8", False),
        ("http://127.0.0.1:{port}", "10.0.0.0/8", True),
        ("http://127.0.0.1:{port}", "localhost", True),
        ("http://127.0.0.1:{port}", "27.0.0.1", True),
        ("http://localhost:{port}", "localhost", False),
        ("http://localhost:{port}", "LOCALHOST", False),
        ("http://localhost:{port}", "http://localhost", False),
    ],
)
def test_exceptions_from_the_proxy(front, serve, proxy_to, monkeypatch, url, exceptions, through):
    """
    Case 125: NO_PROXY accepts names with their subdomains, addresses, ports and networks.
    """
    server = serve(single())
    proxy = proxy_to(server)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exceptions.format(port=server.port))
    url = url.format(port=server.port)

    async def body(client):
        try:
            return await get(client)
        except HeyMiloError as error:
            return error

    outcome = front.run(body, url, allow_insecure_http=True, retry=ONCE)

    assert int(through) == len(proxy.heads)
    if through or "invalid" not in url:
        assert NUMBER["id"] == outcome
    else:
        assert APIConnectionError is type(outcome)


@pytest.mark.parametrize(
    "exceptions",
    ["[::1]", "::1", "[::1]:80", "fe80::1%eth0", "::/0", "127.0.0.0/99", "[", "a b", "http://", "%",
     "\u00e9", "*.invalid", "**", "://", "?#", "user:pass@host", "x:99999", "x:port", "[::1"],
)  # fmt: skip
def test_odd_exceptions_from_the_proxy(front, serve, proxy_to, monkeypatch, exceptions):
    """
    Case 125: an odd NO_PROXY works or is named by a ConfigurationError; it never raises a foreign
    error.
    """
    server = serve(single())
    proxy = proxy_to(server)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exceptions)

    async def body(client):
        try:
            return await get(client)
        except ConfigurationError as error:
            return error

    outcome = front.run(body, server.base_url, retry=ONCE)

    assert NUMBER["id"] == outcome or "NO_PROXY" in str(outcome)


@pytest.mark.parametrize(
    "value",
    [
        "ftp://127.0.0.1:1",
        "socks5://127.0.0.1:1",
        "socks5h://127.0.0.1:1",
        "socks4://127.0.0.1:1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://",
        "http://[",
        "http://:80",
        "://",
        "a b",
        "\u00e9\u2028",
        "http://user:pass@",
        "x" * 10_000,
    ],
    ids=lambda value: ascii(value)[:30],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_broken_proxy_variables(front, monkeypatch, variable, value):
    """
    Case 125: an unusable proxy variable is a ConfigurationError that names it.
    """
    monkeypatch.setenv(variable, value)

    async def body(client):
        try:
            return await get(client)
        except HeyMiloError as error:
            return error

    error = front.run(body, "http://127.0.0.1:1", retry=ONCE)

    # Some are valid as a host name, which then cannot be reached.
    assert isinstance(error, ConfigurationError | APIConnectionError)
    if value.startswith(("ftp", "socks", "http://127")):
        assert ConfigurationError is type(error)
        assert variable in str(error)


@pytest.mark.parametrize("value", ["", " "])
def test_proxy_variables_set_to_nothing(front, serve, monkeypatch, value):
    """
    Case 125: empty proxy variables count as unset.
    """
    server = serve(single())
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.setenv(variable, value)

    assert NUMBER["id"] == front.run(get, server.base_url)


@pytest.mark.parametrize(
    ("proxy", "kind"),
    [
        ("", ConfigurationError),
        ("ftp://127.0.0.1", ConfigurationError),
        ("127.0.0.1:8080", ConfigurationError),
        ("http://", ConfigurationError),
        ("http://127.0.0.1:0", ConfigurationError),
        ("http://127.0.0.1:99999", ConfigurationError),
        ("http://[", ConfigurationError),
        ("http://a b", ConfigurationError),
        ("http://a\r\nb", ConfigurationError),
        (5, TypeError),
        (b"http://127.0.0.1", TypeError),
        ({"http": "x"}, TypeError),
    ],
)
def test_proxies_that_cannot_work(front, proxy, kind):
    """
    Case 125: the constructor refuses an unusable proxy.
    """
    with pytest.raises(kind, match="proxy"):
        front.client("http://127.0.0.1:1", proxy=proxy)


def test_socks_without_its_package(front):
    """
    Case 125: a SOCKS proxy without its package raises an error that says what to install.
    """

    async def body(client):
        with pytest.raises(ConfigurationError, match=r"httpx\[socks\]") as caught:
            await get(client)
        return str(caught.value)

    assert "proxy" in front.run(body, NOWHERE, allow_insecure_http=True, proxy="socks5://h:1")


def test_proxy_that_is_down(front, monkeypatch):
    """
    Case 125: an unreachable proxy is a connection error, not a wrong response.
    """
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def body(client):
        with pytest.raises(APIConnectionError) as caught:
            await get(client)
        return caught.value.maybe_sent

    assert front.run(body, "https://api.invalid", retry=ONCE) is False


def test_proxy_that_refuses_the_tunnel(front, serve):
    """
    Case 125: a proxy that refuses the tunnel is an error of the phase `proxy`.
    """
    proxy = serve(answer(403, b"no"))

    async def body(client):
        with pytest.raises(APIConnectionError) as caught:
            await get(client)
        return caught.value.phase

    assert "proxy" == front.run(body, "https://api.invalid", proxy=proxy.base_url, retry=ONCE)


def test_environment_is_read_once(front, serve, proxy_to, monkeypatch):
    """
    Cases 125 and 127: proxy variables that change while a client is open have no effect.
    """
    server = serve(single())
    proxy = proxy_to(server)

    async def body(client):
        await get(client)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        return await get(client)

    assert NUMBER["id"] == front.run(body, server.base_url)
    assert [] == proxy.heads


# Certificates.


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there(front, monkeypatch, variable):
    """
    Case 125: a certificate variable with a missing path is a ConfigurationError that names it.
    """
    monkeypatch.setenv(variable, "/nonexistent")

    async def body(client):
        with pytest.raises(HeyMiloError) as caught:
            await get(client)
        return caught.value

    error = front.run(body, "https://127.0.0.1:1", ssl_context=None, retry=ONCE)

    # OpenSSL accepts any directory, and finds nothing in it.
    expected = {"SSL_CERT_FILE": ConfigurationError, "SSL_CERT_DIR": APIConnectionError}
    assert expected[variable] is type(error)
    if variable == "SSL_CERT_FILE":
        assert variable in str(error)


def test_a_key_log_that_cannot_be_written(front, monkeypatch, tmp_path):
    """
    Cases 125 and 193: an unwritable key log is a ConfigurationError that names its variable, and
    blames no certificate.
    """
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "keys.log"))

    error = front.run(failure, "http://127.0.0.1:1", ssl_context=None)

    assert ConfigurationError is type(error)
    assert "SSLKEYLOGFILE" in str(error)
    assert "SSL_CERT" not in str(error)
    assert "certificate" not in str(error)


@contextlib.contextmanager
def no_descriptor_left():
    """
    Make every attempt to open a file or a socket fail.
    """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_file_descriptor_to_open_a_client(front):
    """
    Case 193: if no file descriptor is left when the certificates are read, that is a temporary
    connection error, and no certificate is blamed for it.
    """

    async def body(client):
        with no_descriptor_left():
            error = await failure(client)
        return error, await failure(client)

    # (A server would need descriptors too, so this port has no listener.)
    error, later = front.run(body, "http://127.0.0.1:1", ssl_context=None, retry=ONCE)

    assert (APIConnectionError, "connect", False) == (type(error), error.phase, error.maybe_sent)
    assert "no file descriptor is left" in str(error)
    assert APIConnectionError is type(later)
    assert "descriptor" not in str(later)


def test_no_file_descriptor_to_look_at_the_loop(front, serve, monkeypatch):
    """
    If anyio has no file descriptor left to detect the event loop, the loop is still found.
    """

    def full():
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("anyio.lowlevel.current_token", full)

    if front.is_blocking:
        assert NUMBER["id"] == front.run(get, serve(single()).base_url)
    else:
        with pytest.raises(APIConnectionError, match="no file descriptor is left"):
            front.run(get, "http://127.0.0.1:1")


def test_a_key_log_that_can_be_written(front, serve, monkeypatch, tmp_path):
    """
    Case 125: a writable key log is used.
    """
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    server = serve(single())

    assert NUMBER["id"] == front.run(get, server.base_url, ssl_context=None)


def test_certificates_that_are_none(front, monkeypatch, tmp_path):
    """
    Case 125: a file without certificates is a ConfigurationError that names the variable.
    """
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async def body(client):
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE") as caught:
            await get(client)
        again = await failure(client)
        return caught.value, again

    first, again = front.run(body, "https://127.0.0.1:1", ssl_context=None)

    assert (type(first), str(first)) == (type(again), str(again))
    assert first.__context__ is None


async def failure(client):
    """
    Return the error of a call.
    """
    with pytest.raises(HeyMiloError) as caught:
        await get(client)
    return caught.value


def test_certificates_of_the_environment(front, serve, monkeypatch, tmp_path):
    """
    Case 125: a private authority in SSL_CERT_FILE is trusted.
    """
    authority = trustme.CA()
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server = serve(single(), ssl_context=theirs)

    assert NUMBER["id"] == front.run(get, server.base_url, ssl_context=None)


@pytest.mark.parametrize("context", ["/etc/ssl/cert.pem", False, True, object()])
def test_contexts_of_the_wrong_type(front, context):
    """
    Case 125: an invalid ssl_context is a TypeError; in particular False, which does not turn checks
    off.
    """
    with pytest.raises(TypeError, match="ssl_context"):
        front.client("https://127.0.0.1:1", ssl_context=context)


# Credentials.


@pytest.mark.parametrize(
    ("given", "environment", "sent"),
    [
        ({"api_key": "k"}, {}, ("k", None)),
        ({"access_token": "t"}, {}, (None, "Bearer t")),
        ({"api_key": "k", "access_token": "t"}, {}, ("k", "Bearer t")),
        ({}, {"API_KEY": "ek"}, ("ek", None)),
        ({}, {"ACCESS_TOKEN": "et"}, (None, "Bearer et")),
        ({}, {"API_KEY": "ek", "ACCESS_TOKEN": "et"}, ("ek", None)),
        ({}, {"API_KEY": " ", "ACCESS_TOKEN": "et"}, (None, "Bearer et")),
        ({"api_key": "k"}, {"API_KEY": "ek", "ACCESS_TOKEN": "et"}, ("k", None)),
        ({"access_token": "t"}, {"API_KEY": "ek", "ACCESS_TOKEN": "et"}, (None, "Bearer t")),
    ],
)
def test_which_credentials_are_sent(front, serve, monkeypatch, given, environment, sent):
    """
    Case 126: the environment is read only if no credential is given: first the key, else the token.
    """
    server = serve(single())
    for name, value in environment.items():
        monkeypatch.setenv(f"HEYMILO_{name}", value)

    front.run(get, server.base_url, **{"api_key": None, **given})

    headers = server.requests[0].headers
    assert sent == (headers.get("x-api-key"), headers.get("authorization"))


def test_workspace_of_the_environment(front, serve, monkeypatch):
    """
    Case 126: the workspace comes from its argument, else from its variable; a view may remove it.
    """
    server = serve(single())
    monkeypatch.setenv("HEYMILO_WORKSPACE_ID", "w-env")

    async def body(client):
        await get(client)
        await get(client.with_options(workspace_id="w-view"))
        await get(client.with_options(workspace_id=None))

    front.run(body, server.base_url)
    front.run(get, server.base_url, workspace_id="w-arg")

    assert ["w-env", "w-view", None, "w-arg"] == [
        request.headers.get("x-workspace-id") for request in server.requests
    ]


def test_clients_side_by_side(front, serve):
    """
    Case 126: in many interleaved calls of two clients and a view, each carries its own key.
    """
    server = serve(answers=lambda request: single(id=request.target.rsplit("/", 1)[1]))

    def keys():
        return [
            (request.target.rsplit("/", 1)[1].split("-")[0], request.headers["x-api-key"])
            for request in server.requests
        ]

    async def body(one):
        two = front.client(server.base_url, "key-2")
        ready = front.awaitable(two)
        view = one.with_options(api_key="key-3")
        ids = [[f"{name}-{i}" for i in range(40)] for name in ("k1", "k2", "k3")]
        if front.is_blocking:
            numbers = [client.blocking.phone_numbers for client in (one, ready, view)]
            threads = [
                threading.Thread(target=each.get_many, args=(some,))
                for each, some in zip(numbers, ids, strict=True)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            async with anyio.create_task_group() as group:
                for client, some in zip((one, ready, view), ids, strict=True):
                    group.start_soon(client.phone_numbers.get_many, some)
        await ready.aclose()

    front.run(body, server.base_url, api_key="key-1")

    assert 120 == server.n
    assert {("k1", "key-1"), ("k2", "key-2"), ("k3", "key-3")} == set(keys())


def test_key_and_token_of_a_view(front, serve):
    """
    Case 126: a view with a new key never sends the old one, and one with None sends none.
    """
    server = serve(single())

    async def body(client):
        await get(client.with_options(api_key="new"))
        await get(client.with_options(api_key=None))
        await get(client.with_options(access_token=None))
        await get(client.with_options(api_key="a").with_options(access_token="b"))
        await get(client)

    front.run(body, server.base_url, api_key="old", access_token="token")

    assert [
        ("new", "Bearer token"),
        (None, "Bearer token"),
        ("old", None),
        ("a", "Bearer b"),
        ("old", "Bearer token"),
    ] == [
        (request.headers.get("x-api-key"), request.headers.get("authorization"))
        for request in server.requests
    ]


def test_view_does_not_read_the_environment(front, monkeypatch):
    """
    Case 126: removing a view's only credential is an error, whatever the environment has.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", "from-the-environment")
    client = front.client("http://127.0.0.1:1")

    with pytest.raises(ConfigurationError) as caught:
        client.with_options(api_key=None)

    expected = (
        "no credentials: the view would have neither api_key= nor access_token= "
        "(with_options does not read the environment)"
    )
    assert expected == str(caught.value)


def test_missing_key_names_the_sandbox(front):
    """
    The error of a client without a key says how to try the client without an account.
    """
    with pytest.raises(ConfigurationError) as caught:
        front.client("http://127.0.0.1:1", api_key=None)

    expected = (
        "no credentials: pass api_key= or access_token=, "
        "or set HEYMILO_API_KEY or HEYMILO_ACCESS_TOKEN "
        "(to try things without an account: heymilo sandbox)"
    )
    assert expected == str(caught.value)


def test_environment_changed_afterwards(front, serve, monkeypatch):
    """
    Case 127: changing a variable after construction has no effect, not on views either.
    """
    server = serve(single())
    monkeypatch.setenv("HEYMILO_API_KEY", "first")
    monkeypatch.setenv("HEYMILO_WORKSPACE_ID", "w1")

    async def body(client):
        monkeypatch.setenv("HEYMILO_API_KEY", "second")
        monkeypatch.setenv("HEYMILO_WORKSPACE_ID", "w2")
        monkeypatch.setenv("HEYMILO_BASE_URL", "http://127.0.0.1:1")
        await get(client)
        await get(client.with_options(timeout=3.0))

    front.run(body, server.base_url, api_key=None)

    assert [("first", "w1")] * 2 == [
        (request.headers["x-api-key"], request.headers["x-workspace-id"])
        for request in server.requests
    ]


def test_attribute_assigned(front, serve):
    """
    Case 127: assigning the key to the client is refused, or does not change what is sent.
    """
    server = serve(single())
    client = front.client(server.base_url)
    for name in ("api_key", "base_url", "timeout"):
        with contextlib.suppress(AttributeError):
            setattr(client, name, "other")

    async def body():
        ready = front.awaitable(client)
        await get(ready)
        await ready.aclose()

    front.run_alone(body)

    assert KEY == server.requests[0].headers["x-api-key"]


@pytest.mark.parametrize("name", ["api_key", "base_url", "timeout", "deadline", "retry"])
def test_settings_are_frozen(front, name):
    """
    Case 127: the settings of a client are read-only.
    """
    settings = settings_of(front.client("http://127.0.0.1:1"))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(settings, name, "other")


# Views.

POOL = {"max_connections", "proxy", "ssl_context", "http_client"}


def parameters(function):
    """
    Return the parameters of *function*, without `self`.
    """
    found = dict(inspect.signature(function).parameters)
    found.pop("self")
    return found


@pytest.mark.parametrize("kind", [AsyncHeyMilo, HeyMilo])
def test_view_has_every_parameter(kind):
    """
    Case 149: `with_options` has every parameter of the constructor except those of the pool.
    """
    constructor, view = parameters(kind.__init__), parameters(kind.with_options)

    assert set(constructor) - POOL == set(view)
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in view.values())
    assert {"NOT_GIVEN"} == {repr(one.default) for one in view.values()}


def test_both_clients_have_the_same_parameters():
    """
    Case 149: the two clients have the same parameters and defaults.
    """
    for name in ("__init__", "with_options", "raw"):
        one = parameters(getattr(AsyncHeyMilo, name))
        two = parameters(getattr(HeyMilo, name))

        assert list(one) == list(two)
        assert [(p.kind, p.default) for p in one.values()] == [
            (p.kind, p.default) for p in two.values()
        ]


@pytest.mark.parametrize("name", sorted(POOL))
def test_view_has_none_of_the_pools_parameters(front, name):
    """
    Case 149: a view cannot change settings of the connections.
    """
    with pytest.raises(TypeError):
        front.client("http://127.0.0.1:1").with_options(**{name: None})


CHANGES = {
    "api_key": "other-key",
    "access_token": "other-token",
    "workspace_id": "other-workspace",
    "base_url": "https://other.example",
    "timeout": 7.0,
    "deadline": 9.0,
    "retry": RetryPolicy(max_attempts=9),
    "default_headers": {"X-Other": "1"},
    "allow_insecure_http": True,
}


@pytest.mark.parametrize("name", CHANGES)
def test_view_changes_one_setting_alone(front, name):
    """
    Case 149: each option changes only itself, and only in the view.
    """
    client = front.client("http://127.0.0.1:1", default_headers={"X-Mine": "1"}, deadline=5.0)
    before = attrs.asdict(settings_of(client), recurse=False)

    view = client.with_options(**{name: CHANGES[name]})

    after = attrs.asdict(settings_of(view), recurse=False)
    assert {name} == {key for key in before if before[key] != after[key]}
    assert before == attrs.asdict(settings_of(client), recurse=False)
    assert type(client) is type(view)


def test_view_without_options_is_the_same(front):
    """
    Case 149: a view without options has all settings of the client.
    """
    client = front.client("http://127.0.0.1:1", deadline=5.0, default_headers={"X-Mine": "1"})

    assert settings_of(client) == settings_of(client.with_options())


@pytest.mark.parametrize("name", ["timeout", "base_url", "retry", "allow_insecure_http"])
def test_none_is_no_value_for_these(front, name):
    """
    Case 149: the constructor and a view refuse None for these settings with the same text.
    """
    client = front.client("http://127.0.0.1:1")

    with pytest.raises(TypeError, match=name):
        client.with_options(**{name: None})


def test_none_is_a_value_for_these(front, serve):
    """
    Case 149: `deadline=None` means none and `default_headers=None` no headers, in a view.
    """
    server = serve(single())

    async def body(client):
        await get(client)
        view = client.with_options(deadline=None, default_headers=None)
        await get(view)

    front.run(body, server.base_url, deadline=5.0, default_headers={"X-Mine": "1"})
    client = front.client("http://127.0.0.1:1", deadline=5.0)

    assert ["1", None] == [request.headers.get("x-mine") for request in server.requests]
    assert settings_of(client.with_options(deadline=None)).deadline is None
    assert 5.0 == settings_of(client.with_options()).deadline


BAD_SECONDS = [
    (0, ConfigurationError),
    (-1, ConfigurationError),
    (math.nan, ConfigurationError),
    (math.inf, ConfigurationError),
    (-math.inf, ConfigurationError),
    (10**400, ConfigurationError),
    ("5", TypeError),
    ((1, 2), TypeError),
    (True, TypeError),
    (b"5", TypeError),
    (1 + 2j, TypeError),
]


@pytest.mark.parametrize(("value", "kind"), BAD_SECONDS, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("name", ["timeout", "deadline"])
def test_seconds_that_cannot_work(front, name, value, kind):
    """
    Case 149: constructors and views refuse durations that are out of range.
    """
    with pytest.raises(kind, match=name):
        front.client("http://127.0.0.1:1", **{name: value})
    with pytest.raises(kind, match=name):
        front.client("http://127.0.0.1:1").with_options(**{name: value})


def test_timeout_none_is_refused(front):
    """
    Case 149: a call always has a timeout.
    """
    with pytest.raises(TypeError, match="timeout"):
        front.client("http://127.0.0.1:1", timeout=None)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0, ConfigurationError),
        (-5, ConfigurationError),
        (10**9, ConfigurationError),
        (None, TypeError),
        (True, TypeError),
        ("10", TypeError),
        (10.0, TypeError),
        (math.inf, TypeError),
    ],
)
def test_max_connections_that_cannot_work(front, value, kind):
    """
    Case 149: `max_connections` is an integer of at least 1.
    """
    with pytest.raises(kind, match="max_connections"):
        front.client("http://127.0.0.1:1", max_connections=value)


@pytest.mark.parametrize("name", ["api_keys", "key", "timeouts", "max_retries", "verify"])
def test_unknown_options(front, name):
    """
    Case 149: an unknown option is a TypeError that names it.
    """
    with pytest.raises(TypeError, match=name):
        front.client("http://127.0.0.1:1", **{name: "x"})
    with pytest.raises(TypeError, match=name):
        front.client("http://127.0.0.1:1").with_options(**{name: "x"})


def test_everything_but_the_key_is_by_name(front):
    """
    Case 149: a second positional argument is a TypeError, so no argument is taken for another.
    """
    kind = HeyMilo if front.is_blocking else AsyncHeyMilo

    with pytest.raises(TypeError, match="positional"):
        kind("key", "https://api.heymilo.ai")


def test_view_is_used_once(front, serve, naps):
    """
    Case 150: a view's option applies to the view's call, and the client's next call has its own.
    """
    server = serve(answer(503), single(), answer(503), single())

    async def body(client):
        hasty = client.with_options(retry=ONCE, default_headers={"X-Once": "1"})
        with pytest.raises(HeyMiloError) as caught:
            await get(hasty)
        await get(client)
        await get(client)
        return len(caught.value.attempts)

    assert 1 == front.run(body, server.base_url)
    assert ["1", None, None, None] == [request.headers.get("x-once") for request in server.requests]


def test_view_of_a_view(front, serve):
    """
    Case 150: options of a view of a view combine, and the later ones win.
    """
    server = serve(single())

    async def body(client):
        view = client.with_options(workspace_id="w1", default_headers={"X-A": "1"})
        await get(view.with_options(workspace_id="w2"))

    front.run(body, server.base_url)

    headers = server.requests[0].headers
    assert ("w2", "1") == (headers["x-workspace-id"], headers["x-a"])


def test_views_share_the_connections(front, serve):
    """
    Case 151: a client and its views use the same connection.
    """
    server = serve(single())

    async def body(client):
        await get(client)
        for i in range(5):
            await get(client.with_options(api_key=f"key-{i}"))

    front.run(body, server.base_url)

    assert (1, 6) == (server.accepted, server.n)


def test_closing_a_view_closes_nothing(front, serve):
    """
    Case 151: closing, leaving or deleting a view leaves the client and other views open.
    """
    server = serve(single())

    async def body(client):
        await get(client)
        view = client.with_options(timeout=3.0)
        await view.aclose()
        await view.aclose()
        async with client.with_options(timeout=4.0) as other:
            await get(other)
        await get(view)
        del view, other
        await get(client.with_options().with_options())
        await get(client)

    front.run(body, server.base_url)

    assert (1, 5) == (server.accepted, server.n)


def test_closing_the_client_closes_its_views(front, serve):
    """
    Case 151: closing the client closes its views, old and new.
    """
    server = serve(single())

    async def body(client):
        view = client.with_options(timeout=3.0)
        await get(view)
        await client.aclose()
        for one in (view, client.with_options(timeout=4.0), view.with_options()):
            with pytest.raises(ClientClosedError):
                await get(one)
        with pytest.raises(ClientClosedError):
            await view.__aenter__()

    front.run(body, server.base_url)

    assert 1 == server.n


def test_resource_of_a_view_outlives_the_view(front, serve):
    """
    Case 151: a resource of a view keeps the view's settings after the view is deleted.
    """
    server = serve(single())

    async def body(client):
        numbers = client.with_options(api_key="of-the-view").phone_numbers
        await numbers.get(NUMBER["id"])

    front.run(body, server.base_url)

    assert "of-the-view" == server.requests[0].headers["x-api-key"]


def test_raw_takes_the_settings_of_the_view(front, serve):
    """
    Case 150: `client.raw(view.phone_numbers.get, ...)` is a call with the view's settings.
    """
    server = serve(single())

    async def body(client):
        view = client.with_options(api_key="of-the-view")
        await client.raw(view.phone_numbers.get, NUMBER["id"])
        await view.raw(client.phone_numbers.get, NUMBER["id"])

    front.run(body, server.base_url)

    assert ["of-the-view", KEY] == [request.headers["x-api-key"] for request in server.requests]


def test_own_client_and_what_is_its_business(front):
    """
    Case 149: proxy and ssl_context contradict an http_client.
    """
    import httpx

    own = (httpx.Client if front.is_blocking else httpx.AsyncClient)(verify=NO_CERTIFICATES)
    for options in ({"proxy": "http://127.0.0.1:1"}, {"ssl_context": NO_CERTIFICATES}):
        with pytest.raises(ConfigurationError, match="http_client"):
            front.client("http://127.0.0.1:1", http_client=own, **options)
    if front.is_blocking:
        own.close()
    else:
        anyio.run(own.aclose)


@pytest.mark.parametrize("limit", [None, 5])
def test_invalid_arguments_are_no_configuration(front, serve, limit):
    """
    Case 149: a wrong value in a call is an InvalidRequestError, in a constructor a ConfigurationError.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(InvalidRequestError) as caught:
            await client.phone_numbers.list(limit=limit, starting_after="")
        return isinstance(caught.value, ConfigurationError)

    assert front.run(body, server.base_url) is False
    assert 0 == server.n


@pytest.mark.parametrize(
    "name",
    [
        *("X_API_KEY", "x_workspace_id", "Content_Length", "Expect", "HTTP2-Settings"),
        *("Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"),
    ],
)
def test_headers_that_change_how_a_message_is_read(front, name):
    """
    Case 114: default headers cannot ask for another protocol, or imitate ours with _ for -.
    """
    with pytest.raises(ConfigurationError, match=f"^default_headers must not contain {name}: "):
        front.client("http://127.0.0.1:1", default_headers={name: "x"})


@pytest.mark.parametrize("token", ["Bearer t0ken-t0ken", "bearer\tt0ken-t0ken", "BEARER  t0ken"])
def test_a_token_with_its_scheme(front, token):
    """
    Case 116: a token that was copied with its scheme is refused, whatever separates the two.
    """
    with pytest.raises(ConfigurationError, match="starts with 'Bearer'") as caught:
        front.client("http://127.0.0.1:1", None, access_token=token)

    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("path", ["/..", "/a/../b", "/%2e%2E", "/a/.%2e", "/%2E/b"])
def test_a_prefix_that_names_another_path(front, path):
    """
    Case 124: a path prefix with dot segments is refused, plain or percent-encoded.
    """
    with pytest.raises(ConfigurationError, match=r"path segments \. or \.\."):
        front.client(f"http://127.0.0.1:1{path}")
