"""
Lists the pages of the documentation, with their blocks of code, headings and links.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])

_FILE = re.compile(r"# ((?:\w+/)*\w+\.py)\n")


def named(page: Path) -> str:
    """
    Return the name of a test for *page*.
    """
    return str(page.relative_to(ROOT))


@attrs.frozen(kw_only=True)
class Block:
    """
    A fenced block of a page.

    Attributes:
        page: Its page.
        line: The line of the page where its text begins, counted from 1.
        language: The first word behind the fence, `{name}` for a directive of Sphinx's.
        words: The words after that, which say how to run the block.
        text: Its content.
        shown: The content of a block `text` right after it, its expected output.
    """

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str
    shown: str | None = None

    @property
    def file(self) -> str | None:
        """
        The file name in the comment of the first line; None if there is none.
        """
        match = _FILE.match(self.text) if self.language == "python" else None
        return match and match[1]

    def __str__(self) -> str:
        return f"{named(self.page)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """
    Return the blocks of *page*, in order.
    """
    tokens = _parsed(page)
    blocks = []
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type != "fence":
            continue
        language, *words = token.info.split() or [""]
        is_shown = after is not None and after.type == "fence" and after.info == "text"
        blocks.append(
            Block(
                page=page,
                line=(token.map or [0])[0] + 2,
                language=language,
                words=tuple(words),
                text=token.content,
                shown=after.content if after is not None and is_shown else None,
            )
        )
    return blocks


def links_of(page: Path) -> list[str]:
    """
    Return the links of *page* within this repository, as written.
    """
    hrefs = [
        str(child.attrs.get("href", child.attrs.get("src", "")))
        for token in _parsed(page)
        for child in token.children or ()
        if child.type in {"link_open", "image"}
    ]
    return [href for href in hrefs if not re.match(r"[a-z]+:", href)]


def anchors_of(page: Path) -> set[str]:
    """
    Return the anchors of the headings of *page*, as GitHub and MyST generate them.
    """
    return set(_anchors(_parsed(page)))


def _anchors(tokens: list[Token]) -> Iterator[str]:
    for token, after in itertools.pairwise(tokens):
        if token.type == "heading_open":
            plain = re.sub(r"[^\w\- ]", "", after.content.lower())
            yield plain.replace(" ", "-")


def _parsed(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
