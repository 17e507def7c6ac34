"""
An integration that works only as long as nothing fails. Do not copy it.
"""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PERSON = {"name": "Jo Doe", "email": "jo.doe@example.com"}


def run(base_url: str, api_key: str) -> int:
    """
    Invite somebody, and return the number of candidates afterwards.
    """
    api = Api(base_url, api_key)
    posting = api.everything("/postings", "id")[0]["id"]
    candidates = f"/postings/{posting}/candidates"
    api.everything(candidates, "interview_id")

    made = api.surely(candidates, PERSON)["data"]["candidate"]

    api.surely(f"{candidates}?created_after={made['created_at']}")
    return len(api.everything(candidates, "interview_id"))


class Api:
    """
    Sends requests, and repeats those that fail.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self._host = urlsplit(base_url).netloc
        self._headers = {"X-API-KEY": api_key, "Content-Type": "application/json"}

    def ask(self, path: str, body: Any = None) -> Any:
        """
        Send one request, and return the response.
        """
        connection = http.client.HTTPConnection(self._host, timeout=20)
        try:
            method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
            connection.request(method, f"/api/v2{path}", content, self._headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            message = f"{method} {path}: {answer.status}"
            raise OSError(message)
        return json.loads(text)

    def surely(self, path: str, body: Any = None) -> Any:
        """
        Repeat a request until it succeeds, whatever failed, and even if it was carried out.
        """
        while True:
            try:
                return self.ask(path, body)
            except (OSError, http.client.HTTPException):
                continue

    def everything(self, path: str, key: str) -> list[Any]:
        """
        Read a whole list, from the start again after any failure.
        """
        while True:
            found: list[Any] = []
            more = True
            try:
                while more:
                    cursor = f"&starting_after={found[-1][key]}" if found else ""
                    page = self.ask(f"{path}?limit=10{cursor}")
                    found += page["data"]
                    more = page["pagination"]["has_more"]
            except (OSError, http.client.HTTPException):
                continue
            return found
