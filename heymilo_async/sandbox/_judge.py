"""
Judges the requests of an integration by rules, one by one as they arrive.

No rule reads a clock: the relay's timestamps give the order of requests. If two requests may have
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
from ._evidence import ObservedRequest, ObservedResponse
from ._limits import RateLimit
from .conduct import NOT_JUDGED, RULES, ConductReport, Violation

#: For this many seconds after a response, requests that were sent before it may still arrive.
_IN_FLIGHT_SECONDS: Final = 1.0
#: The tolerance for clocks and timers: a fraction of the wait, and at least this many seconds.
_RELATIVE_TOLERANCE, _MIN_TOLERANCE = 0.02, 0.02
#: How many identical requests may follow a failure, and the longest pause between two of a loop.
_MAX_REPEATS, _MAX_PAUSE = 5, 2.0
#: The minimum length of a credential that is searched for within a text, and as a whole value.
_MIN_SUBSTRING, _MIN_VALUE = 16, 8
#: Names of parameters whose value is a credential in any case.
_CREDENTIALS: Final = frozenset({"access_token", "api-key", "api_key", "apikey", "x-api-key"})
#: The number of findings kept per rule, and of secrets from responses; the oldest are dropped.
_MAX_FINDINGS, _MAX_SECRETS = 1_000, 200_000

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
_SEARCHES: Final = frozenset(
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
    A violation that a rule found.

    It does not count if two requests of the kind *void_if_overlapping* have overlapped.
    """

    requests: list[int]
    text: str
    void_if_overlapping: _Kind | None = None


class Traffic:
    """
    The requests in progress, and the kinds of requests that have overlapped.

    A kind is a route, or a route with its query and body.
    """

    def __init__(self) -> None:
        self._open: collections.Counter[_Kind] = collections.Counter()
        self._overlapping: set[_Kind] = set()

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Record the arrival of a request.
        """
        for kind in (observed.route, observed.fingerprint):
            self._open[kind] += 1
            if self._open[kind] > 1:
                self.overlap(kind)

    def on_response_start(self, observed: ObservedRequest) -> None:
        """
        Record the start of the response to a request.
        """
        for kind in (observed.route, observed.fingerprint):
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
    The base class of the rules, which examine requests and responses, and record violations.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.seen = False
        self.findings: collections.deque[_Finding] = collections.deque(maxlen=_MAX_FINDINGS)

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Examine a request.
        """

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Examine the response to a request.
        """

    def on_lost(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record that the *response* did not reach the client completely.
        """

    def add_finding(
        self, text: str, *requests: ObservedRequest, void_if_overlapping: _Kind | None = None
    ) -> _Finding:
        """
        Record that *requests* have broken the rule.
        """
        self.seen = True
        finding = _Finding([one.index for one in requests], text, void_if_overlapping)
        self.findings.append(finding)
        return finding

    def add_to_finding(self, text: str, observed: ObservedRequest) -> None:
        """
        Record that a request has broken the rule; add it to a finding with the same text.
        """
        for finding in self.findings:
            if finding.text == text:
                finding.requests.append(observed.index)
                return
        self.add_finding(text, observed)


def _operation_name(observed: ObservedRequest) -> str:
    # (The path is omitted, because an id in it may look like a key.)
    return observed.operation or observed.request.method


def _came_after(
    later: ObservedRequest, earlier: ObservedRequest, response: ObservedResponse
) -> bool | None:
    """
    Return whether the client had the *response* to *earlier* when it sent *later*, on the same route.

    None: only if the same task or thread sent both. A connection does not tell, because several
    tasks may share a client.
    """
    if later.at - response.at > _IN_FLIGHT_SECONDS:
        return True
    return None if later.fingerprint == earlier.fingerprint else False


