"""
What a client is set up with: proxies as httpx reads them, and certificates.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import httpx

from .._core.secrets import Secret, printable
from .._core.settings import PoolSettings
from ..errors import ConfigurationError
from .errors import is_callers_own
from .protocols import NO_DESCRIPTOR, ConnectError, is_out_of_descriptors
from .proxies import Proxies, proxies

T = TypeVar("T")

#: What a failure to set up the way out is blamed on.
PROXY = "proxy (or HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)"


def ways(routes: Proxies) -> list[tuple[str, httpx.Proxy]]:
    """
    Return the proxies as httpx reads them, by scheme.
    """
    return [
        (scheme, configured(PROXY, partial(_proxy, secret)))
        for scheme, secret in routes.by_scheme.items()
    ]


def _proxy(url: Secret) -> httpx.Proxy:
    return httpx.Proxy(url.reveal())


def proxy_secrets(settings: PoolSettings) -> tuple[Secret, ...]:
    """
    Return the passwords of the proxies in use, which a proxy might repeat.
    """
    secrets: list[Secret] = []
    for _, proxy in ways(proxies(settings)):
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
    Return what was set, or what trusts the authorities that httpx trusts.
    """
    if settings.ssl_context is not None:
        return settings.ssl_context
    if os.environ.get("SSLKEYLOGFILE"):
        # By itself: of what fails later nobody could tell whether it is this or the certificates.
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
    Return what *make* makes; what the library has against it is a fault of the setting *name*,
    with a *cure* if one is known.

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
        if "socksio" in str(error):
            fault = "is a SOCKS proxy, which needs one more package: pip install 'httpx[socks]'"
    if is_full:
        raise ConnectError(NO_DESCRIPTOR)
    message = f"{name} {fault}{': ' if cure else ''}{cure}"
    raise ConfigurationError(message)
