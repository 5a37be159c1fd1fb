"""The client: what it asks of Visma.net, and what it makes of every answer."""

import base64
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import responses
from responses import matchers

from connectors.base import BatchStatus
from connectors.errors import (
    BadAnswer,
    Forbidden,
    NoAnswerToFollow,
    NotAuthorized,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.http.client import Timeouts
from connectors.vismanet import errors
from connectors.vismanet.client import Client, segment
from sandbox import seed
from tests.connectors.conftest import FixedTokens
from tests.connectors.identity import grant_for
from tests.connectors.vismanet.shapes import (
    batch,
    credit,
    debit,
    journal_answer,
    line_answer,
)

BASE = "https://api.finance.visma.net"
JOURNALS = f"{BASE}/v2/journaltransaction"
SINCE = datetime(2026, 3, 25, 12, 30, tzinfo=UTC)
D = Decimal


@pytest.fixture
def client(tokens):
    return Client(base_url=BASE, tokens=tokens)


def json_of(content):
    """Return the content as JSON text: the mock's own way would make floats of amounts."""
    from connectors.http.exact_json import to_json

    return {"body": to_json(content), "content_type": "application/json"}


class TestSegment:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("000001", "000001"), ("A-1_b.c~", "A-1_b.c~"), ("å b", "%C3%A5%20b")],
    )
    def test_writes_plain_values_as_they_are(self, value, expected):
        assert segment(value) == expected

    @pytest.mark.parametrize("reserved", list(":/?#[]@&*+;"))
    def test_writes_reserved_characters_as_base64(self, reserved):
        value = f"HUB{reserved}1"

        written = segment(value)

        assert written.startswith("b64(")
        assert base64.urlsafe_b64decode(written[4:-1]).decode() == value


class TestPostJournal:
    @responses.activate
    @pytest.mark.parametrize(
        ("location", "number"),
        [
            (f"{JOURNALS}/000001", "000001"),
            ("https://other.visma.net/v2/journaltransaction/000001/", "000001"),
            ("/v2/JournalTransaction/HUB%201", "HUB 1"),
            (f"{JOURNALS}/b64(SFVCLzE=)", "HUB/1"),
        ],
    )
    def test_takes_the_number_from_location(self, client, location, number):
        responses.post(JOURNALS, status=201, json={}, headers={"Location": location})

        assert client.post_journal(batch()) == number

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            (201, {}),
            (201, {"Location": f"{BASE}/v2/journaltransaction"}),
            (201, {"Location": f"{BASE}/v1/background/7"}),
            (201, {"Location": f"{JOURNALS}/b64(%%%)"}),
            (200, {"Location": f"{JOURNALS}/000001"}),
            (202, {"Location": f"{JOURNALS}/000001"}),
            (204, {}),
        ],
    )
    def test_calls_a_yes_without_a_number_unknown(self, client, status, headers):
        responses.post(JOURNALS, status=status, headers=headers)

        with pytest.raises(NoAnswerToFollow):
            client.post_journal(batch())

    @responses.activate
    def test_sends_nothing_that_must_not_be_sent(self, client):
        with pytest.raises(errors.NotSendable):
            client.post_journal(batch(lines=()))

        assert not responses.calls

    @responses.activate
    def test_sends_a_write_once(self, client):
        responses.post(JOURNALS, status=503)

        with pytest.raises(OutcomeUnknown):
            client.post_journal(batch())

        assert len(responses.calls) == 1


