"""
`Sandbox.conduct`: what a bad integration does is seen, a good one is not accused, and silence proves nothing.
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
    A program that talks to the sandbox over one connection, until it is lost.
    """

    def __init__(self, milo):
        self._milo = milo
        self._connection = None

    def say(self, method, path, body=None, *, headers=None, timeout=10):
        """
        Return the status and the body of what comes back; None and nothing if nothing does.
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
    An integration that talks to the shared sandbox.
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
    Return which rules were broken, and by which requests.
    """
    return [(one.rule, one.requests) for one in milo.conduct(**options).violations]


# The report.


def test_silence_proves_nothing(milo):
    """
    Of an integration that has done nothing, nothing is known: no rule is called kept.
    """
    report = milo.conduct()

    assert ConductReport(judged=0, not_seen=tuple(RULES)) == report
    assert report
    assert "conduct of no requests: no violations\n  kept: none\n" in str(report)


def test_a_report_reads_well(milo, it):
    """
    It says which rule, which requests, what happened and the cure; what was kept; what was not seen.
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
    Of many requests the first five are named.
    """
    one = Violation(rule="hot-loop", requests=(4,), text="Wait.")

    assert ("hot-loop, request 4: Wait.", False) == (str(one), one.hard)
    assert "hot-loop, requests 0, 1, 2, 3, 4 and 3 more: Wait." == str(
        Violation(rule="hot-loop", requests=tuple(range(8)), text="Wait.")
    )


