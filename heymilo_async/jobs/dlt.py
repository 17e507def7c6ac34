"""
The rows of `sync` as a dlt source; dlt loads them into other warehouses.

By default, dlt sends usage reports to its vendor. Import this module before you create the first
pipeline to disable that; it has no effect if you have set `RUNTIME__DLTHUB_TELEMETRY`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from .. import HeyMilo, HeyMiloError, InterviewData, Model, NotFoundError
from .._core.arguments import wrong_type
from ._errors import needs
from ._tables import TABLES, Table
from .sync import BY_POSTING, chosen_tables, moment_of

__all__ = ["heymilo_source", "load"]

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

_TYPES: Final[Mapping[str, str]] = {
    "VARCHAR": "text",
    "BOOLEAN": "bool",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "TIMESTAMPTZ": "timestamp",
    "JSON": "json",
}
#: The number of interviews that are fetched at a time.
_CONCURRENCY: Final = 5
#: The length of the hash that shows whether a candidate has changed; dlt's state stores it.
_DIGITS: Final = 8

_Record = dict[str, Any]


def heymilo_source(
    client: HeyMilo,
    *,
    only: Collection[str] | None = None,
    since: datetime | timedelta | None = None,
    full: bool = False,
    with_links: bool = False,
) -> Any:
    """
    Return a dlt source with a resource for each table of `sync`.

    Each resource has its primary key, the disposition `merge`, and a type and a description for each
    column. Fields without a fixed form are columns of the type `json`; a field that can be any JSON,
    such as the answer to a question, is text.
    Each load reads all lists; it fetches an interview only if its candidate's status, score or last
    activity has changed, which the pipeline's state in dlt records.

    Args:
        client: The client; give it a `rate_limit`, and keep it open until the pipeline has run.
        only: The tables to load; tables that they need are added: postings for questions and
            candidates, candidates for interviews. None: all.
        since: Read only candidates invited since then; changes of older candidates are missed.
        full: Whether to fetch every interview.
        with_links: Whether to load links that work for anybody: to interviews, recordings and
            resumes.

    Returns:
        A `DltSource`.

    Raises:
        InvalidRequestError: An argument is invalid.
        TypeError: An argument has the wrong type.
        ImportError: dlt is not installed.
    """
    if not isinstance(client, HeyMilo):
        raise wrong_type("client", "a HeyMilo", client)
    names, moment = chosen_tables(only), moment_of(since)
    dlt = needs("dlt", "dlt")
    reader = _Reader(client, since=moment, full=full, with_links=with_links)
    made: dict[str, Any] = {}
    for name in names:
        hints = _hints(TABLES[name])
        if name == "interviews":
            made[name] = dlt.transformer(
                reader.interview_reader(dlt.current.resource_state),
                data_from=made["candidates"],
                **hints,
            )
        elif name in BY_POSTING:
            read = reader.posting_list_reader(TABLES[name])
            made[name] = dlt.transformer(read, data_from=made["postings"], **hints)
        else:
            made[name] = dlt.resource(reader.list_reader(TABLES[name]), **hints)
    return dlt.source(lambda: list(made.values()), name="heymilo", max_table_nesting=0)()


def load(pipeline: Any, source: Any) -> Any:
    """
    Run *pipeline* with *source*, after loading the pending packages of a killed run.

    `pipeline.run(source)` alone would load only those packages, or drop them together with
    interviews that the pipeline's state records as loaded.

    Args:
        pipeline: A dlt pipeline.
        source: The source from `heymilo_source`.

    Returns:
        dlt's `LoadInfo` for *source*.
    """
    if pipeline.has_pending_data:
        pipeline.normalize()
        pipeline.load()
    return pipeline.run(source)


def _hints(table: Table) -> dict[str, Any]:
    columns: dict[str, Any] = {
        # dlt creates no column without a hint if all its values are null.
        one.name: {
            "data_type": "text" if _is_any_json(table, one.name) else _TYPES[one.type],
            "nullable": one.name != table.key,
            "description": one.comment,
        }
        for one in table.all_columns
        if one.name not in {"synced_at", "last_seen_at"}
    }
    return {
        "name": table.name,
        "columns": columns,
        "primary_key": table.key,
        "write_disposition": "merge",
    }


def _is_any_json(table: Table, name: str) -> bool:
    """
    Return whether a field can be any JSON; dlt's type `json` does not accept plain text.
    """
    field = attrs.fields_dict(table.model).get(name)
    return field is not None and field.type is Any


class _Reader:
    """
    Reads the tables through a client, as records for dlt.
    """

    def __init__(
        self, client: HeyMilo, *, since: datetime | None, full: bool, with_links: bool
    ) -> None:
        self._client = client
        self._since = since
        self._full = full
        self._with_links = with_links

    def list_reader(self, table: Table) -> Callable[[], Iterator[list[_Record]]]:
        """
        Return a generator function that reads a list page by page.
        """

        def read() -> Iterator[list[_Record]]:
            if table.name == "ats_connections":
                yield self._records(table, self._client.ats.list_connections())
                return
            for page in getattr(self._client, table.name).list_all().pages():
                yield self._records(table, page)

        return read

    def posting_list_reader(
        self, table: Table
    ) -> Callable[[Sequence[_Record]], Iterator[list[_Record]]]:
        """
        Return a generator function that reads the list of each posting.
        """
        options = {"created_after": self._since} if table.name == "candidates" else {}

        def read(postings: Sequence[_Record]) -> Iterator[list[_Record]]:
            for posting in postings:
                pager = getattr(self._client, table.name).list_all(posting["id"], **options)
                try:
                    for page in pager.pages():
                        yield self._records(table, page)
                except NotFoundError:
                    # The posting was deleted after it was listed.
                    continue

        return read

    def interview_reader(
        self, state: Callable[[], dict[str, Any]]
    ) -> Callable[[Sequence[_Record]], Iterator[list[_Record]]]:
        """
        Return a generator function that fetches the interviews of candidates that have changed.
        """

        def read(candidates: Sequence[_Record]) -> Iterator[list[_Record]]:
            known = state().setdefault("fetched", {})
            digests = {one["interview_id"]: self._digest(one) for one in candidates}
            due = [key for key, digest in digests.items() if self._full or known.get(key) != digest]
            settled = self._client.interviews.get_many_settled(due, concurrency=_CONCURRENCY)
            for one in settled:
                # A missing interview is requested again when its candidate changes.
                if isinstance(one, HeyMiloError) and not isinstance(one, NotFoundError):
                    raise one
            found = [one for one in settled if isinstance(one, InterviewData)]
            yield self._records(TABLES["interviews"], found)
            known.update((key, digests[key]) for key in due)

        return read

    def _digest(self, candidate: _Record) -> str:
        workflow = candidate["workflow"] or {}
        values = [candidate["status"], candidate["score"], workflow.get("last_activity_at")]
        text = json.dumps([*values, self._with_links])
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

    def _records(self, table: Table, items: Sequence[Model]) -> list[_Record]:
        return [self._record(table, item) for item in items]

    def _record(self, table: Table, item: Model) -> _Record:
        row = table.row(item, with_links=self._with_links)
        record: _Record = {"content_hash": row.content_hash}
        for column, value in zip(table.columns, row.values, strict=True):
            is_object = column.type == "JSON" and not _is_any_json(table, column.name)
            record[column.name] = json.loads(value) if is_object and value else value
        return record
