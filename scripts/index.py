"""
Generates the index and the reference pages from the resource modules.

`python scripts/index.py` writes `heymilo_async/resources/__init__.py`, the clients' attributes
beside it, the names in `heymilo_async/__init__.py`, `docs/reference`, the sandbox's copy of the
contract, and the number of operations in the first pages; with `--check` it only lists stale files,
and fails if there are any.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

RESOURCES = Path(__file__).parent.parent / "heymilo_async" / "resources"
INDEX = RESOURCES / "__init__.py"
ATTRIBUTES = RESOURCES / "_attributes.py"
SURFACE = RESOURCES.parent / "__init__.py"
PUBLIC = RESOURCES.parent / "_public.py"
REFERENCE = RESOURCES.parent.parent / "docs" / "reference"
CLAIMS = RESOURCES.parent.parent / "tests" / "typing" / "resources.py"
CONTRACT = RESOURCES.parent.parent / "tests" / "contract.json"
PACKAGED = RESOURCES.parent / "sandbox" / "contract.json"
#: The pages that have the number of operations.
FIRST_PAGES = [
    RESOURCES.parent.parent / name for name in ("README.md", "docs/index.md", "docs/start.md")
]

#: Members of the contract that only inform people.
PROSE = {"description", "summary", "title"}

#: Methods that a collection inherits: their arguments, and their return types.
INHERITED = {
    "list": ("", "AsyncPage[{}]"),
    "list_all": ("", "AsyncPager[{}]"),
    "get": ("a", "{}"),
    "get_many": ("a", "list[{}]"),
    "get_many_settled": ("a", "list[{} | HeyMiloError]"),
}

CLAIMS_HEAD = '''"""
The types of each resource's methods, as a type checker sees them. This file is never run.

This file is written by `python scripts/index.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from heymilo_async import (
'''

HEAD = '''"""
The API's resources, one module each: models, operations, async and blocking methods.

`python scripts/index.py` writes this file. A resource's module is imported on first use, so
importing the package takes the same time for any number of resources.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
'''

TAIL = '''
#: The classes that are published, and whatever their modules import too.
_READY: Final[set[Any]] = set()


def load(name: str) -> Any:
    """
    Return the class of the public *name*, and import its module if necessary.
    """
    module = importlib.import_module(f".{EXPORTS[name]}", __name__)
    found = getattr(module, name)
    if found not in _READY:
        # Publish the modules that it imports, too: groups share models. Another thread may be
        # importing such a module; importing it again waits for that thread.
        for exported, where in EXPORTS.items():
            if f"{__name__}.{where}" in sys.modules:
                _publish(exported, importlib.import_module(f".{where}", __name__))
        _READY.add(found)
    return found


def _publish(name: str, module: ModuleType) -> None:
    """
    Set `__module__` of the class *name* to the public module, for pickles and tracebacks.
    """
    kind = getattr(module, name)
    if kind.__module__ == module.__name__:
        from .._core.model import resolve  # noqa: PLC0415 - the table alone needs no model

        resolve(kind, module)
        kind.__module__ = __name__.rpartition(".")[0]


def model_named(word: str) -> Any:
    """
    Return the model whose `object` is *word*, None if there is none.
    """
    name = _BY_OBJECT.get(word)
    return load(name) if name is not None else None


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *__all__})
'''

ATTRIBUTES_HEAD = '''"""
The resources of the clients: one attribute for each group.

This file is written by `python scripts/index.py`.
"""
# ruff: noqa: F401 - the imports are for the types in brackets

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._core.codec import finders
from . import model_named
from ._collection import LazyResource

if TYPE_CHECKING:
'''


def modules() -> Iterator[tuple[str, ast.Module]]:
    """
    Yield the name of each module of resources, and what stands in it.
    """
    for file in sorted(RESOURCES.glob("*.py")):
        if file.stem not in {"__init__", "_attributes", "_collection"}:
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
                and (f"Page[{kind.name}]" in text or f", {kind.name})" in text)
            ):
                yield str(line.value.value), kind.name


def index() -> str:
    """
    Return the index that the modules want.
    """
    imports, exports, objects, summaries = "", "", "", ""
    names: list[str] = []
    for module, tree in modules():
        classes = sorted((kind.name for kind in public_classes(tree)), key=str.lower)
        if not classes:
            continue
        names += classes
        listed = "".join(f"        {name},\n" for name in classes)
        imports += f"    from .{module} import (\n{listed}    )\n"
        exports += "".join(f'    "{name}": "{module}",\n' for name in classes)
        objects += "".join(f'    "{word}": "{name}",\n' for word, name in words(tree))
        if module.startswith("_"):
            continue
        described = (ast.get_docstring(tree) or "").partition("\n\n")[0]
        summary = " ".join(described.partition(": ")[2].split())
        summaries += f'    "{module}": "{summary[:1].upper()}{summary[1:]}",\n'
    text = HEAD + imports
    text += "\n__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"
    text += "\n#: Every public class of a resource, and its module.\n"
    text += f"EXPORTS: Final[Mapping[str, str]] = {{\n{exports}}}\n"
    text += "\n#: A summary of each resource, by its attribute on a client.\n"
    text += f"SUMMARIES: Final[Mapping[str, str]] = {{\n{summaries}}}\n"
    text += "\n#: The model of a list's items, by the value of `object`.\n"
    text += f"_BY_OBJECT: Final[Mapping[str, str]] = {{\n{objects}}}\n"
    return text + TAIL


def attributes() -> str:
    """
    Return the module of the clients' attributes.
    """
    imports, mounts = "", {"Async": "", "": ""}
    for module, tree in modules():
        if module.startswith("_") or not (classes := public_classes(tree)):
            continue
        face = "".join(part.capitalize() for part in module.split("_"))
        (blocking,) = [kind.name for kind in classes if kind.name.lower() == face.lower()]
        imports += f"    from .{module} import Async{blocking}, {blocking}\n"
        for prefix in mounts:
            mounts[prefix] += _mounted(module, prefix + blocking)
    text = ATTRIBUTES_HEAD + imports
    for prefix, who in (("Async", "an `AsyncHeyMilo`"), ("", "a `HeyMilo`")):
        text += f'\n\nclass {prefix}Resources:\n    """\n    The resources of {who}.\n    """\n\n'
        text += mounts[prefix]
    return text + "\n\nfinders.append(model_named)\n"


def _mounted(name: str, kind: str) -> str:
    line = f'    {name}: Final = LazyResource["{kind}"]("{kind}")\n'
    if len(line) <= 101:
        return line
    return f'    {name}: Final = LazyResource["{kind}"](\n        "{kind}"\n    )\n'


def page(tree: ast.Module, parts: Mapping[str, ast.Module]) -> str:
    """
    Return the page of the reference for a module: its faces first, then its models, and those of
    the private modules among *parts* that it is made of.
    """
    described = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    title, _, summary = " ".join(described.split()).partition(": ")
    text = f"# {title}\n\n{summary[:1].upper()}{summary[1:]}\n\n```{{eval-rst}}\n"
    text += ".. py:currentmodule:: heymilo_async\n"
    kinds = public_classes(tree)
    for part in _parts_of(tree, parts):
        kinds += public_classes(parts[part])
    for kind in sorted(kinds, key=lambda one: not _is_face(one)):
        members = [
            line.name
            for line in kind.body
            if isinstance(line, ast.FunctionDef | ast.AsyncFunctionDef)
            and not line.name.startswith("_")
        ]
        text += f"\n.. autoclass:: {kind.name}\n"
        if _is_face(kind):
            text += "   :members:\n"
        elif members:
            text += f"   :members: {', '.join(members)}\n"
    return text + "```\n"


