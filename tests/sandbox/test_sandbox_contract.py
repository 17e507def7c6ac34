"""
The sandbox serves its packaged contract, which is also the one that the clients are tested with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heymilo_async import sandbox

PROJECT = Path(__file__).parents[2]
PACKAGED = Path(sandbox.__file__).parent / "contract.json"
COPY = PROJECT / "tests" / "contract.json"
#: The OpenAPI document that HeyMilo publishes, if this variable names a copy of it.
PUBLISHED = os.environ.get("HEYMILO_CONTRACT", "")

#: Keys that only inform people.
PROSE = {"description", "summary", "title", "examples", "example"}


def read(path: Path) -> Any:
    """
    Return the JSON document in the file *path*.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def facts(document: Any) -> Any:
    """
    Return *document* without prose; a property may be called `title`.
    """
    if isinstance(document, list):
        return [facts(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: {key: facts(one) for key, one in value.items()}
        if name == "properties"
        else facts(value)
        for name, value in document.items()
        if name not in PROSE
    }


def test_the_packaged_contract_is_served(milo: sandbox.Sandbox, ask: Callable[..., Any]) -> None:
    """
    It is served unchanged, without a credential.
    """
    served = ask(milo, "/openapi.json", headers={})

    assert (200, "application/json") == (served.status, served.headers["content-type"])
    assert read(PACKAGED) == served.body


def test_it_agrees_with_what_the_clients_are_tested_against() -> None:
    """
    It has the same paths and schemas, which are equal except for prose.
    """
    packaged, copy = read(PACKAGED), read(COPY)

    assert facts(copy["paths"]) == facts(packaged["paths"])
    assert facts(copy["components"]) == facts(packaged["components"])
    assert 56 <= sum(len(methods) for methods in packaged["paths"].values())


@pytest.mark.skipif(
    not PUBLISHED,
    reason="HEYMILO_CONTRACT does not name a file with the OpenAPI document that HeyMilo publishes",
)
def test_the_packaged_contract_is_faithful() -> None:
    """
    It is equal to the published document.
    """
    assert read(Path(PUBLISHED)) == read(PACKAGED)
