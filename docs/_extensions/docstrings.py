"""
Reads docstrings as this project writes them: plain text with Google's sections.

What Sphinx would not make of them by itself: an example is code, an indented passage is shown as it
stands, a name in backticks links to what it names, and an operation to its place in the contract.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxRole

import heymilo_async
from heymilo_async import sandbox
from heymilo_async.resources._collection import AsyncResource, Resource

_TYPE_BELOW = re.compile(
    r"(\.\. attribute:: \w+\n)((?:   .*\n|\n)*?)   :type: (.+)(?=\n|$)", re.MULTILINE
)
#: Stands for a colon while napoleon reads; a character that no text has.
_COLON = "\ue000"
_OPERATION = re.compile(r"operation `(\w+)`")
#: What docstrings say of each call, for those who read them in an editor; here it stands once.
_EVERY_CALL = re.compile(r"What every call may raise(?:; see the errors page)?")
_SHARED = re.compile(
    r"^ +(?:InvalidRequestError: (?:A parameter|An argument|The id) cannot [^.]*; nothing was sent\."
    r"|TypeError: (?:A parameter|An argument|The id) is (?:of the wrong type|not a str)\.)\n",
    re.MULTILINE,
)
#: Type variables, and what is described elsewhere.
_NOT_HERE = re.compile(r"(?:.*\.)?(?:T|ItemT|P)|httpx\.(?:Async)?Client|opentelemetry\..*")
_STANDARD = "https://docs.python.org/3/library/"
#: Pages of the standard library's documentation, by module.
_STANDARD_PAGES = {
    "asyncio": "asyncio.html",
    "collections.abc": "collections.abc.html",
    "datetime": "datetime.html",
    "socket": "socket.html",
    "ssl": "ssl.html",
    "typing": "typing.html",
}


def setup(app: Sphinx) -> dict[str, bool]:
    """
    Connect with Sphinx.
    """
    app.add_role("maybe", MaybeName())
    app.config.default_role = "maybe"
    # Napoleon listens with the usual priority, 500.
    app.connect("autodoc-process-docstring", _prepare, priority=400)
    app.connect("autodoc-process-docstring", _type_beside_name, priority=600)
    app.connect("autodoc-process-signature", _simplify)
    app.connect("missing-reference", _resolve)
    app.add_post_transform(PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class MaybeName(SphinxRole):
    """
    Text in single backticks: a link if it is the name of something documented, else plain code.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """
        Return the text as code, to be linked once all names are known.
        """
        code = nodes.literal(self.rawtext, self.text, classes=["xref", "py"])
        name = self.text.removesuffix("()").removeprefix("heymilo_async.")
        if not re.fullmatch(r"[A-Za-z][\w.]*", name):
            return [nodes.literal(self.rawtext, self.text)], []
        reference = pending_xref(
            "",
            code,
            refdomain="py",
            reftype="obj",
            reftarget=f"{self._module_of(name)}.{name}",
            refdoc=self.env.docname,
            is_maybe=True,
        )
        return [reference], []

    def _module_of(self, name: str) -> str:
        """
        Return the public module that *name* is from: the one being described, or the package.
        """
        here = str(self.env.ref_context.get("py:module"))
        names = getattr(sys.modules.get(here), "__all__", ())
        return here if name.partition(".")[0] in names else "heymilo_async"


class PublicNames(SphinxPostTransform):
    """
    Lets references say where a public name is imported from, and not where it is defined.

    (And `object` is Python's own, not the next attribute of that name.)
    """

    #: Before they are resolved, which comes with 10.
    default_priority = 5

    def run(self, **_: Any) -> None:
        """
        Change the references of a page.
        """
        for node in list(self.document.findall(pending_xref)):
            if node["reftype"] == "class" and node["reftarget"] in vars(builtins):
                node.replace_self(nodes.Text(node["reftarget"]))
                continue
            module, _, name = str(node["reftarget"]).rpartition(".")
            for public in (heymilo_async, sandbox):
                if name in public.__all__ and module.startswith(f"{public.__name__}."):
                    node["reftarget"] = f"{public.__name__}.{name}"