def _parts_of(tree: ast.Module, parts: Mapping[str, ast.Module]) -> list[str]:
    """
    Return the names of those *parts* that a module imports, and that these import.
    """
    found = [
        str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module in parts
    ]
    below = [inner for part in found for inner in _parts_of(parts[part], parts)]
    return list(dict.fromkeys([*found, *below]))


def _is_face(kind: ast.ClassDef) -> bool:
    names = {line.targets[0].id for line in kind.body if _is_plain_assignment(line)}
    bases = " ".join(ast.unparse(base) for base in kind.bases)
    return bool(names & {"_twin_type", "_list_operation"}) or "Resource" in bases


def _is_plain_assignment(line: ast.stmt) -> TypeGuard[Any]:
    return isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)


def resources_page() -> str:
    """
    Return the page of the reference that lists the groups.
    """
    text = "# Resources\n\nEach resource has a page; a client has it as `client.NAME`.\n\n```{toctree}\n:maxdepth: 1\n\n"
    names = [name.replace("_", "-") for name, _ in modules() if not name.startswith("_")]
    return text + "".join(f"{name}\n" for name in names) + "```\n"


def claims() -> str:
    """
    Return the file from which type checkers read what each method of both faces returns.
    """
    faces: dict[str, list[tuple[str, str, str]]] = {}
    for module, tree in modules():
        for kind in public_classes(tree):
            if kind.name.startswith("Async") and _is_face(kind):
                faces[module] = list(_methods_of(kind))
    text = CLAIMS_HEAD
    names = {name for name in _names_in(faces) if name in exports()}
    text += "".join(
        f"    {name},\n"
        for name in sorted(
            {
                "AsyncHeyMilo",
                "AsyncPage",
                "AsyncPager",
                "HeyMilo",
                "HeyMiloError",
                "Page",
                "Pager",
                *names,
            }
            | ({"Audio"} if "Audio" in _names_in(faces) else set()),
            key=str.lower,
        )
    )
    text += ")\n"
    for awaited in (True, False):
        client = "AsyncHeyMilo" if awaited else "HeyMilo"
        word = "awaited" if awaited else "blocking"
        text += "\n\nasync def awaited(" if awaited else f"\n\ndef {word}("
        text += f'client: {client}, a: Any) -> None:\n    """\n'
        text += f'    The return types of all methods, {word}.\n    """\n'
        for module, methods in faces.items():
            for name, arguments, returns in methods:
                told = returns if awaited else returns.replace("AsyncPage", "Page")
                wait = "await " if awaited and "AsyncPager" not in returns else ""
                text += f"    assert_type({wait}client.{module}.{name}({arguments}), {told})\n"
    return text


