"""
What tests know of the inside of the jobs, in one place: a part that moves breaks this file.
"""

from __future__ import annotations

from heymilo_async.jobs import _warehouse as warehouses
from heymilo_async.jobs._journal import open_journal
from heymilo_async.jobs._tables import TABLES, Table

__all__ = ["STANDING", "TABLES", "Table", "open_journal", "warehouses"]

#: What writes down where a run stands, to be broken.
STANDING = (warehouses.Warehouse, "_save_walk")
