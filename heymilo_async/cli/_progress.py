"""
A progress bar on stderr, if stderr is a terminal.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text


class _Count(ProgressColumn):
    """
    The count, the total if it is known, and the rate per second.
    """

    def render(self, task: Task) -> Text:
        """
        Return the text for *task*.
        """
        done = f"{task.completed:,.0f}"
        if task.total is not None:
            done = f"{done} of {task.total:,.0f}"
        speed = task.finished_speed or task.speed
        return Text(done if speed is None else f"{done}, {speed:,.0f} a second")


def is_wanted(*, verbose: int, writes_lines: bool) -> bool:
    """
    Return whether to show a progress bar.

    The answer is no with -v, or if the command writes lines to a terminal: they would mix.
    """
    if verbose or sys.stderr is None or not sys.stderr.isatty():
        return False
    return not (writes_lines and sys.stdout is not None and sys.stdout.isatty())


@contextlib.contextmanager
def progress(
    noun: str, *, most: int | None, is_total_known: bool, wanted: bool
) -> Generator[Callable[[int, int | None], None], None, None]:
    """
    Show a bar during the `with` block; yield a function that takes a count to add, and a total.

    The bar shows a total only if *is_total_known*, and at most *most*.
    """
    if not wanted:
        yield lambda _, __: None
        return
    # On a narrow terminal the count is cut off, because a bar of two lines would flicker.
    count = _Count(table_column=Column(no_wrap=True))
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), count)
    # By default, rich would redirect the output from stdout to its own console, which is stderr.
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(noun, total=None)

        def advance(count: int, total: int | None) -> None:
            known = [one for one in (total, most) if one is not None]
            bar.update(task, advance=count, total=min(known) if known and is_total_known else None)

        yield advance
