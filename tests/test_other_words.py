"""
The texts of a `TypeError` for a keyword of another SDK, a misspelt setting, or a wrong argument.
"""

from __future__ import annotations

import inspect
import re
import traceback

import pytest
from fronts import KEY
from inside import KEYWORDS_OF_OTHER_SDKS

from heymilo_async import AsyncHeyMilo, HeyMilo

KINDS = [AsyncHeyMilo, HeyMilo]
SECRET = "canary-aa17d2f0c4"


def settings_of(kind):
    """
    Return the constructor's parameters of *kind*.
    """
    return set(inspect.signature(kind).parameters)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", KEYWORDS_OF_OTHER_SDKS)
def test_a_keyword_from_elsewhere(kind, name):
    """
    The constructor and `with_options` refuse a keyword of another SDK, and name ours.
    """
    told = re.escape(f"has no {name}=: {KEYWORDS_OF_OTHER_SDKS[name]}")
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\(\) {told}$"):
        kind(KEY, **{name: 1})
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\.with_options\(\) {told}$"):
        kind(KEY).with_options(**{name: 1})


@pytest.mark.parametrize("kind", KINDS)
def test_each_name_that_is_told_exists(kind):
    """
    The texts suggest only existing settings, and refuse none of them.
    """
    told = set(re.findall(r"\b(\w+)=(?!\.)", " ".join(KEYWORDS_OF_OTHER_SDKS.values())))
    told -= {"max_attempts", "connect", "read", "write", "pool", "cafile"}

    assert set() == told - settings_of(kind)
    assert set() == KEYWORDS_OF_OTHER_SDKS.keys() & settings_of(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("api_kye", ": did you mean api_key=?"),
        ("time_out", ": did you mean timeout=?"),
        ("something", ""),
    ],
)
def test_a_misspelt_keyword(kind, name, told):
    """
    A keyword that resembles one of ours is refused with that name; any other with its own.
    """
    with pytest.raises(TypeError, match=re.escape(f"{kind.__name__}() has no {name}={told}") + "$"):
        kind(**{name: "value"})


@pytest.mark.parametrize("kind", KINDS)
def test_no_variable_shows_the_key(kind):
    """
    The traceback's variables contain neither a key under another name nor one beside a wrong name.
    """
    for given in ({"key": SECRET}, {"api_kye": SECRET}, {"api_key": SECRET, "max_retries": 2}):
        with pytest.raises(TypeError) as caught:
            kind(**given)
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)

        # (The last is ours; the first is this function, which has it, of course.)
        assert SECRET not in repr(told.stack[-1].locals)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda client: client.phone_numbers.get(), "PhoneNumbers.get() missing 1 required"),
        (lambda client: client.phone_numbers.list(5), "PhoneNumbers.list() takes 1 positional"),
        (lambda client: client.phone_numbers.list_all(limit=5), "PhoneNumbers.list_all() got an"),
        (lambda client: client.postings.create(nome="A"), "Postings.create() got an unexpected"),
        (lambda client: client.candidates.find(), "Candidates.find() missing 1 required"),
        (lambda client: client.raw(client.phone_numbers.get), "PhoneNumbers.get() missing 1"),
        (lambda client: client.raw(client.request, "GET"), "HeyMilo.request() missing 1 required"),
        (lambda client: client.request("GET"), "HeyMilo.request() missing 1 required"),
        (lambda client: client.phone_numbers.list_all(page_size="9"), "page_size must be an int"),
        (lambda client: client.raw(client.phone_numbers.get, 5), "phone_number_id must be a str"),
        (lambda client: client.raw(5), "method must be an operation such as"),
        (lambda client: client.close(5), "HeyMilo.close() takes 1 positional"),
    ],
)
def test_the_face_that_was_called(call, told):
    """
    A wrong argument of a blocking method is reported for that method, and not for its async twin.
    """
    with HeyMilo(KEY) as client, pytest.raises(TypeError) as caught:
        call(client)

    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("name", "single"),
    [
        ("phone_numbers.list_all", "phone_numbers.list"),
        ("phone_numbers.get_many", "phone_numbers.get"),
        ("phone_numbers.get_many_settled", "phone_numbers.get"),
        ("postings.list_all_summaries", "postings.list_summaries"),
        ("email_template_groups.list_all", "email_template_groups.list"),
        ("candidates.find", "candidates.list"),
        ("interviews.wait_until_ready", "interviews.get"),
        ("ats.wait_for_push", "ats.get_push"),
    ],
)
def test_raw_says_which_method_makes_one_call(front, name, single):
    """
    For a method that makes several calls, `raw` names the method that makes one.
    """

    async def body(client):
        group, method = name.split(".")
        with pytest.raises(TypeError, match=f"pass client.{single}$"):
            await client.raw(getattr(getattr(client, group), method))
        group, method = single.split(".")
        assert hasattr(getattr(client, group), method)

    front.run(body, "http://127.0.0.1:1")
