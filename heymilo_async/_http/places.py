"""
Where a request goes, in words for errors: the server, or the proxy before it, with host and port.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from .._core.settings import PoolSettings
from ..errors import ConfigurationError

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
