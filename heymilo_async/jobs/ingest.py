"""
Candidates from a file into a posting, each once, however often the job is killed or answers are lost.

The API has no idempotency keys. So a journal says what is about to be sent before it is sent, each row
carries a key of its own in its metadata, and what may have been carried out is looked for in the list
of candidates before it is sent again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from .. import (
    AsyncHeyMilo,
    BadRequestError,
    BulkCandidateReceipt,
    Candidate,
    ConflictError,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    Page,
    UnprocessableEntityError,
)
from .._core.arguments import seconds, whole_number, wrong_type
from .._core.blocking import run_now
from ._errors import JobError, go_on
from ._journal import OPEN, Entry, Journal, State, opened
from ._rows import KEY, Refusal, Row, read_rows

__all__ = ["IngestReport", "Refusal", "async_ingest", "ingest"]

# Where users find it, so that it may be moved.
Refusal.__module__ = __name__

#: Is called with how many rows of the file are in, and how many could be.
Progress: TypeAlias = Callable[[int, int], object]

#: How often a run looks for what is unknown, and sends what is not there, before it leaves the rest.
_MOST_ROUNDS: Final = 5
#: Requests that fail in a row before a run ends: the server is down.
_MOST_FAILURES: Final = 3
#: How many lines of the file a report names.
_MOST_SHOWN: Final = 10

_REFUSALS: Final = (BadRequestError, ConflictError, UnprocessableEntityError)


@attrs.frozen(kw_only=True)
class IngestReport:
    """
    What became of the rows of a file.

    Attributes:
        posting_id: The posting.
        rows: How many rows the file has.
        done: How many of them are candidates of the posting now.
        sent: How many of these this run has sent.
        found: How many of these this run has found in the list.
        refused: The rows that do not go in, each with its line, column and value.
        unsent: The lines of rows that were not sent.
        unknown: The lines of rows of which nobody knows whether they were carried out.
    """

    posting_id: str
    rows: int
    done: int = 0
    sent: int = 0
    found: int = 0
    refused: tuple[Refusal, ...] = ()
    unsent: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """
        Whether every row of the file is in.
        """
        return self.done == self.rows

    def __str__(self) -> str:
        parts = [f"{self.done} of {self.rows} rows are in: {self.sent} sent, {self.found} found"]
        for lines, word in (
            (tuple(dict.fromkeys(one.line for one in self.refused)), "refused"),
            (self.unsent, "not sent"),
            (self.unknown, "unknown"),
        ):
            if lines:
                parts.append(f"{len(lines)} {word} ({_listed(lines)})")
        return "; ".join(parts)


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_MOST_SHOWN]))
    more = f" and {len(lines) - _MOST_SHOWN} more" if len(lines) > _MOST_SHOWN else ""
    return f"line{'' if len(lines) == 1 else 's'} {shown}{more}"


def ingest(
    client: HeyMilo,
    file: str | os.PathLike[str],
    posting_id: str,
    *,
    journal: str | os.PathLike[str] | None = None,
    batch: int = 25,
    data: Sequence[str] = (),
    dry_run: bool = False,
    settle: float = 2.0,
    progress: Progress | None = None,
) -> IngestReport:
    """
    Bring the candidates of *file* into a posting, each once.

    Run it again after whatever happened: it goes on where it stood.

    Args:
        client: The client to do it with.
        file: CSV with a header, or JSON Lines if its name ends in `.jsonl` or `.ndjson`; UTF-8.
            The columns `name`, `email` and `phone_number` have places of their own, all others go
            into the candidates' metadata.
        posting_id: The posting's `id`.
        journal: Where to keep the journal; by default beside *file*, under its name with `.journal`
            behind it.
        batch: How many rows go out in one request, 1 or more.
        data: Columns that go into the candidates' `data` instead.
        dry_run: Whether to check the rows only, and send nothing.
        settle: Seconds to wait after a request that may have been carried out, before the list is
            looked through for what it did.
        progress: Is called with how many rows are in, and how many could be.

    Returns:
        What became of the rows.

    Raises:
        JobError: The file or the journal cannot be used, or another run is using it.
        InvalidRequestError: An argument cannot work.
        TypeError: An argument is of the wrong type.
        ImportError: phonenumbers is not installed.
        NotFoundError: There is no such posting (404).
        HeyMiloError: What every call may raise; a note says how far the run came.
    """
    if not isinstance(client, HeyMilo):
        raise wrong_type("client", "a HeyMilo; async_ingest takes an AsyncHeyMilo", client)
    return run_now(
        async_ingest(
            client._twin,
            file,
            posting_id,
            journal=journal,
            batch=batch,
            data=data,
            dry_run=dry_run,
            settle=settle,
            progress=progress,
        )
    )


async def async_ingest(
    client: AsyncHeyMilo,
    file: str | os.PathLike[str],
    posting_id: str,
    *,
    journal: str | os.PathLike[str] | None = None,
    batch: int = 25,
    data: Sequence[str] = (),
    dry_run: bool = False,
    settle: float = 2.0,
    progress: Progress | None = None,
) -> IngestReport:
    """
    Same as `ingest`, to be awaited.
    """
    if not isinstance(client, AsyncHeyMilo):
        raise wrong_type("client", "an AsyncHeyMilo; ingest takes a HeyMilo", client)
    if isinstance(data, str):
        raise wrong_type("data", "the names of columns", data)
    size = whole_number("batch", batch, 1, refusal=InvalidRequestError)
    pause = seconds("settle", settle, zero=True, refusal=InvalidRequestError)
    path = Path(file)
    rows, refused = read_rows(path, data)
    if dry_run:
        return _report(posting_id, rows, refused, entries={})
    # Keys are made of the id as the server writes it.
    posting = await client.postings.get(posting_id)
    if posting.status == "archived":
        message = f"the posting {posting.id} is archived, and takes no candidates: activate it"
        raise JobError(message)
    kept_at = Path(f"{path}.journal") if journal is None else Path(journal)
    with opened(kept_at, posting.id) as kept:
        run = _Run(client, posting.id, kept, rows, batch=size, settle=pause, progress=progress)
        with _noting(lambda: run.report(refused)):
            await run.finish()
        return run.report(refused)


@contextlib.contextmanager
def _noting(report: Callable[[], IngestReport]) -> Generator[None, None, None]:
    try:
        yield
    except (HeyMiloError, KeyboardInterrupt) as error:
        error.add_note(f"{report()}; {go_on(error)}")
        raise


def _report(
    posting_id: str,
    rows: Sequence[Row],
    refused: Sequence[Refusal],
    *,
    entries: Mapping[str, Entry],
    sent: Iterable[str] = (),
    found: Iterable[str] = (),
) -> IngestReport:
    states = {
        row.line: entries.get(row.key(posting_id), Entry(line=row.line, fingerprint=""))
        for row in rows
    }

    def lines(*wanted: State) -> tuple[int, ...]:
        return tuple(line for line, entry in states.items() if entry.state in wanted)

    by_server = [
        Refusal(line=line, column=None, value="", reason=states[line].reason or "")
        for line in lines(State.REFUSED)
    ]
    return IngestReport(
        posting_id=posting_id,
        rows=len(rows) + len({one.line for one in refused}),
        done=len(lines(State.DONE)),
        sent=len(set(sent)),
        found=len(set(found)),
        refused=tuple(sorted([*refused, *by_server], key=lambda one: one.line)),
        unsent=lines(State.PLANNED),
        unknown=lines(*OPEN),
    )


class _Run:
    """
    One run over the rows of a file, whose journal it holds.
    """

    def __init__(
        self,
        client: AsyncHeyMilo,
        posting_id: str,
        journal: Journal,
        rows: Sequence[Row],
        *,
        batch: int,
        settle: float,
        progress: Progress | None,
    ) -> None:
        self._client = client
        self._posting_id = posting_id
        self._journal = journal
        self._all = rows
        self._rows = {row.key(posting_id): row for row in rows}
        self._batch = batch
        self._settle = settle
        self._progress = progress
        self._done: set[str] = set()
        self._sent: set[str] = set()
        self._found: set[str] = set()
        self._failures = 0

    def report(self, refused: Sequence[Refusal]) -> IngestReport:
        """
        Return how far the rows have come.
        """
        entries = self._journal.entries()
        return _report(
            self._posting_id,
            self._all,
            refused,
            entries=entries,
            sent=self._sent,
            found=self._found,
        )

    async def finish(self) -> None:
        """
        Plan what is new, and send what is planned, until nothing is left or nothing helps.
        """
        known = self._journal.entries()
        planned = {
            key: Entry(line=row.line, fingerprint=row.fingerprint())
            for key, row in self._rows.items()
            if key not in known or _was_mended(row, known[key])
        }
        is_walking, _ = self._journal.walk
        is_left = any(known[key].state is State.PLANNED for key in self._rows if key in known)
        if planned or (is_left and not is_walking):
            # Who is not sent yet may have been invited by another run since, with another journal.
            self._journal.plan(planned)
        for _ in range(_MOST_ROUNDS):
            await self._look_if_needed()
            entries = self._journal.entries()
            left = [key for key in self._rows if entries[key].state is State.PLANNED]
            self._show({key for key in self._rows if entries[key].state is State.DONE})
            if not left:
                return
            await self._send(left)
        await self._look_if_needed()

    def _show(self, done: Iterable[str]) -> None:
        self._done.update(done)
        if self._progress is not None:
            self._progress(len(self._done), len(self._rows))

    async def _look_if_needed(self) -> None:
        entries = self._journal.entries()
        last = [one.sent_at for one in entries.values() if one.state in OPEN and one.sent_at]
        is_walking, cursor = self._journal.walk
        if not last and not is_walking:
            return
        if last and cursor is None:
            # A request whose answer was lost may still be worked on.
            # (This machine's clock may have been set back since.)
            wait = min(self._settle, max(last) + self._settle - time.time())
            if wait > 0:
                await self._client._engine.pool.loop_state().transport.sleep(wait)
        try:
            await self._look(entries, cursor)
        except (BadRequestError, NotFoundError, UnprocessableEntityError):
            if cursor is None:
                raise
            # Who stood there is gone.
            await self._look(entries, None)

    async def _look(self, entries: Mapping[str, Entry], cursor: str | None) -> None:
        """
        Walk through the posting's candidates, and note which of our rows are among them.
        """
        self._journal.looked({}, cursor)
        pager = self._client.candidates.list_all(self._posting_id, starting_after=cursor)
        by_email = {row.email.casefold(): key for key, row in self._rows.items()}
        async for page in pager.pages():
            found = _found(page, entries, by_email)
            self._found |= {
                key for key in found if key in self._rows and entries[key].state is not State.DONE
            }
            self._journal.looked(found, page[-1].interview_id if page else cursor)
        self._journal.looked_through()

    async def _send(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), self._batch):
            some = keys[start : start + self._batch]
            if len(some) == 1:
                await self._send_one(some[0])
            else:
                await self._send_many(some)
            self._show(self._sent)

    async def _send_many(self, keys: Sequence[str]) -> None:
        new = [self._rows[key].candidate(self._posting_id) for key in keys]
        self._journal.begin(keys, time.time())
        try:
            receipts = await self._client.candidates.ingest_many(self._posting_id, new)
        except _REFUSALS:
            # One of them is at fault, and the answer need not say which.
            self._journal.unsent(keys)
            for key in keys:
                await self._send_one(key)
        except HeyMiloError as error:
            self._failed(keys, error)
        else:
            self._failures = 0
            ours = {_key_of(receipt): receipt.interview_id for receipt in receipts}
            done = {key: ours[key] for key in keys if key in ours}
            self._sent |= done.keys()
            self._journal.done(done)
            # The list tells whether those without a receipt are in.
            self._journal.unknown(key for key in keys if key not in done)

    async def _send_one(self, key: str) -> None:
        new = dict(self._rows[key].candidate(self._posting_id)._given())
        self._journal.begin([key], time.time())
        try:
            receipt = await self._client.candidates.ingest(self._posting_id, **new)
        except _REFUSALS as error:
            self._failures = 0
            self._journal.refused(key, f"the server refused it: {error.message}")
        except HeyMiloError as error:
            self._failed([key], error)
        else:
            self._failures = 0
            self._sent.add(key)
            self._journal.done({key: receipt.interview_id})

    def _failed(self, keys: Sequence[str], error: HeyMiloError) -> None:
        if not error.maybe_sent:
            self._journal.unsent(keys)
            raise error
        self._journal.unknown(keys)
        self._failures += 1
        if self._failures == _MOST_FAILURES:
            raise error


def _was_mended(row: Row, entry: Entry) -> bool:
    return entry.state is State.REFUSED and entry.fingerprint != row.fingerprint()


def _key_of(one: BulkCandidateReceipt | Candidate) -> str | None:
    return (one.metadata or {}).get(KEY)


def _found(
    page: Page[Candidate], entries: Mapping[str, Entry], by_email: Mapping[str, str]
) -> dict[str, str]:
    """
    Return the interviews of those rows that are on *page*, by their keys.

    Who is there by the same e-mail address was invited in another way: once is enough.
    """
    found: dict[str, str] = {}
    for one in page:
        key = _key_of(one)
        if key not in entries:
            key = by_email.get(one.email.casefold())
        if key is not None:
            found[key] = one.interview_id
    return found
