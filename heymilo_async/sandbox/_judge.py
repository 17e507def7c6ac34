"""
Judges an integration by rules, request by request as they arrive, and by nothing else.

No rule reads a clock: the relay's timestamps say which request was earlier. If two requests may have
been concurrent, a rule reports nothing, because a false accusation is worse than a miss.
"""

from __future__ import annotations

import array
import collections
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, ClassVar, Final, TypeAlias
from urllib.parse import urlencode

import attrs

from .._core.secrets import is_secret_name
from ._contract import OPERATIONS
from ._evidence import Answer, Arrival
from ._limits import RateLimit
from .conduct import NOT_JUDGED, RULES, ConductReport, Violation

#: For this many seconds after a response, requests may arrive that were sent before it.
_ON_ITS_WAY: Final = 1.0
#: The tolerance for clocks and timers: a fraction of the time, and seconds.
_PART, _LEAST = 0.02, 0.02
#: How many identical requests may follow a failure, and the longest pause between two of a loop.
_MOST_REPEATS, _PAUSE = 5, 2.0
#: A shorter credential counts only as a whole value; one shorter than the second is not searched.
_LONG, _SHORT = 16, 8
#: Names of parameters whose value is a credential in any case.
_CREDENTIALS: Final = frozenset({"access_token", "api-key", "api_key", "apikey", "x-api-key"})
#: The number of findings kept per rule, and of secrets from responses; the oldest are dropped.
_MOST_KEPT, _MOST_SECRETS = 1_000, 200_000

#: Operations that create something with each request, and the path of the list that shows it.
_LISTS: Final = {
    "createPosting": "/api/v2/postings",
    "clonePosting": "/api/v2/postings",
    "createQuestion": "/api/v2/postings/{}/questions",
    "ingestCandidate": "/api/v2/postings/{}/candidates",
    "ingestCandidatesBulk": "/api/v2/postings/{}/candidates",
    "ingestCandidateAsync": "/api/v2/postings/{}/candidates",
    "ingestCandidatesBulkAsync": "/api/v2/postings/{}/candidates",
    "createWebhook": "/api/v2/webhooks",
    "pushAtsCandidate": "/api/v2/ats/candidates",
}
_LOOKS: Final = frozenset(
    {
        "listPostings",
        "listPostingSummaries",
        "listQuestions",
        "listCandidates",
        "listWebhooks",
        "resolveAtsCandidate",
        "getAtsPushStatus",
    }
)
_WALKS: Final = frozenset(one.id for one in OPERATIONS.values() if one.shape == "page")
_TIMES: Final = ("created_after", "created_before")


_Kind: TypeAlias = tuple[str, ...]


@attrs.define(eq=False)
class _Finding:
    """
    A violation that a rule found; void if two requests of the kind *proviso* have overlapped.
    """

    requests: list[int]
    text: str
    proviso: _Kind | None = None


class Traffic:
    """
    The requests in progress, and the kinds of requests that have overlapped.

    A kind is a route, or a route with its query and body.
    """

    def __init__(self) -> None:
        self._open: collections.Counter[_Kind] = collections.Counter()
        self._overlapping: set[_Kind] = set()

    def arrived(self, arrival: Arrival) -> None:
        """
        Record the arrival of a request.
        """
        for kind in (arrival.route, arrival.likeness):
            self._open[kind] += 1
            if self._open[kind] > 1:
                self.overlap(kind)

    def settled(self, arrival: Arrival) -> None:
        """
        Record the start of its response.
        """
        for kind in (arrival.route, arrival.likeness):
            self._open[kind] -= 1
            if not self._open[kind]:
                del self._open[kind]

    def overlap(self, kind: _Kind) -> None:
        """
        Record that several callers make requests of this *kind*.
        """
        self._overlapping.add(kind)

    def overlapped(self, kind: _Kind | None) -> bool:
        """
        Return whether two requests of this *kind* have overlapped.
        """
        return kind in self._overlapping


