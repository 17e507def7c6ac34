"""
free_port: a port for a server that another process will open.
"""

from __future__ import annotations

import contextlib
import random
import socket

#: Systems give higher ports to connections, and to servers that ask for any port (Linux from 32,768,
#: others from 49,152). So nothing takes one of these before the server opens it.
_PORTS = range(20_000, 32_000)

#: Those that this process has returned: a test may need two before it opens one.
_returned: set[int] = set()
#: Not the shared generator: tools may seed it alike in two processes.
_random = random.SystemRandom()


def free_port() -> int:
    """
    Return a free port of the loopback interface.
    """
    while True:
        port = _random.choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in _returned:
                _returned.add(port)
                return port
