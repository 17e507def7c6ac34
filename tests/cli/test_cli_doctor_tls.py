"""
`heymilo doctor` and certificates: valid ones, invalid ones, and through a proxy.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from doctor import lines
from inside_command import Finding, checks, reach
from server import answer, page


@pytest.fixture
def secure(serve, authority):
    """
    Start a server with TLS, whose certificate is for *name*.
    """

    def start(*replies, name="127.0.0.1", **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, **options).configure_cert(context)
        return serve(*(replies or [page("A")]), ssl_context=context)

    return start


@pytest.fixture
def trusting(authority, monkeypatch, tmp_path):
    """
    Make this machine trust the authority.
    """
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@attrs.define
class _Tunnels:
    """
    A proxy that opens tunnels to one server, or sends a given response.
    """

    target: int
    reply: bytes | None = None

    def __call__(self, connection):
        if self.reply is not None:
            connection.send(self.reply)
            connection.close()
            return
        with socket.create_connection(("127.0.0.1", self.target)) as outside:
            connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=self._pass, args=(outside, connection.socket))
            back.start()
            self._pass(connection.socket, outside)
            back.join(30)

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.usefixtures("trusting")
def test_tls_through_a_proxy(heymilo, secure, serve, monkeypatch):
    """
    The certificate is that of the server, and the proxy receives its user and password.
    """
    server = secure(page("A"))
    proxy = serve(_Tunnels(server.port))
    monkeypatch.setenv("HTTPS_PROXY", f"http://us%40er:pass@127.0.0.1:{proxy.port}")

    shown = heymilo("doctor", base_url=server.base_url)

    assert 0 == shown.code, shown.out
    assert lines(shown)["TLS"][1].startswith("TLSv1.3, certificate by trustme")
    assert ["Basic dXNAZXI6cGFzcw=="] * 2 == [
        request.headers["proxy-authorization"] for request in proxy.requests
    ]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(
            answer(407), "the proxy: Tunnel connection failed: 407 Whatever; check", id="407"
        ),
        pytest.param(b"SMTP\r\n\r\n", "the proxy: BadStatusLine: SMTP", id="no HTTP"),
    ],
)
def test_a_proxy_that_says_no(heymilo, serve, monkeypatch, reply, text):
    """
    Doctor distinguishes a proxy that refuses from a server that refuses.
    """
    proxy = serve(_Tunnels(0, reply))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")

    shown = heymilo("doctor", base_url="https://127.0.0.1:9")

    assert 6 == shown.code
    assert "!!" == lines(shown)["TLS"][0]
    assert lines(shown)["TLS"][1].startswith(text)
    assert ("--", "not checked: fix 'TLS' first") == lines(shown)["call"]


@pytest.mark.usefixtures("trusting")
def test_a_good_certificate(heymilo, secure):
    """
    Doctor shows the issuer and the expiry date, for people and for programs.
    """
    until = datetime.now(UTC) + timedelta(days=30)
    server = secure(not_after=until)

    shown = heymilo("doctor", "--format", "json", base_url=server.base_url)

    tls = json.loads(shown.out)["checks"][6]
    assert 0 == shown.code
    assert tls["text"].startswith("TLSv1.3, certificate by trustme v")
    assert tls["text"].endswith(f", valid until {until:%Y-%m-%d}")
    assert tls["facts"]["expires"] == until.replace(microsecond=0).isoformat()


def test_an_authority_that_is_not_known(heymilo, secure):
    """
    The authority is unknown, as with a company's proxy that inspects TLS.
    """
    server = secure()

    shown = heymilo("doctor", base_url=server.base_url)

    mark, text = lines(shown)["TLS"]
    assert (6, "!!") == (shown.code, mark)
    assert text.startswith("its certificate comes from an unknown authority; set SSL_CERT_FILE")
    assert 0 == server.n


@pytest.mark.usefixtures("trusting")
def test_a_certificate_for_another_address(heymilo, secure):
    """
    Doctor then suggests checking the base URL.
    """
    shown = heymilo("doctor", base_url=secure(name="192.0.2.1").base_url)

    assert ("!!", "its certificate is for another address; check the base URL") == lines(shown)[
        "TLS"
    ]


@pytest.mark.usefixtures("trusting")
def test_a_certificate_that_has_expired(heymilo, secure):
    """
    The clock may be wrong instead, so doctor also shows the local time.
    """
    server = secure(
        not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
    )

    shown = heymilo("doctor", base_url=server.base_url)

    text = lines(shown)["TLS"][1]
    assert text.startswith(
        "its certificate has expired; correct the clock of this machine, which shows"
    )
    assert f"{datetime.now(UTC):%Y-%m-}" in text


def test_no_tls_on_this_port(heymilo, serve):
    """
    Using https for http is a common mistake.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    if connection.recv(65536):
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer_once, daemon=True)
        thread.start()
        shown = heymilo("doctor", base_url=f"https://127.0.0.1:{listener.getsockname()[1]}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(30)

    assert (
        "!!",
        "the server does not speak TLS on this port; check the base URL: is it http?",
    ) == lines(shown)["TLS"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "the handshake timed out"),
        (ConnectionResetError(104, "Connection reset by peer"), "the handshake failed: Connection"),
    ],
)
def test_other_ends_of_a_handshake(error, text):
    """
    Each outcome of a handshake has a text of its own.
    """
    assert reach.tls_fault(error, datetime.now(UTC))[0].startswith(text)


def test_an_odd_reason_to_refuse_a_certificate():
    """
    Doctor quotes OpenSSL if we have no text of our own.
    """
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_code, error.verify_message = 23, "certificate revoked"

    assert (
        "its certificate is invalid (certificate revoked)"
        == (reach.tls_fault(error, datetime.now(UTC))[0])
    )


def test_certificates_that_cannot_be_read(heymilo, secure, monkeypatch, tmp_path):
    """
    SSL_CERT_FILE names a file without certificates.
    """
    (tmp_path / "nothing.pem").write_text("nothing")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))

    shown = heymilo("doctor", base_url=secure().base_url)

    assert 2 == shown.code
    assert lines(shown)["TLS"][1].startswith("no certificates to trust; SSL_CERT_FILE (/")


def test_a_proxy_that_refuses_the_call(heymilo, serve, monkeypatch):
    """
    If TLS is not visible, the call reports the refusal.
    """
    monkeypatch.setitem(checks.CHECKS, "TLS", (lambda _: Finding(text="not looked at"), ()))
    proxy = serve(_Tunnels(0, answer(407)))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")

    shown = heymilo("doctor", base_url="https://127.0.0.1:9")

    assert 6 == shown.code
    assert lines(shown)["call"][1].endswith("; check the proxy's URL, with its user and password")
