"""
Copies the data of a workspace into one DuckDB file; each run updates it.

Each run reads all lists, and commits page by page. It fetches an interview, which takes a separate
request, only if its candidate has changed. The next run resumes a killed one. If nothing has
changed on the server, a run changes no row.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from .. import (
    AsyncHeyMilo,
    BadRequestError,
    HeyMilo,
    HeyMiloError,
    InterviewData,
    InvalidRequestError,
    NotFoundError,
    UnprocessableEntityError,
)
from .._core.arguments import wrong_type
from .._core.blocking import run_now
from ..events import AttemptFinished, Event
from ._errors import JobError, resume_advice
from ._source import source_of
from ._tables import TABLES, Table
from ._warehouse import Changes, Warehouse, open_warehouse

__all__ = ["DEFAULT_TARGET", "SyncReport", "TableReport", "async_sync", "sync"]

DEFAULT_TARGET: Final = "duckdb:///heymilo-data.duckdb"

#: Called with the name of a table, and the number of its rows so far.
Progress: TypeAlias = Callable[[str, int], object]

_SCHEME: Final = "duckdb:///"
#: How many interviews are fetched per commit, and how many concurrently.
_INTERVIEWS, _CONCURRENCY = 10, 5
#: The tables that a table needs, because its lists or items depend on their rows.
_NEEDS: Final = {
    "questions": ("postings",),
    "candidates": ("postings",),
    "interviews": ("postings", "candidates"),
}
#: The tables with a list for each posting.
BY_POSTING: Final = {"questions", "candidates"}


@attrs.frozen(kw_only=True)
class TableReport:
    """
    A run's changes to one table.

    Attributes:
        name: The table.
        rows: The number of rows that were read.
        new: The number of rows that were added.
        changed: The number of rows that were changed.
        left: The number of rows that have left the list; they stay in the table, with
            `last_seen_at`.
        requests: The number of requests, retries included.
        seconds: The duration in seconds.
    """

    name: str
    rows: int
    new: int
    changed: int
    left: int
    requests: int
    seconds: float


@attrs.frozen(kw_only=True)
class SyncReport:
    """
    The outcome of a run.

    Attributes:
        path: The file.
        tables: The tables, in the order in which they were updated.
    """

    path: Path
    tables: tuple[TableReport, ...]

    @property
    def requests(self) -> int:
        """
        The number of requests of the run, retries included.
        """
        return sum(one.requests for one in self.tables)


def sync(
    client: HeyMilo,
    to: str | os.PathLike[str] = DEFAULT_TARGET,
    *,
    only: Collection[str] | None = None,
    since: datetime | timedelta | None = None,
    full: bool = False,
    with_links: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """
    Copy the data of the client's workspace into a DuckDB file, or update that file.

    While it runs, it restricts the umask of the process, so that only the owner can read new files.
    DuckDB's log has no other protection.

    Args:
        client: The client; give it a `rate_limit`.
        to: The file: a path, or `duckdb:///` and a path.
        only: The tables to update; tables that they need are added: postings for questions and
            candidates, candidates for interviews. None: all.
        since: Read only candidates invited since then; changes and removals of older candidates are
            missed.
        full: Whether to start again instead of resuming, and to fetch every interview.
        with_links: Whether to store links that work for anybody: to interviews, recordings and
            resumes.
        progress: Called with the name of a table, and the number of its rows so far.

    Returns:
        The outcome of the run.

    Raises:
        JobError: The file cannot be used, has the data of another server or workspace, or another
            run is using it.
        InvalidRequestError: An argument is invalid.
        TypeError: An argument has the wrong type.
        ImportError: DuckDB is not installed.
        HeyMiloError: Any call can raise it; a note says how far the run came, and the next run
            resumes there.
    """
    if not isinstance(client, HeyMilo):
        raise wrong_type("client", "a HeyMilo; async_sync takes an AsyncHeyMilo", client)
    return run_now(
        async_sync(
            client._twin,
            to,
            only=only,
            since=since,
            full=full,
            with_links=with_links,
            progress=progress,
        )
    )


async def async_sync(
    client: AsyncHeyMilo,
    to: str | os.PathLike[str] = DEFAULT_TARGET,
    *,
    only: Collection[str] | None = None,
    since: datetime | timedelta | None = None,
    full: bool = False,
    with_links: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """
    Same as `sync`, but async.
    """
    if not isinstance(client, AsyncHeyMilo):
        raise wrong_type("client", "an AsyncHeyMilo; sync takes a HeyMilo", client)
    names, path = chosen_tables(only), _path(to)
    moment = moment_of(since)
    options = {
        "tables": names,
        "since": since if since is None else str(since),
        "with_links": with_links,
    }
    with open_warehouse(path) as warehouse:
        owner = warehouse.adopt(source_of(client))
        if owner is not None:
            message = f"{path} belongs to {owner}: name another file"
            raise JobError(message)
        warehouse.begin(options, full=full)
        run = _Run(client, warehouse, since=moment, with_links=with_links, progress=progress)
        tables: list[TableReport] = []
        try:
            for name in names:
                report = await run.table(TABLES[name])
                tables.append(report)
        except (HeyMiloError, KeyboardInterrupt) as error:
            count = f"{len(tables)} of {len(names)} tables are up to date"
            error.add_note(f"{count}; {resume_advice(error)}")
            raise
        warehouse.finish()
    return SyncReport(path=path, tables=tuple(tables))


def chosen_tables(only: Collection[str] | None) -> list[str]:
    """
    Return the names of the tables in *only* and of those that they need, in the order of a run.
    """
    if isinstance(only, str):
        raise wrong_type("only", "the names of tables", only)
    names = set(TABLES if only is None else only)
    for name in names - TABLES.keys():
        message = f"there is no table {name!r}: there are {', '.join(TABLES)}"
        raise InvalidRequestError(message)
    names |= {needed for name in names for needed in _NEEDS.get(name, ())}
    return [name for name in TABLES if name in names]


def moment_of(since: datetime | timedelta | None) -> datetime | None:
    """
    Return the time that *since* means.
    """
    if since is not None and not isinstance(since, datetime | timedelta):
        raise wrong_type("since", "a datetime or a timedelta", since)
    try:
        moment = datetime.now(UTC) - since if isinstance(since, timedelta) else since
    except OverflowError:
        message = f"since must not go back before the year 1: {since}"
        raise InvalidRequestError(message) from None
    if moment is not None and moment.utcoffset() is None:
        message = f"since must have a time zone, such as datetime.now(UTC): {moment}"
        raise InvalidRequestError(message)
    return moment


def _path(to: str | os.PathLike[str]) -> Path:
    text = os.fspath(to)
    if "://" in text and not text.startswith(_SCHEME):
        scheme = text.partition("://")[0]
        message = f"the target must be a DuckDB file, duckdb:///FILE, not {scheme}://"
        raise InvalidRequestError(message)
    name = text.removeprefix(_SCHEME)
    if name.startswith("duckdb:"):
        message = f"the target must be a path, or duckdb:/// and a path, not {name!r}"
        raise InvalidRequestError(message)
    if name in {"", ":memory:"}:
        message = f"the target must be a file, such as {DEFAULT_TARGET}, not {text!r}"
        raise InvalidRequestError(message)
    return Path(name)


class _Run:
    """
    One run that updates the tables of a warehouse.
    """

    def __init__(
        self,
        client: AsyncHeyMilo,
        warehouse: Warehouse,
        *,
        since: datetime | None,
        with_links: bool,
        progress: Progress | None,
    ) -> None:
        listeners = client._engine.settings.events.listeners
        self._client = client.with_options(events=[*listeners, self._count])
        self._warehouse = warehouse
        self._since = since
        self._with_links = with_links
        self._progress = progress
        self._requests = 0

    def _count(self, event: Event) -> None:
        self._requests += isinstance(event, AttemptFinished)

    async def table(self, table: Table) -> TableReport:
        """
        Update *table*.
        """
        self._rows = self._new = self._changed = self._removed = 0
        requests, start = self._requests, time.monotonic()
        if table.name == "interviews":
            await self._interviews(table)
        elif table.name == "ats_connections":
            await self._connections(table)
        elif table.name in BY_POSTING:
            for posting_id in self._warehouse.posting_ids():
                await self._list(table, posting_id)
            self._removed += self._warehouse.mark_removed_with_postings(table)
        else:
            await self._list(table)
        return TableReport(
            name=table.name,
            rows=self._rows,
            new=self._new,
            changed=self._changed,
            left=self._removed,
            requests=self._requests - requests,
            seconds=time.monotonic() - start,
        )

    def _add(self, table: Table, rows: int, changes: Changes) -> None:
        self._rows += rows
        self._new += changes.new
        self._changed += changes.changed
        if self._progress is not None:
            self._progress(table.name, self._rows)

    async def _list(self, table: Table, posting_id: str | None = None) -> None:
        """
        Read a list from the current cursor of its walk.
        """
        walk = table.name if posting_id is None else f"{table.name}/{posting_id}"
        cursor, is_done = self._warehouse.walk(walk)
        if is_done:
            return
        try:
            await self._pages(table, walk, posting_id, cursor)
        except (BadRequestError, NotFoundError, UnprocessableEntityError) as error:
            if cursor is not None:
                # The item at the cursor, or the whole list, was deleted.
                self._warehouse.restart(walk)
                await self._list(table, posting_id)
                return
            if posting_id is None or not isinstance(error, NotFoundError):
                raise
            # The posting was deleted after it was listed.
            self._warehouse.close_walk(table, walk, posting_id=posting_id, is_whole=False)
            return
        # With `since`, the walk reads a part of the list, so other rows have not left the list.
        is_whole = table.name != "candidates" or self._since is None
        self._removed += self._warehouse.close_walk(
            table, walk, posting_id=posting_id, is_whole=is_whole
        )

    async def _pages(
        self, table: Table, walk: str, posting_id: str | None, cursor: str | None
    ) -> None:
        options: dict[str, Any] = {"starting_after": cursor}
        if table.name == "candidates":
            options["created_after"] = self._since
        parents = [] if posting_id is None else [posting_id]
        pager = getattr(self._client, table.name).list_all(*parents, **options)
        # Fetch the next page while the current one is stored.
        async with pager._engine.prefetch(pager._walk().next_step, 1) as ahead:
            while True:
                try:
                    page = (await ahead.next()).page
                except StopAsyncIteration:
                    return
                rows = [table.row(item, with_links=self._with_links) for item in page]
                last_cursor = rows[-1].id if rows else cursor
                changes = self._warehouse.store_page(table, rows, walk=walk, cursor=last_cursor)
                self._add(table, len(rows), changes)

    async def _connections(self, table: Table) -> None:
        # A list without pages.
        found = await self._client.ats.list_connections()
        rows = [table.row(item, with_links=self._with_links) for item in found]
        changes = self._warehouse.store_page(table, rows, walk=table.name, cursor=None)
        self._add(table, len(rows), changes)
        self._removed += self._warehouse.close_walk(
            table, table.name, posting_id=None, is_whole=True
        )

    async def _interviews(self, table: Table) -> None:
        """
        Fetch the interviews whose candidates have changed.
        """
        fingerprint_of = self._warehouse.interviews_to_fetch(
            since=self._since, with_links=self._with_links
        )
        ids = list(fingerprint_of)
        for start in range(0, len(ids), _INTERVIEWS):
            batch = ids[start : start + _INTERVIEWS]
            settled = await self._client.interviews.get_many_settled(
                batch, concurrency=_CONCURRENCY
            )
            interviews = [one for one in settled if isinstance(one, InterviewData)]
            # A missing interview is requested again when its candidate changes.
            fingerprints = {
                key: fingerprint_of[key]
                for key, one in zip(batch, settled, strict=True)
                if isinstance(one, InterviewData | NotFoundError)
            }
            rows = [table.row(one, with_links=self._with_links) for one in interviews]
            self._add(table, len(rows), self._warehouse.store_interviews(rows, fingerprints))
            for one in settled:
                if isinstance(one, HeyMiloError) and not isinstance(one, NotFoundError):
                    raise one
        self._warehouse.mark_removed_with_candidates()
