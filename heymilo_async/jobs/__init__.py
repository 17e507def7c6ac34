"""
Two jobs: `sync` copies the data of a workspace, and `ingest` sends candidates to a posting.

Each is a module with a blocking and an async function over one implementation: a coroutine that
uses an `AsyncHeyMilo`, or the async twin of a `HeyMilo`. With the twin it never suspends. It reads
and writes local files and databases directly, in small portions.

How to read it: `ingest` sends the rows of a file (`_rows`) and keeps a journal (`_journal`);
`sync` reads the lists, and stores their items in the tables (`_tables`) of a warehouse
(`_warehouse`); `dlt` passes the rows of these tables to a dlt pipeline. A journal and a warehouse
belong to one server (`_source`). DuckDB, dlt and phonenumbers are imported when a job runs (`needs`
in `_errors`).
"""

from __future__ import annotations

from ._errors import JobError

__all__ = ["JobError"]

# Pickles refer to the public module, so that the class can move.
JobError.__module__ = __name__
