"""
Translates the HTTP library's exceptions, by their names; and names server and proxy in error texts.

By name, because httpx, httpcore and their successors share the names.
"""

from __future__ import annotations

import socket
import ssl
import sys
import traceback
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from .._core.secrets import Secret, printable, scrub
from .._core.settings import PoolSettings, timeouts
from .._values import Record
from ..errors import (
    APIConnectionError,
    APITimeoutError,
    Attempt,
    ClientClosedError,
    ConfigurationError,
    DeadlineExceededError,
    HeyMiloError,
)
from .compat import says_closed

if TYPE_CHECKING:
    from .transport import Exchange

#: The phase of an exception, by its name, or by the name of its closest base.
FAULTS = {
    "ConnectTimeout": "connect",
    "WriteTimeout": "write",
    "PoolTimeout": "pool",
    "TimeoutException": "read",
    "ConnectError": "connect",
    "WriteError": "write",
    "NetworkError": "read",
    "ProxyError": "proxy",
    "UnsupportedProtocol": "connect",
    "ProtocolError": "protocol",
    "StreamError": "protocol",
    "HTTPError": "protocol",
}

#: The phases in which the server may have received the request.
_SENT = frozenset({"write", "read", "protocol"})

#: The libraries that send and receive, and the exceptions that a bug in them raises.
_LIBRARIES = frozenset(
    {"anyio", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "socksio", "ssl", "trio", "zlib"}
)
#: Libraries that those use, or that replace the standard library's sockets.
_BELOW = frozenset(
    {
        "certifi",
        "dns",
        "eventlet",
        "gevent",
        "h2",
        "heymilo_async",
        "idna",
        "outcome",
        "sniffio",
        "socks",
        "truststore",
        "uvloop",
    }
)
_BUGS = (AssertionError, AttributeError, ExceptionGroup, LookupError, OverflowError, UnicodeError)

_WORDS = {
    "dns": "could not resolve the name of {there}: check base_url and the network",
    "connect": "could not connect to {there}",
    "tls": "the TLS handshake with {there} failed",
    "proxy": "{proxy} refused the connection, or failed",
    "write": "the connection to {there} broke while the request was sent",
    "read": "the connection to {there} broke before the response was complete",
    "protocol": "{there}, or a server in between, sent no valid HTTP response",
}

#: Texts for a failure to reach the proxy.
_TO_PROXY = {
    "dns": "could not resolve the name of {proxy}: check proxy= or HTTP(S)_PROXY, and the network",
    "connect": "could not connect to {proxy}",
}

#: The phases before the request is sent.
_ON_THE_WAY = frozenset({"dns", "connect", "tls", "proxy"})
#: The advice for failures in those phases.
DOCTOR = "; `heymilo doctor` checks each step of the connection"

_TIMED_OUT = {
    "pool": "no connection became free: raise max_connections, or make fewer calls at once",
    "proxy": "{proxy} did not respond",
    "dns": "resolving the name of {there} timed out",
    "connect": "connecting to {there} timed out",
    "tls": "the TLS handshake timed out",
    "write": "{there} did not accept the request",
    "read": "{there} did not respond",
}

_TRUST = "if you trust it, set SSL_CERT_FILE to a file with it, or pass ssl_context="

#: By OpenSSL's X509_V_ERR_* code: the problem and its cure.
_CERTIFICATES = {
    9: "its certificate is not valid yet, by the clock of this machine ({now})",
    10: "its certificate has expired, by the clock of this machine ({now})",
    18: f"its certificate is self-signed: {_TRUST}",
    19: f"its authority is not trusted: {_TRUST}",
    20: f"its authority is not known: {_TRUST}",
    62: "its certificate is for another name: check base_url",
    64: "its certificate is for another address: check base_url",
}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Failure(Record):
    """
    Why there was no response, without the exception that said so.
    """

    phase: str
    cause: str
    maybe_sent: bool = False
    timed_out: bool = False
    hint: str = ""
    kind: type[HeyMiloError] = APIConnectionError


def translate(
    foreign: Exception,
    handled: BaseException | None,
    *,
    secrets: tuple[Secret, ...],
    phase: str,
    is_ours: bool,
) -> Failure | BaseException:
    """
    Return the failure that *foreign*, raised in *phase*, means; or the exception to raise unchanged.

    *handled* is the exception that the caller was handling when it called us: it is in the context
    of *foreign*, but is unrelated. *is_ours* is whether the HTTP library's client is our own.
    """
    own = next((link for link in _chain(foreign, handled) if is_callers_own(link)), None)
    if own is None:
        failure = describe(foreign, secrets, handled)
        if failure is None and is_ours:
            failure = unexpected(foreign, secrets, phase)
        if failure is not None:
            # In Python 3.13.0 a frame of contextlib's refers to the exception, and the traceback to
            # that frame, so only the garbage collector would free both.
            for link in _chain(foreign, handled):
                link.__traceback__ = None
            return failure
    hide_frames(foreign, handled)
    return own or foreign


