"""What pages of lower apps may print of the journals' first steps, by settings only."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from journals.queries.boards import Step, next_step


def first_steps(request: HttpRequest) -> dict[str, Any]:
    """Offer the next first step; it is looked up only by a page that prints it."""
    membership = getattr(request, "membership", None)

    def found() -> Step | None:
        step = None if membership is None else next_step(membership)
        return None if step is None or step.url.split("?")[0] == request.path else step

    look_up: Callable[[], Step | None] = found
    return {"next_step": look_up}
