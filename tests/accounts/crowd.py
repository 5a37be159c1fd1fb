"""
Processes that use one connection at the same moment; prints what each says, as JSON.

Run by `test_refresh_by_many.py`: python -m tests.accounts.crowd DATABASE CONNECTION PROCESSES,
with the environment of the suite.
"""

import json
import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """What one process says: how long it took, and why it failed, if it did."""

    seconds: float
    failure: str


class Crowd:
    """Processes that wait for the number of a connection, and then use its token at once."""

    def __init__(self, processes: int) -> None:
        self._children = [_fork() for _ in range(processes)]

    def use(self, connection_id: int) -> list[Said]:
        """Let all go at the same moment; return what each says."""
        for _pid, orders, _answers in self._children:
            os.write(orders, f"{connection_id}\n".encode())
        return [Said(**json.loads(_line(answers))) for _pid, _orders, answers in self._children]

    def end(self) -> None:
        """Let the processes end, and wait for them."""
        for _pid, orders, _answers in self._children:
            os.close(orders)
        for pid, _orders, answers in self._children:
            os.close(answers)
            os.waitpid(pid, 0)


def _fork() -> tuple[int, int, int]:
    """Return the process, where it takes orders, and where it answers."""
    orders, give = os.pipe()
    take, answers = os.pipe()
    os.set_inheritable(give, False)
    pid = os.fork()
    if pid:
        os.close(orders)
        os.close(answers)
        return pid, give, take
    code = 1
    try:
        os.close(give)
        os.close(take)
        while line := _line(orders):
            os.write(answers, (json.dumps(_use(int(line))) + "\n").encode())
        code = 0
    except BaseException:  # noqa: BLE001 (this process ends here, and says why)
        traceback.print_exc()
    finally:
        os._exit(code)


def _line(pipe: int) -> str:
    """Return a line without its end; nothing when the other side is gone."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(pipe, 1)
        if not piece:
            return ""
        text += piece
    return text.decode().strip()


def _use(connection_id: int) -> dict[str, Any]:
    from accounts.models import Connection
    from accounts.operations.access import connector_for

    started = time.monotonic()
    failure = ""
    try:
        connector_for(Connection.objects.get(pk=connection_id)).read_administration()
    except Exception as exc:  # noqa: BLE001 (whatever it is, it is counted)
        failure = repr(exc)
    return {"seconds": time.monotonic() - started, "failure": failure}


def main(database: str, connection_id: int, processes: int) -> None:
    """Start the processes, let them go, and print their words."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "integrationhub.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.HUB_VENDORS.update(
        {name: value for name, value in os.environ.items() if name in settings.HUB_VENDORS}
    )
    django.setup()

    crowd = Crowd(processes)
    said = crowd.use(connection_id)
    crowd.end()
    print(json.dumps([asdict(one) for one in said]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
