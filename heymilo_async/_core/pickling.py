"""
Pickles a client's settings without secrets, and restores them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from .secrets import Secret, is_secret_name
from .settings import PoolSettings, Settings, restored_settings

#: Settings that are pickled unchanged.
_PLAIN: Final = ("base_url", "timeout", "deadline", "retry", "rate_limit", "allow_insecure_http")
#: Settings of which only the presence is pickled.
_CREDENTIALS: Final = ("api_key", "access_token")


def configuration(settings: Settings, shared: PoolSettings) -> dict[str, Any]:
    """
    Return the data that is pickled for a client with these settings.

    Raises:
        TypeError: A setting cannot be pickled, or is a secret that the environment cannot restore.
    """
    for name in ("http_client", "ssl_context"):
        if getattr(shared, name) is not None:
            raise _cannot(f"{name}=", "create a new client in the other process")
    if shared.proxy is not None and "@" in urlsplit(shared.proxy.reveal()).netloc:
        raise _cannot("the password of proxy=", "put the proxy into HTTPS_PROXY")
    for name, _ in settings.default_headers:
        if is_secret_name(name):
            cure = "pickle with_options(default_headers=...) without it, and add it again later"
            raise _cannot(f"the secret in default_headers[{name!r}]", cure)
    listeners = settings.events.told
    _check_listeners(listeners)
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        "credentials": tuple(one for one in _CREDENTIALS if getattr(settings, one) is not None),
        "workspace_id": settings.workspace_id and settings.workspace_id.reveal(),
        "events": listeners,
        "default_headers": {name: value.reveal() for name, value in settings.default_headers},
        "max_connections": shared.max_connections,
        "proxy": shared.proxy and shared.proxy.reveal(),
    }


def restored(
    getenv: Callable[[str], str | None], configured: Mapping[str, Any]
) -> tuple[Settings, PoolSettings]:
    """
    Restore the pickled settings *configured* with the credentials of this process.

    Without credentials, the client can only be used with `with_options(api_key=...)`.
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


def _check_listeners(listeners: tuple[Any, ...]) -> None:
    import pickle  # noqa: PLC0415 - for the few programs that pickle a client

    # Check now, because pickle's own error would name neither the client nor the setting.
    try:
        pickle.dumps(listeners)
    except Exception as error:
        fault = type(error).__name__
    else:
        return
    cure = "use a function of a module, or pickle with_options(events=None)"
    raise _cannot(f"events= ({fault})", cure)


def _cannot(what: str, cure: str) -> TypeError:
    return TypeError(f"cannot pickle a client with {what}: {cure}")
