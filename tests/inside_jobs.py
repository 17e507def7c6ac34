"""
What tests know of the inside of the jobs, in one place: a part that moves breaks this file.
"""

from __future__ import annotations

from heymilo_async.jobs import _warehouse as warehouses
from heymilo_async.jobs._journal import opened
from heymilo_async.jobs._tables import TABLES, Table

__all__ = ["STANDING", "TABLES", "Table", "opened", "warehouses"]

#: What writes down where a run stands, to be broken.
STANDING = (warehouses.Warehouse, "_stand")
