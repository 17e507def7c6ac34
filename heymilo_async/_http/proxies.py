"""
Finds proxies and certificates in the settings or in the usual environment variables.

httpx reads the variables only if it creates its transport itself, and reads NO_PROXY in its own way.
Here NO_PROXY means the same as to curl: https://everything.curl.dev/usingcurl/proxies/env.html
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

#: The key of a proxy for all schemes.
_ALL = "all"


@attrs.frozen(eq=False, repr=False)
class Proxies(Record):
    """
    The proxies in use, and the exceptions of NO_PROXY.
    """

    by_scheme: dict[str, Secret]
    exceptions: tuple[str, ...] = ()

    def scheme_of(self, scheme: str, host: str, port: int) -> str | None:
        """
        Return the key of the proxy for an address, None for a direct connection.
        """
        found = next((one for one in (scheme, _ALL) if one in self.by_scheme), None)
        if found is None or any(_covers(entry, host, port) for entry in self.exceptions):
            return None
        return found


def proxies(settings: PoolSettings) -> Proxies:
    """
    Return the proxy of the settings, else those of the environment.

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
        # The URL is in expressions only, so that no variable holds its password.
        # Beside the other two, ignore ALL_PROXY: desktops set it to a proxy for SOCKS only.
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
    Return whether an *entry* of NO_PROXY covers *host* and *port*.

    An entry is a domain (with its subdomains, and with or without a leading dot), an address or a
    network. Unlike in curl, it may also have a scheme, brackets around an IPv6 address, letters
    beyond ASCII, and a port, to which it is then limited.
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


#: The settings that an error of a proxy names.
PROXY = "proxy (or HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)"


def httpx_proxies(routes: Proxies) -> list[tuple[str, httpx.Proxy]]:
    """
    Return the proxies as objects of httpx, each with its key.
    """
    return [
        (scheme, configured(PROXY, partial(_proxy, secret)))
        for scheme, secret in routes.by_scheme.items()
    ]


def _proxy(url: Secret) -> httpx.Proxy:
    return httpx.Proxy(url.reveal())


def proxy_secrets(found: list[tuple[str, httpx.Proxy]]) -> tuple[Secret, ...]:
    """
    Return the passwords of the *found* proxies, which an error of a proxy may repeat.
    """
    secrets: list[Secret] = []
    for _, proxy in found:
        if proxy.raw_auth is not None:
            user, password = proxy.raw_auth
            # Some proxies have a token as user, and no password.
            secrets += [
                Secret((password or user).decode()),
                Secret((user + b":" + password).decode()),
            ]
    return tuple(secrets)


def ssl_context(settings: PoolSettings) -> ssl.SSLContext:
    """
    Return the context of the settings, or one that trusts the same authorities as httpx.
    """
    if settings.ssl_context is not None:
        return settings.ssl_context
    if os.environ.get("SSLKEYLOGFILE"):
        # Try it first, to tell its failure from that of the certificates.
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
    Return the result of *make*. If the library raises an exception, raise one that names the setting
    *name*, and the *cure* if it is known.

    Raises:
        ConfigurationError: The setting is invalid.
        ConnectError: No file descriptor is left, which may be temporary.
    """
    try:
        return make()
    except Exception as error:
        if is_callers_own(error):
            raise
        is_full = is_out_of_descriptors(error)
        # Only its type, because its text may contain the URL with a password.
        fault = f"cannot be used ({type(error).__name__})"
        if lacks_socks(error):
            fault = "is a SOCKS proxy, which needs one more package: pip install 'httpx[socks]'"
    if is_full:
        raise ConnectError(NO_DESCRIPTOR)
    message = f"{name} {fault}{': ' if cure else ''}{cure}"
    raise ConfigurationError(message)
