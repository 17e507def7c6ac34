"""
AsyncHeyMilo and HeyMilo: settings in, resources out, open and close.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, ParamSpec, Self, TypeVar

import attrs

from ._core.arguments import NOT_GIVEN, NotGiven, wrong_type
from ._core.blocking import blocking, run_now
from ._core.emitter import show as show_log
from ._core.messages import ANY, APIResponse, call_of, operation
from ._core.pickling import configuration, restored
from ._core.secrets import Secret
from ._core.settings import (
    PoolSettings,
    RateLimit,
    RetryPolicy,
    Settings,
    changed_settings,
    new_settings,
    pool_settings,
)
from ._engine import Engine
from ._http import AsyncHTTPClient, AsyncTransport, BlockingTransport, HTTPClient
from ._pool import Pool
from ._ratelimit.window import RateLimitStatus
from ._version import __version__
from .errors import InvalidRequestError
from .events import Listener
from .resources import AsyncResources, Resources
from .resources._collection import AsyncResource, Resource

P = ParamSpec("P")
T = TypeVar("T")
ClientT = TypeVar("ClientT")

_USER_AGENT = (
    f"heymilo-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"
)


class AsyncHeyMilo(AsyncResources):
    """
    The client, awaited: on asyncio and on trio.

    Make one for a program, not one for a request: it holds the connections. It may be used in
    several event loops, one after the other or in several threads; each has connections of its
    own. After a fork the child starts with new ones.

    A client is pickled as its settings, without its key and token, and opens nothing before its
    first call: send it to worker processes once each, and close it there. Where it is unpickled,
    those that it had are read again from `HEYMILO_API_KEY` and `HEYMILO_ACCESS_TOKEN`; if they are
    not there, give them again, `client.with_options(api_key=...)`. A view becomes a client with
    connections of its own. Clients are not copied: there is `with_options`.

    Args:
        api_key: Sent as `X-API-KEY`. If neither this nor *access_token* is given, the environment
            variable `HEYMILO_API_KEY` is read, and after it `HEYMILO_ACCESS_TOKEN`.
        access_token: An OAuth access token, sent as `Authorization: Bearer ...`. If both are given,
            both are sent.
        workspace_id: Sent as `X-Workspace-Id`, for tokens that are good for several workspaces;
            else `HEYMILO_WORKSPACE_ID`.
        base_url: Where the API is; else `HEYMILO_BASE_URL`, else `https://api.heymilo.ai`. A path
            prefix is kept.
        timeout: Seconds without progress, more than 0: for connecting, reading, writing, and for
            waiting until a connection is free.
        deadline: Seconds for a whole call, more than 0: all attempts, waits and decoding. None: no
            limit.
        retry: How often a call is tried, and how long it waits in between.
        rate_limit: Paces requests before the server has to refuse them. None: they are sent at
            once.
        events: Is told what happens, one `heymilo_async.events.Event` at a time, in the task or
            thread of the call: let it be quick. What it raises is logged once and breaks nothing.
            A list or a tuple: each of them is told, in that order.
        max_connections: Connections at a time, 1 to 100,000; calls beyond that wait in turn.
        default_headers: Headers for every request; credentials and what frames a message are
            refused.
        proxy: URL of a proxy (http, https, socks5, socks5h); else `HTTPS_PROXY`, `HTTP_PROXY`,
            `ALL_PROXY` and `NO_PROXY` are heeded.
        ssl_context: For a private certificate authority, or a client certificate.
        allow_insecure_http: Whether `http://` may lead off this machine. The key goes over the
            network unencrypted then.
        http_client: Your own `httpx.AsyncClient`; it is used, and never closed. *proxy* and
            *ssl_context* are its own business then.

    Raises:
        ConfigurationError: A setting cannot work, or there are no credentials.
        TypeError: A setting is of the wrong type.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         page = await client.phone_numbers.list(limit=3)
        ...         print([number.phone_number for number in page])
        >>> asyncio.run(main())
        ['+12065550100', '+12045550100', '+441134960000']
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        access_token: str | None = None,
        workspace_id: str | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        deadline: float | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - it is frozen
        rate_limit: RateLimit | str | None = None,
        events: Listener | Sequence[Listener] | None = None,
        max_connections: int = 100,
        default_headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_insecure_http: bool = False,
        http_client: AsyncHTTPClient | None = None,
    ) -> None:
        # First of all, so that no traceback shows them among its locals.
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, proxy = Secret.hide(workspace_id), Secret.hide(proxy)
        default_headers, base_url = Secret.hide(default_headers), Secret.hide(base_url)
        self._mount(
            _new_engine(
                AsyncTransport,
                owner="AsyncHeyMilo",
                api_key=api_key,
                access_token=access_token,
                workspace_id=workspace_id,
                base_url=base_url,
                timeout=timeout,
                deadline=deadline,
                retry=retry,
                rate_limit=rate_limit,
                events=events,
                max_connections=max_connections,
                default_headers=default_headers,
                proxy=proxy,
                ssl_context=ssl_context,
                allow_insecure_http=allow_insecure_http,
                http_client=http_client,
            )
        )

    def _mount(self, engine: Engine, *, is_view: bool = False) -> Self:
        self._engine = engine
        self._is_view = is_view
        return self

    def with_options(
        self,
        *,
        api_key: str | None | NotGiven = NOT_GIVEN,
        access_token: str | None | NotGiven = NOT_GIVEN,
        workspace_id: str | None | NotGiven = NOT_GIVEN,
        base_url: str | NotGiven = NOT_GIVEN,
        timeout: float | NotGiven = NOT_GIVEN,
        deadline: float | None | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | NotGiven = NOT_GIVEN,
        rate_limit: RateLimit | str | None | NotGiven = NOT_GIVEN,
        events: Listener | Sequence[Listener] | None | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        allow_insecure_http: bool | NotGiven = NOT_GIVEN,
    ) -> Self:
        """
        Return a view of this client with other settings, on the same connections.

        It costs next to nothing: make one for a tenant or for a single call. Closing a view
        closes nothing; once the client it comes from is closed, so is the view.

        Args:
            api_key: As in the constructor. None takes the key away; the environment is not read.
            access_token: As in the constructor. None takes the token away.
            workspace_id: As in the constructor. None sends none.
            base_url: As in the constructor.
            timeout: Seconds, as in the constructor.
            deadline: Seconds, as in the constructor. None: no limit.
            retry: As in the constructor.
            rate_limit: As in the constructor; with the same credential and the same *per* it is
                one budget. None: requests are sent at once, and are not counted.
            events: In place of this client's. None: nobody is told, and the log goes on.
            default_headers: In place of all those of this client. None: none.
            allow_insecure_http: As in the constructor.

        Returns:
            A client of the same class.

        Raises:
            ConfigurationError: A setting cannot work, or no credential is left.
            TypeError: A setting is of the wrong type.

        Example:
            >>> from heymilo_async import HeyMilo
            >>> with HeyMilo() as client:
            ...     patient = client.with_options(timeout=120.0, deadline=None)
            ...     print(patient.phone_numbers.get("9E3779B1").active)
            True
        """
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, base_url = Secret.hide(workspace_id), Secret.hide(base_url)
        default_headers = Secret.hide(default_headers)
        changed = changed_settings(
            self._engine.settings,
            {
                "api_key": api_key,
                "access_token": access_token,
                "workspace_id": workspace_id,
                "base_url": base_url,
                "timeout": timeout,
                "deadline": deadline,
                "retry": retry,
                "rate_limit": rate_limit,
                "events": events,
                "default_headers": default_headers,
                "allow_insecure_http": allow_insecure_http,
            },
        )
        view = _view_of(self)
        return view._mount(attrs.evolve(self._engine, settings=changed), is_view=True)

    @operation(ANY)
    async def request(
        self,
        method: str,
        path: str,
        /,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: object = None,
        repeatable: bool | None = None,
    ) -> Any:
        """
        Send a request that no method stands for, and return the JSON of its answer.

        It goes the way of every call: signed, retried, paced, within the deadline, and its errors
        are the same. What the answer holds is not checked.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            path: A path below *base_url*; it begins with one `/`, and has no query, no fragment
                and no segment that is `.` or `..`. Ids in it have to be quoted.
            query: Parameters by name; one that is None is not sent.
            body: What is sent as JSON; None: no body.
            repeatable: Whether to send it twice does no more than to send it once; None: so it is
                of `GET` alone. What is not repeatable is repeated only where it certainly was not
                carried out.

        Returns:
            What the answer's JSON holds, None if it has no body.

        Raises:
            InvalidRequestError: An argument cannot work; nothing was sent.
            TypeError: An argument is of the wrong type.
            HeyMiloError: What every call may raise.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     answer = client.request("GET", "/api/v2/phone-numbers", query={"limit": 1})
            ...     print(answer["data"][0]["phone_number"])
            +12065550100
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.request("GET", "/api/v2/voices"))["pagination"].keys() > set())
            >>> asyncio.run(main())
            True
        """
        body = Secret.hide(body)
        try:
            call = call_of(method, path, query=query, body=body, repeatable=repeatable)
        except (InvalidRequestError, TypeError) as refusal:
            raise self._engine.cleaned_refusal(refusal, body) from None
        return await self._engine.perform(call)

    async def raw(
        self, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> APIResponse[T]:
        """
        Call *method* and return its result with everything around it.

        Args:
            method: An operation of this client or of one of its views, such as
                `client.phone_numbers.get`; the view's settings count.
            *args: What *method* takes.
            **kwargs: What *method* takes.

        Returns:
            The data, the answer's `meta`, status, headers and request id, and the attempts.

        Raises:
            InvalidRequestError: *method* is of another client.
            TypeError: *method* is not a single operation.
            HeyMiloError: What *method* raises.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         response = await client.raw(client.phone_numbers.get, "9E3779B1")
            ...         print(response.status_code, len(response.attempts), response.data.id)
            >>> asyncio.run(main())
            200 1 9E3779B1
        """
        resource = getattr(method, "__self__", None)
        name = getattr(method, "__name__", "")
        if isinstance(resource, AsyncResource) and name.startswith("list_all"):
            group = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(resource).__name__[5:]).lower()
            message = (
                f"the method for raw() makes one call, and {name} makes one a page: "
                f"give it client.{group}.{name.replace('list_all', 'list')}"
            )
            raise TypeError(message)
        if not isinstance(resource, AsyncResource | AsyncHeyMilo) or not hasattr(
            method, "__operation__"
        ):
            raise wrong_type("method", "an operation such as client.phone_numbers.get", method)
        if resource._engine.pool is not self._engine.pool:
            message = "method is of another client: take it from this one, or from a view of it"
            raise InvalidRequestError(message)
        responses: list[APIResponse[Any]] = []
        engine = attrs.evolve(resource._engine, record=responses.append)
        recording: Any
        if isinstance(resource, AsyncHeyMilo):
            recording = _view_of(resource)._mount(engine, is_view=True)
        else:
            recording = type(resource)(engine)
        awaited = getattr(recording, method.__name__)(*args, **kwargs)
        del args, kwargs  # a traceback shows them
        await awaited
        return responses[0]

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        How this client stands to its rate limit: limit, remaining, reset. None if it has none.

        It is what this process knows; nothing is asked for it.

        Example:
            >>> from heymilo_async import AsyncHeyMilo, RateLimit
            >>> AsyncHeyMilo("an example of a key", rate_limit=RateLimit(5, per=1)).rate_limit
            RateLimitStatus(limit=5, remaining=5, reset=0.0)
        """
        return self._engine.rate_limit

    async def aclose(self) -> None:
        """
        Close the connections; calls under way end with a `ClientClosedError`.

        Again, or on a view, it does nothing. `async with` calls it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo
            >>> asyncio.run(AsyncHeyMilo("an example of a key").aclose())
        """
        if not self._is_view:
            await self._engine.pool.aclose()

    async def __aenter__(self) -> Self:
        self._engine.pool.require_open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return _shown(self, self.__dict__.get("_engine"))

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self._engine
        return _restored_async, (type(self), configuration(engine.settings, engine.pool.settings))

    def __copy__(self) -> NoReturn:
        _refuse_copy(self)

    def __deepcopy__(self, _: object) -> NoReturn:
        _refuse_copy(self)


class HeyMilo(Resources):
    """
    The client, blocking: for scripts, notebooks, threads and worker processes.

    It is `AsyncHeyMilo` over blocking sockets: the same code, with no event loop and no thread
    behind it, so it works in a notebook, within a running event loop, and after a fork. Threads
    may share it.

    Args:
        api_key: As in `AsyncHeyMilo`; so are all the others but one:
        http_client: Your own `httpx.Client`; it is used, and never closed. A deadline is then
            kept as well as its timeouts allow: a server that sends its headers drop by drop can
            overstep it.

    Raises:
        ConfigurationError: A setting cannot work, or there are no credentials.
        TypeError: A setting is of the wrong type.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     for number in client.phone_numbers.list(limit=2):
        ...         print(number.id, number.phone_number)
        9E3779B1 +12065550100
        3C6EF362 +12045550100
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        access_token: str | None = None,
        workspace_id: str | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        deadline: float | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - it is frozen
        rate_limit: RateLimit | str | None = None,
        events: Listener | Sequence[Listener] | None = None,
        max_connections: int = 100,
        default_headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_insecure_http: bool = False,
        http_client: HTTPClient | None = None,
    ) -> None:
        # First of all, so that no traceback shows them among its locals.
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, proxy = Secret.hide(workspace_id), Secret.hide(proxy)
        default_headers, base_url = Secret.hide(default_headers), Secret.hide(base_url)
        twin = object.__new__(AsyncHeyMilo)
        self._mount(
            twin._mount(
                _new_engine(
                    BlockingTransport,
                    owner="HeyMilo",
                    api_key=api_key,
                    access_token=access_token,
                    workspace_id=workspace_id,
                    base_url=base_url,
                    timeout=timeout,
                    deadline=deadline,
                    retry=retry,
                    rate_limit=rate_limit,
                    events=events,
                    max_connections=max_connections,
                    default_headers=default_headers,
                    proxy=proxy,
                    ssl_context=ssl_context,
                    allow_insecure_http=allow_insecure_http,
                    http_client=http_client,
                )
            )
        )

    def _mount(self, twin: AsyncHeyMilo) -> Self:
        self._twin = twin
        return self

    def with_options(
        self,
        *,
        api_key: str | None | NotGiven = NOT_GIVEN,
        access_token: str | None | NotGiven = NOT_GIVEN,
        workspace_id: str | None | NotGiven = NOT_GIVEN,
        base_url: str | NotGiven = NOT_GIVEN,
        timeout: float | NotGiven = NOT_GIVEN,
        deadline: float | None | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | NotGiven = NOT_GIVEN,
        rate_limit: RateLimit | str | None | NotGiven = NOT_GIVEN,
        events: Listener | Sequence[Listener] | None | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        allow_insecure_http: bool | NotGiven = NOT_GIVEN,
    ) -> Self:
        # Not made by `blocking`: its `kwargs` would hold a key where a traceback shows it.
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, base_url = Secret.hide(workspace_id), Secret.hide(base_url)
        default_headers = Secret.hide(default_headers)
        view = _view_of(self)
        return view._mount(
            self._twin.with_options(
                api_key=api_key,
                access_token=access_token,
                workspace_id=workspace_id,
                base_url=base_url,
                timeout=timeout,
                deadline=deadline,
                retry=retry,
                rate_limit=rate_limit,
                events=events,
                default_headers=default_headers,
                allow_insecure_http=allow_insecure_http,
            )
        )

    with_options.__doc__ = AsyncHeyMilo.with_options.__doc__

    def raw(self, method: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> APIResponse[T]:
        """
        Call *method* and return its result with everything around it.

        Args:
            method: An operation of this client or of one of its views, such as
                `client.phone_numbers.get`; the view's settings count.
            *args: What *method* takes.
            **kwargs: What *method* takes.

        Returns:
            The data, the answer's `meta`, status, headers and request id, and the attempts.

        Raises:
            InvalidRequestError: *method* is of another client.
            TypeError: *method* is not a single operation.
            HeyMiloError: What *method* raises.

        Example:
            >>> from heymilo_async import HeyMilo
            >>> with HeyMilo() as client:
            ...     response = client.raw(client.phone_numbers.get, "9E3779B1")
            ...     print(response.status_code, len(response.attempts), response.data.id)
            200 1 9E3779B1
        """
        resource = getattr(method, "__self__", None)
        twin: Any = resource._twin if isinstance(resource, Resource | HeyMilo) else None
        awaited: Any = getattr(twin, getattr(method, "__name__", ""), method)
        coroutine = self._twin.raw(awaited, *args, **kwargs)
        del args, kwargs  # a traceback shows them
        return run_now(coroutine)

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        How this client stands to its rate limit: limit, remaining, reset. None if it has none.

        It is what this process knows; nothing is asked for it.

        Example:
            >>> from heymilo_async import HeyMilo, RateLimit
            >>> HeyMilo("an example of a key", rate_limit=RateLimit(5, per=1)).rate_limit
            RateLimitStatus(limit=5, remaining=5, reset=0.0)
        """
        return self._twin.rate_limit

    request: Final = blocking(AsyncHeyMilo.request)
    close: Final = blocking(AsyncHeyMilo.aclose)

    def __enter__(self) -> Self:
        self._twin._engine.pool.require_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        twin = self.__dict__.get("_twin")
        return _shown(self, twin and twin._engine)

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self._twin._engine
        return _restored, (type(self), configuration(engine.settings, engine.pool.settings))

    def __copy__(self) -> NoReturn:
        _refuse_copy(self)

    def __deepcopy__(self, _: object) -> NoReturn:
        _refuse_copy(self)


def _new_engine(
    transport: type[AsyncTransport | BlockingTransport],
    *,
    owner: str,
    max_connections: Any,
    proxy: Any,
    ssl_context: Any,
    http_client: Any,
    **given: Any,
) -> Engine:
    show_log(os.getenv("HEYMILO_LOG"))
    if http_client is not None:
        transport.check(http_client)
    shared = pool_settings(
        max_connections=max_connections,
        proxy=proxy,
        ssl_context=ssl_context,
        http_client=http_client,
    )
    return _engine_of(transport, owner, new_settings(os.getenv, given), shared)


def _engine_of(
    transport: type[AsyncTransport | BlockingTransport],
    owner: str,
    settings: Settings,
    shared: PoolSettings,
) -> Engine:
    return Engine(
        pool=Pool(shared, transport, owner=owner), settings=settings, user_agent=_USER_AGENT
    )


def _restored_async(kind: type[AsyncHeyMilo], configured: dict[str, Any]) -> AsyncHeyMilo:
    show_log(os.getenv("HEYMILO_LOG"))
    engine = _engine_of(AsyncTransport, "AsyncHeyMilo", *restored(os.getenv, configured))
    return object.__new__(kind)._mount(engine)


def _restored(kind: type[HeyMilo], configured: dict[str, Any]) -> HeyMilo:
    show_log(os.getenv("HEYMILO_LOG"))
    engine = _engine_of(BlockingTransport, "HeyMilo", *restored(os.getenv, configured))
    return object.__new__(kind)._mount(object.__new__(AsyncHeyMilo)._mount(engine))


def _shown(client: object, engine: Engine | None) -> str:
    if engine is None:  # in the traceback of a constructor that refused a setting
        return f"<{type(client).__name__}>"
    settings = engine.settings
    names = ("api_key", "access_token", "workspace_id")
    given = "".join(f" {name}=***" for name in names if getattr(settings, name) is not None)
    return f"<{type(client).__name__} {settings.base_url}{given}>"


def _refuse_copy(client: object) -> NoReturn:
    message = (
        f"a {type(client).__name__} holds connections, and is not copied: make another one, "
        "or a view on the same connections with with_options()"
    )
    raise TypeError(message)


def _view_of(client: ClientT) -> ClientT:
    """
    Return a client of the same class that has what a subclass keeps in *client*, and nothing else.
    """
    view = object.__new__(type(client))
    vars(view).update(
        (name, value)
        for name, value in vars(client).items()
        if not isinstance(value, AsyncResource | Resource)
    )
    return view
