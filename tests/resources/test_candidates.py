"""
Candidates: requests and responses, three kinds of times, and invitations that are never repeated.
"""

from __future__ import annotations

import json
import logging
import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from server import answer, ok

from heymilo_async import (
    AgentSMSSummary,
    AgentWebInterviewSummary,
    APIConnectionError,
    BadRequestError,
    BulkCandidateReceipt,
    Candidate,
    CandidateReceipt,
    Ingestion,
    InvalidRequestError,
    NewCandidate,
    Page,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    from_dict,
    to_dict,
)

POSTING = "13D77095"
PATH = f"/api/v2/postings/{POSTING}/candidates"
LINK = "https://candidates.example.com/i/D536A69A4090E13F"
JO = {"name": "Jo Doe", "email": "jo.doe@example.com"}
SAM = {"name": "Sam Roe", "email": "sam.roe@example.com"}

QUICK = RetryPolicy(initial_delay=0.0)

#: Each creating method with arguments, its path below that of the candidates, and a success
#: response.
CREATING = {
    "ingest": (
        JO,
        "",
        answer(
            201,
            json.dumps(
                {"data": {"interview_id": "I1", "interview_url": LINK, "posting_id": POSTING}}
            ).encode(),
        ),
    ),
    "ingest_many": (
        {"candidates": [JO]},
        "/bulk",
        answer(201, json.dumps({"data": [{"interview_id": "I1", "interview_url": LINK}]}).encode()),
    ),
    "enqueue": (
        JO,
        "/async",
        answer(202, json.dumps({"data": {"ingestion_id": "intake_abc123"}}).encode()),
    ),
    "enqueue_many": (
        {"candidates": [JO]},
        "/bulk/async",
        answer(202, json.dumps({"data": {"ingestion_id": "intake_abc123"}}).encode()),
    ),
}
creating = pytest.mark.parametrize("method", CREATING)


def candidate(interview_id="I1", **changes):
    """
    Return a candidate as parsed JSON, with the required members and *changes*.
    """
    return {
        "interview_id": interview_id,
        "posting_id": POSTING,
        **JO,
        "status": "pending",
        **changes,
    }


def listed(*items, more=False):
    """
    Return a response with a page of *items*.
    """
    return ok({"data": items, "pagination": {"has_more": more}})


def receipts(*items):
    """
    Return the bulk operation's response for *items*, each an id and metadata.
    """
    data = [
        {"interview_id": one, "interview_url": LINK, "metadata": metadata}
        for one, metadata in items
    ]
    return answer(201, json.dumps({"data": data, "meta": None}).encode())


def create(client, method, **changes):
    """
    Return the awaitable of a creating *method*, called with its usual arguments.
    """
    return getattr(client.candidates, method)(POSTING, **{**CREATING[method][0], **changes})


# Listing.


def test_nothing_is_sent_but_what_is_given(front, serve):
    """
    Without arguments a list has no query, not even the default of `limit`.
    """
    server = serve(listed(candidate()))

    async def body(client):
        return await client.candidates.list(POSTING)

    page = front.run(body, server.base_url)

    assert [("GET", PATH)] == [(one.method, one.target) for one in server.requests]
    assert ["I1"] == [one.interview_id for one in page]


EAST = timezone(timedelta(hours=5, minutes=30))
MOMENTS = [
    # The argument, `created_after`, `created_before`.
    (datetime(2026, 3, 13, tzinfo=UTC), "2026-03-13T00:00:00Z", "2026-03-13T00:00:00Z"),
    (
        datetime(2026, 3, 13, 0, 0, 0, 1, tzinfo=UTC),
        "2026-03-13T00:00:00Z",
        "2026-03-13T00:00:01Z",
    ),
    (datetime(2026, 3, 13, 5, 30, tzinfo=EAST), "2026-03-13T00:00:00Z", "2026-03-13T00:00:00Z"),
    (1_710_288_000, "1710288000", "1710288000"),
    (1_710_288_000.25, "1710288000", "1710288001"),
    (-0.5, "-1", "0"),
    (0, "0", "0"),
    ("1710288000", "1710288000", "1710288000"),
    ("2026-03-13", "2026-03-13", "2026-03-13"),
]