def _resolve(app: Sphinx, env: Any, node: pending_xref, content: nodes.Node) -> nodes.Node | None:
    """
    Return what stands for a reference that leads nowhere in this site, None if that is a mistake.
    """
    if node.get("is_maybe"):
        return nodes.literal("", content.astext())
    if node.get("refdomain") != "py":
        return None
    module, _, name = node["reftarget"].rpartition(".")
    # (An annotation that attrs hands on as it was written.)
    module = module or (name if name == "datetime" else "")
    if module in _STANDARD_PAGES:
        url = f"{_STANDARD}{_STANDARD_PAGES[module]}#{module}.{name}"
        return nodes.reference("", "", content, internal=False, refuri=url)
    return content if _NOT_HERE.fullmatch(node["reftarget"]) else None


def _prepare(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """
    Turn what reStructuredText would misread into what it means.
    """
    text = _OPERATION.sub(r"operation :ref:`\1 <operation-\1>`", "\n".join(lines))
    if _EVERY_CALL.search(text):
        text = _SHARED.sub(
            "", _EVERY_CALL.sub(":ref:`What every call may raise <every-call>`", text)
        )
    if what == "property":
        # Napoleon takes what stands before a colon in its first line for its type.
        text = text.replace(": ", f"{_COLON} ")
    lines[:] = _marked_up(text.splitlines())


def _type_beside_name(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """
    Let an attribute's type stand where it stands in code; napoleon puts it below.
    """
    text = _TYPE_BELOW.sub(r"\1   :type: \3\n\2", "\n".join(lines))
    lines[:] = text.replace(_COLON, ":").splitlines()


def _marked_up(lines: list[str]) -> Iterator[str]:
    """
    Yield *lines* with their examples and indented passages marked as code.
    """
    position = 0
    while position < len(lines):
        line = lines[position]
        body = list(_indented(lines[position + 1 :]))
        position += 1
        if line == "Example:":
            language = "pycon" if any(">>>" in one for one in body) else "python"
            yield from [".. rubric:: Example", "", f".. code-block:: {language}", "", *body, ""]
        elif line == "Returns:":
            # Napoleon would take what stands before a colon for a type.
            yield from [":returns:", *body]
        elif line and not line.startswith(" ") and _is_passage(body):
            yield from [line, "", ".. code-block:: text", *body, ""]
        else:
            yield line
            continue
        position += len(body)


def _is_passage(body: list[str]) -> bool:
    """
    Return whether *body* is a passage of its own, with an empty line before it.
    """
    return len(body) > 1 and not body[0] and any(body)


def _indented(lines: list[str]) -> Iterator[str]:
    """
    Yield the first of *lines* as long as they are indented or empty.
    """
    for line in lines:
        if line and not line.startswith("    "):
            return
        yield line


def _simplify(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None] | None:
    """
    Show what a caller can give, and nothing for what this package makes by itself.

    "Not given" is shown by dots, as in stubs, and your own client as what it has to be.
    """
    if what == "exception" or name.startswith("heymilo_async.testing.") or _is_made_for_you(thing):
        return "", None
    if signature is None:
        return None
    client = "httpx.AsyncClient" if "Async" in name else "httpx.Client"
    for pattern, text in [
        (r" \| [~\w.]*\bNotGiven\b", ""),
        (r"NOT_GIVEN", "..."),
        (r"[~\w.]*\b(Async)?HTTPClient\b", client),
        # What a converter takes, but not what one would give.
        (r"extra: .*? = {}", "extra: ~collections.abc.Mapping[str, ~typing.Any] = {}"),
        # Sphinx cannot read what `inspect` makes of a ParamSpec and of a TypeVar.
        (r"\[\[~P\], ", "[P, "),
        (r": ~typing\.~P\b", ""),
        (r"~[\w.]+\.T\b", "T"),
    ]:
        signature = re.sub(pattern, text, signature)
    return signature, returns


def _is_made_for_you(thing: object) -> bool:
    """
    Return whether a class is made by this package alone: a resource, a walk, a running server.
    """
    kinds = (
        *(AsyncResource, Resource, heymilo_async.AsyncPager, heymilo_async.Pager),
        *(heymilo_async.AsyncPrefetch, heymilo_async.Prefetch, sandbox.Sandbox, sandbox.Relay),
    )
    return isinstance(thing, type) and issubclass(thing, kinds)
