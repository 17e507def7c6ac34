"""
The network steps of `heymilo doctor`: proxy, DNS, TCP, TLS.
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
from .._http.errors import parts_of, place
from .._http.proxies import proxies

T = TypeVar("T")

#: OpenSSL's X509_V_ERR_* codes, each with a message and a suggested fix.
_UNTRUSTED: Final = "set SSL_CERT_FILE to a file with the certificate of the authority you trust"
_CLOCK: Final = "correct the clock of this machine, which shows {now}, or renew the certificate"
_NAME: Final = "check the base URL"
_CERTIFICATES: Final = {
    9: ("its certificate is not valid yet", _CLOCK),
    10: ("its certificate has expired", _CLOCK),
    18: ("its certificate is self-signed", _UNTRUSTED),
    19: ("its certificate comes from an authority that is not trusted", _UNTRUSTED),
    20: ("its certificate comes from an unknown authority", _UNTRUSTED),
    62: ("its certificate is for another name", _NAME),
    64: ("its certificate is for another address", _NAME),
}


@attrs.frozen(kw_only=True)
class Route:
    """
    The client's route to *host* and *port*: direct, or through a proxy.
    """

    scheme: str
    host: str
    port: int
    #: The proxy's URL, None for a direct connection; and the source of the URL.
    proxy: Secret | None = None
    proxy_source: str = ""

    @property
    def proxy_scheme(self) -> str:
        """
        The scheme of the proxy, empty if there is none.
        """
        return "" if self.proxy is None else urlsplit(self.proxy.reveal()).scheme

    @property
    def endpoint(self) -> tuple[str, int]:
        """
        Host and port of the proxy, or of the server if there is no proxy.
        """
        if self.proxy is None:
            return self.host, self.port
        _, host, port = parts_of(self.proxy.reveal())
        return host, port

    @property
    def masked_proxy(self) -> str:
        """
        The proxy's URL without user and password.
        """
        parts = urlsplit("" if self.proxy is None else self.proxy.reveal())
        return f"{parts.scheme}://{'***@' if '@' in parts.netloc else ''}{place(*self.endpoint)}"


@attrs.frozen(kw_only=True)
class Handshake:
    """
    The result of the TLS handshake with the server.
    """

    version: str
    issuer: str
    expires: datetime | None


def route_to(base_url: str, settings: PoolSettings) -> Route:
    """
    Return the client's route to *base_url*.

    Raises:
        ConfigurationError: A variable is not a valid proxy URL; its value is not shown.
    """
    scheme, host, port = parts_of(base_url)
    routes = proxies(settings)
    key = routes.scheme_of(scheme, host, port)
    if key is None:
        return Route(scheme=scheme, host=host, port=port)
    return Route(
        scheme=scheme,
        host=host,
        port=port,
        proxy=routes.by_scheme[key],
        proxy_source=_source_of(f"{key}_proxy"),
    )


def _source_of(name: str) -> str:
    # In the order of urllib.request.getproxies, which reads the system's settings last.
    return next((form for form in (name, name.upper()) if os.environ.get(form)), "the system")


def within(seconds: float, function: Callable[[], T]) -> T:
    """
    Run a blocking *function* for at most *seconds*, and return its result.

    Raises:
        TimeoutError: It takes longer.
        Exception: Any error of *function*.
    """
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def work() -> None:
        try:
            outcome.set_result(function())
        except Exception as error:
            outcome.set_exception(error)

    # A daemon thread, because a DNS lookup cannot be interrupted, and must not delay the exit.
    threading.Thread(target=work, name="heymilo-doctor", daemon=True).start()
    return outcome.result(seconds)


def resolve(host: str, port: int) -> list[str]:
    """
    Return the addresses of *host*.

    Raises:
        OSError: *host* has no address, or the lookup failed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # an invalid name, such as one with a label of 64 characters
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(addresses: Sequence[str], port: int, seconds: float) -> str:
    """
    Return the first of *addresses* that accepts a connection.

    Raises:
        OSError: No address does; the error is that of the last one.
    """
    fault = OSError("it has no address")
    for address in addresses:
        try:
            # Divide the time among the addresses: IPv6 or IPv4 may be unreachable from here.
            with socket.create_connection((address, port), seconds / len(addresses)):
                return address
        except OSError as error:
            fault = error
    raise fault


def tls_handshake(route: Route, context: ssl.SSLContext, seconds: float) -> Handshake:
    """
    Perform a TLS handshake with the server through *route*.

    Raises:
        OSError: The handshake failed. `errno` is None if a proxy refused the connection.
    """
    connection = http.client.HTTPSConnection(*route.endpoint, timeout=seconds, context=context)
    if route.proxy is not None:
        connection.set_tunnel(route.host, route.port, _headers_for(route.proxy))
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
        issuer=issuer.get("commonName") or issuer.get("organizationName") or "an unnamed issuer",
        expires=expires and datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC),
    )


def tls_fault(error: OSError, now: datetime) -> tuple[str, str]:
    """
    Return a description of *error* in a handshake, and a suggested fix.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        text, cure = _CERTIFICATES.get(
            error.verify_code, (f"its certificate is invalid ({error.verify_message})", _UNTRUSTED)
        )
        return text, cure.format(now=f"{now:%Y-%m-%d %H:%M} UTC")
    if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return "the server does not speak TLS on this port", "check the base URL: is it http?"
    if isinstance(error, TimeoutError):
        return "the handshake timed out", "ask your network's administrator"
    if error.errno is None:
        return f"the proxy: {error}", "check the proxy's URL, with its user and password"
    why = getattr(error, "reason", None) or error.strerror
    return f"the handshake failed: {why}", "ask the administrator of the server or the network"
