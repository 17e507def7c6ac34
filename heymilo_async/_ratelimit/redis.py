"""
The turns of all who use the same key, in a Redis that they share.

Four scripts, since each is one step for everybody else, and one clock, Redis's own. For a
credential there are three keys, under the HMAC-SHA256 of the credential:

    {...}:starts:60.0   sorted set: starts and turns to come, "process:number" -> microseconds
    {...}:alive         sorted set: processes, when each was last seen
    {...}:rest          there while the server wants nobody to ask

A turn to come belongs to a process that says now and then that it is alive; those of a process that
was killed are free again after `LEASE` seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import attrs

from .._core.secrets import Secret, printable, scrub
from .._core.settings import STORAGE_PASSWORD, Credential
from .._core.transport import Steps
from .redis_connections import Redis, Script
from .steps import finish
from .window import span_of

#: Gives starts and turns of one process, each with its distance from now in seconds.
History = Callable[[], Mapping[str, float]]

#: Seconds. A process with calls in the line is heard of every `BEAT`, and believed dead after
#: `LEASE`.
BEAT: Final = 1.0
LEASE: Final = 4.0
#: Seconds for connecting and for each answer, and until a storage that is down is asked again.
_TIMEOUT: Final = 0.5
_REST: Final = 1.0

_MICRO: Final = 1_000_000
#: Seconds; a longer wait is as good as for ever.
_LONGEST: Final = 1e8
_CONTEXT: Final = b"heymilo_async: turns of a credential"

_log = logging.getLogger("heymilo_async")

_NOW: Final = """
local starts, alive, rest = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""

#: Arguments: limit, span, lease, the longest wait, process, member, whether it remembers starts,
#: and if Redis had forgotten them, each as its distance from now and its member.
#: Result: 1 if it has a turn, 0 if that would come too late, -1 if it was forgotten; then in
#: microseconds the wait, and when all starts are free again; how many are left; how many share.
_TAKE: Final = Script.of(
    _NOW,
    """
local limit, span, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local most, process, member = tonumber(ARGV[4]), ARGV[5], ARGV[6]
if #ARGV == 7 and ARGV[7] == '1' and not redis.call('ZSCORE', alive, process) then
  return {-1, 0, 0, 0, 0}
end
for i = 8, #ARGV, 2 do
  redis.call('ZADD', starts, 'NX', now + ARGV[i], ARGV[i + 1])
end
redis.call('ZADD', alive, now, process)
redis.call('ZREMRANGEBYSCORE', alive, '-inf', now - span - lease)
redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
local count = redis.call('ZCARD', starts)
if count >= limit then
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', now - lease)) do
    for _, turn in ipairs(redis.call('ZRANGEBYSCORE', starts, string.format('(%.0f', now), '+inf')) do
      if string.sub(turn, 1, #dead + 1) == dead .. ':' then
        redis.call('ZREM', starts, turn)
      end
    end
    redis.call('ZREM', alive, dead)
  end
  count = redis.call('ZCARD', starts)
end
local at = now + math.max(0, redis.call('PTTL', rest)) * 1000
if count >= limit then
  local ahead = redis.call('ZRANGE', starts, count - limit, count - limit, 'WITHSCORES')
  at = math.max(at, ahead[2] + span)
end
local share = redis.call('ZCARD', alive)
if at - now > most then
  return {0, at - now, at - now + span, 0, share}
end
redis.call('ZADD', starts, at, member)
local kept = math.max(redis.call('PTTL', starts), math.ceil((at - now + span) / 1000))
redis.call('PEXPIRE', starts, kept)
redis.call('PEXPIRE', alive, kept + lease / 1000)
return {1, at - now, at - now + span, math.max(0, limit - count - 1), share}
""",
)

#: Arguments: process, span, and if it was forgotten its starts as above. Result: whether it was known.
_BEAT: Final = Script.of(
    _NOW,
    """
if #ARGV == 2 and not redis.call('ZSCORE', alive, ARGV[1]) then
  return 0
end
local until_reset = redis.call('PTTL', starts)
for i = 3, #ARGV, 2 do
  redis.call('ZADD', starts, 'NX', now + ARGV[i], ARGV[i + 1])
  until_reset = math.max(until_reset, (ARGV[i] + ARGV[2]) / 1000)
end
redis.call('ZADD', alive, now, ARGV[1])
redis.call('PEXPIRE', starts, math.ceil(until_reset))
redis.call('PEXPIRE', alive, math.ceil(until_reset))
return 1
""",
)