def describe(
    foreign: BaseException, secrets: tuple[Secret, ...], handled: BaseException | None
) -> Failure | None:
    """
    Return the failure that *foreign* means, None if it is not the HTTP library's.
    """
    names = [kind.__name__ for kind in type(foreign).__mro__]
    cause = printable(scrub(f"{type(foreign).__name__}: {foreign}", secrets), 200)
    if says_closed(foreign):
        return Failure(phase="pool", cause=cause, kind=ClientClosedError)
    if "InvalidURL" in names:
        return Failure(phase="connect", cause=cause, kind=ConfigurationError)
    phase = next((FAULTS[name] for name in names if name in FAULTS), None)
    if phase is None:
        return None
    timed_out = "TimeoutException" in names
    hint = ""
    if phase == "connect" and not timed_out:
        phase, hint = _why_not_connected(foreign, handled)
    elif _refused_our_certificate(foreign, handled):
        # Since TLS 1.3 the server checks the client's certificate after the handshake.
        phase = "tls"
        hint = ": it wants a client certificate that it trusts, pass ssl_context="
    sent = phase in _SENT
    return Failure(phase=phase, maybe_sent=sent, timed_out=timed_out, cause=cause, hint=hint)


def unexpected(foreign: Exception, secrets: tuple[Secret, ...], phase: str) -> Failure | None:
    """
    Return the failure that *foreign* means, which a bug in the HTTP library raised in *phase*.

    Return None if other code may have raised it, such as a signal handler.
    """
    root = type(foreign).__module__.partition(".")[0]
    if root not in _LIBRARIES and not isinstance(foreign, _BUGS):
        return None
    cause = printable(scrub(f"{type(foreign).__name__}: {foreign}", secrets), 200)
    return Failure(phase="connect" if phase == "pool" else phase, maybe_sent=True, cause=cause)


def is_callers_own(raised: BaseException) -> bool:
    """
    Return whether the caller's own code raised this very exception.

    A signal handler or a trace function may raise any exception at any point. If it is an OSError
    or a TimeoutError, the HTTP library takes it for a network error. So the frame that raised it
    decides, except for exceptions of TLS, of name lookups and of the library.
    """
    root = type(raised).__module__.partition(".")[0]
    if type(raised).__name__ == "HTTPStatusError":
        # We never call `raise_for_status`; a hook of the caller's http_client may.
        return True
    if root in _LIBRARIES or isinstance(raised, socket.gaierror | BaseExceptionGroup):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(raised.__traceback__)]
    return bool(frames) and not _is_below(frames[-1].f_globals.get("__name__", ""))


def _is_below(module: str) -> bool:
    root = module.partition(".")[0]
    return root in _LIBRARIES or root in _BELOW or root in sys.stdlib_module_names


def hide_frames(foreign: BaseException, handled: BaseException | None) -> None:
    """
    Remove from *foreign*, and from its causes, the frames whose variables may hold a header.

    These are the frames of the HTTP library, of what is below it, and our own. The user's frames,
    such as those of a hook or a signal handler, remain.
    """
    for link in _chain(foreign, handled):
        kept, frames = None, list(traceback.walk_tb(link.__traceback__))
        for frame, line in reversed(frames):
            if not _is_below(frame.f_globals.get("__name__", "")):
                kept = types.TracebackType(kept, frame, frame.f_lasti, line)
        link.__traceback__ = kept


def error_of(
    exchange: Exchange,
    failure: Failure | None,
    settings: PoolSettings,
    *,
    closed: bool,
    late: bool,
    elapsed: float,
) -> HeyMiloError:
    """
    Return the error for an *exchange* that ended without a response.

    *closed* is whether the client is closed by now, *late* whether the call's deadline passed.
    """
    request, phase = exchange.request, exchange.receiver.phase
    name = scrub(request.name, request.secrets)
    if closed:
        message = f"{name}: the client was closed meanwhile"
        return ClientClosedError(message, request=name)
    if late or failure is None:
        # The receiver followed the phases. A transport of the user's own may report none, and then
        # the exception tells more.
        if failure is not None and phase == "connect":
            phase = failure.phase
        return _deadline_error(name, phase, elapsed)
    return _error(exchange, failure, settings, name, elapsed)


