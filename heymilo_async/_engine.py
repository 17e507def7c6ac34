"""
Performs calls: acquire a permit, sign, send, check, retry, decode.

    respond             one call: makes attempts until an outcome is final
    _load_credentials   calls the caller's credential functions, first and after a 401
    _attempt            one attempt: acquire, _send, _read, observe
    _schedule_retry     decides whether to make another attempt, and when
    _repeat             makes the attempts after the first one, through tenacity

The outcome of an attempt is a value: an `APIResponse`, or the error to raise. Only cancellation,
Ctrl-C and exceptions of the user's own http_client are raised as exceptions.
"""

from __future__ import annotations

import contextlib
import functools
import math
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

import attrs

from ._core.codec import Content, read_content
from ._core.emitter import LOGGER, log_failure
from ._core.messages import APIResponse, Call, Request, Response, audio_of
from ._core.model import cursor_of
from ._core.retry import Retry, next_try, retry_after
from ._core.secrets import Secret, printable, scrub, secrets_of
from ._core.settings import Credential, RateLimitStatus, Settings
from ._core.status import check, cleaned, cleaned_headers, decode_error, redirect_target
from ._core.transport import Prefetched
from ._ratelimit.limiter import Permit, RateLimiter
from .errors import (
    APIConnectionError,
    APIStatusError,
    Attempt,
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    ResponseDecodeError,
    ResponseMismatchError,
    ServerError,
)
from .events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Event,
    Paced,
    PageFetched,
    RetryScheduled,
    next_call,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from ._pool import LoopState, Pool

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

#: Decoding a body of this many bytes takes about 10 ms, longer than starting a thread.
_LARGE = 512 * 1024

#: After a POST, a redirect with one of these may mean that it was done ("see there"), and a 408 that
#: the server gave up in the middle. A 307 or 308 asks to send it again.
_AMBIGUOUS = frozenset({301, 302, 303, 408})

#: The expiry of a call without a deadline.
NEVER = math.inf


