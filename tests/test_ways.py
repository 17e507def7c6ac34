"""
Connection errors: they name host and port, or the proxy, and say what to do.
"""

from __future__ import annotations

import ssl

import httpx
import pytest
from fronts import NO_CERTIFICATES
from server import NUMBER, answer, single

from heymilo_async import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    HeyMilo,
    HeyMiloError,
    RetryPolicy,
    Timeouts,
)

ID = NUMBER["id"]
ONCE = RetryPolicy(max_attempts=1)
DOCTOR = "`heymilo doctor` checks each step of the connection"
#: A port without a listener.
CLOSED = "127.0.0.1:9"
PASSWORD = "canary-of-the-proxy"


def failure(front, base_url, **options):
    """
    Return the error of a call.
    """

    async def body(client):
        with pytest.raises(HeyMiloError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value

    options = {"retry": ONCE, "ssl_context": NO_CERTIFICATES, **options}
    return front.run(body, base_url, allow_insecure_http=True, **options)


@pytest.mark.parametrize(
    ("base_url", "phase", "told"),
    [
        (f"http://{CLOSED}", "connect", f"could not connect to the server at {CLOSED} ["),
        ("http://[::1]:9", "connect", "could not connect to the server at [::1]:9 ["),
        ("https://nowhere.invalid", "dns", "the name of the server at nowhere.invalid:443: ch"),
    ],
)
def test_a_server_out_of_reach(front, base_url, phase, told):
    """
    An error names host and port, and suggests the command that checks the connection.
    """
    error = failure(front, base_url)

    assert (APIConnectionError, phase) == (type(error), error.phase)
    assert told in str(error)
    assert DOCTOR in str(error)


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        (f"http://user:{PASSWORD}@{CLOSED}", f"could not connect to the proxy at {CLOSED} ["),
        (
            f"http://user:{PASSWORD}@nowhere.invalid",
            "could not resolve the name of the proxy at nowhere.invalid:80: check proxy= or HTTP(S)_",
        ),
    ],
)
@pytest.mark.parametrize("by", ["setting", "variable"])
def test_a_proxy_out_of_reach(front, monkeypatch, proxy, told, by):
    """
    If the proxy cannot be reached, the error says so without its password, and its phase is
    `proxy`.
    """
    if by == "variable":
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = failure(front, "https://api.example.com", proxy=proxy if by == "setting" else None)

    assert (APIConnectionError, "proxy") == (type(error), error.phase)
    assert told in str(error)
    assert "the server" not in str(error)
    assert DOCTOR in str(error)
    assert PASSWORD not in str(error)


def test_a_proxy_that_refuses(front, serve):
    """
    The error names a proxy that opens no tunnel, with its port.
    """
    proxy = serve(answer(407))

    error = failure(front, "https://api.example.com", proxy=proxy.base_url)

    assert "proxy" == error.phase
    assert f"the proxy at 127.0.0.1:{proxy.port} refused the connection, or failed [" in str(error)
    assert DOCTOR in str(error)


def test_what_comes_after_the_proxy(front, serve):
    """
    An error after the proxy has opened the tunnel names both, and does not suggest the doctor.
    """
    proxy = serve(lambda connection: connection.close())

    error = failure(front, "http://api.example.com", proxy=proxy.base_url)

    there = f"the server at api.example.com:80 (through the proxy at 127.0.0.1:{proxy.port})"
    assert there in str(error)
    assert DOCTOR not in str(error)


