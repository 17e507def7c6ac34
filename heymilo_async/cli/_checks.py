"""
The checks of `heymilo doctor`: one function per check, which returns a `Finding`.
"""

from __future__ import annotations

import importlib.metadata
import ipaddress
import os
import platform
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from .. import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    HeyMiloError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    __version__,
)
from .._core.retry import _date_of
from .._core.secrets import Secret
from .._core.settings import _fault_of_credential
from .._http.errors import DOCTOR, place
from .._http.proxies import ssl_context
from ._credentials import VARIABLES, variable_in_use
from ._errors import CommandError, ExitCode, exit_code, for_the_shell
from ._finding import Case, Finding, State, failed, skipped
from ._reach import connect, resolve, route_to, tls_fault, tls_handshake, within
from ._streams import printable

#: Accepted difference of clocks in seconds: a header's date is in whole seconds, and arrives late.
_TOLERATED: Final = 5.0
_LIMITS: Final = ("ratelimit", "x-ratelimit")
_QUOTES: Final = "\"'`"
_CALL: Final = "GET /api/v2/phone-numbers"

_STATUSES: Final[Mapping[type[APIStatusError], tuple[str, str]]] = {
    AuthenticationError: (
        "the server refused the key or token",
        "copy it again, or create a new one",
    ),
    PermissionDeniedError: (
        "the credential is valid, but has no permission",
        "check its permissions, and HEYMILO_WORKSPACE_ID",
    ),
    NotFoundError: ("there is no API at this URL", "check the base URL"),
    RateLimitError: ("too many requests with this credential", "retry later"),
    ServerError: ("the server, or a gateway in front of it, failed", "retry"),
}


def installed(_: Case) -> Finding:
    """
    Report the versions of Python and of the libraries.
    """
    facts = {
        "python": platform.python_version(),
        "heymilo-async": __version__,
        "httpx": importlib.metadata.version("httpx"),
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
    }
    python, *others = (f"{name} {version}" for name, version in facts.items())
    return Finding(text=f"{python.split()[1]} with {', '.join(others)}", facts=facts)


def credential(case: Case) -> Finding:
    """
    Check whether there is a key or token, and report its source, but not its value.
    """
    if case.sandbox:
        case.has_credential = True
        return Finding(text="the sandbox's key")
    name = variable_in_use()
    if name is None:
        return failed(
            "there is no credential",
            "set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN)",
            ExitCode.AUTHENTICATION,
        )
    # (The key is in no local variable, because a traceback could show it.)
    parameter = name.removeprefix("HEYMILO_").lower()
    fault = _fault_of_credential(f"{parameter} (or {name})", os.environ[name])
    if fault is not None:
        return failed(f"{name} is invalid", fault, ExitCode.USAGE, source=name)
    case.has_credential = True
    others = [other for other in VARIABLES if other != name and os.environ.get(other, "").strip()]
    unused = f"; {others[0]} is ignored" if others else ""
    suspicion = _suspicion(os.environ[name])
    if suspicion is not None:
        text, cure = suspicion
        return Finding(
            state=State.WARNING, text=f"from {name}, {text}", cure=cure, facts={"source": name}
        )
    return Finding(text=f"from {name}{unused}", facts={"source": name})


def _suspicion(credential: str) -> tuple[str, str] | None:
    """
    Return a suspicious property of a valid credential, and the cure; None if there is none.
    """
    stripped = credential.strip()
    if stripped[0] in _QUOTES or stripped[-1] in _QUOTES:
        return (
            "which starts or ends with a quote, unlike any key",
            "remove the quotes: a shell does so, but a Dockerfile and some .env readers do not",
        )
    if any(one.isspace() for one in stripped):
        return "which contains whitespace", "copy it again"
    if stripped != credential:
        return "which has whitespace around it that is not sent", "remove it"
    return None


def base_url(case: Case) -> Finding:
    """
    Check the base URL, and report its source.
    """
    try:
        # A client needs a credential; the checks up to TLS work with any credential.
        case.client = case.open(None if case.has_credential else Secret("none"))
    except (ConfigurationError, CommandError) as error:
        return failed(
            "it is invalid", for_the_shell(str(error)), exit_code(error), source=case.source
        )
    return Finding(
        text=f"{case.settings.base_url}, {case.source}",
        facts={"base_url": case.settings.base_url, "source": case.source},
    )


