"""
Performs calls: acquire a permit, sign, send, check, retry, decode.

    respond     one call: makes attempts until an outcome is final, through tenacity
    _sign_in    gets credentials from callables, before the first attempt and after a 401
    _attempt    one attempt: acquire, _send, _read, observe
    _after      decides whether there is another attempt

The outcome of an attempt is a value: an `APIResponse`, or the error to raise. Only cancellation,
Ctrl-C and exceptions of the user's own http_client are raised as exceptions.
"""

from __future__ import annotations

import contextlib
import functools
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
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
from ._http.errors import deadline_error
from ._ratelimit.limiter import Permit, RateLimiter
from .errors import (
    APIConnectionError,
    Attempt,
    AuthenticationError,
    ClientClosedError,
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
        is_ours: Whether an error of the current attempt came from the API itself.
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
    is_ours: bool = False
    renewals: int = 0
    is_watched: bool
    number: int = attrs.field(factory=next_call)

    @property
    def name(self) -> str:
        """
        The name of the request, for errors.
        """
        return self.engine._name(self.call)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """
        What no text about it may repeat: credentials, and what its body holds.
        """
        return self.engine.settings.secrets + self.call.secrets + self.loop_state.transport.secrets

    @property
    def remaining(self) -> float:
        """
        Seconds until the deadline.
        """
        return self.expires - self.loop_state.transport.now()

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
        await self.limiter.check_again(self)

    def will_wait(self, seconds: float) -> None:
        """
        Record a wait before the current attempt, and emit an event.
        """
        self.wait += seconds
        self.engine._tell(Paced, self, wait=seconds)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Engine:
    """
    Performs calls with the settings of one client or view; views share a pool.

    Tests replace *random* and *wall_clock*. *credential* signs the requests; None: the settings'.
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

        *expires* is the expiry of a larger call that this one belongs to; None: the call has its
        own deadline.
        """
        return (await self.respond(call, expires=expires)).data

    async def map(
        self, function: Callable[[A], Awaitable[B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Call *function* with each of *items*, *limit* at a time; return the results in order.
        """
        return await self.pool.loop_state().transport.map(function, items, limit)

    def prefetch(self, fetch: Callable[[], Awaitable[B]], count: int) -> Prefetched[B]:
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
                    await self._sign_in(state)
            finally:
                # Only now are all the secrets known that no event may show.
                if state.is_watched:
                    self._tell_start(state)
            # Most calls need a single attempt, so tenacity is not involved.
            outcome = await self._try(state)
            if self._after(state, outcome):
                outcome = await self._repeat(state, outcome)
        except BaseException as interruption:
            self._tell_end(state, interruption)
            raise
        self._tell_end(state, outcome)
        if isinstance(outcome, APIResponse):
            if self.record is not None:
                self.record(outcome)
            return outcome
        log_failure(outcome)
        try:
            raise outcome
        finally:
            # The traceback refers to this frame. If the frame referred to the error, only the
            # garbage collector would free both.
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
            return known.pop() if known else await self._try(state)

        async def has_another(repeated: RetryCallState) -> bool:
            # The first decision has already been made, and the budget charged.
            return repeated.attempt_number == 1 or self._after(state, _outcome_of(repeated))

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

    async def _sign_in(self, state: _CallState[T], refused: Sequence[Secret | None] = ()) -> None:
        """
        Ask for the credentials that change, unless others than the *refused* ones are there.
        """
        for source in self.settings.sources:
            if not source.is_settled(refused):
                async with state.loop_state.lock_of(source):
                    # Whoever had the lock before may have asked.
                    if not source.is_settled(refused):
                        await source.ask(awaits=state.loop_state.awaits)
        state.engine = attrs.evolve(self, credential=self.settings.credential)
        state.limiter = self.pool.limiter(self.settings)

    async def _try(self, state: _CallState[T]) -> APIResponse[T] | HeyMiloError:
        """
        Attempt *state*; and once more, with renewed credentials, if these were refused.

        A call that creates something too: a 401 says that nothing was done.
        """
        outcome = await state.engine._attempt(state)
        if not isinstance(outcome, AuthenticationError) or not self._may_renew(state):
            return outcome
        state.renewals += 1
        await self._sign_in(state, state.engine.credential or ())
        if state.remaining <= 0:
            return outcome
        state.wait, state.error = 0.0, outcome
        self._tell_retry(state)
        return await state.engine._attempt(state)

    def _may_renew(self, state: _CallState[T]) -> bool:
        return state.is_ours and state.renewals == 0 and bool(self.settings.sources)

    async def _attempt(self, state: _CallState[T]) -> APIResponse[T] | HeyMiloError:
        ours: Response | None = None
        answer: Response | None = None
        state.is_ours = False
        permit = await state.limiter.acquire(state, self.settings.rate_limit)
        # If the client was closed while the call waited, `_send` raises ClientClosedError.
        if isinstance(permit, HeyMiloError):
            state.is_over = True
            refusal = state.error or permit
            refusal.attempts = state.attempts
            return refusal
        began = state.loop_state.transport.now()
        try:
            ours = answer = await self._send(state, permit)
            if state.call.operation.shape == "bytes" and answer.status_code == 302:
                answer = await self._follow(state, answer)
            content = await self._read(state, answer)
        except HeyMiloError as error:
            if ours is not None:
                # The status of another host says nothing about the API's host.
                await self._observe(state, ours, error if answer is ours else None)
            if isinstance(error, ResponseMismatchError):
                # The connection is out of sync: the next call would get the wrong response.
                await state.loop_state.transport.aclose(gracefully=True)
            # What another host refuses is no matter of ours.
            state.is_ours = answer is ours
            self._note(state, began, answer, error)
            error.attempts = state.attempts
            _say_what_is_known(error, state.call, state.attempts)
            return error.with_traceback(None)
        finally:
            if permit is not None:
                await permit.release()
        if self.settings.rate_limit is not None:
            await self._observe(state, ours, None)
        self._note(state, began, answer, None)
        if self.record is not None:
            # Only `raw` returns the headers.
            answer = cleaned(answer, state.secrets)
        return APIResponse(
            request=str(state.call) if self.record is None else self._name(state.call),
            data=content.data,
            meta=content.meta,
            extra=content.extra,
            status_code=answer.status_code,
            headers=answer.headers,
            # Masked, in case the server put a secret there.
            request_id=state.attempts[-1].request_id,
            attempts=state.attempts,
            elapsed=state.loop_state.transport.now() - state.started,
        )

    def _after(self, state: _CallState[T], outcome: APIResponse[T] | HeyMiloError) -> bool:
        """
        Return whether to attempt again after *outcome*, and set the wait before it.
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
            # The attempt with a renewed credential takes the place of the one that was refused.
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
        self._tell_retry(state)
        return True

    async def _observe(
        self, state: _CallState[T], answer: Response, error: HeyMiloError | None
    ) -> None:
        await state.limiter.observe(
            state,
            self.settings.rate_limit,
            answer,
            error,
            wall_clock=self.wall_clock,
            longest=self.settings.retry.max_retry_after,
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
            self._tell(
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

    async def _follow(self, state: _CallState[T], answer: Response) -> Response:
        """
        Follow the redirect of *answer*, as the contract has it; return *answer* if it leads nowhere.

        The other host gets no credentials and no headers of the caller; a second redirect is not
        followed.
        """
        target = redirect_target(answer.headers.get("location"), self.settings.base_url)
        if target is None:
            return answer
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
        ours = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", self.user_agent),
        ]
        mine = self.settings.headers(self.credential or self.settings.credential)
        overridden = {name.lower() for name, _ in mine}
        return (*(pair for pair in ours if pair[0].lower() not in overridden), *mine)

    def clean(self, text: str) -> str:
        """
        Return *text* from an external source with its secrets masked.
        """
        return scrub(text, self.settings.secrets)

    def cleaned_refusal(
        self, error: InvalidRequestError | TypeError, body: object
    ) -> InvalidRequestError | TypeError:
        """
        Return *error*, which refuses a call with *body* unsent, without the secrets that it repeats.

        Its text may quote the name of a member, where a caller who mixed up two arguments has a
        key. The frames below go too, for they hold what was refused.
        """
        secrets = self.settings.secrets + secrets_of(body)
        error.args = tuple(scrub(str(one), secrets) for one in error.args)
        return error.with_traceback(None)

    def _name(self, call: Call[Any]) -> str:
        # A user may pass the API key as an id by mistake.
        return self.clean(str(call))

    async def _read(self, state: _CallState[T], answer: Response) -> Content[T]:
        """
        Check and decode *answer*.
        """
        call, secrets = state.call, state.secrets
        wait = None
        if not 200 <= answer.status_code < 300:
            wait = retry_after(answer.headers, answer.status_code, self.wall_clock())
        refusal = check(answer, request=str(call), secrets=secrets, retry_after=wait)
        if refusal is not None:
            raise refusal
        error: HeyMiloError
        try:
            if len(answer.body) < _LARGE:
                content = _decoded(call, answer, secrets)
            else:
                decoding = functools.partial(_decoded, call, answer, secrets)
                content = await state.loop_state.transport.run_in_thread(decoding, within=math.inf)
        except ResponseDecodeError as fault:
            error = decode_error(fault, answer, request=str(call), secrets=secrets)
        else:
            if state.expires == NEVER or state.remaining > 0:
                if content.is_cut:
                    LOGGER.warning(
                        "%s: the server has more items, but this list has no pagination", call
                    )
                return content
            error = deadline_error(self._name(call), "read", answer.elapsed)
        # Not raised within the except block, because the other error's frames refer to the body.
        raise error

    def _note(
        self,
        state: _CallState[T],
        began: float,
        answer: Response | None,
        error: HeyMiloError | None,
    ) -> None:
        """
        Add the current attempt to the state, if anything was sent.
        """
        if answer is None and not isinstance(error, APIConnectionError):
            return
        cause = None
        if isinstance(error, APIConnectionError):
            cause = error.attempts[0].cause
        elif isinstance(error, ResponseDecodeError):
            cause = type(error).__name__
        secrets = state.secrets
        request_id = getattr(error or answer, "request_id", None)
        attempt = Attempt(
            number=len(state.attempts) + 1,
            status_code=None if answer is None else answer.status_code,
            cause=cause,
            wait=state.wait,
            elapsed=state.loop_state.transport.now() - began,
            # Masked, in case the server put a secret there.
            request_id=request_id and scrub(request_id, secrets),
        )
        state.attempts = (*state.attempts, attempt)
        if state.is_watched:
            self._tell(
                AttemptFinished,
                state,
                number=attempt.number,
                status_code=attempt.status_code,
                cause=attempt.cause,
                error=None if error is None else type(error).__name__,
                request_id=attempt.request_id,
                elapsed=attempt.elapsed,
                headers=None if answer is None else cleaned_headers(answer.headers, secrets),
            )

    def _tell(self, kind: type[Event], state: _CallState[Any], **facts: Any) -> None:
        """
        Emit an event of *kind*, if there is a listener for it.
        """
        if self.settings.events.wants(kind):
            event = kind(
                call=state.number,
                operation=state.call.operation.id,
                request=self._name(state.call),
                **facts,
            )
            self.settings.events.tell(event)

    def _tell_retry(self, state: _CallState[Any]) -> None:
        self._tell(
            RetryScheduled,
            state,
            number=len(state.attempts) + 1,
            wait=state.wait,
            reason=state.attempts[-1].reason,
        )

    def _tell_start(self, state: _CallState[Any]) -> None:
        self._tell(
            CallStarted,
            state,
            method=state.call.operation.method,
            url=scrub(self.settings.base_url + state.call.target, self.settings.secrets),
            template=urlsplit(self.settings.base_url).path + state.call.operation.path,
            deadline=None if state.expires == NEVER else state.expires - state.started,
        )

    def _tell_end(self, state: _CallState[T], outcome: APIResponse[T] | BaseException) -> None:
        """
        Emit the last events of a call: `PageFetched` for a page, and `CallFinished`.
        """
        # The log has a line for this one, and its level may have changed during the call.
        if not self.settings.events.wants(CallFinished):
            return
        data: Any = outcome.data if isinstance(outcome, APIResponse) else None
        if state.is_watched and state.call.operation.shape == "page" and data is not None:
            self._tell(
                PageFetched,
                state,
                count=len(data),
                has_more=data.has_more,
                total_count=data.pagination.total_count,
                cursor=self.clean(cursor_of(data[-1])) if data else None,
            )
        last = state.attempts[-1] if state.attempts else None
        self._tell(
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
        # A frame in the traceback refers to the state: only the garbage collector would free
        # both, and everything that the frames refer to.
        state.outcome = None
    try:
        # This raises cancellation and Ctrl-C again.
        return outcome.result() if outcome is not None else None
    finally:
        del outcome


def _say_what_is_known(error: HeyMiloError, call: Call[Any], attempts: Sequence[Attempt]) -> None:
    """
    Set `maybe_sent` and `advice` on the *error* of a call that changes data.
    """
    operation = call.operation
    if operation.method == "GET":
        return
    is_done = isinstance(error, ResponseDecodeError)
    if is_done or isinstance(error, ServerError):
        error.maybe_sent = True
    if isinstance(error, NotFoundError) and operation.method == "DELETE" and len(attempts) > 1:
        error.maybe_done = True
        error.advice = "an earlier attempt may have deleted it"
    elif is_done:
        error.advice = "the server processed the request itself"
    elif error.maybe_sent and not operation.repeatable:
        error.advice = operation.advice


def _decoded(call: Call[T], answer: Response, secrets: tuple[Secret, ...]) -> Content[T]:
    operation = call.operation
    if operation.shape == "bytes":
        data: Any = audio_of(answer)
        return Content(data)
    member, asked = operation.answers, call.answers_id
    content: Content[T] = read_content(answer.body, operation.returns, operation.shape, asked)
    if member is None or asked is None:
        return content
    given = getattr(content.data, member, None)
    if not isinstance(given, str) or given.casefold() != asked.casefold():
        came, wanted = (printable(scrub(str(one), secrets), 50) for one in (given, asked))
        message = f"the server sent {came!r} instead of {wanted!r}"
        raise ResponseMismatchError(message, path=f"$.data.{member}")
    return content
