"""Projects of a customer, on which hours are denied or allowed."""

from collections.abc import Callable, Sequence

from connectors.errors import (
    NotFound,
)
from connectors.http.answers import Answer
from connectors.powerofficego import errors, payloads, strict
from connectors.powerofficego.door import Door
from connectors.powerofficego.lookups import FRESH_SECONDS
from connectors.receivables.target import TargetProject


class TimeBlocks:
    """The projects of one client, remembered for a minute."""

    def __init__(self, door: Door, *, monotonic: Callable[[], float]) -> None:
        self._door, self._monotonic = door, monotonic
        self._projects: tuple[float, list[payloads.Project]] | None = None

    # https://developer.poweroffice.net/workflows/enpoints/dimension-entities/projects
    def read_projects(self, *, customer_number: str) -> Sequence[TargetProject]:
        """
        Return the customer's projects, those below them that inherit the customer included.

        A sub-project that inherits names no customer, so all projects are read and walked;
        archived ones too, since one that takes time may stand below one.
        """
        if self._projects is None or self._monotonic() - self._projects[0] > FRESH_SECONDS:
            items = self._door.items("/Projects", {"includeSubProjects": "true"})
            self._projects = (self._monotonic(), [payloads.project(item) for item in items])
        return payloads.projects_of(customer_number, self._projects[1])

    # https://developer.poweroffice.net/workflows/enpoints/dimension-entities/projects
    def set_time_denied(self, project: TargetProject, *, denied: bool) -> bool:
        """
        Set it where it still reads as `project` says; False if somebody changed it meanwhile.

        Nothing is sent, and the answer is False, where it stands so already: the hub did not
        set it, and must not lift it.
        """
        if project.denies_time == denied:
            return False
        expected: bool | None = project.denies_time
        for _attempt in range(2):
            answer = self._patch(project.id, expected=expected, denied=denied)
            self._projects = None
            if 200 <= answer.status < 300:
                return True
            refused = errors.failure(answer, writes=True)
            if answer.status not in (400, 404, 409, 412, 422):
                raise refused
            try:
                content = self._door.get(f"/Projects/{int(project.id)}")
            except NotFound:
                return False
            now = payloads.project(strict.an_object(content, where="project")).denies_time
            if bool(now) != project.denies_time:
                return False
            if now is expected:
                raise refused
            # "Default false" may be written as nothing at all; then that is what is tested.
            expected = now
        raise refused

    def _patch(self, id: str, *, expected: bool | None, denied: bool) -> Answer:
        return self._door.send(
            "PATCH",
            f"/Projects/{int(id)}",
            body=payloads.deny_time(expected=expected, denied=denied),
            kind="application/json-patch+json",
        )
