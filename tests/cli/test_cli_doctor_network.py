"""
`heymilo doctor` and the network: proxies, names, connections.
"""

from __future__ import annotations

import socket
import threading

import pytest
from doctor import SECRET, lines
from inside import secrets
from inside_command import Case, State, checks, reach
from ports import free_port
from server import page


def test_a_proxy_on_the_way(heymilo, serve, monkeypatch):
    """
    The look-up and the connection are those of the proxy; its user and password are not shown.
    """
    proxy = serve(page("A"))
    monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:{proxy.port}")

    shown = heymilo("doctor", base_url="http://localhost:9")

    made = lines(shown)
    assert 0 == shown.code
    assert ("ok", f"http://***@127.0.0.1:{proxy.port}, from HTTP_PROXY") == made["proxy"]
    assert made["connect"][1].startswith(f"to 127.0.0.1:{proxy.port} (")
    assert "user" not in shown.out
    assert ["http://localhost:9/api/v2/phone-numbers?limit=1"] == [
        one.target for one in proxy.requests
    ]


def test_a_proxy_that_is_none(heymilo, monkeypatch):
    """
    An invalid proxy is an unusable setting.
    """
    monkeypatch.setenv("https_proxy", f"ftp://user:{SECRET}@proxy")

    shown = heymilo("doctor")

    assert 2 == shown.code
    assert ("!!", "it is invalid; HTTPS_PROXY must be a URL such as http://host:port") == (
        lines(shown)["proxy"][0],
        lines(shown)["proxy"][1].partition(" (")[0],
    )


def test_a_socks_proxy(heymilo, monkeypatch):
    """
    TLS is not visible through a SOCKS proxy, so the call has to test it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")

        shown = heymilo("doctor", base_url="https://127.0.0.1:9")

    made = lines(shown)
    assert ("ok", f"socks5://127.0.0.1:{port}, from ALL_PROXY") == made["proxy"]
    assert ("--", "not possible through a socks5 proxy; the call checks it") == made["TLS"]
    assert "!!" == made["call"][0]


def test_no_such_name(heymilo, monkeypatch):
    """
    If the name is unknown, doctor tries neither the connection nor the steps after it.
    """

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    shown = heymilo("doctor")

    made = lines(shown)
    assert 6 == shown.code
    assert (
        "!!",
        "api.heymilo.ai: Name or service not known; check the base URL, and this machine's DNS",
    ) == made["look-up"]
    for name in ("connect", "TLS", "call"):
        assert ("--", "not checked: fix 'look-up' first") == made[name]


def test_a_name_that_can_be_none():
    """
    A label of 64 characters is refused without a look-up.
    """
    with pytest.raises(socket.gaierror):
        reach.resolve("a" * 64, 443)


def test_a_port_where_nobody_listens(heymilo):
    """
    The machine exists, and refuses the connection.
    """
    port = free_port()
    shown = heymilo("doctor", base_url=f"http://127.0.0.1:{port}")

    assert 6 == shown.code
    assert (
        "!!",
        f"127.0.0.1:{port} refuses the connection; check host and port, and whether the server is running",
    ) == lines(shown)["connect"]


@pytest.fixture
def case():
    """
    Return a case whose steps may take *seconds*, for a server that answers.
    """

    def known(seconds=30.0, **facts):
        case = Case(sandbox=False, source="a test", open=None, seconds=seconds)
        case.route = reach.Route(**{"scheme": "https", "host": "milo.test", "port": 443, **facts})
        case.addresses = ["192.0.2.1", "192.0.2.2"]
        return case

    return known


def test_a_look_up_that_does_not_end(case, monkeypatch):
    """
    A look-up cannot be interrupted, so doctor stops waiting for it.
    """
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) or [])

    finding = checks.name_look_up(case(seconds=0.01))
    over.set()

    assert (State.FAILED, "milo.test: no response within 0.01 s") == (finding.state, finding.text)


def test_the_addresses_of_a_name(case, monkeypatch):
    """
    Each address is listed once; a program gets them as a list.
    """
    found = [(0, 0, 0, "", (address, 443)) for address in ("192.0.2.1", "::1", "192.0.2.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    finding = checks.name_look_up(case())

    assert finding.text.startswith("milo.test is 192.0.2.1, ::1 (")
    assert ["192.0.2.1", "::1"] == finding.facts["addresses"]


@pytest.mark.parametrize(
    ("error", "proxy", "text", "cure"),
    [
        (TimeoutError(), None, "milo.test:443 does not respond within 30 s", "HTTPS_PROXY"),
        (
            TimeoutError(),
            "http://[::1]:3128",
            "[::1]:3128 does not respond",
            "try from another network",
        ),
        (OSError(101, "Network is unreachable"), None, "milo.test:443: Network is", "the network"),
    ],
)
def test_a_machine_out_of_reach(case, monkeypatch, error, proxy, text, cure):
    """
    Doctor tries each address, and then names possible reasons.
    """
    tried = []

    def refuse(address, timeout):
        tried.append((address[0], timeout))
        raise error

    monkeypatch.setattr(socket, "create_connection", refuse)
    secret = proxy and secrets.Secret(proxy)

    finding = checks.connection(case(proxy=secret))

    assert State.FAILED is finding.state
    assert finding.text.startswith(text)
    assert cure in finding.cure
    assert [("192.0.2.1", 15.0), ("192.0.2.2", 15.0)] == tried


def test_the_second_address_is_enough(case, monkeypatch):
    """
    One reachable address is enough, as on a machine without IPv6.
    """
    ours, theirs = socket.socketpair()

    def only_the_second(address, timeout):
        if address[0] == "192.0.2.1":
            raise OSError(101, "Network is unreachable")
        return ours

    monkeypatch.setattr(socket, "create_connection", only_the_second)

    with theirs:
        finding = checks.connection(case())

    assert finding.text.startswith("to 192.0.2.2:443 (")
