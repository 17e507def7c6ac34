"""
Initial values of resources, where generated values from the contract's schema are not enough.

Each resource has a line. A str is a format (`n` counts from 0, `hash` has 32 hexadecimal digits).
The items take the values of a tuple in turn. A value with `@` is the id of another resource's item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PAGES: Final = ("welcome_page", "status_page", "interview_complete_page", "interview_page")
_KEYS: Final = (
    *("WEB_INTERVIEW_INVITATION", "WEB_INTERVIEW_NUDGE", "WEB_INTERVIEW_FINAL_NUDGE"),
    *("RESUME_INVITATION", "RESUME_NUDGE", "FORM_INVITATION", "FORM_NUDGE"),
    *("SCHEDULING_LINK_EMAIL", "REPORT_READY_EMAIL"),
)
_VOICES: Final = ("Aria", "Bruno", "Clara", "Davide", "Elena", "Felix", "Greta")

#: The default number of items per resource.
COUNT: Final = 24
COUNTS: Final[Mapping[str, int]] = {"connections": 2, "domains": 3}

SEEDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "connections": {"ats_provider": ("bullhorn", "avionte"), "source": ("native", "kombo")},
    "design_template_groups": {"id": "{hash:.12}", "template_mappings": {"welcome_page": "@design_templates"}},
    "design_templates": {"id": "{hash:.12}", "template_type": _PAGES},
    "domains": {"id": "{hash:.8}", "domain": "careers{n}.example.com", "status": ("active", "pending", "error"), "active": (True, False, False)},
    "email_template_groups": {"id": "{hash:.12}", "template_mappings": {"WEB_INTERVIEW_INVITATION": "@email_templates"}, "sender_email_id": ("@sender_emails", None)},
    "email_templates": {"id": "{hash:.12}", "template_key": _KEYS, "subject": "Your interview, {{{{candidate_name}}}}", "content": "<p>Hello {{{{candidate_name}}}}!</p>"},
    "interview_templates": {"id": "IT_{hash:.6}", "template_code": "TPL-{n:03}", "is_default": (True, *[False] * 23)},
    "sender_emails": {"id": "{hash:.12}", "email_prefix": "hiring{n}", "domain": ("careers0.example.com", "careers1.example.com", "careers2.example.com"), "full_email": ("hiring{n}@careers0.example.com", "hiring{n}@careers1.example.com", "hiring{n}@careers2.example.com"), "domain_id": "@domains"},
    "voices": {"id": "wrv-{hash:.8}", "name": _VOICES, "provider": ("elevenlabs", "cartesia", "lmnt"), "gender": ("female", "male", "neutral"), "labels": {"accent": "neutral"}},
}  # fmt: skip
