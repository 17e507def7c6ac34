"""
Results as a picture: one call on each front, and decoding, as bars with their quartiles.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .contenders import BY_HAND, OURS
from .report import Report
from .results import Table

_OURS, _OTHERS = "#0b6e4f", "#9aa5b1"


def draw(found: Report, file: Path) -> None:
    """
    Draw *found* into *file*, an SVG.
    """
    # Text as text, and the same bytes for the same numbers.
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "heymilo-async"
    mpl.rcParams["font.size"] = 8
    tables = [table for table in found.tables if table.name.startswith(("one call", "decoding"))]
    rows = (len(tables) + 1) // 2
    figure = Figure(figsize=(10, 2.1 * rows), layout="constrained")
    places = figure.subplots(rows, 2, squeeze=False).flat
    for axes, table in zip(places, tables, strict=False):
        _bars(axes, table)
    for axes in list(places)[len(tables) :]:
        axes.set_axis_off()
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
