"""
The two jobs that integrations exist for: `sync` brings the data home, `ingest` brings candidates in.

Each is a module with one function that blocks and one that is awaited, from one implementation: a
coroutine over an `AsyncHeyMilo`, or over the twin of a `HeyMilo`, where it never suspends. Files and
databases are local, and read and written where they are needed, in short pieces.

How to read it: `ingest` goes through the rows of a file (`_rows`) and keeps a journal (`_journal`);
`sync` walks through the lists, and keeps what it finds in the tables (`_tables`) of a warehouse
(`_warehouse`); `dlt` gives the rows of these tables to a pipeline of dlt's. DuckDB, dlt and
phonenumbers are imported when a job runs (`needs` in `_errors`).
"""

from __future__ import annotations

from ._errors import JobError

__all__ = ["JobError"]

# Where users find it, so that it may be moved.
JobError.__module__ = __name__
