"""
Writes `heymilo_async/resources/__init__.py`, the index of the resources, from their modules.

`python scripts/index.py` writes it; with `--check` it only says whether the index is as the
modules want it, and fails if not.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

RESOURCES = Path(__file__).parent.parent / "heymilo_async" / "resources"
INDEX = RESOURCES / "__init__.py"

HEAD = '''"""
The API's resources, one module each: models, operations, and both faces of a group.

This file is written by `python scripts/index.py`. A group is imported when it is first used, so
that an import costs the same however many there are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .._core.codec import finders
from .._core.model import Model, resolve_annotations
from ._collection import Mounted

if TYPE_CHECKING:
'''

TAIL = '''

def load(name: str) -> Any:
    """
    Return the class of the public *name*, and import its module if nobody has yet.
    """
    module = importlib.import_module(f".{EXPORTS[name]}", __name__)
    for exported, where in EXPORTS.items():
        kind = getattr(module, exported) if where == EXPORTS[name] else None
        if kind is not None and kind.__module__ == module.__name__:
            resolve_annotations(kind, module)
            kind.__module__ = _PACKAGE
    return getattr(module, name)


def _model_named(word: str) -> type[Model] | None:
    name = _BY_OBJECT.get(word)
    return load(name) if name is not None else None


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *__all__})


finders.append(_model_named)
'''


def modules() -> Iterator[tuple[str, ast.Module]]:
    """
    Yield the name of each module of resources, and what stands in it.
    """
    for file in sorted(RESOURCES.glob("*.py")):
        if file.stem not in {"__init__", "_collection"}:
            yield file.stem, ast.parse(file.read_text(encoding="utf-8"))


def public_classes(tree: ast.Module) -> list[ast.ClassDef]:
    """
    Return the public classes of a module, in its order.
    """
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def words(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """
    Yield what `object` says and the class that it names, for the items of lists.
    """
    text = ast.unparse(tree)
    for kind in public_classes(tree):
        for line in kind.body:
            if (
                isinstance(line, ast.AnnAssign)
                and ast.unparse(line.target) == "object"
                and isinstance(line.value, ast.Constant)
                and f"returns=Page[{kind.name}]" in text
            ):
                yield line.value.value, kind.name


def index() -> str:
    """
    Return the index that the modules want.
    """
    imports, mounts, exports, objects = "", {"Async": "", "": ""}, "", ""
    names: list[str] = []
    for module, tree in modules():
        classes = sorted(kind.name for kind in public_classes(tree))
        if not classes:
            continue
        names += classes
        listed = "".join(f"        {name},\n" for name in classes)
        imports += f"    from .{module} import (\n{listed}    )\n"
        exports += "".join(f'    "{name}": "{module}",\n' for name in classes)
        objects += "".join(f'    "{word}": "{name}",\n' for word, name in words(tree))
        if module.startswith("_"):
            continue
        face = "".join(part.capitalize() for part in module.split("_"))
        (blocking,) = [name for name in classes if name.lower() == face.lower()]
        for prefix in mounts:
            kind = prefix + blocking
            mounts[prefix] += f'    {module}: Final = Mounted["{kind}"]("{kind}")\n'
    text = HEAD + imports
    text += "\n__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"
    text += "\n#: Every public class of a resource, and the module that it is in.\n"
    text += f"EXPORTS: Final[Mapping[str, str]] = {{\n{exports}}}\n"
    text += '\n_PACKAGE: Final = __name__.rpartition(".")[0]\n'
    text += "\n#: What `object` says of the items of a list, and the model of these.\n"
    text += f"_BY_OBJECT: Final[Mapping[str, str]] = {{\n{objects}}}\n"
    for prefix, who in (("Async", "an `AsyncHeyMilo`"), ("", "a `HeyMilo`")):
        text += f'\n\nclass {prefix}Resources:\n    """\n    The resources of {who}.\n    """\n\n'
        text += mounts[prefix]
    return text + TAIL


def main(arguments: list[str]) -> int:
    """
    Write the index, or check it.
    """
    wanted = index()
    if arguments == ["--check"]:
        if INDEX.read_text(encoding="utf-8") == wanted:
            return 0
        print("heymilo_async/resources/__init__.py is stale: run `python scripts/index.py`")
        return 1
    INDEX.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
