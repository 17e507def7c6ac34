"""
The rows of a file of candidates, each checked before anything is sent.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from .._values import NOT_GIVEN
from ..errors import InvalidRequestError
from ..resources.candidates import NewCandidate
from ._errors import JobError, needs

#: The member of a candidate's metadata that identifies its row.
KEY: Final = "heymilo_key"

_OWN: Final = ("name", "email", "phone_number")
#: The API accepts 50 keys, and the job needs one.
_MOST_KEYS: Final = 49
_LONGEST_KEY, _LONGEST_VALUE = 40, 500
#: An Internet mail address: one @, and a domain with a dot; without the characters that surround
#: addresses in lists and links.
_ATOM: Final = r"[^@\s.<>()\[\],;:\"\\]+"
_LABEL: Final = rf"(?!-){_ATOM}(?<!-)"
_EMAIL: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_LONGEST_EMAIL: Final = 254
#: phonenumbers also accepts letters, full-width digits and extensions, and drops what E.164 lacks.
_PHONE: Final = re.compile(r"\+[0-9 ().-]+", re.ASCII)
_LONGEST_SHOWN: Final = 60
#: The highest limit that csv accepts on every system.
_LONGEST_FIELD: Final = 2**31 - 1
#: csv has one limit for the whole process.
_csv_limit_lock = threading.Lock()


@attrs.frozen(kw_only=True)
class Refusal:
    """
    A row that was refused, and the reason.

    Attributes:
        line: The line of the file on which the row begins, from 1.
        column: The invalid column; None if the fault is the row as a whole.
        value: The column's value, shortened.
        reason: What is wrong with it, and what to do.
    """

    line: int
    column: str | None
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, {self.column}"
        return f"{where}: {self.reason}" + (f": {self.value!r}" if self.value else "")


@attrs.frozen(kw_only=True)
class Row:
    """
    A valid row.

    Attributes:
        line: The line of the file on which it begins, from 1.
        name: The full name.
        email: The e-mail address, unchanged.
        phone_number: The number in E.164; None if there is none.
        metadata: All other columns with a value, except those in *data*.
        data: The columns that the caller chose for `data`.
    """

    line: int
    name: str
    email: str
    phone_number: str | None
    metadata: Mapping[str, str]
    data: Mapping[str, Any]

    def key(self, posting_id: str) -> str:
        """
        Return the key that identifies this row: the same for a person in a posting on any machine.
        """
        text = f"{posting_id}\n{self.email.casefold()}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def candidate(self, posting_id: str) -> NewCandidate:
        """
        Return the candidate that is sent for this row.
        """
        return NewCandidate(
            name=self.name,
            email=self.email,
            phone_number=self.phone_number or NOT_GIVEN,
            metadata={**self.metadata, KEY: self.key(posting_id)},
            data=dict(self.data) or NOT_GIVEN,
        )

    def fingerprint(self) -> str:
        """
        Return a hash of the whole row.
        """
        said = [self.name, self.email, self.phone_number, dict(self.metadata), dict(self.data)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read_rows(path: Path, data_columns: Sequence[str]) -> tuple[list[Row], list[Refusal]]:
    """
    Return the valid rows of the file at *path*, and refusals of the others.

    Raises:
        JobError: The file cannot be read, or has no usable structure.
        ImportError: phonenumbers is not installed.
    """
    text = _text(path)
    is_json = path.suffix.lower() in {".jsonl", ".ndjson"}
    records = _json_lines(path, text) if is_json else _csv(path, text)
    check, seen_columns = _Checks(data_columns), set[str]()
    for line, record in records:
        if isinstance(record, str):
            check.refused.append(Refusal(line=line, column=None, value="", reason=record))
            continue
        seen_columns |= record.keys()
        check.row(line, record)
    for name in data_columns:
        if name in _OWN:
            message = f"--data {name}: this column has a place of its own"
            raise JobError(message)
        if name not in seen_columns and seen_columns:
            message = f"--data {name}: {path} has no such column; it has {_listed(seen_columns)}"
            raise JobError(message)
    return check.rows, check.refused


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise JobError(message) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"{path}, line {line}: this is not UTF-8; save the file as UTF-8"
    raise JobError(message)


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    # Not splitlines(), which also splits at characters that JSON strings can contain.
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            record = json.loads(
                written, parse_constant=_no_constant, object_pairs_hook=_without_twins
            )
        except _TwinError as twin:
            yield line, f"this has the member {twin.name!r} twice"
            continue
        except (ValueError, RecursionError):
            yield line, "this is not JSON"
            continue
        if not isinstance(record, dict):
            yield line, "this is not a JSON object, with a member for each column"
        elif KEY in record:
            raise JobError(_reserved(path))
        else:
            yield line, record


def _no_constant(word: str) -> Any:
    raise ValueError(word)


class _TwinError(ValueError):
    """
    A JSON object has two members with the same name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _without_twins(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) < len(members):
        names = [name for name, _ in members]
        raise _TwinError(next(name for name in names if names.count(name) > 1))
    return made


def _csv(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    first = text.partition("\n")[0]
    # Spreadsheets separate columns by semicolons in countries with decimal commas.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    with _fields_of_any_size():
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header)
            line, rows = reader.line_num + 1, list[tuple[int, list[str]]]()
            for fields in reader:
                rows.append((line, fields))
                line = reader.line_num + 1
        except csv.Error as error:
            message = f"{path}, line {reader.line_num}: this is not CSV: {error}"
            raise JobError(message) from None
    for line, fields in rows:
        if not any(map(str.strip, fields)):
            # A spreadsheet exports empty rows below its last one.
            continue
        if len(fields) == len(header):
            yield line, dict(zip(header, fields, strict=True))
        else:
            values = "1 value" if len(fields) == 1 else f"{len(fields)} values"
            yield line, f"{values} for {len(header)} columns"


