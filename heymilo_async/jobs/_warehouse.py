"""
The DuckDB file that `sync` fills: a page a transaction, rows and bookkeeping together.

What DuckDB does where one would not expect it is noted where it matters; all of it was tried with 2.0.1.
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

#: A run that was broken off longer ago than that is not gone on with: its lists are old.
_OLDEST_RUN: Final = timedelta(hours=1)

#: The job's own tables: what a row of each is, and its columns with their types and meanings.
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

#: What has to differ for an interview to be fetched again.
_FINGERPRINT: Final = (
    "concat(c.status, '|', c.score::VARCHAR, '|', c.workflow->>'last_activity_at', '|', $links)"
)

#: What DuckDB says of a file that another process has open, on POSIX and on Windows.
_IN_USE: Final = ("Could not set lock", "being used by another process")

#: The files that are open in this process: DuckDB keeps out other processes only.
_open_files: set[str] = set()
#: The umask from before the first of them was opened.
_former_umask = 0
_open_files_lock = threading.Lock()


@attrs.frozen(kw_only=True)
class Changes:
    """
    What a page has changed: rows that are new, and rows that are not what they were.
    """

    new: int = 0
    changed: int = 0


class Warehouse:
    """
    The tables of one file, and where each walk through a list stands.
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
            # A commit after an error would keep nothing, and say nothing.
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(statement, list(values)).fetchall()
        return found

    def prepare(self) -> None:
        """
        Make the tables that are missing, and the columns that this version has more of.
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
                # They are fetched once more, for nothing else fills what they lack.
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
        Begin a run, or go on with one of the same *options* that was broken off.
        """
        now = datetime.now(UTC)
        runs = self._all("SELECT id, options, started_at, finished_at FROM sync_runs ORDER BY id")
        # Those that may be gone on with, the last one first.
        broken = [] if full else [_broken_options(run, now) for run in reversed(runs[-2:])]
        goes_on = broken[:1] == [options]
        self._run = len(runs) + (not goes_on)
        # The walks that the run before has broken off go on if they ask for the same.
        former = broken[goes_on : goes_on + 1]
        if former and former[0] and _filters(former[0]) == _filters(options):
            self._former = self._run - 1
        if goes_on:
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
                # Nor does a later run go on with what was broken off before this one.
                self._all("UPDATE sync_walks SET place = NULL")

    def finish(self) -> None:
        """
        Write that the run is done.
        """
        self._all("UPDATE sync_runs SET finished_at = ? WHERE id = ?", datetime.now(UTC), self._run)

    def walk(self, name: str) -> tuple[str | None, bool]:
        """
        Return after which item the walk of this *name* goes on in this run, and whether it is done.
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
        Let *walk* begin anew.
        """
        with self._transaction():
            self._all("DELETE FROM sync_seen WHERE walk = ?", walk)
            self._stand(walk, None, is_done=False)

    def keep(self, table: Table, rows: Sequence[Row], *, walk: str, place: str | None) -> Changes:
        """
        Keep a page of *rows*, and that the *walk* stands at *place*.
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
        Write that *walk* is over; return how many rows have left the list, if it was read whole.
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
        Write that the rows of postings that have left the list have left it with them; return how
        many they are.
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
        Write which interviews are of candidates who have left their list: they have none themselves.
        """
        self._all(
            "UPDATE interviews AS i SET last_seen_at = c.last_seen_at FROM candidates c "
            "WHERE i.interview_id = c.interview_id "
            "AND i.last_seen_at IS DISTINCT FROM c.last_seen_at"
        )

    def posting_ids(self) -> list[str]:
        """
        Return the ids of the postings that are in the list.
        """
        found = self._all("SELECT id FROM postings WHERE last_seen_at IS NULL ORDER BY id")
        return [posting_id for (posting_id,) in found]

    def due_interviews(self, *, since: datetime | None, with_links: bool) -> dict[str, str]:
        """
        Return the interviews whose candidates are not as they were when they were fetched, each
        with what is to be remembered of the candidate.
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
        Keep *rows* of interviews, and that those of *fingerprints* were fetched.
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
        # Of equal keys in one statement DuckDB would keep the first, without a word.
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
            # To look for conflicts takes as long again, and a first run has none.
            self._write(table, written, may_be_there=new < len(written))
        return Changes(new=new, changed=len(written) - new)

    def _write(self, table: Table, rows: Sequence[Row], *, may_be_there: bool) -> None:
        now = datetime.now(UTC)
        # One list a column: a fortieth of what `executemany` costs.
        lists = [list(column) for column in zip(*(row.values for row in rows), strict=True)]
        lists += [[row.content_hash for row in rows], [now] * len(rows), [None] * len(rows)]
        names = [one.name for one in table.all_columns]
        # Without a cast a list of mixed types becomes text.
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
    Return the options of a *run* that was broken off of late; None if it was not.
    """
    _, options, started_at, finished_at = run
    is_broken = finished_at is None and now - started_at < _OLDEST_RUN
    known: Mapping[str, Any] | None = json.loads(options) if is_broken else None
    return known


def _filters(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return what has to be the same for a walk to go on: whichever tables there are beside it.
    """
    return {name: value for name, value in options.items() if name != "tables"}


def _named(name: str) -> str:
    return f'"{name}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def opened(path: Path) -> Generator[Warehouse, None, None]:
    """
    Give the warehouse in the file at *path*, which is made if there is none.

    Raises:
        ImportError: DuckDB is not installed.
        JobError: The file is in use, or is none of DuckDB's.
    """
    duckdb = needs("duckdb", "sync")
    # Absolute: "md:..." would be a place of another service.
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
            # Times would come back in the zone of this machine.
            connection.execute("SET TimeZone = 'UTC'")
            warehouse = Warehouse(connection)
            try:
                warehouse.prepare()
                yield warehouse
            except duckdb.Error as error:
                # A full disk, or a view that has the name of one of our tables.
                message = (
                    f"cannot go on with {path}: {_first_line(error)}; mend that, and run it again"
                )
                raise JobError(message) from error


def _connect(duckdb: Any, place: Path) -> Any:
    return duckdb.connect(
        place,
        # Readable by DuckDB 1.x too; and nothing is fetched from anywhere.
        config={
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "storage_compatibility_version": "v1.0.0",
        },
    )


def _make(duckdb: Any, place: Path) -> None:
    """
    Make the file at *place* whole or not at all.

    DuckDB could not open what it leaves when it is killed, or the disk is full, while it makes one.
    """
    made = place.with_name(f"{place.name}.{os.getpid()}.new")
    try:
        _connect(duckdb, made).close()
        # Not moved, for another run may have made the file by now. (Where there are no links, DuckDB
        # makes the file at its place.)
        with contextlib.suppress(OSError):
            os.link(made, place)
            # That of a former file, whose rows DuckDB would take for those of this one.
            place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    finally:
        made.unlink(missing_ok=True)


@contextlib.contextmanager
def _only_here(path: Path) -> Generator[None, None, None]:
    global _former_umask  # noqa: PLW0603 - the umask is one for the whole process
    name = os.path.realpath(path)
    with _open_files_lock:
        if name in _open_files:
            raise _in_use(path)
        if not _open_files:
            # DuckDB makes its write-ahead log anew again and again, with rows in it, by the umask.
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
