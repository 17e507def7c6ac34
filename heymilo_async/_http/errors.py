"""
The HTTP library's exceptions in our words, told by their names; and where a request goes, in words.

By name, because the same names come from httpx, from httpcore, and from their successors.
"""

from __future__ import annotations

import socket
import ssl
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import attrs

from .._core.messages import Request
from .._core.secrets import Secret, printable, scrub
from .._core.settings import PoolSettings, Timeouts, timeouts
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

#: Name of the exception: (phase, may the server have got the request).
FAULTS: dict[str, tuple[str, bool]] = {
    "ConnectTimeout": ("connect", False),
    "ReadTimeout": ("read", True),
    "WriteTimeout": ("write", True),
    "PoolTimeout": ("pool", False),
    "TimeoutException": ("read", True),
    "ConnectError": ("connect", False),
    "ReadError": ("read", True),
    "WriteError": ("write", True),
    "CloseError": ("read", True),
    "NetworkError": ("read", True),
    "ProxyError": ("proxy", False),
    "UnsupportedProtocol": ("connect", False),
    "LocalProtocolError": ("protocol", True),
    "RemoteProtocolError": ("protocol", True),
    "ProtocolError": ("protocol", True),
    "DecodingError": ("protocol", True),
    "TooManyRedirects": ("protocol", True),
    "TransportError": ("protocol", True),
    "StreamError": ("protocol", True),
    "RequestError": ("protocol", True),
    "HTTPError": ("protocol", True),
}

#: What sends and receives below us, and the slips of such code.
_LIBRARIES = frozenset(
    {"anyio", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "socksio", "ssl", "trio", "zlib"}
)
#: What stands below those, or in place of the standard library's sockets.
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
#: Has the bytes of a request among its variables.
_OUR_SOCKETS = f"{__package__}.sockets"
_SLIPS = (AssertionError, AttributeError, ExceptionGroup, LookupError, OverflowError, UnicodeError)

_WORDS = {
    "dns": "could not resolve the name of {there}: check base_url and the network",
    "connect": "could not connect to {there}",
    "tls": "the TLS handshake with {there} failed",
    "proxy": "{proxy} refused the connection, or failed",
    "write": "the connection to {there} broke while the request was sent",
    "read": "the connection to {there} broke before the response was complete",
    "protocol": "{there}, or a server in between, sent invalid HTTP",
}

#: Texts for a failure to reach the proxy.
_TO_PROXY = {
    "dns": "could not resolve the name of {proxy}: check proxy= or HTTPS_PROXY, and the network",
    "connect": "could not connect to {proxy}",
}

#: The phases before the request is sent.
_ON_THE_WAY = frozenset({"dns", "connect", "tls", "proxy"})
#: A pointer for failures in those phases.
DOCTOR = "; `heymilo doctor` checks each step of the connection"

_TIMED_OUT = {
    "pool": "no connection became free: raise max_connections, or make fewer calls at once",
    "dns": "resolving the name of {there} timed out",
    "connect": "connecting to {there} timed out",
    "tls": "the TLS handshake timed out",
    "write": "{there} did not accept the request",
    "read": "{there} did not respond",
}

_TRUST = "if you trust it, set SSL_CERT_FILE to a file with it, or pass ssl_context="

