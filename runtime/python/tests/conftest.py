"""Real servers for the tests: the installed command, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

APPS = Path(__file__).parent / "apps"
# Nothing here waits longer; what takes so long hangs.
DEADLINE = 60.0


def _hears_ctrl_c() -> None:
    # As at a terminal. Where the tests run in the background of a shell, SIGINT is ignored, also by what they start.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Server:
    """A running command, with all it has written."""

    module = "laureola"

    def __init__(self, *args: str, python: str = sys.executable, cwd: Path = APPS, **env: str) -> None:
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            self.command(python, *args),
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
            # So that its children, too, can be ended.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_hears_ctrl_c,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def command(self, python: str, *args: str) -> list[str]:
        """What is run."""
        return [python, "-m", self.module, *args]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        with self.changed:
            return "\n".join(self.lines)

    def wait_for(self, pattern: str, times: int = 1) -> re.Match[str]:
        """Waits until it has written what matches."""
        end = time.monotonic() + DEADLINE
        with self.changed:
            while True:
                found = list(re.finditer(pattern, "\n".join(self.lines)))
                if len(found) >= times:
                    return found[-1]
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise AssertionError(f"no {pattern!r} in\n" + "\n".join(self.lines))
                self.changed.wait(min(left, 0.2))

    def ready(self) -> Server:
        """Waits until it serves."""
        found = self.wait_for(r"listens on https?://127\.0\.0\.1:(\d+)/")
        self.place(int(found[1]))
        return self

    def place(self, port: int) -> None:
        """Where its clients find it."""
        self.port = port
        self.http = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}"

    def ends(self, number: int | None = signal.SIGTERM, within: float = DEADLINE) -> int:
        """Signals it, waits for its end and returns its status."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(within)
        self.reader.join(DEADLINE)
        return status

    def client(self) -> httpx.Client:
        """A client with connections of its own."""
        # Without `verify` it would read the certificates of the world, each time.
        return httpx.Client(base_url=self.http, verify=False, timeout=DEADLINE)

    def get(self, path: str, **options: object) -> httpx.Response:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.get(path, **options)

    def kill(self) -> None:
        """Ends it, and every process it has started, without a word."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def memory(self) -> int:
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1])


Serve = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Serve]:
    """Starts commands, and sees to their end."""
    servers: list[Server] = []

    def start(*args: str, **options: str) -> Server:
        servers.append(Server(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def serve(start: Serve) -> Serve:
    """Serves an application on a free port, and waits until it does."""

    def serve(application: str, *args: str, **options: str) -> Server:
        return start("-p", "0", application, *args, **options).ready()

    return serve