def test_times_go_out_in_whole_seconds(front, serve):
    """
    Trap 29: a time is sent as text, rounded outwards to whole seconds; text is sent unchanged.
    """
    server = serve(listed())

    async def body(client):
        for moment, _, _ in MOMENTS:
            await client.candidates.list(
                POSTING, limit=5, created_after=moment, created_before=moment
            )

    front.run(body, server.base_url)

    assert [
        f"{PATH}?limit=5&created_after={after}&created_before={before}"
        for _, after, before in MOMENTS
    ] == [one.target.replace("%3A", ":") for one in server.requests]


def test_a_walk_is_bounded_in_time_on_each_page(front, serve):
    """
    Every page of `list_all` has the time filters of the first.
    """
    server = serve(listed(candidate("I1"), more=True), listed(candidate("I2")))

    async def body(client):
        walk = client.candidates.list_all(
            POSTING, page_size=1, created_after=1.5, created_before=2.5
        )
        return [one.interview_id async for one in walk]

    found = front.run(body, server.base_url)

    assert ["I1", "I2"] == found
    assert [
        f"{PATH}?limit=1&created_after=1&created_before=3",
        f"{PATH}?limit=1&starting_after=I1&created_after=1&created_before=3",
    ] == [one.target for one in server.requests]


@pytest.mark.parametrize(
    ("moment", "error", "words"),
    [
        (datetime(2026, 3, 13), InvalidRequestError, "time zone"),  # noqa: DTZ001 - a time without a zone is refused
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), InvalidRequestError, "9999"),
        (datetime.max.replace(tzinfo=UTC), InvalidRequestError, "9999"),
        (1_710_288_000_000, InvalidRequestError, "milliseconds"),
        (10**400, InvalidRequestError, "milliseconds"),
        (float("nan"), InvalidRequestError, "Unix seconds"),
        (float("-inf"), InvalidRequestError, "Unix seconds"),
        ("\ud800", InvalidRequestError, "surrogate"),
        (True, TypeError, "not bool"),
        (date(2026, 3, 13), TypeError, "not date"),
        (timedelta(days=7), TypeError, "not timedelta"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_times_that_cannot_work_are_refused(front, serve, moment, error, words):
    """
    A value that is no time, or has no time zone, is refused before anything is sent.
    """
    server = serve(listed())

    async def body(client):
        with pytest.raises(error, match=f"created_before.*{words}"):
            await client.candidates.list(POSTING, created_before=moment)
        with pytest.raises(error, match=f"created_before.*{words}"):
            client.candidates.list_all(POSTING, created_before=moment)

    front.run(body, server.base_url)

    assert 0 == server.n


def test_a_range_that_is_none_is_left_to_the_server(front, serve):
    """
    Trap 21: a reversed range is sent, and the server refuses it with a 400.
    """
    refused = {"error": {"type": "invalid_request_error", "code": "range", "message": "Reversed."}}
    server = serve(answer(400, json.dumps(refused).encode()))

    async def body(client):
        with pytest.raises(BadRequestError, match="Reversed"):
            await client.candidates.list(POSTING, created_after=2, created_before=1)

    front.run(body, server.base_url)

    assert 1 == server.n


def test_the_cursor_is_the_interview(front, serve):
    """
    Trap 2: the cursor of candidates is `interview_id`, even if `candidate_id` is null.
    """
    server = serve(
        listed(candidate("I1", candidate_id=None), candidate("I2", candidate_id="C"), more=True),
        listed(candidate("I3", candidate_id="C")),
    )

    async def body(client):
        first = await client.candidates.list(POSTING)
        pager = client.candidates.list_all(POSTING, starting_after=first.next_cursor)
        return first.next_cursor, await pager.collect(), pager.cursor

    cursor, rest, last = front.run(body, server.base_url)

    assert ("I2", ["I3"]) == (cursor, [one.interview_id for one in rest])
    assert f"{PATH}?limit=100&starting_after=I2" == server.requests[-1].target
    assert "I3" == last


@pytest.mark.parametrize("method", ["list", "list_all", "find", *CREATING])
def test_a_posting_called_list_is_refused(front, serve, method):
    """
    Trap 4: the id `list` would be the path of the summaries, so it is refused.
    """
    server = serve(listed())
    arguments = {"find": {"email": "a@example.com"}}.get(method) or (
        CREATING[method][0] if method in CREATING else {}
    )

    async def body(client):
        with pytest.raises(InvalidRequestError, match="posting_id must not be 'list'"):
            await getattr(client.candidates, method)("list", **arguments)

    front.run(body, server.base_url)

    assert 0 == server.n


# Finding.


def test_find_keeps_who_matches(front, serve):
    """
    `find` reads the whole list and returns the candidates with that e-mail address, in upper or
    lower case, and with each pair of the metadata.
    """
    server = serve(
        listed(
            candidate("I1", metadata={"key": "7", "stage": "x"}),
            candidate("I2", email="JO.DOE@EXAMPLE.COM"),
            candidate("I3", email="other@example.com", metadata={"key": "7"}),
            more=True,
        ),
        listed(candidate("I4", metadata={"key": "8"}), candidate("I5", metadata=None)),
    )

    async def body(client):
        find = client.candidates.find
        return [
            [one.interview_id async for one in find(POSTING, **wanted)]
            for wanted in (
                {"email": "Jo.Doe@example.com"},
                {"metadata": {"key": "7"}},
                {"email": "jo.doe@example.com", "metadata": {"key": "7", "stage": "x"}},
                {"email": "jo.doe@example.com", "metadata": {}},
                {"metadata": {"key": ""}},
            )
        ]

    replies = list(server.replies)
    server.replies[:] = replies * 5
    found = front.run(body, server.base_url)

    assert [["I1", "I2", "I4", "I5"], ["I1", "I3"], ["I1"], ["I1", "I2", "I4", "I5"], []] == found
    assert [f"{PATH}?limit=100", f"{PATH}?limit=100&starting_after=I3"] * 5 == [
        one.target for one in server.requests
    ]


def test_find_stops_when_its_caller_does(front, serve):
    """
    If the caller stops, `find` requests no further page.
    """
    server = serve(listed(candidate("I1"), more=True))

    async def body(client):
        async for one in client.candidates.find(POSTING, email=JO["email"]):
            return one.interview_id
        return None

    assert "I1" == front.run(body, server.base_url)
    assert 1 == server.n


def test_find_passes_pages_over(front, serve):
    """
    Pages without a match are not returned, except for the last; the walk continues after them.
    """
    other = {"email": "other@example.com"}
    server = serve(
        listed(candidate("I1", **other), more=True),
        listed(candidate("I2", **other), candidate("I3"), candidate("I4", **other), more=True),
        listed(candidate("I5", **other)),
    )

    async def body(client):
        pager = client.candidates.find(POSTING, email=JO["email"])
        pages = [
            ([one.interview_id for one in page], page.has_more) async for page in pager.pages()
        ]
        return pages, pager.cursor

    assert ([(["I3"], True), ([], False)], "I3") == front.run(body, server.base_url)
    assert ["I1", "I4"] == [one.target.rpartition("=")[2] for one in server.requests[1:]]


def test_find_collects_and_reads_ahead(front, serve):
    """
    The pager of `find` supports `collect` and `prefetch`, which return only matches, too.
    """
    pages = [listed(candidate("I1"), candidate("I2", email="x@example.com"), more=True)]
    pages.append(listed(candidate("I3")))
    server = serve(*pages, *pages)

    async def body(client):
        pager = client.candidates.find(POSTING, email=JO["email"])
        collected = await pager.collect()
        async with pager.prefetch() as ahead:
            return collected, [one async for one in ahead]

    collected, ahead = front.run(body, server.base_url)

    assert ["I1", "I3"] == [one.interview_id for one in collected]
    assert collected == ahead


def test_an_error_in_find_says_where_it_stood(front, serve):
    """
    An error in the middle has the cursor of the whole list, from which `list_all` can continue.
    """
    server = serve(listed(candidate("I1", email="x@example.com"), more=True), answer(500))

    async def body(client):
        with pytest.raises(ServerError) as caught:
            await client.candidates.find(POSTING, email=JO["email"]).collect()
        return caught.value.cursor

    once = RetryPolicy(max_attempts=1)

    assert "I1" == front.run(body, server.base_url, retry=once)


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({}, InvalidRequestError, "email or metadata"),
        ({"metadata": {}}, InvalidRequestError, "email or metadata"),
        ({"email": 7}, TypeError, "email must be a str"),
        ({"metadata": ["key"]}, TypeError, "metadata must be a mapping"),
        ({"metadata": {"key": 7}}, TypeError, "must be a str"),
        ({"metadata": {"k" * 41: ""}}, InvalidRequestError, "41 characters"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_find_wants_to_know_whom(front, serve, wanted, error, words):
    """
    `find` needs a criterion, and refuses one that no candidate can have.
    """
    server = serve(listed())

    async def body(client):
        with pytest.raises(error, match=words):
            client.candidates.find(POSTING, **wanted)

    front.run(body, server.base_url)

    assert 0 == server.n


# Inviting.


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (JO, JO),
        (
            {**JO, "phone_number": None, "metadata": None, "data": None},
            {**JO, "phone_number": None, "metadata": None, "data": None},
        ),
        (
            {
                **JO,
                "phone_number": "+12065550123",
                "metadata": {"k": "v"},
                "data": {"a": [1, None]},
            },
            {
                **JO,
                "phone_number": "+12065550123",
                "metadata": {"k": "v"},
                "data": {"a": [1, None]},
            },
        ),
        ({**JO, "metadata": {}, "data": {}}, {**JO, "metadata": {}, "data": {}}),
    ],
)
def test_what_is_given_is_sent_and_no_more(front, serve, given, sent):
    """
    Trap 25: arguments that are not given are not sent, and None is sent as null, alone and in bulk.

    Trap 28: the bulk is wrapped in `data`.
    """
    server = serve(*(CREATING[method][2] for method in CREATING))

    async def body(client):
        await client.candidates.ingest(POSTING, **given)
        await client.candidates.ingest_many(POSTING, [given])
        await client.candidates.enqueue(POSTING, **given)
        await client.candidates.enqueue_many(POSTING, (NewCandidate(**given),))

    front.run(body, server.base_url)

    assert [sent, {"data": [sent]}] * 2 == [one.json for one in server.requests]
    assert [("POST", PATH + below) for _, below, _ in CREATING.values()] == [
        (one.method, one.target) for one in server.requests
    ]
    assert {"application/json"} == {one.headers["content-type"] for one in server.requests}


