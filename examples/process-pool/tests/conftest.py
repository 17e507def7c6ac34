"""
Loads the fixtures of heymilo-async, which start a sandbox.
"""

from __future__ import annotations

pytest_plugins = ["heymilo_async.testing"]