def proxy(case: Case) -> Finding:
    """
    Report the proxy for the base URL.
    """
    try:
        case.route = route = route_to(case.settings.base_url, case.pool_settings)
    except ConfigurationError as error:
        return failed("it is invalid", for_the_shell(str(error)), ExitCode.USAGE)
    if route.proxy is None:
        return Finding(text="none for this host", facts={"proxy": None})
    return Finding(
        text=f"{route.masked_proxy}, from {route.proxy_source}",
        facts={"proxy": route.masked_proxy, "source": route.proxy_source},
    )


def name_look_up(case: Case) -> Finding:
    """
    Look up the addresses of the server, or of the proxy if there is one.
    """
    host, port = case.route.endpoint
    started = time.monotonic()
    try:
        case.addresses = within(case.seconds, lambda: resolve(host, port))
    except TimeoutError:
        fault = f"{host}: no response within {case.seconds:g} s"
    except OSError as error:
        fault = f"{host}: {error.strerror or error}"
    else:
        elapsed = time.monotonic() - started
        facts = {"host": host, "addresses": list(case.addresses), "seconds": elapsed}
        if _is_address(host):
            return Finding(text=f"{host} is an address", facts=facts)
        return Finding(
            text=f"{host} is {', '.join(case.addresses)} ({_ms(elapsed)})",
            facts=facts,
        )
    what = "base URL" if case.route.proxy is None else "proxy's URL"
    return failed(fault, f"check the {what}, and this machine's DNS", ExitCode.CONNECTION)


def connection(case: Case) -> Finding:
    """
    Check whether the server, or the proxy, accepts a TCP connection.
    """
    route, port = case.route, case.route.endpoint[1]
    started = time.monotonic()
    try:
        # A second timeout, in case `connect` exceeds its own.
        address = within(case.seconds, lambda: connect(case.addresses, port, case.seconds))
    except ConnectionRefusedError:
        fault = f"{place(*route.endpoint)} refuses the connection"
        cure = "check host and port, and whether the server is running"
    except TimeoutError:
        fault = f"{place(*route.endpoint)} does not respond within {case.seconds:g} s"
        cure = "a firewall may block it: try from another network"
        if route.proxy is None:
            cure += ", or set HTTPS_PROXY if your network needs a proxy"
    except OSError as error:
        fault, cure = f"{place(*route.endpoint)}: {error.strerror or error}", "check the network"
    else:
        elapsed = time.monotonic() - started
        return Finding(
            text=f"to {place(address, port)} ({_ms(elapsed)})",
            facts={"address": address, "port": port, "seconds": elapsed},
        )
    return failed(fault, cure, ExitCode.CONNECTION)


def tls(case: Case) -> Finding:
    """
    Check the TLS handshake and the server's certificate.
    """
    route = case.route
    if route.scheme == "http":
        return skipped("the base URL is http")
    if route.proxy_scheme not in {"", "http"}:
        return skipped(f"not possible through a {route.proxy_scheme} proxy; the call checks it")
    try:
        context = ssl_context(case.pool_settings)
        done = within(case.seconds, lambda: tls_handshake(route, context, case.seconds))
    except ConfigurationError as error:
        return failed("no certificates to trust", for_the_shell(str(error)), ExitCode.USAGE)
    except OSError as error:
        return failed(*tls_fault(error, datetime.now(UTC)), ExitCode.CONNECTION)
    until = "" if done.expires is None else f", valid until {done.expires:%Y-%m-%d}"
    return Finding(
        text=f"{done.version}, certificate by {done.issuer}{until}",
        facts={
            "version": done.version,
            "issuer": done.issuer,
            "expires": done.expires and done.expires.isoformat(),
        },
    )