class TestReadJournal:
    @responses.activate
    def test_returns_the_batch(self, client):
        responses.get(f"{JOURNALS}/000001", **json_of(journal_answer()))

        found = client.read_journal("000001")

        assert found.debit_total == D("1000.10")
        assert found.status is BatchStatus.BALANCED

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (404, {"statusCode": 404, "message": "Resource not found"}),
            (404, {"message": "VismaId: x. Not here."}),
            (400, {"message": "VismaId: x. Batch '9' cannot be found in the system."}),
        ],
    )
    def test_knows_that_there_is_none(self, client, status, body):
        responses.get(f"{JOURNALS}/9", status=status, json=body)

        assert client.read_journal("9") is None

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (404, "<html>nginx</html>", Rejected),
            (400, '{"message": "Bad request"}', Rejected),
            (403, "", Forbidden),
            (429, "", RateLimited),
            (500, "", Unavailable),
            (503, "", Unavailable),
            (200, "<html>", BadAnswer),
            (200, "[]", BadAnswer),
            (202, "{}", BadAnswer),
        ],
    )
    def test_never_takes_another_answer_for_none(self, client, status, body, kind):
        responses.get(f"{JOURNALS}/9", status=status, body=body)

        with pytest.raises(kind):
            client.read_journal("9")

    @responses.activate
    def test_does_not_say_none_when_another_module_has_the_number(self, client):
        responses.get(f"{JOURNALS}/9", **json_of(journal_answer("9", module="ModuleAP")))

        with pytest.raises(BadAnswer, match="module"):
            client.read_journal("9")


def page(number, items, **query):
    expected = {"module": "GL", "pageNumber": str(number), "pageSize": "1000", **query}
    responses.get(JOURNALS, match=[matchers.query_param_matcher(expected)], **json_of(items))


class TestFindJournals:
    query = {"lastModifiedDateTime": "2026-03-24T12:30:00"}

    def find(self, client, description="PAYROLL 2026-03 HUB-7F3K2"):
        return client.find_journals(description=description, since=SINCE)

    @responses.activate
    def test_asks_from_a_day_before_and_compares_the_description_exactly(self, client):
        other = journal_answer("000002", total=2, description="PAYROLL 2026-03 HUB-7F3K2 x")
        page(1, [journal_answer(total=2), other], **self.query)

        assert [one.number for one in self.find(client)] == ["000001"]

    @responses.activate
    def test_returns_every_batch_that_has_it(self, client):
        page(1, [journal_answer(total=2), journal_answer("000002", total=2)], **self.query)

        assert [one.number for one in self.find(client)] == ["000001", "000002"]

    @responses.activate
    def test_returns_none_for_an_empty_list(self, client):
        page(1, [], **self.query)

        assert self.find(client) == []

    @responses.activate
    def test_reads_all_pages_by_total_count_and_joins_the_pieces(self, client):
        first = journal_answer(total=3, journalTransactionLines=[line_answer(1), line_answer(2)])
        rest = journal_answer(total=3, journalTransactionLines=[line_answer(3)])
        page(1, [first], **self.query)
        page(2, [rest], **self.query)

        found = self.find(client)

        assert [[line.number for line in one.lines] for one in found] == [[1, 2, 3]]

    @responses.activate
    @pytest.mark.parametrize("most", [2, 1000])
    def test_b07_reads_on_after_a_full_page_if_the_total_counts_batches(self, tokens, most):
        client = Client(base_url=BASE, tokens=tokens, page_size=1000 if most == 2 else 2)
        metadata = {"totalCount": 2, "maxPageSize": most}
        two = [line_answer(1), line_answer(2)]
        other = journal_answer("000008", description="Other", journalTransactionLines=two)
        for number, items in enumerate([[other], [journal_answer()]], start=1):
            expected = {"pageNumber": str(number), "pageSize": "1000" if most == 2 else "2"}
            responses.get(
                JOURNALS,
                match=[matchers.query_param_matcher(expected, strict_match=False)],
                **json_of([item | {"metadata": metadata} for item in items]),
            )

        assert [one.number for one in self.find(client)] == ["000001"]

    @responses.activate
    @pytest.mark.parametrize("beyond", ["empty", "repeated"])
    def test_ends_after_a_full_page_that_was_the_last(self, tokens, beyond):
        client = Client(base_url=BASE, tokens=tokens, page_size=1)
        only = [journal_answer(total=1)]
        for number, items in ((1, only), (2, only if beyond == "repeated" else [])):
            expected = {"pageNumber": str(number)}
            responses.get(
                JOURNALS,
                match=[matchers.query_param_matcher(expected, strict_match=False)],
                **json_of(items),
            )

        assert [one.number for one in self.find(client)] == ["000001"]

    @responses.activate
    def test_reads_all_again_when_the_list_grows_meanwhile(self, client):
        two = [line_answer(1), line_answer(2)]
        page(1, [journal_answer("000009", total=3, journalTransactionLines=two)], **self.query)
        page(2, [journal_answer("000009", total=4)], **self.query)
        page(1, [journal_answer(total=1)], **self.query)

        assert [one.number for one in self.find(client)] == ["000001"]

    @responses.activate
    def test_gives_up_for_now_when_the_list_never_stands_still(self, client):
        two = [line_answer(1), line_answer(2)]
        page(1, [journal_answer(total=3, journalTransactionLines=two)], **self.query)
        page(2, [journal_answer(total=4)], **self.query)

        with pytest.raises(Unavailable):
            self.find(client)

    @responses.activate
    @pytest.mark.parametrize("second", [[], [journal_answer(total=3)]])
    def test_does_not_take_a_page_that_is_empty_or_comes_again_for_the_end(self, client, second):
        page(1, [journal_answer(total=3)], **self.query)
        page(2, second, **self.query)

        with pytest.raises(BadAnswer, match="page 2"):
            self.find(client)

    @responses.activate
    def test_passes_over_other_modules(self, client):
        page(1, [journal_answer(module="ModuleAP")], **self.query)

        assert self.find(client) == []

    @responses.activate
    @pytest.mark.parametrize("change", [{"metadata": None}, {"errorInfo": "x"}, {"module": None}])
    def test_names_what_it_cannot_read(self, client, change):
        page(1, [journal_answer(**change)], **self.query)

        with pytest.raises(BadAnswer, match=next(iter(change))):
            self.find(client)

    @responses.activate
    def test_does_not_ask_by_status_or_branch(self, client):
        page(1, [], **self.query)

        self.find(client)

        assert set(responses.calls[0].request.params) == {
            "lastModifiedDateTime",
            "module",
            "pageNumber",
            "pageSize",
        }


