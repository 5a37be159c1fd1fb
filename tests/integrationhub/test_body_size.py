"""A body that is too large is refused before a byte of it is read."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from integrationhub import configuration
from integrationhub.middleware import BodySizeMiddleware
from tests import factories

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


class NeverRead(BytesIO):
    """A body that must not be touched."""

    def read(self, *_size: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def send(client: Client, path: str, size: int, **more: str):
    kind = "multipart/form-data; boundary=x"
    return client.post(
        path,
        content_type=kind,
        **{"wsgi.input": NeverRead(), "CONTENT_LENGTH": str(size), "REQUEST_METHOD": "POST"},
        **more,
    )


class TestAStranger:
    @pytest.mark.parametrize(
        "path", ["/sign-in/", "/journals/import/", "/nowhere/", "/i18n/setlang/"]
    )
    def test_cannot_send_a_file_to_any_address(self, path):
        client = Client(enforce_csrf_checks=True)

        assert send(client, path, 65 * 1024).status_code == 413

    def test_is_answered_in_json_by_the_api(self):
        answer = send(Client(), "/api/v1/time-entries", 65 * 1024)

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("size", ["-1", "²", "12x", "1e9"])
    def test_cannot_lie_about_the_size(self, size):
        assert send(Client(), "/sign-in/", size).status_code == 400

    def test_can_sign_in(self):
        answer = Client().post(reverse("account_login"), {"login": "a" * 60_000})

        assert answer.status_code == 200


class TestAMember:
    def test_sends_no_more_than_the_largest_file(self, settings):
        settings.HUB_MAX_UPLOAD_MB = 3
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.member().user, backend="organisations.backends.HubBackend")

        assert send(client, "/journals/import/", 4 * MB + 1).status_code == 413


def test_the_web_server_takes_what_the_hub_takes():
    default = {one.name: one for one in configuration.TABLE}["HUB_MAX_UPLOAD_MB"].default
    conf = (Path(settings.BASE_DIR) / "deploy/nginx/integrationhub.conf").read_text()

    (limit,) = re.findall(r"client_max_body_size (\d+)m;", conf)

    assert int(limit) * MB == int(default) * MB + BodySizeMiddleware.BESIDE_A_FILE
