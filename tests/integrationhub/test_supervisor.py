"""The supervisor, with short real processes in place of the hub's."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from integrationhub import supervisor
from integrationhub.management.commands import prepare_trial
from integrationhub.supervisor import CannotStart, Child, Supervisor

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = "import time\nprint('up', flush=True)\ntime.sleep(60)"
DEAF = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPER}"


def eventually(true: Callable[[], bool], *, within: float = 20) -> bool:
    """Wait for another process: the only thing here that a clock of ours cannot move."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path: Path, said: list[str]) -> Iterator[Callable[..., Supervisor]]:
    made = []

    def make_one(**programs: str) -> Supervisor:
        children = [
            Child(name, [sys.executable, "-c", program], log=tmp_path / "log" / f"{name}.log")
            for name, program in programs.items()
        ]
        made.append(Supervisor(children, tell=said.append))
        return made[-1]

    yield make_one
    for one in made:
        for child in one.children:
            if child.starts and child.process.poll() is None:
                child.process.kill()
                child.process.wait()


def pid_of(child: Child) -> int:
    return child.process.pid


class TestCheckPort:
    def test_lets_a_free_port_pass(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

        prepare_trial.check_port(port, setting="HUB_PORT", purpose="the hub's pages")

    def test_names_the_port_its_purpose_and_the_setting_that_changes_it(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            with pytest.raises(CommandError) as refusal:
                prepare_trial.check_port(port, setting="HUB_PORT", purpose="the hub's pages")

        assert f"Port {port} (the hub's pages) is in use" in str(refusal.value)
        assert f"HUB_PORT={port + 100} make run" in str(refusal.value)


@pytest.mark.processes
class TestSupervisor:
    def test_starts_a_killed_child_again_after_two_seconds(self, make, said):
        hub = make(worker=SLEEPER)
        hub.start()
        child = hub.children[0]
        first = pid_of(child)
        os.kill(first, signal.SIGKILL)
        child.process.wait()

        hub.look_after(now=100.0)
        hub.look_after(now=101.9)
        too_early = pid_of(child)
        hub.look_after(now=102.0)

        assert too_early == first
        assert pid_of(child) != first
        assert is_alive(pid_of(child))
        assert said[0].startswith("  worker ended (exit code -9); it starts again in 2 s. Log: ")

    def test_leaves_the_others_alone_meanwhile(self, make):
        hub = make(worker=SLEEPER, web=SLEEPER)
        hub.start()
        web = pid_of(hub.children[1])
        os.kill(pid_of(hub.children[0]), signal.SIGKILL)
        hub.children[0].process.wait()

        hub.look_after(now=100.0)
        hub.look_after(now=102.0)

        assert pid_of(hub.children[1]) == web
        assert hub.children[1].starts == 1

    def test_stops_all_with_a_line_each(self, make, said):
        hub = make(worker=SLEEPER, web=SLEEPER)
        hub.start()

        hub.stop()

        assert said[0] == "Stopping …"
        assert sorted(said[1:]) == ["  web stopped.", "  worker stopped."]
        assert all(child.process.poll() == -signal.SIGTERM for child in hub.children)

    def test_ends_one_that_will_not_stop(self, make, said, monkeypatch, tmp_path):
        monkeypatch.setattr(supervisor, "STOP_WITHIN", 0.2)
        hub = make(worker=DEAF)
        hub.start()
        log = tmp_path / "log" / "worker.log"
        assert eventually(lambda: log.exists() and "up" in log.read_text())

        hub.stop()

        assert said == ["Stopping …", "  worker did not stop and was ended."]
        assert hub.children[0].process.poll() == -signal.SIGKILL

    def test_says_what_is_still_at_work_and_ends_it_when_asked_once_more(
        self, make, said, monkeypatch, tmp_path
    ):
        monkeypatch.setattr(supervisor, "SAY_WHAT_IS_AWAITED_AFTER", 0.0)
        hub = make(worker=DEAF)
        hub.start()
        log = tmp_path / "log" / "worker.log"
        assert eventually(lambda: log.exists() and "up" in log.read_text())
        hub.asked_to_stop()
        hub.tell = lambda words: (said.append(words), "once more" in words and hub.asked_to_stop())

        hub.stop()

        assert said == [
            "Stopping …",
            "  Still at work: worker. Ctrl-C once more ends it at once.",
            "  worker did not stop and was ended.",
        ]

    def test_keeps_what_children_say_and_tells_of_errors(self, make, said, tmp_path):
        event = {"level": "error", "event": "sweep failed", "exception": "x\nOSError: away"}
        hub = make(web=f"print('calm')\nprint({json.dumps(event)!r})")
        hub.start()
        hub.children[0].process.wait()

        assert eventually(lambda: len(said) == 1)
        assert said == ["  web: sweep failed OSError: away"]
        assert (tmp_path / "log" / "web.log").read_text().startswith("calm\n")

    def test_gives_up_on_a_child_that_does_not_stay_up(self, make, monkeypatch):
        monkeypatch.setattr(supervisor, "RESTART_AFTER", 0.0)
        hub = make(worker="raise SystemExit(3)")
        hub.start()

        with pytest.raises(CannotStart, match=r"worker does not stay up\. Its log: .*worker\.log"):
            hub.wait_until(lambda: "the worker", within=60)

    def test_says_what_it_still_waits_for(self, make):
        hub = make(worker=SLEEPER)
        hub.start()

        with pytest.raises(CannotStart, match="After 0 s still waiting for: the sandbox"):
            hub.wait_until(lambda: "the sandbox", within=0)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of the dead")
    def test_leaves_no_child_behind_when_it_is_killed_itself(self, tmp_path):
        program = textwrap.dedent(
            f"""
            import sys, time
            from pathlib import Path
            from integrationhub.supervisor import Child, Supervisor
            command = [sys.executable, "-c", {SLEEPER!r}]
            log = Path({str(tmp_path)!r})
            hub = Supervisor([Child(n, command, log=log / n) for n in ("web", "worker")])
            hub.start()
            print(*[child.process.pid for child in hub.children], flush=True)
            hub.run()
            """
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as itself:
            pids = [int(word) for word in itself.stdout.readline().split()]
            assert len(pids) == 2
            assert eventually(lambda: all((tmp_path / n).exists() for n in ("web", "worker")))

            itself.kill()
            itself.wait()

        assert eventually(lambda: not any(is_alive(pid) for pid in pids))

    def test_knows_nothing_of_django(self):
        program = (
            "import sys, integrationhub.supervisor; print({'django', 'celery'} & {*sys.modules})"
        )

        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert done.stdout == "set()\n"


class TestErrorIn:
    @pytest.mark.parametrize(
        "line",
        ['{"level": "info", "event": "posted"}', "plain words", "[1, 2]", "", '"text"'],
    )
    def test_finds_none_in_calm_lines(self, line):
        assert supervisor.error_in(line) == ""

    def test_finds_the_words_of_an_event(self):
        assert supervisor.error_in('{"level": "critical", "event": "away"}') == "away"

    def test_finds_a_refusal_to_start(self):
        assert supervisor.error_in("Error: no such file\n") == "Error: no such file"


class TestAwaited:
    def answers(self, monkeypatch: pytest.MonkeyPatch, **pages: tuple[int, bytes]) -> str:
        monkeypatch.setattr(
            supervisor, "answer", lambda port, path: pages["sandbox" if port == 2 else "web"]
        )
        return supervisor.awaited(port=1, sandbox_port=2)

    def test_is_nothing_when_all_answer(self, monkeypatch):
        assert self.answers(monkeypatch, sandbox=(200, b""), web=(200, b"{}")) == ""

    def test_is_the_sandbox_first(self, monkeypatch):
        assert self.answers(monkeypatch, sandbox=(0, b""), web=(200, b"")) == "the sandbox"

    def test_is_the_web_process_while_it_does_not_answer(self, monkeypatch):
        assert self.answers(monkeypatch, sandbox=(200, b""), web=(0, b"")) == "the web process"

    def test_is_what_readyz_finds_wrong(self, monkeypatch):
        body = b'{"checks": [{"name": "worker", "ok": false, "text": "None yet."}, {"ok": true}]}'

        words = self.answers(monkeypatch, sandbox=(200, b""), web=(503, body))

        assert words == "worker: None yet."


class TestMain:
    """`make run` itself, as far as it goes without starting anything."""

    def run(self, tmp_path: Path, **values: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "integrationhub.supervisor"],
            cwd=ROOT,
            env={**os.environ, "HUB_DATA_DIR": str(tmp_path / "a folder"), **values},
            capture_output=True,
            text=True,
        )

    def test_stops_with_a_line_when_a_port_is_in_use(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            done = self.run(tmp_path, HUB_SANDBOX_PORT=str(port))

        assert done.returncode == 1
        assert f"Port {port} (the sandbox) is in use." in done.stdout
        assert "HUB_SANDBOX_PORT=" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr

    def test_refuses_one_port_for_both(self, tmp_path):
        done = self.run(tmp_path, HUB_PORT="8123", HUB_SANDBOX_PORT="8123")

        assert (done.returncode, "are the same" in done.stdout) == (1, True)

    def test_does_not_start_the_sandbox_in_production(self, tmp_path):
        done = self.run(tmp_path, HUB_SANDBOX="0")

        assert done.returncode == 1
        assert "HUB_BASE_URL is not set" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
