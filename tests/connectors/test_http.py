"""One door to every vendor: what goes out, and what each answer or silence means."""

import contextlib
import inspect
import json
import socket
import ssl
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests
import responses
import urllib3
from structlog.testing import capture_logs
from urllib3.util.ssl_ import create_urllib3_context

from connectors.errors import (
    BadAnswer,
    ChangedMeanwhile,
    ConflictingWrite,
    Forbidden,
    NotAuthorized,
    NotConfigured,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.http import answers, client, exact_json, sessions, transport
from connectors.http.answers import LONGEST_WAIT, Answer
from connectors.http.client import Http, Timeouts
from connectors.http.sessions import IDLE_SECONDS, BearerToken
from connectors.oauth.errors import RefreshLost

BASE = "https://vendor.example"
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def make_http(tokens=None, *, base_url=BASE, **more):
    auth = None if tokens is None else BearerToken(tokens, vendor="Vendor")
    return Http(vendor="Vendor", base_url=base_url, auth=auth, **more)


class TestToJson:
    @pytest.mark.parametrize("text", ["0.10", "1000.00", "123456789012345678.99", "-0.01"])
    def test_writes_an_amount_digit_for_digit(self, text):
        assert exact_json.to_json({"value": Decimal(text)}) == f'{{"value":{text}}}'.encode()

    def test_writes_what_the_standard_library_writes(self):
        content = {"a": [1, True, None, 'å"\n'], "b": {}, "c": [], "d": {"e": [{"f": "g"}]}}

        written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        assert exact_json.to_json(content) == written.encode()

    def test_never_writes_a_large_amount_with_an_exponent(self):
        assert exact_json.to_json(Decimal("1E+3")) == b"1000"

    def test_refuses_a_float(self):
        with pytest.raises(TypeError):
            exact_json.to_json({"value": 0.1})

    @pytest.mark.parametrize("text", ["NaN", "Infinity"])
    def test_refuses_what_is_no_number(self, text):
        with pytest.raises(ValueError, match="finite"):
            exact_json.to_json(Decimal(text))


class TestFromJson:
    @pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 5_000])
    def test_calls_what_is_nested_too_deeply_no_json(self, body):
        with pytest.raises(ValueError, match="deep"):
            exact_json.from_json(body)

    @pytest.mark.parametrize("body", [b"1e999999", b"[1e-400]", b"1." + b"1" * 200])
    def test_calls_a_number_of_too_many_figures_no_number(self, body):
        with pytest.raises(ValueError, match="figures"):
            exact_json.from_json(body)

    def test_reads_a_fraction_exactly(self):
        assert exact_json.from_json(b"[0.1, 2]") == [Decimal("0.1"), 2]

    def test_reads_past_a_byte_order_mark(self):
        assert exact_json.from_json(b"\xef\xbb\xbf[1]") == [1]

    def test_leaves_out_a_character_that_no_database_stores(self):
        assert exact_json.from_json(rb'["a\u0000b", "\\u0000", "\\\u0000c"]') == [
            "ab",
            r"\u0000",
            "\\c",
        ]

    def test_refuses_nan(self):
        with pytest.raises(ValueError, match="malformed"):
            exact_json.from_json(b"[NaN]")


def every_requests_exception():
    return [
        kind
        for _name, kind in inspect.getmembers(requests.exceptions, inspect.isclass)
        if issubclass(kind, requests.RequestException)
    ]


def instance_of(kind):
    if issubclass(kind, requests.JSONDecodeError):
        return kind("not JSON", "x", 0)
    return kind("failed")


