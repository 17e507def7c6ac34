"""
The rules of changing credentials, and of a client's keywords.
"""

from __future__ import annotations

import asyncio

import pytest
from inside import (
    CredentialSource,
    Secret,
    check_keywords,
    is_coroutine_function,
    refuse_coroutine_functions,
    run_now,
)

from heymilo_async import ConfigurationError


def source_of(*keys, check=lambda hidden: hidden):
    """
    Return a source with *keys*, one after the other.
    """
    return CredentialSource(iter(keys).__next__, check)


def ask(source, *, awaits=False):
    """
    Call *source* once; return its current key.
    """
    run_now(source.ask(awaits=awaits))
    return source.current.reveal()


def test_a_source_is_asked_before_it_has_a_key():
    """
    A source has no key, and is not settled, until it was called.
    """
    source = source_of("first")

    assert (None, (), False) == (source.current, source.known, source.is_settled(()))
    assert "first" == ask(source)
    assert source.is_settled(())
    assert source.is_settled((None, Secret("first")))


def test_a_refused_key_is_asked_for_again():
    """
    A source is not settled while its key is the refused one.
    """
    source = source_of("first", "second")
    ask(source)
    refused = (None, source.current)

    assert not source.is_settled(refused)
    assert "second" == ask(source)
    assert source.is_settled(refused)
    assert ["second", "first"] == [one.reveal() for one in source.known]


def test_the_latest_keys_are_known():
    """
    The 32 latest keys are kept for masking, and no earlier ones.
    """
    source = source_of(*map(str, range(40)))
    for _ in range(40):
        ask(source)

    assert [str(number) for number in range(39, 7, -1)] == [one.reveal() for one in source.known]


def test_a_key_is_checked_before_it_counts():
    """
    The result of the check becomes the key; a refused value is not kept.
    """

    def check(hidden):
        if hidden.reveal() == "bad":
            raise ConfigurationError("no key")
        return Secret(hidden.reveal().strip())

    source = source_of(" good ", "bad", check=check)

    assert "good" == ask(source)
    with pytest.raises(ConfigurationError, match="no key"):
        ask(source)
    assert "good" == source.current.reveal()
    assert "***" == repr(source)


def test_what_has_to_be_awaited():
    """
    An async client awaits a callable's result; a blocking one refuses an awaitable, and closes it.
    """
    made = []

    async def key():
        return "awaited"

    def call():
        made.append(key())
        return made[-1]

    source = CredentialSource(call, lambda hidden: hidden)

    assert "awaited" == ask(source, awaits=True)
    with pytest.raises(TypeError, match=r"^api_key and access_token of a HeyMilo must not return "):
        ask(source)
    assert [None, None] == [one.cr_frame for one in made]

    loop = asyncio.new_event_loop()
    try:
        # A future has no `close`.
        source = CredentialSource(loop.create_future, lambda hidden: hidden)
        with pytest.raises(TypeError, match=r"use AsyncHeyMilo$"):
            ask(source)
    finally:
        loop.close()


class Asks:
    """
    An object whose call is a coroutine function.
    """

    async def __call__(self):
        return "a key"


def test_coroutine_functions_are_told_by_looking():
    """
    A coroutine function, or an object whose call is one, is refused by a blocking client.
    """

    async def key():
        return "a key"

    plain = Secret(lambda: "a key")

    assert [True, True, False, False] == list(
        map(is_coroutine_function, (key, Asks(), plain.reveal(), "a key"))
    )
    assert None is refuse_coroutine_functions(api_key=plain, access_token=None)
    for function in (key, Asks()):
        with pytest.raises(
            TypeError, match=r"^access_token must be a plain callable, because a HeyMilo"
        ):
            refuse_coroutine_functions(api_key=plain, access_token=Secret(function))


@pytest.fixture
def client_type():
    """
    A class with settings, made anew for each test.
    """

    class Client:
        @check_keywords
        def __init__(self, api_key=None, *, timeout=30.0, retry=None):
            self.given = api_key, timeout, retry

        @check_keywords
        def change(self, *, timeout=30.0):
            """
            Return what it is given.
            """
            return timeout

    return Client


def test_settings_are_taken_and_hidden(client_type):
    """
    Settings that may be secret are hidden before the method runs; the others are unchanged.
    """
    by_name = client_type(api_key="key", timeout=5.0)
    by_position = client_type("key", retry="often")

    assert (Secret("key"), 5.0, None) == by_name.given
    assert (Secret("key"), 30.0, "often") == by_position.given
    assert 7.0 == by_name.change(timeout=7.0)
    assert "change" == client_type.change.__name__
    assert "Return what it is given." == client_type.change.__doc__.strip()


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("proxies", ": use proxy="),
        ("time_out", ": did you mean timeout=?"),
        ("something", ""),
    ],
)
def test_a_keyword_that_is_not_ours(client_type, name, instead):
    """
    A keyword of another SDK, or a misspelt one, is refused with the right one.
    """
    with pytest.raises(TypeError) as made:
        client_type("key", timeout=5.0, **{name: 1})
    with pytest.raises(TypeError) as changed:
        client_type().change(**{name: 1})

    assert f"Client() has no {name}={instead}" == str(made.value)
    assert f"Client.change() has no {name}={instead}" == str(changed.value)
