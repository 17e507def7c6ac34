"""
Formats models as a table, or as one block per model if the terminal is too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ._streams import printable
from ._views import Column

T = TypeVar("T")

_ANY_WIDTH: Final = 100_000


def table(items: Sequence[T], columns: Sequence[Column[T]]) -> str:
    """
    Return *items* as a table, or as blocks if the terminal is too narrow.
    """
    console = Console()
    lines = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        lines.add_column(column.heading, no_wrap=True)
    for item in items:
        lines.add_row(*(_cell(item, column) for column in columns))
    unlimited = console.options.update(max_width=_ANY_WIDTH)
    if console.measure(lines, options=unlimited).maximum <= console.width:
        return _rendered(console, lines)
    return "\n".join(block(item, columns) for item in items)


def block(item: T, columns: Sequence[Column[T]]) -> str:
    """
    Return *item* as a block with one line per value.
    """
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    for column in columns:
        lines.add_row(column.heading, _cell(item, column))
    return _rendered(Console(), lines)


def _rendered(console: Console, renderable: RenderableType) -> str:
    # Render to text, because rich would exit the process if it printed to a closed pipe.
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def _cell(item: T, column: Column[T]) -> Text:
    # A Text, because rich would interpret markup and emoji in a str.
    shown = column.show(item)
    return Text("-" if shown is None else printable(shown))
