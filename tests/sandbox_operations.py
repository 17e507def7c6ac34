"""
A valid request for each operation of the contract.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import attrs

from heymilo_async import sandbox

CONTRACT = json.loads((Path(sandbox.__file__).parent / "contract.json").read_text("utf-8"))

PERSON = {"name": "Ada Example", "email": "ada@example.com"}
#: A body for each operation that takes one.
BODIES: dict[str, Any] = {
    "createPosting": {"title": "Baker", "workflow": [{"type": "web_interview"}]},
    "updatePosting": {"title": "Head Baker"},
    "updateInterviewerWorkflowStep": {"config": {"instructions": "Be kind."}},
    "createQuestion": {"modality": "voice", "text": "What do you bake?"},
    "updateQuestion": {"text": "What do you bake best?"},
    "reorderQuestions": {"modality": "sms", "order": []},
    "ingestCandidate": PERSON,
    "ingestCandidateAsync": PERSON,
    "ingestCandidatesBulk": {"data": [PERSON]},
    "ingestCandidatesBulkAsync": {"data": [PERSON]},
    "setInterviewMetadata": {"metadata": {"row": "1"}},
    "createWebhook": {
        "posting_id": "",
        "webhook_url": "https://example.com/hook",
        "event_type": "interview_completed",
    },
    "resolveAtsCandidate": {"ats_name": "bullhorn", "email": "ada@example.com"},
    "pushAtsCandidate": {"ats_name": "avionte", "candidate": {"first_name": "Ada"}},
}


@attrs.frozen
class Operation:
    """
    An operation of the contract.
    """

    id: str
    method: str
    path: str
    said: dict[str, Any]

    @property
    def status(self) -> int:
        """
        The lowest success status.
        """
        return min(int(status) for status in self.said["responses"] if status.startswith("2"))

    @property
    def schema(self) -> Any:
        """
        The schema of that response.
        """
        content = self.said["responses"][str(self.status)]["content"]
        schema = content["application/json"]["schema"]
        return schema if schema is True else {**schema, "components": CONTRACT["components"]}

    @property
    def is_typed(self) -> bool:
        """
        Whether the contract has a schema for its `data`.
        """
        return self.schema is not True and "Response_" in self.schema.get("$ref", "")

    @property
    def query(self) -> list[str]:
        """
        The names of its query parameters.
        """
        return [one["name"] for one in self.said.get("parameters", []) if one["in"] == "query"]

    @property
    def body_schema(self) -> Any:
        """
        The schema of its body.
        """
        schema = self.said["requestBody"]["content"]["application/json"]["schema"]
        return CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]

    @property
    def parameters(self) -> list[str]:
        """
        The names of its path parameters.
        """
        return re.findall(r"{(\w+)}", self.path)


OPERATIONS = [
    Operation(said["operationId"], method.upper(), path, said)
    for path, methods in CONTRACT["paths"].items()
    for method, said in methods.items()
]


def first(milo: sandbox.Sandbox, name: str) -> Any:
    """
    Return the first item of the resource *name*.
    """
    return next(iter(milo.stores[name]))


def path_of(milo: sandbox.Sandbox, operation: Operation) -> str:
    """
    Return the path of *operation* with existing ids.
    """
    resource = operation.path.removeprefix("/api/v2/").partition("/")[0].replace("-", "_")
    ids = {
        "posting_id": lambda: first(milo, "postings").id,
        "question_id": lambda: first(milo, "questions").id,
        "step_id": lambda: "1",
        "interview_id": lambda: first(milo, "candidates").interview_id,
        "webhook_id": lambda: first(milo, "webhooks").webhook_id,
        "item_id": lambda: first(milo, "pushes").item_id,
    }
    return operation.path.format(
        **{
            name: ids[name]() if name in ids else first(milo, resource).id
            for name in operation.parameters
        }
    )


def body_of(milo: sandbox.Sandbox, operation: Operation) -> Any:
    """
    Return a body for *operation*, None if it takes none.
    """
    body = BODIES.get(operation.id)
    if operation.id == "createWebhook":
        return {**body, "posting_id": first(milo, "postings").id}
    if operation.id == "reorderQuestions":
        asked = milo.stores["questions"]
        posting_id = first(milo, "postings").id
        order = [one.id for one in asked if one.modality == "sms" and one.posting_id == posting_id]
        return {**body, "order": order}
    return body