def test_requests_that_are_not_the_integrations(milo, it):
    """
    A test's own requests are left out by a header, or by their places.
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
    What happened before the range has not happened.
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


def test_a_reset_forgets(milo, it):
    """
    After a reset nothing has happened, and places begin at 0.
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
    A credential in a query, a path or a body is one that others read; the report does not show it.
    """
    how(it, milo.api_key)
    how(it, milo.api_key)

    assert [("credentials-misplaced", (0, 1))] == broken(milo)
    assert milo.api_key not in str(milo.conduct())


def test_a_long_token_within_a_text(ask):
    """
    A long credential is found within a text; a short one is a word like others.
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
    In its header it is where it belongs; of requests without one nothing is known.
    """
    it.get("/health", headers={"X-API-KEY": ""})
    assert "credentials-misplaced" in milo.conduct().not_seen
    it.post(WEBHOOKS, {"posting_id": "a"})

    assert "credentials-misplaced" in milo.conduct().kept


# Links and keys that answers give.


@pytest.fixture
def link(it, candidates):
    """
    A candidate's way into an interview, as the list gives it; one is kept from the posting, too.
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
    A link that lets its holder in is sent on.
    """
    how(it, link)

    assert [("secret-link-reused", (1,))] == broken(milo)
    assert link not in str(milo.conduct())


def test_a_link_in_its_place(milo, it, candidates, link):
    """
    A link that is noted at its own interview stays where it was.
    """
    interview = json.loads(it.get(candidates)[1])["data"][0]["interview_id"]
    it.post(f"/api/v2/interviews/{interview}/metadata", {"metadata": {"link": link}})

    assert "secret-link-reused" in milo.conduct().kept


def test_a_key_at_its_own_door(milo, it):
    """
    The key of a posting may open the door that it is made for, and be pushed where one is asked for.
    """
    posting = json.loads(it.get(f"{POSTINGS}?limit=1")[1])["data"][0]
    key = posting["urls"]["ingestion_url_key"]
    it.post(f"/intake/v1/candidate/{key}", PERSON)
    it.post("/api/v2/ats/candidates/push", {"ingestion_token": key})

    assert "secret-link-reused" in milo.conduct().kept


def test_no_link_was_given(milo, it):
    """
    Where no answer has had one, nothing is known of it.
    """
    it.get(NUMBERS)
    it.get(NUMBERS)

    assert "secret-link-reused" in milo.conduct().not_seen


# Retry-After.


def test_a_wait_that_is_cut_short(milo, it):
    """
    The same route is asked again at once, though the answer said to wait.
    """
    milo.fail_next(status=429, retry_after=30)
    it.get(NUMBERS)
    it.get(NUMBERS)
    it.get(NUMBERS)

    assert [("retry-after-ignored", (0, 1))] == broken(milo)


def test_a_wait_that_is_kept(milo):
    """
    Our own client waits; another route need not.
    """
    with milo.client() as client:
        milo.fail_next(status=429, retry_after=0.1)
        client.phone_numbers.list()

    assert "retry-after-ignored" in milo.conduct().kept


def test_nobody_was_told_to_wait(milo, it):
    """
    A 429 without a wait, or with none, says nothing; nor does a 503 with one.
    """
    milo.fail_next(status=429)
    milo.fail_next(status=429, retry_after=0)
    milo.fail_next(status=503, retry_after=30)
    for _ in range(4):
        it.get(NUMBERS)

    assert "retry-after-ignored" in milo.conduct().not_seen


# A limit that is known.


def test_more_requests_than_a_limit(milo, it):
    """
    Only on request, and for what came within a window.
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
    Where nobody came nothing is seen; what is no limit is refused.
    """
    assert "limit-exceeded" in milo.conduct(limit="2/s").not_seen
    with pytest.raises(TypeError, match="must be a RateLimit or a str, not int"):
        milo.conduct(limit=2)


# Lists that are read by time.


def test_a_list_is_read_anew(milo, it, candidates):
    """
    Who has read by time goes back to the start; to read a page of that walk is one violation.
    """
    it.get(f"{candidates}?created_after=0&limit=2")
    first = json.loads(it.get(f"{candidates}?limit=2")[1])["data"]
    it.get(f"{candidates}?limit=2&starting_after={first[-1]['interview_id']}")

    assert [("full-resync", (0, 1))] == broken(milo)


def test_a_first_whole_walk(milo, it, candidates, posting):
    """
    To read a list whole at first, then by time, then that to its end, is how it is done.
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
    Whoever always reads whole lists breaks nothing; nor does a filter that was refused count.
    """
    for path in (candidates, candidates, f"{candidates}?created_after=never", candidates):
        it.get(path)

    assert "full-resync" in milo.conduct().not_seen


def test_a_look_for_what_may_be_there(milo, it, candidates):
    """
    To look through the list for what may have been created is no needless walk.
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
    The path of the second page of candidates, after the first was read.
    """
    last = json.loads(it.get(f"{candidates}?limit=2")[1])["data"][-1]["interview_id"]
    return f"{candidates}?limit=2&starting_after={last}"


def test_a_walk_begins_anew(milo, it, candidates, second):
    """
    The page fails, and the integration goes back to the first one.
    """
    milo.fail_next(status=502)
    it.get(second)
    it.get(f"{candidates}?limit=2")
    it.get(second)

    assert [("walk-restarted", (1, 2))] == broken(milo)


def test_a_walk_goes_on(milo, it, candidates, second):
    """
    The page is asked for again; another walk with a filter of its own is another one.
    """
    milo.fail_next(status=502)
    it.get(second)
    it.get(f"{candidates}?created_after=0")
    it.get(second)
    it.get(f"{candidates}?limit=2&created_after=0")

    assert "walk-restarted" in milo.conduct().kept


def test_no_walk_was_broken_off(milo, it, candidates, second):
    """
    A first page that fails has no cursor to go on with, and a 422 means to begin anew.
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
    Who has to look for what may have been created begins where the newest are.
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
    More than five identical requests follow a failure, without a wait; a loop is one violation.
    """
    milo.fail_next(status=status, times=8)
    for _ in range(9):
        it.get(NUMBERS)

    assert [("hot-loop", tuple(range(9)))] == broken(milo)


def test_a_few_tries(milo, it):
    """
    Five more tries are none, nor are others in between; nor does one go on after a success.
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
    A poll of what works is no loop; a refusal that is no 401 is not what the rule is about.
    """
    for _ in range(9):
        it.get(NUMBERS)
        it.get(f"{NUMBERS}/nobody")

    assert "hot-loop" in milo.conduct().not_seen


# Writes that create.


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
    A person who may have been invited is invited again, by whichever way, and nobody has looked.
    """
    milo.fail_next(fault)
    it.post(candidates + first[0], first[1])
    it.post(candidates + again[0], again[1])

    assert [("blind-repeat", (0, 1))] == broken(milo)
    assert milo.conduct().violations[0].hard


