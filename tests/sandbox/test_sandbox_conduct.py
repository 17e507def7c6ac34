"""
`Sandbox.conduct`: it reports a bad integration, never accuses a good one, and draws no conclusion
from missing evidence.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from urllib.parse import quote, urlsplit

import attrs
import pytest
from inside_sandbox import (
    MOST_SECRETS,
    ConductMonitor,
    Judge,
    ObservedRequest,
    ObservedResponse,
    operation_of,
)

from heymilo_async import HeyMiloError, RetryPolicy, sandbox
from heymilo_async.sandbox import RateLimit, ReceivedRequest, faults
from heymilo_async.sandbox.conduct import NOT_JUDGED, RULES, ConductReport, Violation

NUMBERS = "/api/v2/phone-numbers"
POSTINGS = "/api/v2/postings"
WEBHOOKS = "/api/v2/webhooks"
AT_ONCE = RetryPolicy(initial_delay=0.0)
PERSON = {"name": "Jo Doe", "email": "jo.doe@example.com"}


class Integration:
    """
    A program that talks to the sandbox over one connection until the connection is lost.
    """

    def __init__(self, milo):
        self._milo = milo
        self._connection = None

    def say(self, method, path, body=None, *, headers=None, timeout=10):
        """
        Return the status and the body of the response; without a response, None and nothing.
        """
        if self._connection is None:
            url = urlsplit(self._milo.base_url)
            self._connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        sent = {"X-API-KEY": self._milo.api_key, **(headers or {})}
        content = None
        if body is not None:
            sent = {"Content-Type": "application/json", **sent}
            content = body if isinstance(body, bytes) else json.dumps(body)
        try:
            self._connection.request(method, path, body=content, headers=sent)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.leave()
            return None, b""

    def get(self, path, **options):
        return self.say("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.say("POST", path, body, **options)

    def leave(self):
        """
        Close the connection.
        """
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@pytest.fixture
def it(milo):
    """
    An integration that uses the shared sandbox.
    """
    program = Integration(milo)
    yield program
    program.leave()


@pytest.fixture
def candidates(posting):
    """
    The path of a posting's candidates.
    """
    return f"{POSTINGS}/{posting}/candidates"


def broken(milo, **options):
    """
    Return the broken rules, each with its requests.
    """
    return [(one.rule, one.requests) for one in milo.conduct(**options).violations]


# The report.


def test_silence_proves_nothing(milo):
    """
    The report on an integration without requests has no kept rule.
    """
    report = milo.conduct()

    assert ConductReport(judged=0, not_seen=tuple(RULES)) == report
    assert report
    assert "conduct of no requests: no violations\n  kept: none\n" in str(report)


def test_a_report_reads_well(milo, it):
    """
    It names the rule and the requests, what happened and how to fix it; the kept rules; and those
    not seen.
    """
    milo.fail_next(status=503, operation="createWebhook", times=2)
    for _ in range(2):
        it.post(WEBHOOKS, {"posting_id": "a"})
    report = milo.conduct()

    assert not report
    assert [True] == [one.hard for one in report.violations]
    assert (
        "conduct of 2 requests: 1 violation\n"
        "  blind-repeat (hard), requests 0, 1: createWebhook was repeated after a 503, and may "
        "have taken effect twice: search the list before you repeat it\n"
        "  kept: credentials-misplaced, hot-loop\n"
        "  not seen: secret-link-reused, retry-after-ignored, limit-exceeded, full-resync, "
        "walk-restarted, login-storm"
    ) == str(report)


def test_a_violation_counts_what_it_does_not_name():
    """
    Of many requests only the first five are listed.
    """
    one = Violation(rule="hot-loop", requests=(4,), text="Wait.")

    assert ("hot-loop, request 4: Wait.", False) == (str(one), one.hard)
    assert "hot-loop, requests 0, 1, 2, 3, 4 and 3 more: Wait." == str(
        Violation(rule="hot-loop", requests=tuple(range(8)), text="Wait.")
    )


def test_requests_that_are_not_the_integrations(milo, it):
    """
    A header or a range excludes a test's own requests.
    """
    for headers in ({}, dict(NOT_JUDGED)):
        it.get(f"{NUMBERS}?api_key=abc", headers=headers)
    it.get(NUMBERS)

    it.post(f"{WEBHOOKS}?api_key=abc", {})

    assert [("credentials-misplaced", (0,)), ("credentials-misplaced", (3,))] == broken(milo)
    assert 3 == milo.conduct().judged
    assert [] == broken(milo, requests=range(1, 3))
    assert [("credentials-misplaced", (0,))] == broken(milo, requests=[0])


def test_a_range_is_judged_by_itself(milo, it, candidates):
    """
    Requests before the range do not count.
    """
    it.get(f"{candidates}?created_after=0")
    it.get(candidates)
    it.get(f"{candidates}?created_after=0")

    assert [("full-resync", (0, 1))] == broken(milo)
    assert [] == broken(milo, requests=range(1, 3))
    assert milo.conduct(range(1, 3)).seen == (
        "credentials-misplaced",
        "secret-link-reused",
        "full-resync",
    )


@pytest.mark.parametrize(
    ("requests", "error", "words"),
    [
        (range(1, 3), ValueError, "there is no request 2: the last one is 1"),
        (range(0, 10**12, 7), ValueError, "there is no request 7: the last one is 1"),
        ([0, -1], ValueError, "there is no request -1"),
        ({0, 1, 99_999}, ValueError, "there is no request 99999"),
        (["0"], TypeError, "the index of a request must be an int, not str"),
        ([0, True], TypeError, "the index of a request must be an int, not bool"),
        ("01", TypeError, "must be a collection of indexes, not str"),
        (b"\0", TypeError, "must be a collection of indexes, not bytes"),
        (1, TypeError, "must be a collection of indexes, not int"),
        (iter([0, 1]), TypeError, "must be a collection of indexes, not list_iterator"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or f"{type(value).__name__} {value}"[:20],
)
def test_requests_that_never_came_are_not_judged(milo, it, requests, error, words):
    """
    A wrong range is refused, because a report on nothing would be true.
    """
    it.get(NUMBERS)
    it.get(NUMBERS, headers=dict(NOT_JUDGED))

    with pytest.raises(error, match=words):
        milo.conduct(requests)


def test_the_first_request_has_not_come_yet(milo, it):
    """
    Indexes start at 0 after a reset, too; a range of none is no mistake.
    """
    it.get(NUMBERS)
    milo.reset()

    with pytest.raises(ValueError, match="there is no request 0: none has arrived"):
        milo.conduct([0])
    assert 0 == milo.conduct(range(len(milo.requests))).judged


def test_a_request_that_is_not_judged_has_an_index(milo, it):
    """
    A range may begin or end with a test's own request.
    """
    for headers in (dict(NOT_JUDGED), {}, dict(NOT_JUDGED)):
        it.get(NUMBERS, headers=headers)

    assert [0, 1, 0] == [milo.conduct([index]).judged for index in range(3)]
    assert 1 == milo.conduct(range(3)).judged


def test_a_reset_forgets(milo, it):
    """
    After a reset no requests are recorded, and indexes start at 0.
    """
    it.get(f"{NUMBERS}?api_key=abc")
    milo.reset()

    assert 0 == milo.conduct().judged
    it.get(f"{NUMBERS}?api_key=abc")
    assert [("credentials-misplaced", (0,))] == broken(milo)


# Credentials.


@pytest.mark.parametrize(
    "how",
    [
        lambda it, key: it.get(f"{NUMBERS}?search={quote(key)}"),
        lambda it, key: it.get(f"{NUMBERS}?api_key=whatever"),
        lambda it, key: it.get(f"{NUMBERS}/{quote(key)}"),
        lambda it, key: it.post(WEBHOOKS, {"webhook_url": ["https://example.com", key]}),
        lambda it, key: it.post(WEBHOOKS, key),
        lambda it, key: it.post(WEBHOOKS, key.encode()),
    ],
    ids=["query", "parameter", "path", "body", "text", "no JSON"],
)
def test_a_credential_elsewhere(milo, it, how):
    """
    A credential in a query, a path or a body breaks the rule; the report does not show it.
    """
    how(it, milo.api_key)
    how(it, milo.api_key)

    assert [("credentials-misplaced", (0, 1))] == broken(milo)
    assert milo.api_key not in str(milo.conduct())


def test_a_long_token_within_a_text(ask):
    """
    A long credential is found within a text; a short one could be an ordinary word.
    """
    with sandbox.running(api_key="test") as milo:
        ask(milo, f"{NUMBERS}?search=test")
        assert [] == broken(milo)
        ask(milo, f"{NUMBERS}?token=test")
        ask(milo, f"{NUMBERS}?search=see-{milo.access_token}-there")
        wrong = "somebody-elses-4b1d09e7"
        ask(milo, f"{NUMBERS}/{wrong}", {"Authorization": f"Bearer {wrong}"})
        assert [("credentials-misplaced", (1, 2)), ("credentials-misplaced", (3,))] == broken(milo)


def test_a_credential_in_its_header(milo, it):
    """
    In its own header a credential is correct; requests without one prove nothing.
    """
    it.get("/health", headers={"X-API-KEY": ""})
    assert "credentials-misplaced" in milo.conduct().not_seen
    it.post(WEBHOOKS, {"posting_id": "a"})

    assert "credentials-misplaced" in milo.conduct().kept


# Links and keys of responses.


@pytest.fixture
def link(it, candidates):
    """
    A candidate's interview link from the list; the judge also remembers one of the posting.
    """
    return json.loads(it.get(candidates)[1])["data"][0]["interview_url"]


@pytest.mark.parametrize(
    "how",
    [
        lambda it, link: it.get(f"{NUMBERS}?search={quote(link)}"),
        lambda it, link: it.post(WEBHOOKS, {"webhook_url": link}),
        lambda it, link: it.get(f"{NUMBERS}/{quote(link, safe='')}"),
    ],
    ids=["query", "body", "path"],
)
def test_a_link_elsewhere(milo, it, link, how):
    """
    A link that gives access is sent to another place.
    """
    how(it, link)

    assert [("secret-link-reused", (1,))] == broken(milo)
    assert link not in str(milo.conduct())


def test_a_link_in_its_place(milo, it, candidates, link):
    """
    Storing a link in the metadata of its own interview is allowed.
    """
    interview = json.loads(it.get(candidates)[1])["data"][0]["interview_id"]
    it.post(f"/api/v2/interviews/{interview}/metadata", {"metadata": {"link": link}})

    assert "secret-link-reused" in milo.conduct().kept


def test_a_key_at_its_own_door(milo, it):
    """
    The key of a posting may be used for its purpose, and in a push.
    """
    posting = json.loads(it.get(f"{POSTINGS}?limit=1")[1])["data"][0]
    key = posting["urls"]["ingestion_url_key"]
    it.post(f"/intake/v1/candidate/{key}", PERSON)
    it.post("/api/v2/ats/candidates/push", {"ingestion_token": key})

    assert "secret-link-reused" in milo.conduct().kept


def test_no_link_was_given(milo, it):
    """
    If no response had a link, the rule is not seen.
    """
    it.get(NUMBERS)
    it.get(NUMBERS)

    assert "secret-link-reused" in milo.conduct().not_seen


# Retry-After.


def test_a_wait_that_is_cut_short(milo, it):
    """
    The same route is requested at once, although the response asked for a wait.
    """
    milo.fail_next(status=429, retry_after=30)
    it.get(NUMBERS)
    it.get(NUMBERS)
    it.get(NUMBERS)

    assert [("retry-after-ignored", (0, 1))] == broken(milo)


def test_a_wait_that_is_kept(milo):
    """
    Our own client waits; another route need not wait.
    """
    with milo.client() as client:
        milo.fail_next(status=429, retry_after=0.1)
        client.phone_numbers.list()

    assert "retry-after-ignored" in milo.conduct().kept


def test_nobody_was_told_to_wait(milo, it):
    """
    A 429 without a wait, or with a wait of 0, proves nothing; nor does a 503 with one.
    """
    milo.fail_next(status=429)
    milo.fail_next(status=429, retry_after=0)
    milo.fail_next(status=503, retry_after=30)
    for _ in range(4):
        it.get(NUMBERS)

    assert "retry-after-ignored" in milo.conduct().not_seen


# A known limit.


def test_more_requests_than_a_limit(milo, it):
    """
    It is judged only on request, for any window.
    """
    for _ in range(7):
        it.get(NUMBERS)

    assert "limit-exceeded" in milo.conduct().not_seen
    assert [("limit-exceeded", (0, 1, 2)), ("limit-exceeded", (3, 4, 5))] == broken(
        milo, limit="2/hour"
    )
    assert "limit-exceeded" in milo.conduct(limit=RateLimit(7, per=3600)).kept


def test_a_limit_of_nothing(milo):
    """
    Without requests the rule is not seen; an invalid limit is refused.
    """
    assert "limit-exceeded" in milo.conduct(limit="2/s").not_seen
    with pytest.raises(TypeError, match="must be a RateLimit or a str, not int"):
        milo.conduct(limit=2)


# Lists that are filtered by time.


def test_a_list_is_read_anew(milo, it, candidates):
    """
    After a filtered read, the integration reads the list from the start; further pages of that walk
    add no violation.
    """
    it.get(f"{candidates}?created_after=0&limit=2")
    first = json.loads(it.get(f"{candidates}?limit=2")[1])["data"]
    it.get(f"{candidates}?limit=2&starting_after={first[-1]['interview_id']}")

    assert [("full-resync", (0, 1))] == broken(milo)


def test_a_first_whole_walk(milo, it, candidates, posting):
    """
    The correct way: read the whole list once, then with a filter, then that list to its end.
    """
    last = json.loads(it.get(f"{candidates}?limit=2")[1])["data"][-1]["interview_id"]
    it.get(f"{candidates}?limit=2&starting_after={last}")
    it.get(f"{candidates}?created_after=0&limit=2")
    it.get(f"{candidates}?limit=2&starting_after={last}")
    it.get(f"{candidates}?created_before=9999999999")
    it.post(candidates, PERSON)
    it.get(f"{POSTINGS}/{posting}")

    assert "full-resync" in milo.conduct().kept


def test_nothing_was_read_by_time(milo, it, candidates):
    """
    An integration that always reads whole lists breaks no rule; a refused filter does not count.
    """
    for path in (candidates, candidates, f"{candidates}?created_after=never", candidates):
        it.get(path)

    assert "full-resync" in milo.conduct().not_seen


def test_a_look_for_what_may_be_there(milo, it, candidates):
    """
    Searching the list for what a request may have created is allowed.
    """
    it.get(f"{candidates}?created_after=0")
    milo.fail_next(faults.CutBody(), operation="ingestCandidate")
    it.post(candidates, PERSON)
    it.get(candidates)

    assert [] == broken(milo)
    it.get(candidates)
    assert [("full-resync", (0, 3))] == broken(milo)


# Walks.


@pytest.fixture
def second(it, candidates):
    """
    Return the path of the second page of candidates, after the first was read.
    """
    last = json.loads(it.get(f"{candidates}?limit=2")[1])["data"][-1]["interview_id"]
    return f"{candidates}?limit=2&starting_after={last}"


def test_a_walk_begins_anew(milo, it, candidates, second):
    """
    A page fails, and the integration starts again at the first one.
    """
    milo.fail_next(status=502)
    it.get(second)
    it.get(f"{candidates}?limit=2")
    it.get(second)

    assert [("walk-restarted", (1, 2))] == broken(milo)


def test_a_walk_goes_on(milo, it, candidates, second):
    """
    The failed page is requested again; a walk with another filter is a separate walk.
    """
    milo.fail_next(status=502)
    it.get(second)
    it.get(f"{candidates}?created_after=0")
    it.get(second)
    it.get(f"{candidates}?limit=2&created_after=0")

    assert "walk-restarted" in milo.conduct().kept


def test_no_walk_was_broken_off(milo, it, candidates, second):
    """
    If the first page fails there is no cursor to continue from, and after a 422 a new start is
    right.
    """
    milo.fail_next(status=503)
    it.get(f"{candidates}?limit=2")
    it.get(f"{candidates}?limit=2")
    it.get(f"{candidates}?starting_after=nobody")
    it.get(f"{candidates}?limit=2")
    milo.fail_next(faults.Drop())
    it.get(second)
    it.get(f"{candidates}?limit=2")

    assert "walk-restarted" in milo.conduct().not_seen


def test_a_look_is_no_walk_anew(milo, it, candidates, second):
    """
    A search for what may have been created starts with the newest items.
    """
    milo.fail_next(status=502)
    it.get(second)
    milo.fail_next(status=500)
    it.post(candidates, PERSON)
    it.get(f"{candidates}?limit=2")

    assert [] == broken(milo)


# Loops.


@pytest.mark.parametrize("status", [401, 503])
def test_a_hot_loop(milo, it, status):
    """
    More than five identical requests follow a failure without a wait; each loop is one violation.
    """
    milo.fail_next(status=status, times=8)
    for _ in range(9):
        it.get(NUMBERS)

    assert [("hot-loop", tuple(range(9)))] == broken(milo)


def test_a_few_tries(milo, it):
    """
    Five more attempts are no loop, nor are requests with others in between; a success ends the
    count.
    """
    milo.fail_next(status=503, times=6)
    for _ in range(6):
        it.get(NUMBERS)
    it.get(f"{NUMBERS}?limit=3")
    for _ in range(9):
        it.get(NUMBERS)

    assert "hot-loop" in milo.conduct().kept


def test_nothing_has_failed(milo, it):
    """
    Polling that succeeds is no loop; a refusal other than a 401 is outside the rule.
    """
    for _ in range(9):
        it.get(NUMBERS)
        it.get(f"{NUMBERS}/nobody")

    assert "hot-loop" in milo.conduct().not_seen


# Creating requests.


BULK = {"data": [PERSON, {"name": "Max Loe", "email": "max.loe@example.com"}]}


@pytest.mark.parametrize(
    "fault",
    [
        faults.Status(503),
        faults.Drop(),
        faults.Drop(reset=True),
        faults.CutBody(),
        faults.InvalidJSON(),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize(
    ("first", "again"),
    [
        (("", PERSON), ("", PERSON)),
        (("/bulk", BULK), ("", {**PERSON, "email": "Jo.Doe@example.com", "name": "Jo"})),
        (("/async", PERSON), ("/bulk/async", BULK)),
    ],
    ids=["one", "bulk", "later"],
)
def test_a_blind_repeat(milo, it, candidates, fault, first, again):
    """
    A person who may already be invited is invited again, by any operation, without a search.
    """
    milo.fail_next(fault)
    it.post(candidates + first[0], first[1])
    it.post(candidates + again[0], again[1])

    assert [("blind-repeat", (0, 1))] == broken(milo)
    assert milo.conduct().violations[0].hard


@pytest.mark.parametrize("how", ["clone", "create", "own key"])
def test_a_blind_repeat_of_something_else(milo, it, posting, how):
    """
    The same body, no body, or the same key of the integration's own identify a repeat.
    """
    milo.fail_next(status=500)
    for n in range(2):
        if how == "clone":
            it.post(f"{POSTINGS}/{posting}/clone")
        elif how == "create":
            it.post(f"{POSTINGS}/{posting}/questions", {"text": "Why?"})
        else:
            it.post(WEBHOOKS, {"event_type": f"{n}"}, headers={"Idempotency-Key": "abc"})

    assert [("blind-repeat", (0, 1))] == broken(milo)


def test_an_answer_that_nobody_waits_for(milo, it, posting):
    """
    An integration that gave up waiting does not know the outcome; a reading request proves nothing.
    """
    milo.fail_next(faults.Slow(3600), operation="listPostings")
    it.get(POSTINGS, timeout=0.05)
    milo.fail_next(faults.Slow(3600), operation="clonePosting")
    it.post(f"{POSTINGS}/{posting}/clone", timeout=0.05)
    it.post(f"{POSTINGS}/{posting}/clone")

    assert [("blind-repeat", (1, 2))] == broken(milo)


def test_an_answer_that_comes_too_late(milo, it, posting):
    """
    The sandbox sends the response too late, after the integration left.
    """
    milo.fail_next(faults.Slow(0.3), operation="clonePosting")
    it.post(f"{POSTINGS}/{posting}/clone", timeout=0.05)
    deadline = time.monotonic() + 30
    while "blind-repeat" not in milo.conduct().seen and time.monotonic() < deadline:
        time.sleep(0.01)
    it.post(f"{POSTINGS}/{posting}/clone")

    assert [("blind-repeat", (0, 1))] == broken(milo)


@pytest.mark.parametrize(
    ("method", "create", "look"),
    [
        ("POST", "/api/v2/postings/{}/candidates/bulk", "/api/v2/postings/{}/candidates?limit=100"),
        ("POST", "/api/v2/postings/{}/clone", "/api/v2/postings"),
        ("POST", "/api/v2/postings/{}/clone", "/api/v2/postings/list"),
        ("POST", "/api/v2/postings/{}/questions", "/api/v2/postings/{}/questions"),
        ("POST", "/api/v2/webhooks", "/api/v2/webhooks"),
    ],
)
def test_a_repeat_after_a_look(milo, it, posting, method, create, look):
    """
    After a search, an item that is not in the list may be sent again; a failed search does not
    count.
    """
    create, look, body = create.format(posting), look.format(posting), BULK
    milo.fail_next(status=503)
    it.say(method, create, body)
    it.get(look)
    it.say(method, create, body)

    assert "blind-repeat" in milo.conduct().kept
    milo.reset()
    milo.fail_next(status=503)
    milo.fail_next(faults.CutBody(keep=0.9))
    it.say(method, create, body)
    it.get(look)
    it.say(method, create, body)
    assert [("blind-repeat", (0, 2))] == broken(milo)


def test_a_push_is_looked_up(milo, it):
    """
    A push is searched for in the other system, because no list has it.
    """
    push = {"ats_name": "Bullhorn", "create_submission": True, "candidate": PERSON}
    milo.fail_next(status=503)
    it.post("/api/v2/ats/candidates/push", push)
    found = it.post(
        "/api/v2/ats/candidates/resolve", {"ats_name": "Bullhorn", "email": "a@example.com"}
    )
    it.post("/api/v2/ats/candidates/push", push)

    assert 200 == found[0]
    assert "blind-repeat" in milo.conduct().kept


def test_others_are_no_repeat(milo, it, candidates, posting):
    """
    After a failure other items may be sent, and requests that create nothing; after a refusal also
    the same one.
    """
    milo.fail_next(status=503, operation="ingestCandidatesBulk")
    it.post(f"{candidates}/bulk", BULK)
    it.post(candidates, {"name": "Ann Poe", "email": "ann.poe@example.com"})
    it.post(f"{candidates}/bulk", {"data": "nobody"})
    it.post(f"{candidates}/bulk", {"data": ["nobody", {"email": 7}]})
    for status in (429, 422, 400):
        milo.fail_next(status=status)
    for _ in range(4):
        it.post(WEBHOOKS, {"posting_id": posting})
    it.post(WEBHOOKS, "no object")
    milo.fail_next(status=503)
    for _ in range(3):
        it.post(f"{POSTINGS}/{posting}/archive")

    assert "blind-repeat" in milo.conduct().kept


def test_what_was_repeated_and_done(milo, it, posting):
    """
    A repeat that was answered settles the matter: creating another one later is allowed.
    """
    milo.fail_next(status=503)
    for _ in range(3):
        it.post(f"{POSTINGS}/{posting}/clone")

    assert [("blind-repeat", (0, 1))] == broken(milo)


def test_no_write_has_failed(milo, it, posting):
    """
    Writes that were answered do not test the rule.
    """
    for _ in range(2):
        it.post(f"{POSTINGS}/{posting}/clone")

    assert "blind-repeat" in milo.conduct().not_seen


def test_our_own_client(front, milo):
    """
    Under faults, no front repeats what may have created something, or breaks another rule.
    """
    posting = next(iter(milo.stores["postings"])).id

    async def body(client):
        for operation in ("clonePosting", "ingestCandidatesBulk"):
            milo.fail_next(status=500, operation=operation)
        for call in (
            client.postings.clone(posting),
            client.candidates.ingest_many(posting, BULK["data"]),
        ):
            with contextlib.suppress(HeyMiloError):
                await call
        milo.chaos(rate=0.3, seed=3)
        async for _ in client.candidates.list_all(posting, page_size=5):
            pass

    front.run(body, milo.base_url, api_key=milo.api_key, retry=AT_ONCE)

    assert [] == broken(milo)
    assert {"hot-loop", "blind-repeat", "walk-restarted"} <= set(milo.conduct().kept)


# Timing and concurrent requests: these tests call a judge directly, because no test can sleep so
# exactly.


class Court:
    """
    A judge with simulated evidence.
    """

    def __init__(self):
        self.judge = Judge(["a-key-of-no-concern"])
        self._place = 0

    def come(self, at, target=NUMBERS, *, method="GET", body=b""):
        """
        Let a request arrive.
        """
        path, _, query = target.partition("?")
        request = ReceivedRequest(method=method, path=path, query=query, headers={}, body=body)
        arrival = ObservedRequest(
            index=self._place,
            at=at,
            operation=operation_of(method, path),
            request=request,
        )
        self._place += 1
        self.judge.on_request(arrival)
        return arrival

    def answer(self, arrival, at, status=200, **more):
        """
        Send its response.
        """
        self.judge.on_response(arrival, ObservedResponse(at=at, status=status, **more))

    def ask(self, at, target=NUMBERS, status=200, *, retry_after=0.0, **more):
        """
        Let a request arrive, and send its response at once.
        """
        arrival = self.come(at, target, **more)
        self.answer(arrival, at, status, retry_after=retry_after)

    def broken(self, limit=None):
        """
        Return the broken rules, each with its requests.
        """
        return [(one.rule, one.requests) for one in self.judge.report(limit).violations]


@pytest.fixture
def court():
    """
    A court without any evidence.
    """
    return Court()


@pytest.mark.parametrize(
    ("at", "expected"), [(1.97, []), (1.9, [("retry-after-ignored", (0, 1))]), (9.0, [])]
)
def test_a_wait_is_over(court, at, expected):
    """
    A small difference between two clocks is tolerated; only the next request is judged.
    """
    court.ask(0.0, status=429, retry_after=2.0)
    court.ask(at)
    court.ask(at + 0.01)

    assert expected == court.broken()


@pytest.mark.parametrize(
    ("at", "target", "expected"),
    [
        (0.5, f"{NUMBERS}?limit=3", False),
        (0.5, NUMBERS, True),
        (1.5, f"{NUMBERS}?limit=3", True),
        (1.5, f"{NUMBERS}/other", False),
    ],
    ids=["another page", "the same", "much later", "another route"],
)
def test_a_request_on_its_way(court, at, target, expected):
    """
    A request that may have been sent before the wait was known breaks nothing; a later one may.
    """
    court.ask(0.0, status=429, retry_after=30.0)
    court.ask(at, target)

    assert expected == bool(court.broken())
    court.ask(2.0, f"{NUMBERS}?limit=4")
    assert court.broken()


def test_callers_who_know_nothing_of_each_other(court):
    """
    If two requests of a kind overlapped, an equal one may be from another caller.
    """
    court.ask(0.0, status=429, retry_after=30.0)
    court.ask(0.1)
    clone = {"method": "POST", "target": f"{POSTINGS}/a/clone"}
    court.ask(0.2, status=503, **clone)
    court.ask(0.3, **clone)
    court.ask(0.4, f"{POSTINGS}?starting_after=a", status=503)
    court.ask(0.5, POSTINGS)
    found = ["retry-after-ignored", "blind-repeat", "walk-restarted"]
    assert found == [rule for rule, _ in court.broken()]

    for target, method in ((NUMBERS, "GET"), (f"{POSTINGS}/a/clone", "POST"), (POSTINGS, "GET")):
        both = [court.come(1.0, target, method=method) for _ in range(2)]
        for one in both:
            court.answer(one, 1.1)

    assert [] == court.broken()
    court.ask(2.0, status=503, **clone)
    court.ask(3.5, **clone)
    assert ["blind-repeat"] == [rule for rule, _ in court.broken()]


def test_two_who_walk_in_turn(court):
    """
    Over one connection nothing overlaps, but a single program does not request a page again that it
    has passed.
    """
    second = f"{NUMBERS}?starting_after=a"
    court.ask(0.0)
    court.ask(0.1, second, 503)
    court.ask(0.2)
    court.ask(0.3, second)
    assert ["walk-restarted"] == [rule for rule, _ in court.broken()]

    court.ask(0.4, second)
    assert [] == court.broken()


def test_several_who_write_at_once(court):
    """
    Concurrent writes of something else are no excuse.
    """
    create = {"target": WEBHOOKS, "method": "POST"}
    first, other = (court.come(0.0, **create, body=body) for body in (b"{}", b"[]"))
    court.answer(first, 0.1, 503)
    court.answer(other, 0.1)
    court.ask(0.2, **create, body=b"{}")

    assert [("blind-repeat", (0, 2))] == court.broken()


@pytest.mark.parametrize(("pause", "expected"), [(1.9, 1), (2.1, 0)])
def test_a_loop_that_waits(court, pause, expected):
    """
    More than two seconds between two attempts make no hot loop.
    """
    for n in range(9):
        court.ask(n * pause, status=503)

    assert expected == len(court.broken())


def test_many_callers_in_an_outage(court):
    """
    The same request by several callers at once is no loop.
    """
    for n in range(9):
        both = [court.come(n * 0.1) for _ in range(2)]
        for one in both:
            court.answer(one, n * 0.1, 503)

    assert [] == court.broken()


@pytest.mark.parametrize(("pause", "expected"), [(0.24, [(0, 1, 2, 3, 4)]), (0.2475, [])])
def test_a_window_of_a_limit(court, pause, expected):
    """
    Every window counts, with a tolerance for the time on the way to the server.
    """
    for n in range(8):
        court.ask(n * pause)

    assert [("limit-exceeded", one) for one in expected] == court.broken(RateLimit(4, per=1.0))


def test_a_look_that_was_too_early(court):
    """
    A search that began before the write failed may have missed the created item.
    """
    create = {"target": WEBHOOKS, "method": "POST", "body": b"{}"}
    made = court.come(0.0, **create)
    look = court.come(0.1, WEBHOOKS)
    court.answer(made, 0.2, 503)
    court.answer(look, 0.3)
    court.judge.on_lost(look, ObservedResponse(at=0.3, status=None))
    court.ask(0.4, **create)

    assert [("blind-repeat", (0, 2))] == court.broken()


def test_only_so_many_links_are_remembered(court, monkeypatch):
    """
    The oldest links are forgotten, so that a long run does not fill the memory.
    """
    monkeypatch.setattr(*MOST_SECRETS, 2)
    links = [f"https://example.com/{n}?token=abc" for n in range(3)]
    for link in links:
        court.answer(court.come(0.0), 0.0, secrets=(hash(link),))
    for link in links:
        court.ask(1.0, f"{NUMBERS}?search={quote(link)}")

    assert [("secret-link-reused", (4, 5))] == court.broken()


def test_only_so_much_can_be_judged_again(court):
    """
    The report says that old requests were dropped; a report on everything is still possible.
    """
    monitor = ConductMonitor([], keep=5)
    for n in range(4):
        arrival = attrs.evolve(court.come(float(n), f"{NUMBERS}?api_key=abc"), index=n)
        monitor.on_request(arrival, lambda: False).on_response(
            ObservedResponse(at=float(n), status=200)
        )

    assert 4 == monitor.report(None, None).judged
    assert (0, 1, 2, 3) == monitor.report(None, None).violations[0].requests
    assert 1 == monitor.report({3}, None).judged
    with pytest.raises(ValueError, match="only the requests from 2 on are still kept"):
        monitor.report(range(1, 4), None)