class TestReleaseJournal:
    release = f"{JOURNALS}/000001/action/release"

    @responses.activate
    @pytest.mark.parametrize(
        "body", ["", "{}", '{"actionResult": "Queued", "errorInfo": ""}', '{"id": "7"}']
    )
    def test_is_content_when_it_was_accepted(self, client, body):
        responses.post(self.release, status=202, body=body)

        assert client.release_journal("000001") is None

    @responses.activate
    def test_says_when_the_result_is_failed(self, client):
        responses.post(self.release, status=202, json={"actionResult": "Failed"})

        with pytest.raises(errors.WrongState):
            client.release_journal("000001")

    @responses.activate
    @pytest.mark.parametrize(("status", "fails"), [("Unposted", False), ("Hold", True)])
    def test_takes_a_batch_that_is_released_already_as_done(self, client, status, fails):
        text = "VismaId: 9b2e4c1a-1111. Batch Status invalid for processing."
        responses.post(self.release, status=400, json={"message": text})
        responses.get(f"{JOURNALS}/000001", **json_of(journal_answer(status=status)))

        if fails:
            with pytest.raises(errors.WrongState):
                client.release_journal("000001")
        else:
            assert client.release_journal("000001") is None

    @responses.activate
    def test_does_not_know_after_a_gateway_failed(self, client):
        responses.post(self.release, status=502)

        with pytest.raises(OutcomeUnknown):
            client.release_journal("000001")


@pytest.fixture
def akeriet(sandbox):
    """Return the tokens of the sandbox's first company."""
    grant = grant_for(sandbox.url, seed.AKERIET)
    return FixedTokens(grant.access_token, grant.access_token)


@pytest.fixture
def ledger(sandbox, akeriet):
    """Return a client of the sandbox's first company, and the sandbox's store."""
    made = Client(
        base_url=f"{sandbox.url}/visma-net",
        tokens=akeriet,
        timeouts=Timeouts(read=5, write=5),
        page_size=3,
    )
    return made, sandbox.store


