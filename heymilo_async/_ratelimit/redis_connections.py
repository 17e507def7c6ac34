"""
Connections to a Redis, on each of which a command is sent in one step, and its answer read in another.

redis-py's client does both in one, so an event loop would need a thread for it, which costs more
than the whole trip. Its connections can do each by itself: they speak the protocol and TLS, log in,
and read the URL.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

import attrs

from .._core.secrets import Secret
from .._core.transport import Steps

#: Seconds for which reading may block whoever was told that there is something to read.
_MOMENT: Final = 0.01
#: Connections to keep. (As many threads may ask at a time; more than that is a burst.)
_IDLE: Final = 100


@attrs.frozen(kw_only=True)
class Script:
    """
    A script in Lua, and the name that Redis has for it.
    """

    text: str
    sha: str

    @classmethod
    def of(cls, *parts: str) -> Script:
        """
        Return the script that *parts* make.
        """
        text = "".join(parts)
        # Not for safety: it is how Redis names scripts.
        return cls(text=text, sha=hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class Redis:
    """
    One Redis. Threads may share it, and event loops.
    """

    def __init__(self, url: Secret, *, password: str | None, timeout: float) -> None:
        # Not above: it is an extra, and takes a while.
        from redis import ConnectionPool, exceptions  # noqa: PLC0415 - an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra
        from redis.retry import Retry  # noqa: PLC0415 - an extra

        # It reads the URL. What it would look after is looked after here.
        pool: Any = ConnectionPool.from_url(
            url.reveal(),
            # Only if the URL has none.
            password=password,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # It would try for seconds, while a call waits.
            retry=Retry(NoBackoff(), 0),
        )
        self._timeout = timeout
        self._kind = pool.connection_class
        self._options = pool.connection_kwargs
        self._errors = exceptions
        #: Who is done last is asked first, so that those that a burst needed grow old.
        self._idle: collections.deque[Any] = collections.deque()
        self._is_closed = False

    def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Steps[Any]:
        """
        Return what *script* returns.
        """
        given = len(keys), *keys, *arguments
        try:
            return (yield from self.do("EVALSHA", script.sha, *given))
        except self._errors.NoScriptError:
            return (yield from self.do("EVAL", script.text, *given))

    def do(self, *command: Any) -> Steps[Any]:
        """
        Return what Redis answers to *command*; redis-py's errors leave it as they are.
        """
        connection = self._at_hand()
        if connection is None:
            # To connect blocks, and so does reading a certificate.
            yield None
            connection = self._at_hand() or self._kind(**self._options)
        try:
            if (source := _socket_of(connection)) is not None:
                source.settimeout(self._timeout)
            # It is some hundred bytes, and nothing else is on its way: that does not block.
            connection.send_command(*command, check_health=False)
            answer = yield from self._answer_over(connection)
        except self._errors.ResponseError:
            self._put_back(connection)
            raise
        except BaseException:
            _close(connection)
            # The others may be as dead as it is: Redis was started anew, say.
            self._close_idle()
            raise
        self._put_back(connection)
        return answer

    def _answer_over(self, connection: Any) -> Steps[Any]:
        until = time.monotonic() + self._timeout
        if (source := _socket_of(connection)) is not None:
            source.settimeout(_MOMENT)
        while True:
            # (Without it a thread reads.)
            yield source
            try:
                return connection.read_response(disconnect_on_error=False)
            except self._errors.TimeoutError:
                # What came of the answer is kept, and the rest may be on its way.
                if time.monotonic() >= until:
                    raise

    def close(self) -> None:
        """
        Close what is idle now, and the rest when it is.

        (Whoever closes a socket for which an event loop waits confuses that loop.)
        """
        self._is_closed = True
        self._close_idle()

    def _at_hand(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _put_back(self, connection: Any) -> None:
        # One that could not log in has no socket: whoever gets it would have to connect.
        if getattr(connection, "_sock", connection) is None or len(self._idle) >= _IDLE:
            _close(connection)
            return
        self._idle.append(connection)
        if self._is_closed:
            self._close_idle()

    def _close_idle(self) -> None:
        while (connection := self._at_hand()) is not None:
            _close(connection)


def _socket_of(connection: Any) -> socket.socket | None:
    # There is no public way to it.
    source: socket.socket | None = getattr(connection, "_sock", None)
    return source


def _close(connection: Any) -> None:
    with contextlib.suppress(Exception):
        connection.disconnect()
