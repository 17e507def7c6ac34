"""
The resources that there are, found by looking: what each module of `resources/` defines.
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
    A module of `resources/`, whose name is also the client's for the resource.
    """

    name: str
    module: ModuleType

    @property
    def awaited(self) -> type[AsyncResource]:
        """
        Its awaited face.
        """
        (face,) = [kind for kind in self.classes.values() if issubclass(kind, AsyncResource)]
        return face

    @property
    def blocking(self) -> Any:
        """
        Its blocking face, None if there is none of that name.
        """
        return self.classes.get(self.awaited.__name__.removeprefix("Async"))

    @property
    def classes(self) -> dict[str, type]:
        """
        The public classes that it defines: models and faces.
        """
        return {
            name: getattr(resources, name)
            for name, module in resources.EXPORTS.items()
            if module == self.name
        }

    @property
    def methods(self) -> dict[str, Callable[..., Any]]:
        """
        The public methods of the awaited face.
        """
        return {
            name: value
            for name, value in vars(self.awaited).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    @property
    def operations(self) -> list[Operation[Any]]:
        """
        The operations that its methods stand for.
        """
        marked = (getattr(method, "__operation__", None) for method in self.methods.values())
        return [one for one in marked if one is not None]


FOUND = [
    Found(module.name, importlib.import_module(f"{resources.__name__}.{module.name}"))
    for module in pkgutil.iter_modules(resources.__path__)
    if not module.name.startswith("_")
]
#: Each resource as (awaited, blocking), of those that have both.
RESOURCES = [(one.awaited, one.blocking) for one in FOUND if one.blocking]
