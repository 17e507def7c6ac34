"""
An integration that does no harm when something fails.
"""

from __future__ import annotations

from heymilo_async import Candidate, HeyMilo, HeyMiloError

NAME, EMAIL = "Jo Doe", "jo.doe@example.com"


def run(base_url: str, api_key: str) -> int:
    """
    Invite somebody, and return the number of candidates afterwards.
    """
    with HeyMilo(api_key, base_url=base_url, deadline=60.0) as client:
        # The client waits as long as the server asks, and resumes a walk where it failed.
        posting = client.postings.list(limit=10)[0].id
        known = {one.interview_id for one in client.candidates.list_all(posting, page_size=10)}

        made = invite(client, posting)

        new = client.candidates.list_all(posting, created_after=made.created_at)
        return len(known | {one.interview_id for one in new})


def invite(client: HeyMilo, posting: str) -> Candidate:
    """
    Invite somebody once; search the list before a second attempt.
    """
    while True:
        try:
            client.candidates.ingest(posting, name=NAME, email=EMAIL)
        except HeyMiloError as error:
            if not error.maybe_sent:
                raise
        found = next(iter(client.candidates.find(posting, email=EMAIL)), None)
        if found is not None:
            return found
