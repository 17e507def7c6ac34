"""
The DuckDB file of `sync`: one transaction stores the rows of a page and the state of the walk.

Comments note where DuckDB behaves unexpectedly; each was verified with 2.0.1.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Collection, Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from ._errors import JobError, needs
from ._source import Source
from ._tables import TABLES, Row, Table

#: An older interrupted run is not resumed, because its lists are outdated.
_OLDEST_RUN: Final = timedelta(hours=1)

#: The job's own tables: a description of a row; the columns with types and descriptions.
_BOOKKEEPING: Final[Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]]] = {
    "sync_source": (
        "The server and the workspace whose data the file has; one row.",
        {
            "host": ("VARCHAR", "The server's host; 'loopback' for a server on this machine."),
            "workspace": ("VARCHAR", "A hash of the workspace's id; null if no run had one."),
        },
    ),
    "sync_runs": (
        "A run of the job.",
        {
            "id": ("BIGINT", "Its number."),
            "options": (
                "VARCHAR",
                "The options of the run; only a run with the same options resumes it.",
            ),
            "started_at": ("TIMESTAMPTZ", "When it started."),
            "finished_at": ("TIMESTAMPTZ", "When it finished; null if it has not finished."),
        },
    ),
    "sync_walks": (
        "A walk through a list.",
        {
            "name": (
                "VARCHAR PRIMARY KEY",
                "The table, and the posting if each posting has a list.",
            ),
            "run": ("BIGINT", "The number of the last run that read the list."),
            "place": ("VARCHAR", "The cursor: that run continues after this item."),
            "is_done": ("BOOLEAN", "Whether that run has reached the end of the list."),
            "done_at": ("TIMESTAMPTZ", "When a run last finished reading the whole list."),
        },
    ),
    "sync_seen": (
        "An item that an unfinished walk has read.",
        {
            "walk": ("VARCHAR", "The name of the walk."),
            "id": ("VARCHAR", "The key of the item."),
        },
    ),
    "sync_interviews": (
        "An interview that was fetched.",
        {
            "interview_id": ("VARCHAR PRIMARY KEY", "The interview."),
            "fingerprint": (
                "VARCHAR",
                "The candidate's state when it was fetched; a different state makes it due again.",
            ),
        },
    ),
}

#: The candidate's fields whose change makes the job fetch an interview again.
_FINGERPRINT: Final = (
    "concat(c.status, '|', c.score::VARCHAR, '|', c.workflow->>'last_activity_at', '|', $links)"
)

#: DuckDB's error for a file that another process has open, on POSIX and on Windows.
_IN_USE: Final = ("Could not set lock", "being used by another process")
#: DuckDB's error for a file that this process has open with other options.
_OPEN_HERE: Final = "Can't open a connection to same database file"

#: The files that are open in this process; DuckDB's lock only excludes other processes.
_open_files: set[str] = set()
#: The umask before the first of these files was opened.
_previous_umask = 0
_open_files_lock = threading.Lock()


@attrs.frozen(kw_only=True)
class Changes:
    """
    The numbers of rows that a page added and changed.
    """

    new: int = 0
    changed: int = 0


class Warehouse:
    """
    The tables of one file, and the position of each walk through a list.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._run = 0
        self._previous_run: int | None = None

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            # After an error, DuckDB would ignore COMMIT silently.
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(statement, list(values)).fetchall()
        return found

    def prepare(self) -> None:
        """
        Create missing tables, and columns that this version adds.
        """
        existing: dict[str, set[str]] = {}
        for name, column in self._all(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND NOT internal"
        ):
            existing.setdefault(name, set()).add(column)
        with self._transaction():
            for name, (comment, columns) in _BOOKKEEPING.items():
                if name not in existing:
                    types = {column: type_name for column, (type_name, _) in columns.items()}
                    self._create(name, comment, types)
                    for column, (_, meaning) in columns.items():
                        self._describe(name, column, meaning)
            for table in TABLES.values():
                self._prepare(table, existing.get(table.name))

    def _prepare(self, table: Table, found: Collection[str] | None) -> None:
        if found is not None and table.key not in found:
            message = f"this job did not create the table {table.name!r}: name another file"
            raise JobError(message)
        missing = [one for one in table.all_columns if one.name not in (found or ())]
        if found is None:
            key = {table.key: " PRIMARY KEY"}
            types = {one.name: one.type + key.get(one.name, "") for one in missing}
            self._create(table.name, table.comment, types)
        else:
            for one in missing:
                self._connection.execute(
                    f'ALTER TABLE "{table.name}" ADD COLUMN "{one.name}" {one.type}'
                )
            if missing and table.name == "interviews":
                # Fetch the interviews again to fill the new columns.
                self._connection.execute("DELETE FROM sync_interviews")
        for one in missing:
            self._describe(table.name, one.name, one.comment)

    def _create(self, table: str, comment: str, columns: Mapping[str, str]) -> None:
        column_list = ", ".join(f'"{name}" {type_name}' for name, type_name in columns.items())
        self._connection.execute(f'CREATE TABLE "{table}" ({column_list})')
        self._connection.execute(f'COMMENT ON TABLE "{table}" IS {_quoted(comment)}')

    def _describe(self, table: str, column: str, comment: str) -> None:
        self._connection.execute(f'COMMENT ON COLUMN "{table}"."{column}" IS {_quoted(comment)}')

    def adopt(self, source: Source) -> str | None:
        """
        Record *source* as that of the file; if the file has another one, return its owner instead.
        """
        found = self._all("SELECT host, workspace FROM sync_source")
        stored = Source(*found[0]) if found else None
        difference = source.difference(stored)
        merged = source.merged(stored)
        if difference is None and merged != stored:
            with self._transaction():
                self._all("DELETE FROM sync_source")
                self._all("INSERT INTO sync_source VALUES (?, ?)", *attrs.astuple(merged))
        return difference

    def begin(self, options: Mapping[str, Any], *, full: bool) -> None:
        """
        Start a run, or resume an interrupted one with the same *options*.

        An interrupted walk is resumed even if the runs have different tables.
        """
        now = datetime.now(UTC)
        runs = self._all("SELECT id, options, started_at, finished_at FROM sync_runs ORDER BY id")
        # The options of runs that can be resumed, the latest one first.
        resumable = [] if full else [_resumable_options(run, now) for run in reversed(runs[-2:])]
        is_resumed = resumable[:1] == [options]
        last = runs[-1][0] if runs else 0
        self._run = last if is_resumed else last + 1
        # Also resume unfinished walks of the run before it, if they have the same filters.
        previous = resumable[is_resumed : is_resumed + 1]
        if previous and previous[0] and _filters(previous[0]) == _filters(options):
            self._previous_run = runs[-1 - is_resumed][0]
        if is_resumed:
            return
        options_json = json.dumps(options, sort_keys=True)
        with self._transaction():
            self._all("INSERT INTO sync_runs VALUES (?, ?, ?, NULL)", self._run, options_json, now)
            self._all(
                "DELETE FROM sync_seen WHERE walk NOT IN "
                "(SELECT name FROM sync_walks WHERE run = ? AND NOT is_done)",
                self._previous_run,
            )
            if full:
                self._all("DELETE FROM sync_interviews")
                # Later runs must not resume walks of earlier runs either.
                self._all("UPDATE sync_walks SET place = NULL")

    def finish(self) -> None:
        """
        Record that the run is complete.
        """
        self._all("UPDATE sync_runs SET finished_at = ? WHERE id = ?", datetime.now(UTC), self._run)

    def walk(self, name: str) -> tuple[str | None, bool]:
        """
        Return the cursor of the walk *name* in this run, and whether the walk is complete.
        """
        found = self._all(
            "SELECT place, is_done FROM sync_walks "
            "WHERE name = ? AND (run = ? OR (run = ? AND NOT is_done))",
            name,
            self._run,
            self._previous_run,
        )
        cursor, is_done = found[0] if found else (None, False)
        return cursor, is_done

    def restart(self, walk: str) -> None:
        """
        Restart *walk* from the beginning of the list.
        """
        with self._transaction():
            self._all("DELETE FROM sync_seen WHERE walk = ?", walk)
            self._save_walk(walk, None, is_done=False)

    def store_page(
        self, table: Table, rows: Sequence[Row], *, walk: str, cursor: str | None
    ) -> Changes:
        """
        Store a page of *rows*, and *cursor* as the cursor of *walk*.
        """
        with self._transaction():
            changes = self._upsert(table, rows)
            self._all(
                "INSERT INTO sync_seen SELECT ?, unnest(?::VARCHAR[])", walk, [r.id for r in rows]
            )
            self._save_walk(walk, cursor, is_done=False)
        return changes

    def _save_walk(self, walk: str, cursor: str | None, *, is_done: bool) -> None:
        self._all(
            "INSERT INTO sync_walks VALUES (?, ?, ?, ?, NULL) ON CONFLICT (name) DO UPDATE SET "
            "run = excluded.run, place = excluded.place, is_done = excluded.is_done",
            walk,
            self._run,
            cursor,
            is_done,
        )

    def close_walk(self, table: Table, walk: str, *, posting_id: str | None, is_whole: bool) -> int:
        """
        Record that *walk* is complete; return the number of rows that have left the list.

        The number is 0 unless *is_whole*: a filtered walk does not read every row.
        """
        removed = 0
        with self._transaction():
            if is_whole:
                previous = self._all("SELECT done_at FROM sync_walks WHERE name = ?", walk)
                condition, values = "", list[Any]()
                if posting_id is not None:
                    condition, values = "AND posting_id = ? ", [posting_id]
                removed = len(
                    self._all(
                        f'UPDATE "{table.name}" SET last_seen_at = coalesce(?, synced_at) '
                        f"WHERE last_seen_at IS NULL {condition}"
                        f'AND "{table.key}" NOT IN (SELECT id FROM sync_seen WHERE walk = ?) '
                        f'RETURNING "{table.key}"',
                        previous[0][0] if previous else None,
                        *values,
                        walk,
                    )
                )
            self._save_walk(walk, None, is_done=True)
            if is_whole:
                now = datetime.now(UTC)
                self._all("UPDATE sync_walks SET done_at = ? WHERE name = ?", now, walk)
            self._all("DELETE FROM sync_seen WHERE walk = ?", walk)
        return removed

    def mark_removed_with_postings(self, table: Table) -> int:
        """
        Mark the rows of removed postings as removed, and return their number.
        """
        return len(
            self._all(
                f'UPDATE "{table.name}" AS t SET last_seen_at = coalesce('
                f"(SELECT done_at FROM sync_walks WHERE name = concat(?, '/', p.id)), t.synced_at) "
                "FROM postings p WHERE t.posting_id = p.id AND p.last_seen_at NOTNULL "
                f'AND t.last_seen_at IS NULL RETURNING t."{table.key}"',
                table.name,
            )
        )

    def mark_removed_with_candidates(self) -> None:
        """
        Copy `last_seen_at` from candidates to their interviews, which have no list of their own.
        """
        self._all(
            "UPDATE interviews AS i SET last_seen_at = c.last_seen_at FROM candidates c "
            "WHERE i.interview_id = c.interview_id "
            "AND i.last_seen_at IS DISTINCT FROM c.last_seen_at"
        )

    def posting_ids(self) -> list[str]:
        """
        Return the ids of the postings that are still in the list.
        """
        found = self._all("SELECT id FROM postings WHERE last_seen_at IS NULL ORDER BY id")
        return [posting_id for (posting_id,) in found]

    def interviews_to_fetch(self, *, since: datetime | None, with_links: bool) -> dict[str, str]:
        """
        Return the interviews whose candidates have changed, with the candidates' fingerprints.
        """
        statement = (
            f"SELECT c.interview_id, {_FINGERPRINT} AS now_is FROM candidates c "
            "LEFT JOIN sync_interviews s USING (interview_id) "
            "WHERE c.last_seen_at IS NULL AND ($since::TIMESTAMPTZ IS NULL OR c.created_at >= $since) "
            "AND now_is IS DISTINCT FROM s.fingerprint ORDER BY c.interview_id"
        )
        values = {"since": since, "links": "links" if with_links else ""}
        return dict(self._connection.execute(statement, values).fetchall())

    def store_interviews(self, rows: Sequence[Row], fingerprints: Mapping[str, str]) -> Changes:
        """
        Store *rows* of interviews, and the *fingerprints* of all requested ones.
        """
        with self._transaction():
            changes = self._upsert(TABLES["interviews"], rows)
            self._all(
                "INSERT INTO sync_interviews SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]) "
                "ON CONFLICT (interview_id) DO UPDATE SET fingerprint = excluded.fingerprint",
                list(fingerprints.keys()),
                list(fingerprints.values()),
            )
        return changes

    def _upsert(self, table: Table, rows: Sequence[Row]) -> Changes:
        # Keep the last row of each key, because DuckDB would silently keep the first.
        last = {row.id: row for row in rows}
        existing = {
            key: (previous, seen)
            for key, previous, seen in self._all(
                f'SELECT "{table.key}", content_hash, last_seen_at FROM "{table.name}" '
                f'WHERE "{table.key}" IN (SELECT unnest(?::VARCHAR[]))',
                list(last),
            )
        }
        written = [row for row in last.values() if existing.get(row.id) != (row.content_hash, None)]
        new = sum(row.id not in existing for row in written)
        if written:
            # Checking for conflicts doubles the time, and a first run has no conflicts.
            self._write(table, written, may_exist=new < len(written))
        return Changes(new=new, changed=len(written) - new)

    def _write(self, table: Table, rows: Sequence[Row], *, may_exist: bool) -> None:
        now = datetime.now(UTC)
        # One list per column is forty times as fast as `executemany`.
        lists = [list(column) for column in zip(*(row.values for row in rows), strict=True)]
        lists += [[row.content_hash for row in rows], [now] * len(rows), [None] * len(rows)]
        names = [one.name for one in table.all_columns]
        # Without a cast, DuckDB would convert a list of mixed types to text.
        selected = ", ".join(
            f"unnest(?::{'VARCHAR' if one.type == 'JSON' else one.type}[])"
            for one in table.all_columns
        )
        statement = (
            f'INSERT INTO "{table.name}" ({", ".join(map(_identifier, names))}) SELECT {selected}'
        )
        if may_exist:
            statement += f' ON CONFLICT ("{table.key}") DO UPDATE SET ' + ", ".join(
                f"{_identifier(one)} = excluded.{_identifier(one)}"
                for one in names
                if one != table.key
            )
        self._all(statement, *lists)


