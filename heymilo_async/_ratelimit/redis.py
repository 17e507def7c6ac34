"""
A rate limit that processes share in a Redis: the scripts that grant permits, and what runs them.

Each script is one step for everybody else, by one clock, that of Redis. For a credential there are
three keys, under the HMAC-SHA256 of the credential:

    {...}:starts:60.0   sorted set: starts and reservations, "process:number" -> microseconds
    {...}:alive         sorted set: processes, when each was last seen
    {...}:cooldown      exists while the server wants no requests

A reservation belongs to a process that is seen now and then; those of a process that was killed are
free again after `LEASE` seconds.
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
from .window import LEASE, span_of

#: Gives starts and reservations of one process, each with its distance from now in seconds.
History = Callable[[], Mapping[str, float]]

#: Seconds for connecting and for each answer, and until a Redis that is down is asked again.
_TIMEOUT: Final = 0.5
_RETRY_AFTER: Final = 1.0

_MICRO: Final = 1_000_000
#: Seconds; a longer wait is as good as for ever.
_LONGEST: Final = 1e8
_CONTEXT: Final = b"heymilo_async: turns of a credential"

_log = logging.getLogger("heymilo_async")

_NOW: Final = """
local starts, alive, cooldown = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""

#: Arguments: limit, span, lease, the longest wait, process, member, whether it remembers starts,
#: and if Redis had forgotten them, each as its distance from now and its member.
#: Result: 1 if it is granted, 0 if that would come too late, -1 if it was forgotten; then in
#: microseconds the wait, and when all starts are free again; how many are left; how many share.
_RESERVE: Final = (
    _NOW
    + """
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
    for _, one in ipairs(redis.call('ZRANGEBYSCORE', starts, string.format('(%.0f', now), '+inf')) do
      if string.sub(one, 1, #dead + 1) == dead .. ':' then
        redis.call('ZREM', starts, one)
      end
    end
    redis.call('ZREM', alive, dead)
  end
  count = redis.call('ZCARD', starts)
end
local at = now + math.max(0, redis.call('PTTL', cooldown)) * 1000
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
"""
)

#: Arguments: process, span, and if it was forgotten its starts as above.
#: Result: whether it was known.
_BEAT: Final = (
    _NOW
    + """
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
"""
)

#: Arguments: span, member. It counts from now on.
_START: Final = (
    _NOW
    + """
redis.call('ZADD', starts, 'GT', now, ARGV[2])
redis.call('PEXPIRE', starts, math.max(redis.call('PTTL', starts), math.ceil(ARGV[1] / 1000)))
return 1
"""
)

#: Arguments: limit, span, how long ago a start is that counts until the reset, remaining.
_OBSERVE: Final = (
    _NOW
    + """
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
"""
)


@attrs.frozen(kw_only=True)
class LimiterKeys:
    """
    The Redis keys of one credential, for windows of one length.
    """

    per: float
    span: float
    names: tuple[str, str, str]

    @classmethod
    def of(cls, credential: Credential, per: float) -> LimiterKeys:
        """
        Return the keys of *credential*, which cannot be read from them.
        """
        # Part by part in one text; a credential has no control characters.
        text = "\0".join("" if one is None else one.reveal() for one in credential)
        # (In braces, so that a cluster keeps them together.)
        name = f"heymilo:{{{hmac.new(_CONTEXT, text.encode(), hashlib.sha256).hexdigest()}}}"
        names = (f"{name}:starts:{float(per)!r}", f"{name}:alive", f"{name}:cooldown")
        return cls(per=per, span=span_of(per), names=names)


@attrs.frozen(kw_only=True)
class Grant:
    """
    What Redis answers to a request for a permit.

    Attributes:
        is_granted: False if the permit would come too late; then nothing is reserved.
        wait: Seconds until it.
        reset: Seconds until everything is free again.
        remaining: Permits that are left without a wait.
        sharers: Processes that used this credential lately, this one included.
    """

    is_granted: bool
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
    is_stale: bool = False


