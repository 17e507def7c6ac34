"""
The store keeps the order of items, and several threads may share it.
"""

from __future__ import annotations

import concurrent.futures

import pytest
from inside_sandbox import RequestLog

from heymilo_async.sandbox import PhoneNumberResponse, ReceivedRequest, Store, seed_numbers


@pytest.fixture
def store() -> Store[PhoneNumberResponse]:
    """
    A store of five numbers.
    """
    return Store(seed_numbers(5))


def test_items_stay_in_the_order_in_which_they_were_added(
    store: Store[PhoneNumberResponse],
) -> None:
    """
    A new item comes last.
    """
    first_six = seed_numbers(6)
    store.add(first_six[-1])

    assert (6, first_six) == (len(store), list(store))


def test_an_id_is_taken_once(store: Store[PhoneNumberResponse]) -> None:
    """
    Adding the same id again is refused, and changes nothing.
    """
    with pytest.raises(ValueError, match="already exists"):
        store.add(seed_numbers(1)[0])

    assert seed_numbers(5) == list(store)


def test_a_removed_item_is_gone(store: Store[PhoneNumberResponse]) -> None:
    """
    `remove` returns it, and it cannot be removed twice.
    """
    second = seed_numbers(2)[1]

    assert second == store.remove(second.id)
    assert (None, 4) == (store.get(second.id), len(store))
    with pytest.raises(KeyError, match=second.id):
        store.remove(second.id)


def test_a_changed_item_keeps_its_place(store: Store[PhoneNumberResponse]) -> None:
    """
    Fields that were not named keep their values, too.
    """
    second = seed_numbers(2)[1]
    changed = store.change(second.id, active=not second.active, country_code=None)

    assert {**second, "active": not second.active, "country_code": None} == changed
    assert [second.id, changed] == [list(store)[1].id, store.get(second.id)]


def test_an_item_cannot_be_changed_past_its_store(store: Store[PhoneNumberResponse]) -> None:
    """
    An item that a caller received is frozen.
    """
    with pytest.raises(AttributeError, match="active is frozen"):
        next(iter(store)).active = False


@pytest.mark.parametrize("field", ["id", "colour"])
def test_a_change_cannot_touch_the_id_or_invent_a_field(
    store: Store[PhoneNumberResponse], field: str
) -> None:
    """
    The error names the field.
    """
    with pytest.raises(TypeError, match=f"cannot change {field} of a"):
        store.change(next(iter(store)).id, **{field: "value"})


def test_a_change_must_fit_the_contract(store: Store[PhoneNumberResponse]) -> None:
    """
    A value of a wrong type is refused, not coerced.
    """
    with pytest.raises(ValueError, match="active"):
        store.change(next(iter(store)).id, active="yes")

    assert seed_numbers(5) == list(store)


def test_an_unknown_item_cannot_be_changed(store: Store[PhoneNumberResponse]) -> None:
    """
    The error names the id.
    """
    with pytest.raises(KeyError, match="00000000"):
        store.change("00000000", active=True)


def test_pages_follow_a_cursor(store: Store[PhoneNumberResponse]) -> None:
    """
    A page begins after the cursor, and says whether others follow.
    """
    numbers = seed_numbers(5)
    page = store.page(2, numbers[0].id)
    last = store.page(2, numbers[2].id)

    assert (tuple(numbers[1:3]), True, 5) == (page.items, page.has_more, page.total_count)
    assert (tuple(numbers[3:]), False, 5) == (last.items, last.has_more, last.total_count)


def test_an_unknown_cursor_is_a_key_error(store: Store[PhoneNumberResponse]) -> None:
    """
    There is no page after an unknown item.
    """
    with pytest.raises(KeyError, match="00000000"):
        store.page(2, "00000000")


def test_a_page_has_no_negative_size(store: Store[PhoneNumberResponse]) -> None:
    """
    It would have all items but the last ones.
    """
    assert () == store.page(0).items
    with pytest.raises(ValueError, match="limit must be 0 or more, not -1"):
        store.page(-1)


def test_reset_goes_back_to_the_beginning(store: Store[PhoneNumberResponse]) -> None:
    """
    It undoes additions, removals and changes, any number of times.
    """
    for _ in range(2):
        first, second, *_others = store
        store.remove(first.id)
        store.change(second.id, country_code=None)
        store.add(seed_numbers(6)[-1])
        store.reset()

        assert seed_numbers(5) == list(store)


def test_threads_can_share_a_store() -> None:
    """
    After eight threads have added, changed, read and removed their own items, the other items are
    unchanged.
    """
    numbers = seed_numbers(805)
    store = Store(numbers[:5])

    def work(mine: list[PhoneNumberResponse]) -> None:
        for number in mine:
            store.add(number)
            store.change(number.id, active=False)
            assert number.id in {item.id for item in store}
            store.page(100, number.id)
            store.remove(number.id)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(work, [numbers[5 + worker :: 8] for worker in range(8)]))

    assert numbers[:5] == list(store)


def test_the_log_counts_what_it_has_dropped() -> None:
    """
    Indexes go on when the oldest requests are dropped, and start again when all are.
    """
    log = RequestLog(keep=2)
    for _ in range(5):
        log.add(ReceivedRequest(method="GET", path="/", query="", headers={}))

    assert (5, 2) == (log.count, len(log.snapshot()))
    log.clear()
    assert 0 == log.count


def test_the_log_of_requests_is_bounded() -> None:
    """
    A long-running sandbox drops the oldest requests.
    """
    log = RequestLog(keep=2)
    for path in ("/1", "/2", "/3"):
        log.add(ReceivedRequest(method="GET", path=path, query="", headers={}))

    assert ["/2", "/3"] == [request.path for request in log.snapshot()]