def exports() -> set[str]:
    """
    Return the names of all public classes of resources.
    """
    return {kind.name for _, tree in modules() for kind in public_classes(tree)}


def _names_in(faces: dict[str, list[tuple[str, str, str]]]) -> set[str]:
    returned = " ".join(returns for methods in faces.values() for _, _, returns in methods)
    return set(re.findall(r"\w+", returned))


def _methods_of(kind: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """
    Yield name, arguments and what is returned, for each public method of an awaited face.
    """
    own = {
        line.name: line
        for line in kind.body
        if isinstance(line, ast.FunctionDef | ast.AsyncFunctionDef) and line.name[0] != "_"
    }
    base = kind.bases[0]
    if isinstance(base, ast.Subscript):
        item = ast.unparse(base.slice)
        for name, (arguments, returns) in INHERITED.items():
            if name not in own:
                yield name, arguments, returns.format(item)
    for name, method in own.items():
        required = [
            f"{one.arg}=a"
            for one, default in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
            if default is None
        ]
        positional = len(method.args.args) - 1 - len(method.args.defaults)
        returned = ast.unparse(method.returns) if method.returns else "None"
        yield name, ", ".join(["a"] * positional + required), returned.replace("builtins.", "")


def surface() -> str:
    """
    Return the package's first module, with every public name in its `__all__`.

    One by one, because mypy reads no other form of it.
    """
    begin, end = "    __all__ = [\n", "    ]\n"
    before, _, rest = SURFACE.read_text(encoding="utf-8").partition(begin)
    # In the order that ruff's RUF022 wants: constants first.
    names = sorted(
        ["__version__", *_listed(PUBLIC), *exports()], key=lambda name: (not name.isupper(), name)
    )
    lines = "".join(f'        "{name}",\n' for name in names)
    return before + begin + lines + end + rest.partition(end)[2]


def _listed(file: Path) -> list[str]:
    (names,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return list(names)


def packaged() -> str:
    """
    Return the contract that the sandbox serves: the one that the clients are tested with, in one
    line and without prose.
    """
    document = json.loads(CONTRACT.read_text(encoding="utf-8"))
    facts = {**document, **{part: _facts(document[part]) for part in ("paths", "components")}}
    return json.dumps(facts, separators=(",", ":"), ensure_ascii=False) + "\n"


def _facts(value: Any, place: str = "") -> Any:
    if isinstance(value, list):
        return [_facts(one) for one in value]
    if not isinstance(value, dict) or place in {"default", "example", "examples"}:
        return value
    if place == "properties":
        # The keys are names: a member may be named `title`.
        return {name: _facts(one) for name, one in value.items()}
    if place == "responses":
        # OpenAPI requires the description of a response.
        return {
            status: {
                name: one if name == "description" else _facts(one, name)
                for name, one in response.items()
            }
            for status, response in value.items()
        }
    return {name: _facts(one, name) for name, one in value.items() if name not in PROSE}


def counted(page: Path) -> str:
    """
    Return a *page* with the number of operations that the contract has.
    """
    paths = json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"]
    count = sum(map(len, paths.values()))
    return re.sub(r"all \d+ operations", f"all {count} operations", page.read_text("utf-8"))


def leftovers() -> list[Path]:
    """
    Return the pages of the reference whose classes no longer exist.
    """
    known = {*_listed(PUBLIC), *exports()}
    return [
        file
        for file in sorted(REFERENCE.glob("*.md"))
        if ".. py:currentmodule:: heymilo_async\n" in (text := file.read_text(encoding="utf-8"))
        if not known & set(re.findall(r"^.. auto\w+:: (\w+)", text, re.MULTILINE))
    ]


def wanted() -> dict[Path, str]:
    """
    Return the files that follow from the modules, with what belongs into each.
    """
    files = {
        INDEX: index(),
        ATTRIBUTES: attributes(),
        SURFACE: surface(),
        REFERENCE / "resources.md": resources_page(),
        CLAIMS: claims(),
        PACKAGED: packaged(),
        **{page: counted(page) for page in FIRST_PAGES},
    }
    trees = dict(modules())
    parts = {name: tree for name, tree in trees.items() if name.startswith("_")}
    for name, tree in trees.items():
        if name not in parts:
            files[REFERENCE / f"{name.replace('_', '-')}.md"] = page(tree, parts)
    return files


def main(arguments: list[str]) -> int:
    """
    Write the files, or check them.
    """
    root = RESOURCES.parent.parent
    stale = 0
    for file, text in wanted().items():
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        if arguments == ["--check"]:
            print(f"{file.relative_to(root)} is stale: run `python scripts/index.py`")
            stale = 1
        else:
            file.write_text(text, encoding="utf-8")
    for file in leftovers():
        if arguments == ["--check"]:
            print(f"{file.relative_to(root)} is left over: run `python scripts/index.py`")
            stale = 1
        else:
            file.unlink()
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
