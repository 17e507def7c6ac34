"""
The border to httpx: everything that waits, and the only code that knows the HTTP library.

    async_transport, blocking_transport   waiting, by anyio and in the calling thread
    transport            what both share: sending one request, reading the response
    body, errors         the response as it comes in; exceptions of the HTTP library in our words
    clients, proxies     our own clients of httpx, and what they are set up with
    pool, sockets        connections that serve one request at a time; how their sockets end
    compat               what dependencies have not promised and is used all the same
"""

from .async_transport import AsyncTransport
from .blocking_transport import BlockingTransport
from .transport import AsyncHTTPClient, HTTPClient

__all__ = [
    "AsyncHTTPClient",
    "AsyncTransport",
    "BlockingTransport",
    "HTTPClient",
]
