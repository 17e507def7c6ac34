#!/bin/sh
# Guess: a test can give a compressed body with its Content-Encoding, and the client decodes it as it does
# behind `httpx.MockTransport` and respx.
#
# pytest-httpx 0.36.2 with httpx 0.28.1 and respx 0.23.1: the client raises DecodingError, whether the
# response comes from `add_response` or from a callback. httpx decodes the body when the response is made,
# and pytest-httpx has the same response, with its used decoder, read once more. Only a body given as
# `stream` is decoded, because nobody has read it before.
#
# Seen:
#   MockTransport: decoded
#   respx: decoded
#   add_response: DecodingError
#   add_callback: DecodingError
#   add_response, as a stream: decoded
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    httpx==0.28.1 pytest==9.2.0 pytest-httpx==0.36.2 respx==0.23.1

cat > "$folder/test_program.py" <<'PROGRAM'
import gzip

import httpx
import respx
from pytest_httpx import IteratorStream

URL = "http://example.com/"
HEADERS = {"Content-Encoding": "gzip"}
BODY = gzip.compress(b"a body")


def look(name, client=None):
    try:
        content = (client or httpx.Client()).get(URL).content
    except httpx.DecodingError as error:
        print(f"{name}: {type(error).__name__}")
    else:
        print(f"{name}: {'decoded' if content == b'a body' else content}")


def respond(request):
    return httpx.Response(200, headers=HEADERS, content=BODY)


def test_mock_transport():
    look("MockTransport", httpx.Client(transport=httpx.MockTransport(respond)))


def test_respx():
    with respx.mock:
        respx.get(URL).respond(headers=HEADERS, content=BODY)
        look("respx")


def test_response(httpx_mock):
    httpx_mock.add_response(headers=HEADERS, content=BODY)
    look("add_response")


def test_callback(httpx_mock):
    httpx_mock.add_callback(respond)
    look("add_callback")


def test_stream(httpx_mock):
    httpx_mock.add_response(headers=HEADERS, stream=IteratorStream([BODY]))
    look("add_response, as a stream")
PROGRAM

cd "$folder"
seen=$("$folder/venv/bin/python" -m pytest -qq --capture=no test_program.py | sed 's/^\.*//; /^$/d')
echo "$seen"
test "$seen" = "MockTransport: decoded
respx: decoded
add_response: DecodingError
add_callback: DecodingError
add_response, as a stream: decoded"
