"""
The numbered faults that this client must survive, and the required outcome of each.

A test says in the first words of its docstring which of them it shows: "Case 4: ...". So
`pytest --case 4` runs those tests, and `tests/test_catalogue.py` holds that no case is without one.
"""

from __future__ import annotations

import re

#: Sections of the catalogue: the first number of each, and its subject.
SECTIONS = {
    1: "Which results are retried",
    13: "Backoff",
    18: "Retry-After and rate limits",
    32: "The budget for retries",
    37: "Timeouts and deadlines",
    46: "Connections and the protocol",
    64: "Bodies: size, encoding, JSON",
    82: "Answers that drift from the contract",
    92: "Walking through pages",
    106: "Identifiers, paths and queries",
    115: "Secrets, redirects, configuration, proxies",
    129: "Cancellation, lifecycle, concurrency",
    149: "Views, hooks, errors as objects, logs",
    185: "What hurt users of other clients",
}

#: Every case: the fault, and the required outcome.
CASES = {
    1: "A 429 without Retry-After, then an answer: the value, after a wait of at most 1 s.",
    2: "408, 500, 502, 503 or 504, then an answer: the value, after a wait of at most 0.5 s.",
    3: "503 for ever: the last answer as ServerError, with every attempt in it.",
    4: "Any other 4xx: the error of its class, at once.",
    5: "501, 505, 511 and statuses nobody has heard of: an error at once.",
    6: "One attempt only: the error at once, whatever Retry-After says.",
    7: "A number of attempts that is none: refused before anything is sent.",
    8: "A creating call: repeated after a refusal or if it was never sent, and never else.",
    9: "A DELETE that was done but not answered: one documented outcome.",
    10: "Failures before a success: their number is told.",
    11: "An id of the call in a header of its own: the same for all of its attempts.",
    12: "Nothing goes wrong: no wait, and the timeouts as they were given.",
    13: "The waits double from the first one up to the longest.",
    14: "The jitter is even over the whole window.",
    15: "Many clients that fail at once do not come back at once.",
    16: "During a wait the event loop goes on.",
    17: "A wait that is no number never reaches the clock.",
    18: "Retry-After: 20 is a wait of 20 to 22 s.",
    19: "Retry-After: 0 is another try after the usual wait at most.",
    20: "A Retry-After that cannot be read is as none.",
    21: "A Retry-After of thirty-five or of thousands of digits: RateLimitError at once.",
    22: "Up to the longest wait that is allowed it is heeded; beyond it, an error at once.",
    23: "Blanks around the number are no part of it.",
    24: "Dates are waited for; those in the past are as none.",
    25: "Dates that are none, and 100 KB of them, are as none.",
    26: "Two Retry-After fields: the later time counts.",
    27: "503 and 500 may ask for a wait; a success, a redirect and a 400 may not.",
    28: "RateLimit tells the wait when Retry-After does not; if malformed, it is as none.",
    29: "A wait that does not fit the deadline: the error at once.",
    30: "900 calls against 300 a minute: all succeed, paced by the client.",
    31: "A 429 whose body says nothing: RateLimitError with no wait known.",
    32: "Every call fails: soon there are no retries left, and the error says so.",
    33: "Successes bring retries back, never more than there were.",
    34: "The budget under threads and tasks: within its bounds at any time.",
    35: "A budget for one retry: one retry.",
    36: "Two clients have two budgets; views of one share it.",
    37: "A TLS handshake nobody answers: APITimeoutError in time.",
    38: "No answer: APITimeoutError after each attempt's time.",
    39: "A body that drips: DeadlineExceededError in time.",
    40: "Waits within a deadline: none that would not end in time.",
    41: "A caller's own timeout ends a wait, as the caller's own exception.",
    42: "A caller's own timeout ends a walk, and the walk knows where it stood.",
    43: "Timeouts and deadlines that no clock can tell are refused.",
    44: "Informational answers: any number before the one that counts; without end, the deadline.",
    45: "A caller's timeout within a longer deadline: the sooner one counts.",
    46: "A connection that ends before any byte: the next try has the value.",
    47: "A reset, or a half-close: the next try has the value.",
    48: "What is not HTTP: APIConnectionError of the protocol, told in short.",
    49: "A body shorter than it said: the next try has the value.",
    50: "A chunked body that is cut: the next try has the value.",
    51: "A chunk that does not end as it must: an error of the protocol.",
    52: "A head without end: an error of the protocol, long before it is read.",
    53: "Idle connections that the server closes as they are used again: no call fails.",
    54: "Requests on kept connections that are read and dropped: no call fails.",
    55: "A 408 on an idle connection is not the next call's answer.",
    56: "Refused, refused, accepted: the value.",
    57: "A name that does not resolve: tried again, then an error that names it.",
    58: "A certificate nobody trusts, of another host, or plain HTTP: an error at once.",
    59: "A certificate that has expired or is not yet valid: as before, and it names the dates.",
    60: "A server that closes each connection: none stays open on this side.",
    61: "A body framed in two ways: read, and the connection not used again.",
    62: "An answer before the request was read: a value or an error, never a hang.",
    63: "5 % of random faults over 2,000 calls: at least 99.9 % succeed.",
    64: "A success without an object in it: ResponseDecodeError with an excerpt.",
    65: "JSON by another label: the value.",
    66: "An error's body of any shape: the class by the status.",
    67: "An error's body of 50 MB: 64 KiB of it are kept.",
    68: "Bytes that are not UTF-8: ResponseDecodeError.",
    69: "Half a surrogate pair: whatever comes of it can be shown, logged and pickled.",
    70: "Nesting without end: ResponseDecodeError, never RecursionError.",
    71: "A number of 5,000 digits: ResponseDecodeError, fast.",
    72: "NaN and infinities: ResponseDecodeError.",
    73: "JSON as others test it: what is none is refused, what is some is read.",
    74: "Duplicate keys: one rule, the same everywhere.",
    75: "A body of 10 GB, or without end: ResponseTooLargeError, in little memory.",
    76: "A gzip bomb: ResponseTooLargeError, in little memory.",
    77: "Accept-Encoding does not depend on what is installed.",
    78: "Encodings piled up, unknown or broken: ResponseDecodeError.",
    79: "Compressed data that is cut: never taken for whole.",
    80: "200,000 chunks of one byte: the value, in time, and the event loop goes on.",
    81: "A page of 5 MB: the value, and the event loop goes on.",
    82: "Unknown members: the value, and they are kept.",
    83: "A required member is missing: ResponseDecodeError with its path.",
    84: "A member is null that may not be: ResponseDecodeError with its path.",
    85: "A member of another type: ResponseDecodeError, nothing coerced.",
    86: "A date where a number is due: ResponseDecodeError.",
    87: "A phone number in any notation: as it was sent.",
    88: "A literal that is another: the value.",
    89: "A page without a list: ResponseDecodeError, never an empty page.",
    90: "One bad item of a hundred: the error has its index, and the body.",
    91: "The number that came is not the one asked for: ResponseMismatchError.",
    92: "Three pages: all items in order, with the same arguments.",
    93: "More is promised, and nothing comes: PaginationError.",
    94: "The same page for ever: PaginationError, each item once.",
    95: "A total that is wrong changes no item.",
    96: "A URL in a page is never requested.",
    97: "A cursor with every special character is one argument.",
    98: "A page that fails: the error's cursor resumes the walk.",
    99: "A 429 in the middle of a walk: all items once.",
    100: "A walk that is left: nothing stays open, nothing is said.",
    101: "A consumer that takes its time: no timeout of the walk's reaches it.",
    102: "A limit out of its range: refused before anything is sent.",
    103: "Pages without end, and a maximum of items: no request too many.",
    104: "An item deleted between pages: NotFoundError with the cursor.",
    105: "A walk through a closed client: ClientClosedError; walked again, it starts anew.",
    106: "An empty id: refused, never the list instead.",
    107: "Dots as an id: refused.",
    108: "Slashes, question marks, percent signs: one segment of the path.",
    109: "A URL as an id: one segment, or refused.",
    110: "Control characters, and ids of 100 KB: refused, and shown in short.",
    111: "An id that is no text: TypeError.",
    112: "Any text: refused, or exactly that text at the server.",
    113: "An id that is also a route: refused before anything is sent.",
    114: "Queries and headers cannot add another.",
    115: "A key that is none: ConfigurationError which names the variable.",
    116: "Blanks around a key: taken off, or refused.",
    117: "A key with a header in it: refused.",
    118: "The key is in no representation, no error, no traceback.",
    119: "Pickles and copies: refused for clients, faithful and without a key for all else.",
    120: "The key is in no log, of any level.",
    121: "Redirects are not followed: UnexpectedRedirectError.",
    122: "A download that redirects to another host: followed once, and without a credential.",
    123: "Cookies are not kept.",
    124: "A base URL that cannot be right: refused.",
    125: "Proxies and certificates of the environment: heeded, or an error that names the variable.",
    126: "Two clients, two keys, interleaved: each request has its own.",
    127: "The environment changes afterwards: no effect.",
    128: "No dependency with a known hole is allowed.",
    129: "Cancelled at any moment: soon over, and the client as good as before.",
    130: "Cancelled again and again: no place in the pool is lost.",
    131: "Cancelled during a wait: no attempt follows.",
    132: "A sibling task fails: its error only.",
    133: "Tasks that fail at once: each has its own attempts.",
    134: "Closed with calls in flight, closed twice: ClientClosedError, soon.",
    135: "One client in one event loop after another: works.",
    136: "One client in two event loops at once: works, or one clear error.",
    137: "10,000 calls at once: all succeed.",
    138: "32 threads share a blocking client: every answer reaches who asked.",
    139: "Forks: every answer reaches the process that asked.",
    140: "Ctrl-C in a blocking call: at once, and the client as good as before.",
    141: "A program that ends with an open client: no delay, no noise.",
    142: "The blocking client within an event loop: works.",
    143: "A client that is dropped: no task is left.",
    144: "100 clients made, used and closed: nothing is left.",
    145: "Calls that fail: no connection stays in use.",
    146: "Minutes at 5 % faults: nothing grows.",
    147: "No connection becomes free: APITimeoutError of the pool.",
    148: "The whole suite in debug mode, and on another event loop: green.",
    149: "Every setting can be changed for a view.",
    150: "A view's settings are its own.",
    151: "A view that goes takes nothing with it.",
    152: "What a caller's hook raises is the caller's.",
    153: "Every error has one root, and knows what it is about.",
    154: "What is logged of a call with two retries.",
    185: "One event loop after the other: at most one is kept, and no file descriptor.",
    186: "A signal handler raises anything within a blocking call: it leaves as it is, at once.",
    187: "A TLS check in Python refuses a certificate: an error of TLS, at once.",
    188: "Mocks, type hints and frameworks look at an operation: it is what it seems.",
    189: "No further thread can be started: the result, with the threads there are.",
    190: "Threads with event loops of their own share a client: every call is answered.",
    191: "Tools that mock or watch HTTP: they see each request; what a mock raises leaves as it is.",
    192: "Bytes behind the end of gzip, or identity beside it: read, as httpx reads it.",
    193: "A key log that cannot be written, no file descriptor left: no certificate is blamed.",
    194: "A pause grows while calls wait for it: nothing is sent before its end.",
    195: "A rate limit in a cold process: the server never sees more than it allows.",
    196: "A Redis that dies under a shared limit: no more than the limit, and what was under way.",
    197: "A Redis that accepts and says nothing: few threads, and no call too late for it.",
    198: "Hypothesis builds a model, and another retry goes round a call: as the guide says.",
    199: "A test marked for each event loop, in both modes of pytest-asyncio: as the page says.",
    200: "The answer of a creating call is lost: it is sent once, and the error says how to look.",
    201: "An update with nothing, with None, with a default: refused, null, not sent.",
    202: "The preview of a voice is on another host: followed once, without a credential.",
    203: "Secrets in answers and in bodies: in no repr, log, event or error of ours.",
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
    11: "no such header is sent: the API does not know one, and would not tell what it does with it",
}

_PURE = "arithmetic that all fronts share"
_CANCELLED = "only an event loop cancels; what the blocking client has instead is Ctrl-C, case 140"
_LOOPS = "it is about event loops"

#: Cases that do not apply to all three fronts, and why.
NOT_ON_ALL_FRONTS = {
    13: _PURE,
    14: _PURE,
    15: _PURE,
    16: "only an event loop has something else to do during a wait",
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
    137: "the blocking client has as many calls at once as there are threads, case 138",
    139: "it forks in programs of its own, one blocking and one with an event loop",
    140: "in an event loop Ctrl-C is the loop's business",
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
