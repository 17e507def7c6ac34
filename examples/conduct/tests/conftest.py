"""
Loads the fixtures of heymilo-async, which start a sandbox and judge the requests that it receives.
"""

from __future__ import annotations

pytest_plugins = ["heymilo_async.testing"]
