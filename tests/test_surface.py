"""
The public surface: its names, the equality of both faces, and its docstrings.
"""

from __future__ import annotations

import inspect
import pickle
import re
import sys
import typing

import attrs
import pytest
from inside import PoolSettings
from resources import RESOURCES

import heymilo_async
from heymilo_async import (
    NOT_GIVEN,
    AsyncHeyMilo,
    AsyncPager,
    AsyncPhoneNumbers,
    AsyncPrefetch,
    Headers,
    HeyMilo,
    HeyMiloError,
    Pager,
    PhoneNumbers,
    Prefetch,
    RetryPolicy,
    Timeouts,
    errors,
)

FACES = [
    *RESOURCES,
    (AsyncHeyMilo, HeyMilo),
    (AsyncPager, Pager),
    (AsyncPrefetch, Prefetch),
]
#: The name in the other face.
RENAMED = {"aclose": "close"}


def _public(kind: type) -> dict[str, object]:
    return {
        name: value
        for name, value in vars(kind).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property))
    }


def _flat(signature: inspect.Signature) -> list[tuple[str, object, object]]:
    return [
        (one.name, one.kind, one.default)
        for one in signature.parameters.values()
        if one.name != "http_client"
    ]


def test_all_is_sorted_and_complete():
    """
    Each name in `__all__` exists, once, and every exception is among them.
    """
    assert len(set(heymilo_async.__all__)) == len(heymilo_async.__all__)
    assert set(heymilo_async.__all__) <= set(dir(heymilo_async))
    assert [] == [name for name in heymilo_async.__all__ if not hasattr(heymilo_async, name)]
    assert set(errors.__all__) <= set(heymilo_async.__all__)


@pytest.mark.parametrize(("awaited", "blocking"), FACES, ids=lambda kind: kind.__name__)
def test_both_faces_have_the_same_methods(awaited, blocking):
    """
    Both faces have the same methods.
    """
    assert {RENAMED.get(name, name) for name in _public(awaited)} == set(_public(blocking))


@pytest.mark.parametrize(("awaited", "blocking"), FACES, ids=lambda kind: kind.__name__)
def test_both_faces_take_the_same(awaited, blocking):
    """
    A method has the same parameters, with the same defaults, in both faces.
    """
    for name, method in {**_public(awaited), "__init__": awaited.__init__}.items():
        twin = getattr(blocking, RENAMED.get(name, name))
        if isinstance(method, property) or (name == "__init__" and awaited is not AsyncHeyMilo):
            continue

        assert _flat(inspect.signature(method)) == _flat(inspect.signature(twin)), name


@pytest.mark.parametrize(("awaited", "blocking"), RESOURCES, ids=lambda kind: kind.__name__)
def test_docstrings_and_types_carry_over(awaited, blocking):
    """
    A blocking operation has the docstring and the result type of the async one.
    """
    for name, method in _public(awaited).items():
        twin = getattr(blocking, name)

        assert method.__doc__ == twin.__doc__
        returned = typing.get_type_hints(method)["return"]
        assert str(returned).replace("Async", "") == str(twin.__annotations__["return"])
        assert twin.__annotations__["return"] == inspect.signature(twin).return_annotation


@pytest.mark.parametrize(("awaited", "blocking"), RESOURCES, ids=lambda kind: kind.__name__)
def test_public_names_say_where_they_are_imported_from(awaited, blocking):
    """
    A class belongs to the public module that exports it, so no later move changes a pickle.
    """
    assert ["heymilo_async"] * 2 == [awaited.__module__, blocking.__module__]


def test_a_view_takes_all_that_is_not_the_pools():
    """
    Case 149: `with_options` has every parameter of the constructor except those of the pool.
    """
    constructor = set(inspect.signature(AsyncHeyMilo).parameters)
    view = set(inspect.signature(AsyncHeyMilo.with_options).parameters) - {"self"}

    assert constructor - {field.name for field in attrs.fields(PoolSettings)} == view


def test_the_tree_is_as_it_is_drawn():
    """
    The tree in the docstring of `errors` contains each exception, once, below its base.
    """
    drawn = re.findall(r"^    ([│├└─ ]*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    bases: dict[int, str] = {}
    parents = {}
    for indent, name in drawn:
        depth = len(indent) // 4
        parents[name] = bases.get(depth - 1)
        bases[depth] = name
    kinds = [getattr(errors, name) for name in errors.__all__]

    assert {
        kind.__name__: None if kind is HeyMiloError else kind.__bases__[0].__name__
        for kind in kinds
        if issubclass(kind, BaseException)
    } == parents


def test_operations_are_described_in_full():
    """
    An operation's docstring names the API's operation, and has arguments, errors and an example.
    """
    methods = [method for awaited, _ in RESOURCES for method in _public(awaited).values()]
    for method in methods:
        described = inspect.getdoc(method) or ""
        parameters = list(inspect.signature(method).parameters)[1:]

        wanted = ["Returns:", "Raises:", "Example:", *(["Args:"] if parameters else [])]
        missing = [part for part in wanted if part not in described]
        missing += [one for one in parameters if f"    {one}: " not in described]
        assert [] == missing, method.__qualname__
        assert re.search(r"operation\s`\w+`", described), method.__qualname__
    assert len(methods) > 56


@pytest.mark.parametrize("name", ["errors", "events", "pages", "resources"])
def test_modules_are_there_without_an_import_of_their_own(name):
    """
    `heymilo_async.errors` is the module, even if it has not been imported before.
    """
    module = sys.modules[f"heymilo_async.{name}"]

    assert module is heymilo_async.__getattr__(name)


def test_a_group_that_nobody_has_used(monkeypatch):
    """
    Loading one resource loads no other.
    """
    for name in ("voices", "workspaces"):
        monkeypatch.delitem(sys.modules, f"heymilo_async.resources.{name}")
    # Restores the module that tests know.
    monkeypatch.setattr(heymilo_async.resources, "voices", None)

    assert heymilo_async.PhoneNumber is heymilo_async.resources.load("PhoneNumber")
    assert "heymilo_async" == heymilo_async.resources.load("Voice").__module__
    assert "heymilo_async.resources.workspaces" not in sys.modules


def test_no_value_is_at_home_in_a_private_module():
    """
    A pickle names no private module, so it can be read after any move.
    """
    public = {getattr(heymilo_async, name) for name in heymilo_async.__all__}
    homes = {one.__module__ for one in public - {AsyncHeyMilo, HeyMilo} if isinstance(one, type)}
    values = [Timeouts(), RetryPolicy(), Headers([("a", "b")]), NOT_GIVEN]

    assert {"heymilo_async", "heymilo_async.errors", "heymilo_async.pages"} == homes
    assert values == pickle.loads(pickle.dumps(values))
    assert b"heymilo_async._" not in pickle.dumps(values)


def test_names_that_a_traceback_shows():
    """
    An exception's traceback shows the name that a user imports.
    """
    assert "heymilo_async.NotFoundError" == (
        f"{heymilo_async.NotFoundError.__module__}.{heymilo_async.NotFoundError.__qualname__}"
    )


def test_the_place_of_a_resource_names_it():
    """
    On the client class, an attribute of a group is the resource's class.
    """
    assert PhoneNumbers is HeyMilo.phone_numbers
    assert AsyncPhoneNumbers is AsyncHeyMilo.phone_numbers