@attrs.define(kw_only=True, eq=False, repr=False)
class _CallState(Generic[T]):
    """
    The mutable state of one call across its attempts.

    Attributes:
        wait: Seconds waited before the current attempt.
        retry: The decision that led to the current attempt, None for the first one.
        error: The error of the previous attempt.
        is_over: Whether there is no time for another attempt.
        is_from_api: Whether the current attempt's error came from the API, not from another host.
        renewals: How often the credentials were renewed, 0 or 1.
        is_watched: Whether events have a listener.
        number: The call's number in events.
    """

    engine: Engine
    call: Call[T]
    loop_state: LoopState
    limiter: RateLimiter
    started: float
    expires: float
    attempts: tuple[Attempt, ...] = ()
    wait: float = 0.0
    retry: Retry | None = None
    error: HeyMiloError | None = None
    is_over: bool = False
    is_from_api: bool = False
    renewals: int = 0
    is_watched: bool
    number: int = attrs.field(factory=next_call)

    @property
    def name(self) -> str:
        """
        The request as error texts show it.
        """
        return self.engine._name(self.call)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """
        The secrets that no text about this call may contain.
        """
        return self.engine.settings.secrets + self.call.secrets + self.loop_state.transport.secrets

    @property
    def remaining(self) -> float:
        """
        Seconds until the deadline.
        """
        return self.expires - self.loop_state.transport.now()

    @property
    def longest_wait(self) -> float:
        """
        The longest cool-down that the call waits for, in seconds.
        """
        return self.engine.settings.retry.max_retry_after

    @property
    def is_closed(self) -> bool:
        """
        Whether the client is closed.
        """
        return self.engine.pool.closed

    async def await_cool_down(self) -> None:
        """
        Wait until a pause is over that the server has asked for since the permit was acquired.
        """
        await self.limiter.await_cool_down(self)

    def will_wait(self, seconds: float) -> None:
        """
        Record a wait before the current attempt, and emit an event.
        """
        self.wait += seconds
        self.engine._emit(Paced, self, wait=seconds)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Engine:
    """
    Performs calls with the settings of one client or view; views share a pool.

    Requests are signed with *credential*, or with that of *settings* if it is None. Tests replace
    *random* and *wall_clock*. *record* receives each successful response, for `raw`.
    """

    pool: Pool
    settings: Settings
    user_agent: str
    credential: Credential | None = None
    random: Callable[[], float] = random.random
    wall_clock: Callable[[], float] = time.time
    record: Callable[[APIResponse[Any]], None] | None = None

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        The status of the rate limit, None without a rate limit.
        """
        policy = self.settings.rate_limit
        if policy is None:
            return None
        return self.pool.limiter(self.settings).status(policy, self.pool.now())

    def __reduce__(self) -> NoReturn:
        message = (
            "a resource or pager cannot be pickled, because it belongs to a client: "
            "pickle the client instead, and get the resource from it"
        )
        raise TypeError(message)

    def expiry(self) -> float:
        """
        Return the expiry of a call that starts now, on the transport's clock.
        """
        deadline = self.settings.deadline
        return NEVER if deadline is None else self.pool.loop_state().transport.now() + deadline

    async def perform(self, call: Call[T], *, expires: float | None = None) -> T:
        """
        Perform *call* and return its data.

        *expires* is the expiry of a larger call that this one is part of. If it is None, the call
        has its own deadline.
        """
        return (await self.respond(call, expires=expires)).data

    async def map(
        self, function: Callable[[A], Coroutine[Any, Any, B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Call *function* with each of *items*, *limit* at a time; return the results in order.
        """
        return await self.pool.loop_state().transport.map(function, items, limit)

    def prefetch(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> Prefetched[B]:
        """
        Return a prefetcher that calls *fetch* repeatedly, up to *count* results ahead.
        """
        return self.pool.loop_state().transport.prefetch(fetch, count)

    async def respond(self, call: Call[T], *, expires: float | None = None) -> APIResponse[T]:
        """
        Perform *call*; return its data, the response's status and headers, and the attempts.
        """
        self.settings.require_complete()
        loop_state = self.pool.loop_state()
        state = _CallState(
            engine=self,
            call=call,
            loop_state=loop_state,
            limiter=self.pool.limiter(self.settings),
            started=loop_state.transport.now(),
            expires=self.expiry() if expires is None else expires,
            is_watched=self.settings.events.has_listeners,
        )

        outcome: APIResponse[T] | HeyMiloError
        try:
            try:
                if self.settings.sources:
                    await self._load_credentials(state)
            finally:
                # Not earlier: events must mask the credentials that the functions return.
                if state.is_watched:
                    self._emit_start(state)
            # Most calls need a single attempt, so tenacity is not involved.
            outcome = await self._attempt_with_renewal(state)
            if self._schedule_retry(state, outcome):
                outcome = await self._repeat(state, outcome)
        except BaseException as interruption:
            self._emit_end(state, interruption)
            if isinstance(interruption, HeyMiloError):
                log_failure(interruption)
            raise
        self._emit_end(state, outcome)
        if isinstance(outcome, APIResponse):
            if self.record is not None:
                self.record(outcome)
            return outcome
        log_failure(outcome)
        try:
            raise outcome
        finally:
            # The error's traceback refers to this frame. If the frame also referred to the error,
            # only the garbage collector would free them.
            del outcome

    async def _repeat(
        self, state: _CallState[T], first: APIResponse[T] | HeyMiloError
    ) -> APIResponse[T] | HeyMiloError:
        """
        Repeat the call of *state* until an outcome is final; *first* is the first outcome.
        """
        # Not at the top, so that importing the package does not load it; the pool has.
        from tenacity import AsyncRetrying, stop_never  # noqa: PLC0415

        known = [first]
        del first

        # Coroutine functions, which tenacity detects at once; it inspects every attribute of a
        # plain function first.
        async def attempt() -> APIResponse[T] | HeyMiloError:
            return known.pop() if known else await self._attempt_with_renewal(state)

        async def has_another(repeated: RetryCallState) -> bool:
            # The first decision has already been made, and the budget charged.
            return repeated.attempt_number == 1 or self._schedule_retry(
                state, _outcome_of(repeated)
            )

        # One per call: a shared one would mix the attempts of concurrent tasks.
        retrying = AsyncRetrying(
            sleep=state.loop_state.transport.sleep,
            stop=stop_never,
            retry=has_another,
            wait=lambda _: state.wait,
            # tenacity accepts None, though its types do not say so, and then skips the call.
            before=None,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        )
        try:
            return await retrying(attempt)
        finally:
            # It refers to its own methods, so only the garbage collector would free it. (The call
            # must not fail if another version of tenacity renames the attribute.)
            with contextlib.suppress(AttributeError):
                retrying.iter_state.reset()

    async def _load_credentials(
        self, state: _CallState[T], refused: Sequence[Secret | None] = ()
    ) -> None:
        """
        Call each credential function that has not returned a credential other than the *refused*
        ones; sign the call's requests with the results. A call without any time left calls none.
        """
        for source in self.settings.sources:
            lock = state.loop_state.lock_of(source)
            while not source.is_settled(refused):
                if state.remaining <= 0:
                    return
                if not await lock.acquire_within(state.remaining):
                    continue
                try:
                    # Another call may have called it while this one waited for the lock.
                    if not source.is_settled(refused) and state.remaining > 0:
                        await source.ask(awaits=state.loop_state.awaits)
                        break
                finally:
                    lock.release()
        state.engine = attrs.evolve(self, credential=self.settings.credential)
        state.limiter = self.pool.limiter(self.settings)

    async def _attempt_with_renewal(self, state: _CallState[T]) -> APIResponse[T] | HeyMiloError:
        """
        Make an attempt. If the API refused the credentials, renew them and make another.

        This also repeats a call that creates something, because a 401 means that nothing was done.
        """
        outcome = await state.engine._attempt(state)
        if not isinstance(outcome, AuthenticationError) or not self._may_renew(state):
            return outcome
        state.renewals += 1
        await self._load_credentials(state, state.engine.credential or ())
        if state.remaining <= 0:
            return outcome
        state.wait, state.error = 0.0, outcome
        self._emit_retry(state)
        return await state.engine._attempt(state)

    def _may_renew(self, state: _CallState[T]) -> bool:
        return state.is_from_api and state.renewals == 0 and bool(self.settings.sources)

    async def _attempt(self, state: _CallState[T]) -> APIResponse[T] | HeyMiloError:
        api_response: Response | None = None
        response: Response | None = None
        state.is_from_api = False
        permit = await state.limiter.acquire(state, self.settings.rate_limit)
        # If the client was closed while the call waited, `_send` raises ClientClosedError.
        if isinstance(permit, HeyMiloError):
            state.is_over = True
            refusal = state.error or permit
            refusal.attempts = state.attempts
            return refusal
        began, is_unsent = state.loop_state.transport.now(), False
        try:
            api_response = response = await self._send(state, permit)
            if state.call.operation.shape == "bytes" and response.status_code == 302:
                response = await self._follow(state, response)
            content = await self._read(state, response)
        except HeyMiloError as error:
            is_unsent = isinstance(error, APIConnectionError) and not error.maybe_sent
            if api_response is not None:
                is_unsent = False
                # The status of another host says nothing about the API's host.
                await self._observe(
                    state, api_response, error if response is api_response else None
                )
            if isinstance(error, ResponseMismatchError):
                # The next call on this connection would get a wrong response, too.
                await state.loop_state.transport.aclose(gracefully=True)
            # A 401 from another host does not mean that the API refused the credentials.
            state.is_from_api = response is api_response
            self._record_attempt(state, began, response, error)
            error.attempts = state.attempts
            _set_consequences(error, state.call, state.attempts)
            return error.with_traceback(None)
        finally:
            if permit is not None:
                await permit.release(is_unsent=is_unsent)
        if self.settings.rate_limit is not None:
            await self._observe(state, api_response, None)
        self._record_attempt(state, began, response, None)
        if self.record is not None:
            # Only `raw` returns the headers.
            response = cleaned(response, state.secrets)
        return APIResponse(
            request=str(state.call) if self.record is None else self._name(state.call),
            data=content.data,
            meta=content.meta,
            extra=content.extra,
            status_code=response.status_code,
            headers=response.headers,
            # Masked, in case the server put a secret there.
            request_id=state.attempts[-1].request_id,
            attempts=state.attempts,
            elapsed=state.loop_state.transport.now() - state.started,
        )

    def _schedule_retry(self, state: _CallState[T], outcome: APIResponse[T] | HeyMiloError) -> bool:
        """
        Schedule another attempt if *outcome* calls for one; return whether it does.
        """
        if state.is_over:
            return False
        budget = self.pool.budget
        if not isinstance(outcome, HeyMiloError):
            budget.give_back(state.retry.cost if state.retry else 1)
            return False
        now = state.loop_state.transport.now()
        retry = next_try(
            outcome,
            # The attempt with a renewed credential replaces the refused one.
            number=len(state.attempts) - state.renewals,
            repeatable=state.call.operation.repeatable,
            policy=self.settings.retry,
            at_least=state.limiter.remaining_cool_down(state.loop_state.now()),
            remaining=state.expires - now,
            random=self.random,
        )
        if retry is None:
            return False
        if not budget.take(retry.cost):
            outcome.retry_budget_exhausted = True
            return False
        state.retry, state.wait, state.error = retry, retry.delay, outcome
        self._emit_retry(state)
        return True

    async def _observe(
        self, state: _CallState[T], response: Response, error: HeyMiloError | None
    ) -> None:
        await state.limiter.observe(
            state,
            self.settings.rate_limit,
            response,
            error,
            wall_clock=self.wall_clock,
        )

    async def _send(self, state: _CallState[T], permit: Permit | None) -> Response:
        if self.pool.closed:
            name = self._name(state.call)
            message = f"{name}: the client was closed during the call"
            raise ClientClosedError(message, request=name)
        call = state.call
        request = Request(
            name=str(call),
            method=call.operation.method,
            base_url=self.settings.base_url,
            path=call.target,
            headers=self._headers_of(call),
            secrets=self.settings.secrets + call.secrets,
            body=call.body,
        )
        if state.is_watched:
            self._emit(
                AttemptStarted,
                state,
                number=len(state.attempts) + 1,
                method=request.method,
                url=scrub(request.url, request.secrets),
                headers={name: str(value) for name, value in request.headers},
            )
        return await state.loop_state.transport.send(
            request,
            timeout=self.settings.timeout,
            expires=None if state.expires == NEVER else state.expires,
            on_send=None if permit is None else permit.start,
            on_wait=state.await_cool_down,
        )

    def _headers_of(self, call: Call[Any]) -> tuple[tuple[str, Secret | str], ...]:
        if call.body is None and not call.headers and call.operation.shape != "bytes":
            return self._headers
        own: list[tuple[str, Secret | str]] = [*call.headers]
        if call.body is not None:
            own.append(("Content-Type", "application/json"))
        if call.operation.shape == "bytes":
            own.append(("Accept", "audio/mpeg, application/json"))
        names = {name.lower() for name, _ in own}
        return (*(pair for pair in self._headers if pair[0].lower() not in names), *own)

    async def _follow(self, state: _CallState[T], response: Response) -> Response:
        """
        Follow the redirect of *response*, and return what the other host sends.

        The request to the other host has no credentials and no headers of the caller. Return
        *response* itself if the contract does not allow its target. A second redirect is not
        followed.
        """
        target = redirect_target(response.headers.get("location"), self.settings.base_url)
        if target is None:
            return response
        request = Request(
            name=str(state.call),
            method="GET",
            base_url=target[0],
            path=target[1],
            headers=(("Accept", "audio/mpeg"), ("User-Agent", self.user_agent)),
            secrets=self.settings.secrets,
        )
        return await state.loop_state.transport.send(
            request,
            timeout=self.settings.timeout,
            expires=None if state.expires == NEVER else state.expires,
        )

    @functools.cached_property
    def _headers(self) -> tuple[tuple[str, Secret | str], ...]:
        defaults = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", self.user_agent),
        ]
        given = self.settings.headers(self.credential or self.settings.credential)
        overridden = {name.lower() for name, _ in given}
        return (*(pair for pair in defaults if pair[0].lower() not in overridden), *given)

    def clean(self, text: str) -> str:
        """
        Return *text* from an external source with its secrets masked.
        """
        return scrub(text, self.settings.secrets)

    def cleaned_refusal(
        self, error: InvalidRequestError | TypeError, body: object
    ) -> InvalidRequestError | TypeError:
        """
        Return *error*, which refused *body* before it was sent, without secrets in its text.

        The text may quote the name of a member, and a caller who mixed up two arguments may have
        put a key there. The traceback is dropped, because its frames refer to the body.
        """
        secrets = self.settings.secrets + secrets_of(body)
        error.args = tuple(scrub(str(one), secrets) for one in error.args)
        return error.with_traceback(None)

    def _name(self, call: Call[Any]) -> str:
        # Masked, in case a user passed the API key as an id.
        return self.clean(str(call))

    async def _read(self, state: _CallState[T], response: Response) -> Content[T]:
        """
        Check and decode *response*.
        """
        call, secrets = state.call, state.secrets
        wait = None
        if not 200 <= response.status_code < 300:
            wait = retry_after(response.headers, response.status_code, self.wall_clock())
        refusal = check(response, request=str(call), secrets=secrets, retry_after=wait)
        if refusal is not None:
            raise refusal
        error: HeyMiloError
        try:
            if len(response.body) < _LARGE:
                content = _decoded(call, response, secrets)
            else:
                decoding = functools.partial(_decoded, call, response, secrets)
                content = await state.loop_state.transport.run_in_thread(decoding, within=math.inf)
        except ResponseDecodeError as fault:
            error = decode_error(fault, response, request=str(call), secrets=secrets)
        else:
            if state.expires == NEVER or state.remaining > 0:
                if content.is_cut:
                    LOGGER.warning(
                        "%s: the server has more items, but this list has no pagination", call
                    )
                return content
            name = self._name(call)
            error = DeadlineExceededError(
                f"{name}: the call's deadline passed (before its response was decoded)",
                request=name,
                phase="read",
                maybe_sent=True,
                attempts=(Attempt(number=1, cause="deadline passed in decoding"),),
            )
        # Not raised in the except block, because the caught error's frames refer to the body.
        raise error

    def _record_attempt(
        self,
        state: _CallState[T],
        began: float,
        response: Response | None,
        error: HeyMiloError | None,
    ) -> None:
        """
        Add the current attempt to *state*, unless it was refused before it began.
        """
        if response is None and not (isinstance(error, APIConnectionError) and error.attempts):
            return
        cause = None
        if isinstance(error, APIConnectionError):
            cause = error.attempts[0].cause
        elif isinstance(error, ResponseDecodeError):
            cause = type(error).__name__
        secrets = state.secrets
        request_id = getattr(error or response, "request_id", None)
        attempt = Attempt(
            number=len(state.attempts) + 1,
            status_code=None if response is None else response.status_code,
            cause=cause,
            wait=state.wait,
            elapsed=state.loop_state.transport.now() - began,
            # Masked, in case the server put a secret there.
            request_id=request_id and scrub(request_id, secrets),
        )
        state.attempts = (*state.attempts, attempt)
        if state.is_watched:
            self._emit(
                AttemptFinished,
                state,
                number=attempt.number,
                status_code=attempt.status_code,
                cause=attempt.cause,
                error=None if error is None else type(error).__name__,
                request_id=attempt.request_id,
                elapsed=attempt.elapsed,
                headers=None if response is None else cleaned_headers(response.headers, secrets),
            )

    def _emit(self, kind: type[Event], state: _CallState[Any], **facts: Any) -> None:
        """
        Emit an event of *kind*, if a listener or the log needs it.
        """
        if self.settings.events.wants(kind):
            event = kind(
                call=state.number,
                operation=state.call.operation.id,
                request=self._name(state.call),
                **facts,
            )
            self.settings.events.tell(event)

    def _emit_retry(self, state: _CallState[Any]) -> None:
        self._emit(
            RetryScheduled,
            state,
            number=len(state.attempts) + 1,
            wait=state.wait,
            reason=state.attempts[-1].reason,
        )

    def _emit_start(self, state: _CallState[Any]) -> None:
        self._emit(
            CallStarted,
            state,
            method=state.call.operation.method,
            url=scrub(self.settings.base_url + state.call.target, self.settings.secrets),
            template=urlsplit(self.settings.base_url).path + state.call.operation.path,
            deadline=None if state.expires == NEVER else state.expires - state.started,
        )

    def _emit_end(self, state: _CallState[T], outcome: APIResponse[T] | BaseException) -> None:
        """
        Emit the last events of a call: `PageFetched` for a page, and `CallFinished`.
        """
        # Even if no listener watches the call: the log has a line for `CallFinished`, and its
        # level may have changed during the call.
        if not self.settings.events.wants(CallFinished):
            return
        data: Any = outcome.data if isinstance(outcome, APIResponse) else None
        if state.is_watched and state.call.operation.shape == "page" and data is not None:
            self._emit(
                PageFetched,
                state,
                count=len(data),
                has_more=data.has_more,
                total_count=data.pagination.total_count,
                cursor=self.clean(cursor_of(data[-1])) if data else None,
            )
        last = state.attempts[-1] if state.attempts else None
        self._emit(
            CallFinished,
            state,
            attempts=len(state.attempts),
            status_code=last and last.status_code,
            error=None if isinstance(outcome, APIResponse) else type(outcome).__name__,
            request_id=last and last.request_id,
            elapsed=state.loop_state.transport.now() - state.started,
        )


