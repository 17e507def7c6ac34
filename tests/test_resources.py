"""
Checks that no part of a resource is forgotten: each test says what is missing, and where it
belongs.

`CONTRIBUTING.md` adds a resource step by step; these are the steps.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from inside_sandbox import OPERATIONS, RESOURCES, items_of
from resources import FOUND

from heymilo_async import from_dict, to_dict

HERE = Path(__file__).parent
CONTRACT = json.loads((HERE / "contract.json").read_text(encoding="utf-8"))

in_contract = {
    (operation["operationId"], method.upper(), path)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}
marked = [
    method.__operation__
    for one in FOUND
    for method in one.methods.values()
    if hasattr(method, "__operation__")
]
#: (Summaries are made of postings.)
LISTED = [one for one in marked if one.shape == "page" and one.id != "listPostingSummaries"]


def test_operations_of_the_contract_have_a_method():
    """
    Each operation of the contract belongs to one method, with its HTTP method and path.
    """
    has = [(one.id, one.method, one.path) for one in marked]

    assert [] == [
        f"no method in heymilo_async/resources/ is marked as {name}, {method} {path}"
        for name, method, path in sorted(in_contract - set(has))
    ]
    assert len(set(has)) == len(has)


def test_operations_are_in_the_contract():
    """
    Each operation of a method exists in the contract.
    """
    assert [] == [
        f"tests/contract.json has no operation {one.id}, {one.method} {one.path}"
        for one in marked
        if (one.id, one.method, one.path) not in in_contract
    ]


def test_resources_have_a_blocking_face():
    """
    Each async class has a blocking one, whose name lacks `Async`.
    """
    assert [] == [
        f"heymilo_async/resources/{one.name}.py has {one.awaited.__name__}, and no blocking face"
        for one in FOUND
        if one.blocking is None
    ]


def test_the_sandbox_answers_each_operation():
    """
    The sandbox responds to every operation that the client has.
    """
    assert [] == [
        f"heymilo_async/sandbox/contract.json has no operation {one.id}"
        for one in marked
        if one.id not in OPERATIONS
    ]


@pytest.mark.parametrize("one", LISTED, ids=lambda one: one.id)
def test_models_know_every_member(one):
    """
    Models read and write what the sandbox sends, which is what the contract describes, without
    loss.
    """
    (model,) = get_args(one.returns)
    group = next(found.name for found in FOUND if one in found.operations)
    items = [dict(item) for item in items_of(group, 12)] if group in RESOURCES else []
    models = [from_dict(model, item) for item in items]

    assert items == [to_dict(model) for model in models]
    assert [] == [
        f"{type(model).__name__} has no field {name}" for model in models for name in model.extra
    ]


def test_a_test_calls_each_method():
    """
    A test calls each method of a resource by its attribute of the client.
    """
    tests = "\n".join(file.read_text(encoding="utf-8") for file in HERE.rglob("test_*.py"))

    assert [] == [
        f"no test calls {one.name}.{method}(): it belongs in tests/resources/test_{one.name}.py"
        for one in FOUND
        for method, function in one.methods.items()
        if function.__code__.co_filename == one.module.__file__
        if not re.search(rf"\b{one.name}\.{method}\(", tests)
    ]
