"""
The application: its routes, its error handlers, and one HeyMilo client for as long as it runs.

    uvicorn --factory app.main:create_app
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from heymilo_async import AsyncHeyMilo, RetryPolicy

from . import errors, numbers


def create_app(*, deadline: float = 5.0, retry: RetryPolicy | None = None) -> FastAPI:
    """
    Return the application; its HeyMilo key is read from HEYMILO_API_KEY when it starts.

    Args:
        deadline: Seconds that one request may spend on HeyMilo, retries included.
        retry: The number of retries, and the waits in between.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        # One client for all requests: they share its connections, and its cool-down after a 429.
        async with AsyncHeyMilo(deadline=deadline, retry=retry or RetryPolicy()) as client:
            app.state.heymilo = client
            yield

    app = FastAPI(title="Phone desk", lifespan=lifespan)
    app.include_router(numbers.router)
    errors.add_to(app)
    return app
