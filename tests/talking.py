"""
Makes a call with scripted responses, on any front, without a socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
from fronts import Front

from heymilo_async import HeyMiloError

URL = "https://api.example.com"


def talk(
    front: Front,
    call: Callable[[Any], Any],
    *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response],
    **options: Any,
) -> tuple[Any, list[httpx.Request]]:
    """
    Return the result or the error of *call*, and the requests that it sent.

    The last of *answers* is repeated.
    """
    requests: list[httpx.Request] = []
    script = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    async def body(client: Any) -> Any:
        try:
            return await call(client)
        except HeyMiloError as error:
            return error

    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    own = kind(transport=httpx.MockTransport(handle))
    return front.run(body, URL, http_client=own, **options), requests


def single(data: Any, status: int = 200) -> httpx.Response:
    """
    Return a response with one item.
    """
    return httpx.Response(status, json={"data": data})


def listed(*items: Any, more: bool = False) -> httpx.Response:
    """
    Return a response with a list.
    """
    return httpx.Response(200, json={"data": list(items), "pagination": {"has_more": more}})


def sent(request: httpx.Request) -> Any:
    """
    Return the parsed JSON body of a request.
    """
    return json.loads(request.content)
