"""
The journal of an ingestion: it records each request before it is sent, and its outcome afterwards.

One SQLite file in WAL mode with synchronous FULL: a commit survives a killed process and a power
failure. Only one connection can open it at a time.
"""

from __future__ import annotations

import contextlib
import enum
import os
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs

from ._errors import JobError
from ._source import Source

#: Identifies the file as a journal, "HMij"; SQLite stores this number for `file(1)`.
_APPLICATION: Final = 0x484D696A
_VERSION: Final = 1
_PRIMARY_CODE: Final = 0xFF

# Earlier versions of this program need the column `cursor`, in which they kept the place of an
# interrupted search.
_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS job (
        posting_id TEXT NOT NULL, cursor TEXT, is_walking INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS source (host TEXT NOT NULL, workspace TEXT);
    CREATE TABLE IF NOT EXISTS rows (
        key TEXT PRIMARY KEY, line INTEGER NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
        sent_at REAL, interview_id TEXT, reason TEXT
    ) WITHOUT ROWID;
"""


class State(enum.StrEnum):
    """
    The state of a row.
    """

    #: Not sent yet, or not found in the list of candidates.
    PLANNED = "planned"
    #: A request with it started, and its outcome is not recorded.
    SENT = "sent"
    DONE = "done"
    #: The server refused it.
    REFUSED = "refused"
    #: A request with it failed, and the server may have processed it; with a reason, the server
    #: refused it as one that exists.
    UNKNOWN = "unknown"


#: States whose rows the job searches in the list of candidates before it sends them again.
OPEN: Final = (State.SENT, State.UNKNOWN)


@attrs.frozen(kw_only=True)
class Entry:
    """
    A row's entry in the journal.
    """

    line: int
    fingerprint: str
    state: State = State.PLANNED
    sent_at: float | None = None
    interview_id: str | None = None
    reason: str | None = None


class Journal:
    """
    The states of the rows of one file for one posting.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextlib.contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            # (After some errors SQLite has done so itself.)
            self._connection.rollback()
            raise
        self._connection.execute("COMMIT")

    def adopt(self, source: Source) -> str | None:
        """
        Record *source* as that of the journal; if it has another one, return its owner instead.
        """
        found = self._connection.execute("SELECT host, workspace FROM source").fetchone()
        stored = None if found is None else Source(*found)
        difference = source.difference(stored)
        if difference is None:
            with self._transaction() as connection:
                connection.execute("DELETE FROM source")
                connection.execute(
                    "INSERT INTO source VALUES (?, ?)", attrs.astuple(source.merged(stored))
                )
        return difference

    def entries(self) -> dict[str, Entry]:
        """
        Return the entry of each row, by the row's key.
        """
        rows = self._connection.execute(
            "SELECT key, line, fingerprint, state, sent_at, interview_id, reason FROM rows"
        )
        return {
            key: Entry(
                line=line,
                fingerprint=fingerprint,
                state=_state(state),
                sent_at=sent_at,
                interview_id=interview_id,
                reason=reason,
            )
            for key, line, fingerprint, state, sent_at, interview_id, reason in rows
        }

    def plan(self, rows: Mapping[str, Entry]) -> None:
        """
        Add *rows*, by their keys, as planned, and start a search of the list for them.
        """
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO rows (key, line, fingerprint, state) VALUES (?, ?, ?, 'planned') "
                "ON CONFLICT (key) DO UPDATE SET line = excluded.line, reason = NULL, "
                "fingerprint = excluded.fingerprint, state = 'planned'",
                [(key, entry.line, entry.fingerprint) for key, entry in rows.items()],
            )
            # In the same transaction, so that a run after a crash searches before it sends.
            connection.execute("UPDATE job SET is_walking = 1")

    def mark_sent(self, fingerprints: Mapping[str, str], at: float) -> None:
        """
        Record that a request is about to start: *fingerprints* has its rows as they are now.
        """
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE rows SET state = 'sent', sent_at = ?, fingerprint = ?, reason = NULL "
                "WHERE key = ?",
                [(at, fingerprint, key) for key, fingerprint in fingerprints.items()],
            )

    def mark_planned(self, keys: Iterable[str]) -> None:
        """
        Record that the server did not process the rows of *keys*.
        """
        self._set(keys, State.PLANNED)

    def mark_unknown(self, keys: Iterable[str]) -> None:
        """
        Record that the server may have processed the rows of *keys*.
        """
        self._set(keys, State.UNKNOWN)

    def mark_existing(self, key: str, reason: str) -> None:
        """
        Record that the server refused the row of *key* as one that exists, which the search checks.
        """
        self._set([key], State.UNKNOWN, reason=reason)

    def mark_refused(self, key: str, reason: str) -> None:
        """
        Record that the server refused the row of *key*.
        """
        self._set([key], State.REFUSED, reason=reason)

    def mark_done(self, interview_ids: Mapping[str, str]) -> None:
        """
        Record that rows are candidates: *interview_ids* maps their keys to the ids of their interviews.
        """
        with self._transaction() as connection:
            _mark_done(connection, interview_ids)

    def _set(self, keys: Iterable[str], state: State, *, reason: str | None = None) -> None:
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE rows SET state = ?, reason = ? WHERE key = ?",
                [(state.value, reason, key) for key in keys],
            )

    @property
    def is_searching(self) -> bool:
        """
        Return whether the posting's candidates must be searched.
        """
        (is_searching,) = self._connection.execute("SELECT is_walking FROM job").fetchone()
        return bool(is_searching)

    def finish_search(self) -> None:
        """
        Record that the search is complete: rows that it did not find were never processed.

        Of these, the server would refuse again those that it refused as existing ones.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE rows SET state = iif(reason IS NULL, 'planned', 'refused') "
                "WHERE state IN ('sent', 'unknown')"
            )
            connection.execute("UPDATE job SET is_walking = 0")


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError:
        raise sqlite3.DatabaseError(f"{text!r} is no state of a row") from None


def _mark_done(connection: sqlite3.Connection, interview_ids: Mapping[str, str]) -> None:
    connection.executemany(
        "UPDATE rows SET state = 'done', reason = NULL, interview_id = ? WHERE key = ?",
        [(interview_id, key) for key, interview_id in interview_ids.items()],
    )


@contextlib.contextmanager
def open_journal(path: Path, posting_id: str) -> Generator[Journal, None, None]:
    """
    Yield the journal at *path* during the `with` block, and create it if there is none.

    Raises:
        JobError: It is in use, belongs to another posting, is damaged, or is not a journal.
    """
    try:
        # Create it here with a private mode, which SQLite also gives to its log.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        message = f"cannot open the journal {path}: {error.strerror}"
        raise JobError(message) from None
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    with contextlib.closing(connection):
        try:
            _refuse_foreign(path)
            owner = _prepare(connection, posting_id)
        except sqlite3.DatabaseError as error:
            raise _job_error_for(path, error) from None
        if owner != posting_id:
            message = (
                f"the journal {path} belongs to the posting {owner}, not to {posting_id}: "
                "choose another one with --journal"
            )
            raise JobError(message)
        try:
            yield Journal(connection)
        except sqlite3.DatabaseError as error:
            raise _job_error_for(path, error) from error


def _refuse_foreign(path: Path) -> None:
    """
    Raise an error if the file at *path* is neither a journal of this version nor empty.
    """
    # A connection of its own: one that locks the file for good would also write to a foreign one.
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and (application, version) != (_APPLICATION, _VERSION):
        raise _foreign(path)


def _prepare(connection: sqlite3.Connection, posting_id: str) -> str:
    # The lock lasts until the connection closes; other processes cannot even read the file.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute(
        "INSERT INTO job (posting_id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM job)", [posting_id]
    )
    connection.execute("COMMIT")
    (owner,) = connection.execute("SELECT posting_id FROM job").fetchone()
    return str(owner)


def _job_error_for(path: Path, error: sqlite3.DatabaseError) -> JobError:
    # (The rest of an extended code tells more about the primary one.)
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_BUSY:
        return JobError(f"another run is using the journal {path}: wait until it ends")
    if code == sqlite3.SQLITE_NOTADB:
        return _foreign(path)
    if isinstance(error, sqlite3.OperationalError):
        # Usually a full disk.
        return JobError(f"cannot write the journal {path}: {error}; fix that, and run it again")
    return JobError(
        f"the journal {path} is damaged: {error}; delete it: the next run makes a new one from the "
        "list of candidates, and invites nobody twice"
    )


def _foreign(path: Path) -> JobError:
    return JobError(f"{path} is not a journal of this version: choose another one with --journal")
