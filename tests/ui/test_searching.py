"""What a person types into a search box is found in any case, on both databases."""

import pytest
from django.test import Client
from django.urls import reverse

from organisations.models import Company
from tests import factories
from ui.searching import like


class TestLike:
    @pytest.mark.parametrize(
        ("pattern", "text", "fits"),
        [
            ("%åkeri%", "ÖSTRA ÅKERIET AB", True),
            ("%ÅKERI%", "Östra åkeriet AB", True),
            ("%akeri%", "Östra åkeriet AB", False),
            ("östra", "ÖSTRA", True),
            ("östra", "ÖSTRA ÅKERIET", False),
            ("%50\\%%", "50 % rabatt", False),
            ("%50\\%%", "50% rabatt", True),
            ("%a\\_b%", "aXb", False),
            ("%a_b%", "aXb", True),
            ("%a.b%", "aXb", False),
            ("%två%", "rad ett\nRAD TVÅ", True),
            ("%7%", 1070, True),
        ],
    )
    def test_takes_every_letter_and_its_capital_as_one(self, pattern, text, fits):
        assert like(pattern, text, "\\") is fits

    def test_knows_nothing_of_what_is_not_there(self):
        assert like("%a%", None, "\\") is None


@pytest.mark.django_db
class TestTheDatabase:
    @pytest.mark.parametrize("typed", ["ÅKERI", "åkeri", "Åkeri", "ÖSTRA", "östra åk"])
    @pytest.mark.parametrize("stored", ["Östra Åkeriet", "ÖSTRA ÅKERIET", "östra åkeriet"])
    def test_finds_a_name_in_any_case(self, typed, stored):
        company = factories.company(factories.organisation(), name=stored)

        assert list(Company.objects.filter(name__icontains=typed)) == [company]
        assert list(Company.objects.filter(name__iexact=stored.upper())) == [company]

    def test_and_so_does_a_page(self):
        member = factories.member()
        factories.company(member.organisation, name="Östra Åkeriet")
        client = Client()
        client.force_login(member.user, backend="organisations.backends.HubBackend")

        html = client.get(reverse("organisations:companies"), {"q": "ÖSTRA ÅKERI"}).content.decode()

        assert "Östra Åkeriet" in html
