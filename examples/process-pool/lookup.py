"""
Looks up numbers in several processes; each receives the client once, and opens it.
"""

from __future__ import annotations

import atexit
import multiprocessing
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from heymilo_async import HeyMilo

_clients: list[HeyMilo] = []


def receive(client: HeyMilo) -> None:
    """
    Keep the *client* of a new process until the process ends.

    The pickle has no key; the process reads it from HEYMILO_API_KEY.
    """
    _clients.append(client)
    atexit.register(client.close)


def number_of(phone_number_id: str) -> str:
    """
    Return the number with that id, in E.164; runs in the worker processes.
    """
    return _clients[0].phone_numbers.get(phone_number_id).phone_number


def numbers_of(ids: Iterable[str], client: HeyMilo, *, processes: int = 4) -> list[str]:
    """
    Return the numbers of *ids*, in order, looked up by that many *processes*.
    """
    with ProcessPoolExecutor(
        processes,
        # Not by fork: locks of this process's threads would stay locked in the child.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=receive,
        initargs=(client,),
    ) as pool:
        return list(pool.map(number_of, ids, chunksize=5))
