"""
Sends candidates from a file to a posting, each once, even after a crash or lost responses.

The API has no idempotency keys. So the job adds a key to the metadata of each row, and records each
request in a journal before it sends it. If the server may have processed a row, the job searches
the list of candidates before it sends the row again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeGuard

import attrs

from .. import (
    APIStatusError,
    AsyncHeyMilo,
    BadRequestError,
    BulkCandidateReceipt,
    Candidate,
    ConflictError,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    Page,
    ServerError,
    UnprocessableEntityError,
)
from .._core.arguments import seconds, whole_number, wrong_type
from .._core.blocking import run_now
from ._errors import JobError, resume_advice
from ._journal import OPEN, Entry, Journal, State, open_journal
from ._rows import KEY, Refusal, Row, read_rows
from ._source import source_of

__all__ = ["IngestReport", "Refusal", "async_ingest", "ingest"]

# Pickles refer to the public module, so that the class can move.
Refusal.__module__ = __name__

#: Called with the number of rows that are done, and of all valid rows.
Progress: TypeAlias = Callable[[int, int], object]

#: The maximum number of rounds of a run: each searches for unknown rows and sends missing ones.
_MAX_ROUNDS: Final = 5
#: The run ends after this many consecutive failed requests, because the server is down.
_MAX_FAILURES: Final = 3
#: The maximum number of lines of the file that a report names.
_MAX_SHOWN: Final = 10

_REFUSALS: Final = (BadRequestError, ConflictError, UnprocessableEntityError)
_TOO_LARGE: Final = 413


@attrs.frozen(kw_only=True)
class IngestReport:
    """
    The outcome of an ingestion.

    Attributes:
        posting_id: The posting.
        rows: The number of rows in the file.
        done: The number of rows that are candidates of the posting.
        sent: The number of `done` rows that this run has sent.
        found: The number of `done` rows that this run has found in the list.
        refused: The refused rows, each with its line, column and value.
        unsent: The lines of rows that were not sent.
        unknown: The lines of rows that the server may have processed.
        edited: The lines of `done` rows that were edited after they were sent. The candidates keep
            what was sent.
    """

    posting_id: str
    rows: int
    done: int = 0
    sent: int = 0
    found: int = 0
    refused: tuple[Refusal, ...] = ()
    unsent: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    edited: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """
        Whether every row of the file is a candidate.
        """
        return self.done == self.rows

    def __str__(self) -> str:
        parts = [f"{self.done} of {self.rows} rows are in: {self.sent} sent, {self.found} found"]
        for lines, word in (
            (tuple(dict.fromkeys(one.line for one in self.refused)), "refused"),
            (self.unsent, "not sent"),
            (self.unknown, "unknown"),
            (self.edited, "edited after being sent, without effect"),
        ):
            if lines:
                parts.append(f"{len(lines)} {word} ({_line_list(lines)})")
        return "; ".join(parts)


def _line_list(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_MAX_SHOWN]))
    more = f" and {len(lines) - _MAX_SHOWN} more" if len(lines) > _MAX_SHOWN else ""
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
    Send the candidates of *file* to a posting, each once.

    After any interruption, call it again: it resumes from its journal.

    Args:
        client: The client.
        file: CSV with a header, or JSON Lines if its name ends in `.jsonl` or `.ndjson`; UTF-8.
            The columns `name`, `email` and `phone_number` become the candidates' attributes, all
            other columns their metadata.
        posting_id: The posting's `id`.
        journal: The path of the journal; by default that of *file* with `.journal` appended, next
            to the file itself if *file* is a link. Runs at the same time with different journals
            are not protected from each other.
        batch: The number of rows per request, 1 or more.
        data: Columns for the candidates' `data` instead of their metadata.
        dry_run: Whether to check the rows without sending them.
        settle: Seconds to wait after a request that the server may have processed, before the list
            is searched for its rows.
        progress: Called with the number of rows that are done, and of all valid rows.

    Returns:
        The outcome for all rows.

    Raises:
        JobError: The file or the journal cannot be used, the journal belongs to another posting,
            server or workspace, or another run is using it.
        InvalidRequestError: An argument is invalid.
        TypeError: An argument has the wrong type.
        ImportError: phonenumbers is not installed.
        NotFoundError: The posting does not exist (404).
        HeyMiloError: Any call can raise it; a note says how many rows are done.
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
    Same as `ingest`, but async.
    """
    if not isinstance(client, AsyncHeyMilo):
        raise wrong_type("client", "an AsyncHeyMilo; ingest takes a HeyMilo", client)
    if isinstance(data, str):
        raise wrong_type("data", "the names of columns", data)
    size = whole_number("batch", batch, 1, refusal=InvalidRequestError)
    pause = seconds("settle", settle, zero=True, refusal=InvalidRequestError)
    if dry_run:
        return check_rows(file, posting_id, data)
    path = Path(file)
    rows, refused = read_rows(path, data)
    # Keys contain the id as the server writes it.
    posting = await client.postings.get(posting_id)
    if posting.status == "archived":
        message = f"the posting {posting.id} is archived and accepts no candidates: activate it"
        raise JobError(message)
    journal_path = _default_journal(path) if journal is None else Path(journal)
    with open_journal(journal_path, posting.id) as opened_journal:
        owner = opened_journal.adopt(source_of(client))
        if owner is not None:
            message = (
                f"the journal {journal_path} belongs to {owner}: choose another one with --journal"
            )
            raise JobError(message)
        run = _Run(
            client, posting.id, opened_journal, rows, batch=size, settle=pause, progress=progress
        )
        with _report_on_error(lambda error: f"{run.report(refused)}; {run.advice(error)}"):
            await run.finish()
        return run.report(refused)