class Rule:
    """
    The base class of the rules: they see requests and responses, and record violations.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.seen = False
        self.findings: collections.deque[_Finding] = collections.deque(maxlen=_MOST_KEPT)

    def arrived(self, arrival: Arrival) -> None:
        """
        Examine a request.
        """

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Examine the response to a request.
        """

    def lost(self, arrival: Arrival, answer: Answer) -> None:
        """
        Record that the *answer* did not reach the client completely.
        """

    def find(self, text: str, *requests: Arrival, proviso: _Kind | None = None) -> _Finding:
        """
        Record that *requests* have broken the rule.
        """
        self.seen = True
        finding = _Finding([one.place for one in requests], text, proviso)
        self.findings.append(finding)
        return finding

    def find_once(self, text: str, arrival: Arrival) -> None:
        """
        Record that a request has broken the rule, in one finding with similar requests.
        """
        for finding in self.findings:
            if finding.text == text:
                finding.requests.append(arrival.place)
                return
        self.find(text, arrival)


def _named(arrival: Arrival) -> str:
    # (Without the path: an id in it may look like anything, even like a key.)
    return arrival.operation or arrival.request.method


def _came_after(later: Arrival, earlier: Arrival, answer: Answer) -> bool | None:
    """
    Return whether the sender of *later* knew the *answer* to *earlier*, a request of the same route.

    None: only if both have the same sender, which connections do not show, because callers that
    share a client also share its connections.
    """
    if later.at - answer.at > _ON_ITS_WAY:
        return True
    return None if later.likeness == earlier.likeness else False


class CredentialsMisplaced(Rule):
    """
    A path, a query or a body contains a credential.
    """

    name = "credentials-misplaced"

    def __init__(self, credentials: Iterable[str]) -> None:
        super().__init__()
        self._credentials = tuple(credentials)

    def arrived(self, arrival: Arrival) -> None:
        """
        Search for credentials in the wrong places.
        """
        headers = arrival.request.headers
        sent = [headers.get("x-api-key", ""), headers.get("authorization", "").rpartition(" ")[2]]
        # Also an invalid one, if it is too long for a coincidence.
        known = [*self._credentials, *(one for one in sent if len(one) >= _LONG)]
        self.seen |= any(sent)
        for part, name, text in arrival.texts():
            if _is_credential(part, name, text, known):
                self.find_once(
                    f"{_named(arrival)} had a credential in its {part}, where logs and proxies "
                    f"keep it: send it in the header X-API-KEY, and renew it",
                    arrival,
                )
                return


def _is_credential(part: str, name: str, text: str, known: Iterable[str]) -> bool:
    if part == "query" and name.lower() in _CREDENTIALS:
        return True
    for one in known:
        if len(one) >= _LONG and one in text:
            return True
        if text == one and (len(one) >= _SHORT or is_secret_name(name)):
            return True
    return False