#: Arguments: limit, span, how long ago a start is that counts until the reset, remaining.
_LEARN: Final = Script.of(
    _NOW,
    """
local limit, span, ago = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
local counted = limit - tonumber(ARGV[4])
local newest = redis.call(
  'ZREVRANGEBYSCORE', starts, string.format('%.0f', now), '-inf', 'LIMIT', 0, math.max(0, counted)
)
for _, member in ipairs(newest) do
  redis.call('ZADD', starts, 'XX', 'GT', now - ago, member)
end
for i = 1, counted - #newest do
  redis.call('ZADD', starts, now - ago, string.format('other:%.0f:%d', now, i))
end
redis.call('PEXPIRE', starts, math.max(redis.call('PTTL', starts), math.ceil(span / 1000)))
return 0
""",
)


@attrs.frozen(kw_only=True)
class Book:
    """
    Where the turns of one credential are written down, for windows of one length.
    """

    per: float
    span: float
    keys: tuple[str, str, str]

    @classmethod
    def of(cls, credential: Credential, per: float) -> Book:
        """
        Return the book of *credential*, from whose keys it cannot be told.
        """
        # Part by part in one text; a credential has no control characters.
        name = hmac.new(
            _CONTEXT,
            "\0".join("" if one is None else one.reveal() for one in credential).encode(),
            hashlib.sha256,
        ).hexdigest()
        # (In braces, so that a cluster keeps them together.)
        starts = f"heymilo:{{{name}}}:starts:{float(per)!r}"
        return cls(
            per=per,
            span=span_of(per),
            keys=(starts, f"heymilo:{{{name}}}:alive", f"heymilo:{{{name}}}:rest"),
        )


@attrs.frozen(kw_only=True)
class Grant:
    """
    What Redis says to one who wants a turn.

    Attributes:
        has_turn: False if the turn would come too late; then there is none.
        wait: Seconds until it.
        reset: Seconds until everything is free again.
        remaining: Starts that are left without a wait.
        sharers: Processes that used this credential lately, this one included.
    """

    has_turn: bool
    wait: float
    reset: float
    remaining: int
    sharers: int


@attrs.frozen(kw_only=True)
class _Fault:
    """
    Why Redis did not answer.
    """

    text: str
    is_stale: bool


