"""
The private names of the jobs that tests use, in one place: moving a part breaks only this file.
"""

from __future__ import annotations

from heymilo_async.jobs import _warehouse as warehouses
from heymilo_async.jobs._journal import Entry, open_journal
from heymilo_async.jobs._source import Source, source_of
from heymilo_async.jobs._tables import TABLES, Table

__all__ = [
    "STANDING",
    "TABLES",
    "Entry",
    "Source",
    "Table",
    "open_journal",
    "source_of",
    "warehouses",
]

#: The method that records the position of a run; tests replace it.
STANDING = (warehouses.Warehouse, "_save_walk")
