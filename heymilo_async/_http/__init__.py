"""
The border to httpx: everything that waits, and the only code that knows the HTTP library.

    async_transport, blocking_transport   waiting, by anyio and in the calling thread
    transport            what both share: sending one request, reading the response
    body, errors         the response as it comes in; exceptions of the HTTP library in our words
    clients, proxies     our own clients of httpx, and their proxies and certificates
    pool, sockets        connections that serve one request at a time, and their sockets
    compat               the parts of dependencies that we use although they are not promised
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
