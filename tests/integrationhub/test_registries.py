"""A new app adds to pages, roles, the trail and drills without a line in a lower app."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client, override_settings

from audit import actions
from audit.trail import record
from background import crash_points
from organisations import navigation, rules
from tests import factories
from ui import badges, tiles

pytestmark = pytest.mark.django_db

REGISTRIES: tuple[tuple[Any, str], ...] = (
    (rules, "RIGHT_BY_KEY"),
    (navigation, "_items"),
    (actions, "ACTIONS"),
    (actions, "AREAS"),
    (actions, "_areas_of"),
    (badges, "BADGES"),
    (crash_points, "CRASH_POINTS"),
)


@pytest.fixture(autouse=True)
def small_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the small app, and leave no trace of it."""
    for module, name in REGISTRIES:
        monkeypatch.setattr(module, name, dict(getattr(module, name)))
    roles = {role: dict(rights) for role, rights in rules.BUILT_IN_ROLES.items()}
    monkeypatch.setattr(rules, "BUILT_IN_ROLES", roles)
    monkeypatch.setattr(tiles, "TILES", list(tiles.TILES))
    monkeypatch.setattr("journals.queries.boards.TILES", tiles.TILES)
    monkeypatch.setattr("audit.queries.ACTIONS", actions.ACTIONS)
    monkeypatch.setattr("audit.queries.AREAS", actions.AREAS)
    monkeypatch.setattr("ui.templatetags.hub.BADGES", badges.BADGES)

    with override_settings(
        INSTALLED_APPS=[
            *settings.INSTALLED_APPS,
            "tests.integrationhub.small_app.apps.SmallAppConfig",
        ]
    ):
        yield


def signed_in(rights: dict[str, str]) -> tuple[Client, Any]:
    member = factories.member(rights=rights)
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client, member


class TestASmallApp:
    """Everything that it registers is found where people look."""

    def test_has_its_right_in_the_matrix_and_in_built_in_roles(self) -> None:
        client, _member = signed_in({"organisation": "write"})

        page = client.get("/roles/").content.decode()

        assert "See small things." in page
        assert rules.BUILT_IN_ROLES[rules.AUDITOR]["small"] is rules.Level.READ
        assert rules.check_rights({"small": "read"}) == {"small": "read"}

    def test_has_its_link_for_those_who_may_read_it_only(self) -> None:
        with_right, _member = signed_in({"small": "read"})
        without, _other = signed_in({"organisation": "read"})

        assert "Small" in with_right.get("/profile/").content.decode()
        assert "Small" not in without.get("/profile/").content.decode()

    def test_has_its_actions_in_words_and_as_a_filter_of_the_trail(self) -> None:
        client, member = signed_in({"audit": "read"})
        record(organisation=member.organisation, action="small.done", subject=member)
        record(organisation=member.organisation, action="role.changed", subject=member)

        page = client.get("/audit/?area=small").content.decode()

        assert "Small thing done" in page
        assert "Rights of a role changed" not in page

    def test_has_its_badge(self) -> None:
        shown = Template("{% load hub %}{% state_badge 'shrunk' %}").render(Context())

        assert "Shrunk" in shown

    def test_has_its_crash_point(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HUB_DIE_AT", "small.after_call")
        crash_points._crash_ordered.cache_clear()

        crash_points.crash_point("background_request.after_claim")

        assert crash_points._crash_ordered() == ("small.after_call", 1)
        crash_points._crash_ordered.cache_clear()

    def test_has_its_tile_on_the_home_page(self) -> None:
        client, _member = signed_in({"journals": "read"})

        assert "Small things" in client.get("/overview/").content.decode()