class SecretLinkReused(Rule):
    """
    A request sends a link or key from a response to another place.
    """

    name = "secret-link-reused"

    def __init__(self) -> None:
        super().__init__()
        self._secrets: dict[int, None] = {}

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember the secrets in a response.
        """
        del arrival
        for secret in answer.secrets:
            if len(self._secrets) >= _MOST_SECRETS:
                del self._secrets[next(iter(self._secrets))]
            self._secrets[secret] = None

    def arrived(self, arrival: Arrival) -> None:
        """
        Search for secrets from responses.
        """
        self.seen |= bool(self._secrets)
        if arrival.operation is None:
            # A posting's ingestion key is for an endpoint outside the contract.
            return
        segments = [text for part, _, text in arrival.texts() if part == "path"]
        for part, name, text in arrival.texts():
            for word in text.split():
                # An interview's own link in its metadata has not gone to another place.
                own = any(len(one) >= _SHORT and one in word and one != word for one in segments)
                if hash(word) in self._secrets and not own and name != "ingestion_token":
                    self.find_once(
                        f"{_named(arrival)} had a link or a key in its {part} that an answer had "
                        f"given: whoever has it gets in, so leave it out",
                        arrival,
                    )
                    return


class RetryAfterIgnored(Rule):
    """
    A caller requests the same route again after a 429, before the wait is over.
    """

    name = "retry-after-ignored"

    def __init__(self) -> None:
        super().__init__()
        self._waits: dict[tuple[str, str], tuple[Arrival, Answer]] = {}

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember the wait that a 429 asks for.
        """
        if answer.status == 429 and answer.retry_after > 0:
            self.seen = True
            self._waits[arrival.route] = arrival, answer

    def arrived(self, arrival: Arrival) -> None:
        """
        Compare the time with the end of the wait.
        """
        if arrival.route not in self._waits:
            return
        before, answer = self._waits[arrival.route]
        waited, wait = arrival.at - answer.at, answer.retry_after
        if waited < wait - max(_LEAST, wait * _PART):
            after = _came_after(arrival, before, answer)
            if after is False:
                return
            self.find(
                f"{_named(arrival)} came {waited:.2g} s after a 429 that asked for {wait:g} s: "
                f"wait as long as Retry-After says",
                before,
                arrival,
                proviso=None if after else arrival.route,
            )
        del self._waits[arrival.route]


class FullResync(Rule):
    """
    A caller reads a list from the start, after reading it by time.
    """

    name = "full-resync"

    def __init__(self, uncertain: Callable[[str], bool]) -> None:
        super().__init__()
        self._uncertain = uncertain
        self._read: dict[str, Arrival] = {}

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember that a list was read by time.
        """
        if answer.is_good and any(name in arrival.query for name in _TIMES):
            self.seen = True
            self._read[arrival.request.path] = arrival

    def arrived(self, arrival: Arrival) -> None:
        """
        Search for the first page of a whole list.
        """
        path = arrival.request.path
        if path not in self._read or arrival.request.method != "GET" or self._uncertain(path):
            return
        if not arrival.query.keys() & {"starting_after", *_TIMES}:
            self.find(
                f"{_named(arrival)} read the list from the start, which had been read by time "
                f"before: go on with created_after",
                self._read.pop(path),
                arrival,
            )


class WalkRestarted(Rule):
    """
    A walk that a 5xx interrupted starts again at the first page.
    """

    name = "walk-restarted"

    def __init__(self, uncertain: Callable[[str], bool], traffic: Traffic) -> None:
        super().__init__()
        self._uncertain = uncertain
        self._traffic = traffic
        self._broken: dict[tuple[str, str], Arrival] = {}
        #: The cursors that a walk has passed since its start.
        self._passed: dict[tuple[str, str], set[str]] = {}

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember the position of a walk, and where it was interrupted.
        """
        if arrival.operation not in _WALKS or "starting_after" not in arrival.query:
            return
        if answer.is_good:
            self._passed.setdefault(_walk(arrival), set()).add(arrival.query["starting_after"])
        elif answer.status is not None and answer.status >= 500:
            self.seen = True
            self._broken[_walk(arrival)] = arrival

    def arrived(self, arrival: Arrival) -> None:
        """
        Compare where a walk continues with where it was interrupted.
        """
        if arrival.operation not in _WALKS:
            return
        walk, cursor = _walk(arrival), arrival.query.get("starting_after")
        if cursor in self._passed.get(walk, ()):
            # A walk requests no page twice, so there are two walks.
            self._traffic.overlap(arrival.route)
        before = self._broken.pop(walk, None)
        if cursor is not None:
            return
        self._passed.pop(walk, None)
        if before is not None and not self._uncertain(arrival.request.path):
            self.find(
                f"{_named(arrival)} began anew after a 5xx in the middle of the walk: go on with "
                f"starting_after where it failed",
                before,
                arrival,
                proviso=arrival.route,
            )


