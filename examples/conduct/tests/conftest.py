"""
The fixtures of heymilo-async: a HeyMilo of one's own, and the judge of who talks to it.
"""

from __future__ import annotations

pytest_plugins = ["heymilo_async.testing"]
