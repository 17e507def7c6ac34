"""
Hooks of schemathesis: they put existing ids into bodies where the contract cannot express which ids
exist.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis

#: Members of a posting that refer to other objects; without them it has the defaults.
_REFERENCES = (
    "phone_number_id",
    "sender_email_id",
    "email_template_group_id",
    "design_template_group_id",
)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """
    Return *body* with ids and names that the sandbox knows.
    """
    operation = context.operation.definition.raw.get("operationId")
    if not isinstance(body, dict):
        return body
    body = {name: value for name, value in body.items() if name not in _REFERENCES}
    if operation == "createPosting":
        # Only one of the two is allowed.
        body.pop("interview_template_id" if body.get("workflow") else "workflow", None)
        if "workflow" not in body:
            body["interview_template_id"] = os.environ["HEYMILO_TEST_TEMPLATE"]
    elif operation == "createWebhook":
        body["posting_id"] = os.environ["HEYMILO_TEST_POSTING"]
    elif operation == "reorderQuestions":
        body["modality"] = os.environ["HEYMILO_TEST_MODALITY"]
        body["order"] = os.environ["HEYMILO_TEST_ORDER"].split()
    elif operation in {"resolveAtsCandidate", "pushAtsCandidate"}:
        body["ats_name"] = "Bullhorn"
    if isinstance(body.get("deadline"), str):
        body["deadline"] = "2030-01-01T00:00:00Z"
    return body