@pytest.mark.parametrize("how", ["clone", "create", "own key"])
def test_a_blind_repeat_of_something_else(milo, it, posting, how):
    """
    The same body, no body, or the same key of one's own make a repeat.
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
    Who gives up waiting does not know either; of what only reads that says nothing.
    """
    milo.fail_next(faults.Slow(3600), operation="listPostings")
    it.get(POSTINGS, timeout=0.05)
    milo.fail_next(faults.Slow(3600), operation="clonePosting")
    it.post(f"{POSTINGS}/{posting}/clone", timeout=0.05)
    it.post(f"{POSTINGS}/{posting}/clone")

    assert [("blind-repeat", (1, 2))] == broken(milo)


def test_an_answer_that_comes_too_late(milo, it, posting):
    """
    ... though the sandbox sends it.
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
    Who looks in the list may send again what is not there; a look that fails is none.
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
    What was pushed is looked for in the other system, for no list has it.
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
    After a failure others may be sent, and whatever makes nothing; after a refusal the same.
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
    What a repeat was answered settles it: who means to make another one may.
    """
    milo.fail_next(status=503)
    for _ in range(3):
        it.post(f"{POSTINGS}/{posting}/clone")

    assert [("blind-repeat", (0, 1))] == broken(milo)


def test_no_write_has_failed(milo, it, posting):
    """
    Writes that were answered say nothing of what one does when they are not.
    """
    for _ in range(2):
        it.post(f"{POSTINGS}/{posting}/clone")

    assert "blind-repeat" in milo.conduct().not_seen


def test_our_own_client(front, milo):
    """
    Under faults no front repeats what may have created something, or breaks another rule.
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


# Moments, and requests that are there at once: told to a judge, for no test can sleep so exactly.


class Court:
    """
    A judge, and the evidence as it pleases.
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
        Let it be answered.
        """
        self.judge.on_response(arrival, ObservedResponse(at=at, status=status, **more))

    def ask(self, at, target=NUMBERS, status=200, *, retry_after=0.0, **more):
        """
        Let a request arrive, and be answered at once.
        """
        arrival = self.come(at, target, **more)
        self.answer(arrival, at, status, retry_after=retry_after)

    def broken(self, limit=None):
        """
        Return which rules were broken, and by which requests.
        """
        return [(one.rule, one.requests) for one in self.judge.report(limit).violations]


@pytest.fixture
def court():
    """
    A court that has heard of nothing.
    """
    return Court()


@pytest.mark.parametrize(
    ("at", "expected"), [(1.97, []), (1.9, [("retry-after-ignored", (0, 1))]), (9.0, [])]
)
def test_a_wait_is_over(court, at, expected):
    """
    A wait is kept but for what two clocks differ by; and only the next request is judged.
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
    What may have been sent before the wait was known breaks nothing; what follows it may.
    """
    court.ask(0.0, status=429, retry_after=30.0)
    court.ask(at, target)

    assert expected == bool(court.broken())
    court.ask(2.0, f"{NUMBERS}?limit=4")
    assert court.broken()


def test_callers_who_know_nothing_of_each_other(court):
    """
    Where two requests of a kind were there at once, an equal one may be another caller's.
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
    Over one connection nothing overlaps; but who has got over a page does not ask for it again.
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
    Others who write something else at the same time are no excuse.
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
    Who waits longer than two seconds between two tries is not in a hot loop.
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
    Any window counts, but for what the way to the server may take.
    """
    for n in range(8):
        court.ask(n * pause)

    assert [("limit-exceeded", one) for one in expected] == court.broken(RateLimit(4, per=1.0))


def test_a_look_that_was_too_early(court):
    """
    A look that had begun before the write failed may have missed what it made.
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
    The oldest ones are forgotten, lest a long run fills the memory.
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
    What is not kept any more is said so; of everything there still is a report.
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
