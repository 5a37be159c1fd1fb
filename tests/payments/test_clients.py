"""Invoice clients: made, changed, checked, in and out as CSV."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from connectors.receivables.shared import SourceCompany
from payments.models import InvoiceClient
from payments.operations import choices, client_files, clients, fetching, setup_checks
from tests.payments import rows
from tests.payments.vendors import SOURCE, TARGET, billed, paid


def form(office, **more):
    values = {
        "number": "77",
        "name": "New AS",
        "organisation_number": "999 999 999",
        "currency": "nok",
        "voucher_types": "21, 22",
        "clearing_account": "1940",
        "fetches_every_hours": "0",
    }
    return rows.signed_in(office.member).post("/invoices/clients/new/", values | more)


class TestForm:
    def test_makes_a_client(self, office):
        assert form(office).status_code == 302

        made = InvoiceClient.objects.get(number="77")
        assert (made.organisation_number, made.currency) == ("999999999", "NOK")
        assert made.voucher_types == [21, 22]

    def test_refuses_a_visma_company_that_another_client_has(self, office):
        answer = form(office, source=str(office.client.source_id))

        assert "Another invoice client has this Visma company." in answer.content.decode()

    def test_offers_no_account_of_another_organisation(self, office):
        theirs = rows.account(rows.client_of().organisation, SOURCE)

        assert form(office, source=str(theirs.pk)).status_code == 200
        assert not InvoiceClient.objects.filter(number="77").exists()

    def test_changes_are_saved(self, office):
        url = reverse("payments:client_settings", args=[office.client.pk])
        values = {
            "number": office.client.number,
            "name": "Renamed AS",
            "organisation_number": "999999999",
            "currency": "NOK",
            "source": str(office.client.source_id),
            "target": str(office.client.target_id),
            "voucher_types": "21",
            "clearing_account": "1940",
            "fetches_every_hours": "6",
        }
        assert rows.signed_in(office.member).post(url, values).status_code == 302
        assert office.fresh().name == "Renamed AS"

    def test_refuses_a_control_account_as_clearing_account(self, office):
        answer = form(
            office,
            target=str(rows.account(office.organisation, TARGET, tenant_id="c2").pk),
            clearing_account="1500",
        )

        assert "1500 is a control account" in answer.content.decode()
        assert not InvoiceClient.objects.filter(number="77").exists()

    def test_refuses_the_control_accounts_that_the_check_found(self, office):
        office.target.control_accounts = frozenset({"1510"})
        setup_checks.check_client(office.fresh(), now=office.now)

        def choose(account: str) -> None:
            clients.save_client(
                organisation=office.organisation,
                client=office.fresh(),
                values={"clearing_account": account},
                by=office.member.user,
            )

        with pytest.raises(choices.ClientRefused, match="1510 is a control account"):
            choose("1510")
        choose("1500")

        assert office.fresh().clearing_account == "1500"

    @pytest.mark.parametrize("marker", ["additionalText", "Hub read", "Free1:integer"])
    def test_refuses_a_marker_of_its_own_that_cannot_hold_the_mark(self, office, marker):
        office.integration.marker_value = "PO"
        office.integration.save()

        with pytest.raises(choices.ClientRefused) as refused:
            clients.save_client(
                organisation=office.organisation,
                client=office.fresh(),
                values={"own_marker": marker},
                by=office.member.user,
            )

        assert refused.value.field == "own_marker"
        assert office.fresh().own_marker == ""

    def test_payments_of_one_company_are_never_continued_with_another(self, office):
        office.source.payments = [paid(1, "1.00")]
        office.fetch()
        other = rows.account(office.organisation, SOURCE)

        with pytest.raises(choices.ClientRefused):
            clients.save_client(
                organisation=office.organisation,
                client=office.fresh(),
                values={"source": other},
                by=office.member.user,
            )

    def save(self, office, **values):
        clients.save_client(
            organisation=office.organisation,
            client=office.fresh(),
            values=values,
            by=office.member.user,
        )

    def test_nor_after_its_account_was_taken_away(self, office):
        office.source.payments = [paid(1, "1.00")]
        office.fetch()
        self.save(office, source=None)

        with pytest.raises(choices.ClientRefused):
            self.save(office, source=rows.account(office.organisation, SOURCE, tenant_id="77"))

        self.save(office, source=office.client.source)
        assert office.fetch().state == "done"

    def test_what_is_registered_in_one_company_is_never_continued_in_another(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.fetch()
        other = rows.account(office.organisation, TARGET, tenant_id="c77")

        with pytest.raises(choices.ClientRefused):
            self.save(office, target=other)
        self.save(office, target=None)
        setup_checks.check_client(office.fresh(), now=office.now)
        with pytest.raises(choices.ClientRefused):
            self.save(office, target=other)

    def test_a_company_in_which_nothing_stands_is_changed(self, office):
        office.source.payments = [paid(1, "100.00")]
        office.fetch()
        other = rows.account(office.organisation, TARGET, tenant_id="c77")

        self.save(office, target=other)

        assert office.fresh().target == other


class TestCheck:
    def test_shows_findings_and_proposals_on_the_page(self, office):
        office.source.company = SourceCompany("1", "Other AS", "111111111")
        me = rows.signed_in(office.member)

        answer = me.post(reverse("payments:check_client", args=[office.client.pk]))
        office.run_due_work()
        html = me.get(answer["Location"]).content.decode()
        assert "has the organisation number 111111111" in html
        assert "Suggested as payments" in html


class TestFiles:
    def upload(self, office, text: str):
        file = SimpleUploadedFile("clients.csv", text.encode())
        return rows.signed_in(office.member).post(
            "/invoices/clients/import/", {"upload": file}, follow=True
        )

    def test_what_goes_out_comes_in_again(self, office):
        InvoiceClient.objects.update(rounding_tolerance=Decimal("0.50"))
        before = client_files.as_csv(office.organisation)
        InvoiceClient.objects.all().delete()

        self.upload(office, before.decode("utf-8-sig"))

        assert client_files.as_csv(office.organisation) == before

    def test_starts_no_formula_in_a_spreadsheet_and_comes_in_as_it_was(self, office):
        InvoiceClient.objects.update(name="=HYPERLINK(1)")
        before = client_files.as_csv(office.organisation).decode("utf-8-sig")
        InvoiceClient.objects.all().delete()

        self.upload(office, before)

        assert ";'=HYPERLINK(1);" in before
        assert InvoiceClient.objects.get().name == "=HYPERLINK(1)"

    def test_nothing_of_a_file_with_a_bad_line_is_taken(self, office):
        text = "number;name;voucher_types\n1;A;21\n2;B;x\n"

        html = self.upload(office, text).content.decode()

        assert "clients.csv, line 3" in html
        assert InvoiceClient.objects.count() == 1

    @pytest.mark.parametrize(
        ("text", "line", "field"),
        [
            ("number;name\n5;A\n5;B\n", 3, "number"),
            ("number;name\n111111111111111111111;A\n", 2, "number"),
            ("number;name;currency\n9;A;\n", 2, "currency"),
            ("number;name;organisation_number\n9;A;none\n", 2, "organisation_number"),
            ("number;name;clearing_account\n9;A;111111111111111111111\n", 2, "clearing_account"),
            ("number;name;voucher_types\n9;A;99999999999\n", 2, "voucher_types"),
            ("number;name;rounding_tolerance\n9;A;10.01\n", 2, "rounding_tolerance"),
            ("number;name;rounding_tolerance\n9;A;-0.5\n", 2, "rounding_tolerance"),
            ("number;name;rounding_tolerance\n9;A;0.005\n", 2, "rounding_tolerance"),
            ("number;name;fetches_every_hours\n9;A;x\n", 2, "fetches_every_hours"),
            ('number;name;marker\n9;"A\nB";"' + "x" * 61 + '"\n', 3, "marker"),
            ("number;name;vouchertypes\n9;A;21\n", 1, "vouchertypes"),
            ("number;name;name\n9;A;B\n", 1, "name"),
            ("number;name\n9;A;more\n", 2, ""),
            ("number;name\n" + "9;" + "a" * 200_000 + "\n", 2, ""),
        ],
    )
    def test_nothing_is_guessed_or_cut(self, office, text, line, field):
        taken = client_files.take(
            organisation=office.organisation, content=text.encode(), by=office.member.user
        )

        assert [(bad.line, bad.field) for bad in taken.bad] == [(line, field)]
        assert InvoiceClient.objects.count() == 1

    def test_lines_may_end_as_on_an_old_machine(self, office):
        taken = client_files.take(
            organisation=office.organisation,
            content=b"number;name\r81;A\r82;B\r",
            by=office.member.user,
        )

        assert taken.saved == 2

    def test_of_two_accounts_with_one_name_none_is_guessed(self, office):
        for company in ("71", "72"):
            rows.account(office.organisation, SOURCE, name="Twin", tenant_id=company)
        text = "number;name;source_account\n9;A;%s\n"

        def take(name):
            content = (text % name).encode()
            return client_files.take(
                organisation=office.organisation, content=content, by=office.member.user
            )

        assert [bad.field for bad in take("Twin").bad] == ["source_account"]
        assert take("Twin · 72").saved == 1
        assert InvoiceClient.objects.get(number="9").source.tenant_id == "72"
        assert "Twin · 72" in client_files.as_csv(office.organisation).decode()

    def test_says_how_many_more_lines_are_bad(self, office):
        text = "number;name\n" + "".join(f"{number};\n" for number in range(25))

        html = self.upload(office, text).content.decode()

        assert html.count("clients.csv, line") == 20
        assert "And 5 more." in html


class TestScheduled:
    def test_starts_by_itself_when_its_hour_has_come(self, office):
        assert fetching.start_scheduled(now=office.now) == 0
        office.client.fetches_every_hours = 6
        office.client.save()

        assert fetching.start_scheduled(now=office.now) == 1
        office.work()
        assert fetching.start_scheduled(now=office.now + timedelta(hours=5)) == 0
        assert fetching.start_scheduled(now=office.now + timedelta(hours=6)) == 1