class TestVendorErrors:
    @pytest.mark.parametrize("kind", every_requests_exception())
    @pytest.mark.parametrize("writes", [True, False])
    def test_leaves_no_failure_of_the_library_unmapped(self, kind, writes):
        failure = instance_of(kind)

        with (
            pytest.raises((Unavailable, OutcomeUnknown, BadAnswer, NotConfigured)) as caught,
            transport.vendor_errors("Vendor", writes=writes),
        ):
            raise failure

        assert caught.value.__cause__ is failure
        assert not (writes and type(caught.value) is BadAnswer)

    @pytest.mark.parametrize(
        "failure",
        [
            urllib3.exceptions.ProtocolError("cut"),
            urllib3.exceptions.DecodeError("gzip"),
            ConnectionResetError("reset"),
            TimeoutError("timed out"),
        ],
    )
    def test_maps_what_slips_past_the_library(self, failure):
        with pytest.raises(OutcomeUnknown), transport.vendor_errors("Vendor", writes=True):
            raise failure

    @pytest.mark.parametrize(
        "failure",
        [
            requests.ConnectTimeout("t"),
            requests.exceptions.ProxyError("p"),
            requests.ConnectionError(urllib3.exceptions.NewConnectionError(None, "refused")),
            requests.exceptions.SSLError(ssl.SSLCertVerificationError("expired")),
            requests.ConnectionError(socket.gaierror("no such name")),
        ],
    )
    def test_says_nothing_was_stored_when_the_request_never_left(self, failure):
        with pytest.raises(Unavailable), transport.vendor_errors("Vendor", writes=True):
            raise failure

    @pytest.mark.parametrize(
        "failure",
        [
            requests.ReadTimeout("t"),
            requests.ConnectionError(urllib3.exceptions.ProtocolError("cut")),
            requests.exceptions.ChunkedEncodingError("half"),
            requests.exceptions.SSLError("bad record in the middle"),
        ],
    )
    def test_says_unknown_when_a_write_was_cut(self, failure):
        with pytest.raises(OutcomeUnknown), transport.vendor_errors("Vendor", writes=True):
            raise failure

    def test_logs_that_encryption_failed(self):
        wrong = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] expired")

        with (
            capture_logs() as lines,
            pytest.raises(Unavailable),
            transport.vendor_errors("Vendor", writes=False),
        ):
            raise requests.exceptions.SSLError(wrong)

        assert lines == [
            {
                "event": "tls_failed",
                "vendor": "Vendor",
                "reason": str(wrong),
                "log_level": "warning",
            }
        ]

    def test_drops_the_request_that_holds_the_token(self):
        request = requests.Request("GET", BASE, headers={"Authorization": "Bearer t"}).prepare()
        failure = requests.ReadTimeout("t", request=request)

        with pytest.raises(Unavailable), transport.vendor_errors("Vendor", writes=False):
            raise failure

        assert failure.request is None

    def test_tells_the_operator_of_a_missing_certificate_bundle(self):
        failure = OSError("Could not find a suitable TLS CA certificate bundle")

        with pytest.raises(NotConfigured), transport.vendor_errors("Vendor", writes=True):
            raise failure


class TestOutcomeOf:
    @pytest.mark.parametrize(
        ("status", "on_read", "on_write"),
        [
            (100, BadAnswer, OutcomeUnknown),
            (302, BadAnswer, OutcomeUnknown),
            (303, BadAnswer, OutcomeUnknown),
            (400, Rejected, Rejected),
            (401, NotAuthorized, NotAuthorized),
            (403, Forbidden, Forbidden),
            (404, NotFound, NotFound),
            (408, Unavailable, OutcomeUnknown),
            (409, Unavailable, ConflictingWrite),
            (410, NotFound, NotFound),
            (412, ChangedMeanwhile, ChangedMeanwhile),
            (422, Rejected, Rejected),
            (429, RateLimited, RateLimited),
            (500, Unavailable, OutcomeUnknown),
            (502, Unavailable, OutcomeUnknown),
            (503, Unavailable, OutcomeUnknown),
            (504, Unavailable, OutcomeUnknown),
            (599, Unavailable, OutcomeUnknown),
            (999, BadAnswer, OutcomeUnknown),
        ],
    )
    def test_reads_each_status_as_the_table_says(self, status, on_read, on_write):
        assert answers.outcome_of(status, writes=False) is on_read
        assert answers.outcome_of(status, writes=True) is on_write

    @pytest.mark.parametrize("status", range(500, 600))
    def test_never_calls_a_write_failed_when_the_server_stumbled(self, status):
        assert issubclass(answers.outcome_of(status, writes=True), OutcomeUnknown)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "17"}, 17),
            ({"Retry-After": " 2.5 "}, 2.5),
            ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT"}, 90),
            ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0),
            (
                {
                    "Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT",
                    "Date": "Sun, 22 Nov 2026 12:01:00 GMT",
                },
                30,
            ),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "inf"}, None),
            ({"Retry-After": "999999999"}, LONGEST_WAIT),
            ({"Retry-After": "Sun, 22 Nov 2099 12:00:00 GMT"}, LONGEST_WAIT),
            ({"Retry-After": "-3"}, None),
            ({}, None),
        ],
    )
    def test_reads_seconds_and_dates(self, headers, seconds):
        assert answers.retry_after(headers, now=NOW) == seconds

    def test_goes_into_the_failure(self):
        answer = Answer(429, {"Retry-After": "17"}, b"")

        failure = answers.failure(answer, vendor="Vendor", writes=True)

        assert isinstance(failure, RateLimited)
        assert failure.retry_after == 17


class TestRateLimit:
    def test_reads_what_is_stated_and_leaves_out_the_rest(self):
        headers = {"X-RateLimit-Limit": "500", "X-RateLimit-Remaining": "x"}

        assert answers.rate_limit(headers) == {"limit": 500}