def _walk(arrival: Arrival) -> tuple[str, str]:
    paging = {"limit", "starting_after"}
    filters = [(name, value) for name, value in arrival.query.items() if name not in paging]
    return arrival.request.path, urlencode(sorted(filters))


class HotLoop(Rule):
    """
    A caller repeats a failing request in a tight loop.
    """

    name = "hot-loop"

    def __init__(self) -> None:
        super().__init__()
        self._last: Arrival | None = None
        self._has_failed = False
        self._row: list[int] = []
        self._finding: _Finding | None = None

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember whether the last request failed.
        """
        failed = answer.status == 401 or (answer.status is not None and answer.status >= 500)
        self.seen |= failed
        if arrival is self._last:
            self._has_failed = failed

    def arrived(self, arrival: Arrival) -> None:
        """
        Count identical requests in a row.
        """
        last, has_failed = self._last, self._has_failed
        self._last, self._has_failed = arrival, False
        if not (
            last is not None
            and has_failed
            and last.route == arrival.route
            and last.request.query == arrival.request.query
            and arrival.at - last.at <= _PAUSE
        ):
            self._row, self._finding = [arrival.place], None
            return
        self._row.append(arrival.place)
        if len(self._row) > _MOST_REPEATS + 1 and self._finding is None:
            self._finding = self.find(
                f"{_named(arrival)} was sent over and over while it failed: wait longer each time, "
                f"and end after a few tries",
            )
            self._finding.requests = self._row


class BlindRepeat(Rule):
    """
    A caller repeats a creating request whose outcome is unknown, without looking for it in the list.
    """

    name = "blind-repeat"

    def __init__(self) -> None:
        super().__init__()
        #: By the path of the list that would show it, and by its identity.
        self._open: dict[str, dict[tuple[str, ...], tuple[Arrival, Answer]]] = {}

    def is_uncertain(self, path: str) -> bool:
        """
        Return whether the list at *path* may have a new item that no caller knows of.
        """
        return path in self._open

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember what may have been created, and which lists were read since.
        """
        if arrival.operation in _LISTS:
            if answer.is_failure:
                self.lost(arrival, answer)
            elif answer.is_good:
                self._forget(_list_of(arrival), set(_identities(arrival)))
        elif arrival.operation in _LOOKS and answer.is_good:
            path = _looked_at(arrival)
            # A list that was requested before may not show it.
            made = self._open.get(path, {})
            self._forget(path, {key for key, (_, one) in made.items() if one.at <= arrival.at})

    def lost(self, arrival: Arrival, answer: Answer) -> None:
        """
        Remember that something may have been created.
        """
        if arrival.operation in _LISTS:
            self.seen = True
            made = self._open.setdefault(_list_of(arrival), {})
            made.update(dict.fromkeys(_identities(arrival), (arrival, answer)))

    def _forget(self, path: str, keys: Collection[tuple[str, ...]]) -> None:
        made = self._open.get(path, {})
        left = {key: value for key, value in made.items() if key not in keys}
        if left:
            self._open[path] = left
        else:
            self._open.pop(path, None)

    def arrived(self, arrival: Arrival) -> None:
        """
        Compare a request with those that may have created something.
        """
        if arrival.operation not in _LISTS or _list_of(arrival) not in self._open:
            return
        made = self._open[_list_of(arrival)]
        again = [key for key in _identities(arrival) if key in made]
        if not again:
            return
        before, answer = made[again[0]]
        is_late = arrival.at - answer.at > _ON_ITS_WAY
        why = "an answer that was lost" if answer.status is None else f"a {answer.status}"
        self.find(
            f"{_named(arrival)} was sent again after {why}, and may do twice what was done: look "
            f"for it in the list first",
            before,
            arrival,
            proviso=None if is_late else arrival.likeness,
        )
        self._forget(_list_of(arrival), again)


def _list_of(arrival: Arrival) -> str:
    parent = arrival.request.path.split("/")[4:5]
    return _LISTS[str(arrival.operation)].format(*parent)


