"""Refusals of vendors that no vendor should send: they become failures, never exceptions."""

import pytest

from connectors.businessnxt import errors as businessnxt
from connectors.errors import ConnectorError
from connectors.http.answers import Answer
from connectors.powerofficego import errors as powerofficego
from connectors.vismanet import refusals as vismanet
from tests.connectors.vismanet.shapes import batch

STRANGE = {
    "deep": b"[" * 100_000,
    "deep and closed": b'{"message":' + b"[" * 900 + b"]" * 900 + b"}",
    "half of a pair": rb'{"message": "a\ud800b", "detail": "a\ud800b"}',
    "control characters": rb'{"message": "a\u0000\u001bb", "detail": "a\u0000b"}',
    "only opened tags": b"<" * 2_000_000,
    "only opened scripts": b"<script>" * 200_000,
    "no UTF-8": b"\xff\xfe\xff",
}


def _vismanet(answer: Answer) -> ConnectorError:
    return vismanet.failure(answer, writes=True, batch=batch(), facts=None)


def _powerofficego(answer: Answer) -> ConnectorError:
    return powerofficego.failure(answer, writes=True)


def _businessnxt(answer: Answer) -> ConnectorError:
    return businessnxt.failure(answer, writes=True)


class TestAStrangeRefusal:
    @pytest.mark.parametrize("read", [_vismanet, _powerofficego, _businessnxt])
    @pytest.mark.parametrize("kind", STRANGE)
    def test_is_a_failure_with_words_that_can_be_stored(self, read, kind):
        found = read(Answer(400, {}, STRANGE[kind]))

        assert isinstance(found, ConnectorError)
        found.detail.encode()
        assert "\0" not in found.detail
