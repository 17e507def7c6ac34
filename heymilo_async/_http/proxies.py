"""
Proxies and certificates, by the settings or by the usual environment variables.

httpx heeds the variables only if it makes its transport itself, and reads NO_PROXY its own way;
here it means what it means to curl: https://everything.curl.dev/usingcurl/proxies/env.html
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import attrs
import httpx

from .._core.secrets import Secret, printable
from .._core.settings import PoolSettings, fault_of_proxy
from .._values import Record
from ..errors import ConfigurationError
from .compat import lacks_socks
from .errors import is_callers_own
from .transport import NO_DESCRIPTOR, ConnectError, is_out_of_descriptors

T = TypeVar("T")

#: The key of a proxy that serves every scheme.
_ALL = "all"


@attrs.frozen(eq=False, repr=False)
class Proxies(Record):
    """
    The proxies in use, and what goes past them.
    """

    by_scheme: dict[str, Secret]
    exceptions: tuple[str, ...] = ()

    def scheme_of(self, scheme: str, host: str, port: int) -> str | None:
        """
        Return under which scheme the proxy for an address is found, None for the direct way.
        """
        found = next((one for one in (scheme, _ALL) if one in self.by_scheme), None)
        if found is None or any(_covers(entry, host, port) for entry in self.exceptions):
            return None
        return found


def proxies(settings: PoolSettings) -> Proxies:
    """
    Return the proxy that was set, or those that the environment names.

    Raises:
        ConfigurationError: A variable does not hold a proxy's URL; its value is not shown.
    """
    if settings.proxy is not None:
        return Proxies({_ALL: settings.proxy})
    if _variable("no") == "*":
        return Proxies({})
    exceptions = tuple(_variable("no").replace(",", " ").split())
    found: dict[str, Secret] = {}
    for scheme in ("http", "https", _ALL):
        # In expressions only: no variable holds the URL and its password.
        # Desktops set ALL_PROXY to what is for SOCKS alone, beside the other two.
        if not _variable(scheme) or {"http", "https"} <= found.keys():
            continue
        name = f"{scheme.upper()}_PROXY"
        fault = fault_of_proxy(name, _url_of(scheme))
        if fault is not None:
            raise ConfigurationError(fault)
        found[scheme] = Secret(_url_of(scheme))
    return Proxies(found, exceptions)


def _variable(scheme: str) -> str:
    return urllib.request.getproxies().get(scheme, "").strip()


def _url_of(scheme: str) -> str:
    url = _variable(scheme)
    return url if "://" in url else f"http://{url}"


def _covers(entry: str, host: str, port: int) -> bool:
    """
    Return whether one *entry* of NO_PROXY means *host* and *port*.

    It may be a name (itself and what is below it, with a dot before it or not), an address or a
    network. Beyond what curl takes it may have a scheme, brackets round an IPv6 address, letters
    that are not ASCII, and a port, which then is the only one that it means.
    """
    entry = entry.lower().partition("://")[2] or entry.lower()
    name, colon, number = entry.rpartition(":")
    if colon and number.isascii() and number.isdigit() and ("]" in name or ":" not in name):
        if int(number[:6]) != port:
            return False
        entry = name
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _is_below(host.lower().rstrip("."), entry.removeprefix(".").removesuffix("."))
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def _is_below(host: str, name: str) -> bool:
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        return False
    return host == name or (bool(name) and host.endswith(f".{name}"))


#: The settings that a failure to set up a proxy is blamed on.
PROXY = "proxy (or HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)"


def httpx_proxies(routes: Proxies) -> list[tuple[str, httpx.Proxy]]:
    """
    Return the proxies as httpx reads them, by scheme.
    """
    return [
        (scheme, configured(PROXY, partial(_proxy, secret)))
        for scheme, secret in routes.by_scheme.items()
    ]


def _proxy(url: Secret) -> httpx.Proxy:
    return httpx.Proxy(url.reveal())


def proxy_secrets(found: list[tuple[str, httpx.Proxy]]) -> tuple[Secret, ...]:
    """
    Return the passwords of the proxies that were *found*, which a proxy might repeat.
    """
    secrets: list[Secret] = []
    for _, proxy in found:
        if proxy.raw_auth is not None:
            user, password = proxy.raw_auth
            # Some have a token for a user, and no password.
            secrets += [
                Secret((password or user).decode()),
                Secret((user + b":" + password).decode()),
            ]
    return tuple(secrets)


def ssl_context(settings: PoolSettings) -> ssl.SSLContext:
    """
    Return the context that was set, or one that trusts the authorities that httpx trusts.
    """
    if settings.ssl_context is not None:
        return settings.ssl_context
    if os.environ.get("SSLKEYLOGFILE"):
        # By itself: a later failure could be this or the certificates.
        configured("SSLKEYLOGFILE", _open_key_log)
    variables = " and ".join(
        f"{name} ({printable(os.environ[name], 200)})"
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")
        if os.environ.get(name)
    )
    cure = "name a file with certificates in PEM form, or unset it" if variables else ""
    return configured(
        variables or "the certificates of this machine", httpx.create_ssl_context, cure
    )


def _open_key_log() -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = os.environ["SSLKEYLOGFILE"]


def configured(name: str, make: Callable[[], T], cure: str = "") -> T:
    """
    Return what *make* makes; an exception of the library is blamed on the setting *name*, with a
    *cure* if one is known.

    Raises:
        ConfigurationError: The setting cannot be used.
        ConnectError: No file descriptor is left, which may pass.
    """
    try:
        return make()
    except Exception as error:
        if is_callers_own(error):
            raise
        is_full = is_out_of_descriptors(error)
        # The kind alone: the text may hold the URL, and the URL a password.
        fault = f"cannot be used ({type(error).__name__})"
        if lacks_socks(error):
            fault = "is a SOCKS proxy, which needs one more package: pip install 'httpx[socks]'"
    if is_full:
        raise ConnectError(NO_DESCRIPTOR)
    message = f"{name} {fault}{': ' if cure else ''}{cure}"
    raise ConfigurationError(message)