def test_ingest_returns_a_receipt(front, serve):
    """
    Trap 13: a receipt's `object` is `candidate`; the candidate within may be null.
    """
    plain = {"interview_id": "I1", "interview_url": LINK, "posting_id": POSTING}
    bodies = [
        plain,
        {**plain, "object": "candidate", "candidate": None},
        {**plain, "candidate": candidate(score=78.5)},
    ]
    server = serve(*(answer(201, json.dumps({"data": one}).encode()) for one in bodies))

    async def body(client):
        return [await client.candidates.ingest(POSTING, **JO) for _ in bodies]

    first, second, third = front.run(body, server.base_url)

    assert (CandidateReceipt, "candidate", None) == (type(first), first.object, first.candidate)
    assert first == second
    assert (Candidate, 78.5) == (type(third.candidate), third.candidate.score)
    assert [bodies[2]] == [
        {name: value for name, value in to_dict(third).items() if name != "object"}
        | {"candidate": {k: to_dict(third)["candidate"][k] for k in bodies[2]["candidate"]}}
    ]


def test_receipts_of_many_keep_the_order_of_the_answer(front, serve, caplog):
    """
    Trap 7: a bulk response is a single envelope with a list, and the receipts keep its order.

    Trap 47: nothing in it tells who is who but the caller's own metadata.
    """
    server = serve(receipts(("I2", {"row": "2"}), ("I1", {"row": "1"})))
    rows = [{**JO, "metadata": {"row": "1"}}, NewCandidate(**SAM, metadata={"row": "2"})]

    async def body(client):
        return await client.candidates.ingest_many(POSTING, iter(rows))

    with caplog.at_level(logging.WARNING, "heymilo_async"):
        done = front.run(body, server.base_url)

    assert (BulkCandidateReceipt, BulkCandidateReceipt) == tuple(type(one) for one in done)
    assert [("I2", "2"), ("I1", "1")] == [(one.interview_id, one.metadata["row"]) for one in done]
    assert [{"data": [rows[0], {**SAM, "metadata": {"row": "2"}}]}] == [
        one.json for one in server.requests
    ]
    assert [] == caplog.records


