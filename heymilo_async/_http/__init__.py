"""
The border to httpx: everything that waits, and the only code that knows the HTTP library.
"""

from .async_transport import AsyncTransport
from .blocking_transport import BlockingTransport
from .errors import deadline_error
from .transport import AsyncHTTPClient, HTTPClient

__all__ = [
    "AsyncHTTPClient",
    "AsyncTransport",
    "BlockingTransport",
    "HTTPClient",
    "deadline_error",
]
