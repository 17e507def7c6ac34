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
import unicodedata
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
_MAX_KEYS: Final = 49
_MAX_KEY_LENGTH, _MAX_VALUE_LENGTH = 40, 500
#: An Internet mail address: one @ and a domain with a dot, without characters that surround
#: addresses in lists and links.
_ATOM: Final = r"[^@\s.<>()\[\],;:\"\\]+"
_LABEL: Final = rf"(?!-){_ATOM}(?<!-)"
_EMAIL: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_MAX_EMAIL_LENGTH: Final = 254
#: Stricter than phonenumbers, which accepts letters and full-width digits, and drops extensions.
_PHONE: Final = re.compile(r"\+[0-9 ().-]+", re.ASCII)
#: The end of a text that phonenumbers would read as a longer number of somebody else: a decimal
#: fraction, which a column of floats leaves, or digits in brackets. (Zeros after several dots are
#: one more group of digits.)
_ODD_END: Final = re.compile(r"^[^.]*\.0+$|\.[0-9]$|\)[ .-]*$", re.ASCII)
_MAX_SHOWN_LENGTH: Final = 60
#: The highest limit that csv accepts on every system.
_MAX_FIELD_LENGTH: Final = 2**31 - 1
#: csv has a single limit for the whole process, so a thread holds this lock while it changes it.
_csv_limit_lock = threading.Lock()


@attrs.frozen(kw_only=True)
class Refusal:
    """
    A row that was refused, and the reason.

    Attributes:
        line: The line of the file on which the row begins, from 1.
        column: The invalid column; None if the row as a whole is invalid.
        value: The column's value, shortened.
        reason: Why it is invalid, and how to fix it.
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
        Return the key of this row, which depends only on the posting and the email address.
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
        values = [self.name, self.email, self.phone_number, dict(self.metadata), dict(self.data)]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_rows(path: Path, data_columns: Sequence[str]) -> tuple[list[Row], list[Refusal]]:
    """
    Return the valid rows of the file at *path*, and a refusal for each other row.

    Raises:
        JobError: The file cannot be read, or has no usable structure.
        ImportError: phonenumbers is not installed.
    """
    text = _text(path)
    is_json = path.suffix.lower() in {".jsonl", ".ndjson"}
    records = _json_lines(path, text) if is_json else _csv(path, text)
    check, known_columns = _Checks(data_columns), set[str]()
    for line, record in records:
        if isinstance(record, str):
            check.refused.append(Refusal(line=line, column=None, value="", reason=record))
            continue
        known_columns |= record.keys()
        check.row(line, record)
    for name in data_columns:
        if name in _OWN:
            message = f"--data {name}: this column is already an attribute of the candidate"
            raise JobError(message)
        if name not in known_columns and known_columns:
            message = (
                f"--data {name}: {path} has no such column; it has {_quoted_names(known_columns)}"
            )
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
        message = f"{path}, line {line}: the line is not UTF-8: save the file as UTF-8"
    raise JobError(message)


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    # splitlines() would also split at characters that JSON strings can contain.
    for line, source in enumerate(text.split("\n"), start=1):
        if not source.strip():
            continue
        try:
            record = json.loads(
                source, parse_constant=_refuse_constant, object_pairs_hook=_unique_members
            )
        except _DuplicateMemberError as duplicate:
            yield line, f"the JSON object has the member {duplicate.name!r} twice"
            continue
        except (ValueError, RecursionError):
            yield line, "this line is not JSON"
            continue
        if not isinstance(record, dict):
            yield line, "this line is not a JSON object, with a member for each column"
        elif KEY in record:
            raise JobError(_reserved(path))
        else:
            yield line, record


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


class _DuplicateMemberError(ValueError):
    """
    A JSON object has two members with the same name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(members)
    if len(record) < len(members):
        names = [name for name, _ in members]
        raise _DuplicateMemberError(next(name for name in names if names.count(name) > 1))
    return record


def _csv(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    first = text.partition("\n")[0]
    # Spreadsheets separate columns by semicolons in countries with decimal commas.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    with _unlimited_fields():
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header)
            line, rows = reader.line_num + 1, list[tuple[int, list[str]]]()
            for fields in reader:
                rows.append((line, fields))
                line = reader.line_num + 1
        except csv.Error as error:
            message = f"{path}, line {reader.line_num}: the line is not CSV: {error}"
            raise JobError(message) from None
    for line, fields in rows:
        if not any(map(str.strip, fields)):
            # Spreadsheets may export empty rows at the end.
            continue
        if len(fields) == len(header):
            yield line, dict(zip(header, fields, strict=True))
        else:
            values = "1 value" if len(fields) == 1 else f"{len(fields)} values"
            yield line, f"{values} for {len(header)} columns"


