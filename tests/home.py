"""
Helpers for the tests of `sync`: query the DuckDB file, and list the sandbox's candidates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from heymilo_async import Candidate
from heymilo_async.sandbox import Sandbox


def rows_of(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """
    Return the rows of *statement* in *file*, with times in UTC.
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(statement).fetchall()


def candidates_of(milo: Sandbox) -> list[Candidate]:
    """
    Return all candidates of a sandbox, by posting.
    """
    with milo.client() as client:
        return [
            one
            for posting in client.postings.list()
            for one in client.candidates.list_all(posting.id)
        ]