class Storage:
    """
    One Redis, for any number of credentials. Threads may share it; a child process has its own.

    Its methods block, for a second at most, and return None while Redis is down, then at once: a
    transport runs them in a thread.
    """

    def __init__(
        self, url: Secret, shown: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._shown = shown
        self._clock = clock
        self._lock = threading.Lock()
        self._redis: Any = None
        self._asks_again_at = -math.inf
        self._is_down = False
        self._is_closed = False
        #: Of this process, as members have it: it is the part before the colon.
        self._process = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    @property
    def is_resting(self) -> bool:
        """
        Whether Redis is down, and it is too early to ask again.
        """
        return self._clock() < self._asks_again_at

    def new_member(self) -> str:
        """
        Return a name for one more permit.
        """
        return f"{self._process}:{next(self._numbers)}"

    def reserve(
        self,
        keys: LimiterKeys,
        limit: int,
        member: str,
        *,
        most: float,
        history: History | None,
        is_behind: bool,
    ) -> Grant | None:
        """
        Reserve a permit for *member*, unless it would come in more than *most* seconds.

        *history* is sent if this process *is_behind* with sending it, or if Redis forgot it, as
        after a restart.
        """
        numbers = (keys.span, LEASE, min(most, _LONGEST))
        arguments = [limit, *map(_micro, numbers), self._process, member, int(history is not None)]
        missing = _flat(history()) if history is not None and is_behind else []
        answer = self._run(_RESERVE, keys, [*arguments, *missing])
        if answer is not None and answer[0] < 0 and history is not None:
            answer = self._run(_RESERVE, keys, [*arguments, *_flat(history())])
        if answer is None:
            return None
        return Grant(
            is_granted=bool(answer[0]),
            wait=answer[1] / _MICRO,
            reset=answer[2] / _MICRO,
            remaining=answer[3],
            sharers=answer[4],
        )

    def start(self, keys: LimiterKeys, member: str) -> None:
        """
        Count the permit of *member* from now on.
        """
        self._run(_START, keys, [_micro(keys.span), member])

    def release(self, keys: LimiterKeys, member: str) -> None:
        """
        Give the permit of *member* back, even if the storage was closed in the meantime.
        """
        self._ask(lambda redis: redis.zrem(keys.names[0], member), is_last_word=True)

    def beat(self, keys: LimiterKeys, history: History) -> None:
        """
        Keep the reservations of this process; send *history* if Redis forgot it.
        """
        arguments = [self._process, _micro(keys.span)]
        if self._run(_BEAT, keys, arguments) == 0:
            self._run(_BEAT, keys, [*arguments, *_flat(history())])

    def observe(self, keys: LimiterKeys, limit: int, remaining: int, reset: float) -> None:
        """
        Heed that the server will answer *remaining* requests more in the next *reset* seconds.
        """
        ago = keys.per - min(reset, keys.per)
        self._run(_OBSERVE, keys, [limit, _micro(keys.span), _micro(ago), remaining])

    def cool_down(self, keys: LimiterKeys, wait: float) -> None:
        """
        Grant no permit for *wait* seconds.
        """
        self._ask(lambda redis: redis.set(keys.names[2], 1, px=math.ceil(wait * 1000)))

    def give_up(self) -> None:
        """
        Count as down: nobody waits any longer for what was asked.
        """
        self._judge(_Fault(text="it takes too long"))

    def close(self) -> None:
        """
        Close the connections: what is idle now, and the rest when it is.
        """
        self._is_closed = True
        if self._redis is not None:
            self._redis.connection_pool.disconnect(inuse_connections=False)

    def _run(self, script: str, keys: LimiterKeys, arguments: Sequence[Any]) -> Any:
        return self._ask(lambda redis: redis.register_script(script)(keys.names, arguments))

    def _ask(self, question: Callable[[Any], Any], *, is_last_word: bool = False) -> Any:
        """
        Return the answer to *question*; None if there is none.
        """
        if (self._is_closed and not is_last_word) or not self._may_ask():
            return None
        answer, fault = self._answer(question)
        if fault is not None and fault.is_stale:
            # The connection was idle for too long, or Redis has been restarted.
            answer, fault = self._answer(question)
        self._judge(fault)
        if self._is_closed:
            self.close()
        return answer

    def _may_ask(self) -> bool:
        if self.is_resting:
            return False
        if self._is_down:
            with self._lock:
                # One caller finds out, for all.
                if self.is_resting:
                    return False
                self._asks_again_at = self._clock() + _RETRY_AFTER
        return True

    def _answer(self, question: Callable[[Any], Any]) -> tuple[Any, _Fault | None]:
        try:
            with self._lock:
                self._redis = self._redis or _open(self._url)
            return question(self._redis), None
        except Exception as error:
            # Of the error the text is kept: its frames hold the password.
            text = printable(scrub(str(error), _passwords(self._url)), 200)
            kinds = [kind.__name__ for kind in type(error).__mro__]
        except BaseException as interruption:
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
        return None, _Fault(
            text=f"{kinds[0]}: {text}", is_stale={"RedisError", "ConnectionError"} <= {*kinds}
        )

    def _judge(self, fault: _Fault | None) -> None:
        if fault is None and not self._is_down:
            return
        with self._lock:
            was_down, self._is_down = self._is_down, fault is not None
            self._asks_again_at = -math.inf if fault is None else self._clock() + _RETRY_AFTER
        if fault is None:
            _log.info("the storage of the rate limit, %s, answers again", self._shown)
        elif not (was_down or self._is_closed):
            _log.warning(
                "the storage of the rate limit, %s, does not answer (%s): "
                "until it does, this process paces alone, at its share of the limit",
                self._shown,
                fault.text,
            )


def _open(url: Secret) -> Any:
    # Not above: it is an extra, and takes a while.
    from redis import Redis  # noqa: PLC0415 - an extra
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra
    from redis.retry import Retry  # noqa: PLC0415 - an extra

    return Redis.from_url(
        url.reveal(),
        # Only if the URL has none.
        password=os.getenv(STORAGE_PASSWORD) or None,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        # It would try for seconds, while a call waits.
        retry=Retry(NoBackoff(), 0),
    )


def _passwords(url: Secret) -> tuple[Secret, ...]:
    found = (unquote(urlsplit(url.reveal()).password or ""), os.getenv(STORAGE_PASSWORD))
    return tuple(Secret(one) for one in found if one)


def _flat(history: Mapping[str, float]) -> list[Any]:
    return [each for member, since in history.items() for each in (_micro(since), member)]


def _micro(seconds: float) -> int:
    return round(seconds * _MICRO)
