"""Django's entry for a small app."""

from typing import Any

from django.apps import AppConfig


def tiles(_membership: Any) -> list[dict[str, Any]]:
    """Return the one tile of the app."""
    return [{"label": "Small things", "figure": 7, "note": "of seven", "url": "/", "tone": ""}]


class SmallAppConfig(AppConfig):
    """A small app."""

    name = "tests.integrationhub.small_app"
    label = "small_app"

    def ready(self) -> None:
        """Register one right, action, badge, link, crash point and tile."""
        from audit import actions
        from background import crash_points
        from organisations import navigation, rules
        from ui import badges
        from ui import tiles as home

        rules.register(
            rules.Right(
                "small",
                "Small things",
                "See small things.",
                order=900,
                built_in={rules.AUDITOR: rules.Level.READ},
            )
        )
        navigation.register(
            navigation.Item("small", "organisations:profile", "Small", "list", "/small/", order=900)
        )
        actions.register_area("small", "Small things", order=900)
        actions.register("small", {"small.done": "Small thing done"})
        badges.register({"shrunk": badges.Badge("Shrunk", "minus", "quiet")})
        crash_points.register({"small.after_call": "the small thing is done, nothing is stored"})
        home.register(tiles)