def test_a_host_that_no_proxy_serves(front, monkeypatch):
    """
    A proxy that is not used for this host is not mentioned.
    """
    monkeypatch.setenv("HTTP_PROXY", f"http://{CLOSED}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert "proxy" not in str(failure(front, f"http://{CLOSED}"))


def test_a_proxy_of_your_own_client(front):
    """
    The proxies of your own http_client are unknown, so they are not mentioned.
    """
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    error = failure(front, f"http://{CLOSED}", http_client=kind(), ssl_context=None)

    assert f"could not connect to the server at {CLOSED}" in str(error)


def test_an_environment_that_has_changed(front, monkeypatch):
    """
    A variable that became invalid after the client had read it changes no error.
    """

    async def body(client):
        texts = []
        for _ in range(2):
            with pytest.raises(APIConnectionError) as caught:
                await client.phone_numbers.get(ID)
            texts.append(str(caught.value).partition("[")[0])
            monkeypatch.setenv("HTTPS_PROXY", "ftp://nowhere")
        return texts

    first, second = front.run(body, f"http://{CLOSED}", retry=ONCE, ssl_context=NO_CERTIFICATES)

    assert first == second


def test_a_timeout_names_the_server(front, serve):
    """
    The error about a silent server names it, too.
    """
    server = serve(lambda connection: connection.wait())

    error = failure(front, server.base_url, timeout=Timeouts(read=0.02))

    assert APITimeoutError is type(error)
    assert f"the server at 127.0.0.1:{server.port} did not respond (no data" in str(error)
    assert DOCTOR not in str(error)


def test_a_certificate_that_is_not_trusted(front, serve, authority):
    """
    The error about an untrusted certificate suggests a variable or an argument.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(single(), ssl_context=context)

    error = failure(front, server.base_url, ssl_context=ssl.create_default_context())

    assert "tls" == error.phase
    assert f"the TLS handshake with the server at 127.0.0.1:{server.port} failed" in str(error)
    assert "if you trust it, set SSL_CERT_FILE to a file with it, or pass ssl_context=" in str(
        error
    )
    assert DOCTOR in str(error)


def test_a_certificate_file_that_is_not_there(front, monkeypatch):
    """
    The error shows the variable, its value, and what the value should be.
    """
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")

    error = failure(front, f"https://{CLOSED}", ssl_context=None)

    assert (
        "SSL_CERT_FILE (/nowhere/ca.pem) cannot be used (FileNotFoundError): "
        "name a file with certificates in PEM form, or unset it"
    ) == str(error)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("api.heymilo.ai", "has no scheme: write https://api.heymilo.ai (it is 'api.heymilo.ai')"),
        ("localhost:8000", "has no scheme: write http://localhost:8000 (it is 'localhost:8000')"),
        ("ftp://api.heymilo.ai", "must be a full http(s) URL, such as https://api.heymilo.ai (it"),
        ("http://10.0.0.1/v2", "True if the network is yours (it is 'http://10.0.0.1/v2')"),
        (
            "https://a.example:port",
            "is not a URL such as https://api.heymilo.ai (it is 'https://a.",
        ),
        ("https://u:pw@a.example", "api_key= or access_token= (it is 'https://***@a.example')"),
        ("https://a.example?key=x", "must end before any ? or # (it is 'https://a.example?...')"),
        ("https://a.example/../b", "segments . or .. (it is 'https://a.example/../b')"),
        ("https://[::1]:0", "(it is 'https://[::1]:0')"),
        (" https://a.example:0\n", "(it is 'https://a.example:0')"),
    ],
)
def test_a_base_url_is_shown_as_typed(typed, told):
    """
    The error shows an invalid base URL, without user, password and query.
    """
    with pytest.raises(ConfigurationError) as caught:
        HeyMilo("a key", base_url=typed)

    assert str(caught.value).startswith("base_url (or HEYMILO_BASE_URL) ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        "hm_live_5f2b9c71e8d04a36",
        "5f2b9c71-e8d0-4a36-9c71-5f2b9c71e8d0",
        "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM",
        "ftp://5f2b9c71e8d04a36",
        "http://hm.5f2b9c71e8d04a365f2b9c71e8d04a36",
        "http://a.example/5f2b9c71e8d04a36",
        "http://a.example/\x00",
    ],
)
def test_what_may_be_a_key_is_not_shown(typed):
    """
    The error does not show a key that was put into base_url by mistake.
    """
    with pytest.raises(ConfigurationError) as caught:
        HeyMilo("a key", base_url=typed)

    assert "it is" not in str(caught.value)
    assert "5f2b9c71" not in str(caught.value)
    assert "eyJ" not in str(caught.value)


def test_a_key_with_a_character_of_its_own():
    """
    The error about an unusable key shows only the bad character and its position.
    """
    with pytest.raises(ConfigurationError) as caught:
        HeyMilo(" ab\tcd\u201cefgh\x00 ")

    assert r"('\u201c', at index 5 of 11): copy it again, on one line" in str(caught.value)
    assert "cd" not in str(caught.value).replace("HEYMILO", "")
