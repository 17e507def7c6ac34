"""
The fixtures of heymilo-async: a HeyMilo of one's own.
"""

from __future__ import annotations

pytest_plugins = ["heymilo_async.testing"]
