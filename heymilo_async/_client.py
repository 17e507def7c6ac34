"""
AsyncHeyMilo and HeyMilo: check the settings, give access to the resources, open and close.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, ParamSpec, Self, TypeVar

import attrs

from ._core.arguments import check_keywords, wrong_type
from ._core.blocking import blocking, run_now, with_blocking_name
from ._core.emitter import show as show_log
from ._core.messages import ANY, APIResponse, call_of, operation
from ._core.secrets import AsyncKeySource, KeySource, Secret, refuse_coroutine_functions
from ._core.settings import (
    PoolSettings,
    RateLimit,
    RateLimitStatus,
    RetryPolicy,
    Settings,
    Timeouts,
    changed_settings,
    configuration,
    new_settings,
    pool_settings,
    restored,
)
from ._distribution import __version__
from ._engine import Engine
from ._http import AsyncHTTPClient, AsyncTransport, BlockingTransport, HTTPClient
from ._pool import Pool
from ._values import NOT_GIVEN, NotGiven
from .errors import InvalidRequestError
from .events import Listener
from .pages import AsyncPage
from .resources._attributes import AsyncResources, Resources
from .resources._collection import AsyncResource, Resource

P = ParamSpec("P")
T = TypeVar("T")
ClientT = TypeVar("ClientT")

_USER_AGENT = (
    f"heymilo-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"
)


class AsyncHeyMilo(AsyncResources):
    """
    The async client, for asyncio and trio.

    Create one for the whole program, not one per request, because it owns the connections. You can
    use it in several event loops, one after the other or in several threads; each loop has its own
    connections. After a fork, the child process opens new connections.

    A pickled client contains its settings, but neither its key nor its token. It opens no
    connection before its first call: send it to each worker process once, and close it there. When
    it is unpickled, it reads its credentials from `HEYMILO_API_KEY` and `HEYMILO_ACCESS_TOKEN`; if
    they are not set, or were callables, use `client.with_options(api_key=...)`. A view is unpickled
    as a client with its own connections. A client cannot be copied: use
    `with_options`.

    Args:
        api_key: Sent as `X-API-KEY`. If you give neither this nor *access_token*, the client reads
            the environment variable `HEYMILO_API_KEY`, and then `HEYMILO_ACCESS_TOKEN`. It may be a
            callable that returns the key, or a coroutine function. The client calls it when it
            needs a key, one call at a time in each event loop, and keeps the result, for views
            too. After a 401 the client calls it again and repeats the request once, even a request
            that creates something, because a 401 means that the server did nothing. An exception
            that it raises ends the call. Its time counts towards the deadline, which does not
            interrupt it.
        access_token: An OAuth access token, sent as `Authorization: Bearer ...`, or a callable that
            returns one. If you give both credentials, both are sent.
        workspace_id: Sent as `X-Workspace-Id`, for tokens with several workspaces. Default:
            `HEYMILO_WORKSPACE_ID`.
        base_url: The URL of the API, which may have a path prefix. Default: `HEYMILO_BASE_URL`, or
            `https://api.heymilo.ai`.
        timeout: Seconds without progress, more than 0: for connecting, reading, writing, and for
            waiting for a free connection. `Timeouts` has a number for each of them.
        deadline: Seconds for a whole call, more than 0: all attempts, waits and decoding. None: no
            limit.
        retry: How often a call is retried, and how long it waits between attempts.
        rate_limit: Delays requests, so that they stay within the server's rate limit. None: no
            delay.
        events: A listener, which is called with each `heymilo_async.events.Event` in the task or
            thread of the call, so it should be fast. An exception that it raises is logged once,
            and otherwise ignored. A list or tuple of listeners is called in order.
        max_connections: Maximum number of connections, 1 to 100,000; further calls wait in order.
        default_headers: Headers for every request, except credentials and headers that frame a
            message.
        proxy: The URL of a proxy (http, https, socks5, socks5h). Default: `HTTPS_PROXY`,
            `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
        ssl_context: For a private certificate authority, or a client certificate.
        allow_insecure_http: Whether to allow `http://` to another machine, which sends the key
            unencrypted over the network.
        http_client: Your own `httpx.AsyncClient`. The client uses it, but never closes it; its own
            settings replace *proxy* and *ssl_context*.

    Raises:
        ConfigurationError: A setting is invalid, or there are no credentials.
        TypeError: A setting has the wrong type.

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

    @check_keywords
    def __init__(
        self,
        api_key: str | AsyncKeySource | None = None,
        *,
        access_token: str | AsyncKeySource | None = None,
        workspace_id: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeouts = 30.0,
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
        # Hide secrets first, so that no traceback shows them among its locals.
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

    @check_keywords
    def with_options(
        self,
        *,
        api_key: str | AsyncKeySource | None | NotGiven = NOT_GIVEN,
        access_token: str | AsyncKeySource | None | NotGiven = NOT_GIVEN,
        workspace_id: str | None | NotGiven = NOT_GIVEN,
        base_url: str | NotGiven = NOT_GIVEN,
        timeout: float | Timeouts | NotGiven = NOT_GIVEN,
        deadline: float | None | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | NotGiven = NOT_GIVEN,
        rate_limit: RateLimit | str | None | NotGiven = NOT_GIVEN,
        events: Listener | Sequence[Listener] | None | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        allow_insecure_http: bool | NotGiven = NOT_GIVEN,
    ) -> Self:
        """
        Return a view of this client with other settings, on the same connections.

        A view is cheap: create one per tenant, or even per call. Closing a view has no effect;
        closing the client also closes its views.

        Args:
            api_key: The same as in the constructor. None removes the key; the environment is not read.
            access_token: The same as in the constructor. None removes the token.
            workspace_id: The same as in the constructor. None sends no workspace id.
            base_url: The same as in the constructor.
            timeout: Seconds, the same as in the constructor.
            deadline: Seconds, the same as in the constructor. None: no limit.
            retry: The same as in the constructor.
            rate_limit: The same as in the constructor. Views with the same credential and the same *per*
                share one budget. None: requests are neither delayed nor counted.
            events: Replaces this client's listeners. None: no listener; logging continues.
            default_headers: Replaces all default headers of this client. None: no headers.
            allow_insecure_http: The same as in the constructor.

        Returns:
            A client of the same class.

        Raises:
            ConfigurationError: A setting is invalid, or no credential is left.
            TypeError: A setting has the wrong type.

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
        Send a request to any path of the API, and return the JSON of the response.

        Credentials, retries, rate limit, deadline and errors work as in every call. The content
        of the response is not checked.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            path: A path below *base_url*. It starts with one `/`, and has no query, no fragment,
                and no segment `.` or `..`. Quote the ids in it.
            query: Parameters by name; None values are not sent.
            body: The value to send as JSON; None: no body.
            repeatable: Whether the request is idempotent; None: only `GET` is. Other requests are
                retried only if the server certainly did not process them.

        Returns:
            The JSON of the response, None if it has no body.

        Raises:
            InvalidRequestError: An argument is invalid; nothing was sent.
            TypeError: An argument has the wrong type.
            HeyMiloError: Any call can raise it.

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
        Call *method* and return its result with the response's status, headers and attempts.

        Args:
            method: An operation of this client or of one of its views, such as
                `client.phone_numbers.get`. A view's method uses the view's settings.
            *args: The arguments of *method*.
            **kwargs: The keyword arguments of *method*.

        Returns:
            The data, the response's `meta`, status, headers and request id, and the attempts.

        Raises:
            InvalidRequestError: *method* belongs to another client.
            TypeError: *method* is not a single operation.
            HeyMiloError: Any error of *method*.

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
        single = _single_call(name)
        if isinstance(resource, AsyncResource) and single:
            group = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(resource).__name__[5:]).lower()
            message = (
                f"raw() takes a method that makes a single call, but {name} may make several: "
                f"pass client.{group}.{single}"
            )
            raise TypeError(message)
        if not isinstance(resource, AsyncResource | AsyncHeyMilo) or not hasattr(
            method, "__operation__"
        ):
            raise wrong_type("method", "an operation such as client.phone_numbers.get", method)
        if resource._engine.pool is not self._engine.pool:
            message = "method belongs to another client: use one of this client or of its views"
            raise InvalidRequestError(message)
        responses: list[APIResponse[Any]] = []
        engine = attrs.evolve(resource._engine, record=responses.append)
        recording: Any
        if isinstance(resource, AsyncHeyMilo):
            recording = _view_of(resource)._mount(engine, is_view=True)
        else:
            recording = type(resource)(engine)
        awaited = getattr(recording, method.__name__)(*args, **kwargs)
        del args, kwargs  # a traceback would show them
        data = await awaited
        if isinstance(data, AsyncPage):
            # This page can fetch the next one, unlike the response's.
            return attrs.evolve(responses[0], data=data)
        return responses[0]

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        The status of the rate limit: limit, remaining, reset. None without a rate limit.

        This process computes it from its own requests; reading it sends no request.

        Example:
            >>> from heymilo_async import AsyncHeyMilo, RateLimit
            >>> AsyncHeyMilo("an example of a key", rate_limit=RateLimit(5, per=1)).rate_limit
            RateLimitStatus(limit=5, remaining=5, reset=0.0)
        """
        return self._engine.rate_limit

    async def aclose(self) -> None:
        """
        Close the connections; running calls raise `ClientClosedError`.

        A second call, or a call on a view, has no effect. `async with` calls it at the end.

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
        return _repr_of(self, self.__dict__.get("_engine"))

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self._engine
        return _restored_async, (type(self), configuration(engine.settings, engine.pool.settings))

    def __copy__(self) -> NoReturn:
        _refuse_copy(self)

    def __deepcopy__(self, _: object) -> NoReturn:
        _refuse_copy(self)


class HeyMilo(Resources):
    """
    The blocking client, for scripts, notebooks, threads and worker processes.

    It runs the same code as `AsyncHeyMilo` over blocking sockets, without an event loop and
    without a thread, so it works in a notebook, within a running event loop, and after a fork.
    Threads can share it.

    Args:
        api_key: As in `AsyncHeyMilo`, but a callable is a plain function. All other arguments are
            the same, except this one:
        http_client: Your own `httpx.Client`. The client uses it, but never closes it. A deadline
            is then only as strict as that client's timeouts: a server that sends its headers very
            slowly can exceed it.

    Raises:
        ConfigurationError: A setting is invalid, or there are no credentials.
        TypeError: A setting has the wrong type.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     for number in client.phone_numbers.list(limit=2):
        ...         print(number.id, number.phone_number)
        9E3779B1 +12065550100
        3C6EF362 +12045550100
    """

    @check_keywords
    def __init__(
        self,
        api_key: str | KeySource | None = None,
        *,
        access_token: str | KeySource | None = None,
        workspace_id: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeouts = 30.0,
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
        # Hide secrets first, so that no traceback shows them among its locals.
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, proxy = Secret.hide(workspace_id), Secret.hide(proxy)
        default_headers, base_url = Secret.hide(default_headers), Secret.hide(base_url)
        refuse_coroutine_functions(api_key=api_key, access_token=access_token)
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

    @check_keywords
    def with_options(
        self,
        *,
        api_key: str | KeySource | None | NotGiven = NOT_GIVEN,
        access_token: str | KeySource | None | NotGiven = NOT_GIVEN,
        workspace_id: str | None | NotGiven = NOT_GIVEN,
        base_url: str | NotGiven = NOT_GIVEN,
        timeout: float | Timeouts | NotGiven = NOT_GIVEN,
        deadline: float | None | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | NotGiven = NOT_GIVEN,
        rate_limit: RateLimit | str | None | NotGiven = NOT_GIVEN,
        events: Listener | Sequence[Listener] | None | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        allow_insecure_http: bool | NotGiven = NOT_GIVEN,
    ) -> Self:
        # Written by hand, because a traceback would show a key in the `kwargs` of `blocking`.
        api_key, access_token = Secret.hide(api_key), Secret.hide(access_token)
        workspace_id, base_url = Secret.hide(workspace_id), Secret.hide(base_url)
        default_headers = Secret.hide(default_headers)
        refuse_coroutine_functions(api_key=api_key, access_token=access_token)
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
        Call *method* and return its result with the response's status, headers and attempts.

        Args:
            method: An operation of this client or of one of its views, such as
                `client.phone_numbers.get`. A view's method uses the view's settings.
            *args: The arguments of *method*.
            **kwargs: The keyword arguments of *method*.

        Returns:
            The data, the response's `meta`, status, headers and request id, and the attempts.

        Raises:
            InvalidRequestError: *method* belongs to another client.
            TypeError: *method* is not a single operation.
            HeyMiloError: Any error of *method*.

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
        del args, kwargs  # a traceback would show them
        try:
            response: APIResponse[Any] = run_now(coroutine)
        except TypeError as error:
            named = with_blocking_name(error, awaited, resource) if twin else error
            if named is error:
                raise
            raise named from None
        if isinstance(response.data, AsyncPage):
            return attrs.evolve(response, data=response.data._as_blocking())
        return response

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        The status of the rate limit: limit, remaining, reset. None without a rate limit.

        This process computes it from its own requests; reading it sends no request.

        Example:
            >>> from heymilo_async import HeyMilo, RateLimit
            >>> HeyMilo("an example of a key", rate_limit=RateLimit(5, per=1)).rate_limit
            RateLimitStatus(limit=5, remaining=5, reset=0.0)
        """
        return self._twin.rate_limit

    request: Final = blocking(AsyncHeyMilo.request)

    # Written by hand, because its name is another, and because pyright finds no descriptor where a
    # protocol has a method, as that of `contextlib.closing` has.
    def close(self) -> None:
        run_now(self._twin.aclose())

    close.__doc__ = AsyncHeyMilo.aclose.__doc__

    def __enter__(self) -> Self:
        self._twin._engine.pool.require_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        twin = self.__dict__.get("_twin")
        return _repr_of(self, twin and twin._engine)

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self._twin._engine
        return _restored, (type(self), configuration(engine.settings, engine.pool.settings))

    def __copy__(self) -> NoReturn:
        _refuse_copy(self)

    def __deepcopy__(self, _: object) -> NoReturn:
        _refuse_copy(self)


def _single_call(name: str) -> str | None:
    """
    Return the single-call method that the method *name* repeats, None if *name* is single itself.
    """
    if name.startswith("list_all"):
        return name.replace("list_all", "list")
    return {
        "find": "list",
        "get_many": "get",
        "get_many_settled": "get",
        "wait_for_push": "get_push",
        "wait_until_ready": "get",
    }.get(name)


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
    pool = Pool(shared, transport, owner=owner, awaits=transport is AsyncTransport)
    return Engine(pool=pool, settings=settings, user_agent=_USER_AGENT)


def _restored_async(kind: type[AsyncHeyMilo], configured: dict[str, Any]) -> AsyncHeyMilo:
    show_log(os.getenv("HEYMILO_LOG"))
    engine = _engine_of(AsyncTransport, "AsyncHeyMilo", *restored(os.getenv, configured))
    return object.__new__(kind)._mount(engine)


def _restored(kind: type[HeyMilo], configured: dict[str, Any]) -> HeyMilo:
    show_log(os.getenv("HEYMILO_LOG"))
    engine = _engine_of(BlockingTransport, "HeyMilo", *restored(os.getenv, configured))
    return object.__new__(kind)._mount(object.__new__(AsyncHeyMilo)._mount(engine))


def _repr_of(client: object, engine: Engine | None) -> str:
    if engine is None:  # the constructor raised an error
        return f"<{type(client).__name__}>"
    settings = engine.settings
    names = ("api_key", "access_token", "workspace_id")
    given = "".join(f" {name}=***" for name in names if getattr(settings, name) is not None)
    return f"<{type(client).__name__} {settings.base_url}{given}>"


def _refuse_copy(client: object) -> NoReturn:
    message = (
        f"a {type(client).__name__} cannot be copied, because it owns connections: create another "
        "one, or a view on the same connections with with_options()"
    )
    raise TypeError(message)


def _view_of(client: ClientT) -> ClientT:
    """
    Return a client of the same class with only the attributes that a subclass added to *client*.
    """
    view = object.__new__(type(client))
    vars(view).update(
        (name, value)
        for name, value in vars(client).items()
        if not isinstance(value, AsyncResource | Resource)
    )
    return view
