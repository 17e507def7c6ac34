"""
What the tests of bringing data home ask: a file of DuckDB, and the sandbox that it came from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from heymilo_async import Candidate
from heymilo_async.sandbox import Sandbox


def rows_of(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """
    Return what *statement* finds in *file*, whose times are UTC's.
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(statement).fetchall()


def candidates_of(milo: Sandbox) -> list[Candidate]:
    """
    Return all candidates of a sandbox, by its postings.
    """
    with milo.client() as client:
        return [
            one
            for posting in client.postings.list()
            for one in client.candidates.list_all(posting.id)
        ]