def _deadline_error(name: str, phase: str, elapsed: float) -> DeadlineExceededError:
    """
    Return the error for the call *name*, whose deadline passed in *phase*.
    """
    words = _TIMED_OUT.get(phase, _TIMED_OUT["read"])
    where = words.format(there="the server", proxy="the proxy")
    return DeadlineExceededError(
        f"{name}: the call's deadline passed ({where})",
        request=name,
        phase=phase,
        maybe_sent=phase in _SENT,
        attempts=(Attempt(number=1, cause=f"deadline passed in phase {phase}", elapsed=elapsed),),
    )


def _error(
    exchange: Exchange, failure: Failure, settings: PoolSettings, name: str, elapsed: float
) -> HeyMiloError:
    if failure.kind is ClientClosedError:
        return ClientClosedError(f"{name}: your http_client is closed", request=name)
    if failure.kind is ConfigurationError:
        message = f"{name}: base_url cannot be used: {failure.cause}"
        return ConfigurationError(message, request=name)
    reached, base_url = exchange.receiver.phase, exchange.request.base_url
    server, proxy = _named("server", base_url), proxy_to(base_url, settings)
    # Nothing was sent to the server before the proxy had connected to it.
    phase = "proxy" if reached == "proxy" else failure.phase
    words = _TIMED_OUT if failure.timed_out else _WORDS
    text = words.get(phase, words["read"])
    there = server if proxy is None else f"{server} (through {proxy})"
    if proxy is not None and phase in _TO_PROXY and reached != "tls" and not failure.timed_out:
        # We connect to the proxy, and the proxy reports a failure to connect to the server.
        phase, text = "proxy", _TO_PROXY[phase]
    text = text.format(there=there, proxy=proxy or "the proxy")
    if failure.timed_out:
        text += f" (no data for {timeouts(exchange.timeout)[failure.phase]:g} s)"
    kind = APITimeoutError if failure.timed_out else APIConnectionError
    return kind(
        f"{name}: {text}{failure.hint} [{failure.cause}]{DOCTOR if phase in _ON_THE_WAY else ''}",
        request=name,
        phase=phase,
        maybe_sent=failure.maybe_sent and phase != "proxy",
        attempts=(Attempt(number=1, cause=failure.cause, elapsed=elapsed),),
    )


def _why_not_connected(foreign: BaseException, handled: BaseException | None) -> tuple[str, str]:
    # An error that Python code raised, such as a check of pinned certificates, has no `reason`.
    for link in _chain(foreign, handled):
        if isinstance(link, socket.gaierror):
            return "dns", ""
        if isinstance(link, ssl.SSLCertVerificationError):
            now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            words = _CERTIFICATES.get(
                getattr(link, "verify_code", 0), "its certificate cannot be trusted"
            )
            return "tls", ": " + words.format(now=now)
        # Before 3.11.4, Python raises the second in place of the first.
        if isinstance(link, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "connect", ": it hung up during the TLS handshake"
        # anyio raises a broken connection while it handles these.
        if isinstance(link, ssl.SSLWantReadError | ssl.SSLWantWriteError):
            continue
        if isinstance(link, ssl.SSLError):
            plain = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"} & {getattr(link, "reason", None)}
            return "tls", ": it does not speak TLS on this port, is it http?" if plain else ""
    return "connect", ""


def _refused_our_certificate(foreign: BaseException, handled: BaseException | None) -> bool:
    return any(
        isinstance(link, ssl.SSLError) and "ALERT" in link.reason and "CERTIFICATE" in link.reason
        for link in _chain(foreign, handled)
        if getattr(link, "reason", None)
    )


def _chain(exception: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    """
    Yield *exception* and its causes and contexts, each once, without *handled* and those of it.
    """
    pending, seen = [exception], {id(handled)}
    while pending:
        link = pending.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            pending.extend(link.exceptions)
        pending.extend(filter(None, (link.__cause__, link.__context__)))


#: The default port of each scheme.
_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


def parts_of(url: str) -> tuple[str, str, int]:
    """
    Return scheme, host and port of *url*.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]


def place(host: str, port: int) -> str:
    """
    Return *host* and *port* as in a URL.
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _named(what: str, url: str) -> str:
    _, host, port = parts_of(url)
    return f"the {what} at {place(host, port)}"


def proxy_to(base_url: str, settings: PoolSettings) -> str | None:
    """
    Return the proxy for *base_url* for an error text, without its password; None without a proxy.
    """
    if settings.http_client is not None:
        return None
    # The open client has already imported it.
    from .proxies import proxies  # noqa: PLC0415 - see above

    try:
        routes = proxies(settings)
    except ConfigurationError:
        # The environment has changed since the client was opened.
        return None
    scheme = routes.scheme_of(*parts_of(base_url))
    return None if scheme is None else _named("proxy", routes.by_scheme[scheme].reveal())
