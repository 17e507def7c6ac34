"""
Examples in docstrings run as shown, and each public name has a complete docstring.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
from types import FunctionType

import attrs
import pytest
from inside import AsyncCollection, AsyncResource, AsyncSearchable, Collection, Resource, Searchable

import heymilo_async
from heymilo_async import Model
from heymilo_async.events import Event
from heymilo_async.sandbox import running
from heymilo_async.sandbox.faults import Fault

MODULES = [
    "heymilo_async",
    *(
        name
        for _, name, _ in pkgutil.walk_packages(heymilo_async.__path__, "heymilo_async.")
        if not name.startswith("heymilo_async.cli")
    ),
]
#: The modules that users import from.
PUBLIC = [
    "heymilo_async",
    "heymilo_async.events",
    "heymilo_async.otel",
    "heymilo_async.sandbox",
    "heymilo_async.sandbox.conduct",
    "heymilo_async.sandbox.faults",
    "heymilo_async.testing",
]
#: Kinds of classes of which one example is enough.
SHOWN_BY_THEIR_BASE = {
    Event,
    Fault,
    Model,
    AsyncResource,
    AsyncCollection,
    AsyncSearchable,
    Resource,
    Collection,
    Searchable,
}
EXAMPLES = {
    name: [one for one in doctest.DocTestFinder().find(module) if one.examples]
    for name, module in {name: importlib.import_module(name) for name in MODULES}.items()
}


def _own(name):
    """
    Return the public names that the module *name* defines and describes.
    """
    module = importlib.import_module(name)
    things = {one: getattr(module, one) for one in module.__all__}
    return {
        f"{name}.{one}": thing
        for one, thing in things.items()
        if (inspect.isclass(thing) or inspect.isfunction(thing) or hasattr(thing, "__wrapped__"))
        and not inspect.ismodule(thing)
    }


THINGS = {name: thing for module in PUBLIC for name, thing in _own(module).items()}
METHODS = {
    f"{name}.{attribute}": getattr(thing, attribute)
    for name, thing in THINGS.items()
    if inspect.isclass(thing)
    for attribute, value in vars(thing).items()
    if not attribute.startswith("_") and isinstance(value, FunctionType | classmethod)
}
FUNCTIONS = {name: thing for name, thing in THINGS.items() if not inspect.isclass(thing)} | METHODS
CLASSES = {name: thing for name, thing in THINGS.items() if inspect.isclass(thing)}


def _described(thing):
    return inspect.getdoc(thing) or ""


def _has_entry(described, name):
    return re.search(rf"^    \*{{0,2}}{name}: ", described, re.MULTILINE)


def _raised_by(function):
    """
    Return the names of the exceptions that *function* itself raises.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id[0].isupper()
    }


@pytest.fixture(scope="module")
def milo():
    with running() as sandbox:
        yield sandbox


@pytest.mark.full("it runs every example")
@pytest.mark.parametrize("name", [name for name, examples in EXAMPLES.items() if examples])
def test_docstrings_run(name, milo, monkeypatch):
    """
    Each example gives the shown output, with a sandbox of 30 numbers.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", milo.api_key)
    monkeypatch.setenv("HEYMILO_BASE_URL", milo.base_url)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for examples in EXAMPLES[name]:
        runner.run(examples)

    assert 0 == runner.summarize().failed


def test_no_example_is_skipped():
    """
    No example is marked to be skipped.
    """
    skipped = [
        f"{test.name}: {example.source}"
        for tests in EXAMPLES.values()
        for test in tests
        for example in test.examples
        if doctest.SKIP in example.options
    ]

    assert [] == skipped


def test_public_names_are_described():
    """
    Each public name, and each method of a public class, has a docstring that is a sentence.
    """
    mute = [
        name
        for name, thing in (THINGS | METHODS).items()
        if not re.search(r"^[A-Z*.(].{10,}[.:]\)?$", _described(thing).split("\n\n")[0], re.DOTALL)
    ]

    assert [] == mute
    assert len(THINGS) > 100


def test_functions_have_their_sections():
    """
    Each function's docstring has its arguments, its result, its errors and an example.
    """
    for name, function in FUNCTIONS.items():
        described = _described(function)
        is_fixture = name.startswith("heymilo_async.testing.")
        signature = inspect.signature(function)
        parameters = [] if is_fixture else signature.parameters.keys() - {"self", "cls"}

        assert "\nExample:\n" in described, name
        assert [] == [one for one in parameters if not _has_entry(described, one)], name
        assert [] == [one for one in _raised_by(function) if not _has_entry(described, one)], name
        if signature.return_annotation not in {None, "None"} and not is_fixture:
            assert re.search(r"^(Returns:|Return |Run |Take )", described, re.MULTILINE), name


def test_classes_have_their_sections():
    """
    A class's docstring describes each field and has an example, once for classes of one kind.
    """
    for name, kind in CLASSES.items():
        described = _described(kind)
        fields = attrs.fields(kind) if attrs.has(kind) else []
        own = [one.name for one in fields if not one.inherited and not one.name.startswith("_")]

        assert [] == [one for one in own if not _has_entry(described, one)], name
        if kind.__bases__[0] not in SHOWN_BY_THEIR_BASE:
            assert "\nExample:\n" in described, name


def test_no_private_name_shows():
    """
    Docstrings mention no private name.
    """
    shown = {
        name: found
        for name, thing in (THINGS | METHODS).items()
        if (found := re.findall(r"(?<![\w-])_[A-Za-z]\w*|\._[a-z]\w*", _described(thing)))
    }

    assert {} == shown
