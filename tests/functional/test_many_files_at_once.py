"""Several payroll files in one go: one row each, with its own outcome."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from journals.queries.uploads import address_of
from organisations.models import Membership, Organisation
from sources.models import ImportedFile
from tests import factories
from tests.journals.importing.builders import company, csv, read, receive, sie

State = ImportedFile.State
SCRIPT = {"HX-Request": "true"}
LIMIT_MB = 1
TOO_LARGE = b"x" * (LIMIT_MB * 1_000_000 + 1)


def signed_in(member: Membership) -> Client:
    browser = Client()
    browser.force_login(member.user)
    return browser


@pytest.fixture
def member(settings, db) -> Membership:
    settings.HUB_MAX_UPLOAD_MB = LIMIT_MB
    return factories.member()


@pytest.fixture
def client(member: Membership) -> Client:
    return signed_in(member)


def upload(client: Client, *files: tuple[str, bytes], **more: str):
    """Send the form with all the files at once, as a browser without JavaScript does."""
    chosen = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(reverse("journals:import"), {"upload": chosen} | more)


def send(client: Client, name: str, content: bytes, **more: str):
    """Send one of many files, as the page's script does."""
    form = {"upload": SimpleUploadedFile(name, content)} | more
    return client.post(reverse("journals:import"), form, headers=SCRIPT)


def came(organisation: Organisation, count: int) -> list[ImportedFile]:
    """Let files of different months come in; one of them is read."""
    files = [receive(organisation, sie(text=f"Run {n}"), f"{n}.si") for n in range(count)]
    return [read(files[0]), *files[1:]]


@pytest.mark.django_db
class TestSeveralFilesInOneRequest:
    def test_are_all_taken_and_each_has_its_row(self, client, member) -> None:
        answer = upload(client, ("one.si", sie()), ("two.csv", csv(run="4")), ("three.si", b""))

        files = list(ImportedFile.objects.of(member.organisation).order_by("pk"))
        assert [file.name for file in files] == ["one.si", "two.csv", "three.si"]
        assert answer["Location"] == address_of(file.pk for file in files)
        shown = client.get(answer["Location"]).content.decode()
        assert all(f'id="file-{file.pk}"' in shown for file in files)

    def test_each_come_to_their_own_outcome(self, client, member, run_due_work) -> None:
        company(member.organisation)
        answer = upload(
            client,
            ("march.si", sie()),
            ("empty.si", b""),
            ("huge.si", TOO_LARGE),
            ("of nobody.si", sie(number="556036-0793", text="Payroll run 9")),
        )
        run_due_work()

        shown = client.get(answer["Location"]).content.decode()
        outcomes = dict(ImportedFile.objects.values_list("name", "state"))
        assert outcomes == {
            "march.si": State.IMPORTED,
            "empty.si": State.REFUSED,
            "huge.si": State.REFUSED,
            "of nobody.si": State.NEEDS_COMPANY,
        }
        assert "PAYROLL 2026-03/3" in shown
        assert "The file is empty." in shown
        assert "The file has 1000001 bytes; the limit is 1000000." in shown
        assert "1 file needs your answer." in shown
        assert 'hx-trigger="every' not in shown

    def test_are_found_again_from_the_page_of_each(self, client, member) -> None:
        page = client.get(reverse("journals:import"))
        together = {"together": page.context["form"].initial["together"]}
        for name in ("march.si", "april.si"):
            # One by one, as the script of the page sends them.
            client.post(
                reverse("journals:import"),
                {"upload": SimpleUploadedFile(name, sie(text=name))} | together,
                headers={"HX-Request": "true"},
            )
        alone = receive(member.organisation, sie(text="alone"))
        march, april = ImportedFile.objects.exclude(pk=alone.pk).order_by("pk")

        shown = client.get(reverse("journals:imported_file", args=[march.pk])).content.decode()
        other = client.get(reverse("journals:imported_file", args=[alone.pk])).content.decode()

        assert address_of([march.pk, april.pk]) in shown
        assert "Files uploaded together" not in other

    def test_list_first_what_waits_for_an_answer(self, client, member, run_due_work) -> None:
        company(member.organisation)
        answer = upload(
            client, ("march.si", sie()), ("asks.si", sie(number="556036-0793", text="Run 9"))
        )
        run_due_work()

        shown = client.get(answer["Location"]).content.decode()

        assert shown.index("asks.si") < shown.index("march.si")

    def test_that_are_too_large_keep_no_bytes(self, client, member) -> None:
        upload(client, ("huge.si", TOO_LARGE), ("march.si", sie()))

        huge = ImportedFile.objects.get(name="huge.si")
        assert not huge.pieces.exists()
        assert client.get(reverse("journals:imported_file", args=[huge.pk])).status_code == 200

    def test_are_limited_and_the_page_says_it_before(self, client) -> None:
        shown = client.get(reverse("journals:import")).content.decode()

        assert "multiple" in shown.partition('type="file"')[2].partition(">")[0]
        assert "At most 1 MB each, and 500 files at a time." in shown
        assert "at most 100 files and 1 MB together" in shown.partition("<noscript>")[2]

    def test_are_taken_by_nobody_who_may_only_read(self, member) -> None:
        reader = signed_in(factories.member(member.organisation, {"journals": "read"}))

        assert upload(reader, ("one.si", sie()), ("two.si", sie())).status_code == 403
        assert not ImportedFile.objects.exists()