@contextlib.contextmanager
def _unlimited_fields() -> Generator[None, None, None]:
    """
    Allow csv to read fields longer than its limit of 131,072 characters, such as texts for `data`.
    """
    with _csv_limit_lock:
        former = csv.field_size_limit(_MAX_FIELD_LENGTH)
        try:
            yield
        finally:
            csv.field_size_limit(former)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not header:
        message = f"{path}: its first line is empty: it needs the names of the columns"
        raise JobError(message)
    for name in _OWN[:2]:
        if name not in header:
            message = (
                f"{path} has no column {name!r} in its first line; it has {_quoted_names(header)}"
            )
            raise JobError(message)
    if "" in header:
        message = f"{path}: column {header.index('') + 1} of its first line has no name"
        raise JobError(message)
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        message = f"{path} has several columns with the same name: {_quoted_names(repeated)}"
        raise JobError(message)
    if KEY in header:
        raise JobError(_reserved(path))


def _reserved(path: Path) -> str:
    return f"{path} has a column {KEY!r}, a name that this job uses itself: rename the column"


def _quoted_names(names: Sequence[str] | set[str]) -> str:
    return ", ".join(map(repr, sorted(names) if isinstance(names, set) else names)) or "none"


class _Checks:
    """
    Checks rows in order, and finds repeated email addresses.
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
            text = value if isinstance(value, str) else json.dumps(value)
            shortened = text[:_MAX_SHOWN_LENGTH] + "..." if len(text) > _MAX_SHOWN_LENGTH else text
            self.refused.append(Refusal(line=line, column=column, value=shortened, reason=reason))

        values: dict[str, Any] = {
            name: "" if record.get(name) is None else record[name]
            for name in (*_OWN, *record.keys())
        }
        for name in _OWN:
            if isinstance(values[name], str):
                values[name] = values[name].strip()
            else:
                refuse(name, values[name], "must be text")
                values[name] = None
        self._check_name(values["name"], refuse)
        if values["email"] is not None:
            self._check_email(line, values["email"], refuse)
        phone_number = values["phone_number"] and self._phone_number(values["phone_number"], refuse)
        _check_for_nul(values, refuse)
        metadata = _metadata(values, self._data_columns, refuse)
        if len(self.refused) > before:
            return
        data = {name: record[name] for name in record if name in self._data_columns}
        row = Row(
            line=line,
            name=str(values["name"]),
            email=str(values["email"]),
            phone_number=phone_number or None,
            metadata=metadata,
            data=data,
        )
        try:
            # The last check, for example for unpaired surrogates.
            row.candidate("")
        except InvalidRequestError as error:
            refuse(None, "", str(error))
        else:
            self.rows.append(row)

    @staticmethod
    def _check_name(name: str | None, refuse: _Refuse) -> None:
        if name == "":
            refuse("name", "", "is missing")
        elif name is not None and any(unicodedata.category(one) == "Cc" for one in name):
            refuse("name", name, "has a control character, such as a line break")

    def _check_email(self, line: int, email: str, refuse: _Refuse) -> None:
        if not email:
            refuse("email", "", "is missing")
        elif not _is_email(email):
            refuse("email", email, "is not an e-mail address")
        else:
            first = self._lines_of.setdefault(email.casefold(), line)
            if first != line:
                refuse("email", email, f"is also in line {first}")

    def _phone_number(self, text: str, refuse: _Refuse) -> str | None:
        numbers = self._phone_numbers
        if _PHONE.fullmatch(text) and not _ODD_END.search(text):
            try:
                parsed = numbers.parse(text, None)
            except numbers.NumberParseException:
                pass
            else:
                if numbers.is_possible_number(parsed):
                    formatted: str = numbers.format_number(parsed, numbers.PhoneNumberFormat.E164)
                    return formatted
        refuse("phone_number", text, "is not a number in E.164, such as +12065550123")
        return None


_Refuse = Callable[[str | None, object, str], None]


def _is_email(text: str) -> bool:
    # (Invisible characters could make equal addresses look different.)
    is_short = len(text) <= _MAX_EMAIL_LENGTH and text.isprintable()
    return is_short and _EMAIL.fullmatch(text) is not None


def _check_for_nul(values: Mapping[str, Any], refuse: _Refuse) -> None:
    # (The checks of our own columns refuse it, too.)
    for name, value in values.items():
        if name not in _OWN and isinstance(value, str) and "\0" in value:
            refuse(name, value, "has a NUL character, which databases refuse")


def _metadata(
    values: Mapping[str, Any], data_columns: frozenset[str], refuse: _Refuse
) -> dict[str, str]:
    """
    Return the metadata of a row, within the API's limits.
    """
    metadata: dict[str, str] = {}
    for name, value in values.items():
        if name in _OWN or name in data_columns or value == "":
            continue
        # (An integer has a single form as text, a float has several.)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            refuse(name, value, "must be text in metadata, or use --data for this column")
        elif len(name) > _MAX_KEY_LENGTH:
            reason = f"the name has {len(name)} characters, but metadata allows {_MAX_KEY_LENGTH}"
            refuse(name, text, f"{reason}: shorten it, or use --data for this column")
        elif len(text) > _MAX_VALUE_LENGTH:
            reason = f"has {len(text)} characters, but metadata allows {_MAX_VALUE_LENGTH}"
            refuse(name, text, f"{reason}: shorten it, or use --data for this column")
        else:
            metadata[name] = text
    if len(metadata) > _MAX_KEYS:
        reason = f"{len(metadata)} columns for metadata, which allows {_MAX_KEYS}"
        refuse(None, "", f"{reason}: use --data for some of them")
    return metadata
