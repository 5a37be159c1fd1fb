"""The pages about files that come in, through HTTP."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from journals.models import Journal
from organisations.models import Membership
from sources.models import ImportedFile
from tests import factories
from tests.journals.importing.builders import company, csv, imported, read, receive, sie

pytestmark = pytest.mark.django_db
State = ImportedFile.State
OTHER = (("7010", "1100.00"), ("2821", "-1100.00"))


@pytest.fixture
def member() -> Membership:
    """Return a person who may import."""
    return factories.member()


@pytest.fixture
def client(member) -> Client:
    """Return that person's browser."""
    return signed_in(member)


def signed_in(member: Membership) -> Client:
    """Return the browser of a person who signed in."""
    browser = Client()
    browser.force_login(member.user)
    return browser


def upload(client: Client, content: bytes, name: str = "payroll.si", **more: str):
    """Send the form with a file."""
    form = {"upload": SimpleUploadedFile(name, content)} | more
    return client.post(reverse("journals:import"), form)


def page_of(client: Client, file: ImportedFile):
    """Open the page of a file."""
    return client.get(reverse("journals:imported_file", args=[file.pk]))


def decide(client: Client, file: ImportedFile, action: str, **more: str):
    """Press one of the buttons of a file's page, and follow."""
    url = reverse("journals:decide_file", args=[file.pk])
    return client.post(url, {"action": action} | more, follow=True)


class TestImportPage:
    def test_takes_a_file_and_leads_to_its_page(self, client, member):
        response = upload(client, sie())

        file = ImportedFile.objects.get()
        assert response["Location"] == reverse("journals:imported_file", args=[file.pk])
        assert (file.state, file.uploaded_by) == (State.WAITING, member.user)

    def test_leaves_the_reading_to_a_worker(self, client, member, run_due_work):
        company(member.organisation)
        upload(client, sie())
        before = ImportedFile.objects.get().state

        run_due_work()

        assert (before, ImportedFile.objects.get().state) == (State.WAITING, State.IMPORTED)

    def test_lists_the_files_with_their_states(self, client, member):
        company(member.organisation)
        imported(member.organisation, sie())

        response = client.get(reverse("journals:import"))

        assert b"payroll.si" in response.content
        assert b"PAYROLL 2026-03/3" in response.content

    def test_says_how_large_a_file_may_be(self, client, settings):
        settings.HUB_MAX_UPLOAD_MB = 1

        response = upload(client, b"x" * 1_000_001)

        assert response.status_code == 413
        assert b"1 MB" in response.content

    def test_without_a_file_says_so(self, client):
        response = client.post(reverse("journals:import"), {})

        assert response.status_code == 400
        assert not ImportedFile.objects.exists()

    def test_has_no_form_for_who_may_only_read(self, member):
        reader = signed_in(factories.member(member.organisation, {"journals": "read"}))

        shown = reader.get(reverse("journals:import"))
        refused = upload(reader, sie())

        assert b'type="file"' not in shown.content
        assert refused.status_code == 403
        assert not ImportedFile.objects.exists()

    def test_offers_no_company_of_another_organisation(self, client):
        other = company(factories.organisation())

        response = upload(client, sie(), company=str(other.pk))

        assert response.status_code == 400

    @pytest.mark.parametrize(
        "content",
        [b"\x00\xff" * 50, b"#TRANS {", b"PK\x03\x04rest", b";;\n"],
        ids=["bytes", "cut", "archive", "empty table"],
    )
    def test_takes_garbage_without_an_error_page(self, client, content):
        upload(client, content)

        response = page_of(client, read(ImportedFile.objects.get()))

        assert response.status_code == 200