@pytest.mark.django_db
class TestOneOfManyFiles:
    def test_is_taken_and_its_row_is_named(self, client) -> None:
        answer = send(client, "march.si", sie())

        assert answer.status_code == 201
        assert answer.json() == {"file": ImportedFile.objects.get().pk}

    def test_that_is_empty_or_too_large_has_a_row_too(self, client, run_due_work) -> None:
        answers = [send(client, "empty.si", b""), send(client, "huge.si", TOO_LARGE)]
        run_due_work()

        assert [answer.status_code for answer in answers] == [201, 201]
        assert set(ImportedFile.objects.values_list("state", flat=True)) == {State.REFUSED}

    def test_for_a_company_that_is_not_ours_shows_why_it_was_not_taken(self, client) -> None:
        other = company(factories.organisation())

        answer = send(client, "march.si", sie(), company=str(other.pk))

        assert answer.status_code == 400
        assert answer.json()["why"]
        assert not ImportedFile.objects.exists()


@pytest.mark.django_db
class TestThePageOfFilesUploadedTogether:
    def test_follows_itself_while_a_file_is_read(self, client, member) -> None:
        company(member.organisation)
        address = address_of(file.pk for file in came(member.organisation, 3))

        part = client.get(address, headers=SCRIPT).content.decode()

        assert "<html" not in part
        assert "1 of 3 read" in part
        assert 'hx-trigger="every 2s"' in part

    def test_has_nothing_of_another_organisation(self, client) -> None:
        theirs = receive(factories.organisation(), sie(), "theirs.si")

        answer = client.get(address_of([theirs.pk]))

        assert answer.status_code == 200
        assert b"theirs.si" not in answer.content

    @pytest.mark.parametrize(
        "query",
        ["", "?files=", "?files=²", "?files=1.x.-2..٣", "?files=" + "9" * 400, "?files=1&page=x"],
    )
    def test_takes_whatever_its_address_says(self, client, query: str) -> None:
        assert client.get(reverse("journals:uploaded") + query).status_code == 200

    def test_asks_the_database_as_often_for_a_hundred_files_as_for_two(
        self, client, member, django_assert_max_num_queries
    ) -> None:
        company(member.organisation)
        files = [file.pk for file in came(member.organisation, 100)]
        with django_assert_max_num_queries(100) as few:
            client.get(address_of(files[:2]))

        with django_assert_max_num_queries(len(few)):
            shown = client.get(address_of(files)).content

        assert shown.count(b'id="file-') == 100
        assert len(shown) < 150_000

    def test_is_not_there_without_the_right(self, member) -> None:
        nobody = signed_in(factories.member(member.organisation, {"journals": "none"}))

        assert nobody.get(reverse("journals:uploaded")).status_code == 404


