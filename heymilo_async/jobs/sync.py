"""
The data of a workspace in one DuckDB file, brought up to date by each run.

Lists are read whole, a page a transaction; an interview, a request each, is fetched only where its
candidate has moved. A run that was killed is gone on with; a second run at once changes no row.
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
from ._errors import go_on
from ._tables import TABLES, Table
from ._warehouse import Changes, Warehouse, opened

__all__ = ["DEFAULT_TARGET", "SyncReport", "TableReport", "async_sync", "sync"]

DEFAULT_TARGET: Final = "duckdb:///heymilo-data.duckdb"

#: Is called with the name of a table, and with how many of its rows have come.
Progress: TypeAlias = Callable[[str, int], object]

_SCHEME: Final = "duckdb:///"
#: How many interviews are fetched before they are kept, and how many at a time.
_INTERVIEWS, _AT_A_TIME = 10, 5
#: What says which parts of a group there are.
_NEEDS: Final = {
    "questions": ("postings",),
    "candidates": ("postings",),
    "interviews": ("postings", "candidates"),
}
#: The groups that are lists of postings.
BY_POSTING: Final = {"questions", "candidates"}


@attrs.frozen(kw_only=True)
class TableReport:
    """
    What a run did to one table.

    Attributes:
        name: The table.
        rows: How many rows have come.
        new: How many of them were not there.
        changed: How many of them were not what they are now.
        left: How many rows have left the list; they stay, with `last_seen_at`.
        requests: How many requests it took, retries included.
        seconds: How long it took.
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
    What a run did.

    Attributes:
        path: The file.
        tables: The tables, in the order in which they were brought up to date.
    """

    path: Path
    tables: tuple[TableReport, ...]

    @property
    def requests(self) -> int:
        """
        How many requests the run took, retries included.
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
    Bring the data of the client's workspace into a DuckDB file, or up to date there.

    While it runs, files that this process makes are readable by their owner alone: DuckDB's log has
    no other protection than the process's umask.

    Args:
        client: The client to do it with; give it a `rate_limit`.
        to: The file: a path, or `duckdb:///` and a path.
        only: The tables to bring up to date, and those that they need: postings for questions and
            candidates, candidates for interviews. None: all.
        since: Read only the candidates who were invited since then; what happens to those who were
            invited before, and who of them has left, is not noticed.
        full: Whether to begin anew where a run was broken off, and to fetch every interview.
        with_links: Whether to keep the links that let their holder in: interviews, recordings,
            resumes.
        progress: Is called with the name of a table, and with how many of its rows have come.

    Returns:
        What the run did.

    Raises:
        JobError: The file cannot be used, or another run is using it.
        InvalidRequestError: An argument cannot work.
        TypeError: An argument is of the wrong type.
        ImportError: DuckDB is not installed.
        HeyMiloError: What every call may raise; a note says how far the run came, and the next one
            goes on.
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
    Same as `sync`, to be awaited.
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
    with opened(path) as warehouse:
        warehouse.begin(options, full=full)
        run = _Run(client, warehouse, since=moment, with_links=with_links, progress=progress)
        tables: list[TableReport] = []
        try:
            for name in names:
                report = await run.table(TABLES[name])
                tables.append(report)
        except (HeyMiloError, KeyboardInterrupt) as error:
            count = f"{len(tables)} of {len(names)} tables are up to date"
            error.add_note(f"{count}; {go_on(error)}")
            raise
        warehouse.finish()
    return SyncReport(path=path, tables=tuple(tables))


def chosen_tables(only: Collection[str] | None) -> list[str]:
    """
    Return the names of the tables of *only*, and of those that they need, in the order of a run.
    """
    if isinstance(only, str):
        raise wrong_type("only", "the names of tables", only)
    asked = set(TABLES if only is None else only)
    for name in asked - TABLES.keys():
        message = f"there is no table {name!r}: there are {', '.join(TABLES)}"
        raise InvalidRequestError(message)
    asked |= {needed for name in asked for needed in _NEEDS.get(name, ())}
    return [name for name in TABLES if name in asked]


def moment_of(since: datetime | timedelta | None) -> datetime | None:
    """
    Return the time that *since* means.
    """
    if since is not None and not isinstance(since, datetime | timedelta):
        raise wrong_type("since", "a datetime or a timedelta", since)
    try:
        moment = datetime.now(UTC) - since if isinstance(since, timedelta) else since
    except OverflowError:
        message = f"since goes back to no date that there was: {since}"
        raise InvalidRequestError(message) from None
    if moment is not None and moment.utcoffset() is None:
        message = f"since must have a time zone, such as datetime.now(UTC): {moment}"
        raise InvalidRequestError(message)
    return moment


