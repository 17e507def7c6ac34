"""
A client's settings: checks them, keeps them in frozen values with masked secrets, pickles them.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote, urlsplit

import attrs

from .._distribution import missing
from .._values import NOT_GIVEN, Record
from ..errors import ConfigurationError
from .arguments import seconds, whole_number, wrong_type
from .emitter import Emitter
from .secrets import CredentialSource, Secret, is_coroutine_function, is_secret_name

#: The environment variable for the storage's password, if its URL has none.
STORAGE_PASSWORD = "HEYMILO_STORAGE_PASSWORD"  # noqa: S105 - the name, not the password

DEFAULT_BASE_URL = "https://api.heymilo.ai"

#: Visible ASCII with spaces inside: valid in a header without quoting or folding.
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONGEST_HEADER_VALUE = 8192

#: A URL that an error may show. A key does not match: it lacks dots, or has capitals or long parts.
_SHOWN_URL = re.compile(
    r"(?P<scheme>[a-z]{2,8}://)?(?P<user>[^/@?#\s]*@)?"
    r"(?P<place>(?:localhost|(?:[a-z0-9-]{1,24}\.)+[a-z0-9-]{1,24}|\[[0-9a-f:.]{2,39}\])"
    r"(?::[a-z0-9-]{0,6})?(?:/[a-z0-9._~-]{0,12}){0,8})(?P<rest>[?#].*)?",
    re.ASCII,
)

#: Headers that only the client sets: credentials, and headers that frame a message.
_RESERVED_HEADERS: Mapping[str, str] = {
    "x-api-key": "use api_key=",
    "authorization": "use access_token=",
    "proxy-authorization": "put the credentials into proxy=",
    "cookie": "this API has no cookies, and a cookie is a credential",
    "x-workspace-id": "use workspace_id=",
    "accept-encoding": "the client decodes only gzip",
    "connection": "the client manages its connections itself",
    "content-length": "the client frames its messages itself",
    "expect": "the client does not wait for 100 Continue",
    "host": "use base_url=",
    "http2-settings": "the client does not change the protocol",
    "keep-alive": "the client manages its connections itself",
    "proxy-connection": "the client manages its connections itself",
    "te": "the client frames its messages itself",
    "trailer": "the client frames its messages itself",
    "transfer-encoding": "the client frames its messages itself",
    "upgrade": "the client does not change the protocol",
}

T = TypeVar("T")


#: The credential by which the server counts requests: a key, a token, or both.
Credential = tuple["Secret | None", "Secret | None"]


def _whole(lowest: int) -> Any:
    def validate(_: object, attribute: attrs.Attribute[int], value: object) -> None:
        whole_number(attribute.name, value, lowest)

    return validate


def _duration(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    seconds(attribute.name, value, zero=True)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetryPolicy(Record):
    """
    How often a call is retried, and how long it waits between attempts.

    The wait before attempt *n* + 1 is a random number of seconds between 0 and
    `initial_delay * 2 ** (n - 1)`, at most `max_delay` (exponential backoff with full jitter),
    unless the server says how long to wait.

    Attributes:
        max_attempts: Maximum number of attempts, 1 or more, including the first one; 1 means no
            retry.
        initial_delay: The longest wait before the second attempt, in seconds, 0 or more.
        max_delay: The longest wait before any attempt, in seconds, 0 or more.
        max_retry_after: The longest wait that the server may ask for, in seconds, 0 or more. If it
            asks for more, its error is raised at once, with `.retry_after` set. A call waits no
            longer than this for a pause that the server asked another call for.

    Raises:
        ConfigurationError: A number is out of range.
        TypeError: A value is not a number.

    Example:
        >>> from heymilo_async import RetryPolicy
        >>> RetryPolicy(max_attempts=5)
        RetryPolicy(max_attempts=5, initial_delay=0.5, max_delay=8.0, max_retry_after=60.0)
    """

    max_attempts: int = attrs.field(default=3, validator=_whole(1))
    initial_delay: float = attrs.field(default=0.5, validator=_duration)
    max_delay: float = attrs.field(default=8.0, validator=_duration)
    max_retry_after: float = attrs.field(default=60.0, validator=_duration)


def _timeout(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    seconds(attribute.name, value)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Timeouts(Record):
    """
    A timeout for each part of a request, as the `timeout=` of a client.

    Attributes:
        connect: Seconds, more than 0, to resolve the name, to connect, and for each step of TLS.
        read: Seconds, more than 0, until the next bytes of a response arrive.
        write: Seconds, more than 0, until the server accepts the next bytes of a request.
        pool: Seconds, more than 0, until one of `max_connections` is free.

    Raises:
        ConfigurationError: A number is out of its range.
        TypeError: A value is not a number.

    Example:
        >>> from heymilo_async import HeyMilo, Timeouts
        >>> with HeyMilo(timeout=Timeouts(connect=5, read=120)) as client:
        ...     print(client.phone_numbers.get("9E3779B1").active)
        True
    """

    connect: float = attrs.field(default=30.0, validator=_timeout)
    read: float = attrs.field(default=30.0, validator=_timeout)
    write: float = attrs.field(default=30.0, validator=_timeout)
    pool: float = attrs.field(default=30.0, validator=_timeout)


def timeouts(timeout: float | Timeouts) -> dict[str, float]:
    """
    Return the seconds without progress that *timeout* allows each part of a request, by name.
    """
    if isinstance(timeout, Timeouts):
        return attrs.asdict(timeout)
    return {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}


def clipped(timeout: float | Timeouts, left: float) -> float | Timeouts:
    """
    Return *timeout* with each part limited to *left* seconds.
    """
    if isinstance(timeout, Timeouts):
        return Timeouts(
            **{name: max(min(one, left), 0.001) for name, one in timeouts(timeout).items()}
        )
    return max(min(timeout, left), 0.001)


#: The syntax of `300/min`, `5/s` and `30/0.5s`.
_RATE = re.compile(
    r"(?P<limit>[0-9]{1,9}) */ *(?P<count>[0-9]+(?:\.[0-9]+)?)? *(?P<unit>[a-z]+?)s?", re.ASCII
)
_SECONDS_OF: Mapping[str, int] = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3600),
}
#: The path of a storage's URL, and the options in its query, which exclude `ssl_password`.
_DATABASE = re.compile(r"/?[0-9]{0,4}", re.ASCII)
_STORAGE_OPTION = re.compile(r"db=[0-9]{1,4}|ssl_(?!password)[a-z_]+=.*", re.ASCII)
_MOST_STARTS = 1_000_000
_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.001, 86_400.0


def read_rate(text: str) -> tuple[int, float]:
    """
    Parse a rate such as `300/min`, `5/s`, `1000/hour` or `30/0.5s`; return limit and seconds.

    Raises:
        ValueError: *text* is not a rate.
    """
    found = _RATE.fullmatch(text.strip().lower())
    if found is None or found["unit"] not in _SECONDS_OF:
        message = f"a rate limit must be like 300/min, 5/s or 30/0.5s, not {text!r}"
        raise ValueError(message)
    return int(found["limit"]), float(found["count"] or 1) * _SECONDS_OF[found["unit"]]


def _check_limit(_: object, attribute: attrs.Attribute[int], value: object) -> None:
    whole_number(attribute.name, value, 1, _MOST_STARTS)


def _window(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if not _SHORTEST_WINDOW <= seconds(attribute.name, value) <= _LONGEST_WINDOW:
        message = f"{attribute.name} must be within 0.001..86,400 seconds (a day): {value!r}"
        raise ConfigurationError(message)


@attrs.frozen(init=False, repr=False)
class RateLimit:
    """
    A client-side rate limit: delays requests, so that the server does not refuse them.

    It uses a sliding window: at most *limit* requests start within any *per* seconds, plus a margin
    of 1 % (at least 50 ms) for network delays. Calls wait in order. Each attempt counts, including
    retries. Each credential has its own budget, which the views of a client share. The server's
    headers `RateLimit`, `RateLimit-Policy`, `X-RateLimit-*` and `Retry-After` can slow the client
    down further, but never speed it up.

    If a call cannot start before its deadline, it raises at once without sending a request: a
    `DeadlineExceededError` with the `phase` `pace`, or, after a retry, the previous error.

    By default, the limit applies to one client in one process. With a *storage*, all clients that
    use the same key and the same storage share one budget, on any machine. While the storage is
    down, each client uses its share of the limit, and logs this once; the storage is used again as
    soon as it is available. A storage needs the extra `redis`.

    A pickled limit does not contain the storage's password. If the URL has no password, it is read
    from the environment variable `HEYMILO_STORAGE_PASSWORD`.

    Attributes:
        limit: The number of requests, 1 to 1,000,000; the same for all clients of a storage.
        per: The length of the window in seconds, 0.001 to 86,400.
        storage: The URL of a Redis (`redis://`, `rediss://` or `unix://`), with user name and
            password masked; None: the limit is not shared. Its query may have `db` and `ssl_...`.

    Raises:
        ConfigurationError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import HeyMilo, RateLimit
        >>> client = HeyMilo("an example of a key", rate_limit=RateLimit(300, per=60))
        >>> client.rate_limit.remaining
        300
        >>> shared = RateLimit(300, per=60, storage="redis://:a password@cache.internal:6379/0")
        >>> shared
        RateLimit(limit=300, per=60, storage='redis://***@cache.internal:6379/0')
    """

    limit: int = attrs.field(validator=_check_limit)
    per: float = attrs.field(validator=_window)
    _storage: Secret | None
    #: Whether pickling removed the storage's password.
    _is_incomplete: bool = attrs.field(default=False, init=False)

    def __init__(self, limit: int, per: float = 60.0, *, storage: str | None = None) -> None:
        # Hide the URL first, so that no traceback shows a password among its locals.
        hidden, storage = Secret.hide(storage), None
        if hidden is not None:
            # Check it before `self` has attributes, because a traceback shows its repr.
            _checked("storage", hidden, _fault_of_storage)
        # (pyright does not know this method, which attrs generates.)
        self.__attrs_init__(limit, per, hidden)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def storage(self) -> str | None:
        """
        The URL of the storage, with user name and password masked; None if there is none.
        """
        return None if self._storage is None else _without_user(self._storage.reveal(), "***@")

    @property
    def lacks_password(self) -> bool:
        """
        Whether pickling removed the storage's password, and the environment has none.
        """
        return self._is_incomplete and not os.getenv(STORAGE_PASSWORD)

    def __repr__(self) -> str:
        if not hasattr(self, "_storage"):
            return "<RateLimit that was not created>"
        shared = "" if self._storage is None else f", storage={self.storage!r}"
        return f"RateLimit(limit={self.limit!r}, per={self.per!r}{shared})"

    def __copy__(self) -> RateLimit:
        return self

    def __deepcopy__(self, _: object) -> RateLimit:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        url, had = (None, False)
        if self._storage is not None:
            had = urlsplit(self._storage.reveal()).password is not None or self._is_incomplete
            url = _without_password(self._storage.reveal())
        return _restored_limit, (self.limit, self.per, url, had)

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """
        Parse a limit.

        Args:
            text: Such as `300/min`, `5/s`, `1000/hour`, `30/0.5s`.

        Returns:
            The limit, without a storage.

        Raises:
            ConfigurationError: *text* is not a limit, or a number in it is out of range.

        Example:
            >>> from heymilo_async import RateLimit
            >>> RateLimit.parse("300/min")
            RateLimit(limit=300, per=60.0)
        """
        try:
            limit, per = read_rate(text)
        except ValueError as error:
            fault = str(error)
        else:
            return cls(limit, per)
        raise ConfigurationError(fault)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RateLimitStatus(Record):
    """
    The status of a client's rate limit, the value of its attribute `rate_limit`.

    Attributes:
        limit: Requests per window: your limit, or a lower one of the server.
        remaining: How many requests could start right now without a wait; 0 while calls wait.
        reset: Seconds until the full limit is available again if no request starts; 0.0 if it is.

    Example:
        >>> from heymilo_async import HeyMilo, RateLimit
        >>> with HeyMilo(rate_limit=RateLimit(300, per=60)) as client:
        ...     page = client.phone_numbers.list()
        ...     print(client.rate_limit.limit, client.rate_limit.remaining)
        300 299
    """

    limit: int
    remaining: int
    reset: float


def _restored_limit(limit: int, per: float, storage: str | None, had: bool) -> RateLimit:
    restored = RateLimit(limit, per, storage=storage)
    object.__setattr__(restored, "_is_incomplete", had)
    return restored


def _without_user(url: str, instead: str) -> str:
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    _, at, host = place.rpartition("@")
    return f"{scheme}://{instead if at else ''}{host}{slash}{path}"


def _without_password(url: str) -> str:
    user = urlsplit(url).netloc.rpartition("@")[0].partition(":")[0]
    return _without_user(url, f"{user}@" if user else "")


def _fault_of_storage(name: str, text: str) -> str | None:
    # The error does not show the URL, which may contain a password.
    try:
        parts = urlsplit(text if text.isprintable() else "")
        is_file = parts.scheme == "unix"
        # (A longer path, or a file with @, is probably a password with an unquoted slash, and a
        # fragment is one with an unquoted #.)
        usable = not parts.fragment and bool(
            parts.path and "@" not in parts.path
            if is_file
            else parts.hostname and parts.port != 0 and _DATABASE.fullmatch(parts.path)
        )
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.scheme not in {"redis", "rediss", "unix"}:
        return f"{name} must be a URL such as redis://host:6379/0 (redis, rediss or unix)"
    options = [unquote(option) for option in parts.query.split("&") if option]
    if not all(map(_STORAGE_OPTION.fullmatch, options)):
        return (
            f"{name} must have only the options db and ssl_... in its query, without ssl_password, "
            "which would not be masked: use a key file without a password"
        )
    return None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Settings(Record):
    """
    The settings that each view of a client can change.
    """

    api_key: Secret | CredentialSource | None
    access_token: Secret | CredentialSource | None
    workspace_id: Secret | None
    base_url: str
    timeout: float | Timeouts
    deadline: float | None
    retry: RetryPolicy
    rate_limit: RateLimit | None
    events: Emitter
    default_headers: tuple[tuple[str, Secret], ...]
    allow_insecure_http: bool

    @property
    def credential(self) -> Credential:
        """
        The credential by which the server counts requests: the current key and token.
        """
        return _current_value(self.api_key), _current_value(self.access_token)

    @property
    def identity(self) -> tuple[object, object]:
        """
        A value that stays the same when the credential changes.
        """
        return self.api_key, self.access_token

    @functools.cached_property
    def sources(self) -> tuple[CredentialSource, ...]:
        """
        The sources of credentials that are callables.
        """
        return tuple(one for one in self.identity if isinstance(one, CredentialSource))

    def require_complete(self) -> None:
        """
        Check that a restored client has the secrets that pickling removed.

        Raises:
            ConfigurationError: There is no credential, or no password for the storage.
        """
        if self.api_key is None and self.access_token is None:
            message = (
                "this client was unpickled without a key, because pickling removes it: set "
                "HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN) in this process, or use "
                "client.with_options(api_key=...)"
            )
            raise ConfigurationError(message)
        if self.rate_limit is not None and self.rate_limit.lacks_password:
            message = (
                "this client was unpickled without the password of its rate limit's storage, "
                f"because pickling removes it: set {STORAGE_PASSWORD} in this process, or use "
                "client.with_options(rate_limit=...)"
            )
            raise ConfigurationError(message)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """
        The values that no error may contain, even if the server repeats them.
        """
        if not self.sources:
            return self._fixed_secrets
        return (*(one for source in self.sources for one in source.known), *self._fixed_secrets)

    @functools.cached_property
    def _fixed_secrets(self) -> tuple[Secret, ...]:
        named = (value for name, value in self.default_headers if is_secret_name(name))
        return (*(one for one in self.identity if isinstance(one, Secret)), *named)

    def headers(self, credential: Credential) -> tuple[tuple[str, Secret], ...]:
        """
        Return the headers that these settings add to a request with that *credential*.
        """
        api_key, access_token = credential
        headers = list(self.default_headers)
        if api_key is not None:
            headers.append(("X-API-KEY", api_key))
        if access_token is not None:
            headers.append(("Authorization", Secret("Bearer " + access_token.reveal())))
        if self.workspace_id is not None:
            headers.append(("X-Workspace-Id", self.workspace_id))
        return tuple(headers)


def _current_value(credential: Secret | CredentialSource | None) -> Secret | None:
    return credential.current if isinstance(credential, CredentialSource) else credential


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PoolSettings(Record):
    """
    The settings that all views of a client share.
    """

    max_connections: int
    proxy: Secret | None
    ssl_context: ssl.SSLContext | None
    http_client: Any


def pool_settings(
    *, max_connections: object, proxy: object, ssl_context: object, http_client: object
) -> PoolSettings:
    """
    Check a constructor's arguments for the pool; *proxy* is a `Secret`.
    """
    if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
        raise wrong_type("ssl_context", "an ssl.SSLContext or None", ssl_context)
    if http_client is not None and not (proxy is None and ssl_context is None):
        message = "with http_client, do not pass proxy or ssl_context: configure http_client itself"
        raise ConfigurationError(message)
    return PoolSettings(
        max_connections=whole_number("max_connections", max_connections, 1, 100_000),
        proxy=None if proxy is None else _checked("proxy", proxy, fault_of_proxy),
        ssl_context=ssl_context,
        http_client=http_client,
    )


def new_settings(getenv: Callable[[str], str | None], given: Mapping[str, Any]) -> Settings:
    """
    Check a constructor's arguments *given*, and add missing ones from the environment.

    (*getenv* is a function, because a traceback would show the values of a mapping.)
    """
    filled = dict(given)
    if filled["api_key"] is None and filled["access_token"] is None:
        filled["api_key"] = _from_environment(getenv, "api_key")
        if filled["api_key"] is None:
            filled["access_token"] = _from_environment(getenv, "access_token")
    if filled["workspace_id"] is None:
        filled["workspace_id"] = _from_environment(getenv, "workspace_id")
    if filled["base_url"] is None:
        filled["base_url"] = _from_environment(getenv, "base_url") or Secret(DEFAULT_BASE_URL)
    if filled["api_key"] is None and filled["access_token"] is None:
        message = (
            "no credentials: pass api_key= or access_token=, "
            "or set HEYMILO_API_KEY or HEYMILO_ACCESS_TOKEN "
            "(to try things without an account: heymilo sandbox)"
        )
        raise ConfigurationError(message)
    return _checked_settings(**filled)


def restored_settings(
    getenv: Callable[[str], str | None], given: Mapping[str, Any], credentials: Sequence[str]
) -> Settings:
    """
    Check the pickled settings *given*, and read their *credentials* from the environment.

    Missing credentials raise an error later: see `Settings.require_complete`.
    """
    found = {
        name: _from_environment(getenv, name) if name in credentials else None
        for name in ("api_key", "access_token")
    }
    return _checked_settings(**given, **found)


def _from_environment(getenv: Callable[[str], str | None], name: str) -> Secret | None:
    # Many deployments set a variable to an empty value instead of removing it.
    return Secret(getenv(_variable(name))) if (getenv(_variable(name)) or "").strip() else None


def changed_settings(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """
    Return *settings* changed by the arguments *given* to `with_options`.
    """
    changes = {name: value for name, value in given.items() if value is not NOT_GIVEN}
    changed = {**attrs.asdict(settings, recurse=False), **changes}
    if changed["api_key"] is None and changed["access_token"] is None:
        message = (
            "no credentials: the view would have neither api_key= nor access_token= "
            "(with_options does not read the environment)"
        )
        raise ConfigurationError(message)
    return _checked_settings(**changed)


def _variable(name: str) -> str:
    return f"HEYMILO_{name.upper()}"


def _checked_settings(
    *,
    api_key: Any,
    access_token: Any,
    workspace_id: Any,
    base_url: Any,
    timeout: Any,
    deadline: Any,
    retry: Any,
    rate_limit: Any,
    events: Any,
    default_headers: Any,
    allow_insecure_http: Any,
) -> Settings:
    if not isinstance(retry, RetryPolicy):
        raise wrong_type("retry", "a RetryPolicy", retry)
    if isinstance(rate_limit, str):
        rate_limit = RateLimit.parse(rate_limit)
    if not (rate_limit is None or isinstance(rate_limit, RateLimit)):
        raise wrong_type("rate_limit", "a RateLimit, a str such as '300/min', or None", rate_limit)
    if rate_limit is not None and rate_limit.storage and find_spec("redis") is None:
        raise ConfigurationError(missing("a rate_limit with a storage", "redis", "redis"))
    if not isinstance(allow_insecure_http, bool):
        raise wrong_type("allow_insecure_http", "a bool", allow_insecure_http)
    return Settings(
        api_key=_secret_or_source("api_key", api_key),
        access_token=_secret_or_source("access_token", access_token),
        workspace_id=None if workspace_id is None else _credential("workspace_id", workspace_id),
        base_url=_base_url(base_url, allow_insecure_http=allow_insecure_http),
        timeout=timeout if isinstance(timeout, Timeouts) else _seconds_for_all(timeout),
        deadline=None if deadline is None else seconds("deadline", deadline),
        retry=retry,
        rate_limit=rate_limit,
        events=_listeners(events),
        default_headers=_default_headers(default_headers),
        allow_insecure_http=allow_insecure_http,
    )


def _seconds_for_all(timeout: Any) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise wrong_type("timeout", "a number of seconds, or Timeouts", timeout)
    return seconds("timeout", timeout)


def _listeners(value: Any) -> Emitter:
    if isinstance(value, Emitter):  # from the client whose `with_options` was called
        return value
    several = isinstance(value, list | tuple)
    listeners = value if several else () if value is None else (value,)
    for one in listeners:
        if not callable(one):
            raise wrong_type("events", "a callable, a sequence of them, or None", one)
        if is_coroutine_function(one):
            message = "events must be plain callables, because coroutines would not be awaited"
            raise TypeError(message)
    return Emitter(listeners)


def _secret_or_source(
    name: str, given: Secret | CredentialSource | None
) -> Secret | CredentialSource | None:
    if given is None or isinstance(given, CredentialSource):  # from the settings of a view
        return given
    if callable(given.reveal()):
        returned = functools.partial(_credential, name, where=f"what {name}() returned")
        return CredentialSource(given.reveal(), returned)
    return _credential(name, given, expected="a str, or a callable that returns one")


def _credential(name: str, secret: Secret, *, where: str = "", expected: str = "a str") -> Secret:
    place = where or f"{name} (or {_variable(name)})"

    def fault_of(_: str, text: str) -> str | None:
        return _fault_of_credential(place, text)

    checked = _checked(where or name, secret, fault_of, expected)
    return Secret(checked.reveal().strip())


def _checked(name: str, secret: Any, fault_of: Any, expected: str = "a str") -> Secret:
    # The frame that raises has only the wrapped secret, because a traceback may show its locals.
    if not isinstance(secret.reveal(), str):
        raise wrong_type(name, expected, secret.reveal())
    try:
        fault = fault_of(name, secret.reveal())
    except BaseException as interruption:
        # Ctrl-C or a stack overflow: drop the traceback, whose frames contain the secret.
        raise interruption.with_traceback(None)  # noqa: B904 - the same exception
    if fault is not None:
        raise ConfigurationError(fault)
    return cast("Secret", secret)


def _fault_of_credential(where: str, text: str) -> str | None:
    stripped = text.strip()
    if not stripped:
        return f"{where} is empty"
    if len(stripped) > _LONGEST_HEADER_VALUE:
        return f"{where} is longer than {_LONGEST_HEADER_VALUE} characters: is it a whole file?"
    if not _HEADER_VALUE.fullmatch(stripped):
        # The position, without the characters around it.
        index = next(
            at for at, one in enumerate(stripped) if not _HEADER_VALUE.fullmatch(f"-{one}-")
        )
        return (
            f"{where} has a character that is invalid in a header ({stripped[index]!a}, at index "
            f"{index} of {len(stripped)}): copy it again, on one line"
        )
    if "access_token" in where and stripped.split(None, 1)[0].lower() == "bearer":
        return f"{where} starts with 'Bearer': pass only the token"
    return None


def fault_of_proxy(name: str, text: str) -> str | None:
    """
    Return why *text* is not a valid proxy URL, without showing it; None if it is valid.
    """
    try:
        parts = urlsplit(text if _is_url_text(text) else "")
        usable = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.scheme not in {"http", "https", "socks5", "socks5h"}:
        return f"{name} must be a URL such as http://host:port (http, https, socks5 or socks5h)"
    return None


def _base_url(value: Any, *, allow_insecure_http: bool) -> str:
    if not isinstance(value, Secret):  # with_options did not change it
        value = Secret(value)

    def fault_of(name: str, text: str) -> str | None:
        fault = _fault_of_base_url(text.strip(), allow_insecure_http=allow_insecure_http)
        typed = _printable_url(text.strip())
        shown = f" (it is {typed!r})" if typed else ""
        return fault and f"{name} (or {_variable(name)}) {fault}{shown}"

    checked: str = _checked("base_url", value, fault_of).reveal()
    return checked.strip().rstrip("/")


def _fault_of_base_url(text: str, *, allow_insecure_http: bool) -> str | None:
    if not _is_url_text(text):
        return "has a character that is invalid in a URL"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"is not a URL such as {DEFAULT_BASE_URL}"
    if "://" not in text and "@" not in text and _printable_url(text):
        scheme = "http" if text.startswith("localhost") else "https"
        return f"has no scheme: write {scheme}://{_printable_url(text)}"
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return f"must be a full http(s) URL, such as {DEFAULT_BASE_URL}"
    if "@" in parts.netloc:
        return "must not have a user name or a password: use api_key= or access_token="
    if "?" in text or "#" in text:
        return "must end before any ? or #"
    if any(unquote(segment) in {".", ".."} for segment in parts.path.split("/")):
        return "must not have the path segments . or .."
    if parts.scheme == "http" and not (allow_insecure_http or is_loopback(host)):
        return (
            "would send the key unencrypted: use https, "
            "or allow_insecure_http=True if the network is yours"
        )
    return None


def _printable_url(text: str) -> str | None:
    """
    Return the URL *text* for an error, without user, password and query.

    Return None if *text* may be a key, passed by mistake.
    """
    found = _SHOWN_URL.fullmatch(text)
    if found is None:
        return None
    user = "***@" if found["user"] else ""
    rest = f"{found['rest'][0]}..." if found["rest"] else ""
    return f"{found['scheme'] or ''}{user}{found['place']}{rest}"


def _is_url_text(text: str) -> bool:
    return text.isprintable() and not any(mark in text for mark in ' \\<>"{}|^`')


def is_loopback(host: str) -> bool:
    """
    Return whether *host*, a name or an address, is this machine's loopback.
    """
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _default_headers(value: Any) -> tuple[tuple[str, Secret], ...]:
    if value is None:
        return ()
    if isinstance(value, tuple):  # with_options did not change it
        return value
    if not isinstance(value.reveal(), Mapping):
        raise wrong_type("default_headers", "a mapping of str to str", value.reveal())
    headers = tuple((name, Secret(content)) for name, content in value.reveal().items())
    for name, content in headers:
        _check_header(name, content)
    return headers


def _check_header(name: object, content: Secret) -> None:
    if not isinstance(name, str):
        raise wrong_type("a name in default_headers", "a str", name)
    if not _HEADER_NAME.fullmatch(name):
        message = f"default_headers: {name[:50]!a} is not a valid header name"
        raise ConfigurationError(message)
    # Many servers treat X_API_KEY as X-API-KEY.
    reserved = _RESERVED_HEADERS.get(name.lower().replace("_", "-"))
    if reserved is not None:
        message = f"default_headers must not contain {name}: {reserved}"
        raise ConfigurationError(message)
    where = f"default_headers[{name!r}]"
    if not isinstance(content.reveal(), str):
        raise wrong_type(where, "a str", content.reveal())
    if content.reveal() and not _HEADER_VALUE.fullmatch(content.reveal()):
        message = f"{where} has a character that is invalid in a header"
        raise ConfigurationError(message)


#: Settings that are pickled unchanged.
_PLAIN: Final = ("base_url", "timeout", "deadline", "retry", "rate_limit", "allow_insecure_http")
#: Settings of which only the presence is pickled.
_CREDENTIALS: Final = ("api_key", "access_token")


def configuration(settings: Settings, shared: PoolSettings) -> dict[str, Any]:
    """
    Return the data that is pickled for a client with these settings.

    Raises:
        TypeError: A setting cannot be pickled, or is a secret that the environment cannot restore.
    """
    for name in ("http_client", "ssl_context"):
        if getattr(shared, name) is not None:
            raise _cannot(f"{name}=", "create a new client in the other process")
    if shared.proxy is not None and "@" in urlsplit(shared.proxy.reveal()).netloc:
        raise _cannot("the password of proxy=", "put the proxy into HTTPS_PROXY")
    for name, _ in settings.default_headers:
        if is_secret_name(name):
            cure = "pickle with_options(default_headers=...) without it, and add it again later"
            raise _cannot(f"the secret in default_headers[{name!r}]", cure)
    listeners = settings.events.listeners
    _check_listeners(listeners)
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        "credentials": tuple(one for one in _CREDENTIALS if getattr(settings, one) is not None),
        "workspace_id": settings.workspace_id and settings.workspace_id.reveal(),
        "events": listeners,
        "default_headers": {name: value.reveal() for name, value in settings.default_headers},
        "max_connections": shared.max_connections,
        "proxy": shared.proxy and shared.proxy.reveal(),
    }


def restored(
    getenv: Callable[[str], str | None], configured: Mapping[str, Any]
) -> tuple[Settings, PoolSettings]:
    """
    Restore the pickled settings *configured* with the credentials of this process.

    Without credentials, the client can only be used with `with_options(api_key=...)`.
    """
    settings = restored_settings(
        getenv,
        {
            **{name: configured[name] for name in _PLAIN},
            "base_url": Secret(configured["base_url"]),
            "workspace_id": Secret.hide(configured["workspace_id"]),
            "events": configured["events"],
            "default_headers": Secret(configured["default_headers"]),
        },
        configured["credentials"],
    )
    shared = PoolSettings(
        max_connections=configured["max_connections"],
        proxy=Secret.hide(configured["proxy"]),
        ssl_context=None,
        http_client=None,
    )
    return settings, shared


def _check_listeners(listeners: tuple[Any, ...]) -> None:
    import pickle  # noqa: PLC0415 - for the few programs that pickle a client

    # Check now, because pickle's own error would name neither the client nor the setting.
    try:
        pickle.dumps(listeners)
    except Exception as error:
        fault = type(error).__name__
    else:
        return
    cure = "use a function of a module, or pickle with_options(events=None)"
    raise _cannot(f"events= ({fault})", cure)


def _cannot(what: str, cure: str) -> TypeError:
    return TypeError(f"cannot pickle a client with {what}: {cure}")
