"""
Phone numbers as the contract has them, made up from their index.
"""

from __future__ import annotations

import json
from typing import Any


def id_of(index: int) -> str:
    """
    Return the id of the number at *index*.
    """
    return f"PN{index:06d}"


def number(index: int) -> dict[str, Any]:
    """
    Return the number at *index*, as JSON has it.
    """
    return {
        "id": id_of(index),
        "object": "phone_number",
        "phone_number": f"+1206{5550000 + index % 10_000}",
        "country_code": "US",
        "active": index % 7 != 0,
        "date_provisioned": 1739612400.0 + index,
    }


def page(start: int, count: int, total: int) -> bytes:
    """
    Return the JSON of a page: *count* numbers from *start* on, of *total*.
    """
    end = min(start + count, total)
    return json.dumps(
        {
            "data": [number(index) for index in range(start, end)],
            "pagination": {
                "url": "/api/v2/phone-numbers",
                "has_more": end < total,
                "total_count": total,
            },
        },
        separators=(",", ":"),
    ).encode()


def single(index: int) -> bytes:
    """
    Return the JSON of one number.
    """
    return json.dumps({"data": number(index), "meta": None}, separators=(",", ":")).encode()