# --- in a real browser -------------------------------------------------------------------------


@pytest.fixture
def desk(browser: Browser, live_server, member: Membership):
    """Return the import page, opened by a person who may import."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    session = signed_in(member).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + reverse("journals:import"))
    yield page
    context.close()


def drop(page: Page, files: list[tuple[str, bytes]]) -> None:
    """Drop files onto the page as a hand does."""
    dropped = page.evaluate_handle(
        """files => {
          const all = new DataTransfer();
          files.forEach(([name, text]) => all.items.add(new File([text], name)));
          return all;
        }""",
        [[name, content.decode("ascii")] for name, content in files],
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dropped})


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestFilesDroppedInABrowser:
    def test_a_hundred_of_a_month_are_followed_on_one_page(
        self, desk: Page, member: Membership
    ) -> None:
        company(member.organisation)
        drop(desk, [(f"payroll {n}.si", sie(text=f"Payroll run {n}")) for n in range(100)])
        expect(desk.locator(".drop-chosen")).to_have_text("Chosen: 100 files")

        desk.get_by_role("button", name="Import", exact=True).click()

        desk.wait_for_url("**/journals/import/uploaded/**")
        expect(desk.locator("tbody tr")).to_have_count(100)
        assert ImportedFile.objects.of(member.organisation).count() == 100
        read(ImportedFile.objects.get(name="payroll 7.si"))
        expect(desk.locator("#uploaded")).to_contain_text("1 of 100 read")

    def test_one_too_large_stays_chosen_and_stops_no_other(
        self, desk: Page, member: Membership
    ) -> None:
        drop(desk, [("huge.si", TOO_LARGE), ("march.si", sie())])

        desk.get_by_role("button", name="Import", exact=True).click()

        rows = desk.locator(".uploading-files li")
        expect(rows).to_have_text(
            ["huge.siNot uploaded: larger than 1 MB", "march.siUploaded"], use_inner_text=False
        )
        expect(desk.locator(".drop-chosen")).to_have_text("Chosen: huge.si")
        desk.get_by_role("link", name="Open those that were uploaded").click()
        expect(desk.locator("tbody tr")).to_have_count(1)

    def test_a_session_that_ends_meanwhile_is_said_beside_each_file(self, desk: Page) -> None:
        desk.context.clear_cookies(name="sessionid")
        drop(desk, [("march.si", sie()), ("april.si", sie(text="Payroll run 4"))])

        desk.get_by_role("button", name="Import", exact=True).click()

        expect(desk.locator(".uploading-files li.is-left")).to_have_count(2)
        expect(desk.locator(".uploading-sign-in a")).to_be_focused()
        assert not ImportedFile.objects.exists()

    def test_a_page_that_follows_them_leaves_for_the_sign_in_page(
        self, desk: Page, live_server, member: Membership
    ) -> None:
        address = address_of(file.pk for file in came(member.organisation, 2))
        desk.goto(live_server.url + address)

        desk.context.clear_cookies(name="sessionid")

        desk.wait_for_url("**/sign-in/**")
        expect(desk.locator("h1")).to_have_text("Sign in")
        expect(desk.locator("body")).to_contain_text("Your session has ended.")
        expect(desk.locator("main input[name=next]")).to_have_value(address)

    def test_two_for_one_place_are_not_taken_by_halves(
        self, desk: Page, live_server, member: Membership
    ) -> None:
        desk.locator("input[type=file]").evaluate("one => { one.multiple = false }")

        drop(desk, [("one.si", sie()), ("two.si", sie())])

        expect(desk.locator(".drop-chosen")).to_have_text("One file at a time: nothing was chosen.")
        assert desk.locator("input[type=file]").evaluate("one => one.files.length") == 0