def _outcome_of(state: RetryCallState) -> Any:
    outcome = state.outcome
    if outcome is not None and outcome.failed:
        # A frame in the traceback refers to the state. If the state also referred to the
        # exception, only the garbage collector would free them.
        state.outcome = None
    try:
        # This raises cancellation and Ctrl-C again.
        return outcome.result() if outcome is not None else None
    finally:
        del outcome


def _set_consequences(error: HeyMiloError, call: Call[Any], attempts: Sequence[Attempt]) -> None:
    """
    Set what the *error* of a call that changes data says about its effect on the server.
    """
    operation = call.operation
    if operation.method == "GET":
        return
    if isinstance(error, ResponseDecodeError | ServerError) or (
        isinstance(error, APIStatusError) and error.status_code in _AMBIGUOUS
    ):
        error.maybe_sent = True
    if isinstance(error, NotFoundError) and operation.method == "DELETE" and len(attempts) > 1:
        error.maybe_done = True
        error.advice = "an earlier attempt may have deleted it"
    elif isinstance(error, ResponseDecodeError) and _is_from_api(error):
        error.advice = "the server processed the request itself"
    elif error.maybe_sent and not operation.repeatable:
        error.advice = operation.advice


def _is_from_api(error: ResponseDecodeError) -> bool:
    # A proxy may send a page of its own, although the request has not reached the API.
    return "json" in error.headers.get("content-type", "json").casefold()


def _decoded(call: Call[T], response: Response, secrets: tuple[Secret, ...]) -> Content[T]:
    operation = call.operation
    if operation.shape == "bytes":
        data: Any = audio_of(response)
        return Content(data)
    member, asked = operation.answers, call.answers_id
    content: Content[T] = read_content(response.body, operation.returns, operation.shape, asked)
    if member is None or asked is None:
        return content
    given = getattr(content.data, member, None)
    if not isinstance(given, str) or given.casefold() != asked.casefold():
        came, wanted = (printable(scrub(str(one), secrets), 50) for one in (given, asked))
        message = f"the server sent {came!r} instead of {wanted!r}"
        raise ResponseMismatchError(message, path=f"$.data.{member}")
    return content
