"""
One client of the HTTP library, closed when the last request that uses it is done.
"""

from __future__ import annotations

import threading
from typing import Any


class Lease:
    """
    Counts the requests on a native client, so that replacing it cuts none of them short.
    """

    def __init__(self, client: Any, *, owned: bool) -> None:
        self.client = client
        self.owned = owned
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def take(self) -> bool:
        """
        Count one request more; return False if the client is on its way out.
        """
        with self._lock:
            self._users += not self._retired
            return not self._retired

    def give_back(self) -> bool:
        """
        Count one request less; return whether it is now for the caller to close the client.
        """
        with self._lock:
            self._users -= 1
            return self.owned and self._retired and self._users == 0

    def retire(self) -> bool:
        """
        Take no more requests; return whether it is for the caller to close the client.
        """
        with self._lock:
            already, self._retired = self._retired, True
            return self.owned and not already and self._users == 0
