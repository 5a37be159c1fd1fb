"""Gunicorn, whom the hub relies on to know where one request ends and the next begins."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser

BEGINNING = b"POST / HTTP/1.1\r\nHost: hub.example\r\n"


def read(raw: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """Return the requests that the server sees in what came over one connection."""
    parser = RequestParser(Config(), iter([raw]), ("127.0.0.1", 4711))
    found = []
    for request in parser:
        found.append((request.method, dict(request.headers), request.body.read()))
        if len(found) == raw.count(b" HTTP/1.1"):
            break
    return found


class TestWhereARequestEnds:
    @pytest.mark.parametrize(
        "rest",
        [
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
            b"Content-Length: +4\r\n\r\nabcd",
            b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n1_0\r\nabc\r\n0\r\n\r\n",
        ],
    )
    def test_is_never_said_in_two_ways(self, rest):
        with pytest.raises(ParseException):
            read(BEGINNING + rest)

    def test_is_known_of_a_body_in_pieces(self):
        sent = BEGINNING + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

        assert [(method, body) for method, _headers, body in read(sent)] == [("POST", b"abc")]


class TestWhatAProxySays:
    def test_is_not_said_by_a_name_that_only_looks_like_it(self):
        """In WSGI both would have one name, and the client's would be believed."""
        sent = BEGINNING + b"X_Forwarded_For: 203.0.113.9\r\nContent-Length: 0\r\n\r\n"

        ((_method, headers, _body),) = read(sent)

        assert set(headers) == {"HOST", "CONTENT-LENGTH"}
