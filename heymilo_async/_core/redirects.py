"""
Checks the target of the contract's only redirect.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from .settings import is_loopback


def redirect_target(location: str | None, base_url: str) -> tuple[str, str] | None:
    """
    Return origin and path of *location* if a client of *base_url* may follow it, else None.

    It may follow https, and http if both URLs are on this machine, as with a sandbox.
    """
    if not location or not location.isascii() or not location.isprintable():
        return None
    try:
        target = urlsplit(urljoin(base_url, location))
        port = "" if target.port is None else f":{target.port}"
    except ValueError:
        return None
    host = target.hostname
    if not host or target.username is not None or target.password is not None:
        return None
    is_local = is_loopback(host) and is_loopback(urlsplit(base_url).hostname or "")
    if target.scheme != "https" and not (target.scheme == "http" and is_local):
        return None
    shown = f"[{host}]" if ":" in host else host
    query = f"?{target.query}" if target.query else ""
    return f"{target.scheme}://{shown}{port}", (target.path or "/") + query