def _resumable_options(run: tuple[Any, ...], now: datetime) -> Mapping[str, Any] | None:
    """
    Return the options of a *run* that can be resumed; None if it is finished or too old.
    """
    _, options, started_at, finished_at = run
    is_resumable = finished_at is None and now - started_at < _OLDEST_RUN
    parsed: Mapping[str, Any] | None = json.loads(options) if is_resumable else None
    return parsed


def _filters(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return the options that a walk depends on: all but the choice of tables.
    """
    return {name: value for name, value in options.items() if name != "tables"}


def _identifier(name: str) -> str:
    return f'"{name}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def open_warehouse(path: Path) -> Generator[Warehouse, None, None]:
    """
    Yield the warehouse in the file at *path*, and create the file if there is none.

    Raises:
        ImportError: DuckDB is not installed.
        JobError: The file is in use, or is not a DuckDB file.
    """
    duckdb = needs("duckdb", "sync")
    # An absolute path, because DuckDB would connect to a service for a name such as "md:...".
    resolved = path.resolve()
    if not resolved.parent.is_dir():
        message = f"cannot open {path}: there is no folder {resolved.parent}; create it first"
        raise JobError(message)
    with _exclusive(path):
        try:
            if not resolved.exists():
                _create_file(duckdb, resolved)
            connection = _connect(duckdb, resolved)
        except duckdb.Error as error:
            text = str(error)
            if any(words in text for words in _IN_USE):
                raise _in_use(path) from None
            if _OPEN_HERE in text:
                message = (
                    f"{path} is in use by this program: close its connection to the file first"
                )
                raise JobError(message) from None
            message = f"cannot open {path}: {_first_line(text)}; fix that, or name another file"
            raise JobError(message) from None
        with contextlib.closing(connection):
            # DuckDB would return times in the local time zone otherwise.
            connection.execute("SET TimeZone = 'UTC'")
            warehouse = Warehouse(connection)
            try:
                warehouse.prepare()
                yield warehouse
            except duckdb.Error as error:
                # For example a full disk, or a view with the name of one of our tables.
                message = (
                    f"cannot continue with {path}: {_first_line(error)}; fix that, and run it again"
                )
                raise JobError(message) from error


def _connect(duckdb: Any, resolved: Path) -> Any:
    return duckdb.connect(
        resolved,
        # A format that DuckDB 1.x can read, and no downloads of extensions.
        config={
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "storage_compatibility_version": "v1.0.0",
        },
    )


def _create_file(duckdb: Any, resolved: Path) -> None:
    """
    Create the file at *resolved* atomically.

    If DuckDB is killed or fails while it creates a file, it cannot open that file again.
    """
    new_file = resolved.with_name(f"{resolved.name}.{os.getpid()}.new")
    try:
        _connect(duckdb, new_file).close()
        # A link fails if another run has created the file by now, and a move would replace it. (On
        # file systems without hard links, DuckDB later creates the file directly.)
        with contextlib.suppress(OSError):
            os.link(new_file, resolved)
            # Remove the log of a deleted file, whose rows DuckDB would add to this one.
            resolved.with_name(f"{resolved.name}.wal").unlink(missing_ok=True)
    finally:
        new_file.unlink(missing_ok=True)


@contextlib.contextmanager
def _exclusive(path: Path) -> Generator[None, None, None]:
    global _previous_umask  # noqa: PLW0603 - a process has only one umask
    name = os.path.realpath(path)
    with _open_files_lock:
        if name in _open_files:
            raise _in_use(path)
        if not _open_files:
            # DuckDB creates its write-ahead log, which contains rows, again and again; only the
            # umask restricts its mode.
            _previous_umask = os.umask(0o077)
        _open_files.add(name)
    try:
        yield
    finally:
        with _open_files_lock:
            _open_files.remove(name)
            if not _open_files:
                os.umask(_previous_umask)


def _in_use(path: Path) -> JobError:
    return JobError(f"{path} is in use by another run or program: wait until it ends")


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0].rstrip("!")
