"""
The Python client for the HeyMilo Public API: asyncio, trio and blocking from one implementation.

How to read this package. Imports run one way only, from the bottom of this list to its top:

    __init__, _public   the public names, loaded with the first of them
    _client             AsyncHeyMilo and HeyMilo: settings in, resources out, open and close
    resources/          one module a group: models, operations, both faces; loaded when first used
    pages               a page, and walking from page to page
    _engine             one call: acquire a permit, attempt, decide, repeat
    _pool               the state of each event loop, which the views of one client share
    _http/              the border to httpx: transports, connections, sockets, bodies, errors, proxies
    _ratelimit/         when the next request may start: windows, cool-downs, a limit in Redis
    _core/              values and decisions, nothing that waits: settings, secrets, messages, codec
    errors, events      the tree of exceptions; what listeners are told (and `otel`, made of them)
    _mapping, _record   frozen mappings and headers; how small values compare and show themselves

A request reads straight down: the resource makes a `Call`, `Engine.respond` makes attempts,
`Transport.send` crosses the border and returns a `Response`, the codec makes a model of it.
"""

import sys
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import _public, resources
    from ._public import *  # noqa: F403 - `_public` has them all
    from .resources import *  # noqa: F403 - the index has them all

    __all__ = ["__version__"]
    __all__ += _public.__all__
    __all__ += resources.__all__
else:
    # Imported above, the client would be loaded by each `heymilo --version`, and each time that a
    # shell completes the name of a command: they go through this package.
    def __getattr__(name: str) -> Any:
        # (Of the rest Python asks here before it imports a module of that name.)
        if name == "__all__" or not (name.startswith("_") or name == "resources"):
            from . import _public, resources  # noqa: PLC0415 - see above

            if name == "__all__":
                return sorted(["__version__", *_public.__all__, *resources.__all__])
            if name in resources.EXPORTS:
                # From now on it is found without this function.
                return globals().setdefault(name, resources.load(name))
            if name in _public.__all__:
                return globals().setdefault(name, getattr(_public, name))
            if name in globals():
                # A module, such as `errors`, that has been imported just now.
                return globals()[name]
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[__name__]), *__getattr__("__all__")})
