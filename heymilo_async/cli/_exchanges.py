"""
Formats the log lines of `heymilo sandbox`, one per request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from .._core.secrets import Secret, is_secret_name, printable, scrub

if TYPE_CHECKING:
    from ..sandbox import Exchange, ReceivedRequest

_PARAMETER: Final = re.compile(r"([^&=]+)=([^&]+)")
_CREDENTIALS: Final = ("x-api-key", "authorization", "proxy-authorization", "cookie")
_LONGEST_TARGET: Final = 300


def line(exchange: Exchange, clock: str) -> str:
    """
    Return the log line for *exchange*, which ended at *clock*, with secrets masked.
    """
    status = "---" if exchange.status_code is None else f"{exchange.status_code:3}"
    fault = "" if exchange.fault is None else f"  (fault: {type(exchange.fault).__name__})"
    target = f"{exchange.request.method} {_target(exchange.request)}"
    return f"{clock}  {status}  {exchange.elapsed * 1000:6.0f} ms  {target}{fault}\n"


def _target(request: ReceivedRequest) -> str:
    query = _PARAMETER.sub(_masked_parameter, request.query)
    target = f"{request.path}?{query}" if query else request.path
    # A caller may have put the key into the path by mistake.
    sent = [request.headers.get(name, "") for name in _CREDENTIALS]
    known = tuple(Secret(word) for value in sent for word in value.split())
    return printable(scrub(target, known), _LONGEST_TARGET)


def _masked_parameter(parameter: re.Match[str]) -> str:
    return f"{parameter[1]}=***" if is_secret_name(unquote(parameter[1])) else parameter[0]