def _looked_at(arrival: Arrival) -> str:
    path = arrival.request.path
    if arrival.operation == "listPostingSummaries":
        return _LISTS["createPosting"]
    return _LISTS["pushAtsCandidate"] if path.startswith("/api/v2/ats/") else path


def _identities(arrival: Arrival) -> Iterator[tuple[str, ...]]:
    """
    Yield the identities of a creating request: its key, the people in it, or the whole body.
    """
    own = arrival.request.headers.get("idempotency-key")
    if own is not None:
        yield "key", *arrival.route, own
    emails = list(_emails(arrival))
    for email in emails:
        yield "email", email
    if not emails:
        yield "body", *arrival.route, arrival.request.body.decode("latin-1")


def _emails(arrival: Arrival) -> Iterator[str]:
    body = arrival.body
    if not (str(arrival.operation).startswith("ingest") and isinstance(body, dict)):
        return
    # (In the body of one candidate, `data` is free-form.)
    people = body.get("data") if "Bulk" in str(arrival.operation) else [body]
    for one in people if isinstance(people, list) else ():
        if isinstance(one, dict) and isinstance(one.get("email"), str):
            yield one["email"].casefold()


class Judge:
    """
    Applies all rules to the events that it receives, in their order.
    """

    def __init__(self, credentials: Iterable[str]) -> None:
        self._traffic = Traffic()
        repeats = BlindRepeat()
        self._rules: list[Rule] = [
            CredentialsMisplaced(credentials),
            SecretLinkReused(),
            RetryAfterIgnored(),
            FullResync(repeats.is_uncertain),
            WalkRestarted(repeats.is_uncertain, self._traffic),
            HotLoop(),
            repeats,
        ]
        #: The time and the place of each request.
        self._times = array.array("d")
        self._places = array.array("q")

    def arrived(self, arrival: Arrival) -> None:
        """
        Judge a request.
        """
        self._times.append(arrival.at)
        self._places.append(arrival.place)
        self._traffic.arrived(arrival)
        for rule in self._rules:
            rule.arrived(arrival)

    def answered(self, arrival: Arrival, answer: Answer) -> None:
        """
        Judge the response to a request.
        """
        self._traffic.settled(arrival)
        for rule in self._rules:
            rule.answered(arrival, answer)

    def lost(self, arrival: Arrival, answer: Answer) -> None:
        """
        Record that the *answer* did not reach the client completely.
        """
        for rule in self._rules:
            rule.lost(arrival, answer)

    @property
    def judged(self) -> int:
        """
        The number of judged requests.
        """
        return len(self._times)

    def report(self, limit: RateLimit | None) -> ConductReport:
        """
        Return which rules were broken, seen and not seen; *limit* is one more rule if given.
        """
        violations = [
            Violation(rule=rule.name, requests=tuple(one.requests), text=one.text)
            for rule in self._rules
            for one in rule.findings
            if not self._traffic.overlapped(one.proviso)
        ]
        seen = {rule.name for rule in self._rules if rule.seen}
        if limit is not None and self._times:
            seen.add("limit-exceeded")
            violations += self._excesses(limit)
        return ConductReport(
            judged=len(self._times),
            violations=tuple(sorted(violations, key=lambda one: one.requests)),
            seen=tuple(name for name in RULES if name in seen),
            not_seen=tuple(name for name in RULES if name not in seen),
        )

    def _excesses(self, rule: RateLimit) -> Iterator[Violation]:
        start = 0
        for last, at in enumerate(self._times):
            first = last - rule.limit
            # The latency differs from one request to the next.
            if first >= start and at - self._times[first] < rule.per - max(
                _LEAST, rule.per * _PART
            ):
                yield Violation(
                    rule="limit-exceeded",
                    requests=tuple(self._places[first : last + 1]),
                    text=(
                        f"{rule.limit + 1} requests came within {at - self._times[first]:.3g} s, "
                        f"and {rule.limit} may come in {rule.per:g} s: pace them"
                    ),
                )
                start = last + 1


