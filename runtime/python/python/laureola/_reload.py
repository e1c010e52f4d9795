"""``--reload``: the command again and again, whenever a Python file below the current directory changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

# Set for the command that is started again: it serves.
MARK = "LAUREOLA_RELOADED"

# How often the files are looked at.
LOOK = 0.3
# How long the old one has to close its connections.
CLOSING = 2.0

# No sources of the project's are in there.
SKIPPED = {"__pycache__", "node_modules", "site-packages"}


def wanted() -> bool:
    """Whether this process is the one that watches."""
    return MARK not in os.environ


def watch(arguments: Sequence[str]) -> int:
    """Runs ``laureola`` with ``arguments`` until a signal ends it, and returns its exit status."""
    watching = _Watching([sys.executable, "-m", "laureola", *arguments])
    before = {number: signal.signal(number, watching.stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return watching.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Watching:
    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = False

    def stop(self, number: int, frame: Any) -> None:
        """A terminal's Ctrl-C goes to the old one's group, which is not this one."""
        self.stopping = True
        self._signal(number)

    def run(self) -> int:
        while True:
            files = dict(_sources("."))
            self.process = subprocess.Popen(
                self.command, env={**os.environ, MARK: "1"}, start_new_session=True
            )
            changed = self._until_change(files)
            if changed is None:
                return self._status()
            print(f"laureola: {changed} changed, starting again", file=sys.stderr, flush=True)
            self._end()

    def _until_change(self, files: dict[str, float]) -> str | None:
        """The file that changed; ``None`` when it is over."""
        assert self.process is not None
        while True:
            time.sleep(LOOK)
            status = self.process.poll()
            if status is not None and (self.stopping or status == 0):
                return None
            if self.stopping:
                self.process.wait()
                return None
            # One that failed is started again once somebody has mended it.
            now = dict(_sources("."))
            for name in now.keys() | files.keys():
                if now.get(name) != files.get(name):
                    return name

    def _end(self) -> None:
        assert self.process is not None
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            self._signal(number)
            try:
                self.process.wait(CLOSING)
                return
            except subprocess.TimeoutExpired:
                pass

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def _status(self) -> int:
        assert self.process is not None
        status = self.process.returncode
        return 128 - status if status < 0 else status


def _sources(place: str) -> Iterator[tuple[str, float]]:
    for directory, names, files in os.walk(place):
        names[:] = [name for name in names if not name.startswith(".") and name not in SKIPPED]
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(directory, file)
                try:
                    yield os.path.relpath(path), os.stat(path).st_mtime
                except OSError:
                    # Gone since it was listed.
                    pass
