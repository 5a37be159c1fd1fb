"""Two people who choose the dimensions of one company's files at once."""

import pytest
from django.test import Client
from django.urls import reverse

from sources.models import CompanyReading
from tests import factories
from tests.sent import sent_by


@pytest.mark.django_db
def test_the_later_one_is_warned_and_takes_the_others_choice_in() -> None:
    of = factories.organisation()
    company = factories.company(of)
    page = reverse("journals:reading", args=[company.pk])
    ada, bo = Client(), Client()
    ada.force_login(factories.member(of).user)
    bo.force_login(factories.member(of, person=factories.user(name="Bo Berg")).user)
    adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
    assert bo.post(page, {**bos, "cost_unit": "6"}).status_code == 302

    later = ada.post(page, {**adas, "cost_centre": "20"})

    assert later.status_code == 409
    assert "Bo Berg changed this while you had it open." in later.content.decode()
    again = sent_by(later)
    assert (again["cost_centre"], again["cost_unit"]) == ("20", "6")
    assert ada.post(page, again).status_code == 302
    settings = CompanyReading.objects.get().settings
    assert (settings["cost_centre_dimension"], settings["cost_unit_dimension"]) == ("20", "6")