class TestAgainstTheSandbox:
    """The same client on a real wire, with a ledger that was written without it."""

    def test_posts_what_it_then_reads_back(self, ledger):
        client, store = ledger

        number = client.post_journal(batch(hold=False))

        found = client.read_journal(number)
        kept = store.batch("akeriet", number)
        assert (found.description, found.period) == ("PAYROLL 2026-03 HUB-7F3K2", "202603")
        assert found.debit_total == found.credit_total == D("1000.10")
        assert found.status is BatchStatus.BALANCED
        assert [(one.account, one.reference) for one in found.lines] == [
            ("7010", "HUB-7F3K2"),
            ("2821", "HUB-7F3K2"),
        ]
        assert [one.value for one in found.lines[0].segments] == ["0100", "K10"]
        assert kept.debit == "1000.10"

    def test_holds_a_batch_until_a_person_looks(self, ledger):
        client, _store = ledger

        number = client.post_journal(batch(hold=True))

        assert client.read_journal(number).status is BatchStatus.HOLD

    def test_finds_a_batch_that_is_cut_over_pages(self, ledger):
        client, _store = ledger
        lines = (*(debit("7010", "1.00", (1, "0100"), (2, "K10")) for _ in range(7)),)
        numbers = [
            client.post_journal(
                batch(description=f"B {place}", lines=(*lines, credit("2821", "7.00")))
            )
            for place in range(3)
        ]

        found = client.find_journals(description="B 1", since=datetime.now(UTC))

        assert [one.number for one in found] == [numbers[1]]
        assert len(found[0].lines) == 8
        assert [one.number for one in client.list_journals(period="202603")] == numbers
        assert list(client.list_journals(period="202604")) == []

    def test_reads_all_facts_for_a_preflight(self, ledger):
        client, store = ledger
        store.setup.set_account("akeriet", "7010", active=False)
        store.setup.close_period("akeriet", "202601")

        facts = client.read_facts()

        accounts = {one.number: one for one in facts.accounts}
        periods = {one.id: one for one in facts.periods}
        assert facts.administration.name == "Påhittade Åkeriet AB"
        assert not accounts["7010"].active
        assert not accounts["1510"].takes_manual_entries
        assert accounts["1940"].currency == "EUR"
        assert not periods["202601"].open
        assert periods["202602"].open
        assert [one.description for one in facts.dimensions] == ["Kostnadsställe", "Kostnadsbärare"]
        assert facts.currencies == ("SEK",)
        assert [one.number for one in facts.ledgers if one.actual] == ["1"]
        assert facts.branches[0].active
        assert any(one.number == "BATCH" for one in facts.number_series)

    def test_reads_no_dimensions_where_the_company_has_none(self, sandbox):
        grant = grant_for(sandbox.url, seed.ENKEL)
        client = Client(base_url=f"{sandbox.url}/visma-net", tokens=FixedTokens(grant.access_token))

        assert client.read_facts().dimensions == ()

    def test_finds_by_our_own_number_and_refuses_it_twice(self, sandbox):
        grant = grant_for(sandbox.url, seed.EGNA)
        client = Client(base_url=f"{sandbox.url}/visma-net", tokens=FixedTokens(grant.access_token))
        mine = batch(own_number="HUB0001", lines=(debit("7010", "1.00"), credit("2821", "1.00")))
        assert client.read_journal("HUB0001") is None

        number = client.post_journal(mine)

        assert number == "HUB0001"
        assert client.read_journal("HUB0001").number == "HUB0001"
        with pytest.raises(errors.DuplicateNumber):
            client.post_journal(mine)

    @pytest.mark.parametrize(
        ("fault", "stored"),
        [
            ("lose_answer", True),
            ("bad_gateway_after", True),
            ("server_error_after", True),
            ("no_location", True),
            ("cut_before", False),
            ("bad_gateway", False),
            ("server_error", False),
            ("unavailable", False),
        ],
    )
    def test_calls_every_unknown_answer_unknown_and_finds_out(self, ledger, fault, stored):
        client, store = ledger
        store.add_fault(fault, on="create")

        with pytest.raises(OutcomeUnknown):
            client.post_journal(batch())

        found = client.find_journals(description=batch().description, since=datetime.now(UTC))
        assert len(found) == len(store.batches("akeriet")) == int(stored)

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("rate_limited", RateLimited),
            ("forbidden", Forbidden),
            ("unauthorized", NotAuthorized),
        ],
    )
    def test_knows_what_was_surely_not_stored(self, ledger, fault, kind):
        client, store = ledger
        store.add_fault(fault, on="create", times=2, retry_after=9)

        with pytest.raises(kind) as caught:
            client.post_journal(batch())

        assert store.batches("akeriet") == []
        assert (caught.value.retry_after == 9) is (fault == "rate_limited")

    def test_is_slow_and_unknown_when_the_answer_comes_too_late(self, akeriet, sandbox):
        store = sandbox.store
        hurried = Client(
            base_url=f"{sandbox.url}/visma-net",
            tokens=akeriet,
            timeouts=Timeouts(write=0.2),
        )
        store.add_fault("slow_after", milliseconds=600)

        with pytest.raises(OutcomeUnknown):
            hurried.post_journal(batch())

        assert len(store.batches("akeriet")) == 1

    @pytest.mark.parametrize(
        ("prepare", "kind"),
        [
            (lambda setup: setup.close_period("akeriet", "202603"), errors.PeriodClosed),
            (lambda setup: setup.deactivate_period("akeriet", "202603"), errors.PeriodClosed),
            (
                lambda setup: setup.set_account("akeriet", "7010", active=False),
                errors.AccountInactive,
            ),
            (lambda setup: setup.set_company("akeriet", licensed=False), errors.NoLicence),
            (
                lambda setup: setup.set_role("anna@fjordbyra.example", "akeriet", api_user=False),
                errors.NoLicence,
            ),
        ],
    )
    def test_names_what_the_ledger_refuses(self, ledger, prepare, kind):
        client, store = ledger
        prepare(store.setup)

        with pytest.raises(kind):
            client.post_journal(batch())

        assert store.batches("akeriet") == []

    def test_names_an_account_that_is_not_there(self, ledger):
        client, _store = ledger

        with pytest.raises(errors.AccountUnknown) as caught:
            client.post_journal(batch(lines=(debit("9998", "1.00"), credit("2821", "1.00"))))

        assert caught.value.params["account"] == "9998"
        assert caught.value.trace_id

    def test_names_a_dimension_value_that_is_not_there(self, ledger):
        client, _store = ledger
        lines = (debit("7010", "1.00", (1, "0777"), (2, "K10")), credit("2821", "1.00"))

        with pytest.raises(errors.DimensionValueUnknown) as caught:
            client.post_journal(batch(lines=lines))

        assert "0777" in caught.value.params["value"]

    def test_releases_a_batch(self, ledger):
        client, _store = ledger
        number = client.post_journal(batch(hold=False))

        client.release_journal(number)

        assert client.read_journal(number).status is BatchStatus.RELEASED

    def test_does_not_read_garbage(self, ledger):
        client, store = ledger
        store.add_fault("garbled", on="GET")

        with pytest.raises(BadAnswer):
            client.read_administration()


class TestReadFacts:
    """A read that the user may not make hides a hint, and never a fact that posting needs."""

    @pytest.fixture
    def vendor(self):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            organization = {"organizationCd": "1", "name": "A"}
            mock.get(f"{BASE}/v1/organization", json=[organization])
            for name in ("account", "financialPeriod", "branch", "ledger", "currency"):
                mock.get(f"{BASE}/v1/{name}", json=[])
            mock.get(f"{BASE}/v1/numberSequence", status=403)
            mock.get(f"{BASE}/v1/featuresset", status=403)
            mock.get(f"{BASE}/v1/dimension/SUBACCOUNT", status=404)
            yield mock

    def test_does_without_series_features_and_subaccounts(self, client, vendor):
        facts = client.read_facts()

        assert facts.number_series == ()
        assert facts.dimensions == ()

    @pytest.mark.parametrize("name", ["account", "financialPeriod", "dimension/SUBACCOUNT"])
    def test_does_not_do_without_what_posting_needs(self, client, vendor, name):
        vendor.replace(responses.GET, f"{BASE}/v1/{name}", status=403)

        with pytest.raises(Forbidden):
            client.read_facts()
