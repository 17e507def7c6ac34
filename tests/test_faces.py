"""
The async and blocking methods appear as such to mocks, frameworks and type hints.
"""

from __future__ import annotations

import functools
import inspect
import typing
from unittest import mock

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from resources import FOUND

import heymilo_async
from heymilo_async import AsyncHeyMilo, HeyMilo, Model

#: Group and method of every operation.
OPERATIONS = [(found.name, name) for found in FOUND for name in found.methods]
KINDS = [AsyncHeyMilo, HeyMilo]


def is_awaited(kind, method):
    """
    Return whether *method* of this *kind* of client is a coroutine function; one that returns a
    pager is not.
    """
    return kind is AsyncHeyMilo and not (method == "find" or method.startswith("list_all"))


@functools.cache
def spec_of_instance(kind):
    """
    Return an autospec of a client.
    """
    return mock.create_autospec(kind, instance=True)


@functools.cache
def spec_of_class(kind):
    """
    Return an instance of an autospec of the class.
    """
    return mock.create_autospec(kind).return_value


@pytest.mark.parametrize("spec", [spec_of_instance, spec_of_class])
@pytest.mark.parametrize("kind", KINDS)
def test_autospec_knows_each_operation(kind, spec):
    """
    Case 188: an autospec has every operation, async or blocking, and refuses invalid arguments.
    """
    mocks = {one: getattr(getattr(spec(kind), one[0]), one[1]) for one in OPERATIONS}

    assert {one: is_awaited(kind, one[1]) for one in OPERATIONS} == {
        one: isinstance(mocked, mock.AsyncMock) for one, mocked in mocks.items()
    }
    for mocked in mocks.values():
        with pytest.raises(TypeError):
            mocked(a_parameter_of_nobody=1)


@pytest.mark.full("it takes a mock for each operation")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("group", "method"), OPERATIONS)
def test_a_group_is_patched_with_its_operations(kind, group, method):
    """
    Case 188: a group under `patch.object(..., autospec=True)` has every operation, async or
    blocking.
    """
    with mock.patch.object(kind, group, autospec=True) as patched:
        mocked = getattr(patched, method)

    assert is_awaited(kind, method) == isinstance(mocked, mock.AsyncMock)
    with pytest.raises(TypeError):
        mocked(a_parameter_of_nobody=1)


def test_a_blocking_method_is_a_plain_function():
    """
    Case 188: a blocking method never counts as a coroutine function, unwrapped or wrapped.
    """
    for group, method in OPERATIONS:
        plain = getattr(getattr(HeyMilo, group), method)

        @functools.wraps(plain)
        def wrapped(*args, plain=plain, **kwargs):
            return plain(*args, **kwargs)

        for one in (plain, inspect.unwrap(plain), wrapped, inspect.unwrap(wrapped)):
            assert inspect.isfunction(one), method
            assert not inspect.iscoroutinefunction(one), method
        assert inspect.signature(plain) == inspect.signature(wrapped), method


def test_type_hints_of_both_faces():
    """
    Case 188: the type hints of a method resolve, and are equal for both faces, except for pagers.
    """
    for group, method in OPERATIONS:
        awaited, plain = (
            typing.get_type_hints(getattr(getattr(kind, group), method)) for kind in KINDS
        )
        returned = str(awaited.pop("return"))

        assert returned.replace("AsyncPage", "Page") == str(plain.pop("return")), method
        assert awaited == plain, method


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_operation_of_a_group(kind):
    """
    A patched group lacks what the group lacks.
    """
    with mock.patch.object(kind, "phone_numbers", autospec=True) as patched:
        assert not hasattr(patched, "an_operation_of_nobody")


def test_type_hints_of_each_public_name():
    """
    Case 188: the type hints of every public class and of its constructor resolve.
    """
    others = set()
    for name in heymilo_async.__all__:
        public = getattr(heymilo_async, name)
        if isinstance(public, type):
            typing.get_type_hints(public)
            typing.get_type_hints(public.__init__)
        elif callable(public):
            typing.get_type_hints(public)
        else:
            others.add(name)

    assert {"NOT_GIVEN", "__version__"} == others


#: Public classes of attrs that take any value of the types of their fields.
VALUES = [
    kind
    for kind in (getattr(heymilo_async, name) for name in heymilo_async.__all__)
    if isinstance(kind, type)
    and attrs.has(kind)
    and not any(field.validator for field in attrs.fields(kind))
]


#: One example shows whether a model can be built; hypothesis is responsible for its speed.
ONE = settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def is_free_form(field):
    """
    Return whether a field takes any value: any JSON, or a type variable. From Python 3.12 on,
    hypothesis generates no values for either.
    """
    return field.default is attrs.NOTHING and (
        isinstance(field.type, typing.TypeVar) or "typing.Any" in str(field.type)
    )


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
@ONE
def test_hypothesis_builds_each_model(kind, data):
    """
    Case 198: `hypothesis.strategies.builds` makes every public model by the types of its fields.
    """
    free_form = {field.alias: st.just({}) for field in attrs.fields(kind) if is_free_form(field)}

    assert kind is type(data.draw(st.builds(kind, **free_form)))


@pytest.mark.full("it tries many examples")
@pytest.mark.parametrize("kind", [kind for kind in VALUES if issubclass(kind, Model)])
@given(data=st.data())
@ONE
def test_hypothesis_knows_each_model_by_its_type(kind, data):
    """
    Case 198: hypothesis builds a model that is part of another one, optional fields included.
    """
    assert isinstance(data.draw(st.from_type(kind)), kind)