class TestHttp:
    @responses.activate
    def test_names_the_hub_and_sends_the_token(self, tokens):
        responses.get(f"{BASE}/v1/thing", json={})

        make_http(tokens).send("GET", "/v1/thing", writes=False)

        sent = responses.calls[0].request.headers
        assert sent["User-Agent"].startswith("IntegrationHub/")
        assert sent["Authorization"] == "Bearer first-token"
        assert sent["Accept"] == "application/json"

    @responses.activate
    @pytest.mark.parametrize(("writes", "limit"), [(False, 30), (True, 120)])
    def test_always_sets_both_timeouts(self, tokens, writes, limit):
        responses.post(f"{BASE}/v1/thing", json={})

        make_http(tokens).send("POST", "/v1/thing", writes=writes, json={})

        assert responses.calls[0].request.req_kwargs["timeout"] == (5, limit)

    @responses.activate
    def test_keeps_certificates_checked(self, tokens):
        responses.get(f"{BASE}/v1/thing", json={})

        make_http(tokens).send("GET", "/v1/thing", writes=False)

        assert responses.calls[0].request.req_kwargs["verify"]

    def test_speaks_no_old_tls(self):
        assert create_urllib3_context().minimum_version >= ssl.TLSVersion.TLSv1_2

    @responses.activate
    def test_keeps_no_cookie(self, tokens):
        responses.get(f"{BASE}/v1/thing", json={}, headers={"Set-Cookie": "company=1; Path=/"})
        door = make_http(tokens)

        door.send("GET", "/v1/thing", writes=False)
        door.send("GET", "/v1/thing", writes=False)

        assert "Cookie" not in responses.calls[1].request.headers

    @responses.activate
    def test_sends_no_password_that_the_machine_keeps_for_the_host(self, tmp_path, monkeypatch):
        kept = tmp_path / "netrc"
        kept.write_text(f"machine {BASE.removeprefix('https://')} login someone password secret\n")
        monkeypatch.setenv("NETRC", str(kept))
        sent = responses.get(f"{BASE}/x", json={})

        make_http().send("GET", "/x", writes=False)
        with sessions.make_session() as session:
            session.get(f"{BASE}/x", timeout=1)

        assert [call.request.headers.get("Authorization") for call in sent.calls] == [None, None]

    @responses.activate
    def test_does_not_follow_a_redirect_with_the_token(self, tokens):
        responses.get(f"{BASE}/v1/thing", status=302, headers={"Location": "https://evil.example"})

        answer = make_http(tokens).send("GET", "/v1/thing", writes=False)

        assert answer.status == 302
        assert len(responses.calls) == 1

    @responses.activate
    def test_sends_again_once_with_a_fresh_token_after_a_401(self, tokens):
        responses.post(f"{BASE}/v1/thing", status=401)
        responses.post(f"{BASE}/v1/thing", status=201)

        answer = make_http(tokens).send("POST", "/v1/thing", writes=True, json={"a": 1})

        assert answer.status == 201
        assert tokens.stale == ["first-token"]
        second = responses.calls[1].request
        assert second.headers["Authorization"] == "Bearer second-token"
        assert second.body == b'{"a":1}'

    @responses.activate
    def test_gives_up_after_the_second_401(self, tokens):
        responses.get(f"{BASE}/v1/thing", status=401)

        answer = make_http(tokens).send("GET", "/v1/thing", writes=False)

        assert answer.status == 401
        assert len(responses.calls) == 2

    @responses.activate
    @pytest.mark.parametrize("status", [400, 429, 500, 503])
    def test_sends_nothing_twice_for_another_status(self, tokens, status):
        responses.post(f"{BASE}/v1/thing", status=status)

        make_http(tokens).send("POST", "/v1/thing", writes=True, json={})

        assert len(responses.calls) == 1

    @responses.activate
    def test_calls_a_write_not_sent_when_only_the_refresh_was_lost(self, tokens):
        responses.post(f"{BASE}/v1/thing", status=401)

        def lost(*, stale):
            raise RefreshLost(vendor="Identity")

        tokens.refresh = lost

        with pytest.raises(Unavailable):
            make_http(tokens).send("POST", "/v1/thing", writes=True, json={})

    @responses.activate
    def test_stops_reading_an_answer_that_is_too_large(self, tokens):
        responses.get(f"{BASE}/v1/thing", body=b"x" * 2000)
        responses.post(f"{BASE}/v1/thing", body=b"x" * 2000)
        door = make_http(tokens, max_bytes=1000)

        with pytest.raises(BadAnswer, match="larger"):
            door.send("GET", "/v1/thing", writes=False)
        with pytest.raises(OutcomeUnknown, match="larger"):
            door.send("POST", "/v1/thing", writes=True, json={})

    @responses.activate
    def test_tells_the_observer_of_both_exchanges_of_a_refresh(self, tokens, exchanges):
        limits = {"X-RateLimit-Remaining": "7", "X-Request-Id": "trace-1"}
        responses.get(f"{BASE}/v1/thing", status=401)
        responses.get(f"{BASE}/v1/thing", json={}, headers=limits)

        make_http(tokens, observer=exchanges.append).send(
            "GET", "/v1/thing", writes=False, params={"access_token": "s", "page": 1}
        )

        assert [one.status for one in exchanges] == [401, 200]
        assert exchanges[1].rate_limit == {"remaining": 7}
        assert exchanges[1].trace_id == "trace-1"
        assert exchanges[1].url == f"{BASE}/v1/thing?access_token=…&page=1"
        assert "token" not in repr(exchanges).replace("access_token", "")

    def test_tells_the_observer_of_a_failure(self, tokens, exchanges):
        nobody = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        nobody.close()

        with pytest.raises(Unavailable):
            make_http(tokens, base_url=address, observer=exchanges.append).send(
                "POST", "/v1/thing", writes=True, json={}
            )

        assert exchanges[0].status is None
        assert exchanges[0].error.startswith("Unavailable")

    def test_refuses_an_address_that_is_none(self, tokens):
        with pytest.raises(NotConfigured) as caught:
            make_http(tokens, base_url="vendor").send("POST", "/v1/thing", writes=True, json={})

        assert caught.value.params["setting"] == "The address of Vendor"

    @responses.activate
    def test_reads_json_of_a_write_as_unknown_when_it_is_none(self, tokens):
        door = make_http(tokens)
        answer = Answer(200, {}, b"<html>")

        with pytest.raises(BadAnswer):
            door.read_json(answer)
        with pytest.raises(OutcomeUnknown):
            door.read_json(answer, writes=True)


