"""
What of a client is pickled: its settings, and no secret among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from .secrets import Secret, is_secret_name
from .settings import PoolSettings, Settings, restored_settings

#: Kept as they are.
_PLAIN: Final = ("base_url", "timeout", "deadline", "retry", "rate_limit", "allow_insecure_http")
#: Left out; it is kept which of them there were.
_CREDENTIALS: Final = ("api_key", "access_token")


def configuration(settings: Settings, shared: PoolSettings) -> dict[str, Any]:
    """
    Return what a client with these settings is pickled as.

    Raises:
        TypeError: Something in them cannot be pickled, or is a secret that could not be had again.
    """
    for name in ("http_client", "ssl_context"):
        if getattr(shared, name) is not None:
            raise _cannot(f"{name}=", "make the client anew where it is needed")
    if shared.proxy is not None and "@" in urlsplit(shared.proxy.reveal()).netloc:
        raise _cannot("the password of proxy=", "put the proxy into HTTPS_PROXY")
    for name, _ in settings.default_headers:
        if is_secret_name(name):
            cure = "pickle with_options(default_headers=...) without it, and give it there again"
            raise _cannot(f"the secret in default_headers[{name!r}]", cure)
    told = settings.events.told
    _check_listeners(told)
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        "credentials": tuple(one for one in _CREDENTIALS if getattr(settings, one) is not None),
        "workspace_id": settings.workspace_id and settings.workspace_id.reveal(),
        "events": told,
        "default_headers": {name: value.reveal() for name, value in settings.default_headers},
        "max_connections": shared.max_connections,
        "proxy": shared.proxy and shared.proxy.reveal(),
    }


def restored(
    getenv: Callable[[str], str | None], configured: Mapping[str, Any]
) -> tuple[Settings, PoolSettings]:
    """
    Return the settings that were *configured* in another process, with this one's credentials.

    If it has none, the settings are good for `with_options(api_key=...)` only.
    """
    settings = restored_settings(
        getenv,
        {
            **{name: configured[name] for name in _PLAIN},
            "base_url": Secret(configured["base_url"]),
            "workspace_id": Secret.hide(configured["workspace_id"]),
            "events": configured["events"],
            "default_headers": Secret(configured["default_headers"]),
        },
        configured["credentials"],
    )
    shared = PoolSettings(
        max_connections=configured["max_connections"],
        proxy=Secret.hide(configured["proxy"]),
        ssl_context=None,
        http_client=None,
    )
    return settings, shared


def _check_listeners(told: tuple[Any, ...]) -> None:
    import pickle  # noqa: PLC0415 - for the few programs that pickle a client

    # By itself: later the error would be one of pickle's, and name neither client nor setting.
    try:
        pickle.dumps(told)
    except Exception as error:
        fault = type(error).__name__
    else:
        return
    cure = "name a function of a module, or pickle with_options(events=None)"
    raise _cannot(f"events= ({fault})", cure)


def _cannot(what: str, cure: str) -> TypeError:
    return TypeError(f"a client is pickled as its settings, and {what} cannot be: {cure}")