@pytest.mark.parametrize("came", [0, 1, 3])
def test_another_number_of_receipts_is_logged(front, serve, caplog, came):
    """
    Trap 47: if a bulk response has more or fewer receipts than candidates, that is logged, and no
    error.
    """
    server = serve(receipts(*((f"I{index}", None) for index in range(came))))

    async def body(client):
        return await client.candidates.ingest_many(POSTING, [JO, SAM])

    with caplog.at_level(logging.WARNING, "heymilo_async"):
        done = front.run(body, server.base_url)

    assert came == len(done)
    (record,) = caplog.records
    assert "WARNING" == record.levelname
    assert f"sent 2 candidates but received {came} receipts" in record.getMessage()


@pytest.mark.parametrize("method", ["ingest_many", "enqueue_many"])
@pytest.mark.parametrize(
    ("candidates", "error", "words"),
    [
        ([], InvalidRequestError, "must not be empty"),
        (iter(()), InvalidRequestError, "must not be empty"),
        (JO, TypeError, "candidates must be an iterable"),
        ("Jo Doe", TypeError, "candidates must be an iterable"),
        (7, TypeError, "candidates must be an iterable"),
        ([JO, 7], TypeError, r"^candidates\[1\] must be"),
        ([JO, {"name": "Sam Roe"}], InvalidRequestError, r"^candidates\[1\].email is missing"),
        (
            [JO, {**SAM, "emial": "x"}],
            InvalidRequestError,
            r"^candidates\[1\] has no member 'emial'",
        ),
        ([{**JO, "email": 7}], TypeError, r"^candidates\[0\].email must be a str"),
        ([{**JO, "email": None}], TypeError, r"^candidates\[0\].email"),
        (
            [{**JO, "metadata": {"k": "v" * 501}}],
            InvalidRequestError,
            r"^candidates\[0\].*501 char",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_bulk_that_cannot_work_is_refused(front, serve, method, candidates, error, words):
    """
    A bulk without candidates, or with an invalid one, is refused before anything is sent.
    """
    server = serve(CREATING[method][2])

    async def body(client):
        with pytest.raises(error, match=words):
            await create(client, method, candidates=candidates)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.parametrize("method", ["ingest", "enqueue"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": 7}, TypeError),
        ({"email": None}, TypeError),
        ({"phone_number": 12065550123}, TypeError),
        ({"metadata": {"k": 7}}, TypeError),
        ({"metadata": dict.fromkeys(map(str, range(51)), "")}, InvalidRequestError),
        ({"metadata": {"k" * 41: ""}}, InvalidRequestError),
        ({"metadata": {"k": "v" * 501}}, InvalidRequestError),
        ({"data": [1]}, TypeError),
        ({"data": {"a": {1, 2}}}, TypeError),
        ({"data": {"a": float("nan")}}, InvalidRequestError),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_candidate_that_cannot_work_is_refused(front, serve, method, changes, error):
    """
    Trap 32: the limits of metadata are only in prose, and are checked before anything is sent.
    """
    server = serve(CREATING[method][2])

    async def body(client):
        with pytest.raises(error):
            await create(client, method, **changes)
        with pytest.raises(error):
            NewCandidate(**{**JO, **changes})

    front.run(body, server.base_url)

    assert 0 == server.n


def test_an_ingestion_has_an_id_that_nothing_takes(front, serve):
    """
    Traps 1, 16 and 46: enqueueing returns a 202 with one `ingestion_id` for the whole batch.
    """
    content = {"object": "ingestion", "ingestion_id": "intake_abc123", "status": "queued"}
    server = serve(answer(202, json.dumps({"data": content}).encode()))

    async def body(client):
        one = await client.candidates.enqueue(POSTING, **JO)
        many = await client.raw(client.candidates.enqueue_many, POSTING, [JO, SAM])
        return one, many.data, many.status_code

    one, many, status = front.run(body, server.base_url)

    assert Ingestion(ingestion_id="intake_abc123") == one == many
    assert 202 == status


# No repeated invitations.


@creating
def test_a_lost_answer_is_not_asked_for_again(front, serve, method):
    """
    Trap 31: a creating call whose response is lost is sent once; its error says that it may have
    been carried out, and how to find out.
    """
    server = serve(lambda connection: connection.close())

    async def body(client):
        with pytest.raises(APIConnectionError) as caught:
            await create(client, method)
        return caught.value

    error = front.run(body, server.base_url, retry=QUICK)

    assert (1, True) == (server.n, error.maybe_sent)
    assert "client.candidates.find" in str(error)
    assert "client.candidates.find" in pickle.loads(pickle.dumps(error)).advice


@creating
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_is_not_asked_again(front, serve, method, status):
    """
    Trap 31: after a 5xx a creating call may have been carried out, so it is not repeated.
    """
    server = serve(answer(status))

    async def body(client):
        with pytest.raises(ServerError) as caught:
            await create(client, method)
        return caught.value

    error = front.run(body, server.base_url, retry=QUICK)

    assert (1, True) == (server.n, error.maybe_sent)
    assert "client.candidates.find" in str(error)


@creating
def test_a_busy_server_is_asked_again(front, serve, method, naps):
    """
    After a 429 nothing was done, so the call is repeated after the wait.
    """
    server = serve(answer(429, b"", "Retry-After: 3"), CREATING[method][2])

    async def body(client):
        await create(client, method)

    front.run(body, server.base_url)

    assert 2 == server.n
    assert server.requests[0].json == server.requests[1].json
    assert [3.0] == naps


@creating
def test_an_answer_that_cannot_be_read_says_that_it_was_done(front, serve, method):
    """
    A success with a broken body is not repeated: the error says that the request was carried out.
    """
    server = serve(answer(201, b"{"))

    async def body(client):
        with pytest.raises(ResponseDecodeError) as caught:
            await create(client, method)
        return caught.value

    error = front.run(body, server.base_url, retry=QUICK)

    assert (1, True) == (server.n, error.maybe_sent)
    assert "the server processed the request itself" in str(error)


# Reading.

FULL = candidate(
    candidate_id="cand_def456",
    score=78.5,
    status="completed",
    interview_url=LINK,
    workflow={
        "steps": [
            {
                "step_id": "agent_vi_001",
                "order": 1,
                "status": "completed",
                "started": True,
                "completed": True,
                "knocked_out": False,
                "last_updated_at": 1739713800.0,
            }
        ],
        "all_complete": True,
        "last_activity_at": 1739715600.0,
    },
    agent_summary={
        "resume": {"resume_score": 3.8, "is_eligible": True, "resume_link": LINK + "/resume"},
        "web_interview": {
            "score": 82.0,
            "highlights": ["Calm."],
            "audio_recording_link": LINK + "/audio",
            "video_recording_link": LINK + "/video",
        },
        "sms": {
            "is_eligible": False,
            "criteria_passed": ["licence"],
            "criteria_failed": ["shift"],
            "messages_sent": 8,
        },
        "form": {
            "is_complete": True,
            "is_eligible": None,
            "questions_answered": 5,
            "total_questions": 7,
        },
    },
    shortlisted=True,
    dismissed=False,
    metadata={"ats_stage": "phone_screen"},
    data={"any": {"thing": [1, None, "x"]}},
    interviewed_at=1739713800.0,
    created_at=1739612400.5,
    object="candidate",
)


def test_a_whole_candidate_is_read_and_written(front, serve):
    """
    Traps 33 and 40: times are aware datetimes, `shortlisted` is independent of `status`, and the
    JSON round-trips.
    """
    server = serve(listed(FULL))

    async def body(client):
        return (await client.candidates.list(POSTING))[0]

    found = front.run(body, server.base_url)

    assert FULL == to_dict(found)
    assert datetime(2025, 2, 15, 9, 40, 0, 500_000, tzinfo=UTC) == found.created_at
    assert datetime(2025, 2, 16, 14, 20, tzinfo=UTC) == found.workflow.last_activity_at
    assert datetime(2025, 2, 16, 13, 50, tzinfo=UTC) == found.workflow.steps[0].last_updated_at
    assert ("completed", True) == (found.status, found.shortlisted)
    assert {found} == {from_dict(Candidate, FULL)} == {pickle.loads(pickle.dumps(found))}


def test_links_are_masked(front, serve):
    """
    Trap 45: a link gives access, so no `repr` shows one, not even that of a page.
    """
    server = serve(listed(FULL), CREATING["ingest"][2], CREATING["ingest_many"][2])

    async def body(client):
        page = await client.candidates.list(POSTING)
        one = await client.candidates.ingest(POSTING, **JO)
        return page, one, await client.candidates.ingest_many(POSTING, [JO])

    page, one, many = shown = front.run(body, server.base_url)

    assert LINK not in repr(shown)
    assert LINK.rpartition("/")[2] not in repr(shown)
    assert 6 == repr(shown).count("***")
    assert [LINK] * 3 == [page[0].interview_url, one.interview_url, many[0].interview_url]
    assert f"{LINK}/resume" == page[0].agent_summary.resume.resume_link


def test_what_is_absent_is_none_or_empty(front, serve):
    """
    Traps 34 and 35: times and summaries may be missing, which gives None, and lists, which gives
    empty ones.
    """
    server = serve(listed(candidate(agent_summary={"sms": {}, "web_interview": {}})))

    async def body(client):
        return (await client.candidates.list(POSTING))[0]

    found = front.run(body, server.base_url)

    assert (None, None, None) == (found.created_at, found.interviewed_at, found.workflow)
    assert AgentSMSSummary() == found.agent_summary.sms
    assert AgentWebInterviewSummary() == found.agent_summary.web_interview
    assert ((), (), ()) == (
        found.agent_summary.sms.criteria_passed,
        found.agent_summary.sms.criteria_failed,
        found.agent_summary.web_interview.highlights,
    )
    assert (None, None) == (found.agent_summary.form, found.agent_summary.resume)
    assert (False, False, "candidate") == (found.shortlisted, found.dismissed, found.object)


def test_new_words_and_members_are_kept(front, serve):
    """
    Trap 39: an unknown status and new members are data.
    """
    new = candidate(status="on_hold", workflow={"steps": [], "all_complete": False, "eta": 7}, x=1)
    server = serve(listed(new))

    async def body(client):
        return (await client.candidates.list(POSTING))[0]

    found = front.run(body, server.base_url)

    assert ("on_hold", {"x": 1}, {"eta": 7}) == (found.status, found.extra, found.workflow.extra)


def test_a_candidate_is_known_by_its_object():
    """
    Trap 13: three schemas have the object `candidate`; the items of an unparametrised page are read
    as whole candidates.
    """
    page = from_dict(Page, {"data": [FULL], "pagination": {"has_more": False}})

    assert [Candidate] == [type(one) for one in page]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"interview_id": None}, "$.data[0].interview_id"),
        ({"score": "78.5"}, "$.data[0].score"),
        ({"created_at": "2026-03-13"}, "$.data[0].created_at"),
        ({"metadata": {"k": 7}}, "$.data[0].metadata"),
        ({"workflow": {"steps": [{}]}}, "$.data[0].workflow"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_the_contract_does_not_have_is_an_error(front, serve, changes, path):
    """
    A candidate that does not fit the contract is an error that names the path.
    """
    server = serve(listed(candidate(**changes)))

    async def body(client):
        with pytest.raises(ResponseDecodeError) as caught:
            await client.candidates.list(POSTING)
        return caught.value.path

    assert front.run(body, server.base_url).startswith(path)
