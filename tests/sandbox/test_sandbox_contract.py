"""
The sandbox publishes the contract: nothing more, nothing less, nothing worded otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heymilo_async import sandbox

PROJECT = Path(__file__).parents[2]
COPY = PROJECT / "tests" / "contract.json"
ORIGINAL = PROJECT.parent / "shared" / "contract" / "phone-numbers.openapi.json"


def read(path: Path) -> Any:
    """
    The JSON document in the file at *path*.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_application_publishes_the_contract(
    milo: sandbox.Sandbox, ask: Callable[..., Any]
) -> None:
    """
    The whole generated document equals the contract, not only the parts that clients use.
    """
    published = ask(milo, "/openapi.json", headers={})

    assert 200 == published.status
    assert _sorted(read(COPY)) == _sorted(published.body)


def _sorted(document: Any) -> Any:
    # The order of tags says nothing.
    return {**document, "tags": sorted(document["tags"], key=lambda tag: tag["name"])}


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original contract is not beside this clone")
def test_the_copy_of_the_contract_is_faithful() -> None:
    """
    The contract that the tests compare with is the one that was handed out.
    """
    assert read(ORIGINAL) == read(COPY)
