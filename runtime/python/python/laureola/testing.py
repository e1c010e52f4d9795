"""A server for tests that need a real one, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from laureola import _applications
from laureola._host import Host, leave
from laureola._laureola import run

__all__ = ["LaureolaProcess"]


class LaureolaProcess(multiprocessing.Process):
    """Serves an application in a child process, on a free port of ``host``.

    Takes the place of ``daphne.testing.DaphneProcess``::

        class LiveTests(ChannelsLiveServerTestCase):
            ProtocolServerProcess = LaureolaProcess

    ``get_application`` is called in the child. ``kwargs`` are options of the command by their names, with ``_`` for
    ``-`` (``{"http_timeout": 5}``). ``setup`` and ``teardown`` are called in the child, around it all. ``ready`` is set
    once ``port.value`` is the port; ``errors`` then holds what kept it from serving, if anything did.
    """

    def __init__(
        self,
        host: str,
        get_application: Callable[[], Any],
        kwargs: dict[str, Any] | None = None,
        setup: Callable[[], None] | None = None,
        teardown: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self.host = host
        self.get_application = get_application
        self.kwargs = kwargs or {}
        self.setup = setup
        self.teardown = teardown
        self.port = multiprocessing.Value("i")
        self.ready = multiprocessing.Event()
        self.errors: multiprocessing.Queue[tuple[BaseException, str]] = multiprocessing.Queue()

    def run(self) -> None:
        """The child's work."""
        status = 1
        try:
            if self.setup is not None:
                self.setup()
            try:
                status = self._serve()
            finally:
                if self.teardown is not None:
                    self.teardown()
        except BaseException as error:
            self.failed(error)
        leave(status)
        sys.exit(status)

    def failed(self, error: BaseException) -> None:
        """It cannot serve: whoever waits for it is told."""
        self.errors.put((error, traceback.format_exc()))
        self.ready.set()

    def _serve(self) -> int:
        family, kind, _, _, address = socket.getaddrinfo(self.host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
            self.port.value = listener.getsockname()[1]
            argv = ["laureola", "--fd", str(listener.fileno()), "--access-log", os.devnull]
            for name, value in self.kwargs.items():
                argv += [f"--{name.replace('_', '-')}", str(value)]
            return run([*argv, "laureola.testing:application"], _OfProcess(self))


class _OfProcess(Host):
    """A host whose application is made, not imported."""

    def __init__(self, process: LaureolaProcess) -> None:
        super().__init__()
        self.process = process

    def load(self, target: str) -> Callable[..., Any] | None:
        try:
            return _applications.single_callable(self.process.get_application())
        except Exception as error:
            self.process.failed(error)
            return None

    def run(self, loop: Any) -> None:
        # The kernel takes connections already, and keeps them until the server does.
        self.process.ready.set()
        super().run(loop)
