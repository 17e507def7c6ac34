"""
Which proxy serves which address, by the setting or by the usual environment variables.

httpx heeds the variables only if it makes its transport itself, and reads NO_PROXY its own way;
here it means what it means to curl: https://everything.curl.dev/usingcurl/proxies/env.html
"""

from __future__ import annotations

import ipaddress
import urllib.request

import attrs

from .._core.secrets import Secret
from .._core.settings import PoolSettings, fault_of_proxy
from ..errors import ConfigurationError

#: The key of a proxy that serves every scheme.
_ALL = "all"


@attrs.frozen
class Proxies:
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
