"""
How `heymilo doctor` goes towards the server, step by step: its proxy, its address, TCP, TLS.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import attrs

from .._core.secrets import Secret
from .._core.settings import PoolSettings
from .._http.places import parts_of, place
from .._http.proxies import proxies

T = TypeVar("T")

#: X509_V_ERR_* of OpenSSL, with the cure.
_UNTRUSTED: Final = "set SSL_CERT_FILE to a file with the certificate of the authority you trust"
_CLOCK: Final = "set the clock of this machine, which says {now}, or have it renewed"
_NAME: Final = "check the base URL"
_CERTIFICATES: Final = {
    9: ("its certificate is not valid yet", _CLOCK),
    10: ("its certificate has expired", _CLOCK),
    18: ("its certificate is self-signed", _UNTRUSTED),
    19: ("its certificate comes from an authority that is not trusted", _UNTRUSTED),
    20: ("its certificate comes from an authority that is not known", _UNTRUSTED),
    62: ("its certificate is for another name", _NAME),
    64: ("its certificate is for another address", _NAME),
}


@attrs.frozen(kw_only=True)
class Way:
    """
    Where the client's connections go: to *host* and *port*, or to a proxy that leads there.
    """

    scheme: str
    host: str
    port: int
    #: The proxy's URL, None for the direct way; and what named it.
    proxy: Secret | None = None
    proxy_source: str = ""

    @property
    def proxy_scheme(self) -> str:
        """
        The scheme of the proxy, empty if there is none.
        """
        return "" if self.proxy is None else urlsplit(self.proxy.reveal()).scheme

    @property
    def door(self) -> tuple[str, int]:
        """
        Host and port of the first machine on the way.
        """
        if self.proxy is None:
            return self.host, self.port
        _, host, port = parts_of(self.proxy.reveal())
        return host, port

    @property
    def proxy_shown(self) -> str:
        """
        The proxy's URL without user and password.
        """
        parts = urlsplit("" if self.proxy is None else self.proxy.reveal())
        return f"{parts.scheme}://{'***@' if '@' in parts.netloc else ''}{place(*self.door)}"


@attrs.frozen(kw_only=True)
class Handshake:
    """
    What the TLS handshake with the server came to.
    """

    version: str
    issuer: str
    expires: datetime | None


def way_to(base_url: str, settings: PoolSettings) -> Way:
    """
    Return the way that the client takes to *base_url*.

    Raises:
        ConfigurationError: A variable does not hold a proxy's URL; its value is not shown.
    """
    scheme, host, port = parts_of(base_url)
    routes = proxies(settings)
    key = routes.scheme_of(scheme, host, port)
    if key is None:
        return Way(scheme=scheme, host=host, port=port)
    return Way(
        scheme=scheme,
        host=host,
        port=port,
        proxy=routes.by_scheme[key],
        proxy_source=_source_of(f"{key}_proxy"),
    )


def _source_of(name: str) -> str:
    # In the order of urllib.request.getproxies, which asks the system last.
    return next((form for form in (name, name.upper()) if os.environ.get(form)), "the system")


def within(seconds: float, function: Callable[[], T]) -> T:
    """
    Return what *function* returns if that takes no longer than *seconds*; it may block as it likes.

    Raises:
        TimeoutError: It takes longer.
        Exception: What *function* raises.
    """
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def work() -> None:
        try:
            outcome.set_result(function())
        except Exception as error:
            outcome.set_exception(error)

    # A daemon: looking up a name cannot be interrupted, and nobody waits for it at the end.
    threading.Thread(target=work, name="heymilo-doctor", daemon=True).start()
    return outcome.result(seconds)


def look_up(host: str, port: int) -> list[str]:
    """
    Return the addresses of *host*.

    Raises:
        OSError: It has none, or cannot be looked up.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # no name at all, such as one with a label of 64 characters
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(addresses: Sequence[str], port: int, seconds: float) -> str:
    """
    Return which of *addresses* takes a connection.

    Raises:
        OSError: None does; the error is that of the last one.
    """
    fault = OSError("it has no address")
    for address in addresses:
        try:
            # Each has its share: of a host with IPv6 and IPv4, one is often out of reach.
            with socket.create_connection((address, port), seconds / len(addresses)):
                return address
        except OSError as error:
            fault = error
    raise fault


def shake_hands(way: Way, context: ssl.SSLContext, seconds: float) -> Handshake:
    """
    Return what the handshake with the server at the end of the *way* came to.

    Raises:
        OSError: There was none. It has no number if a proxy said no.
    """
    connection = http.client.HTTPSConnection(*way.door, timeout=seconds, context=context)
    if way.proxy is not None:
        connection.set_tunnel(way.host, way.port, _headers_for(way.proxy))
    with contextlib.closing(connection):
        try:
            connection.connect()
            return _handshake(connection.sock)
        except (http.client.HTTPException, UnicodeError) as error:
            fault = f"{type(error).__name__}: {error}"
    raise OSError(fault)


def _headers_for(proxy: Secret) -> dict[str, str]:
    user, at, _ = urlsplit(proxy.reveal()).netloc.rpartition("@")
    packed = base64.b64encode(unquote(user).encode()).decode()
    return {"Proxy-Authorization": f"Basic {packed}"} if at else {}


def _handshake(secure: Any) -> Handshake:
    certificate: dict[str, Any] = secure.getpeercert()
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    expires = certificate.get("notAfter")
    return Handshake(
        version=secure.version(),
        issuer=issuer.get("commonName") or issuer.get("organizationName") or "nobody that it names",
        expires=expires and datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC),
    )


def tls_fault(error: OSError, now: datetime) -> tuple[str, str]:
    """
    Return what *error* says of a handshake, and the cure.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        text, cure = _CERTIFICATES.get(
            error.verify_code, (f"its certificate is refused ({error.verify_message})", _UNTRUSTED)
        )
        return text, cure.format(now=f"{now:%Y-%m-%d %H:%M} UTC")
    if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return "the server does not speak TLS on this port", "check the base URL: is it http?"
    if isinstance(error, TimeoutError):
        return "the handshake did not end in time", "ask whoever runs the network"
    if error.errno is None:
        return f"the proxy: {error}", "check the proxy's URL, with its user and password"
    why = getattr(error, "reason", None) or error.strerror
    return f"the handshake failed: {why}", "ask whoever runs the server, or the network between"