class CredentialsMisplaced(Rule):
    """
    A path, a query or a body contains a credential.
    """

    name = "credentials-misplaced"

    def __init__(self, credentials: Iterable[str]) -> None:
        super().__init__()
        self._credentials = tuple(credentials)

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Search for credentials in the wrong places.
        """
        headers = observed.request.headers
        sent = [headers.get("x-api-key", ""), headers.get("authorization", "").rpartition(" ")[2]]
        # Also an invalid one, if it is too long for a coincidence.
        known = [*self._credentials, *(one for one in sent if len(one) >= _MIN_SUBSTRING)]
        self.seen |= any(sent)
        for part, name, text in observed.texts():
            if _is_credential(part, name, text, known):
                self.add_to_finding(
                    f"{_operation_name(observed)} sent a credential in its {part}, which logs "
                    f"and proxies record: send it in the header X-API-KEY, and replace it",
                    observed,
                )
                return


def _is_credential(part: str, name: str, text: str, known: Iterable[str]) -> bool:
    if part == "query" and name.lower() in _CREDENTIALS:
        return True
    for one in known:
        if len(one) >= _MIN_SUBSTRING and one in text:
            return True
        if text == one and (len(one) >= _MIN_VALUE or is_secret_name(name)):
            return True
    return False


class SecretLinkReused(Rule):
    """
    A request contains a secret link or key from an earlier response.
    """

    name = "secret-link-reused"

    def __init__(self) -> None:
        super().__init__()
        self._secrets: dict[int, None] = {}

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Remember the secrets in a response.
        """
        del observed
        for secret in response.secrets:
            if len(self._secrets) >= _MAX_SECRETS:
                del self._secrets[next(iter(self._secrets))]
            self._secrets[secret] = None

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Search for secrets from responses.
        """
        self.seen |= bool(self._secrets)
        if observed.operation is None:
            # The contract does not include the endpoint that takes a posting's ingestion key.
            return
        segments = [text for part, _, text in observed.texts() if part == "path"]
        for part, name, text in observed.texts():
            for word in text.split():
                # An interview's metadata may contain its own link.
                own = any(
                    len(one) >= _MIN_VALUE and one in word and one != word for one in segments
                )
                if hash(word) in self._secrets and not own and name != "ingestion_token":
                    self.add_to_finding(
                        f"{_operation_name(observed)} sent a secret link or key from a response "
                        f"in its {part}: it needs no other credential, so leave it out",
                        observed,
                    )
                    return


class RetryAfterIgnored(Rule):
    """
    A caller requests the same route again after a 429, before the wait is over.
    """

    name = "retry-after-ignored"

    def __init__(self) -> None:
        super().__init__()
        self._waits: dict[tuple[str, str], tuple[ObservedRequest, ObservedResponse]] = {}

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record the wait that a 429 requests.
        """
        if response.status == 429 and response.retry_after > 0:
            self.seen = True
            self._waits[observed.route] = observed, response

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Compare the time with the end of the wait.
        """
        if observed.route not in self._waits:
            return
        before, response = self._waits[observed.route]
        waited, wait = observed.at - response.at, response.retry_after
        if waited < wait - max(_MIN_TOLERANCE, wait * _RELATIVE_TOLERANCE):
            after = _came_after(observed, before, response)
            if after is False:
                return
            self.add_finding(
                f"{_operation_name(observed)} arrived {waited:.2g} s after a 429 that asked for "
                f"{wait:g} s: "
                f"wait as long as Retry-After says",
                before,
                observed,
                void_if_overlapping=None if after else observed.route,
            )
        del self._waits[observed.route]


class FullResync(Rule):
    """
    A caller reads a list from the start, after reading it by time.
    """

    name = "full-resync"

    def __init__(self, uncertain: Callable[[str], bool]) -> None:
        super().__init__()
        self._uncertain = uncertain
        self._read: dict[str, ObservedRequest] = {}

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Remember that a list was read by time.
        """
        if response.is_success and any(name in observed.query for name in _TIMES):
            self.seen = True
            self._read[observed.request.path] = observed

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Find a request for the first page of a list that was read by time.
        """
        path = observed.request.path
        if path not in self._read or observed.request.method != "GET" or self._uncertain(path):
            return
        if not observed.query.keys() & {"starting_after", *_TIMES}:
            self.add_finding(
                f"{_operation_name(observed)} started at the first page of a list that was "
                f"read by time before: continue with created_after",
                self._read.pop(path),
                observed,
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
        self._broken: dict[tuple[str, str], ObservedRequest] = {}
        #: The cursors that a walk has passed since its start.
        self._passed: dict[tuple[str, str], set[str]] = {}

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record the cursor of a walk, or its interruption.
        """
        if observed.operation not in _WALKS or "starting_after" not in observed.query:
            return
        if response.is_success:
            self._passed.setdefault(_walk(observed), set()).add(observed.query["starting_after"])
        elif response.status is not None and response.status >= 500:
            self.seen = True
            self._broken[_walk(observed)] = observed

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Find an interrupted walk that starts again at the first page.
        """
        if observed.operation not in _WALKS:
            return
        walk, cursor = _walk(observed), observed.query.get("starting_after")
        if cursor in self._passed.get(walk, ()):
            # A single walk requests each page once, so this is a second walk.
            self._traffic.overlap(observed.route)
        before = self._broken.pop(walk, None)
        if cursor is not None:
            return
        self._passed.pop(walk, None)
        if before is not None and not self._uncertain(observed.request.path):
            self.add_finding(
                f"{_operation_name(observed)} restarted at the first page after a 5xx in "
                f"the middle of the walk: resume where it failed, with starting_after",
                before,
                observed,
                void_if_overlapping=observed.route,
            )


def _walk(observed: ObservedRequest) -> tuple[str, str]:
    paging = {"limit", "starting_after"}
    filters = [(name, value) for name, value in observed.query.items() if name not in paging]
    return observed.request.path, urlencode(sorted(filters))


class HotLoop(Rule):
    """
    A caller repeats a failing request in a tight loop.
    """

    name = "hot-loop"

    def __init__(self) -> None:
        super().__init__()
        self._last: ObservedRequest | None = None
        self._has_failed = False
        self._row: list[int] = []
        self._finding: _Finding | None = None

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Remember whether the last request failed.
        """
        failed = response.status == 401 or (response.status is not None and response.status >= 500)
        self.seen |= failed
        if observed is self._last:
            self._has_failed = failed

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Count identical requests in a row.
        """
        last, has_failed = self._last, self._has_failed
        self._last, self._has_failed = observed, False
        if not (
            last is not None
            and has_failed
            and last.route == observed.route
            and last.request.query == observed.request.query
            and observed.at - last.at <= _MAX_PAUSE
        ):
            self._row, self._finding = [observed.index], None
            return
        self._row.append(observed.index)
        if len(self._row) > _MAX_REPEATS + 1 and self._finding is None:
            self._finding = self.add_finding(
                f"{_operation_name(observed)} was repeated without a pause while it failed: "
                f"wait longer each time, and stop after a few tries",
            )
            self._finding.requests = self._row


class BlindRepeat(Rule):
    """
    A caller repeats a creating request with an unknown outcome, without searching the list.
    """

    name = "blind-repeat"

    def __init__(self) -> None:
        super().__init__()
        #: Possible creations, by the path of the list that shows them, and by identity.
        self._open: dict[str, dict[tuple[str, ...], tuple[ObservedRequest, ObservedResponse]]] = {}

    def is_uncertain(self, path: str) -> bool:
        """
        Return whether the list at *path* may have an item from a request with unknown outcome.
        """
        return path in self._open

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record a possible creation, or the search of a list.
        """
        if observed.operation in _LISTS:
            if response.is_outcome_unknown:
                self.on_lost(observed, response)
            elif response.is_success:
                self._forget(_list_of(observed), set(_identities(observed)))
        elif observed.operation in _SEARCHES and response.is_success:
            path = _searched_list(observed)
            # A list that was requested before the failure may lack the new item.
            pending = self._open.get(path, {})
            self._forget(path, {key for key, (_, one) in pending.items() if one.at <= observed.at})

    def on_lost(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record a possible creation.
        """
        if observed.operation in _LISTS:
            self.seen = True
            pending = self._open.setdefault(_list_of(observed), {})
            pending.update(dict.fromkeys(_identities(observed), (observed, response)))

    def _forget(self, path: str, keys: Collection[tuple[str, ...]]) -> None:
        pending = self._open.get(path, {})
        remaining = {key: value for key, value in pending.items() if key not in keys}
        if remaining:
            self._open[path] = remaining
        else:
            self._open.pop(path, None)

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Find a creating request that repeats one with an unknown outcome.
        """
        if observed.operation not in _LISTS or _list_of(observed) not in self._open:
            return
        pending = self._open[_list_of(observed)]
        again = [key for key in _identities(observed) if key in pending]
        if not again:
            return
        before, response = pending[again[0]]
        is_late = observed.at - response.at > _IN_FLIGHT_SECONDS
        why = "a lost response" if response.status is None else f"a {response.status}"
        self.add_finding(
            f"{_operation_name(observed)} was repeated after {why}, and may have taken "
            f"effect twice: search the list before you repeat it",
            before,
            observed,
            void_if_overlapping=None if is_late else observed.fingerprint,
        )
        self._forget(_list_of(observed), again)


def _list_of(observed: ObservedRequest) -> str:
    parent = observed.request.path.split("/")[4:5]
    return _LISTS[str(observed.operation)].format(*parent)


def _searched_list(observed: ObservedRequest) -> str:
    path = observed.request.path
    if observed.operation == "listPostingSummaries":
        return _LISTS["createPosting"]
    return _LISTS["pushAtsCandidate"] if path.startswith("/api/v2/ats/") else path


def _identities(observed: ObservedRequest) -> Iterator[tuple[str, ...]]:
    """
    Yield the identities of a creating request: its key, the people in it, or the whole body.
    """
    own = observed.request.headers.get("idempotency-key")
    if own is not None:
        yield "key", *observed.route, own
    emails = list(_emails(observed))
    for email in emails:
        yield "email", email
    if not emails:
        yield "body", *observed.route, observed.request.body.decode("latin-1")


def _emails(observed: ObservedRequest) -> Iterator[str]:
    body = observed.body
    if not (str(observed.operation).startswith("ingest") and isinstance(body, dict)):
        return
    # (In the body of one candidate, `data` is free-form.)
    people = body.get("data") if "Bulk" in str(observed.operation) else [body]
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
        #: The time and the index of each request.
        self._times = array.array("d")
        self._indexes = array.array("q")

    def on_request(self, observed: ObservedRequest) -> None:
        """
        Judge a request.
        """
        self._times.append(observed.at)
        self._indexes.append(observed.index)
        self._traffic.on_request(observed)
        for rule in self._rules:
            rule.on_request(observed)

    def on_response(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Judge the response to a request.
        """
        self._traffic.on_response_start(observed)
        for rule in self._rules:
            rule.on_response(observed, response)

    def on_lost(self, observed: ObservedRequest, response: ObservedResponse) -> None:
        """
        Record that the *response* did not reach the client completely.
        """
        for rule in self._rules:
            rule.on_lost(observed, response)

    @property
    def judged(self) -> int:
        """
        The number of judged requests.
        """
        return len(self._times)

    def report(self, limit: RateLimit | None) -> ConductReport:
        """
        Return which rules were broken, seen and not seen; a *limit* adds the rule `limit-exceeded`.
        """
        violations = [
            Violation(rule=rule.name, requests=tuple(one.requests), text=one.text)
            for rule in self._rules
            for one in rule.findings
            if not self._traffic.overlapped(one.void_if_overlapping)
        ]
        seen = {rule.name for rule in self._rules if rule.seen}
        if limit is not None and self._times:
            seen.add("limit-exceeded")
            violations += self._limit_violations(limit)
        return ConductReport(
            judged=len(self._times),
            violations=tuple(sorted(violations, key=lambda one: one.requests)),
            seen=tuple(name for name in RULES if name in seen),
            not_seen=tuple(name for name in RULES if name not in seen),
        )

    def _limit_violations(self, rule: RateLimit) -> Iterator[Violation]:
        start = 0
        for last, at in enumerate(self._times):
            first = last - rule.limit
            # The tolerance covers varying latency.
            if first >= start and at - self._times[first] < rule.per - max(
                _MIN_TOLERANCE, rule.per * _RELATIVE_TOLERANCE
            ):
                yield Violation(
                    rule="limit-exceeded",
                    requests=tuple(self._indexes[first : last + 1]),
                    text=(
                        f"{rule.limit + 1} requests arrived within "
                        f"{at - self._times[first]:.3g} s, but the limit is {rule.limit} in "
                        f"{rule.per:g} s: set a rate limit"
                    ),
                )
                start = last + 1


class OutcomeRecorder:
    """
    Receives the outcome of one request; thread-safe.
    """

    def __init__(
        self, record: _Record, observed: ObservedRequest, has_disconnected: Callable[[], bool]
    ) -> None:
        self._record = record
        self._observed = observed
        self._response: ObservedResponse | None = None
        self.has_disconnected = has_disconnected

    def on_response(self, response: ObservedResponse) -> None:
        """
        Record the start of the response, unless `on_lost` was called before.
        """
        if self._response is None:
            self._response = response
            self._record.pass_on("on_response", self._observed, response)
            self._record.open.discard(self)

    def on_lost(self, at: float) -> None:
        """
        Record that the response failed, or that the client has disconnected.
        """
        lost = ObservedResponse(at=at, status=None)
        if self._response is None:
            self.on_response(lost)
        elif self._response.status is not None:
            self._response = lost
            self._record.pass_on("on_lost", self._observed, lost)


class _Record:
    """
    A judge, and the latest events that it received.
    """

    def __init__(self, credentials: tuple[str, ...], keep: int) -> None:
        self.judge = Judge(credentials)
        self.open: set[OutcomeRecorder] = set()
        self.events: collections.deque[tuple[str, tuple[Any, ...]]] = collections.deque(maxlen=keep)
        self._lock = threading.Lock()

    def pass_on(self, event: str, *evidence: Any) -> None:
        """
        Pass an event to the judge, and keep it for `report_on`.
        """
        with self._lock:
            self.events.append((event, evidence))
            getattr(self.judge, event)(*evidence)

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
        Return the report of a new judge on the requests with the indexes *requests*.
        """
        with self._lock:
            events, total = tuple(self.events), self.judge.judged
        kept = [observed.index for event, (observed, *_) in events if event == "on_request"]
        if len(kept) < total and any(index in requests for index in range(kept[0])):
            message = f"only the requests from {kept[0]} on are still kept"
            raise ValueError(message)
        judge, selected = Judge(credentials), set[ObservedRequest]()
        for event, (observed, *rest) in events:
            if observed.index in requests and (event == "on_request" or observed in selected):
                selected.add(observed)
                getattr(judge, event)(observed, *rest)
        return judge.report(limit)


class ConductMonitor:
    """
    Passes each request to a judge as it arrives; thread-safe.

    *credentials* are the valid ones. It keeps the last *keep* events, so that `report` can judge
    some of them again.
    """

    def __init__(self, credentials: Iterable[str], keep: int = 30_000) -> None:
        self._credentials = tuple(credentials)
        self._keep = keep
        self.reset()

    def reset(self) -> None:
        """
        Discard all recorded requests.
        """
        self._record = _Record(self._credentials, self._keep)

    def on_request(
        self, observed: ObservedRequest, has_disconnected: Callable[[], bool]
    ) -> OutcomeRecorder | None:
        """
        Record a request; return the recorder of its outcome, None if the request is not judged.

        *has_disconnected* returns whether the client has closed its connection.
        """
        record = self._record
        # (A copy, because the loop changes the set.)
        for recorder in [one for one in record.open if one.has_disconnected()]:
            recorder.on_lost(observed.at)
        if any(name.lower() in observed.request.headers for name in NOT_JUDGED):
            return None
        record.pass_on("on_request", observed)
        recorder = OutcomeRecorder(record, observed, has_disconnected)
        record.open.add(recorder)
        return recorder

    def report(self, requests: Collection[int] | None, limit: RateLimit | None) -> ConductReport:
        """
        Return the report on all requests, or only on those with the indexes *requests*.

        Raises:
            ValueError: A request is no longer kept.
        """
        if requests is None:
            return self._record.report(limit)
        return self._record.report_on(requests, limit, self._credentials)
