"""Lists of PowerOffice Go whose header is missing, odd, or whose members move between pages."""

from typing import Any

import pytest
import responses

from connectors.errors import BadAnswer
from connectors.powerofficego import Client
from tests.connectors.conftest import FixedTokens

BASE = "https://goapi.poweroffice.net"
URL = f"{BASE}/v2/Customers"


def customer(number: int) -> dict[str, Any]:
    return {"Id": number, "Number": number, "Name": "N", "SubledgerAccountId": number + 1}


def numbers(tokens: FixedTokens) -> list[str]:
    client = Client(base_url=BASE, tokens=tokens, subscription_key="s", page_size=2, per_second=0)
    return [one.number for one in client.read_customers()]


def answer(*found: int, header: str | None = None) -> None:
    headers = {} if header is None else {"X-Pagination": header}
    body = [customer(number) for number in found]
    if found:
        responses.get(URL, json=body, headers=headers)
    else:
        responses.get(URL, status=204)


@responses.activate
@pytest.mark.parametrize("header", [None, "", "not JSON", "[]", "null"])
def test_without_a_header_a_full_page_has_a_next_one(tokens, header):
    answer(1, 2, header=header)
    answer(3, header=header)

    assert numbers(tokens) == ["1", "2", "3"]


@responses.activate
def test_a_full_last_page_is_followed_by_an_empty_list(tokens):
    answer(1, 2)
    answer()

    assert numbers(tokens) == ["1", "2"]


@responses.activate
@pytest.mark.parametrize("header", ['{"nextPageLink": ""}', '{"NextPageLink": null}', "{}"])
def test_the_header_ends_the_list_in_either_case(tokens, header):
    answer(1, 2, header=header)

    assert numbers(tokens) == ["1", "2"]


@responses.activate
def test_what_moves_to_the_next_page_is_not_counted_twice(tokens):
    answer(1, 2, header='{"nextPageLink": "https://x/2"}')
    answer(2, 3, header='{"nextPageLink": ""}')

    assert numbers(tokens) == ["1", "2", "3"]


@responses.activate
def test_a_list_must_be_one(tokens):
    responses.get(URL, json={"value": []})

    with pytest.raises(BadAnswer):
        numbers(tokens)
