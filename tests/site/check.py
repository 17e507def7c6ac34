"""
Checks the built site: it works from a folder, no link is dead, and it has every public name.

Run by `nox -s docs`, with the folder of the site as its argument.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util.inventory import InventoryFile

#: Modules that users import, each with an `__all__`.
PUBLIC = (
    "heymilo_async",
    "heymilo_async.errors",
    "heymilo_async.events",
    "heymilo_async.otel",
    "heymilo_async.sandbox",
    "heymilo_async.sandbox.faults",
    "heymilo_async.testing",
)
#: Elements that make a browser fetch something, with their attributes.
_FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "input": "src",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
#: Elements of `head` that link to another page, without fetching it.
_NAMED_ONLY = {"author", "canonical", "index", "next", "prev", "search"}
#: A name that begins with one underscore.
_PRIVATE = re.compile(r"(?<![\w.-])_[A-Za-z]\w*|\._[A-Za-z]\w*")
#: Names of Python itself, and dlt's own column.
_STANDARD = {"._exit", "_dlt_load_id"}
#: Pages about the internals have internal names.
_ABOUT_THE_INSIDE = {"design.html", "mutation.html"}


class Page(HTMLParser):
    """
    The content of a page.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []
        self._unread = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Record the names, links and resources of an element.
        """
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.text += [f" {given[name]} " for name in ("alt", "title") if name in given]
        self._unread += tag in {"script", "style"}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") not in _NAMED_ONLY:
            self.fetched.append(given["href"])
        elif _FETCHED.get(tag) in given:
            self.fetched.append(given[_FETCHED[tag]])

    def handle_endtag(self, tag: str) -> None:
        """
        Continue to read after a script.
        """
        self._unread -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        """
        Record a text.
        """
        if not self._unread:
            self.text.append(data)


def faults_of(site: Path) -> Iterator[str]:
    """
    Yield the errors of *site*, a line for each.
    """
    pages = {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}
    for name, page in pages.items():
        for link in page.links:
            if not urlsplit(link).scheme and not _leads_somewhere(site, pages, name, link):
                yield f"{name}: a link leads nowhere: {link}"
        for url in page.fetched:
            if urlsplit(url).netloc or not (site / name).parent.joinpath(_path(url)).is_file():
                yield f"{name}: not of this folder: {url}"
        shown = set(_PRIVATE.findall("".join(page.text))) - _STANDARD
        if name not in _ABOUT_THE_INSIDE and shown:
            yield f"{name}: shows what is private: {', '.join(sorted(shown))}"
    for style in site.rglob("*.css"):
        for url in re.findall(r"(?:@import|url\()\s*['\"]?([^'\")]+)", style.read_text("utf-8")):
            if urlsplit(url).scheme in {"http", "https"} or url.startswith("//"):
                yield f"{style.name}: not of this folder: {url}"
    yield from _missing_names(site)


def _leads_somewhere(site: Path, pages: dict[str, Page], name: str, link: str) -> bool:
    target = (site / name).parent.joinpath(_path(link)) if _path(link) else site / name
    anchor = unquote(urlsplit(link).fragment)
    if not target.is_file():
        return False
    page = pages.get(target.resolve().relative_to(site.resolve()).as_posix())
    return not anchor or (page is not None and anchor in page.anchors)


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)


def _missing_names(site: Path) -> Iterator[str]:
    """
    Yield each public name that the reference lacks.
    """
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    described = {
        name for kind, items in inventory.data.items() if kind.startswith("py:") for name in items
    }
    for module in PUBLIC:
        for name in importlib.import_module(module).__all__:
            if not {f"{module}.{name}", f"heymilo_async.{name}"} & described:
                yield f"the reference lacks {module}.{name}"


def main() -> int:
    """
    Print the errors, and return the exit code.
    """
    site = Path(sys.argv[1])
    faults = list(faults_of(site))
    print("\n".join([*faults, f"{site}: {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
