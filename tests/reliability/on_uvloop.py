"""
A plugin of pytest that lets asyncio run on uvloop: `pytest -p reliability.on_uvloop`.
"""

from __future__ import annotations

import asyncio

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
