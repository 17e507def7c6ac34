"""
The numbered faults that this client must survive, and the required outcome of each.

A test names its cases in the first words of its docstring: "Case 4: ...". `pytest --case 4` runs
those tests, and `tests/test_catalogue.py` checks that each case has a test.
"""

from __future__ import annotations

import re

#: Sections of the catalogue: the first number of each, and its subject.
SECTIONS = {
    1: "Which results are retried",
    13: "Backoff",
    18: "Retry-After and rate limits",
    32: "The retry budget",
    37: "Timeouts and deadlines",
    46: "Connections and the protocol",
    64: "Bodies: size, encoding, JSON",
    82: "Responses that differ from the contract",
    92: "Walking through pages",
    106: "Identifiers, paths and queries",
    115: "Secrets, redirects, configuration, proxies",
    129: "Cancellation, lifecycle, concurrency",
    149: "Views, hooks, errors as objects, logs",
    185: "Problems that users of other clients reported",
}

#: Every case: the fault, and the required outcome.
CASES = {
    1: "A 429 without Retry-After, then a success: the value, after a wait of at most 1 s.",
    2: "408, 500, 502, 503 or 504, then a success: the value, after a wait of at most 0.5 s.",
    3: "503 for ever: the last response as ServerError, with every attempt in it.",
    4: "Any other 4xx: the error of its class, at once.",
    5: "501, 505, 511 and unknown statuses: an error at once.",
    6: "One attempt only: the error at once, whatever Retry-After says.",
    7: "An invalid number of attempts: refused before anything is sent.",
    8: "A creating call: repeated only after a refusal, or if it was never sent.",
    9: "A DELETE that was carried out, but whose response was lost: one documented outcome.",
    10: "Failures before a success: the result has their number.",
    11: "An id of the call in a header of its own: the same for all of its attempts.",
    12: "No failure: no wait, and the timeouts as they were given.",
    13: "The waits double from the first one up to the maximum.",
    14: "The jitter is even over the whole window.",
    15: "Many clients that fail at once do not retry at the same time.",
    16: "During a wait the event loop runs other tasks.",
    17: "A wait that is not a valid number never reaches the clock.",
    18: "Retry-After: 20 is a wait of 20 to 22 s.",
    19: "Retry-After: 0 is a retry after the usual wait at most.",
    20: "An unreadable Retry-After is ignored.",
    21: "A Retry-After of thirty-five or of thousands of digits: RateLimitError at once.",
    22: "A wait up to the allowed maximum is kept; a longer one is an error at once.",
    23: "Blanks around the number are ignored.",
    24: "The client waits for a date; a past one is ignored.",
    25: "Invalid dates, even of 100 KB, are ignored.",
    26: "Two Retry-After fields: the later time counts.",
    27: "503 and 500 may ask for a wait; a success, a redirect and a 400 may not.",
    28: "RateLimit gives the wait when Retry-After does not; if malformed, it is ignored.",
    29: "A wait that does not fit the deadline: the error at once.",
    30: "900 calls against 300 a minute: all succeed, paced by the client.",
    31: "A 429 with an empty body: RateLimitError without a known wait.",
    32: "Every call fails: soon no retries are left, and the error says so.",
    33: "Successes restore retries, never beyond the capacity.",
    34: "The retry budget under threads and tasks: always within its bounds.",
    35: "A budget for one retry: one retry.",
    36: "Two clients have two budgets; views of one share it.",
    37: "A TLS handshake without a response: APITimeoutError in time.",
    38: "No response: APITimeoutError after each attempt's timeout.",
    39: "A body that arrives byte by byte: DeadlineExceededError in time.",
    40: "Waits within a deadline: none starts that would end after it.",
    41: "A caller's own timeout ends a wait, as the caller's own exception.",
    42: "A caller's own timeout ends a walk, and the walk knows its position.",
    43: "Timeouts and deadlines that are out of range are refused.",
    44: "Informational responses: any number before the final one; if endless, the deadline.",
    45: "A caller's timeout within a longer deadline: the earlier one counts.",
    46: "A connection that ends before any byte: the next attempt has the value.",
    47: "A reset, or a half-close: the next attempt has the value.",
    48: "A response that is not HTTP: APIConnectionError of the phase `protocol`, in short.",
    49: "A body shorter than its length: the next attempt has the value.",
    50: "A chunked body that is cut: the next attempt has the value.",
    51: "A chunk with an invalid end: an error of the protocol.",
    52: "An endless head: an error of the protocol, long before its end.",
    53: "Idle connections that the server closes while they are reused: no call fails.",
    54: "Requests on kept connections that the server drops: no call fails.",
    55: "A 408 on an idle connection is not the next call's response.",
    56: "Connection refused, refused, accepted: the value.",
    57: "A name that does not resolve: retried, then an error that names it.",
    58: "An untrusted certificate, one of another host, or plain HTTP: an error at once.",
    59: "A certificate that has expired or is not yet valid: the same, with its dates.",
    60: "A server that closes each connection: none stays open in the client.",
    61: "A body with two framings: read, and its connection not reused.",
    62: "A response before the request was read: a value or an error, never a hang.",
    63: "5 % of random faults over 2,000 calls: at least 99.9 % succeed.",
    64: "A success without an object in it: ResponseDecodeError with an excerpt.",
    65: "JSON with another content type: the value.",
    66: "An error's body of any shape: the class by the status.",
    67: "An error's body of 50 MB: 64 KiB of it are kept.",
    68: "Bytes that are not UTF-8: ResponseDecodeError.",
    69: "An unpaired surrogate: every result can be printed, logged and pickled.",
    70: "Endless nesting: ResponseDecodeError, never RecursionError.",
    71: "A number of 5,000 digits: ResponseDecodeError, fast.",
    72: "NaN and infinities: ResponseDecodeError.",
    73: "JSON of a public test suite's kinds: invalid text is refused, valid text is read.",
    74: "Duplicate keys: one rule, the same everywhere.",
    75: "A body of 10 GB, or an endless one: ResponseTooLargeError, in little memory.",
    76: "A gzip bomb: ResponseTooLargeError, in little memory.",
    77: "Accept-Encoding does not depend on what is installed.",
    78: "Stacked, unknown or broken encodings: ResponseDecodeError.",
    79: "Truncated compressed data: never taken for complete.",
    80: "200,000 chunks of one byte: the value, in time, without blocking the event loop.",
    81: "A page of 5 MB: the value, without blocking the event loop.",
    82: "Unknown members: the value, and they are kept.",
    83: "A required member is missing: ResponseDecodeError with its path.",
    84: "A null member that must not be null: ResponseDecodeError with its path.",
    85: "A member of another type: ResponseDecodeError, no conversion.",
    86: "A date in place of a number: ResponseDecodeError.",
    87: "A phone number in any notation: returned unchanged.",
    88: "An unknown literal: the value.",
    89: "A page without a list: ResponseDecodeError, never an empty page.",
    90: "One bad item of a hundred: the error has its index, and the body.",
    91: "The response is about another number: ResponseMismatchError.",
    92: "Three pages: all items in order, with the same arguments.",
    93: "A page promises more, and is empty: PaginationError.",
    94: "The same page for ever: PaginationError, each item once.",
    95: "A wrong total changes no item.",
    96: "A URL in a page is never requested.",
    97: "A cursor with every special character is one argument.",
    98: "A page that fails: the error's cursor resumes the walk.",
    99: "A 429 in the middle of a walk: all items once.",
    100: "A walk that ends early: nothing stays open, and nothing is logged.",
    101: "A slow consumer: no timeout of the walk affects it.",
    102: "A limit out of its range: refused before anything is sent.",
    103: "Endless pages, and a maximum of items: no superfluous request.",
    104: "An item deleted between pages: NotFoundError with the cursor.",
    105: "A walk with a closed client: ClientClosedError; each iteration starts again.",
    106: "An empty id: refused, never the list instead.",
    107: "Dots as an id: refused.",
    108: "Slashes, question marks, percent signs: one segment of the path.",
    109: "A URL as an id: one segment, or refused.",
    110: "Control characters, and ids of 100 KB: refused, with a short text.",
    111: "An id that is not a str: TypeError.",
    112: "Any text: refused, or decoded unchanged by the server.",
    113: "An id that is also a route: refused before anything is sent.",
    114: "Values of queries and headers cannot add another one.",
    115: "An invalid key: ConfigurationError that names the variable.",
    116: "Blanks around a key: stripped, or refused.",
    117: "A key with a line break: refused.",
    118: "The key appears in no representation, no error, no traceback.",
    119: "Pickles and copies: without a key, and complete otherwise.",
    120: "The key appears in no log, of any level.",
    121: "Redirects are not followed: UnexpectedRedirectError.",
    122: "A download that redirects to another host: followed once, and without a credential.",
    123: "Cookies are not kept.",
    124: "An invalid base URL: refused.",
    125: "Proxies and certificates of the environment: used, or an error that names the variable.",
    126: "Two clients, two keys, interleaved: each request has its own.",
    127: "The environment changes afterwards: no effect.",
    128: "No dependency with a known vulnerability is allowed.",
    129: "Cancelled at any moment: the call ends soon, and the client stays usable.",
    130: "Cancelled again and again: no connection of the pool is lost.",
    131: "Cancelled during a wait: no attempt follows.",
    132: "A sibling task fails: its error only.",
    133: "Tasks that fail at once: each has its own attempts.",
    134: "Closed with calls in flight, closed twice: ClientClosedError, soon.",
    135: "One client in one event loop after another: it works.",
    136: "One client in two event loops at once: it works, or one clear error.",
    137: "10,000 calls at once: all succeed.",
    138: "32 threads share a blocking client: every response reaches its caller.",
    139: "Forks: every response reaches the process of its request.",
    140: "Ctrl-C in a blocking call: it ends at once, and the client stays usable.",
    141: "A program that ends with an open client: no delay, no output.",
    142: "The blocking client within an event loop: it works.",
    143: "A client that is deleted: no task remains.",
    144: "100 clients made, used and closed: nothing remains.",
    145: "Calls that fail: no connection stays in use.",
    146: "Minutes at 5 % faults: nothing grows.",
    147: "No connection becomes free: APITimeoutError of the pool.",
    148: "The whole suite in debug mode, and on another event loop: green.",
    149: "Every setting can be changed for a view.",
    150: "A view's settings are its own.",
    151: "Deleting a view affects neither the client nor other views.",
    152: "An exception of a caller's hook is raised unchanged.",
    153: "All errors have one root class, and the facts about their call.",
    154: "The log of a call with two retries.",
    185: "One event loop after the other: at most one is kept, and no file descriptor.",
    186: "A signal handler raises any exception within a blocking call: it is raised unchanged.",
    187: "A TLS check in Python refuses a certificate: a TLS error, at once.",
    188: "Mocks, type hints and frameworks inspect an operation: it has the right kind.",
    189: "No further thread can be started: the result, with the existing threads.",
    190: "Threads with event loops of their own share a client: every call succeeds.",
    191: "Tools that mock or watch HTTP: they see each request; a mock's exception is unchanged.",
    192: "Bytes after the end of gzip, or identity beside it: read, as httpx reads it.",
    193: "An unwritable key log, no free file descriptor: no certificate is blamed.",
    194: "A cool-down is extended while calls wait for it: nothing is sent before its end.",
    195: "A rate limit in a cold process: the server never sees more than it allows.",
    196: "A Redis that dies under a shared limit: no more than the limit, plus what was under way.",
    197: "A Redis that accepts connections and never responds: few threads, and no call is late.",
    198: "Hypothesis builds models, and another retry around a call works: as the guide says.",
    199: "A test marked for each event loop, in both modes of pytest-asyncio: as the page says.",
    200: "The response of a creating call is lost: one request, and the error says how to look.",
    201: "An update without members, with None, with a default: refused, null, not sent.",
    202: "The preview of a voice on another host: one redirect is followed, without a credential.",
    203: "Secrets in responses and in bodies: in no repr, log, event or error of ours.",
}