class Hearing:
    """
    Receives the outcome of one request; thread-safe.
    """

    def __init__(self, record: _Record, arrival: Arrival, has_left: Callable[[], bool]) -> None:
        self._record = record
        self._arrival = arrival
        self._answer: Answer | None = None
        self.has_left = has_left

    def answered(self, answer: Answer) -> None:
        """
        Record the start of the response, unless the client has already left.
        """
        if self._answer is None:
            self._answer = answer
            self._record.tell("answered", self._arrival, answer)
            self._record.open.discard(self)

    def lost(self, at: float) -> None:
        """
        Record that the response failed, or that the client has left.
        """
        nothing = Answer(at=at, status=None)
        if self._answer is None:
            self.answered(nothing)
        elif self._answer.status is not None:
            self._answer = nothing
            self._record.tell("lost", self._arrival, nothing)


class _Record:
    """
    A judge, and the latest events that it received.
    """

    def __init__(self, credentials: tuple[str, ...], keep: int) -> None:
        self.judge = Judge(credentials)
        self.open: set[Hearing] = set()
        self.events: collections.deque[tuple[str, tuple[Any, ...]]] = collections.deque(maxlen=keep)
        self._lock = threading.Lock()

    def tell(self, what: str, *evidence: Any) -> None:
        """
        Pass an event to the judge, and keep it.
        """
        with self._lock:
            self.events.append((what, evidence))
            getattr(self.judge, what)(*evidence)

    def report(self, limit: RateLimit | None) -> ConductReport:
        """
        Return the report on all requests.
        """
        with self._lock:
            return self.judge.report(limit)

    def report_on(
        self, requests: Collection[int], limit: RateLimit | None, credentials: tuple[str, ...]
    ) -> ConductReport:
        """
        Return the report on the requests at some places, from a judge that sees only these.
        """
        with self._lock:
            events, came = tuple(self.events), self.judge.judged
        kept = [arrival.place for what, (arrival, *_) in events if what == "arrived"]
        if len(kept) < came and any(place in requests for place in range(kept[0])):
            message = f"the requests from {kept[0]} on are kept, and none before"
            raise ValueError(message)
        judge, heard = Judge(credentials), set[Arrival]()
        for what, (arrival, *rest) in events:
            if arrival.place in requests and (what == "arrived" or arrival in heard):
                heard.add(arrival)
                getattr(judge, what)(arrival, *rest)
        return judge.report(limit)


class Witness:
    """
    Passes each request to a judge as it arrives; thread-safe.

    *credentials* are the valid ones. It keeps the last *keep* events, to judge a selection again.
    """

    def __init__(self, credentials: Iterable[str], keep: int = 30_000) -> None:
        self._credentials = tuple(credentials)
        self._keep = keep
        self.reset()

    def reset(self) -> None:
        """
        Forget everything.
        """
        self._record = _Record(self._credentials, self._keep)

    def arrived(self, arrival: Arrival, has_left: Callable[[], bool]) -> Hearing | None:
        """
        Record a request; return the receiver of its outcome, None if it is not to be judged.

        *has_left* returns whether its client has left.
        """
        record = self._record
        # (A copy, because the loop changes the set.)
        for hearing in [one for one in record.open if one.has_left()]:
            hearing.lost(arrival.at)
        if any(name.lower() in arrival.request.headers for name in NOT_JUDGED):
            return None
        record.tell("arrived", arrival)
        hearing = Hearing(record, arrival, has_left)
        record.open.add(hearing)
        return hearing

    def report(self, requests: Collection[int] | None, limit: RateLimit | None) -> ConductReport:
        """
        Return the report on all requests, or only on those at the places *requests*.

        Raises:
            ValueError: One of them is no longer kept.
        """
        if requests is None:
            return self._record.report(limit)
        return self._record.report_on(requests, limit, self._credentials)
