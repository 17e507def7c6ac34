"""
The private names that tests use, in one place: moving a part breaks only this file.

Tests use public names. This module gives them decisions that no public name exposes, the parts that
they break on purpose, and the state behind a client. `tests/test_habits.py` lists the other files
that may use private names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cattrs import Converter

from heymilo_async import _engine as engine
from heymilo_async import _pool as pools
from heymilo_async import pages
from heymilo_async._core import codec, emitter, secrets, settings
from heymilo_async._core.arguments import DEEPEST, KEYWORDS_OF_OTHER_SDKS, check_keywords
from heymilo_async._core.blocking import run_now
from heymilo_async._core.codec import decode
from heymilo_async._core.messages import Operation
from heymilo_async._core.model import Model, is_secret, resolve
from heymilo_async._core.retry import Quota, backoff, next_try, quota, retry_after
from heymilo_async._core.secrets import (
    SECRET_MEMBERS,
    CredentialSource,
    Secret,
    is_coroutine_function,
    mask_json_members,
    mask_members,
    refuse_coroutine_functions,
    scrub,
    secrets_in,
    secrets_of,
)
from heymilo_async._core.settings import PoolSettings, pool_settings
from heymilo_async._core.transport import TooLateError
from heymilo_async._engine import Engine
from heymilo_async._engine import _CallState as CallState
from heymilo_async._http import AsyncTransport, BlockingTransport, clients
from heymilo_async._http.body import Receiver
from heymilo_async._http.errors import FAULTS
from heymilo_async._http.proxies import Proxies, proxies
from heymilo_async._http.proxies import _covers as covers
from heymilo_async._http.sockets import TidyBackend
from heymilo_async._http.sockets import _Duplex as Duplex
from heymilo_async._pool import RetryBudget
from heymilo_async._ratelimit.limiter import CoolDowns, RateLimiter, Reservation, Window, span_of
from heymilo_async._values import ReadOnly
from heymilo_async.resources._collection import (
    AsyncCollection,
    AsyncResource,
    AsyncSearchable,
    Collection,
    Resource,
    Searchable,
)

if TYPE_CHECKING:
    import pytest

__all__ = [
    "AWAITED_WALKS",
    "CREDENTIAL_CHECK",
    "DEEPEST",
    "FAULTS",
    "KEYWORDS_OF_OTHER_SDKS",
    "MANY_LIMITERS",
    "SECRET_MEMBERS",
    "SECRET_PATTERNS",
    "AsyncCollection",
    "AsyncResource",
    "AsyncSearchable",
    "AsyncTransport",
    "BlockingTransport",
    "BlockingWalk",
    "CallState",
    "Collection",
    "CoolDowns",
    "CredentialSource",
    "Duplex",
    "Engine",
    "Model",
    "Operation",
    "PoolSettings",
    "Proxies",
    "Quota",
    "RateLimiter",
    "ReadOnly",
    "Receiver",
    "Reservation",
    "Resource",
    "RetryBudget",
    "Searchable",
    "Secret",
    "TidyBackend",
    "TooLateError",
    "Window",
    "awaited",
    "backoff",
    "check_keywords",
    "clients",
    "covers",
    "cursor_of",
    "decode",
    "emitter",
    "engine",
    "engine_of",
    "has_opened",
    "in_use",
    "is_coroutine_function",
    "is_open_here",
    "is_secret",
    "lending",
    "limiters_of",
    "mask_json_members",
    "mask_members",
    "next_try",
    "pool_settings",
    "pool_settings_of",
    "pools",
    "proxies",
    "quota",
    "redis_timeout",
    "refuse_coroutine_functions",
    "resolve",
    "retry_after",
    "run_now",
    "scrub",
    "secrets",
    "secrets_in",
    "secrets_of",
    "settings",
    "settings_of",
    "span_of",
    "stream_within",
    "write_readers_anew",
]

#: The classes that walk through pages, async and blocking.
AWAITED_WALKS = (pages._Pages, pages._Items)
BlockingWalk = pages._Blocking

#: Where tests replace a part: its owner, and its name there.
CREDENTIAL_CHECK = (settings, "_fault_of_credential")
SECRET_PATTERNS = ((secrets, "_full_pattern"), (secrets, "_prefix_pattern"))
MANY_LIMITERS = (pools, "_MANY")


def write_readers_anew(patch: pytest.MonkeyPatch) -> None:
    """
    Make new reader functions for all models, until *patch* is undone.

    (A cached function would not contain a mutation.)
    """
    detailed = codec.configure(Converter(detailed_validation=True))
    patch.setattr(codec, "_fast", codec.configure(Converter(detailed_validation=False)))
    patch.setattr(codec, "_detailed", lambda: detailed)


def awaited(thing: Any) -> Any:
    """
    Return the async object behind a client, a resource or a pager of any front.
    """
    blocking = getattr(thing, "blocking", thing)
    return getattr(blocking, "_twin", blocking)


def engine_of(thing: Any) -> Any:
    """
    Return the engine behind a client or a resource of any front; None if there is none.
    """
    return getattr(awaited(thing), "_engine", None)


def settings_of(client: Any) -> Any:
    """
    Return the settings of a client of any front.
    """
    return engine_of(client).settings


def pool_settings_of(pool: Any) -> Any:
    """
    Return the settings of the connections of *pool*.
    """
    return pool._settings


def limiters_of(client: Any) -> Any:
    """
    Return the limiters of the pool of *client*, by credential.
    """
    return engine_of(client).pool._limiters


def redis_timeout() -> tuple[Any, str]:
    """
    Return the owner and name of Redis's timeout, so that a test can change it.
    """
    # The module needs redis-py, which the tests of the package alone do not have.
    return importlib.import_module("heymilo_async._ratelimit.redis"), "_TIMEOUT"


def lending(transport: Any) -> tuple[Any, str]:
    """
    Return the method of *transport* that leases a connection, so that a test can replace it.
    """
    return transport, "_opened"


def has_opened(pool: Any) -> bool:
    """
    Return whether *pool* has opened any connections.
    """
    return bool(pool._opened)


def cursor_of(model: Any) -> str:
    """
    Return the member of *model* that is the cursor of its lists.
    """
    return model._cursor


def stream_within(stream: Any) -> Any:
    """
    Return the stream of httpcore that a stream of `TidyBackend` sends and receives with.
    """
    return stream._inner._stream


def is_open_here(client: Any) -> bool:
    """
    Return whether *client* closes its pool itself, and has been used in this event loop.
    """
    pool = engine_of(client).pool
    if awaited(client)._is_view or pool.closed:
        return False
    return pool._transport_type.loop_key() in pool._loop_states


def in_use(client: Any) -> list[str]:
    """
    Return the connections of the pool of *client* that are in use or waited for.
    """
    found: list[str] = []
    for state in list(engine_of(client).pool._loop_states.values()):
        transport = state.transport
        places = getattr(transport, "_places", None)
        if places is not None:
            found += [f"{places.borrowed_tokens} connections are in use"] * bool(
                places.borrowed_tokens
            )
            waiting = places.statistics().tasks_waiting
            found += [f"{waiting} tasks wait for a connection"] * bool(waiting)
        # A pool with a client of yours has none.
        pool = transport._client and transport._client.pool
        if pool is None:
            continue
        lent = (
            sum(lease() is not None for lease in list(pool.connections._leased))
            if places is None
            else len(pool.connections._leased)
        )
        threads = pool.connections._waiting
        found += [f"{lent} connections are in use"] * bool(lent)
        found += [f"{threads} threads wait for a connection"] * bool(threads)
    return found
