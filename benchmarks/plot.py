"""
Results as a picture: one call on each front, and decoding, as bars with their quartiles.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .contenders import BY_HAND, OURS
from .report import Report
from .results import Table

#: Which tables are drawn, by the beginning of their names.
_DRAWN = re.compile(r"one call, (blocking|asyncio|trio)|decoding")
_OURS, _OTHERS = "#0b6e4f", "#9aa5b1"


def draw(found: Report, file: Path) -> None:
    """
    Draw *found* into *file*, an SVG.
    """
    # Text as text, and the same bytes for the same numbers.
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "heymilo-async"
    mpl.rcParams["font.size"] = 8
    tables = [table for table in found.tables if _DRAWN.match(table.name)]
    rows = (len(tables) + 1) // 2
    figure = Figure(figsize=(10, 2.1 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2)
    for number, table in enumerate(tables):
        row, column = divmod(number, 2)
        # The last one has its row for itself where their number is odd.
        is_alone = number == len(tables) - 1 and column == 0
        _bars(figure.add_subplot(grid[row, :] if is_alone else grid[row, column]), table)
    figure.suptitle(
        f"Medians and quartiles, {found.date}, {found.cores} cores, Python {found.python}"
    )
    file.parent.mkdir(exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None})


def _bars(axes: Axes, table: Table) -> None:
    rows = {name: row for name, row in table.rows.items() if name != BY_HAND}
    names = sorted(rows, key=lambda name: rows[name].median, reverse=True)
    medians = [rows[name].median for name in names]
    below = [rows[name].median - rows[name].lower for name in names]
    above = [rows[name].upper - rows[name].median for name in names]
    axes.barh(
        names,
        medians,
        xerr=[below, above],
        color=[_OURS if name == OURS else _OTHERS for name in names],
        ecolor="#333333",
    )
    axes.set_title(f"{table.name}, {table.unit}", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
