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
from ._tables import TABLES, Row, Table

#: An older interrupted run is not resumed, because its lists are outdated.
_OLDEST_RUN: Final = timedelta(hours=1)

#: The job's own tables: a description of a row, and the columns with types and descriptions.
_BOOKKEEPING: Final[Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]]] = {
    "sync_runs": (
        "A run of the job.",
        {
            "id": ("BIGINT", "Its number."),
            "options": (
                "VARCHAR",
                "What it was asked for; another run goes on with the same only.",
            ),
            "started_at": ("TIMESTAMPTZ", "When it was begun."),
            "finished_at": ("TIMESTAMPTZ", "When it came to its end; null if it has not."),
        },
    ),
    "sync_walks": (
        "A walk through a list.",
        {
            "name": ("VARCHAR PRIMARY KEY", "The table, and the posting where it has a list each."),
            "run": ("BIGINT", "The number of the last run that walked."),
            "place": ("VARCHAR", "The item after which that run goes on."),
            "is_done": ("BOOLEAN", "Whether that run has come to the end of the list."),
            "done_at": ("TIMESTAMPTZ", "When a run has last read the list as a whole."),
        },
    ),
    "sync_seen": (
        "An item that a walk has met which has not come to its end.",
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
                "What its candidate was like; it is fetched when that differs.",
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

#: The files that are open in this process, because DuckDB only locks out other processes.
_open_files: set[str] = set()
#: The umask before the first of them was opened.
_former_umask = 0
_open_files_lock = threading.Lock()


@attrs.frozen(kw_only=True)
class Changes:
    """
    The changes by a page: the numbers of new and of changed rows.
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
        self._former: int | None = None

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            # A commit after an error would store nothing, without an error.
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
        there: dict[str, set[str]] = {}
        for name, column in self._all(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND NOT internal"
        ):
            there.setdefault(name, set()).add(column)
        with self._transaction():
            for name, (comment, columns) in _BOOKKEEPING.items():
                if name not in there:
                    kinds = {column: kind for column, (kind, _) in columns.items()}
                    self._create(name, comment, kinds)
                    for column, (_, meaning) in columns.items():
                        self._describe(name, column, meaning)
            for table in TABLES.values():
                self._prepare(table, there.get(table.name))

    def _prepare(self, table: Table, found: Collection[str] | None) -> None:
        if found is not None and table.key not in found:
            message = f"there is a table {table.name!r} that is none of this job's"
            raise JobError(message)
        missing = [one for one in table.all_columns if one.name not in (found or ())]
        if found is None:
            key = {table.key: " PRIMARY KEY"}
            kinds = {one.name: one.type + key.get(one.name, "") for one in missing}
            self._create(table.name, table.comment, kinds)
        else:
            for one in missing:
                self._connection.execute(
                    f'ALTER TABLE "{table.name}" ADD COLUMN "{one.name}" {one.type}'
                )
            if missing and table.name == "interviews":
                # Fetch them again, because nothing else fills the new columns.
                self._connection.execute("DELETE FROM sync_interviews")
        for one in missing:
            self._describe(table.name, one.name, one.comment)

    def _create(self, table: str, comment: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self._connection.execute(f'CREATE TABLE "{table}" ({listed})')
        self._connection.execute(f'COMMENT ON TABLE "{table}" IS {_quoted(comment)}')

    def _describe(self, table: str, column: str, comment: str) -> None:
        self._connection.execute(f'COMMENT ON COLUMN "{table}"."{column}" IS {_quoted(comment)}')

    def begin(self, options: Mapping[str, Any], *, full: bool) -> None:
        """
        Start a run, or resume an interrupted one with the same *options*.

        An interrupted walk is resumed even if the run has other tables.
        """
        now = datetime.now(UTC)
        runs = self._all("SELECT id, options, started_at, finished_at FROM sync_runs ORDER BY id")
        # The options of those that may be resumed, the last one first.
        broken = [] if full else [_broken_options(run, now) for run in reversed(runs[-2:])]
        is_resumed = broken[:1] == [options]
        last = runs[-1][0] if runs else 0
        self._run = last if is_resumed else last + 1
        # Walks that the run before it did not complete are resumed if they read the same.
        former = broken[is_resumed : is_resumed + 1]
        if former and former[0] and _filters(former[0]) == _filters(options):
            self._former = runs[-1 - is_resumed][0]
        if is_resumed:
            return
        said = json.dumps(options, sort_keys=True)
        with self._transaction():
            self._all("INSERT INTO sync_runs VALUES (?, ?, ?, NULL)", self._run, said, now)
            self._all(
                "DELETE FROM sync_seen WHERE walk NOT IN "
                "(SELECT name FROM sync_walks WHERE run = ? AND NOT is_done)",
                self._former,
            )
            if full:
                self._all("DELETE FROM sync_interviews")
                # Nor does a later run resume a walk from before this one.
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
            self._former,
        )
        place, is_done = found[0] if found else (None, False)
        return place, is_done

    def restart(self, walk: str) -> None:
        """
        Restart *walk* from the beginning of the list.
        """
        with self._transaction():
            self._all("DELETE FROM sync_seen WHERE walk = ?", walk)
            self._stand(walk, None, is_done=False)

    def keep(self, table: Table, rows: Sequence[Row], *, walk: str, place: str | None) -> Changes:
        """
        Store a page of *rows*, and *place* as the cursor of *walk*.
        """
        with self._transaction():
            changes = self._upsert(table, rows)
            self._all(
                "INSERT INTO sync_seen SELECT ?, unnest(?::VARCHAR[])", walk, [r.id for r in rows]
            )
            self._stand(walk, place, is_done=False)
        return changes

    def _stand(self, walk: str, place: str | None, *, is_done: bool) -> None:
        self._all(
            "INSERT INTO sync_walks VALUES (?, ?, ?, ?, NULL) ON CONFLICT (name) DO UPDATE SET "
            "run = excluded.run, place = excluded.place, is_done = excluded.is_done",
            walk,
            self._run,
            place,
            is_done,
        )

    def close_walk(self, table: Table, walk: str, *, posting_id: str | None, is_whole: bool) -> int:
        """
        Record that *walk* is complete; return how many rows have left the list, if it was read whole.
        """
        left = 0
        with self._transaction():
            if is_whole:
                former = self._all("SELECT done_at FROM sync_walks WHERE name = ?", walk)
                condition, values = "", list[Any]()
                if posting_id is not None:
                    condition, values = "AND posting_id = ? ", [posting_id]
                left = len(
                    self._all(
                        f'UPDATE "{table.name}" SET last_seen_at = coalesce(?, synced_at) '
                        f"WHERE last_seen_at IS NULL {condition}"
                        f'AND "{table.key}" NOT IN (SELECT id FROM sync_seen WHERE walk = ?) '
                        f'RETURNING "{table.key}"',
                        former[0][0] if former else None,
                        *values,
                        walk,
                    )
                )
            self._stand(walk, None, is_done=True)
            if is_whole:
                now = datetime.now(UTC)
                self._all("UPDATE sync_walks SET done_at = ? WHERE name = ?", now, walk)
            self._all("DELETE FROM sync_seen WHERE walk = ?", walk)
        return left

    def leave_with_postings(self, table: Table) -> int:
        """
        Record that the rows of postings that have left the list have left it too; return their
        number.
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

    def leave_with_candidates(self) -> None:
        """
        Record which interviews belong to candidates who have left their list; interviews have no list.
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

    def due_interviews(self, *, since: datetime | None, with_links: bool) -> dict[str, str]:
        """
        Return the interviews whose candidates have changed since they were fetched, each with the
        fingerprint of its candidate.
        """
        statement = (
            f"SELECT c.interview_id, {_FINGERPRINT} AS now_is FROM candidates c "
            "LEFT JOIN sync_interviews s USING (interview_id) "
            "WHERE c.last_seen_at IS NULL AND ($since::TIMESTAMPTZ IS NULL OR c.created_at >= $since) "
            "AND now_is IS DISTINCT FROM s.fingerprint ORDER BY c.interview_id"
        )
        values = {"since": since, "links": "links" if with_links else ""}
        return dict(self._connection.execute(statement, values).fetchall())

    def keep_interviews(self, rows: Sequence[Row], fingerprints: Mapping[str, str]) -> Changes:
        """
        Store *rows* of interviews, and the *fingerprints* of all that were fetched.
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
        # Of equal keys in one statement, DuckDB would silently keep the first.
        last = {row.id: row for row in rows}
        known = {
            key: (former, seen)
            for key, former, seen in self._all(
                f'SELECT "{table.key}", content_hash, last_seen_at FROM "{table.name}" '
                f'WHERE "{table.key}" IN (SELECT unnest(?::VARCHAR[]))',
                list(last),
            )
        }
        written = [row for row in last.values() if known.get(row.id) != (row.content_hash, None)]
        new = sum(row.id not in known for row in written)
        if written:
            # Checking for conflicts would double the time, and a first run has none.
            self._write(table, written, may_be_there=new < len(written))
        return Changes(new=new, changed=len(written) - new)

    def _write(self, table: Table, rows: Sequence[Row], *, may_be_there: bool) -> None:
        now = datetime.now(UTC)
        # One list per column takes a fortieth of the time of `executemany`.
        lists = [list(column) for column in zip(*(row.values for row in rows), strict=True)]
        lists += [[row.content_hash for row in rows], [now] * len(rows), [None] * len(rows)]
        names = [one.name for one in table.all_columns]
        # Without a cast, DuckDB would make a list of mixed types text.
        selected = ", ".join(
            f"unnest(?::{'VARCHAR' if one.type == 'JSON' else one.type}[])"
            for one in table.all_columns
        )
        statement = (
            f'INSERT INTO "{table.name}" ({", ".join(map(_named, names))}) SELECT {selected}'
        )
        if may_be_there:
            statement += f' ON CONFLICT ("{table.key}") DO UPDATE SET ' + ", ".join(
                f"{_named(one)} = excluded.{_named(one)}" for one in names if one != table.key
            )
        self._all(statement, *lists)


def _broken_options(run: tuple[Any, ...], now: datetime) -> Mapping[str, Any] | None:
    """
    Return the options of a *run* that was interrupted less than an hour ago; None if it was not.
    """
    _, options, started_at, finished_at = run
    is_broken = finished_at is None and now - started_at < _OLDEST_RUN
    known: Mapping[str, Any] | None = json.loads(options) if is_broken else None
    return known


def _filters(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return the options that a walk depends on: all but the choice of tables.
    """
    return {name: value for name, value in options.items() if name != "tables"}


def _named(name: str) -> str:
    return f'"{name}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def opened(path: Path) -> Generator[Warehouse, None, None]:
    """
    Yield the warehouse in the file at *path*, and create the file if there is none.

    Raises:
        ImportError: DuckDB is not installed.
        JobError: The file is in use, or is not a DuckDB file.
    """
    duckdb = needs("duckdb", "sync")
    # Absolute, because DuckDB would connect to a service for a name such as "md:...".
    place = path.resolve()
    with _only_here(path):
        try:
            if not place.exists():
                _make(duckdb, place)
            connection = _connect(duckdb, place)
        except duckdb.Error as error:
            text = str(error)
            if any(words in text for words in _IN_USE):
                raise _in_use(path) from None
            message = f"cannot open {path}: {_first_line(text)}; mend that, or name another file"
            raise JobError(message) from None
        with contextlib.closing(connection):
            # Otherwise, DuckDB would return times in this machine's zone.
            connection.execute("SET TimeZone = 'UTC'")
            warehouse = Warehouse(connection)
            try:
                warehouse.prepare()
                yield warehouse
            except duckdb.Error as error:
                # A full disk, or a view with the name of one of our tables.
                message = (
                    f"cannot go on with {path}: {_first_line(error)}; mend that, and run it again"
                )
                raise JobError(message) from error


def _connect(duckdb: Any, place: Path) -> Any:
    return duckdb.connect(
        place,
        # DuckDB 1.x can read it too; and DuckDB downloads no extensions.
        config={
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "storage_compatibility_version": "v1.0.0",
        },
    )


def _make(duckdb: Any, place: Path) -> None:
    """
    Create the file at *place* atomically.

    If DuckDB is killed while it creates a file, or the disk is full, it cannot open the rest again.
    """
    made = place.with_name(f"{place.name}.{os.getpid()}.new")
    try:
        _connect(duckdb, made).close()
        # Linked, not moved, because another run may have created the file by now. (On file systems
        # without hard links, DuckDB creates the file in its place.)
        with contextlib.suppress(OSError):
            os.link(made, place)
            # The log of a deleted file, whose rows DuckDB would add to this one.
            place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    finally:
        made.unlink(missing_ok=True)


@contextlib.contextmanager
def _only_here(path: Path) -> Generator[None, None, None]:
    global _former_umask  # noqa: PLW0603 - a process has only one umask
    name = os.path.realpath(path)
    with _open_files_lock:
        if name in _open_files:
            raise _in_use(path)
        if not _open_files:
            # DuckDB keeps recreating its write-ahead log, which contains rows, with the umask's mode.
            _former_umask = os.umask(0o077)
        _open_files.add(name)
    try:
        yield
    finally:
        with _open_files_lock:
            _open_files.remove(name)
            if not _open_files:
                os.umask(_former_umask)


def _in_use(path: Path) -> JobError:
    return JobError(f"{path} is in use by another run or program: wait for its end")


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0]
