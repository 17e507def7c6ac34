"""
THE loop: pace, sign, send, check, retry, decode.

    respond     one call: attempts until one settles it, through tenacity
    _attempt    one attempt: _pace, _sign and _send, _read
    _after      the verdict on it: does it stand, or is there another try

What an attempt came to is a value, an `APIResponse` or the error to raise; only what is not ours
to judge (cancellation, Ctrl-C, an exception of your own http_client) passes through as exception.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NoReturn, TypeGuard, TypeVar
from urllib.parse import urlsplit

import attrs
from tenacity import AsyncRetrying, RetryCallState, stop_never

from ._core.codec import Content, read_content
from ._core.emitter import LOGGER, log_failure
from ._core.messages import APIResponse, Call, Request, Response, audio_of
from ._core.model import cursor_of
from ._core.redirects import redirect_target
from ._core.retry import Retry, next_try
from ._core.secrets import Secret, printable, scrub
from ._core.settings import RateLimit, Settings
from ._core.status import check, cleaned, cleaned_headers, decode_error
from ._core.transport import Prefetched
from ._http import deadline_error
from ._pool import LoopState, Pool
from ._ratelimit.headers import quota, retry_after
from ._ratelimit.window import RateLimitStatus
from .errors import (
    APIConnectionError,
    APIStatusError,
    Attempt,
    ClientClosedError,
    DeadlineExceededError,
    HeyMiloError,
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

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

#: With these statuses the server may ask all callers to rest.
_RESTFUL = frozenset({429, 503})

#: Where "no deadline" is a number.
NEVER = math.inf


@attrs.define(kw_only=True, eq=False)
class _Course(Generic[T]):
    """
    What one call has been through so far.

    Attributes:
        wait: Seconds waited before the present attempt.
        retry: The verdict that led to it, None for the first one.
        error: What ended the attempt before it.
        is_over: Whether no attempt fits the deadline any more.
        number: The call's number, as events have it.
    """

    call: Call[T]
    lane: LoopState
    started: float
    expires: float
    attempts: tuple[Attempt, ...] = ()
    wait: float = 0.0
    retry: Retry | None = None
    error: HeyMiloError | None = None
    is_over: bool = False
    number: int = attrs.field(factory=next_call)


@attrs.frozen(kw_only=True, eq=False)
class Engine:
    """
    Performs calls with one view's settings on a pool that it may share.

    *random* and *wall_clock* are arguments so that a test can hold them still.
    """

    pool: Pool
    settings: Settings
    user_agent: str
    random: Callable[[], float] = random.random
    wall_clock: Callable[[], float] = time.time
    record: Callable[[APIResponse[Any]], None] | None = None

    @property
    def rate_limit(self) -> RateLimitStatus | None:
        """
        How things stand to the rate limit, None if there is none.
        """
        rule, turns = self.settings.rate_limit, self.pool.turns(self.settings)
        return turns.status(rule, self.pool.now()) if rule and turns else None

    def __reduce__(self) -> NoReturn:
        message = (
            "what belongs to a client, such as a resource or a walk, is not pickled: "
            "pickle the client, and take it from there"
        )
        raise TypeError(message)

    def expiry(self) -> float:
        """
        Return when a call that starts now has to be over, on the transport's clock.
        """
        deadline = self.settings.deadline
        return NEVER if deadline is None else self.pool.loop_state().transport.now() + deadline

    async def perform(self, call: Call[T], *, expires: float | None = None) -> T:
        """
        Return the data that *call* asks for.

        *expires* is when a call that this one is part of has to be over; without it the call has
        a deadline of its own.
        """
        return (await self.respond(call, expires=expires)).data

    async def map(
        self, function: Callable[[A], Awaitable[B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Return *function* of each of *items*, in order, *limit* at a time.
        """
        return await self.pool.loop_state().transport.map(function, items, limit)

    def prefetch(self, fetch: Callable[[], Awaitable[B]], count: int) -> Prefetched[B]:
        """
        Return what calls *fetch* again and again, *count* results ahead of who takes them.
        """
        return self.pool.loop_state().transport.prefetch(fetch, count)

    async def respond(self, call: Call[T], *, expires: float | None = None) -> APIResponse[T]:
        """
        Perform *call*; return its data and all that came with it.
        """
        self.settings.require_complete()
        lane = self.pool.loop_state()
        course = _Course(
            call=call,
            lane=lane,
            started=lane.transport.now(),
            expires=self.expiry() if expires is None else expires,
        )

        outcome: APIResponse[T] | HeyMiloError
        try:
            self._tell_start(course)
            # Most calls need no other attempt, and then tenacity has nothing to do.
            outcome = await self._attempt(course)
            if self._after(course, outcome):
                outcome = await self._repeat(course, outcome)
        except BaseException as interruption:
            self._tell_end(course, interruption)
            raise
        self._tell_end(course, outcome)
        if isinstance(outcome, APIResponse):
            if self.record is not None:
                self.record(outcome)
            return outcome
        log_failure(outcome)
        try:
            raise outcome
        finally:
            # The traceback holds this frame; were the frame to hold the error, both would stay
            # until the garbage collector comes by.
            del outcome

    async def _repeat(
        self, course: _Course[T], first: APIResponse[T] | HeyMiloError
    ) -> APIResponse[T] | HeyMiloError:
        """
        Attempt *course* again, as decided, until an outcome stands; *first* is what came before.
        """
        known = [first]
        del first

        # Coroutine functions, which tenacity finds out at once; of a plain one it inspects every
        # attribute first.
        async def attempt() -> APIResponse[T] | HeyMiloError:
            return known.pop() if known else await self._attempt(course)

        async def has_another(state: RetryCallState) -> bool:
            # After the first attempt that has been decided, and the budget has paid for it.
            return state.attempt_number == 1 or self._after(course, _outcome_of(state))

        # One a call: a shared one would mix the attempts of concurrent tasks.
        retrying = AsyncRetrying(
            sleep=course.lane.transport.sleep,
            stop=stop_never,
            retry=has_another,
            wait=lambda _: course.wait,
            # None is left out, which its types do not say; the default would be called for nothing.
            before=None,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        )
        try:
            return await retrying(attempt)
        finally:
            # It holds methods of its own: nobody but the garbage collector would free it. (That is
            # no harm where another version of tenacity names it otherwise; a call that fails is.)
            with contextlib.suppress(AttributeError):
                retrying.iter_state.reset()

    async def _attempt(self, course: _Course[T]) -> APIResponse[T] | HeyMiloError:
        answer: Response | None = None
        refusal = await self._pace(course)
        if refusal is not None:
            course.is_over = True
            refusal.attempts = course.attempts
            return refusal
        began = course.lane.transport.now()
        try:
            answer = await self._send(course)
            await self._learn(course, answer)
            answer = await self._follow(course, answer)
            content = await self._read(course, answer)
        except HeyMiloError as error:
            if isinstance(error, ResponseMismatchError):
                # What that connection still holds would be the next caller's answer.
                await course.lane.transport.recycle_connections()
            self._note(course, began, answer, error)
            error.attempts = course.attempts
            _say_what_is_known(error, course.call, course.attempts)
            return error.with_traceback(None)
        self._note(course, began, answer, None)
        if self.record is not None:
            # Only `raw` shows what came with the data.
            answer = cleaned(answer, self.settings.secrets + course.lane.transport.secrets)
        return APIResponse(
            request=str(course.call) if self.record is None else self._name(course.call),
            data=content.data,
            meta=content.meta,
            extra=content.extra,
            status_code=answer.status_code,
            headers=answer.headers,
            request_id=answer.request_id,
            attempts=course.attempts,
            elapsed=course.lane.transport.now() - course.started,
        )

    def _after(self, course: _Course[T], outcome: APIResponse[T] | HeyMiloError) -> bool:
        """
        Return whether there is another attempt after *outcome*, and set how long to wait for it.
        """
        if course.is_over:
            return False
        budget = self.pool.budget
        if not isinstance(outcome, HeyMiloError):
            budget.give_back(course.retry.cost if course.retry else 1)
            return False
        now = course.lane.transport.now()
        self._cool_down(course, outcome, now)
        resting = course.lane.cool_down.remaining(self.settings.credential, now)
        retry = next_try(
            outcome,
            number=len(course.attempts),
            repeatable=course.call.operation.repeatable,
            policy=self.settings.retry,
            at_least=resting[0] if resting else 0.0,
            remaining=course.expires - now,
            random=self.random,
        )
        if retry is None:
            return False
        if not budget.take(retry.cost):
            outcome.retry_budget_exhausted = True
            return False
        course.retry, course.wait, course.error = retry, retry.delay, outcome
        self._tell(
            RetryScheduled,
            course,
            number=len(course.attempts) + 1,
            wait=retry.delay,
            reason=course.attempts[-1].reason,
        )
        return True

    async def _pace(self, course: _Course[T]) -> HeyMiloError | None:
        """
        Wait while the credential is to rest, and for its turn; return an error if that would take
        longer than the deadline allows.
        """
        refusal = await self._rest(course)
        rule, turns = self.settings.rate_limit, self.pool.turns(self.settings)
        if refusal is not None or rule is None or turns is None:
            return refusal
        late = await turns.take(rule, course.lane, _Caller(self, course))
        # If the client was closed meanwhile, sending says so.
        if late and not self.pool.closed:
            return course.error or _no_turn(self._name(course.call), late, rule)
        # While it waited for its turn, the server may have asked for a pause.
        return await self._rest(course)

    async def _rest(self, course: _Course[T]) -> HeyMiloError | None:
        """
        Wait as long as the server asked callers with this credential to; return an error if that
        would take longer than the deadline allows.
        """
        cool_down, transport = course.lane.cool_down, course.lane.transport
        # Look again after each wait: meanwhile another call may have been asked to wait longer. Who
        # waits when the client closes is woken early; sending then says that it was closed.
        while not self.pool.closed and (
            resting := cool_down.remaining(self.settings.credential, transport.now())
        ):
            wait, because = resting
            if not self._may_wait(course, wait):
                return course.error or _not_rested(self._name(course.call), wait, because)
            await transport.sleep(wait)
        return None

    def _may_wait(self, course: _Course[T], wait: float) -> bool:
        """
        Return whether the call can wait for so long before it is sent; if so, that is told.
        """
        if course.lane.transport.now() + wait >= course.expires:
            return False
        course.wait += wait
        self._tell(Paced, course, wait=wait)
        return True

    async def _learn(self, course: _Course[T], answer: Response) -> None:
        """
        Heed what *answer* says of the server's rate limit, if the client has one.
        """
        rule, turns = self.settings.rate_limit, self.pool.turns(self.settings)
        if rule is None or turns is None:
            return
        said = quota(answer.headers, self.wall_clock())
        if said is not None:
            await turns.learn(rule, said, course.lane)
        if answer.status_code in _RESTFUL:
            wait = retry_after(answer.headers, answer.status_code, self.wall_clock())
            if self._is_rest(wait):
                await turns.rest(wait, course.lane)

    async def _send(self, course: _Course[T]) -> Response:
        if self.pool.closed:
            name = self._name(course.call)
            message = f"{name}: the client was closed meanwhile"
            raise ClientClosedError(message, request=name)
        request = self._sign(course.call)
        if self.settings.events.wants(AttemptStarted):
            self._tell(
                AttemptStarted,
                course,
                number=len(course.attempts) + 1,
                method=request.method,
                url=scrub(request.url, request.secrets),
                headers={name: str(value) for name, value in request.headers},
            )
        return await course.lane.transport.send(
            request,
            timeout=self.settings.timeout,
            expires=None if course.expires == NEVER else course.expires,
        )

    def _sign(self, call: Call[T]) -> Request:
        return Request(
            name=str(call),
            method=call.operation.method,
            base_url=self.settings.base_url,
            path=call.target,
            headers=self._headers_of(call),
            secrets=self.settings.secrets,
            body=call.body,
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

    async def _follow(self, course: _Course[T], answer: Response) -> Response:
        """
        Return *answer*, or what it redirects to where the contract has a redirect.

        The other host gets no credential and no header of the caller's, and is followed once.
        """
        if course.call.operation.shape != "bytes" or answer.status_code != 302:
            return answer
        target = redirect_target(answer.headers.get("location"), self.settings.base_url)
        if target is None:
            return answer
        request = Request(
            name=str(course.call),
            method="GET",
            base_url=target[0],
            path=target[1],
            headers=(("Accept", "audio/mpeg"), ("User-Agent", self.user_agent)),
            secrets=self.settings.secrets,
        )
        return await course.lane.transport.send(
            request,
            timeout=self.settings.timeout,
            expires=None if course.expires == NEVER else course.expires,
        )

    @functools.cached_property
    def _headers(self) -> tuple[tuple[str, Secret | str], ...]:
        ours = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", self.user_agent),
        ]
        mine = self.settings.headers
        overridden = {name.lower() for name, _ in mine}
        return (*(pair for pair in ours if pair[0].lower() not in overridden), *mine)

    def clean(self, text: str) -> str:
        """
        Return *text*, which came from somebody else, without the secrets that it repeats.
        """
        return scrub(text, self.settings.secrets)

    def _name(self, call: Call[Any]) -> str:
        # Who takes one thing for the other asks for a number whose id is the key.
        return self.clean(str(call))

    async def _read(self, course: _Course[T], answer: Response) -> Content[T]:
        """
        Return what *answer* holds.
        """
        call, secrets = course.call, self.settings.secrets + course.lane.transport.secrets
        wait = None
        if not 200 <= answer.status_code < 300:
            wait = retry_after(answer.headers, answer.status_code, self.wall_clock())
        refusal = check(answer, request=str(call), secrets=secrets, retry_after=wait)
        if refusal is not None:
            raise refusal
        error: HeyMiloError
        try:
            content = await course.lane.transport.run_off_loop(
                functools.partial(_decoded, call, answer, secrets), len(answer.body)
            )
        except ResponseDecodeError as fault:
            error = decode_error(fault, answer, request=str(call), secrets=secrets)
        else:
            if course.lane.transport.now() < course.expires:
                if content.is_cut:
                    LOGGER.warning(
                        "%s says that there is more, but this list cannot be walked", call
                    )
                return content
            error = deadline_error(self._name(call), "read", answer.elapsed)
        # Here, and not within the except block: the fault's frames hold the whole body.
        raise error

    def _note(
        self, course: _Course[T], began: float, answer: Response | None, error: HeyMiloError | None
    ) -> None:
        """
        Add the present attempt to the course, if anything was tried.
        """
        if answer is None and not isinstance(error, APIConnectionError):
            return
        cause = None
        if isinstance(error, APIConnectionError):
            cause = error.attempts[0].cause
        elif isinstance(error, ResponseDecodeError):
            cause = type(error).__name__
        secrets = self.settings.secrets + course.lane.transport.secrets
        request_id = getattr(error or answer, "request_id", None)
        attempt = Attempt(
            number=len(course.attempts) + 1,
            status_code=None if answer is None else answer.status_code,
            cause=cause,
            wait=course.wait,
            elapsed=course.lane.transport.now() - began,
            # Clean of secrets, should the server have put one there.
            request_id=request_id and scrub(request_id, secrets),
        )
        course.attempts = (*course.attempts, attempt)
        if self.settings.events.wants(AttemptFinished):
            self._tell(
                AttemptFinished,
                course,
                number=attempt.number,
                status_code=attempt.status_code,
                cause=attempt.cause,
                error=None if error is None else type(error).__name__,
                request_id=attempt.request_id,
                elapsed=attempt.elapsed,
                headers=None if answer is None else cleaned_headers(answer.headers, secrets),
            )

    def _tell(self, kind: type[Event], course: _Course[Any], **facts: Any) -> None:
        """
        Tell an event of *kind* to whoever wants to know, if anybody does.
        """
        if self.settings.events.wants(kind):
            event = kind(
                call=course.number,
                operation=course.call.operation.id,
                request=self._name(course.call),
                **facts,
            )
            self.settings.events.tell(event)

    def _tell_start(self, course: _Course[Any]) -> None:
        if self.settings.events.wants(CallStarted):
            self._tell(
                CallStarted,
                course,
                method=course.call.operation.method,
                url=scrub(self.settings.base_url + course.call.target, self.settings.secrets),
                template=urlsplit(self.settings.base_url).path + course.call.operation.path,
                deadline=None if course.expires == NEVER else course.expires - course.started,
            )

    def _tell_end(self, course: _Course[T], outcome: APIResponse[T] | BaseException) -> None:
        """
        Tell what the call came to: a page if it is one, and that it is over.
        """
        listeners = self.settings.events
        data: Any = outcome.data if isinstance(outcome, APIResponse) else None
        is_list = course.call.operation.shape == "page"
        if is_list and data is not None and listeners.wants(PageFetched):
            self._tell(
                PageFetched,
                course,
                count=len(data),
                has_more=data.has_more,
                total_count=data.pagination.total_count,
                cursor=self.clean(cursor_of(data[-1])) if data else None,
            )
        if listeners.wants(CallFinished):
            last = course.attempts[-1] if course.attempts else None
            self._tell(
                CallFinished,
                course,
                attempts=len(course.attempts),
                status_code=last and last.status_code,
                error=None if isinstance(outcome, APIResponse) else type(outcome).__name__,
                request_id=last and last.request_id,
                elapsed=course.lane.transport.now() - course.started,
            )

    def _cool_down(self, course: _Course[T], error: HeyMiloError, now: float) -> None:
        """
        Have the other calls with this credential wait too, if the server asked for it.
        """
        if not isinstance(error, APIStatusError) or error.status_code not in _RESTFUL:
            return
        wait = error.retry_after
        if self._is_rest(wait):
            course.lane.cool_down.rest(self.settings.credential, now + wait, copy.copy(error))

    def _is_rest(self, wait: float | None) -> TypeGuard[float]:
        # A wait that nobody would wait for is no reason to stop everybody.
        return wait is not None and 0 < wait <= self.settings.retry.max_retry_after