def _path(to: str | os.PathLike[str]) -> Path:
    text = os.fspath(to)
    if "://" in text and not text.startswith(_SCHEME):
        scheme = text.partition("://")[0]
        message = f"it can only go to a DuckDB file, duckdb:///FILE, not to {scheme}://"
        raise InvalidRequestError(message)
    name = text.removeprefix(_SCHEME)
    if name in {"", ":memory:"}:
        message = f"it has to go to a file, such as {DEFAULT_TARGET}, not to {text!r}"
        raise InvalidRequestError(message)
    return Path(name)


class _Run:
    """
    One run over the tables of a warehouse.
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
        listeners = client._engine.settings.events.told
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
        Bring *table* up to date.
        """
        self._rows = self._new = self._changed = self._left = 0
        requests, start = self._requests, time.monotonic()
        if table.name == "interviews":
            await self._interviews(table)
        elif table.name == "ats_connections":
            await self._connections(table)
        elif table.name in BY_POSTING:
            for posting_id in self._warehouse.posting_ids():
                await self._list(table, posting_id)
            self._left += self._warehouse.leave_with_postings(table)
        else:
            await self._list(table)
        return TableReport(
            name=table.name,
            rows=self._rows,
            new=self._new,
            changed=self._changed,
            left=self._left,
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
        Walk through a list, from where the walk stands in this run.
        """
        walk = table.name if posting_id is None else f"{table.name}/{posting_id}"
        place, is_done = self._warehouse.walk(walk)
        if is_done:
            return
        try:
            await self._pages(table, walk, posting_id, place)
        except (BadRequestError, NotFoundError, UnprocessableEntityError) as error:
            if place is not None:
                # What stood there is gone, or all of it.
                self._warehouse.restart(walk)
                await self._list(table, posting_id)
                return
            if posting_id is None or not isinstance(error, NotFoundError):
                raise
            # The posting is gone since it was listed.
            self._warehouse.close_walk(table, walk, posting_id=posting_id, is_whole=False)
            return
        # With `since` the rest was not asked for, and is not gone.
        is_whole = table.name != "candidates" or self._since is None
        self._left += self._warehouse.close_walk(
            table, walk, posting_id=posting_id, is_whole=is_whole
        )

    async def _pages(
        self, table: Table, walk: str, posting_id: str | None, place: str | None
    ) -> None:
        options: dict[str, Any] = {"starting_after": place}
        if table.name == "candidates":
            options["created_after"] = self._since
        parents = [] if posting_id is None else [posting_id]
        pager = getattr(self._client, table.name).list_all(*parents, **options)
        # The next page is under way while one is kept.
        async with pager._engine.prefetch(pager._walk().next_page, 1) as ahead:
            while True:
                try:
                    page = await ahead.next()
                except StopAsyncIteration:
                    return
                rows = [table.row(item, with_links=self._with_links) for item in page]
                stands = rows[-1].id if rows else place
                changes = self._warehouse.keep(table, rows, walk=walk, place=stands)
                self._add(table, len(rows), changes)

    async def _connections(self, table: Table) -> None:
        # A list that comes as a whole.
        found = await self._client.ats.list_connections()
        rows = [table.row(item, with_links=self._with_links) for item in found]
        changes = self._warehouse.keep(table, rows, walk=table.name, place=None)
        self._add(table, len(rows), changes)
        self._left += self._warehouse.close_walk(table, table.name, posting_id=None, is_whole=True)

    async def _interviews(self, table: Table) -> None:
        """
        Fetch the interviews whose candidates have moved.
        """
        due = self._warehouse.due_interviews(since=self._since, with_links=self._with_links)
        ids = list(due)
        for start in range(0, len(ids), _INTERVIEWS):
            some = ids[start : start + _INTERVIEWS]
            settled = await self._client.interviews.get_many_settled(some, concurrency=_AT_A_TIME)
            came = [one for one in settled if isinstance(one, InterviewData)]
            # What the server does not have is asked for again when its candidate moves.
            kept = {
                key: due[key]
                for key, one in zip(some, settled, strict=True)
                if isinstance(one, InterviewData | NotFoundError)
            }
            rows = [table.row(one, with_links=self._with_links) for one in came]
            self._add(table, len(rows), self._warehouse.keep_interviews(rows, kept))
            for one in settled:
                if isinstance(one, HeyMiloError) and not isinstance(one, NotFoundError):
                    raise one
        self._warehouse.leave_with_candidates()