class Storage:
    """
    One Redis, for any number of credentials. Threads may share it; a child process has its own.

    Each question gets None for an answer while Redis is down, at once or after a second at most.
    To ask for a turn is done in steps, since every call does; all else blocks: a transport runs it.
    """

    def __init__(
        self, url: Secret, shown: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._shown = shown
        self._clock = clock
        self._lock = threading.Lock()
        self._redis: Redis | None = None
        self._asks_again_at = -math.inf
        self._is_down = False
        self._is_closed = False
        #: Of this process, as members have it: it is the part before the colon.
        self._process = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def new_member(self) -> str:
        """
        Return a name for one more start.
        """
        return f"{self._process}:{next(self._numbers)}"

    def take(
        self,
        book: Book,
        limit: int,
        member: str,
        *,
        most: float,
        history: History | None,
        is_behind: bool,
    ) -> Steps[Grant | None]:
        """
        Take a turn for *member*, unless it would come in more than *most* seconds.

        *history* is told if this process *is_behind* with telling it, or if Redis forgot it, as
        when it was started anew.
        """
        numbers = (book.span, LEASE, min(most, _LONGEST))
        arguments = [limit, *map(_micro, numbers), self._process, member, int(history is not None)]
        told: list[Any] = []
        if history is not None and is_behind:
            # That may be much, and block.
            yield None
            told = _flat(history())
        said = yield from self._run(_TAKE, book, [*arguments, *told])
        if said is not None and said[0] < 0 and history is not None:
            yield None
            said = yield from self._run(_TAKE, book, [*arguments, *_flat(history())])
        if said is None:
            return None
        return Grant(
            has_turn=bool(said[0]),
            wait=said[1] / _MICRO,
            reset=said[2] / _MICRO,
            remaining=said[3],
            sharers=said[4],
        )

    def leave(self, book: Book, member: str) -> None:
        """
        Give the turn of *member* back, though the storage be closed meanwhile.
        """
        finish(self._ask(lambda redis: redis.do("ZREM", book.keys[0], member), is_last_word=True))

    def beat(self, book: Book, history: History) -> None:
        """
        Say that this process is alive, and goes on waiting; tell *history* if Redis forgot it.
        """
        arguments = [self._process, _micro(book.span)]
        if finish(self._run(_BEAT, book, arguments)) == 0:
            finish(self._run(_BEAT, book, [*arguments, *_flat(history())]))

    def learn(self, book: Book, limit: int, remaining: int, reset: float) -> None:
        """
        Heed that the server will answer *remaining* requests more in the next *reset* seconds.
        """
        ago = book.per - min(reset, book.per)
        numbers = [limit, _micro(book.span), _micro(ago), remaining]
        finish(self._run(_LEARN, book, numbers))

    def rest(self, book: Book, wait: float) -> None:
        """
        Let nobody have a turn for *wait* seconds.
        """
        milliseconds = math.ceil(wait * 1000)
        finish(self._ask(lambda redis: redis.do("SET", book.keys[2], 1, "PX", milliseconds)))

    def close(self) -> None:
        """
        Close the connections.
        """
        self._is_closed = True
        if self._redis is not None:
            self._redis.close()

    def _run(self, script: Script, book: Book, arguments: Sequence[Any]) -> Steps[Any]:
        return self._ask(lambda redis: redis.run(script, book.keys, arguments))

    def _ask(
        self, question: Callable[[Redis], Steps[Any]], *, is_last_word: bool = False
    ) -> Steps[Any]:
        """
        Return the answer to *question*; None if there is none.
        """
        if (self._is_closed and not is_last_word) or not self._may_ask():
            return None
        said, fault = yield from self._answer(question)
        if fault is not None and fault.is_stale:
            # The connection was idle for too long, or Redis has been started anew.
            said, fault = yield from self._answer(question)
        self._judge(fault)
        return said

    def _may_ask(self) -> bool:
        if self._clock() < self._asks_again_at:
            return False
        if self._is_down:
            with self._lock:
                # One finds out, for all.
                if self._clock() < self._asks_again_at:
                    return False
                self._asks_again_at = self._clock() + _REST
        return True

    def _answer(self, question: Callable[[Redis], Steps[Any]]) -> Steps[tuple[Any, _Fault | None]]:
        try:
            if self._redis is None:
                # To import redis-py takes a while.
                yield None
            return (yield from question(self._redis or self._open())), None
        except Exception as error:
            # Of the error the text is kept: its frames hold the password.
            fault = self._fault_of(error)
        except BaseException as interruption:
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
        return None, fault

    def _open(self) -> Redis:
        with self._lock:
            self._redis = self._redis or _open(self._url)
        if self._is_closed:
            # Meanwhile; it was not there to be told.
            self._redis.close()
        return self._redis

    def _fault_of(self, error: Exception) -> _Fault:
        text = printable(scrub(str(error), _passwords(self._url)), 200)
        kinds = {kind.__name__ for kind in type(error).__mro__}
        return _Fault(
            text=f"{type(error).__name__}: {text}",
            is_stale="RedisError" in kinds and "ConnectionError" in kinds,
        )

    def _judge(self, fault: _Fault | None) -> None:
        if fault is None and not self._is_down:
            return
        with self._lock:
            was_down, self._is_down = self._is_down, fault is not None
            self._asks_again_at = -math.inf if fault is None else self._clock() + _REST
        if fault is None:
            _log.info("the storage of the rate limit, %s, answers again", self._shown)
        elif not (was_down or self._is_closed):
            _log.warning(
                "the storage of the rate limit, %s, does not answer (%s): "
                "until it does, this process paces alone, at its share of the limit",
                self._shown,
                fault.text,
            )


def _open(url: Secret) -> Redis:
    return Redis(url, password=os.getenv(STORAGE_PASSWORD) or None, timeout=_TIMEOUT)


def _passwords(url: Secret) -> tuple[Secret, ...]:
    found = (unquote(urlsplit(url.reveal()).password or ""), os.getenv(STORAGE_PASSWORD))
    return tuple(Secret(one) for one in found if one)


def _flat(history: Mapping[str, float]) -> list[Any]:
    return [each for member, since in history.items() for each in (_micro(since), member)]


def _micro(seconds: float) -> int:
    return round(seconds * _MICRO)