@attrs.frozen
class _Caller(Generic[T]):
    """
    A call that wants a turn.
    """

    engine: Engine
    course: _Course[T]

    @property
    def remaining(self) -> float:
        return self.course.expires - self.course.lane.transport.now()

    def may_wait(self, seconds: float) -> bool:
        return self.engine._may_wait(self.course, seconds)

    def is_closed(self) -> bool:
        return self.engine.pool.closed


def _not_rested(call: str, wait: float, because: APIStatusError) -> APIStatusError:
    # The last real error, though it was another call's: it has the right class, and says when to
    # come back.
    error = copy.copy(because)
    error.args = (f"{call}: not sent, for the key is to rest: {because.message}",)
    error.request, error.retry_after = call, wait
    return error


def _no_turn(call: str, wait: float, rule: RateLimit) -> DeadlineExceededError:
    message = (
        f"{call}: not sent, for the call's deadline comes before its turn, which is in {wait:.1f} s "
        f"(rate_limit: {rule.limit} requests in {rule.per:g} s): allow more time, or start less at "
        "once"
    )
    return DeadlineExceededError(message, request=call, phase="pace", maybe_sent=False)


def _outcome_of(state: RetryCallState) -> Any:
    outcome = state.outcome
    if outcome is not None and outcome.failed:
        # The state is in a frame that is in the traceback: only the garbage collector would free
        # the two, and all that the frames hold.
        state.outcome = None
    try:
        # Cancellation and Ctrl-C come out of here as they went in.
        return outcome.result() if outcome is not None else None
    finally:
        del outcome


def _say_what_is_known(error: HeyMiloError, call: Call[Any], attempts: Sequence[Attempt]) -> None:
    """
    Say in the *error* of a call that changes something whether it may have done so.
    """
    operation = call.operation
    if operation.method == "GET":
        return
    is_done = isinstance(error, ResponseDecodeError)
    if is_done or isinstance(error, ServerError):
        error.maybe_sent = True
    if isinstance(error, NotFoundError) and operation.method == "DELETE" and len(attempts) > 1:
        error.maybe_done = True
        error.advice = "an attempt before may have deleted it"
    elif is_done:
        error.advice = "the request itself was carried out"
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
        message = f"it is {came!r} and not {wanted!r} that came"
        raise ResponseMismatchError(message, path=f"$.data.{member}")
    return content
