"""
Finds the resources: what each module of `resources/` defines.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
from inside import AsyncResource, Operation

from heymilo_async import resources


@attrs.frozen
class Found:
    """
    A module of `resources/`, whose name is also the resource's attribute of the client.
    """

    name: str
    module: ModuleType

    @property
    def awaited(self) -> type[AsyncResource]:
        """
        Its async class.
        """
        (face,) = [kind for kind in self.classes.values() if issubclass(kind, AsyncResource)]
        return face

    @property
    def blocking(self) -> Any:
        """
        Its blocking class, None if there is none.
        """
        return self.classes.get(self.awaited.__name__.removeprefix("Async"))

    @property
    def classes(self) -> dict[str, type]:
        """
        The public classes that it defines: models, and the async and the blocking class.
        """
        return {
            name: getattr(resources, name)
            for name, module in resources.EXPORTS.items()
            if module == self.name
        }

    @property
    def methods(self) -> dict[str, Callable[..., Any]]:
        """
        The public methods of the async class.
        """
        return {
            name: value
            for name, value in vars(self.awaited).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    @property
    def operations(self) -> list[Operation[Any]]:
        """
        The operations of its methods.
        """
        marked = (getattr(method, "__operation__", None) for method in self.methods.values())
        return [one for one in marked if one is not None]


FOUND = [
    Found(module.name, importlib.import_module(f"{resources.__name__}.{module.name}"))
    for module in pkgutil.iter_modules(resources.__path__)
    if not module.name.startswith("_")
]
#: The async and the blocking class of each resource that has both.
RESOURCES = [(one.awaited, one.blocking) for one in FOUND if one.blocking]
