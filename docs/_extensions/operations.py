"""
Lists the operations of the API's contract, and which methods stand for them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import heymilo_async
from heymilo_async.resources._collection import AsyncResource, Resource

CONTRACT = Path(__file__).parents[2] / "tests" / "contract.json"


def setup(app: Sphinx) -> dict[str, bool]:
    """
    Connect with Sphinx.
    """
    app.add_directive("operations", Operations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Operations(SphinxDirective):
    """
    How many operations of the contract have a method, and a section for each of them.
    """

    def run(self) -> list[nodes.Node]:
        """
        Return the sections.
        """
        self.env.note_dependency(str(CONTRACT))
        contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
        operations = [
            (method.upper(), path, operation)
            for path, methods in contract["paths"].items()
            for method, operation in methods.items()
        ]
        covered = sum(bool(_methods_of(operation["operationId"])) for *_, operation in operations)
        lines = [
            f"This version has a method for **{covered} of {len(operations)}** operations.",
            "",
        ]
        lines += [line for one in operations for line in _described(*one)]
        return self.parse_content_to_nodes_from(lines)

    def parse_content_to_nodes_from(self, lines: list[str]) -> list[nodes.Node]:
        """
        Return what MyST makes of *lines*.
        """
        holder = nodes.Element()
        self.state.nested_parse(
            StringList(lines, str(CONTRACT)), self.content_offset, holder, match_titles=True
        )
        return holder.children


def _described(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    name = operation["operationId"]
    methods = [f"{{py:meth}}`{one}() <heymilo_async.{one}>`" for one in _methods_of(name)]
    lines = [f"(operation-{name})=", f"### `{name}`", "", f"`{method} {path}`", ""]
    lines += [f"Called by {' and '.join(methods)}.", ""]
    parameters = [f": {line}\n" for line in map(_parameter, operation.get("parameters", ()))]
    lines += ["Parameters", *parameters] if parameters else []
    answers = [f"`{status}`" for status in operation["responses"]]
    return "\n".join([*lines, f"Answers\n: {', '.join(answers)}", ""]).splitlines()


def _parameter(parameter: dict[str, Any]) -> str:
    wanted = "required" if parameter.get("required") else "optional"
    return f"`{parameter['name']}`, in the {parameter['in']}, {wanted}"


def _methods_of(operation: str) -> list[str]:
    """
    Return the methods that stand for *operation*, on both faces, the awaited one first.
    """
    kinds = [
        kind
        for kind in (getattr(heymilo_async, name) for name in heymilo_async.__all__)
        if isinstance(kind, type) and issubclass(kind, AsyncResource | Resource)
    ]
    return [
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, method in vars(kind).items()
        if f"(operation `{operation}`" in " ".join((getattr(method, "__doc__", None) or "").split())
        and getattr(getattr(method, "__operation__", None), "id", None) == operation
    ]