class TestHttpOnAWire:
    """The same on real sockets: what a mock of the library cannot show."""

    def test_a_write_cut_without_an_answer_is_unknown(self, tokens, raw_server):
        def cut(connection):
            connection.recv(65536)

        door = make_http(tokens, base_url=raw_server(cut))

        with pytest.raises(OutcomeUnknown):
            door.send("POST", "/v1/thing", writes=True, json={})
        with pytest.raises(Unavailable):
            door.send("GET", "/v1/thing", writes=False)

    def test_an_answer_that_stops_half_way_is_unknown(self, tokens, raw_server):
        def half(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")

        with pytest.raises(OutcomeUnknown):
            make_http(tokens, base_url=raw_server(half)).send(
                "POST", "/v1/thing", writes=True, json={}
            )

    def test_silence_is_unknown_for_a_write(self, tokens, raw_server):
        done = threading.Event()

        def silent(connection):
            connection.recv(65536)
            done.wait(5)

        door = make_http(
            tokens, base_url=raw_server(silent), timeouts=Timeouts(read=0.05, write=0.05)
        )

        with pytest.raises(OutcomeUnknown):
            door.send("POST", "/v1/thing", writes=True, json={})
        done.set()

    def test_an_answer_that_drips_for_ever_ends(self, tokens, raw_server):
        ticks = iter(range(0, 100000, 60))

        def drip(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nx")

        door = make_http(tokens, base_url=raw_server(drip), monotonic=lambda: float(next(ticks)))

        with pytest.raises(Unavailable):
            door.send("GET", "/v1/thing", writes=False)

    def test_a_refused_connection_is_not_sent(self, tokens):
        nobody = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        nobody.close()

        with pytest.raises(Unavailable):
            make_http(tokens, base_url=address).send("POST", "/v1/thing", writes=True, json={})

    def test_connections_are_reused_but_not_for_a_write_after_a_pause(self, tokens):
        accepted = []
        listener = socket.create_server(("127.0.0.1", 0))

        def run():
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                accepted.append(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            with contextlib.suppress(OSError):  # the test hangs up
                while connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        server = threading.Thread(target=run, daemon=True)
        server.start()
        clock = [1000.0]
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        door = make_http(tokens, base_url=address, monotonic=lambda: clock[0])

        door.send("GET", "/", writes=False)
        door.send("GET", "/", writes=False)
        door.send("POST", "/", writes=True, json={})
        assert len(accepted) == 1
        clock[0] += IDLE_SECONDS + 1
        door.send("POST", "/", writes=True, json={})
        assert len(accepted) == 2

        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join(5)
        for connection in accepted:
            connection.close()


class TestWithoutSecrets:
    def test_hides_passwords_and_secret_parameters(self):
        url = "https://user:pass@vendor.example/a?refresh_token=abc&code=x&periodId=202603#frag"

        assert client.without_secrets(url) == (
            "https://vendor.example/a?refresh_token=…&code=…&periodId=202603"
        )