#: Every number that the catalogue has.
NUMBERS = (*range(1, 155), *range(185, 204))

#: How many places in the API's contract mislead a good guess. A test about one says so in its
#: docstring: "Trap 4: ...".
TRAPS = 50

#: Numbers that have no case yet, and their subjects.
MISSING: dict[int, str] = {}

#: Cases that no test shows yet, and why.
WAITING = {
    11: "no such header is sent: the API documents none",
}

_PURE = "arithmetic that all fronts share"
_CANCELLED = "only an event loop cancels; the counterpart in blocking code is Ctrl-C, case 140"
_LOOPS = "it is about event loops"

#: Cases that do not apply to all three fronts, and why.
NOT_ON_ALL_FRONTS = {
    13: _PURE,
    14: _PURE,
    15: _PURE,
    16: "only an event loop runs other tasks during a wait",
    17: _PURE,
    34: _PURE,
    41: _CANCELLED,
    42: _CANCELLED,
    45: _CANCELLED,
    128: "it is about versions",
    129: _CANCELLED,
    130: _CANCELLED,
    131: _CANCELLED,
    135: _LOOPS,
    136: _LOOPS,
    137: "the blocking client makes one call at a time in each thread, case 138",
    139: "it forks in programs of its own, one blocking and one with an event loop",
    140: "in an event loop, the loop handles Ctrl-C",
    185: _LOOPS,
    186: "in an event loop a signal handler runs in the loop, not in a call",
    188: "it is about the classes, without a call",
    189: "only blocking calls need threads",
    190: _LOOPS,
    198: "it is about models and a guide",
    199: "it is about event loops and the plugins that make them",
    142: "it is about the blocking client",
    146: _CANCELLED,
    148: _LOOPS,
}

#: Cases whose full size belongs to `nox -s soak`; the tests run a small size.
FULL_SIZE_IN_SOAK = frozenset({63, 137, 144, 146, 148})

_DOCUMENTED = re.compile(r"\s*Cases? (\d[\d, toand]*)")
_TRAPS = re.compile(r"\b[Tt]raps? (\d[\d, toand]*)")
_RANGE = re.compile(r"(\d+)(?: to (\d+))?")


def cases_of(docstring: str | None) -> set[int]:
    """
    Return the numbers of the cases that a test with this *docstring* shows.
    """
    told = _DOCUMENTED.match(docstring or "")
    return _numbers(told[1]) if told else set()


def traps_of(docstring: str | None) -> set[int]:
    """
    Return the numbers of the misleading places of the contract that a test is about.
    """
    return {number for told in _TRAPS.findall(docstring or "") for number in _numbers(told)}


def _numbers(text: str) -> set[int]:
    return {
        number
        for first, last in _RANGE.findall(text)
        for number in range(int(first), int(last or first) + 1)
    }


def section_of(number: int) -> str:
    """
    Return the subject of the section of case *number*.
    """
    return SECTIONS[max(first for first in SECTIONS if first <= number)]