#: X509_V_ERR_* of OpenSSL, with the cure.
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
    What kept a request from being answered, without the exception that said so.
    """

    phase: str
    maybe_sent: bool
    cause: str
    timed_out: bool = False
    hint: str = ""
    kind: type[HeyMiloError] = APIConnectionError


def judge(
    foreign: Exception,
    handled: BaseException | None,
    *,
    secrets: tuple[Secret, ...],
    phase: str,
    is_ours: bool,
) -> Failure | BaseException:
    """
    Return what *foreign*, which came in *phase*, means; or the exception that has to leave as it is.

    *handled* is what the caller was handling when it called: it stands in the context of
    *foreign*, but has nothing to do with it. *is_ours* is whether the client of the HTTP library is.
    """
    own = next((link for link in _chain(foreign, handled) if is_callers_own(link)), None)
    if own is None:
        failure = describe(foreign, secrets, handled)
        if failure is None and is_ours:
            failure = unexpected(foreign, secrets, phase)
        if failure is not None:
            # A frame of contextlib's keeps the exception, and its traceback that frame (Python
            # 3.13.0), so only the garbage collector would free both.
            for link in _chain(foreign, handled):
                link.__traceback__ = None
            return failure
    hide_frames(foreign, handled)
    return own or foreign


def describe(
    foreign: BaseException, secrets: tuple[Secret, ...], handled: BaseException | None
) -> Failure | None:
    """
    Return what *foreign* means, None if it is not the HTTP library's.
    """
    names = [kind.__name__ for kind in type(foreign).__mro__]
    cause = printable(scrub(f"{type(foreign).__name__}: {foreign}", secrets), 200)
    if says_closed(foreign):
        return Failure(phase="pool", maybe_sent=False, cause=cause, kind=ClientClosedError)
    if "InvalidURL" in names:
        return Failure(phase="connect", maybe_sent=False, cause=cause, kind=ConfigurationError)
    known = next((FAULTS[name] for name in names if name in FAULTS), None)
    if known is None:
        return None
    phase, maybe_sent = known
    timed_out = "TimeoutException" in names
    hint = ""
    if phase == "connect" and not timed_out:
        phase, hint = _why_not_connected(foreign, handled)
    elif _refused_our_certificate(foreign, handled):
        # Since TLS 1.3 the server looks at it only after the handshake.
        phase, maybe_sent = "tls", False
        hint = ": it wants a client certificate that it trusts, pass ssl_context="
    return Failure(phase=phase, maybe_sent=maybe_sent, timed_out=timed_out, cause=cause, hint=hint)


def unexpected(foreign: Exception, secrets: tuple[Secret, ...], phase: str) -> Failure | None:
    """
    Return what an exception means that no HTTP library should raise, but one did in *phase*.

    None if it may be somebody else's: a handler of a signal may raise anything at any point.
    """
    root = type(foreign).__module__.partition(".")[0]
    if root not in _LIBRARIES and not isinstance(foreign, _SLIPS):
        return None
    cause = printable(scrub(f"{type(foreign).__name__}: {foreign}", secrets), 200)
    return Failure(phase="connect" if phase == "pool" else phase, maybe_sent=True, cause=cause)


def is_callers_own(raised: BaseException) -> bool:
    """
    Return whether code of the caller's raised this very exception, and not the one that led to it.

    A signal handler or a trace function may raise anything at any point, also an OSError or a
    TimeoutError, which the HTTP library then takes for the network's. So what counts is who raised
    it; only the exceptions of TLS, of looking names up and of the library may come from anybody.
    """
    root = type(raised).__module__.partition(".")[0]
    if root in _LIBRARIES or isinstance(raised, socket.gaierror | BaseExceptionGroup):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(raised.__traceback__)]
    return bool(frames) and not _is_below(frames[-1].f_globals.get("__name__", ""))


def _is_below(module: str) -> bool:
    root = module.partition(".")[0]
    return root in _LIBRARIES or root in _BELOW or root in sys.stdlib_module_names


def hide_frames(foreign: BaseException, handled: BaseException | None) -> None:
    """
    Take out of *foreign*, and of what led to it, the frames whose variables may hold a header.

    Those of the HTTP library do, and those of the standard library below it; yours, such as a
    hook's or a signal handler's, stay.
    """
    for link in _chain(foreign, handled):
        kept, frames = None, list(traceback.walk_tb(link.__traceback__))
        for frame, line in reversed(frames):
            name = frame.f_globals.get("__name__", "")
            root = name.partition(".")[0]
            if not (root in _LIBRARIES or root in sys.stdlib_module_names or name == _OUR_SOCKETS):
                kept = types.TracebackType(kept, frame, frame.f_lasti, line)
        link.__traceback__ = kept


def error_of(
    request: Request,
    phase: str,
    failure: Failure | None,
    *,
    closed: bool,
    late: bool,
    timeout: float | Timeouts,
    elapsed: float,
    route_to: Callable[[str], tuple[str, str | None]],
) -> HeyMiloError:
    """
    Return the error of an exchange that got no response, and got as far as *phase*.

    *closed* is whether the client is closed by now, *late* whether the call's deadline passed.
    """
    name = scrub(request.name, request.secrets)
    if closed:
        message = f"{name}: the client was closed meanwhile"
        return ClientClosedError(message, request=name)
    if late or failure is None:
        # The receiver followed how far it got; but where no bytes flow, as through a transport of
        # somebody's own, the exception knows more.
        if failure is not None and phase == "connect":
            phase = failure.phase
        return deadline_error(name, phase, elapsed)
    server, proxy = route_to(request.base_url)
    return _error(failure, name, timeout, elapsed, server=server, proxy=proxy)


def deadline_error(name: str, phase: str, elapsed: float) -> DeadlineExceededError:
    """
    Return the error for the call *name*, whose deadline passed in *phase*.
    """
    where = _TIMED_OUT.get(phase, _TIMED_OUT["read"]).format(there="the server")
    return DeadlineExceededError(
        f"{name}: the call's deadline passed ({where})",
        request=name,
        phase=phase,
        maybe_sent=phase in {"write", "read", "protocol"},
        attempts=(Attempt(number=1, cause=f"deadline passed in phase {phase}", elapsed=elapsed),),
    )


def _error(
    failure: Failure,
    name: str,
    timeout: float | Timeouts,
    elapsed: float,
    *,
    server: str,
    proxy: str | None,
) -> HeyMiloError:
    if failure.kind is ClientClosedError:
        return ClientClosedError(f"{name}: your http_client is closed", request=name)
    if failure.kind is ConfigurationError:
        message = f"{name}: base_url cannot be used: {failure.cause}"
        return ConfigurationError(message, request=name)
    phase, words = failure.phase, _TIMED_OUT if failure.timed_out else _WORDS
    text = words.get(phase, words["read"])
    there = server if proxy is None else f"{server} (through {proxy})"
    if proxy is not None and phase in _TO_PROXY and not failure.timed_out:
        # What it connects to is the proxy; whether that gets through is told by the proxy.
        phase, text = "proxy", _TO_PROXY[phase]
    text = text.format(there=there, proxy=proxy or "the proxy")
    if failure.timed_out:
        text += f" (no data for {timeouts(timeout)[failure.phase]:g} s)"
    kind = APITimeoutError if failure.timed_out else APIConnectionError
    return kind(
        f"{name}: {text}{failure.hint} [{failure.cause}]{DOCTOR if phase in _ON_THE_WAY else ''}",
        request=name,
        phase=phase,
        maybe_sent=failure.maybe_sent,
        attempts=(Attempt(number=1, cause=failure.cause, elapsed=elapsed),),
    )


def _why_not_connected(foreign: BaseException, handled: BaseException | None) -> tuple[str, str]:
    # What was raised in Python, as by a check that pins certificates, has no code and no reason.
    for link in _chain(foreign, handled):
        if isinstance(link, socket.gaierror):
            return "dns", ""
        if isinstance(link, ssl.SSLCertVerificationError):
            now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            words = _CERTIFICATES.get(
                getattr(link, "verify_code", 0), "its certificate cannot be trusted"
            )
            return "tls", ": " + words.format(now=now)
        # The second is what Python calls the first before 3.11.4.
        if isinstance(link, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "connect", ": it hung up during the TLS handshake"
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
    Yield *exception* and all that led to it, each once, up to what was *handled* before it.
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


#: By scheme, for URLs that name no port.
_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


def parts_of(url: str) -> tuple[str, str, int]:
    """
    Return scheme, host and port of *url*.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]


def place(host: str, port: int) -> str:
    """
    Return *host* and *port* as a URL has them.
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server_of(base_url: str) -> str:
    """
    Return the server of *base_url* in words.
    """
    _, host, port = parts_of(base_url)
    return f"the server at {place(host, port)}"


def proxy_to(base_url: str, settings: PoolSettings) -> str | None:
    """
    Return the proxy on the way to *base_url* in words, without its password; None if none is known.
    """
    if settings.http_client is not None:
        return None
    # It is loaded already, with the client that was opened.
    from .proxies import proxies  # noqa: PLC0415 - see above

    try:
        routes = proxies(settings)
    except ConfigurationError:
        # The environment has changed since the client read it.
        return None
    scheme = routes.scheme_of(*parts_of(base_url))
    if scheme is None:
        return None
    _, host, port = parts_of(routes.by_scheme[scheme].reveal())
    return f"the proxy at {place(host, port)}"