def check_rows(
    file: str | os.PathLike[str], posting_id: str, data: Sequence[str] = ()
) -> IngestReport:
    """
    Return the report of a dry run, which needs no client.
    """
    rows, refused = read_rows(Path(file), data)
    return _report(posting_id, rows, refused, entries={})


def _default_journal(path: Path) -> Path:
    # All links to a file share its journal, whose lock stops a second run.
    return Path(f"{path.resolve() if path.is_symlink() else path}.journal")


@contextlib.contextmanager
def _report_on_error(note: Callable[[BaseException], str]) -> Generator[None, None, None]:
    try:
        yield
    except (HeyMiloError, KeyboardInterrupt) as error:
        error.add_note(note(error))
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

    def lines(*selected: State) -> tuple[int, ...]:
        return tuple(line for line, entry in states.items() if entry.state in selected)

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
        edited=tuple(
            row.line
            for row in rows
            if states[row.line].state is State.DONE
            and states[row.line].fingerprint != row.fingerprint()
        ),
    )


class _Run:
    """
    One run over the rows of a file, with its journal open.
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
        self._is_batch_at_fault = False

    def advice(self, error: BaseException) -> str:
        """
        Return advice on how to continue after *error* has ended the run.
        """
        # A row that a server cannot process makes its whole batch fail in every run.
        more = "; if that fails too, use a smaller --batch, such as 1" * self._is_batch_at_fault
        return resume_advice(error) + more

    def report(self, refused: Sequence[Refusal]) -> IngestReport:
        """
        Return the report of the rows' current states.
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
        Plan new rows, and send planned rows in rounds until none is left.
        """
        known = self._journal.entries()
        planned = {
            key: Entry(line=row.line, fingerprint=row.fingerprint())
            for key, row in self._rows.items()
            if key not in known or _was_corrected(row, known[key])
        }
        has_planned = any(known[key].state is State.PLANNED for key in self._rows if key in known)
        if planned or has_planned:
            # Another run with another journal may have sent these rows in the meantime.
            self._journal.plan(planned)
        for _ in range(_MAX_ROUNDS):
            await self._search_if_needed()
            entries = self._journal.entries()
            left = [key for key in self._rows if entries[key].state is State.PLANNED]
            self._report_progress({key for key in self._rows if entries[key].state is State.DONE})
            if not left:
                return
            await self._send(left)
        await self._search_if_needed()

    def _report_progress(self, done: Iterable[str]) -> None:
        self._done.update(done)
        if self._progress is not None:
            self._progress(len(self._done), len(self._rows))

    async def _search_if_needed(self) -> None:
        entries = self._journal.entries()
        last = [one.sent_at for one in entries.values() if one.state in OPEN and one.sent_at]
        if not last and not self._journal.is_searching:
            return
        if last:
            # The server may still be processing a request whose response was lost.
            # (`min` limits the wait if this machine's clock was set back.)
            wait = min(self._settle, max(last) + self._settle - time.time())
            if wait > 0:
                await self._client._engine.pool.loop_state().transport.sleep(wait)
        await self._search(entries)

    async def _search(self, entries: Mapping[str, Entry]) -> None:
        """
        Search the posting's candidates for rows of the file, and record them in the journal.

        It always begins at the first page: a list may start with the newest candidates, so the
        place of an interrupted search would miss those whom somebody has invited since.
        """
        by_email = {row.email.casefold(): key for key, row in self._rows.items()}
        async for page in self._client.candidates.list_all(self._posting_id).pages():
            found = _matches(page, entries, by_email)
            self._found |= {
                key for key in found if key in self._rows and entries[key].state is not State.DONE
            }
            self._journal.mark_done(found)
        self._journal.finish_search()

    async def _send(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), self._batch):
            keys_of_batch = keys[start : start + self._batch]
            if len(keys_of_batch) == 1:
                await self._send_one(keys_of_batch[0])
            else:
                await self._send_many(keys_of_batch)
            self._report_progress(self._sent)

    async def _send_many(self, keys: Sequence[str]) -> None:
        new = [self._rows[key].candidate(self._posting_id) for key in keys]
        self._mark_sent(keys)
        try:
            receipts = await self._client.candidates.ingest_many(self._posting_id, new)
        except HeyMiloError as error:
            if not _is_refusal(error):
                self._handle_failure(keys, error)
                return
            # One row is invalid, and the response may not say which; or the whole is too large.
            self._journal.mark_planned(keys)
            for key in keys:
                await self._send_one(key)
        else:
            self._failures = 0
            ours = {_key_of(receipt): receipt.interview_id for receipt in receipts}
            done = {key: ours[key] for key in keys if key in ours}
            self._sent |= done.keys()
            self._journal.mark_done(done)
            # The list shows whether rows without a receipt are candidates.
            self._journal.mark_unknown(key for key in keys if key not in done)

    def _mark_sent(self, keys: Sequence[str]) -> None:
        fingerprints = {key: self._rows[key].fingerprint() for key in keys}
        self._journal.mark_sent(fingerprints, time.time())

    async def _send_one(self, key: str) -> None:
        new = dict(self._rows[key].candidate(self._posting_id)._given())
        self._mark_sent([key])
        try:
            receipt = await self._client.candidates.ingest(self._posting_id, **new)
        except HeyMiloError as error:
            if not _is_refusal(error):
                self._handle_failure([key], error)
                return
            self._failures = 0
            reason = f"the server refused it: {error.message}"
            if isinstance(error, ConflictError):
                # An earlier request or somebody else may have invited this candidate.
                self._journal.mark_existing(key, reason)
            else:
                self._journal.mark_refused(key, reason)
        else:
            self._failures = 0
            self._sent.add(key)
            self._journal.mark_done({key: receipt.interview_id})

    def _handle_failure(self, keys: Sequence[str], error: HeyMiloError) -> None:
        if not error.maybe_sent:
            self._journal.mark_planned(keys)
            raise error
        self._journal.mark_unknown(keys)
        self._failures += 1
        if self._failures == _MAX_FAILURES:
            self._is_batch_at_fault = len(keys) > 1 and isinstance(error, ServerError)
            raise error


def _is_refusal(error: HeyMiloError) -> TypeGuard[APIStatusError]:
    is_too_large = isinstance(error, APIStatusError) and error.status_code == _TOO_LARGE
    return is_too_large or isinstance(error, _REFUSALS)


def _was_corrected(row: Row, entry: Entry) -> bool:
    return entry.state is State.REFUSED and entry.fingerprint != row.fingerprint()


def _key_of(one: BulkCandidateReceipt | Candidate) -> str | None:
    return (one.metadata or {}).get(KEY)


def _matches(
    page: Page[Candidate], entries: Mapping[str, Entry], by_email: Mapping[str, str]
) -> dict[str, str]:
    """
    Return the interviews of the rows that are on *page*, by the rows' keys.

    A candidate without a key of this file belongs to the row with the same e-mail address.
    """
    found: dict[str, str] = {}
    for one in page:
        key = _key_of(one)
        if key not in entries:
            key = by_email.get(one.email.casefold())
        if key is not None:
            found[key] = one.interview_id
    return found