def call(case: Case) -> Finding:
    """
    Check one call with the client and the credential.
    """
    view = case.client.with_options(
        timeout=case.seconds,
        deadline=case.settings.deadline or 2 * case.seconds,
        retry=RetryPolicy(max_attempts=1),
    )
    case.asked = time.time()
    try:
        response = view.raw(view.phone_numbers.list, limit=1)
    except HeyMiloError as error:
        case.answered = time.time()
        case.headers = getattr(error, "headers", None)
        status = getattr(error, "status_code", None)
        return failed(*_finding_for(error), exit_code(error), status_code=status)
    case.answered, case.headers = time.time(), response.headers
    return Finding(
        text=f"{response.status_code} to {_CALL} ({_ms(response.elapsed)})",
        facts={"status_code": response.status_code, "seconds": response.elapsed},
    )


def _finding_for(error: HeyMiloError) -> tuple[str, str]:
    if isinstance(error, APIStatusError) and type(error) in _STATUSES:
        text, cure = _STATUSES[type(error)]
        named = "" if error.request_id is None else f" (request id {printable(error.request_id)})"
        later = "" if error.retry_after is None else f", in {error.retry_after:.0f} s"
        return f"{error.status_code} to {_CALL}: {text}{named}", cure + later
    if isinstance(error, ResponseDecodeError):
        return error.message, "check the base URL: another server may run there"
    # The user runs the doctor already.
    text = for_the_shell(error.message.removesuffix(DOCTOR))
    if isinstance(error, APIConnectionError) and error.phase == "proxy":
        return text, "check the proxy's URL, with its user and password"
    return text, "retry, or ask the administrator of the network or the server"


def clock(case: Case) -> Finding:
    """
    Compare this machine's clock with the server's.
    """
    sent = None if case.headers is None else _date_of(case.headers.get("date", ""))
    if sent is None:
        return skipped("there is no response with a date")
    ahead = skew(sent, case.asked, case.answered)
    facts = {"seconds_ahead": ahead}
    if abs(ahead) <= _TOLERATED:
        return Finding(text=f"within {_TOLERATED:.0f} s of the server's", facts=facts)
    return Finding(
        state=State.WARNING,
        text=f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's",
        cure="let the system synchronize its clock (NTP)",
        facts=facts,
    )


def skew(sent: float, asked: float, answered: float) -> float:
    """
    Return the minimum number of seconds by which this machine's clock is ahead of the server's.

    *sent* is the response's date by the server's clock, truncated to whole seconds. *asked* and
    *answered* are the times of request and response by this clock. All are Unix seconds. A
    negative result means that this clock is behind.
    """
    if asked > sent + 1:
        return asked - (sent + 1)
    return min(answered - sent, 0.0)


def limits(case: Case) -> Finding:
    """
    Report the server's rate-limit headers.
    """
    if case.headers is None:
        return skipped("there is no response")
    seen = {
        name: value
        for name, value in case.headers.items()
        if name.startswith(_LIMITS) or name == "retry-after"
    }
    listed = ", ".join(f"{name}: {printable(value)}" for name, value in seen.items())
    return Finding(text=listed or "no rate-limit headers in the response", facts=seen)


#: The checks in order, each with the checks that must succeed before it.
CHECKS: Final[Mapping[str, tuple[Callable[[Case], Finding], Sequence[str]]]] = {
    "Python": (installed, ()),
    "key": (credential, ()),
    "base URL": (base_url, ()),
    "proxy": (proxy, ("base URL",)),
    "look-up": (name_look_up, ("proxy",)),
    "connect": (connection, ("look-up",)),
    "TLS": (tls, ("connect",)),
    "call": (call, ("key", "TLS")),
    "clock": (clock, ()),
    "limits": (limits, ()),
}


def findings(case: Case) -> Iterator[Finding]:
    """
    Run all checks in order, and yield their findings.
    """
    blocked: dict[str, str] = {}
    for name, (check, needs) in CHECKS.items():
        cause = next((blocked[need] for need in needs if need in blocked), None)
        finding = check(case) if cause is None else skipped(f"not checked: fix '{cause}' first")
        if cause is not None or finding.state is State.FAILED:
            blocked[name] = cause or name
        yield attrs.evolve(finding, name=name)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