@contextlib.contextmanager
def _fields_of_any_size() -> Generator[None, None, None]:
    """
    Allow csv to read fields longer than its limit of 131,072 characters, such as texts for `data`.
    """
    with _csv_limit_lock:
        former = csv.field_size_limit(_LONGEST_FIELD)
        try:
            yield
        finally:
            csv.field_size_limit(former)


def _check_header(path: Path, header: Sequence[str]) -> None:
    for name in _OWN[:2]:
        if name not in header:
            message = f"{path} has no column {name!r} in its first line; it has {_listed(header)}"
            raise JobError(message)
    if "" in header:
        message = f"{path}: column {header.index('') + 1} of its first line has no name"
        raise JobError(message)
    twins = sorted({name for name in header if header.count(name) > 1})
    if twins:
        message = f"{path} has two columns of one name: {_listed(twins)}"
        raise JobError(message)
    if KEY in header:
        raise JobError(_reserved(path))


def _reserved(path: Path) -> str:
    return f"{path} has a column {KEY!r}, by which this job finds its rows again: rename it"


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(map(repr, sorted(names) if isinstance(names, set) else names)) or "none"


class _Checks:
    """
    Checks rows one after another, and remembers their addresses.
    """

    def __init__(self, data_columns: Sequence[str]) -> None:
        self.rows: list[Row] = []
        self.refused: list[Refusal] = []
        self._data_columns = frozenset(data_columns)
        self._lines_of: dict[str, int] = {}
        self._phone_numbers = needs("phonenumbers", "ingest")

    def row(self, line: int, record: Mapping[str, Any]) -> None:
        """
        Add the row of *record*, or a refusal if it is invalid.
        """
        before = len(self.refused)

        def refuse(column: str | None, value: object, reason: str) -> None:
            shown = value if isinstance(value, str) else json.dumps(value)
            short = shown[:_LONGEST_SHOWN] + "..." if len(shown) > _LONGEST_SHOWN else shown
            self.refused.append(Refusal(line=line, column=column, value=short, reason=reason))

        said: dict[str, Any] = {
            name: "" if record.get(name) is None else record[name]
            for name in (*_OWN, *record.keys())
        }
        for name in _OWN:
            if isinstance(said[name], str):
                said[name] = said[name].strip()
            else:
                refuse(name, said[name], "must be text")
                said[name] = None
        if said["name"] == "":
            refuse("name", "", "is missing")
        if said["email"] is not None:
            self._check_email(line, said["email"], refuse)
        phone_number = said["phone_number"] and self._phone_number(said["phone_number"], refuse)
        metadata = _metadata(said, self._data_columns, refuse)
        if len(self.refused) > before:
            return
        data = {name: record[name] for name in record if name in self._data_columns}
        row = Row(
            line=line,
            name=str(said["name"]),
            email=str(said["email"]),
            phone_number=phone_number or None,
            metadata=metadata,
            data=data,
        )
        try:
            # An invisible fault, such as an unpaired surrogate.
            row.candidate("")
        except InvalidRequestError as error:
            refuse(None, "", str(error))
        else:
            self.rows.append(row)

    def _check_email(self, line: int, email: str, refuse: _Refuse) -> None:
        if not email:
            refuse("email", "", "is missing")
        elif not _is_email(email):
            refuse("email", email, "is no e-mail address")
        else:
            first = self._lines_of.setdefault(email.casefold(), line)
            if first != line:
                refuse("email", email, f"stands in line {first} too")

    def _phone_number(self, text: str, refuse: _Refuse) -> str | None:
        numbers = self._phone_numbers
        if _PHONE.fullmatch(text):
            try:
                parsed = numbers.parse(text, None)
            except numbers.NumberParseException:
                pass
            else:
                if numbers.is_possible_number(parsed):
                    made: str = numbers.format_number(parsed, numbers.PhoneNumberFormat.E164)
                    return made
        refuse("phone_number", text, "is no number in E.164, such as +12065550123")
        return None


_Refuse = Callable[[str | None, object, str], None]


def _is_email(text: str) -> bool:
    # (Otherwise, invisible characters would make two addresses of one.)
    is_short = len(text) <= _LONGEST_EMAIL and text.isprintable()
    return is_short and _EMAIL.fullmatch(text) is not None


def _metadata(
    said: Mapping[str, Any], data_columns: frozenset[str], refuse: _Refuse
) -> dict[str, str]:
    """
    Return the metadata of a row, within the API's limits.
    """
    metadata: dict[str, str] = {}
    for name, value in said.items():
        if name in _OWN or name in data_columns or value == "":
            continue
        # (A float has several forms as text, an integer only one.)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            refuse(name, value, "must be text to be metadata; or name the column with --data")
        elif len(name) > _LONGEST_KEY:
            reason = f"the name has {len(name)} characters, and metadata takes {_LONGEST_KEY}"
            refuse(name, text, f"{reason}; or name the column with --data")
        elif len(text) > _LONGEST_VALUE:
            reason = f"has {len(text)} characters, and metadata takes {_LONGEST_VALUE}"
            refuse(name, text, f"{reason}; or name the column with --data")
        else:
            metadata[name] = text
    if len(metadata) > _MOST_KEYS:
        reason = f"{len(metadata)} columns for metadata, which takes {_MOST_KEYS}"
        refuse(None, "", f"{reason}; name some with --data")
    return metadata
