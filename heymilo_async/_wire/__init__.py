"""
The border to the HTTP library: everything that waits, and all that knows httpx.

    _base.py       what a wire is, and what comes back over it
    _async.py      AsyncWire: anyio, on asyncio and trio
    _blocking.py   BlockingWire: plain sockets and threads
    _exclusive.py  connections for threads, one request at a time on each
    _lease.py      a client of the library, closed when its last request is done
    _receive.py    reading a body within bounds; pure
    _logs.py       keeping secrets out of the library's log records
    _deadline.py   when a call that blocks has to be over
    _sockets.py    sockets that end at the call's deadline, and leave nothing behind
    _translate.py  the library's exceptions, in our words; pure
    _setup.py      proxies and certificates, as httpx reads them
    _own.py        our own client of httpx, over connections that serve one request at a time
    _send.py       sending by a client of httpx, our own or one that you gave
    _proxies.py    which proxy serves which address; pure
"""

from ._async import AsyncWire
from ._base import Ahead, AsyncHTTPClient, HTTPClient, Wire
from ._blocking import BlockingWire
from ._translate import deadline_error

__all__ = [
    "Ahead",
    "AsyncHTTPClient",
    "AsyncWire",
    "BlockingWire",
    "HTTPClient",
    "Wire",
    "deadline_error",
]
