"""
The contract's shapes that all resources share, as FastAPI publishes them.

A model that the contract gives no description has no docstring, because pydantic would publish it:
what there is to say about such a model stands above it, as a comment.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


# Whatever the sandbox keeps in a `Store`. Frozen, so that what a caller was given cannot be changed
# behind the lock.
class Resource(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True)

    id: str


class PaginationMeta(BaseModel):
    has_more: bool = Field(description="Whether more results exist beyond this page")
    total_count: int | None = Field(
        default=None, description="Total number of results (if available)"
    )
    url: str | None = Field(default=None, description="URL of this resource")


class ListResponse(BaseModel, Generic[T]):
    data: list[T]
    pagination: PaginationMeta


class SingleResponse(BaseModel, Generic[T]):
    data: T
    meta: dict[str, Any] | None = Field(
        default=None, description="Optional metadata. Shape varies by endpoint."
    )


class APIErrorDetail(BaseModel):
    code: str = Field(description="Machine-readable error code")
    message: str = Field(description="Human-readable explanation")
    param: str | None = Field(default=None, description="Parameter that caused the error")


class APIError(BaseModel):
    type: str = Field(description="Error category")
    code: str = Field(description="Machine-readable error code")
    message: str = Field(description="Human-readable summary")
    param: str | None = Field(default=None, description="Top-level parameter that caused the error")
    doc_url: str | None = Field(default=None, description="Link to relevant documentation")
    errors: list[APIErrorDetail] = Field(
        default_factory=list[APIErrorDetail], description="Detailed per-field validation errors"
    )


class APIErrorResponse(BaseModel):
    error: APIError


# FastAPI publishes a model of this name too, but its own has grown `input` and `ctx` since:
# https://github.com/fastapi/fastapi/blob/master/fastapi/openapi/utils.py
class ValidationError(BaseModel):
    loc: list[str | int] = Field(title="Location")
    msg: str = Field(title="Message")
    type: str = Field(title="Error Type")


class HTTPValidationError(BaseModel):
    detail: list[ValidationError] = Field(default_factory=list[ValidationError])
