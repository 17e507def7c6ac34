"""
An interview with a long transcript, made up from the number of its entries.
"""

from __future__ import annotations

import json

ID = "061FA1AC"

_WORDS = ["we", "had", "a", "deadline", "and", "the", "customer", "moved", "it"]


def interview(entries: int) -> bytes:
    """
    Return the JSON of an interview whose transcript has so many *entries*.
    """
    transcript = [
        {
            "speaker": "Candidate" if index % 2 else "Interviewer",
            "text": f"{index} " + " ".join(_WORDS[index % 5 :] * 2),
            "timestamp": index * 1.5,
            "timestamp_str": f"{index // 60:02}:{index % 60:02}",
        }
        for index in range(entries)
    ]
    steps = [
        {
            "step_id": f"agent_{order}",
            "order": order,
            "status": "completed",
            "started": True,
            "completed": True,
            "knocked_out": False,
            "last_updated_at": 1739612400.5 + order,
        }
        for order in range(4)
    ]
    data = {
        "object": "interview_data",
        "interview_id": ID,
        "candidate_id": "cand_3c80cf6e",
        "posting_id": "178E7C12",
        "name": "Tara Specimen",
        "email": "tara.specimen@example.com",
        "score": 71.5,
        "status": "completed",
        "workflow": {"steps": steps, "all_complete": True, "last_activity_at": 1739612405.5},
        "web_interview": {
            "object": "web_interview_result",
            "interview_id": ID,
            "match_score": 71,
            "highlights": ["Gives examples."],
            "transcript": transcript,
        },
        "metadata": {"source": "benchmark"},
    }
    return json.dumps({"data": data, "meta": None}, separators=(",", ":")).encode()