class TestFilePage:
    def test_asks_again_while_the_file_is_read(self, client, member):
        file = receive(member.organisation, sie())

        response = page_of(client, file)

        assert reverse("journals:import_progress", args=[file.pk]).encode() in response.content

    def test_comes_again_when_the_file_is_read(self, client, member):
        company(member.organisation)
        file = receive(member.organisation, sie())
        url = reverse("journals:import_progress", args=[file.pk])

        before = client.get(url)
        read(file)
        after = client.get(url)

        assert "HX-Refresh" not in before.headers
        assert after.headers["HX-Refresh"] == "true"

    def test_lists_problems_with_line_value_and_what_was_expected(self, client, member):
        file = imported(member.organisation, sie([("7010", "ten"), ("2821", "-9.00")]))

        text = page_of(client, file).content.decode()

        assert "Line 11" in text
        assert "ten" in text
        assert "Expected" in text

    def test_is_not_there_for_a_stranger(self, member):
        file = imported(member.organisation, sie())
        stranger = signed_in(factories.member())

        pages = [
            page_of(stranger, file),
            stranger.get(reverse("journals:import_progress", args=[file.pk])),
            decide(stranger, file, "discard"),
        ]

        assert [response.status_code for response in pages] == [404, 404, 404]

    def test_is_not_there_without_the_right(self, member):
        nobody = signed_in(factories.member(member.organisation, {"journals": "none"}))

        assert nobody.get(reverse("journals:import")).status_code == 404


class TestDeciding:
    def test_columns_shows_the_rows_and_remembers_the_choice(self, client, member):
        company(member.organisation)
        file = imported(member.organisation, csv(), name="a.csv")
        page = page_of(client, file)
        chosen = {bound.html_name: bound.value() or "" for bound in page.context["columns"]} | {
            "name": "Our payroll"
        }

        decide(client, file, "columns", **chosen)
        read(file)

        assert b"7010" in page.content
        assert (file.state, file.source.name) == (State.IMPORTED, "Our payroll")
        entry = AuditEntry.objects.get(action="journal.columns_confirmed")
        assert (entry.user, entry.details["source"]) == (member.user, "Our payroll")

    def test_records_who_decided_and_from_which_address(self, client, member):
        company(member.organisation)
        file = imported(member.organisation, csv(), name="a.csv")

        decide(client, file, "discard")

        entry = AuditEntry.objects.get(action="journal.file_thrown_away")
        assert (entry.user, entry.address) == (member.user, "127.0.0.1")
        assert entry.details == {"file": "a.csv"}

    def test_company(self, client, member):
        of = company(member.organisation)
        file = imported(member.organisation, sie(number=""))

        decide(client, file, "company", company=str(of.pk))

        assert Journal.objects.get().company == of

    def test_company_of_another_organisation_is_not_taken(self, client, member):
        other = company(factories.organisation())
        file = imported(member.organisation, sie(number=""))

        response = decide(client, file, "company", company=str(other.pk))

        assert response.status_code == 400
        assert not Journal.objects.exists()

    def test_run(self, client, member):
        company(member.organisation)
        file = imported(member.organisation, sie(text="Salaries"))

        decide(client, file, "run", run="12")

        assert Journal.objects.get().run == "12"

    def test_confirmation(self, client, member):
        company(member.organisation)
        file = imported(member.organisation, sie(flag=1))

        decide(client, file, "confirm")

        assert Journal.objects.count() == 1

    def test_other_content_is_shown_beside_what_was_imported(self, client, member):
        company(member.organisation)
        imported(member.organisation, sie())
        file = imported(member.organisation, sie(OTHER))

        page = page_of(client, file)
        decide(client, file, "take")

        assert [(str(row.old), str(row.new)) for row in page.context["changes"]] == [
            ("-1000.00", "-1100.00"),
            ("1000.00", "1100.00"),
        ]
        assert str(Journal.objects.get().total) == "1100.00"

    def test_twice_changes_nothing_and_says_so(self, client, member):
        company(member.organisation)
        file = imported(member.organisation, sie(flag=1))
        decide(client, file, "confirm")

        response = decide(client, file, "confirm")

        assert b"already been decided" in response.content
        assert Journal.objects.count() == 1

    def test_is_not_for_who_may_only_read(self, member):
        company(member.organisation)
        file = imported(member.organisation, sie(flag=1))
        reader = signed_in(factories.member(member.organisation, {"journals": "read"}))

        response = decide(reader, file, "confirm")

        assert response.status_code == 403
        assert not Journal.objects.exists()
