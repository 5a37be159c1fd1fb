"""What somebody types stays what it is: text, in its own field, of the form that was sent."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import CharField
from django.test import Client

from accounts.operations import notifying
from api import operations as tokens
from audit.models import AuditEntry
from background.models import BackgroundRequest
from organisations.models import Company, Debtor, User
from sources.models import ImportedFile
from tests import factories, lists
from tests.integrationhub.test_every_address import signed_in
from tests.integrationhub.test_every_address import theirs as theirs
from tests.integrationhub.test_every_answer import answers_of

pytestmark = pytest.mark.django_db
NAMES = {
    *("name", "text", "who", "reason", "note", "file_name", "administration_name"),
    *("description", "customer_name", "blocked_reason"),
}


def name_everything(markup: str) -> None:
    """Give each row of the hub a name that would be markup on a page that does not escape it."""
    for model in apps.get_models():
        if model._meta.app_label not in settings.HUB_APPS or model is AuditEntry:
            continue
        fields = {each.name for each in model._meta.concrete_fields if type(each) is CharField}
        for row in model._default_manager.all():
            named = dict.fromkeys(fields & NAMES, f"{markup}{row.pk}")
            if named:
                model._default_manager.filter(pk=row.pk).update(**named)


def pages_of(office: lists.Office) -> dict[str, str]:
    """Return the text of every page; none is an error."""
    found = answers_of(office)
    assert {name: one.status_code for name, one in found.items() if one.status_code == 500} == {}
    return {
        name: answer.content.decode()
        for name, answer in found.items()
        if answer["Content-Type"].startswith("text/html")
    }


class TestMarkup:
    def test_is_shown_as_it_was_typed_on_every_page(self, theirs: lists.Office):
        name_everything('"><i id=x>')

        pages = pages_of(theirs)

        assert [name for name, page in pages.items() if "<i id=x" in page] == []
        shown = [name for name, page in pages.items() if "&quot;&gt;&lt;i id=x&gt;" in page]
        assert len(shown) > 20

    def test_of_a_template_is_text_too(self, theirs: lists.Office):
        name_everything("{{ 7|add:7 }}{0.__class__}{x}%s%(y)s")

        pages = pages_of(theirs)

        shown = [
            name for name, page in pages.items() if "{{ 7|add:7 }}{0.__class__}{x}%s%(y)s" in page
        ]
        assert len(shown) > 20

    def test_and_line_ends_leave_the_head_of_an_answer_alone(self, theirs: lists.Office):
        name_everything('"\r\nSet-Cookie: x=1; ')

        for name, answer in answers_of(theirs).items():
            assert answer.status_code != 500, name
            assert not re.search(r"[\r\n]", str(dict(answer.items()))), name
            assert "x" not in answer.cookies, name


class TestAQuery:
    @pytest.fixture
    def browser(self):
        member = factories.member()
        factories.company(member.organisation, name="Fjordbyrån")
        factories.company(factories.organisation(), name="Somebody else's")
        return signed_in(member.user)

    @pytest.mark.parametrize(
        "typed", ["' OR 1=1 --", "' OR '1'='1", '") OR 1=1 --', "%' UNION SELECT 1 --", "\\' OR 1"]
    )
    def test_finds_only_what_holds_its_text(self, browser, typed):
        answer = browser.get("/companies/", {"q": typed})

        assert answer.status_code == 200
        assert "Fjordbyrån" not in answer.content.decode()
        assert "Somebody" not in answer.content.decode()

    def test_is_decoded_once(self, browser):
        page = browser.get("/companies/?q=%2546jord").content.decode()

        assert 'value="%46jord"' in page
        assert "Fjordbyrån" not in page


class TestAForm:
    @pytest.fixture
    def member(self):
        return factories.member()

    def test_takes_no_field_that_it_does_not_show(self, member):
        other = factories.company(factories.organisation())
        debtor = factories.debtor(member.organisation)
        typed = {"number": "77", "name": "New", "currency": "SEK", "debtor": debtor.pk}
        more = {"organisation": other.organisation.pk, "pk": other.pk, "id": other.pk}

        signed_in(member.user).post("/companies/new/", typed | more | {"created_at": "2001-01-01"})

        made = Company.objects.get(number="77")
        assert (made.organisation, made.name) == (member.organisation, "New")
        assert made.pk != other.pk
        other.refresh_from_db()
        assert other.name != "New"

    @pytest.mark.parametrize("path", ["/profile/", "/people/invite/"])
    def test_makes_nobody_an_operator(self, member, path):
        typed = {"name": "Ada", "language": "en", "email": "new@office.example"}
        more = {"is_superuser": "1", "is_staff": "1", "is_demo": "1", "password": "x"}

        signed_in(member.user).post(path, typed | {"role": member.role.pk} | more)

        assert not User.objects.filter(is_superuser=True).exists()
        assert not User.objects.filter(is_demo=True).exists()

    def test_is_not_filled_in_by_an_address(self, member):
        typed = {"number": "77", "name": "From the address"}

        answer = signed_in(member.user).post("/debtors/new/?number=77&name=From+the+address", {})

        assert answer.status_code == 200
        assert not Debtor.objects.filter(**typed).exists()


class TestAFile:
    @pytest.mark.parametrize(
        "name", ["../../../etc/passwd.se", "..\\\\win.se", "/var/x.se", "a\r\nb.se"]
    )
    def test_has_a_name_that_leads_nowhere(self, name, settings):
        member = factories.member()
        sent = SimpleUploadedFile(name, b"#FLAGGA 0", content_type="text/html")

        answer = signed_in(member.user).post("/journals/import/", {"upload": sent})

        (file,) = ImportedFile.objects.all()
        assert answer.status_code == 302
        assert not re.search(r"[/\r\n]|\.\.", file.name)
        assert not Path(settings.MEDIA_ROOT).exists() or not list(
            Path(settings.MEDIA_ROOT).iterdir()
        )


class TestAMail:
    def test_has_no_line_in_its_head_that_somebody_typed(self, mailoutbox):
        member = factories.member()
        account = factories.connection(
            member.organisation, name="Anna\r\nBcc: everybody@evil.example", owner=member.user
        )
        background_request = BackgroundRequest.objects.create(
            organisation=member.organisation,
            kind=notifying.NOTIFY,
            params={
                "connection": account.pk,
                "about": next(iter(notifying._SUBJECTS)),
                "failure": "NotAuthorized",
                "failure_params": {"vendor": "Visma.net", "account": account.name},
                "days": 3,
            },
        )

        notifying.tell(background_request, factories.NOW)

        (mail,) = mailoutbox
        assert (mail.to, mail.bcc) == ([member.user.email], [])
        assert "\n" not in mail.subject
        assert "Bcc" not in dict(mail.message().items())


class TestAProgram:
    def test_receives_only_what_it_asked_for(self, theirs: lists.Office):
        run = theirs.about["run"]
        _token, secret = tokens.create(
            organisation=theirs.organisation,
            name="program",
            scopes=["payments_overview"],
            by=theirs.user,
            now=factories.NOW,
        )

        answer = Client().get(
            f"/api/v1/fetches/{run.pk}", headers={"authorization": f"Bearer {secret}"}
        )

        assert set(answer.json()) == {
            *("id", "client", "state", "fetched", "known", "agrees", "failure"),
        }

    def test_without_a_session_is_given_none(self):
        answer = Client().get("/api/v1/fetches/1")

        assert answer.cookies == {}
